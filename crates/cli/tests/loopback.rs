//! Whole runs over real sockets on this machine: small, bounded by counts, and judged by what adds
//! up rather than by how fast it was.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::running::embedded::Embedded;
use crate::running::nobody::Nobody;
use serde_json::Value;
use snapbox::cmd::cargo_bin;

fn wsbench(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(cargo_bin!("wsbench"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The result of a run that prints its document, with the exit code.
fn measured(arguments: &[&str]) -> (Value, i32) {
    let directory = tempfile::tempdir().unwrap();
    let words = [&["--format", "json"], arguments].concat();
    let output = wsbench(directory.path(), &words);
    let errors = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout);
    let document: Value = document.unwrap_or_else(|error| panic!("{error}: {errors}"));
    let messages = &document["messages"];
    let count = |name: &str| messages[name].as_u64().unwrap();
    assert_eq!(
        count("sent"),
        count("answered") + count("timed_out") + count("failed") + count("in_flight_at_end"),
        "{messages}"
    );
    (document, output.status.code().unwrap())
}

#[test]
fn without_a_url_the_embedded_server_is_measured() {
    let (document, exit) = measured(&["-n", "500", "-c", "4", "--seed", "7"]);
    assert_eq!(exit, 0, "{:#}", document["audit"]);
    assert_eq!(document["embedded_server"], true);
    assert_eq!(document["messages"]["answered"], 500);
    assert_eq!(document["connections"]["upgraded"], 4);
    assert_eq!(document["service_ns"]["count"], 500);
    assert_eq!(document["seed"], 7);
}

#[test]
fn the_replacement_model_is_exact() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log.csv");
    let (document, exit) = measured(&[
        "--clients",
        "30",
        "-r",
        "3",
        "-c",
        "4",
        "-t",
        "1",
        "-l",
        log.to_str().unwrap(),
        &server.url,
    ]);
    assert_eq!(exit, 0, "{:#}", document["audit"]);
    let connections = &document["connections"];
    assert_eq!(connections["clients_completed"], 30);
    assert_eq!(connections["closed_cleanly"], 30);
    // How many of them were open at a time is for the server to say.
    assert_eq!(connections["most_running"], 4);
    assert_eq!(connections["least_running"], 4);
    assert_eq!(document["messages"]["answered"], 90);
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log.lines().count(), 30);
    for line in log.lines() {
        let times: Vec<f64> = line.split(',').map(|time| time.parse().unwrap()).collect();
        assert_eq!(times.len(), 3, "{line}");
        assert!(
            times.iter().all(|time| (0.0..60.0).contains(time)),
            "{line}"
        );
    }
}

#[test]
fn the_older_command_line_runs_as_it_stands() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let words = [
        "--h",
        server.authority(),
        "--n=20",
        "--c",
        "4",
        "--r=2",
        "--s",
        "10",
    ];
    for lines in [20, 40] {
        let output = wsbench(directory.path(), &words);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{printed}");
        for part in ["Min: ", "Mean: ", "Max: "] {
            assert!(printed.contains(part), "{printed}");
        }
        let log = fs::read_to_string(directory.path().join("log.txt")).unwrap();
        assert_eq!(log.lines().count(), lines, "the log is appended to");
        assert!(
            log.lines().all(|line| line.split(',').count() == 2),
            "{log}"
        );
    }
}

#[test]
fn a_stored_result_prints_the_same_as_a_fresh_one() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let words = [
        "-v", "-n", "200", "-c", "2", "-o", "run.json", "--hgrm", "run.hgrm", "--log", "raw",
    ];
    let fresh = wsbench(directory.path(), &[&words[..], &[&server.url]].concat());
    let errors = String::from_utf8_lossy(&fresh.stderr);
    assert_eq!(fresh.status.code(), Some(0), "{errors}");
    assert!(
        errors.starts_with("plan: 2 connections × 1 in flight"),
        "{errors}"
    );
    let stored = wsbench(directory.path(), &["report", "run.json"]);
    assert_eq!(
        String::from_utf8_lossy(&stored.stdout),
        String::from_utf8_lossy(&fresh.stdout)
    );
    let table = fs::read_to_string(directory.path().join("run.hgrm")).unwrap();
    assert!(table.contains("Total count    =          200"), "{table}");
    let raw = fs::read_to_string(directory.path().join("raw")).unwrap();
    assert!(
        raw.starts_with("connection,sequence,due_ns,sent_ns,received_ns\n"),
        "{raw}"
    );
    assert_eq!(raw.lines().count(), 201);
    for format in ["json", "csv", "markdown"] {
        let both = wsbench(
            directory.path(),
            &["report", "run.json", "run.json", "--format", format],
        );
        assert!(both.status.success() && !both.stdout.is_empty(), "{format}");
    }
}

#[test]
fn the_course_of_a_run_is_kept_for_hdrhistograms_tools() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let words = [
        "-d", "1s", "-c", "2", "--warmup", "0", "-o", "run.json", "--hlog", "run.hlog",
    ];
    let run = wsbench(directory.path(), &[&words[..], &[&server.url]].concat());
    let errors = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{errors}");
    let log = fs::read_to_string(directory.path().join("run.hlog")).unwrap();
    assert!(log.starts_with("#[Histogram log format version 1.3]\n"));
    let lines = |tag: &str| log.lines().filter(|line| line.starts_with(tag)).count();
    assert!(lines("Tag=response,") >= 1, "{log}");
    assert_eq!(lines("Tag=response,"), lines("Tag=service,"));
    let again = wsbench(
        directory.path(),
        &["report", "run.json", "--hlog", "again.hlog"],
    );
    assert!(again.status.success());
    let stored = fs::read_to_string(directory.path().join("again.hlog")).unwrap();
    assert_eq!(stored, log, "a stored result gives the same log");
}

#[test]
fn connections_are_kept_alive_by_pings() {
    let server = Embedded::start(&[]);
    let words = [
        "-c",
        "200",
        "--connect-rate",
        "1k",
        "-R",
        "50",
        "-d",
        "2s",
        "--warmup",
        "0",
        "--keep-alive",
        "200ms",
    ];
    let (document, exit) = measured(&[&words[..], &[&server.url]].concat());
    assert_eq!(exit, 0, "{document}");
    let sent = document["pings"]["sent"].as_u64().unwrap();
    // Ten on each in two seconds, were the machine idle.
    assert!(sent >= 200, "{sent}");
    let answered = document["pings"]["round_trip_ns"]["count"]
        .as_u64()
        .unwrap();
    assert!(
        answered <= sent && sent - answered <= 200,
        "{answered} of {sent}"
    );
    assert_eq!(document["plan"]["keep_alive_s"], 0.2);
    assert_eq!(document["errors"], serde_json::json!([]));
    assert_eq!(document["connections"]["alive_at_end"], 200);
}

#[test]
fn a_warm_up_is_found_from_the_data() {
    let server = Embedded::start(&[]);
    let words = ["-d", "1s", "-c", "4", "-t", "2", "--warmup", "auto"];
    let (document, exit) = measured(&[&words[..], &[&server.url]].concat());
    assert_eq!(exit, 0, "{:#}", document["audit"]);
    let plan = &document["plan"];
    let found = plan["warmup_found_s"].as_f64().unwrap();
    assert!((0.6..=2.0).contains(&found), "{found}");
    assert_eq!(plan["warmup_s"], plan["warmup_found_s"]);
    assert_eq!(plan["warmup_at_most_s"], 2.0);
    assert!((document["duration_s"].as_f64().unwrap() - 1.0).abs() < 0.2);
    let (document, _) = measured(&["-d", "100ms", "-c", "1", "--warmup", "50ms", &server.url]);
    assert!(document["plan"]["warmup_found_s"].is_null());
}

#[test]
fn a_refused_connection_fails_the_run() {
    let nobody = Nobody::anywhere();
    let url = nobody.url("ws");
    let (document, exit) = measured(&["-d", "200ms", "-c", "2", "--warmup", "0", &url]);
    assert_eq!(exit, 1);
    assert_eq!(document["ended"], "nothing_connected");
    assert_eq!(document["service_ns"]["count"], 0);
    assert!(
        document["service_ns"]["p50"].is_null(),
        "no samples is not zero"
    );
    assert_eq!(document["errors"][0]["kind"], "refused");
}

#[test]
fn wrong_answers_are_found_and_fail_the_run() {
    let server = Embedded::start(&["--misbehave", "wrong-bytes:every=10"]);
    let (document, exit) = measured(&["-n", "100", "-c", "1", &server.url]);
    assert_eq!(exit, 1);
    assert_eq!(document["messages"]["corrupted"], 10);
    let (document, exit) = measured(&["-n", "100", "-c", "1", "--strict", &server.url]);
    assert_eq!(exit, 3);
    assert_eq!(document["audit"]["verdict"], "invalid");
}

#[test]
fn an_interrupted_run_reports_what_it_measured() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("raw.csv");
    let mut run = Command::new(cargo_bin!("wsbench"))
        .args([
            "-d", "10m", "--warmup", "0", "-c", "2", "--format", "json", "-l",
        ])
        .args([log.to_str().unwrap(), &server.url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Once the log has a round trip the run is well under way.
    while fs::read_to_string(&log).map_or(0, |raw| raw.lines().count()) < 2 {
        assert!(run.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = run.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = run.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["ended"], "interrupted");
    assert!(document["messages"]["answered"].as_u64().unwrap() > 0);
    assert_eq!(output.status.code(), Some(0), "{:#}", document["audit"]);
}

#[test]
fn quiet_is_quiet() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let words = ["--format", "quiet", "-n", "50", "-c", "1", &server.url];
    let output = wsbench(directory.path(), &words);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&b""[..], &b""[..])
    );
}

/// What could not be written of a run that failed does not hide that it failed.
#[test]
fn a_failed_run_says_so_beside_what_was_not_written() {
    let nobody = Nobody::anywhere();
    let directory = tempfile::tempdir().unwrap();
    let url = nobody.url("ws");
    let words = ["--format", "quiet", "--hgrm", "table", "-d", "100ms", &url];
    let output = wsbench(directory.path(), &words);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for words in ["the run failed: nothing connected", "--hgrm: not written"] {
        assert!(errors.contains(words), "{errors}");
    }
}

#[test]
fn a_second_interrupt_ends_the_run_at_once() {
    for signal in ["-INT", "-TERM"] {
        ends_at_once(signal);
    }
}

/// Holds that a run ends at once when it is sent a signal twice.
fn ends_at_once(signal: &str) {
    // No message is ever answered, so that the drain lasts as long as the time-out.
    let server = Embedded::start(&["--misbehave", "drop:every=1"]);
    let mut run = Command::new(cargo_bin!("wsbench"))
        .args([
            "-d",
            "10m",
            "-c",
            "1",
            "--timeout",
            "10m",
            "--no-tui",
            &server.url,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // While it connects there is nothing to drain; the progress lines say when it no longer does.
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines();
    let under_load = said.find(|line| {
        let line = line.as_ref().unwrap();
        !line.starts_with("plan: ") && !line.contains("connecting")
    });
    assert!(under_load.is_some(), "it ended before it was interrupted");
    let pid = run.id().to_string();
    // Two signals in quick succession may count as one: ask until it ends.
    let status = loop {
        if let Some(status) = run.try_wait().unwrap() {
            break status;
        }
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(status.code(), Some(130), "{signal}: {rest:?}");
}

/// The same stalled server, asked by a schedule and by answers: only one of them sees it.
#[test]
fn a_stall_is_seen_by_who_does_not_wait_for_it() {
    let server = Embedded::start(&["--stall", "200ms/1s"]);
    // The server's first stall is after its first second: a window that began at once would lack a
    // third of what any other three seconds have.
    let common = ["-c", "10", "-d", "3s", "--warmup", "1s", &server.url];
    let (open, _) = measured(&[&["-R", "500"][..], &common].concat());
    assert_eq!(open["messages"]["unsent"], 0);
    assert_eq!(open["plan"]["arrival"]["model"], "open");
    let due = open["messages"]["due"].as_u64().unwrap();
    assert!((1_300..1_700).contains(&due), "3 s at 500/s: {due}");
    // A fifth of the time it stands still, and who is due then waits for half of a stall on average: 20 ms
    // over all. Of three stalls no percentile above the median need be known.
    let mean_ms = |document: &Value| document["response_ns"]["mean"].as_f64().unwrap() / 1e6;
    assert!(mean_ms(&open) > 14.0, "{}", open["response_ns"]);
    let (closed, _) = measured(&common);
    assert!(
        mean_ms(&closed) < mean_ms(&open) / 4.0,
        "{}",
        closed["response_ns"]
    );
}

/// The last result is kept where the environment says, and reported without a file having been
/// named; where nothing is to be kept there is none.
#[test]
fn the_last_run_is_reported_without_a_file() {
    let server = Embedded::start(&[]);
    let state = tempfile::tempdir().unwrap();
    let wsbench = |words: &[&str], state: &Path| {
        let mut command = Command::new(cargo_bin!("wsbench"));
        let output = command
            .args(words)
            .env("WSBENCH_STATE_DIR", state)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said, errors)
    };
    let run = ["-n", "200", "-c", "2", &server.url];
    let (code, _, errors) = wsbench(&["report"], state.path());
    assert_eq!(code, Some(2));
    assert!(errors.contains("no run has been kept yet"), "{errors}");
    let (code, _, errors) = wsbench(&[&run[..], &["--no-state"]].concat(), state.path());
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    let (_, printed, _) = wsbench(&run, state.path());
    let (code, brief, _) = wsbench(&["report", "--brief"], state.path());
    assert_eq!((code, &brief), (Some(0), &printed));
    let (_, whole, _) = wsbench(&["report"], state.path());
    let figures = printed.lines().nth(2).unwrap();
    assert!(
        whole.contains(figures) && whole.contains("\nrepeat "),
        "{whole}"
    );
    let (_, same, _) = wsbench(&["report", "-v"], state.path());
    assert_eq!(same, whole, "-v of a run has a report as well");
    // So is the result of an experiment.
    let rates = [
        "--rate", "200..400", "--points", "2", "--rounds", "1", "-d", "500ms",
    ];
    let sweep = [&["sweep", &server.url], &rates[..]].concat();
    let (code, swept, errors) = wsbench(&sweep, state.path());
    assert_eq!(code, Some(0), "{errors}");
    let (_, reported, _) = wsbench(&["report"], state.path());
    assert_eq!(reported, swept);
    // A place that cannot be written is no fault of the run.
    let (code, ..) = wsbench(&run, Path::new("/dev/null/x"));
    assert_eq!(code, Some(0));
    let (code, ..) = wsbench(&["report"], Path::new(""));
    assert_eq!(code, Some(2), "none is kept");
}
