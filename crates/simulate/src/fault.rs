//! What the simulated server sends, right or wrong: heads and frames, byte by byte.
//!
//! It decides nothing: which fault hits whom is `server`'s affair.

use wsbench_wire::close::push_close;
use wsbench_wire::connection::MessageKind;
use wsbench_wire::deflate::AgreedParameters;
use wsbench_wire::frame::{FrameBuffer, FrameHeader};
use wsbench_wire::handshake::{self, UpgradeRequest, accept_key, push_rejection};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use crate::compressor::PeerCompressor;
use crate::scenario::{AnswerFault, Breach, OpeningFault};

/// A message that nobody asked for.
const UNASKED: &[u8] = b"nobody asked for this";

/// Appends the response to a request.
pub(crate) fn push_response(
    out: &mut FrameBuffer,
    request: &UpgradeRequest,
    compression: Option<&AgreedParameters>,
    fault: Option<OpeningFault>,
) {
    let accept = accept_key(request.key.as_bytes());
    match fault {
        None | Some(OpeningFault::Slow(_)) => {
            handshake::push_response_with(out, request, None, compression);
        }
        Some(OpeningFault::WithPing) => {
            handshake::push_response(out, request, None);
            out.push_frame(true, OpCode::Ping, None, &[b"there?"]);
        }
        Some(OpeningFault::WithMessage) => {
            handshake::push_response(out, request, None);
            out.push_frame(true, OpCode::Text, None, &[UNASKED]);
        }
        Some(OpeningFault::WithClose(code)) => {
            handshake::push_response(out, request, None);
            push_close(out, None, Some(code), "no");
        }
        Some(OpeningFault::WithBrokenFrame) => {
            handshake::push_response(out, request, None);
            push_broken(out, MessageKind::Text, UNASKED, Breach::ReservedBit);
        }
        Some(OpeningFault::WrongAccept) => push_grant(out, "dGhpcyBpcyBub3QgdGhlIGtleQ==", ""),
        Some(OpeningFault::MissingAccept) => push_grant(out, "", ""),
        Some(OpeningFault::Subprotocol) => {
            handshake::push_response(out, request, Some("unasked"));
        }
        Some(OpeningFault::Extension) => {
            push_grant(out, &accept, "Sec-WebSocket-Extensions: x-not-offered\r\n");
        }
        Some(OpeningFault::Status(status)) => push_rejection(out, status),
        Some(OpeningFault::Garbage) => out.push_raw(b"\x4a\x00\x00\x00\x0a8.0.36\x00no HTTP"),
        Some(OpeningFault::Endless) => {
            out.push_raw(b"HTTP/1.1 101 Switching Protocols\r\n");
            for _ in 0..2_000 {
                out.push_raw(b"X-More: and more and more\r\n");
            }
        }
        Some(OpeningFault::CutHead) => out.push_raw(b"HTTP/1.1 101 Switching Pro"),
        Some(OpeningFault::Silence | OpeningFault::Closed | OpeningFault::Reset) => {}
    }
}

/// Appends a grant with this accept key, none when it is empty, and these further headers.
fn push_grant(out: &mut FrameBuffer, accept: &str, more: &str) {
    let accept = match accept {
        "" => String::new(),
        key => format!("Sec-WebSocket-Accept: {key}\r\n"),
    };
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         {accept}{more}\r\n"
    );
    out.push_raw(head.as_bytes());
}

/// A text within a JSON object, in which all characters but those of ASCII are escaped.
pub(crate) fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let mut json = r#"{"type":"said","text":""#.to_owned();
    for unit in String::from_utf8_lossy(bytes).encode_utf16() {
        match char::from_u32(unit.into()).filter(char::is_ascii) {
            Some(plain @ ('"' | '\\')) => json.extend(['\\', plain]),
            Some(plain) => json.push(plain),
            None => json.push_str(&format!("\\u{unit:04x}")),
        }
    }
    json.push_str("\"}");
    json.into_bytes()
}

/// Appends the answer to one message.
pub(crate) fn push_answer(
    out: &mut FrameBuffer,
    kind: MessageKind,
    bytes: &[u8],
    fault: Option<AnswerFault>,
) {
    let mut echo = |kind: MessageKind, bytes: &[u8]| {
        out.push_frame(true, kind.opcode(), None, &[bytes]);
    };
    match fault {
        Some(AnswerFault::Duplicated) => {
            echo(kind, bytes);
            echo(kind, bytes);
        }
        Some(AnswerFault::WrongBytes) => echo(kind, &with_wrong_byte(bytes)),
        Some(AnswerFault::WrongOpcode) => echo(other(kind), bytes),
        Some(AnswerFault::Fragmented) => push_fragments(out, kind, bytes),
        Some(AnswerFault::Split) => {
            let (front, back) = bytes.split_at(middle(kind, bytes));
            echo(kind, front);
            echo(kind, back);
        }
        Some(AnswerFault::Pong) => out.push_frame(true, OpCode::Pong, None, &[]),
        Some(AnswerFault::Reencoded) => {
            let text = String::from_utf8_lossy(bytes);
            let ascii: String = text
                .chars()
                .map(|letter| if letter.is_ascii() { letter } else { '?' })
                .collect();
            echo(kind, ascii.as_bytes());
        }
        Some(AnswerFault::Unasked) => {
            echo(kind, bytes);
            echo(kind, UNASKED);
        }
        Some(AnswerFault::Error) => {
            let object = bytes.strip_suffix(b"}").unwrap_or(bytes);
            let error = br#","error":{"code":-32601,"message":"no such method"}}"#;
            echo(kind, &[object, error].concat());
        }
        Some(AnswerFault::Broken(breach)) => push_broken(out, kind, bytes, breach),
        None
        | Some(
            AnswerFault::Dropped
            | AnswerFault::Swapped
            | AnswerFault::Merged
            | AnswerFault::CrossTalk
            | AnswerFault::Late(_),
        ) => echo(kind, bytes),
    }
}

/// The same on a connection that is compressed: what is at fault comes uncompressed, which is
/// allowed at any time (RFC 7692 section 6), but for a wrong byte.
pub(crate) fn push_compressed(
    out: &mut FrameBuffer,
    compressor: &mut PeerCompressor,
    kind: MessageKind,
    bytes: &[u8],
    fault: Option<AnswerFault>,
) {
    match fault {
        None => compressor.push(out, kind, bytes),
        Some(AnswerFault::WrongBytes) => compressor.push(out, kind, &with_wrong_byte(bytes)),
        Some(_) => push_answer(out, kind, bytes, fault),
    }
}

/// The message with its last byte changed: ASCII and continuation bytes stay what they are, and text
/// UTF-8.
fn with_wrong_byte(bytes: &[u8]) -> Vec<u8> {
    let mut wrong = bytes.to_vec();
    if let Some(last) = wrong.last_mut() {
        *last ^= 1;
    }
    wrong
}

/// Five fragments, wherever that cuts characters, and a ping among them.
fn push_fragments(out: &mut FrameBuffer, kind: MessageKind, bytes: &[u8]) {
    let cut = |piece: usize| bytes.len() * piece / 5;
    for piece in 0..5 {
        let opcode = if piece == 0 {
            kind.opcode()
        } else {
            OpCode::Continuation
        };
        let part = &bytes[cut(piece)..cut(piece + 1)];
        out.push_frame(piece == 4, opcode, None, &[part]);
        if piece == 2 {
            out.push_frame(true, OpCode::Ping, None, &[b"between"]);
        }
    }
}

fn push_broken(out: &mut FrameBuffer, kind: MessageKind, bytes: &[u8], breach: Breach) {
    let right = FrameHeader {
        fin: true,
        rsv: 0,
        opcode: kind.opcode(),
        mask: None,
        len: bytes.len() as u64,
    };
    match breach {
        Breach::Masked => {
            let mask = Some(MaskKey([1, 2, 3, 4]));
            out.push_frame(true, kind.opcode(), mask, &[bytes]);
        }
        Breach::ReservedBit => out.push_frame_as(
            FrameHeader {
                rsv: 0b100,
                ..right
            },
            &[bytes],
        ),
        Breach::UnknownOpcode => out.push_raw(b"\x83\x00"),
        Breach::LongControl => out.push_frame(true, OpCode::Ping, None, &[&[b'x'; 126]]),
        Breach::FragmentedControl => out.push_frame(false, OpCode::Ping, None, &[b"x"]),
        Breach::StrayContinuation => {
            out.push_frame(true, OpCode::Continuation, None, &[bytes]);
        }
        Breach::Interleaved => {
            out.push_frame(false, kind.opcode(), None, &[&bytes[..bytes.len() / 2]]);
            out.push_frame(true, kind.opcode(), None, &[bytes]);
        }
        Breach::LengthTooLarge => out.push_raw(b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"),
        Breach::MessageTooLong => out.push_raw(b"\x82\x7f\x00\x00\x01\x00\x00\x00\x00\x00"),
        Breach::NonMinimalLength => out.push_raw(b"\x82\x7e\x00\x01x"),
        Breach::ShortClose => out.push_frame(true, OpCode::Close, None, &[&[3]]),
        Breach::BadCloseCode => {
            out.push_frame(true, OpCode::Close, None, &[&1005_u16.to_be_bytes()]);
        }
    }
}

fn other(kind: MessageKind) -> MessageKind {
    match kind {
        MessageKind::Text => MessageKind::Binary,
        MessageKind::Binary => MessageKind::Text,
    }
}

/// The middle of a message, on the border of a character.
fn middle(kind: MessageKind, bytes: &[u8]) -> usize {
    let mut middle = bytes.len() / 2;
    while kind == MessageKind::Text && bytes.get(middle).is_some_and(|byte| byte & 0xc0 == 0x80) {
        middle -= 1;
    }
    middle
}
