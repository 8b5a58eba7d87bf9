//! Compressed messages (permessage-deflate, RFC 7692): of servers that grant what is offered.

use wsbench_dialogue::{DialogueStep, Expectation, Sent};
use wsbench_wire::connection::MessageKind::{self, Binary, Text};
use wsbench_wire::deflate::{WindowBits, Wish};
use wsbench_wire::frame::RSV1;
use wsbench_wire::opcode::OpCode;

use super::{Maker, failure, message};
use crate::case::{Case, Group, OpeningDeviation};

/// "Hello", compressed (RFC 7692 section 7.2.3.1).
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
/// Octets over 255, stored, that are no UTF-8 (RFC 7692 section 7.2.3.3).
const STORED_FF: [u8; 7] = [0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00];
/// A block of the type that does not exist.
const NO_DEFLATE: [u8; 4] = [0xff, 0xff, 0xff, 0xff];
/// Text that repeats itself: takeover has something to refer back to.
const SENTENCE: &str = "Grüße an alle, die zweimal dasselbe sagen: Grüße an alle.";
/// Octets between two equal halves, out of reach of a window of 2^9.
const FAR: usize = 4096;

/// Cases after a handshake that offers this.
fn compressed(
    id: &'static str,
    section: &'static str,
    wish: Wish,
    (sent, expected): (&str, &str),
    steps: Vec<DialogueStep>,
) -> Case {
    Case {
        opening: OpeningDeviation::Compressed(wish),
        ..super::case(id, Group::Compression, section, sent, expected, steps)
    }
}

pub(super) fn cases(make: &mut Maker) -> Vec<Case> {
    let mut cases = vec![Case {
        opening: OpeningDeviation::UnknownParameter,
        ..super::case(
            "deflate-unknown-parameter",
            Group::Compression,
            "RFC 7692 section 7.1",
            "an offer of permessage-deflate with a parameter that there is not",
            "101 without an extension",
            Vec::new(),
        )
    }];
    cases.extend(messages(make));
    cases.extend(agreements(make));
    cases.extend(violations(make));
    cases
}

/// A message there and back.
fn echo(make: &mut Maker, kind: MessageKind, content: &[u8], frames: usize) -> [DialogueStep; 2] {
    let send = DialogueStep::Send(Sent::Packed {
        kind,
        message: content.to_vec(),
        frames,
        mask: make.mask(),
    });
    [send, message(kind, content)]
}

/// Messages that differ in what the compression makes of them.
fn messages(make: &mut Maker) -> Vec<Case> {
    let section = "RFC 7692 section 7.2";
    let any = Wish::default();
    let noise: Vec<u8> = (0..FAR).map(|_| make.random.u8(..)).collect();
    let long = "All of it is one sentence, again and again. ".repeat(1 << 13);
    let comes_back = |sent| (sent, "it comes back as it was");
    vec![
        compressed(
            "deflate-message",
            section,
            any,
            comes_back("a text, compressed"),
            echo(make, Text, SENTENCE.as_bytes(), 1).into(),
        ),
        compressed(
            "deflate-fragmented",
            "RFC 7692 section 6.1",
            any,
            comes_back("a compressed text in three frames, RSV1 on the first alone"),
            echo(make, Text, SENTENCE.as_bytes(), 3).into(),
        ),
        compressed(
            "deflate-empty",
            "RFC 7692 section 7.2.3.6",
            any,
            ("an empty message, compressed", "an empty message"),
            echo(make, Text, b"", 1).into(),
        ),
        compressed(
            "deflate-incompressible",
            section,
            any,
            comes_back("a binary message of noise, which does not shrink"),
            echo(make, Binary, &noise, 1).into(),
        ),
        compressed(
            "deflate-long",
            section,
            any,
            comes_back("a text of 352 KiB that shrinks to a hundredth"),
            echo(make, Text, long.as_bytes(), 1).into(),
        ),
        compressed(
            "deflate-not-compressed",
            "RFC 7692 section 6",
            any,
            comes_back("a message without RSV1, though compression was agreed upon"),
            vec![
                DialogueStep::octets(make.frame(true, OpCode::Text, b"as it is")),
                message(Text, b"as it is"),
            ],
        ),
    ]
}

/// Cases in which the agreement has to hold from message to message.
fn agreements(make: &mut Maker) -> Vec<Case> {
    let mut twice = echo(make, Text, SENTENCE.as_bytes(), 1).to_vec();
    twice.extend(echo(make, Text, SENTENCE.as_bytes(), 1));
    // Halves that are equal, and further from each other than the window reaches.
    let half: Vec<u8> = (0..FAR).map(|_| make.random.u8(..)).collect();
    let far = [&half[..], &half].concat();
    let [send, _] = echo(make, Binary, &far, 1);
    let no_takeover = Wish {
        server_no_takeover: true,
        client_no_takeover: true,
        ..Wish::default()
    };
    let narrow = Wish {
        server_bits: WindowBits::new(9),
        ..Wish::default()
    };
    vec![
        compressed(
            "deflate-takeover",
            "RFC 7692 section 7.1.1",
            Wish::default(),
            (
                "two equal messages in a row, the second compressed against the first",
                "both come back",
            ),
            twice.clone(),
        ),
        compressed(
            "deflate-no-takeover",
            "RFC 7692 section 7.1.1.1",
            no_takeover,
            (
                "an offer without takeover on either side, then two equal messages in a row",
                "both come back, each compressed by itself",
            ),
            twice,
        ),
        compressed(
            "deflate-narrow-window",
            "RFC 7692 section 7.1.2.1",
            narrow,
            (
                "server_max_window_bits=9, then a message that repeats itself after 4 KiB",
                "it comes back, with no reference further than 512 octets",
            ),
            vec![
                send,
                DialogueStep::Expect(Expectation::MessageOfNoise(Binary, far)),
            ],
        ),
    ]
}

/// Cases that must fail the connection.
fn violations(make: &mut Maker) -> Vec<Case> {
    let violation = |id, section, sent: &str, frames: Vec<Vec<u8>>, codes: &'static [u16]| {
        let mut steps: Vec<DialogueStep> = frames.into_iter().map(DialogueStep::octets).collect();
        steps.push(failure(codes));
        let expected = format!("the connection is failed with code {}", codes[0]);
        compressed(id, section, Wish::default(), (sent, &expected), steps)
    };
    let marked = |make: &mut Maker, fin, opcode, payload: &[u8]| {
        let change = |header: &mut wsbench_wire::frame::FrameHeader| {
            (header.fin, header.rsv, header.opcode) = (fin, RSV1, opcode);
        };
        make.wrong(change, payload)
    };
    vec![
        violation(
            "deflate-continuation-marked",
            "RFC 7692 section 6.1",
            "RSV1 on the continuation of a compressed message",
            vec![
                marked(make, false, OpCode::Text, &HELLO[..3]),
                marked(make, true, OpCode::Continuation, &HELLO[3..]),
            ],
            &[1002],
        ),
        violation(
            "deflate-ping-marked",
            "RFC 7692 section 6",
            "RSV1 on a ping",
            vec![marked(make, true, OpCode::Ping, b"?")],
            &[1002],
        ),
        violation(
            "deflate-broken",
            "RFC 7692 section 7.2.2",
            "a payload that is no DEFLATE stream",
            vec![marked(make, true, OpCode::Binary, &NO_DEFLATE)],
            &[1007, 1002],
        ),
        violation(
            "deflate-invalid-utf8",
            "RFC 6455 section 8.1",
            "a compressed text that is no UTF-8",
            vec![marked(make, true, OpCode::Text, &STORED_FF)],
            &[1007],
        ),
    ]
}
