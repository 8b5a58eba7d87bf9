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
    // It carries no tag, so no request is settled by it, whatever is in flight.
    let run = assert_verdict("doubtful", thousand("unasked:every=10"));
    assert_eq!(run.sent("unasked"), 100, "{}", run.story());
    for none in ["corrupted", "duplicated", "failed", "timed_out", "lost"] {
        assert_eq!(run.sent(none), 0, "{none}: {}", run.story());
    }
    assert_eq!(run.sent("answered"), 1_000);
    assert!(run.has_caveat("unasked"), "{}", run.story());
}

/// A pong is no echo, however lively a server looks that sends them.
#[test]
fn a_pong_in_place_of_an_echo() {
    let server = Embedded::with("empty-pong");
    let run = short_run(&server.url, &["--timeout", "300ms"]);
    assert_failed(&run, "nothing was answered");
    assert!(run.story().contains("a pong is no echo"), "{}", run.story());
    assert!(run.document["pongs_unasked"].as_u64().unwrap() > 0);
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

/// Heartbeats beside the echo, in every loop: the echoes are samples, and each heartbeat is named.
#[test]
fn heartbeats_settle_no_request() {
    for (loads, what) in [
        (&["-p", "1"][..], "closed"),
        (&["-p", "4"], "deep"),
        (&["-R", "2k"], "open"),
    ] {
        let server = Raw::start(|mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                peer.send(&encoded(0x81, br#"{"type":"ping"}"#));
                peer.echo(&message);
            }
        });
        let run = |more: &[&str]| {
            let words = ["-n", "400", "-c", "2", "--warmup", "0s"];
            measured(&[&words[..], loads, more, &[&server.url()]].concat())
        };
        let seen = run(&[]);
        let story = seen.story();
        assert_eq!(
            (seen.exit, seen.sent("unasked")),
            (0, 400),
            "{what}: {story}"
        );
        for none in ["corrupted", "duplicated", "failed", "timed_out"] {
            assert_eq!(seen.sent(none), 0, "{what} {none}: {story}");
        }
        assert_eq!(seen.sent("answered"), 400, "{what}: {story}");
        let kinds = seen.errors("answers", "greeting") + seen.errors("answers", "untagged");
        assert_eq!(kinds, 400, "{story}");
        assert!(
            story.contains(r#"\"type\":\"ping\""#),
            "its words are shown: {story}"
        );
        let taken = run(&["--greeting", r#""type":"ping""#]);
        assert_eq!(
            (taken.exit, taken.sent("unasked")),
            (0, 0),
            "{}",
            taken.story()
        );
        assert_eq!(taken.document["errors"], serde_json::json!([]));
    }
}

/// A greeting before a perfect echo.
#[test]
fn a_greeting_is_told_as_what_it_is_or_taken() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        peer.send(&encoded(0x81, b"Welcome, stranger"));
        while let Some(message) = peer.message() {
            peer.echo(&message);
        }
    });
    let run = |more: &[&str]| {
        let words = ["-n", "40", "-c", "2"];
        measured(&[&words[..], more, &[&server.url()]].concat())
    };
    let told = run(&[]);
    assert_eq!(
        (told.exit, told.sent("unasked"), told.sent("answered")),
        (0, 2, 40),
        "{}",
        told.story()
    );
    assert!(
        told.example("answers", "greeting")
            .contains("Welcome, stranger")
    );
    assert!(told.story().contains("--greeting"), "{}", told.story());
    for greeting in ["1", "Welcome"] {
        let taken = run(&["--greeting", greeting]);
        assert_eq!(
            (taken.exit, taken.sent("unasked")),
            (0, 0),
            "{}",
            taken.story()
        );
    }
    // Also where nothing else tells it from an answer.
    let fixed = run(&["--greeting", "1", "-m", "hello"]);
    assert_eq!(
        (fixed.exit, fixed.sent("answered")),
        (0, 40),
        "{}",
        fixed.story()
    );
}

/// A server that answers rightly but for one byte within the tag: the request is settled, and the
/// run goes on.
#[test]
fn a_wrong_byte_within_the_tag_is_no_other_connection() {
    for at in [0, 2, 8, 12] {
        let server = Raw::start(move |mut peer| {
            peer.upgrade();
            let mut count = 0;
            while let Some(mut message) = peer.message() {
                count += 1;
                if count % 10 == 0 {
                    let other = if message.payload[at] == b'B' {
                        b'C'
                    } else {
                        b'B'
                    };
                    message.payload[at] = other;
                }
                peer.echo(&message);
            }
        });
        let run = measured(&["-n", "400", "-c", "2", "-s", "60", &server.url()]);
        let story = run.story();
        let (wrong, right) = (run.sent("corrupted"), run.sent("answered"));
        assert_eq!(wrong + right, 400, "{at}: {story}");
        assert!(
            (36..=40).contains(&wrong),
            "{at}: each tenth of a connection: {story}"
        );
        assert_eq!(
            (run.sent("unasked"), run.sent("timed_out")),
            (0, 0),
            "{at}: {story}"
        );
    }
}

/// What became of an answer is shown beside what was sent, with what the difference looks like.
#[test]
fn wrong_answers_are_shown_beside_what_was_sent() {
    type Change = fn(&[u8]) -> Vec<u8>;
    let changes: [(&str, Change); 3] = [
        ("with other bytes around it", |message| {
            [&br#"{"data":""#[..], message, br#""}"#].concat()
        }),
        ("in other letters", <[u8]>::to_ascii_uppercase),
        ("with a line end behind it", |message| {
            [message, b"\n"].concat()
        }),
    ];
    for (words, change) in changes {
        let server = Raw::start(move |mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                peer.send(&encoded(message.first, &change(&message.payload)));
            }
        });
        let run = measured(&["-n", "20", "-c", "1", &server.url()]);
        let story = run.story();
        assert_eq!((run.exit, run.sent("corrupted")), (1, 20), "{story}");
        assert!(story.contains(words), "{words}: {story}");
    }
}

/// A pong without the ping's payload is one finding, and the connection is kept.
#[test]
fn a_pong_without_the_payload_of_its_ping() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        while let Some(frame) = peer.frame() {
            match frame.opcode() {
                9 => peer.send(&encoded(0x8a, b"")),
                8 => return peer.send(&encoded(0x88, &frame.payload)),
                _ => peer.echo(&frame),
            }
        }
    });
    let words = [
        "-R",
        "100",
        "--keep-alive",
        "100ms",
        "--timeout",
        "200ms",
        "-d",
        "2s",
        "-c",
        "2",
    ];
    let run = measured(&[&words[..], &[&server.url()]].concat());
    let story = run.story();
    let example = run.example("answers", "wrong_pong");
    assert!(
        example.contains("a pong of 0 bytes in answer to a ping, which had 8"),
        "{example}"
    );
    assert_eq!(run.connections("failed"), 0, "{story}");
    assert_eq!(
        run.document["errors"].as_array().unwrap().len(),
        1,
        "{story}"
    );
    assert_eq!(run.sent("failed"), 0, "{story}");
}
