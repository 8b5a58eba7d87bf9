//! The closing handshake (RFC 6455 sections 5.5.1 and 7).

use wsbench_dialogue::{DialogueStep, Expectation};
use wsbench_wire::opcode::OpCode;

use super::{Maker, case, failure};
use crate::case::{Case, Group};

pub(super) fn cases(make: &mut Maker) -> Vec<Case> {
    let mut cases = answered(make);
    cases.extend(refused(make));
    cases.push(overtaken(make));
    cases
}

/// Close frames that must be answered by one.
fn answered(make: &mut Maker) -> Vec<Case> {
    let mut closed = |id, sent: &str, body: &[u8], code: Option<u16>| {
        let steps = vec![
            DialogueStep::octets(make.close(body)),
            DialogueStep::Expect(Expectation::CloseReply(code)),
            DialogueStep::Expect(Expectation::End),
        ];
        let section = "RFC 6455 section 5.5.1";
        let expected = "a close frame with the same code, then the end of the connection";
        case(id, Group::Closing, section, sent, expected, steps)
    };
    let reason = [&1000_u16.to_be_bytes()[..], "adiós".as_bytes()].concat();
    vec![
        closed(
            "close-1000",
            "a close frame with 1000",
            &1000_u16.to_be_bytes(),
            Some(1000),
        ),
        closed("close-empty", "a close frame without a body", b"", None),
        closed(
            "close-reason",
            "a close frame with a reason",
            &reason,
            Some(1000),
        ),
        closed(
            "close-3000",
            "a close frame with 3000",
            &3000_u16.to_be_bytes(),
            Some(3000),
        ),
        closed(
            "close-4999",
            "a close frame with 4999",
            &4999_u16.to_be_bytes(),
            Some(4999),
        ),
    ]
}

/// Close frames that must not be.
fn refused(make: &mut Maker) -> Vec<Case> {
    let mut refused = |id, section, sent: &str, body: &[u8], codes: &'static [u16]| {
        let steps = vec![DialogueStep::octets(make.close(body)), failure(codes)];
        let expected = format!("the connection is failed with code {}", codes[0]);
        case(id, Group::Closing, section, sent, expected, steps)
    };
    let bad_reason = [&1000_u16.to_be_bytes()[..], b"\xc3\x28"].concat();
    vec![
        refused(
            "close-1005",
            "RFC 6455 section 7.4.1",
            "a close frame with 1005",
            &1005_u16.to_be_bytes(),
            &[1002],
        ),
        refused(
            "close-999",
            "RFC 6455 section 7.4.2",
            "a close frame with 999",
            &999_u16.to_be_bytes(),
            &[1002],
        ),
        refused(
            "close-one-octet",
            "RFC 6455 section 5.5.1",
            "a close frame with a body of one octet",
            b"x",
            &[1002],
        ),
        refused(
            "close-bad-reason",
            "RFC 6455 section 5.5.1",
            "a close frame whose reason is no UTF-8",
            &bad_reason,
            &[1007],
        ),
    ]
}

/// A message behind the close frame.
fn overtaken(make: &mut Maker) -> Case {
    let mut both = make.close(&1000_u16.to_be_bytes());
    both.extend(make.frame(true, OpCode::Text, b"too late"));
    case(
        "message-after-close",
        Group::Closing,
        "RFC 6455 section 5.5.1",
        "a close frame, and a message behind it",
        "a close frame, no answer to the message, the end of the connection",
        vec![
            DialogueStep::octets(both),
            DialogueStep::Expect(Expectation::CloseReply(Some(1000))),
            DialogueStep::Expect(Expectation::End),
        ],
    )
}
