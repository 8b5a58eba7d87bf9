//! Frames that break RFC 6455: the connection is failed with the code that belongs to it, and each
//! kind is counted by its own name.

use std::io::Write;

use crate::raw::{Counter, Raw, encoded};
use crate::running::measured;
use crate::{assert_failed, short_run};

/// A server that answers with `bytes` breaks the protocol in the way of `kind`; we say so to the
/// server with `close_code`, and no message counts as answered.
fn assert_violation(bytes: &[u8], kind: &str, close_code: u16) {
    let (server, codes) = Raw::answering(bytes);
    let run = short_run(&server.url(), &[]);
    assert_failed(&run, "nothing was answered");
    assert_eq!(run.sent("answered"), 0);
    let found = run.errors("frames", kind);
    assert!(found >= 2, "{kind}: {}", run.story());
    assert_eq!(found, run.sent("failed"), "{kind}: {}", run.story());
    assert!(run.has_caveat("nothing_answered"));
    assert!(!run.example("frames", kind).is_empty());
    let codes = codes.seen();
    assert!(!codes.is_empty(), "{kind}: no close frame came");
    assert!(codes.iter().all(|code| *code == close_code), "{codes:?}");
}

#[test]
fn masked_by_the_server() {
    let frame = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    assert_violation(&frame, "masked_by_server", 1002);
}

#[test]
fn reserved_bits() {
    for bits in [0x40, 0x20, 0x10] {
        let frame = encoded(0x81 | bits, b"hi");
        assert_violation(&frame, "reserved_bits", 1002);
    }
}

#[test]
fn an_unknown_opcode() {
    for opcode in [0x3, 0x7, 0xb, 0xf] {
        assert_violation(&encoded(0x80 | opcode, b""), "unknown_opcode", 1002);
    }
}

#[test]
fn control_frames_that_are_long_or_fragmented() {
    assert_violation(&encoded(0x89, &[b'.'; 126]), "long_control", 1002);
    assert_violation(&encoded(0x09, b"half"), "fragmented_control", 1002);
}

#[test]
fn fragments_out_of_place() {
    assert_violation(&encoded(0x80, b"hi"), "unexpected_continuation", 1002);
    let inside = [encoded(0x01, b"first"), encoded(0x81, b"second")].concat();
    assert_violation(&inside, "interleaved_message", 1002);
}

#[test]
fn lengths_that_cannot_be() {
    let huge = [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0];
    assert_violation(&huge, "length_too_large", 1002);
    let long = [&[0x81, 126, 0, 5], b"hello".as_slice()].concat();
    assert_violation(&long, "non_minimal_length", 1002);
    let longer = [0x82, 127, 0, 0, 0, 0, 0, 0, 1, 0];
    assert_violation(&longer, "non_minimal_length", 1002);
}

/// A length that is announced and would never fit is refused before any of it has come.
#[test]
fn a_message_of_a_terabyte() {
    let announced = [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0];
    assert_violation(&announced, "message_too_long", 1009);
}

#[test]
fn close_frames_that_must_not_be() {
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        let frame = encoded(0x88, &code.to_be_bytes());
        assert_violation(&frame, "invalid_close_code", 1002);
    }
    assert_violation(&[0x88, 1, 3], "short_close_body", 1002);
    let reason = encoded(0x88, &[0x03, 0xe8, 0xff, 0xfe]);
    assert_violation(&reason, "invalid_close_reason", 1007);
}

/// The bytes are wrong before they are no text: the message is told apart, the connection lives.
#[test]
fn invalid_utf8() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            let mut payload = message.payload;
            *payload.last_mut().unwrap() = 0xff;
            peer.send(&encoded(message.first, &payload));
        }
    });
    let run = short_run(&server.url(), &[]);
    assert_failed(&run, "nothing was answered");
    assert_eq!(run.errors("answers", "invalid_utf8"), run.sent("corrupted"));
    assert_eq!(run.sent("corrupted"), run.sent("sent"), "{}", run.story());
    assert!(run.example("answers", "invalid_utf8").contains("not UTF-8"));
}

#[test]
fn a_message_without_end() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        peer.message();
        peer.send(&encoded(0x01, b"once"));
        let more = encoded(0x00, &[b'.'; 60_000]);
        while peer.stream.write_all(&more).is_ok() {}
    });
    let run = short_run(&server.url(), &[]);
    assert_failed(&run, "nothing was answered");
    let found = run.errors("frames", "message_too_long");
    assert!(found > 0, "{}", run.story());
    assert_memory_is_bounded(&run);
}

/// Fragments without content never get too long: the time-out ends them.
#[test]
fn empty_fragments_without_end() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        peer.message();
        peer.send(&encoded(0x01, b""));
        let more = encoded(0x00, b"").repeat(10_000);
        while peer.stream.write_all(&more).is_ok() {}
    });
    let run = short_run(&server.url(), &["--timeout", "400ms"]);
    assert_failed(&run, "nothing was answered");
    assert!(run.errors("answers", "timed_out") > 0, "{}", run.story());
    assert!(run.sent("timed_out") > 0, "{}", run.story());
    assert_memory_is_bounded(&run);
}

/// Each ping is answered with its own payload, also between the fragments of a message.
#[test]
fn pings_between_fragments() {
    let (pongs, others) = (Counter::default(), Counter::default());
    let (seen, unlike) = (pongs.clone(), others.clone());
    let server = Raw::start(move |mut peer| {
        peer.upgrade();
        while let Some(frame) = peer.frame() {
            match frame.opcode() {
                8 => return peer.send(&encoded(0x88, &frame.payload)),
                10 if frame.payload == b"between" => {
                    seen.up();
                }
                10 => {
                    unlike.up();
                }
                opcode => {
                    let (head, tail) = frame.payload.split_at(frame.payload.len() / 2);
                    peer.send(&encoded(opcode, head));
                    peer.send(&encoded(0x89, b"between"));
                    peer.send(&encoded(0x00, b""));
                    peer.send(&encoded(0x80, tail));
                }
            }
        }
    });
    let run = measured(&["-n", "200", "-c", "2", &server.url()]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), 200);
    assert_eq!(run.document["errors"], serde_json::json!([]));
    assert_eq!((pongs.get(), others.get()), (200, 0));
}

/// A flood that is read costs time, and nothing else.
#[test]
fn a_thousand_pings_before_each_answer() {
    let pongs = Counter::default();
    let seen = pongs.clone();
    let server = Raw::start(move |mut peer| {
        peer.upgrade();
        while let Some(frame) = peer.frame() {
            match frame.opcode() {
                8 => return peer.send(&encoded(0x88, &frame.payload)),
                10 => {
                    seen.up();
                }
                _ => {
                    peer.send(&encoded(0x89, b"?").repeat(1_000));
                    peer.echo(&frame);
                }
            }
        }
    });
    let run = measured(&["-n", "20", "-c", "2", &server.url()]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), 20);
    assert!(pongs.get() > 0, "pings are answered");
}

/// A flood that never stops and whose answers are never read: the run still ends, and what could
/// not be written does not pile up.
#[test]
fn a_ping_flood_without_end() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        let pings = encoded(0x89, &[b'!'; 125]).repeat(1_000);
        while peer.stream.write_all(&pings).is_ok() {}
    });
    let run = short_run(&server.url(), &["--timeout", "400ms"]);
    assert_failed(&run, "nothing was answered");
    // Where our pongs have filled the server's buffer before the load begins, none is sent at all.
    let open = run.sent("timed_out") + run.sent("in_flight_at_end");
    assert_eq!(open, run.sent("sent"), "{}", run.story());
    assert_memory_is_bounded(&run);
}

/// Far above what two connections need, far below what a flood of a second brings.
fn assert_memory_is_bounded(run: &crate::running::Run) {
    let resident = run.document["generator"]["max_rss_bytes"].as_u64().unwrap();
    assert!(resident < 200 << 20, "{resident} bytes resident");
}
