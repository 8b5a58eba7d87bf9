//! The faults, carried out (FAULTS of the design; RFC 6455 where it is broken).
//!
//! Counts are kept by thread and are exact: of N messages, ⌊N/k⌋ are hit by a fault of each k-th.
//! When the answers leave is `pace`'s affair.

use wsbench_wire::close::push_close;
use wsbench_wire::connection::MessageKind;
use wsbench_wire::deflate::AgreedParameters;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{UpgradeRequest, push_rejection, push_response};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use crate::answering::{Answering, Next, chosen};
use crate::calibration::{Calibration, Misbehaviour};

/// A message that nobody asked for.
const UNASKED: &[u8] = b"nobody asked for this message";

/// Bytes that a server that does not speak HTTP sends: a length and a greeting.
const GARBAGE: &[u8] = b"\x00\x00\x00\x4a\x0a8.0.36\x00 this is not HTTP\r\n\r\n";

/// The key of a masked answer; that the mask is constant is the least of its faults.
const MASK: MaskKey = MaskKey([0x57, 0x53, 0x42, 0x21]);

/// An echo with faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultInjection {
    faults: Faults,
    /// Octets written for each connection.
    touch: usize,
    /// Items of the answer to each JSON object; `None` answers it with one message.
    items: Option<u32>,
    connections: u64,
    messages: u64,
    /// The answer under way.
    answer: Vec<u8>,
}

/// Faults, in the form in which they are asked for.
#[derive(Clone, Debug, Default)]
struct Faults {
    drop: Option<u64>,
    duplicate: Option<u64>,
    swap: Option<u64>,
    wrong_bytes: Option<u64>,
    unasked: Option<u64>,
    ping: Option<u64>,
    silent: Option<u64>,
    wrong_opcode: bool,
    empty_pong: bool,
    fragments: Option<u32>,
    split: bool,
    merge: bool,
    masked: bool,
    opening: Opening,
    wrong_accept: bool,
    unasked_extension: bool,
    close_after: Option<(u64, u16)>,
    reset_after: Option<u64>,
    no_close_reply: bool,
}

/// Reception that a connection meets before any frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Opening {
    #[default]
    Upgrade,
    Status(u16),
    Garbage,
    Silence,
    Close,
}

/// Memory that is kept of a connection.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Is never answered.
    silent: bool,
    /// Our close frame has been sent.
    closing: bool,
    /// Messages received.
    messages: u64,
    /// An answer that waits for the next message: to be swapped or merged with its answer.
    waiting: Option<(MessageKind, Vec<u8>)>,
    /// Memory that the connection takes up.
    _touched: Box<[u8]>,
}

impl FaultInjection {
    /// An echo with the faults of a calibration, its memory and its streams.
    pub(crate) fn new(calibration: &Calibration) -> Self {
        let mut faults = Faults::default();
        for misbehaviour in &calibration.misbehave {
            faults.add(*misbehaviour);
        }
        Self {
            faults,
            touch: calibration.touch,
            items: calibration.streams.map(|streams| streams.items),
            ..Self::default()
        }
    }

    /// Sends one message in place of an answer: masked, with another opcode, in fragments, all as
    /// the faults are.
    fn push_message(&self, kind: MessageKind, bytes: &[u8], out: &mut FrameBuffer) {
        let faults = &self.faults;
        let mask = faults.masked.then_some(MASK);
        let opcode = match (kind, faults.wrong_opcode) {
            (MessageKind::Text, false) | (MessageKind::Binary, true) => OpCode::Text,
            (MessageKind::Binary, false) | (MessageKind::Text, true) => OpCode::Binary,
        };
        let Some(pieces) = faults.fragments else {
            return out.push_frame(true, opcode, mask, &[bytes]);
        };
        let pieces = u64::from(pieces);
        let cut = |piece: u64| (bytes.len() as u64 * piece / pieces) as usize;
        for piece in 0..pieces {
            let opcode = if piece == 0 {
                opcode
            } else {
                OpCode::Continuation
            };
            let fin = piece + 1 == pieces;
            out.push_frame(fin, opcode, mask, &[&bytes[cut(piece)..cut(piece + 1)]]);
        }
    }

    /// Sends the answer to one message in the form that the faults give it.
    fn push_answer(&self, kind: MessageKind, bytes: &[u8], out: &mut FrameBuffer) {
        if self.faults.empty_pong {
            out.push_frame(true, OpCode::Pong, self.faults.masked.then_some(MASK), &[]);
        } else if self.faults.split {
            let (front, back) = bytes.split_at(middle(kind, bytes));
            self.push_message(kind, front, out);
            self.push_message(kind, back, out);
        } else {
            self.push_message(kind, bytes, out);
        }
    }

    /// Sends a JSON object back as the items of a stream, and its end.
    fn push_stream(&self, items: u32, object: &[u8], out: &mut FrameBuffer) {
        let mut part = |member: &str| {
            let rest = &object[1..];
            let comma: &[u8] = if rest.trim_ascii_start().starts_with(b"}") {
                b""
            } else {
                b","
            };
            let part = [b"{", member.as_bytes(), comma, rest].concat();
            self.push_answer(MessageKind::Text, &part, out);
        };
        for number in 1..=items {
            part(&format!(r#""item":{number}"#));
        }
        part(r#""end":true"#);
    }

    /// Sends the answer, and with it or behind it the one that waited; or lets this one wait.
    fn push_in_turn(
        &self,
        memory: &mut Memory,
        kind: MessageKind,
        bytes: &[u8],
        out: &mut FrameBuffer,
    ) {
        if let Some((waited_kind, mut waited)) = memory.waiting.take() {
            if self.faults.merge {
                waited.extend_from_slice(bytes);
                return self.push_answer(waited_kind, &waited, out);
            }
            self.push_answer(kind, bytes, out);
            self.push_answer(waited_kind, &waited, out);
        } else if self.faults.merge || hits(self.faults.swap, self.messages) {
            memory.waiting = Some((kind, bytes.to_vec()));
        } else {
            self.push_answer(kind, bytes, out);
        }
    }

    /// Everything that is sent because of one message.
    fn answer(&self, memory: &mut Memory, kind: MessageKind, bytes: &[u8], out: &mut FrameBuffer) {
        let (faults, n) = (&self.faults, self.messages);
        if hits(faults.ping, n) {
            out.push_frame(true, OpCode::Ping, None, &[b"are you there?"]);
        }
        if !hits(faults.drop, n) {
            if let (Some(items), b'{', MessageKind::Text) = (self.items, first(bytes), kind) {
                self.push_stream(items, bytes, out);
            } else {
                self.push_in_turn(memory, kind, bytes, out);
            }
            if hits(faults.duplicate, n) {
                self.push_answer(kind, bytes, out);
            }
        }
        if hits(faults.unasked, n) {
            self.push_message(kind, UNASKED, out);
        }
    }

    /// Closes when the connection has had its answers.
    fn close_if_due(&self, memory: &mut Memory, out: &mut FrameBuffer) {
        if let Some((messages, code)) = self.faults.close_after
            && memory.messages == messages
        {
            push_close(out, None, Some(code), "as asked for");
            memory.closing = true;
        }
    }
}

impl Faults {
    fn add(&mut self, misbehaviour: Misbehaviour) {
        match misbehaviour {
            Misbehaviour::Drop { every } => self.drop = Some(every),
            Misbehaviour::Duplicate { every } => self.duplicate = Some(every),
            Misbehaviour::Swap { every } => self.swap = Some(every),
            Misbehaviour::WrongBytes { every } => self.wrong_bytes = Some(every),
            Misbehaviour::WrongOpcode => self.wrong_opcode = true,
            Misbehaviour::EmptyPong => self.empty_pong = true,
            Misbehaviour::Fragments { pieces } => self.fragments = Some(pieces.max(1)),
            Misbehaviour::Split => self.split = true,
            Misbehaviour::Merge => self.merge = true,
            Misbehaviour::SilentConnections { every } => self.silent = Some(every),
            Misbehaviour::WrongAccept => self.wrong_accept = true,
            Misbehaviour::Status(code) => self.opening = Opening::Status(code),
            Misbehaviour::Masked => self.masked = true,
            Misbehaviour::UnaskedExtension => self.unasked_extension = true,
            Misbehaviour::CloseAfter { messages, code } => {
                self.close_after = Some((messages, code));
            }
            Misbehaviour::ResetAfter { messages } => self.reset_after = Some(messages),
            Misbehaviour::NoCloseReply => self.no_close_reply = true,
            Misbehaviour::PingEvery { n } => self.ping = Some(n),
            Misbehaviour::Garbage => self.opening = Opening::Garbage,
            Misbehaviour::SilentAccept => self.opening = Opening::Silence,
            Misbehaviour::AcceptThenClose => self.opening = Opening::Close,
            Misbehaviour::Unasked { every } => self.unasked = Some(every),
            // A server of one room is not bound with it.
            Misbehaviour::CrossRoom { .. } | Misbehaviour::NoAck { .. } => {}
        }
    }
}

impl Answering for FaultInjection {
    type Memory = Memory;

    const VERBATIM: bool = false;

    fn welcome(&mut self) -> Option<Memory> {
        self.connections += 1;
        let memory = Memory {
            silent: hits(self.faults.silent, self.connections),
            // Ones, since a page of zeros need not exist until somebody writes to it.
            _touched: vec![1; self.touch].into_boxed_slice(),
            ..Memory::default()
        };
        (self.faults.opening != Opening::Close).then_some(memory)
    }

    fn upgrade(
        &mut self,
        memory: &mut Memory,
        request: &UpgradeRequest,
        _compression: Option<&AgreedParameters>, // never granted: faults are made of plain frames
        out: &mut FrameBuffer,
    ) -> Next {
        match self.faults.opening {
            Opening::Upgrade | Opening::Close => {}
            Opening::Silence => return Next::Ignore,
            Opening::Garbage => {
                out.push_raw(GARBAGE);
                return Next::Ignore;
            }
            Opening::Status(code) => {
                push_rejection(out, code);
                return Next::Drain;
            }
        }
        let mut answered = request.clone();
        if self.faults.wrong_accept {
            answered.key.push_str("of another client");
        }
        let mut response = FrameBuffer::new();
        push_response(&mut response, &answered, chosen(request));
        let response = response.as_slice();
        if self.faults.unasked_extension {
            // A header goes in before the blank line that ends the head.
            out.push_raw(&response[..response.len() - 2]);
            out.push_raw(b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
        } else {
            out.push_raw(response);
        }
        self.close_if_due(memory, out);
        Next::Continue
    }

    fn message(
        &mut self,
        memory: &mut Memory,
        kind: MessageKind,
        bytes: &[u8],
        out: &mut FrameBuffer,
    ) -> Next {
        self.messages += 1;
        if memory.silent || memory.closing {
            return Next::Continue;
        }
        if self.faults.reset_after == Some(memory.messages) {
            return Next::Reset;
        }
        memory.messages += 1;
        let mut answer = std::mem::take(&mut self.answer);
        answer.clear();
        answer.extend_from_slice(bytes);
        if hits(self.faults.wrong_bytes, self.messages)
            && let Some(last) = answer.last_mut()
        {
            // The lowest bit of the last octet is free in ASCII and in the last octet of any
            // longer character alike, so that text stays UTF-8.
            *last ^= 1;
        }
        self.answer(memory, kind, &answer, out);
        self.answer = answer;
        self.close_if_due(memory, out);
        Next::Continue
    }

    fn ping(&mut self, memory: &mut Memory, payload: &[u8], out: &mut FrameBuffer) {
        if !memory.silent && !memory.closing {
            let mask = self.faults.masked.then_some(MASK);
            out.push_frame(true, OpCode::Pong, mask, &[payload]);
        }
    }

    fn close(&mut self, memory: &mut Memory, code: Option<u16>, out: &mut FrameBuffer) -> Next {
        if self.faults.no_close_reply || memory.silent {
            return Next::Ignore;
        }
        if !memory.closing {
            push_close(out, None, code, "");
        }
        Next::Finish
    }
}

/// True if the n-th is one of each `every`-th.
pub(crate) fn hits(every: Option<u64>, n: u64) -> bool {
    every.is_some_and(|every| n.is_multiple_of(every.max(1)))
}

/// The first octet of a message; zero of an empty one.
fn first(bytes: &[u8]) -> u8 {
    bytes.first().copied().unwrap_or_default()
}

/// Place to split a message in two: in the middle, for text at a character's boundary.
fn middle(kind: MessageKind, bytes: &[u8]) -> usize {
    let mut middle = bytes.len() / 2;
    let is_continuation = |octet: &u8| octet & 0xc0 == 0x80;
    while kind == MessageKind::Text && bytes.get(middle).is_some_and(is_continuation) {
        middle += 1;
    }
    middle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kth_is_the_floor_of_n_over_k() {
        for every in 1..=13 {
            for n in 0..=100_u64 {
                let hit = (1..=n).filter(|&m| hits(Some(every), m)).count() as u64;
                assert_eq!(hit, n / every, "each {every}-th of {n}");
            }
        }
        assert!(!hits(None, 10));
    }

    #[test]
    fn text_is_split_between_characters() {
        for text in ["", "a", "ab", "é", "aé", "éé", "a😀b", "😀"] {
            let at = middle(MessageKind::Text, text.as_bytes());
            assert!(text.is_char_boundary(at), "{text} at {at}");
        }
        assert_eq!(middle(MessageKind::Binary, "😀".as_bytes()), 2);
    }

    #[test]
    fn wrong_bytes_keep_length_and_utf8() {
        let mut fault_injection = FaultInjection::new(&Calibration {
            misbehave: vec![Misbehaviour::WrongBytes { every: 1 }],
            ..Calibration::default()
        });
        let ends = ('\u{20}'..='\u{2fff}')
            .chain('\u{d7a0}'..='\u{e0ff}')
            .chain('😀'..='😿');
        for end in ends {
            let text = format!("x{end}");
            let mut out = FrameBuffer::new();
            fault_injection.message(
                &mut Memory::default(),
                MessageKind::Text,
                text.as_bytes(),
                &mut out,
            );
            let answer = &out.as_slice()[2..];
            assert_eq!(answer.len(), text.len());
            assert_ne!(answer, text.as_bytes());
            assert!(str::from_utf8(answer).is_ok(), "{end:?}");
        }
    }
}
