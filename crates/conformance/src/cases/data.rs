//! Messages, fragments, pings and pongs that are right, and must be answered as such.

use wsbench_dialogue::{DialogueStep, Expectation, Sent};
use wsbench_wire::connection::MessageKind::{Binary, Text};
use wsbench_wire::opcode::OpCode;

use super::{Maker, case, message};
use crate::case::{Case, Group};

/// Sizes at which the length changes its form (section 5.2), and a large one.
const SIZES: [(&str, usize); 7] = [
    ("size-0", 0),
    ("size-1", 1),
    ("size-125", 125),
    ("size-126", 126),
    ("size-65535", 65_535),
    ("size-65536", 65_536),
    ("size-1m", 1 << 20),
];
/// Two, three and four octets a letter.
const LETTERS: &str = "Grüße, κόσμος, 世界, 🦀";

pub(super) fn messages(make: &mut Maker) -> Vec<Case> {
    let mut cases: Vec<Case> = SIZES
        .iter()
        .map(|&(id, size)| {
            // Letters and octets that differ from place to place, so that a shift is seen.
            let text: Vec<u8> = (0..size).map(|at| b'a' + (at % 23) as u8).collect();
            let binary: Vec<u8> = (0..size).map(|at| (at * 7 % 251) as u8).collect();
            case(
                id,
                Group::Messages,
                "RFC 6455 section 5.2",
                format!("a text, then a binary message of {size} octets"),
                "each comes back as it was",
                vec![
                    DialogueStep::octets(make.frame(true, OpCode::Text, &text)),
                    message(Text, &text),
                    DialogueStep::octets(make.frame(true, OpCode::Binary, &binary)),
                    message(Binary, &binary),
                ],
            )
        })
        .collect();
    cases.push(case(
        "non-ascii-text",
        Group::Messages,
        "RFC 6455 section 5.6",
        format!("text: {LETTERS}"),
        "the same octets",
        vec![
            DialogueStep::octets(make.frame(true, OpCode::Text, LETTERS.as_bytes())),
            message(Text, LETTERS.as_bytes()),
        ],
    ));
    let mut two = make.frame(true, OpCode::Text, b"first of two");
    two.extend(make.frame(true, OpCode::Text, b"second of two"));
    cases.push(case(
        "two-in-flight",
        Group::Messages,
        "RFC 6455 section 5.4",
        "two messages in one segment",
        "both come back, in order",
        vec![
            DialogueStep::octets(two),
            message(Text, b"first of two"),
            message(Text, b"second of two"),
        ],
    ));
    cases.push(case(
        "frame-octet-by-octet",
        Group::Messages,
        "RFC 6455 section 5.2",
        "a message, each octet in a segment of its own",
        "it comes back",
        vec![
            DialogueStep::Send(Sent::OctetByOctet(make.frame(
                true,
                OpCode::Text,
                b"bit by bit",
            ))),
            message(Text, b"bit by bit"),
        ],
    ));
    cases
}

pub(super) fn fragments(make: &mut Maker) -> Vec<Case> {
    let section = "RFC 6455 section 5.4";
    let mut fragmented = |id, sent: &str, parts: &[&[u8]], section| {
        let last = parts.len() - 1;
        let mut steps: Vec<DialogueStep> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| {
                let opcode = if at == 0 {
                    OpCode::Text
                } else {
                    OpCode::Continuation
                };
                DialogueStep::octets(make.frame(at == last, opcode, part))
            })
            .collect();
        steps.push(message(Text, &parts.concat()));
        case(id, Group::Fragments, section, sent, "one message", steps)
    };
    let split_at = LETTERS.find('界').unwrap_or(0) + 1;
    let (front, back) = LETTERS.as_bytes().split_at(split_at);
    let mut cases = vec![
        fragmented(
            "three-fragments",
            "text in three fragments",
            &[b"one ", b"two ", b"three"],
            section,
        ),
        fragmented(
            "empty-fragments",
            "text in fragments of which the first and the last are empty",
            &[b"", b"middle", b""],
            section,
        ),
        fragmented(
            "character-across-fragments",
            "a character whose octets lie in two fragments",
            &[front, back],
            "RFC 6455 section 8.1",
        ),
    ];
    cases.push(case(
        "ping-between-fragments",
        Group::Fragments,
        section,
        "a ping between two fragments",
        "a pong, then one message",
        vec![
            DialogueStep::octets(make.frame(false, OpCode::Text, b"before ")),
            DialogueStep::octets(make.frame(true, OpCode::Ping, b"between")),
            DialogueStep::Expect(Expectation::Pong(b"between".to_vec())),
            DialogueStep::octets(make.frame(true, OpCode::Continuation, b"behind")),
            message(Text, b"before behind"),
        ],
    ));
    cases
}

pub(super) fn control(make: &mut Maker) -> Vec<Case> {
    let mut pinged = |id, sent: &str, payload: &[u8]| {
        let steps = vec![
            DialogueStep::octets(make.frame(true, OpCode::Ping, payload)),
            DialogueStep::Expect(Expectation::Pong(payload.to_vec())),
        ];
        let section = "RFC 6455 section 5.5.2";
        case(
            id,
            Group::Control,
            section,
            sent,
            "a pong with the same payload",
            steps,
        )
    };
    let mut cases = vec![
        pinged("ping", "a ping with a payload", b"are you there"),
        pinged("ping-empty", "a ping without a payload", b""),
        pinged("ping-125", "a ping with 125 octets", &[0xfe; 125]),
    ];
    let mut ten = Vec::new();
    for number in 0..10_u8 {
        ten.extend(make.frame(true, OpCode::Ping, &[b'0' + number]));
    }
    cases.push(case(
        "ten-pings",
        Group::Control,
        "RFC 6455 section 5.5.3",
        "ten pings in a row",
        "a pong to the last of them at least",
        vec![
            DialogueStep::octets(ten),
            DialogueStep::Expect(Expectation::Pong(b"9".to_vec())),
        ],
    ));
    cases.push(case(
        "unasked-pong",
        Group::Control,
        "RFC 6455 section 5.5.3",
        "a pong that nobody asked for, then a message",
        "the message comes back",
        vec![
            DialogueStep::octets(make.frame(true, OpCode::Pong, b"unasked")),
            DialogueStep::octets(make.frame(true, OpCode::Text, b"still there")),
            message(Text, b"still there"),
        ],
    ));
    cases
}
