//! Servers that misbehave, and what must come of each: one test a row.
//!
//! Every run is held to what any document owes (`running`), ends within a limit, counts the fault
//! under its own kind, and says in words what happened. The exit code is 1 when nothing connected,
//! nothing was answered, the server died, or the audit found the figures invalid (3 under
//! `--strict`); a run that is merely doubtful exits with 0 (3 under `--strict`).
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod answers;
mod certified;
mod connect;
mod end;
mod frames;
mod handshake;
mod here;
mod matrix;
mod raw;
#[path = "../running/mod.rs"]
mod running;

use running::{Run, measured};

/// A short run over two connections, or as many as `further` says.
fn short_run(url: &str, further: &[&str]) -> Run {
    let mut words = vec!["-d", "700ms", "--warmup", "0"];
    if !further.contains(&"-c") {
        words.extend(["-c", "2"]);
    }
    measured(&[&words, further, &[url]].concat())
}

/// The run failed for this reason, and says so where no summary does.
fn assert_failed(run: &Run, reason: &str) {
    assert_eq!(run.exit, 1, "{}", run.story());
    let said = format!("error: the run failed: {reason}\n");
    assert!(run.stderr.contains(&said), "{said}{}", run.story());
}

/// No connection became a WebSocket, for this reason, which is told in these words.
fn assert_nothing_connected(run: &Run, phase: &str, kind: &str, words: &str) {
    assert_failed(run, "nothing connected");
    assert_eq!(run.document["ended"], "nothing_connected");
    assert!(run.has_caveat("nothing_connected"), "{}", run.story());
    assert_eq!(run.connections("upgraded"), 0);
    assert_eq!(run.sent("sent"), 0);
    assert_eq!(
        run.errors(phase, kind),
        run.connections("attempted"),
        "{}",
        run.story()
    );
    let example = run.example(phase, kind);
    assert!(example.contains(words), "{example}");
    assert!(run.stderr.contains(example), "{}", run.stderr);
}

/// The audit's verdict and the exit code that belongs to it, with and without `--strict`.
fn assert_verdict(verdict: &str, run: impl Fn(&[&str]) -> Run) -> Run {
    let strict = run(&["--strict"]);
    assert_eq!(strict.exit, 3, "{}", strict.story());
    assert_eq!(strict.document["audit"]["verdict"], verdict);
    let said = "error: the audit failed, and --strict was given";
    assert!(strict.stderr.contains(said), "{}", strict.stderr);
    let run = run(&[]);
    assert_eq!(run.document["audit"]["verdict"], verdict);
    let exit = i32::from(verdict == "invalid");
    assert_eq!(run.exit, exit, "{}", run.story());
    run
}
