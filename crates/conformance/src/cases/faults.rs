//! Frames that must not be: the server has to fail the connection (RFC 6455 section 7.1.7).

use wsbench_dialogue::{DialogueStep, Expectation};
use wsbench_wire::opcode::OpCode;

use super::{Maker, case, failure};
use crate::case::{Case, Group};

/// A case in which these bytes must end the connection with this code.
fn fatal(
    id: &'static str,
    group: Group,
    section: &'static str,
    sent: &str,
    sends: Vec<Vec<u8>>,
    codes: &'static [u16],
) -> Case {
    let mut steps: Vec<DialogueStep> = sends.into_iter().map(DialogueStep::octets).collect();
    steps.push(failure(codes));
    let expected = format!("the connection is failed with code {}", codes[0]);
    case(id, group, section, sent, expected, steps)
}

/// The same where only senders are told not to do this.
fn lenient(mut case: Case) -> Case {
    if let Some(DialogueStep::Expect(Expectation::Failure { demanded, .. })) = case.steps.last_mut()
    {
        *demanded = false;
    }
    case
}

pub(super) fn framing(make: &mut Maker) -> Vec<Case> {
    let mut cases = malformed(make);
    cases.extend(misplaced(make));
    cases
}

/// Frames whose header is wrong.
fn malformed(make: &mut Maker) -> Vec<Case> {
    let framing =
        |id, section, sent: &str, sends| fatal(id, Group::Framing, section, sent, sends, &[1002]);
    // A length of 2^63 or more, and one that needs no 16 bits: no `Header` writes either.
    let endless = [&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0][..], &[1, 2, 3, 4]].concat();
    let roundabout = [&[0x81, 0xfe, 0, 5, 0, 0, 0, 0][..], b"hello"].concat();
    vec![
        framing(
            "unmasked",
            "RFC 6455 section 5.1",
            "a text frame without a mask",
            vec![make.wrong(|header| header.mask = None, b"bare")],
        ),
        framing(
            "reserved-bit",
            "RFC 6455 section 5.2",
            "RSV1 set, no extension agreed upon",
            vec![make.wrong(|header| header.rsv = 0b100, b"reserved")],
        ),
        framing(
            "reserved-bits-2-3",
            "RFC 6455 section 5.2",
            "RSV2 and RSV3 set",
            vec![make.wrong(|header| header.rsv = 0b011, b"reserved")],
        ),
        framing(
            "unknown-opcode",
            "RFC 6455 section 5.2",
            "opcode 0x3",
            vec![with_opcode(make.frame(true, OpCode::Text, b"three"), 0x3)],
        ),
        framing(
            "unknown-control-opcode",
            "RFC 6455 section 5.2",
            "opcode 0xB",
            vec![with_opcode(make.frame(true, OpCode::Ping, b"eleven"), 0xb)],
        ),
        // To one server that is no length, to another one that is too long for it.
        fatal(
            "length-2-63",
            Group::Framing,
            "RFC 6455 section 5.2",
            "a 64-bit length with its highest bit set",
            vec![endless],
            &[1002, 1009],
        ),
        lenient(fatal(
            "long-length",
            Group::Framing,
            "RFC 6455 section 5.2",
            "a length of 5 written in 16 bits",
            vec![roundabout],
            &[1002],
        )),
    ]
}

/// Frames that are well formed, each by itself, and must not be where they are.
fn misplaced(make: &mut Maker) -> Vec<Case> {
    let framing =
        |id, section, sent: &str, sends| fatal(id, Group::Framing, section, sent, sends, &[1002]);
    let long_ping = [0; 126];
    vec![
        framing(
            "stray-continuation",
            "RFC 6455 section 5.4",
            "a continuation with nothing to continue",
            vec![make.frame(true, OpCode::Continuation, b"of nothing")],
        ),
        framing(
            "message-inside-message",
            "RFC 6455 section 5.4",
            "a new message before the last fragment of another",
            vec![
                make.frame(false, OpCode::Text, b"unfinished"),
                make.frame(true, OpCode::Text, b"too early"),
            ],
        ),
        framing(
            "ping-126",
            "RFC 6455 section 5.5",
            "a ping of 126 octets",
            vec![make.wrong(|header| header.opcode = OpCode::Ping, &long_ping)],
        ),
        framing(
            "fragmented-ping",
            "RFC 6455 section 5.5",
            "a ping that is a fragment",
            vec![make.wrong(
                |header| (header.opcode, header.fin) = (OpCode::Ping, false),
                b"part",
            )],
        ),
    ]
}

pub(super) fn utf8(make: &mut Maker) -> Vec<Case> {
    let utf8 = |id, sent: &str, sends| {
        fatal(
            id,
            Group::Utf8,
            "RFC 6455 section 8.1",
            sent,
            sends,
            &[1007],
        )
    };
    vec![
        utf8(
            "invalid-utf8",
            "text that is no UTF-8 (an overlong slash)",
            vec![make.frame(true, OpCode::Text, b"over\xc0\xaflong")],
        ),
        utf8(
            "surrogate",
            "text with half of a surrogate pair",
            vec![make.frame(true, OpCode::Text, b"half\xed\xa0\x80")],
        ),
        utf8(
            "cut-character",
            "text that ends within a character",
            vec![make.frame(true, OpCode::Text, b"cut\xe2\x82")],
        ),
        utf8(
            "invalid-utf8-in-fragment",
            "invalid UTF-8 in the second of two fragments",
            vec![
                make.frame(false, OpCode::Text, b"good, then "),
                make.frame(true, OpCode::Continuation, b"\xff\xff"),
            ],
        ),
    ]
}

/// The frame with another opcode, one that has no name.
fn with_opcode(mut frame: Vec<u8>, bits: u8) -> Vec<u8> {
    frame[0] = frame[0] & 0xf0 | bits;
    frame
}
