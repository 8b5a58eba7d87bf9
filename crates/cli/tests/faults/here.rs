//! What goes wrong on our own side: signals, places that cannot be written, limits.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use snapbox::cmd::cargo_bin;

use crate::raw::Raw;
use crate::running::embedded::Embedded;
use crate::running::{Process, Run, measured, start_measuring, wsbench};

/// A run under way over the embedded server's connections: its log has round trips.
fn interrupted_by(signal: &str) -> Run {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("raw.csv");
    let words = ["-d", "10m", "--warmup", "0", "-c", "2", "--log"];
    let mut run = start_measuring(&[&words[..], &[log.to_str().unwrap(), &server.url]].concat());
    while std::fs::read_to_string(&log).map_or(0, |raw| raw.lines().count()) < 2 {
        assert!(run.is_running(), "it ended by itself");
        thread::sleep(Duration::from_millis(20));
    }
    run.signal(signal);
    Run::of(run.ended())
}

#[test]
fn a_signal_drains_and_reports() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let run = interrupted_by(signal);
        assert_eq!(run.document["ended"], "interrupted", "{}", run.story());
        assert_eq!(run.exit, 0, "{}", run.story());
        assert!(run.sent("answered") > 0);
        assert_eq!(run.sent("in_flight_at_end"), 0, "the last answers came");
        assert_eq!(run.connections("closed_cleanly"), 2);
        assert!(run.has_caveat("interrupted"));
    }
}

/// While connections open, nothing is in flight that could be waited for.
#[test]
fn a_signal_while_connecting_ends_the_run() {
    let (connected, connects) = mpsc::channel();
    let server = Raw::start(move |mut peer| {
        let _ = connected.send(());
        peer.drain();
    });
    let words = ["-c", "2", "--connect-timeout", "10m", "--no-tui"];
    let mut run = start_measuring(&[&words[..], &[&server.url()]].concat());
    connects.recv().unwrap();
    assert!(run.is_running());
    run.signal("-INT");
    let run = Run::of(run.ended());
    assert_eq!(run.exit, 1, "nothing was connected: {}", run.story());
    assert_eq!(run.connections("upgraded"), 0);
}

#[test]
fn a_full_disk() {
    let server = Embedded::start(&[]);
    let run = |words: &[&str]| {
        let words = [&["-n", "100", "-c", "2", "--no-tui"], words, &[&server.url]].concat();
        let directory = tempfile::tempdir().unwrap();
        Process::start(wsbench(&words).current_dir(directory.path())).ended()
    };
    let ended = run(&["-o", "/dev/full"]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let said = "error: --output /dev/full: not written: No space left on device";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("100 sent, all answered"),
        "it is shown at least"
    );

    let ended = run(&["--log", "/dev/full"]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let said = "error: --log: not written: No space left on device";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

/// An endless run does not go on for hours without the log that was asked for.
#[test]
fn a_log_that_cannot_be_written_stops_the_run() {
    let server = Embedded::start(&[]);
    let words = ["--clients", "10m", "-c", "2", "--no-tui", "-l", "/dev/full"];
    let ended = Process::start(&mut wsbench(&[&words[..], &[&server.url]].concat())).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let said = "its log cannot be written: No space left on device";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("interrupted"),
        "what was measured is shown"
    );
}

#[test]
fn standard_output_is_a_full_disk() {
    let server = Embedded::start(&[]);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let ended = Command::new(cargo_bin!("wsbench"))
        .args(["-n", "100", "-c", "2", "--no-tui", &server.url])
        .stdin(Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    let errors = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{errors}");
    assert!(errors.contains("No space left on device"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}

/// `| head -1`: a reader that has seen enough is no error, and the verdict stays the exit code.
#[test]
fn a_reader_that_has_seen_enough() {
    let server = Embedded::start(&[]);
    let faulty = Embedded::with("wrong-bytes:every=10");
    for (url, exit) in [(&server.url, 0), (&faulty.url, 1)] {
        let mut run = wsbench(&["-n", "200", "-c", "2", "--no-tui", url])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(run.stdout.take());
        let mut errors = String::new();
        let mut stderr = run.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(exit), "{errors}");
        assert!(!errors.contains("panicked"), "{errors}");
        assert!(!errors.contains("Broken pipe"), "{errors}");
    }
}

#[test]
fn too_few_descriptors() {
    let server = Embedded::start(&[]);
    let script = "ulimit -n 50 && exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .arg(cargo_bin!("wsbench"))
        .args(["-n", "100", "-c", "64", &server.url]);
    let ended = Process::start(&mut command).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    for part in [
        "64 connections need",
        "may open 50",
        "ulimit -n",
        "fewer connections (-c)",
    ] {
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
    assert_eq!(ended.stdout, "", "there is no result");
}

/// The machine sleeps, or something else takes the core: what stood still is seen as a gap, and
/// the books still add up.
#[test]
fn the_generator_stands_still_for_a_while() {
    let server = Embedded::start(&[]);
    let run = crate::end::under_way(&server, &["-d", "4s"]);
    run.signal("-STOP");
    thread::sleep(Duration::from_millis(800));
    run.signal("-CONT");
    let run = Run::of(run.ended());
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["ended"], "complete");
    let longest = run.document["gaps"][0]["length_s"].as_f64().unwrap();
    assert!(longest > 0.7, "{:#}", run.document["gaps"]);
}

/// A run that is killed leaves no half of a result.
#[test]
fn killed() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let words = [
        "-d",
        "10m",
        "--warmup",
        "0",
        "-c",
        "2",
        "-o",
        "run.json",
        &server.url,
    ];
    let run = Process::start(wsbench(&words).current_dir(directory.path()));
    thread::sleep(Duration::from_secs(1));
    run.signal("-KILL");
    assert_eq!(run.ended().status.code(), None);
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is better than a half");
}

#[test]
fn without_faults_nothing_is_found() {
    let server = Embedded::start(&[]);
    let run = measured(&["-n", "1000", "-c", "4", "-p", "4", &server.url]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["errors"], serde_json::json!([]));
}
