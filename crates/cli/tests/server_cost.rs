//! What the server costs and who ends it: servers that are started (`--exec`), named
//! (`--server-pid`) and embedded, over real processes.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![cfg(target_os = "linux")]

mod running;

use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use running::embedded::Embedded;
use running::{Process, Run, measured, running_with, start_measuring, wsbench};
use serde_json::Value;
use snapbox::cmd::cargo_bin;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A command line for `--exec` that serves on `port`, and the server's address.
fn serving(port: u16) -> (String, String) {
    let program = cargo_bin!("wsbench").display().to_string();
    (
        format!("{program} serve --port {port}"),
        format!("127.0.0.1:{port}"),
    )
}

/// Awaits that no process with this text is left.
fn assert_gone(text: &str) {
    let begun = Instant::now();
    while !running_with(text).is_empty() {
        let found = running_with(text);
        assert!(begun.elapsed() < Duration::from_secs(20), "left: {found:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn figure(run: &Run, name: &str) -> f64 {
    let server = &run.document["server"];
    server[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name}: {server:#}"))
}

#[test]
fn a_server_that_is_started_is_measured_and_ended() {
    let (exec, address) = serving(free_port());
    let run = measured(&["--exec", &exec, "-d", "2s", "-c", "4", &address]);
    assert_eq!(run.exit, 0, "{}", run.story());
    // The embedded server answers for microseconds; far wider bounds hold on any machine.
    let us = figure(&run, "cpu_us_per_message");
    assert!((0.1..1_000.0).contains(&us), "{us}");
    let parts = figure(&run, "cpu_user_us_per_message") + figure(&run, "cpu_system_us_per_message");
    assert!((parts - us).abs() < us * 0.01, "{parts} {us}");
    let share = figure(&run, "cpu_share");
    let per_s = run.document["messages_per_s"].as_f64().unwrap();
    let expected = us * per_s / 1e6;
    assert!(
        (share - expected).abs() < 0.1 * expected + 0.02,
        "{share} {expected}"
    );
    assert!((0.0..1.05).contains(&figure(&run, "busiest_thread_share")));
    assert!(figure(&run, "voluntary_switches_per_message") > 0.0);
    assert!(figure(&run, "threads") >= 1.0 && figure(&run, "processes") >= 1.0);
    for memory in [
        "rss_bytes",
        "rss_peak_bytes",
        "pss_bytes",
        "pss_at_opening_bytes",
    ] {
        assert!(figure(&run, memory) > 300_000.0, "{memory}");
    }
    assert_eq!(run.document["server"]["counted"], "started");
    assert_gone(&exec);
}

/// Two forks of a process with 100 MiB of its own share them; it starts a server, too, which burns
/// CPU. METHOD V12 and V13 of a tree of processes.
const FORKS: &str = "
import os, subprocess, sys, time
shared = bytearray(b'x') * (100 << 20)
for _ in range(2):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
subprocess.run(sys.argv[1:])
";

#[test]
fn what_processes_share_is_counted_once_and_what_each_works_is_added() {
    const MIB: f64 = 1024.0 * 1024.0;
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("forks.py");
    std::fs::write(&script, FORKS).unwrap();
    let (serve, address) = serving(free_port());
    // Some Pythons want a directory that is there, which that of the run need not be.
    let exec = format!("cd / && python3 {} {serve} --burn 1ms", script.display());
    let run = measured(&[
        "--exec", &exec, "-d", "2s", "-R", "100", "-c", "4", &address,
    ]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert!(figure(&run, "processes") >= 4.0);
    let (pss, rss) = (figure(&run, "pss_bytes"), figure(&run, "rss_bytes"));
    assert!((100.0 * MIB..160.0 * MIB).contains(&pss), "{}", pss / MIB);
    assert!(rss > 290.0 * MIB, "each has it resident: {}", rss / MIB);
    // Burnt by a grandchild of what was started.
    let us = figure(&run, "cpu_us_per_message");
    assert!((1_000.0..3_000.0).contains(&us), "{us}");
    assert_gone(&script.display().to_string());
}

#[test]
fn a_server_ends_with_its_run_whatever_ends_the_run() {
    for signal in ["-INT", "-KILL"] {
        let (exec, address) = serving(free_port());
        let run = start_measuring(&["--exec", &exec, "-d", "30s", "-c", "2", &address]);
        let begun = Instant::now();
        // The supervisor, its shell or what the shell gave way to.
        while running_with(&exec).len() < 3 {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "it never started"
            );
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(300));
        run.signal(signal);
        let ended = run.ended();
        assert!(
            ended.took < Duration::from_secs(25),
            "the run went to its end"
        );
        assert_gone(&exec);
    }
}

#[test]
fn what_leaves_its_group_is_ended_too() {
    let mark = format!("{}", 86_400 + u64::from(std::process::id()));
    let (serve, address) = serving(free_port());
    let exec = format!("setsid sleep {mark} & {serve}");
    let run = measured(&["--exec", &exec, "-n", "100", "-c", "1", &address]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_gone(&format!("sleep {mark}"));
}

#[test]
fn a_server_that_does_not_come_up_is_told_with_what_it_said() {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let words = ["--exec", "echo no licence >&2; exit 3", "-n", "1", &address];
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("ended before it listened"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("no licence"), "{}", ended.stderr);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let words = ["--exec", "sleep 60", "-n", "1", &address];
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("would be measured in place of --exec"),
        "{}",
        ended.stderr
    );
}

/// A server that says hundreds of megabytes fills no disk, is not held up, and its last words are told.
#[test]
fn a_server_that_never_stops_talking_is_kept_short() {
    let (serve, address) = serving(free_port());
    let said = "head -c 300000000 /dev/zero | tr '\\0' x >&2; echo the last words >&2";
    let exec = format!("{said}; exec {serve}");
    let run = start_measuring(&["--exec", &exec, "-d", "2s", "-c", "2", &address]);
    let begun = Instant::now();
    let supervisor = loop {
        let is_supervisor = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0)
                .any(|word| word == b"supervise")
        };
        if let Some(pid) = running_with("the last words")
            .into_iter()
            .find(is_supervisor)
        {
            break pid;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it never started"
        );
        thread::sleep(Duration::from_millis(5));
    };
    let mut most = 0;
    while let Ok(kept) = std::fs::metadata(format!("/proc/{supervisor}/fd/2")) {
        most = most.max(kept.len());
        thread::sleep(Duration::from_millis(10));
    }
    assert!((1..=64 << 10).contains(&most), "{most} bytes were kept");
    let run = Run::of(run.ended());
    assert_eq!(run.exit, 0, "{}", run.story());
    let words = ["--exec", &format!("{said}; exit 3"), "-n", "1", &address];
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("the last words"), "{}", ended.stderr);
    assert!(ended.stderr.len() < 10_000);
}

#[test]
fn a_server_is_pinned_to_its_cores() {
    let (exec, address) = serving(free_port());
    let exec = format!("grep Cpus_allowed_list /proc/self/status >&2; {exec}");
    let cores = ["--server-cpus", "0", "--exec", &exec];
    let run = measured(&[&cores[..], &["-n", "200", "-c", "1", &address]].concat());
    assert_eq!(run.exit, 0, "{}", run.story());
    let cpus = &run.document["plan"]["cpus"];
    assert!(
        !cpus
            .as_array()
            .is_some_and(|cpus| cpus.contains(&Value::from(0))),
        "{cpus}"
    );
}

#[test]
fn a_server_that_is_named_is_measured_and_left_alone() {
    let mut server = Embedded::start(&[]);
    let pid = server.id().to_string();
    let words = [
        "--server-pid",
        &pid,
        "-n",
        "20k",
        "-c",
        "200",
        "--connect-rate",
        "400",
    ];
    let run = measured(&[&words[..], &[&server.url]].concat());
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["server"]["counted"], "named");
    assert_eq!(run.document["server"]["pid"], server.id());
    assert!((0.1..1_000.0).contains(&figure(&run, "cpu_us_per_message")));
    // 200 connections in half a second: enough to see what each takes.
    let each = figure(&run, "bytes_per_connection");
    assert!((0.0..1e6).contains(&each), "{each}");
    assert!(server.is_running(), "it is not ours to end");
}

#[test]
fn a_process_that_ends_meanwhile_makes_the_figures_invalid() {
    let server = Embedded::start(&[]);
    // Another process than the server: only its end is what is to be seen.
    let mut other = Command::new("sleep").arg("1").spawn().unwrap();
    let pid = other.id().to_string();
    let reaper = thread::spawn(move || other.wait().unwrap());
    let run = measured(&["--server-pid", &pid, "-d", "3s", "-c", "2", &server.url]);
    reaper.join().unwrap();
    assert_eq!(run.exit, 1, "{}", run.story());
    assert!(run.has_caveat("server_replaced"), "{}", run.story());
    let cost = &run.document["server"]["cpu_us_per_message"];
    assert!(cost.is_null(), "not measured, and no zero: {cost}");
}

#[test]
fn the_embedded_servers_cost_is_told_unasked() {
    let run = measured(&["-d", "1s", "-c", "2"]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["server"]["counted"], "embedded");
    assert!(figure(&run, "cpu_us_per_message") > 0.0);
}

#[test]
fn flags_that_name_no_server_are_refused() {
    for (words, said) in [
        (
            &["--server-pid", "4294967295", "127.0.0.1:1"][..],
            "there is no such process",
        ),
        (&["--server-pid", "1"][..], "give its URL as well"),
        (&["--exec", "true"][..], "give its URL as well"),
        (
            &["--exec", "true", "--server-pid", "1", "127.0.0.1:1"][..],
            "give one of them",
        ),
        (
            &["--server-cpus", "0", "127.0.0.1:1"][..],
            "taskset -acp 0 PID",
        ),
        (
            &["--server-cpus", "8000", "--exec", "true", "127.0.0.1:1"][..],
            "core 8000 is not there",
        ),
    ] {
        let ended = Process::start(&mut wsbench(words)).ended();
        assert_eq!(ended.status.code(), Some(2), "{words:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{words:?}: {}", ended.stderr);
    }
}

/// Cores that threads of a process may use, as the kernel lists them.
fn allowed(process: u32) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let status = |it: std::fs::DirEntry| std::fs::read_to_string(it.path().join("status")).ok();
    let statuses = threads.filter_map(|it| status(it.ok()?));
    let of_status = |it: String| {
        let line = it
            .lines()
            .find_map(|it| it.strip_prefix("Cpus_allowed_list:"));
        line.map(|list| list.trim().to_owned())
    };
    statuses.filter_map(of_status).collect()
}

#[test]
fn a_server_is_pinned_to_the_cores_that_it_is_given() {
    let server = Embedded::start(&["--pin", "0"]);
    let run = measured(&["-n", "20", "-c", "2", &server.url]);
    assert_eq!(run.exit, 0, "{}", run.story());
    let allowed = allowed(server.id());
    assert!(allowed.iter().any(|it| it == "0"), "{allowed:?}");
}

#[test]
fn threads_are_pinned_in_turn() {
    let server = Embedded::start(&[]);
    let pin = if thread::available_parallelism().unwrap().get() < 2 {
        "0"
    } else {
        "0-1"
    };
    let words = ["-n", "300", "-c", "3", "-t", "3", "--pin", pin, &server.url];
    let run = measured(&words);
    assert_eq!(run.exit, 0, "{}", run.story());
    let threads = run.document["generator"]["threads"].as_array().unwrap();
    let cores: Vec<u64> = threads
        .iter()
        .map(|it| it["cpu"].as_u64().unwrap())
        .collect();
    let expected = if pin == "0" { [0, 0, 0] } else { [0, 1, 0] };
    assert_eq!(cores, expected);
}
