//! wsbench against servers that other people wrote, and against its own: the same workloads on
//! each, held against what the server itself counted.
//!
//! The servers are in `servers/`; `scripts/servers` installs them, which is why these tests are
//! ignored unless asked for (`scripts/test` does).
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod daemon;
#[cfg(feature = "http2")]
mod http2;
mod protocols;
mod recorded;
#[path = "../running/mod.rs"]
mod running;
mod scenarios;
mod secured;
mod server;
mod workloads;

use std::fs;
use std::thread;
use std::time::Duration;

use running::{Process, Run, measured, start_measuring, wsbench};
use server::{Kind, Server};

/// The same tests for a server.
macro_rules! tests {
    ($name:ident, $kind:expr $(, $ignored:literal)?) => {
        mod $name {
            use super::*;

            #[test]
            $(#[ignore = $ignored])?
            fn every_message_is_answered() {
                super::every_message_is_answered($kind);
            }

            #[test]
            $(#[ignore = $ignored])?
            fn the_older_command_line_keeps_its_clients() {
                super::the_older_command_line_keeps_its_clients($kind);
            }

            #[test]
            $(#[ignore = $ignored])?
            fn payloads_of_all_kinds_come_back() {
                super::payloads_of_all_kinds_come_back($kind);
            }

            #[test]
            $(#[ignore = $ignored])?
            fn a_killed_server_ends_the_run() {
                super::a_killed_server_ends_the_run($kind);
            }
        }
    };
}

tests!(embedded, Kind::Embedded);
tests!(websockets, Kind::Websockets, "needs scripts/servers");
tests!(ws, Kind::Ws, "needs scripts/servers");
tests!(
    tokio_tungstenite,
    Kind::TokioTungstenite,
    "needs scripts/servers"
);

/// Nothing failed: no error of any kind, no answer wrong, and the exit code says so.
fn assert_flawless(run: &Run) {
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["errors"], serde_json::json!([]));
    for name in [
        "timed_out",
        "failed",
        "in_flight_at_end",
        "lost",
        "duplicated",
        "reordered",
        "corrupted",
        "unasked",
    ] {
        assert_eq!(run.sent(name), 0, "{name}: {}", run.story());
    }
    assert_eq!(run.connections("failed"), 0, "{}", run.story());
    assert_ne!(run.document["audit"]["verdict"], "invalid");
}

fn every_message_is_answered(kind: Kind) {
    let server = Server::start(kind);
    let run = measured(&["-n", "5000", "-c", "16", &server.url()]);
    assert_flawless(&run);
    assert_eq!(run.document["ended"], "complete");
    assert_eq!(run.sent("sent"), 5_000);
    assert_eq!(run.sent("answered"), 5_000);
    assert_eq!(run.connections("upgraded"), 16);
    assert_eq!(run.connections("closed_cleanly"), 16);
    let seen = server.stats();
    assert_eq!((seen.messages, seen.connections), (5_000, 16));
    assert_eq!(seen.peak, 16);
}

fn the_older_command_line_keeps_its_clients(kind: Kind) {
    let server = Server::start(kind);
    let directory = tempfile::tempdir().unwrap();
    let authority = format!("localhost:{}", server.port());
    let words = format!(
        "--h {authority} --n 1000 --c 64 --r 5 --s 30 --l log.txt --threads 1 --output run.json"
    );
    let words: Vec<&str> = words.split(' ').collect();
    let mut command = wsbench(&words);
    let ended = Process::start(command.current_dir(directory.path())).ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stdout);
    let figure = |name: &str| -> f64 {
        let line = ended
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix(name));
        let figure = line.and_then(|line| line.strip_suffix("ms"));
        figure.expect(name).parse().unwrap()
    };
    let [min, mean, max] = ["Min: ", "Mean: ", "Max: "].map(figure);
    assert!(0.0 < min && min <= mean && mean <= max, "{}", ended.stdout);

    let log = fs::read_to_string(directory.path().join("log.txt")).unwrap();
    let times: Vec<Vec<f64>> = log
        .lines()
        .map(|line| line.split(',').map(|time| time.parse().unwrap()).collect())
        .collect();
    assert_eq!(times.len(), 1_000, "a line a client");
    assert!(times.iter().all(|client| client.len() == 5), "{log}");
    let all: Vec<f64> = times.concat();
    let longest = all.iter().copied().fold(0.0, f64::max);
    let shortest = all.iter().copied().fold(f64::INFINITY, f64::min);
    // Two decimals of a millisecond are printed.
    assert!((longest * 1e3 - max).abs() < 0.006, "{longest} s, {max} ms");
    assert!(
        (shortest * 1e3 - min).abs() < 0.006,
        "{shortest} s, {min} ms"
    );

    // 64 ran, from their connect calls to their ends, for as long as clients remained. How many of
    // them were open at a time is the server's affair: one that opens more slowly than clients
    // finish never has all of them.
    let run = fs::read_to_string(directory.path().join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    let connections = &run["connections"];
    assert_eq!(connections["most_running"], 64, "{connections}");
    assert_eq!(connections["least_running"], 64, "{connections}");
    let seen = server.stats();
    assert_eq!((seen.connections, seen.messages), (1_000, 5_000));
    assert!(seen.peak <= 64, "never more than 64 at a time: {seen:?}");
}

fn payloads_of_all_kinds_come_back(kind: Kind) {
    let server = Server::start(kind);
    let url = server.url();
    let mut sent = 0;
    let mut echoes = |messages: u64, words: &[&str]| {
        let messages = messages.to_string();
        let words = [&["-n", &messages, "-c", "2", &url], words].concat();
        let run = measured(&words);
        assert_flawless(&run);
        assert_eq!(run.sent("answered").to_string(), messages, "{words:?}");
        sent += run.sent("answered");
    };
    for size in ["0", "1", "125", "126", "65535", "65536", "300k"] {
        for encoding in ["--text", "--binary"] {
            echoes(40, &["-s", size, encoding]);
        }
    }
    echoes(40, &["-m", "zażółć gęślą jaźń · 你好 · 🦀"]);
    echoes(400, &["-p", "16", "-s", "30..4k"]);
    echoes(400, &["-p", "16", "-s", "0", "--binary"]);
    assert_eq!(server.stats().messages, sent);
}

fn a_killed_server_ends_the_run(kind: Kind) {
    let mut server = Server::start(kind);
    let url = server.url();
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("raw.csv");
    let words = ["-d", "10m", "--warmup", "0", "-c", "8", "--log"];
    let words = [&words, [log.to_str().unwrap(), &url].as_slice()].concat();
    let mut run = start_measuring(&words);
    // Once the log has round trips the run is well under way.
    while fs::read_to_string(&log).map_or(0, |raw| raw.lines().count()) < 2 {
        assert!(run.is_running(), "it ended by itself");
        thread::sleep(Duration::from_millis(20));
    }
    server.kill();
    let run = Run::of(run.ended());
    assert_eq!(run.exit, 1, "{}", run.story());
    assert_eq!(run.document["ended"], "server_died", "{}", run.story());
    assert!(run.stderr.contains("the server died"), "{}", run.stderr);
    assert!(run.has_caveat("server_died"), "{}", run.story());
    assert!(run.sent("answered") > 0, "what was measured is kept");
    assert!(!run.document["intervals"].as_array().unwrap().is_empty());
    assert_eq!(run.connections("alive_at_end"), 0);
    assert!(run.errors("connect", "refused") > 0, "{}", run.story());
}
