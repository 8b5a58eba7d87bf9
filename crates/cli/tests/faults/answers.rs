//! Answers that are not the echo of what was sent: counted exactly, each by its own name.

use std::sync::{Arc, Mutex};

use crate::raw::{Raw, encoded};
use crate::running::embedded::Embedded;
use crate::running::{Run, measured};
use crate::{assert_failed, assert_verdict, short_run};

/// A thousand messages over one connection to the embedded server with this fault, four in flight.
fn thousand(fault: &str) -> impl Fn(&[&str]) -> Run {
    move |further| {
        // A server of its own for each run: it counts its messages from its own beginning.
        let server = Embedded::with(fault);
        let words = ["-n", "1000", "-c", "1", "-p", "4", "--timeout", "500ms"];
        measured(&[&words, further, &[&server.url]].concat())
    }
}

#[test]
fn never() {
    let server = Embedded::with("drop:every=1");
    let run = short_run(&server.url, &["--timeout", "300ms"]);
    assert_failed(&run, "nothing was answered");
    assert!(run.sent("timed_out") > 0, "{}", run.story());
    assert!(run.has_caveat("nothing_answered"));
    let example = run.example("answers", "timed_out");
    assert!(example.contains("no answer on connection"), "{example}");
}

#[test]
fn to_some_connections_only() {
    let server = Embedded::with("silent-connections:every=2");
    let run = assert_verdict("invalid", |strict| {
        short_run(&server.url, &[&["-c", "4"], strict].concat())
    });
    assert_eq!(run.connections("never_answered"), 2, "{}", run.story());
    assert!(run.has_caveat("never_answered"));
    assert_eq!(run.sent("in_flight_at_end"), 2, "{}", run.story());
}

#[test]
fn too_late() {
    let server = Embedded::start(&["--delay", "700ms"]);
    let run = short_run(&server.url, &["--timeout", "200ms"]);
    assert_failed(&run, "nothing was answered");
    assert_eq!(
        run.sent("timed_out") + run.sent("in_flight_at_end"),
        run.sent("sent"),
        "{}",
        run.story()
    );
    assert_eq!(run.sent("unasked"), 0, "a late answer is no stranger");
}

/// Slow but within the time-out is no fault, and is measured as it was.
#[test]
fn late() {
    let server = Embedded::start(&["--delay", "100ms"]);
    let run = short_run(&server.url, &[]);
    assert_eq!(run.exit, 0, "{}", run.story());
    let shortest = run.document["service_ns"]["min"].as_u64().unwrap();
    assert!(shortest >= 100_000_000, "{shortest}");
}

#[test]
fn each_tenth_never() {
    let run = assert_verdict("invalid", thousand("drop:every=10"));
    // Where all four in flight are dropped ones and the server has no core for a moment, the
    // connection is silent for the whole time-out and given up with what had just been sent.
    let given_up = run.errors("answers", "given_up");
    assert_eq!(run.sent("failed"), given_up, "{}", run.story());
    assert_eq!(run.sent("answered") + given_up, 900, "{}", run.story());
    assert_eq!(run.sent("timed_out") + run.sent("in_flight_at_end"), 100);
    // Where all four in flight are dropped ones, the last has no later one to overtake it.
    assert!(run.sent("lost") >= 75, "{}", run.story());
    assert!(run.has_caveat("lost"));
}

#[test]
fn twice() {
    let run = assert_verdict("invalid", thousand("duplicate:every=10"));
    assert_eq!(run.sent("duplicated"), 100, "{}", run.story());
    assert_eq!(run.sent("answered"), 1_000);
    assert_eq!(run.errors("answers", "duplicated"), 100);
    assert!(run.has_caveat("duplicated"));
}

#[test]
fn swapped() {
    let run = assert_verdict("invalid", thousand("swap:every=7"));
    assert_eq!(run.sent("answered"), 1_000, "{}", run.story());
    assert_eq!(run.sent("reordered"), 1_000 / 7, "{}", run.story());
    assert!(run.has_caveat("reordered"));
}

#[test]
fn with_wrong_bytes() {
    let run = assert_verdict("invalid", thousand("wrong-bytes:every=10"));
    assert_eq!(run.sent("corrupted"), 100, "{}", run.story());
    assert_eq!(run.sent("answered"), 900);
    assert_eq!(run.errors("answers", "wrong_bytes"), 100);
    assert!(run.has_caveat("corrupted"));
}

#[test]
fn with_another_opcode() {
    let server = Embedded::with("wrong-opcode");
    let run = short_run(&server.url, &[]);
    assert_failed(&run, "nothing was answered");
    assert_eq!(run.sent("corrupted"), run.sent("sent"), "{}", run.story());
    let example = run.example("answers", "wrong_opcode");
    assert!(example.contains("came back as Binary"), "{example}");
}

#[test]
fn unasked() {
    let run = assert_verdict("invalid", thousand("unasked:every=10"));
    // It carries no tag: while messages are in flight it passes for an answer to the oldest, whose
    // own answer is then one too many.
    let mistaken = run.sent("corrupted");
    assert_eq!(run.sent("unasked") + mistaken, 100, "{}", run.story());
    assert_eq!(run.sent("duplicated"), mistaken, "{}", run.story());
    assert_eq!(run.sent("answered"), 1_000 - mistaken);
    assert!(run.has_caveat("unasked"), "{}", run.story());
}

/// A pong is no echo, however lively a server looks that sends them.
#[test]
fn a_pong_in_place_of_an_echo() {
    let server = Embedded::with("empty-pong");
    let run = short_run(&server.url, &["--timeout", "300ms"]);
    assert_failed(&run, "nothing was answered");
    let example = run.example("answers", "unasked_pong");
    assert!(example.contains("a pong is no echo"), "{example}");
}

/// Text that went through another encoding on its way: only letters beyond ASCII show it.
#[test]
fn text_is_encoded_anew() {
    let ascii_only = |text: &str| {
        text.chars()
            .map(|c| if c.is_ascii() { c } else { '?' })
            .collect()
    };
    let twice = |text: &str| text.bytes().map(char::from).collect();
    for encode in [ascii_only as fn(&str) -> String, twice] {
        let server = Raw::start(move |mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                let text = encode(str::from_utf8(&message.payload).unwrap());
                peer.send(&encoded(message.first, text.as_bytes()));
            }
        });
        let run = assert_verdict("invalid", |strict| {
            let words = ["-n", "50", "-c", "1", "-s", "100", "--timeout", "500ms"];
            let run = measured(&[&words, strict, &[&server.url()]].concat());
            if strict.is_empty() {
                return run;
            }
            // Nothing was answered, which no strictness makes any graver.
            Run {
                exit: 3,
                stderr: "error: the audit failed, and --strict was given".into(),
                ..run
            }
        });
        assert_eq!(run.sent("corrupted"), 50, "{}", run.story());
        assert_eq!(run.errors("answers", "wrong_length"), 50);
    }
}

#[test]
fn split_in_two() {
    let server = Embedded::with("split");
    let run = short_run(&server.url, &["--timeout", "300ms"]);
    assert_failed(&run, "nothing was answered");
    assert!(run.errors("answers", "split_answer") > 0, "{}", run.story());
    assert!(run.sent("corrupted") > 0, "{}", run.story());
    assert_eq!(run.sent("unasked"), 0, "the other half is no stranger");
}

#[test]
fn merged_into_one() {
    let server = Embedded::with("merge");
    let run = short_run(&server.url, &["-p", "2", "--timeout", "300ms"]);
    assert_failed(&run, "nothing was answered");
    let merged = run.errors("answers", "merged_answers");
    assert!(merged > 0, "{}", run.story());
    assert_eq!(run.sent("corrupted"), 2 * merged, "{}", run.story());
}

#[test]
fn on_another_connection() {
    let held: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let server = Raw::start(move |mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            let other = held.lock().unwrap().replace(message.payload);
            if let Some(other) = other {
                peer.send(&encoded(message.first, &other));
            }
        }
    });
    let run = short_run(&server.url(), &["--timeout", "300ms"]);
    assert_eq!(run.exit, 1, "{}", run.story());
    assert!(run.errors("answers", "cross_talk") > 0, "{}", run.story());
    assert!(run.sent("unasked") > 0);
    assert!(run.has_caveat("unasked"));
    let example = run.example("answers", "cross_talk");
    assert!(example.contains("arrived on another"), "{example}");
}
