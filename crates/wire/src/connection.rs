//! One end of a WebSocket connection after the handshake, receiving (RFC 6455 section 5).
//!
//! A [`Connection`] is given what was read and yields what it means: pieces of messages, pings,
//! pongs, the close. It keeps no message: a piece is a view into the caller's read buffer, and only
//! an unfinished header, an unfinished control frame and an unfinished UTF-8 character survive a
//! read. It does not answer: what to send, and when, is the caller's affair.

use std::mem;

use crate::close::is_valid_close_code;
use crate::error::ProtocolError;
use crate::frame::{FrameHeader, MAX_CONTROL, RSV1};
use crate::mask::{MaskKey, mask_in_place};
use crate::opcode::OpCode;
use crate::utf8::{Checker, is_utf8};

/// End of the connection that this is (RFC 6455 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Receives from a server: frames must not be masked.
    Client,
    /// Receives from a client: frames must be masked.
    Server,
}

/// Kind of a message (RFC 6455 section 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Arbitrary bytes.
    Binary,
}

impl MessageKind {
    /// The opcode of the message's first frame.
    #[inline]
    #[must_use]
    pub const fn opcode(self) -> OpCode {
        match self {
            Self::Text => OpCode::Text,
            Self::Binary => OpCode::Binary,
        }
    }
}

/// Party that sees to it that text is UTF-8 (RFC 6455 section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf8 {
    /// The connection: it fails at the first octet that cannot be UTF-8.
    Check,
    /// The caller, who compares the bytes with what it knows to be UTF-8.
    Skip,
}

/// Limits of what the receiver is willing to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the longest message, over all its fragments.
    pub max_message: u64,
}

/// Event that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A piece of a message, unmasked. A message that came whole, in one frame and one read, is
    /// one piece that is first and last. A piece is empty only when it is the last: of an empty
    /// message, or of one that ends with an empty fragment.
    Data {
        /// Text or binary, the same for all pieces of a message.
        kind: MessageKind,
        /// The octets, in the buffer that was given to [`Connection::receive`].
        bytes: &'a [u8],
        /// The message begins with this piece.
        first: bool,
        /// The message ends with this piece.
        last: bool,
    },
    /// A piece of a compressed message, unmasked and as it came: to be given to
    /// [`Codec::inflate`](crate::deflate::Codec::inflate), which also checks text. Comes only after
    /// [`Connection::allow_compression`].
    Deflated {
        /// Text or binary, the same for all pieces of a message.
        kind: MessageKind,
        /// The octets, in the buffer that was given to [`Connection::receive`].
        bytes: &'a [u8],
        /// The message ends with this piece.
        last: bool,
    },
    /// A ping; its payload is [`Connection::control`], to be sent back in a pong.
    Ping,
    /// A pong; its payload is [`Connection::control`].
    Pong,
    /// The peer closes. The reason is [`Connection::close_reason`]; what follows is ignored.
    Close {
        /// The code; `None` when the body was empty (section 7.1.5 calls that 1005).
        code: Option<u16>,
    },
}

/// The receiving half of one connection: 64 bytes, no memory of its own before the first control
/// frame that has a payload, 125 bytes from then on.
///
/// ```
/// use wsbench_wire::connection::{Connection, Event, Limits, Endpoint, Utf8};
/// let limits = Limits { max_message: 1 << 20 };
/// let mut connection = Connection::new(Endpoint::Client, limits, Utf8::Check);
/// let mut received = *b"\x89\x02hi";
/// let mut input = &mut received[..];
/// while let Some(event) = connection.receive(&mut input).unwrap() {
///     assert_eq!(event, Event::Ping);
///     assert_eq!(connection.control(), b"hi");
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Connection {
    /// Octets of the present frame's payload that are still to come.
    remaining: u64,
    /// Octets of the present message announced so far, over all its fragments.
    message_len: u64,
    max_message: u64,
    /// Payload of the latest control frame.
    control: Option<Box<[u8; MAX_CONTROL]>>,
    control_len: u8,
    /// The front of a header that a read cut: at least its last octet is missing.
    partial: [u8; FrameHeader::MAX_LEN - 1],
    partial_len: u8,
    /// Turned after each piece, so that it applies to the next octet.
    mask: Option<MaskKey>,
    /// Between messages it is complete: one that was not has ended the connection.
    text: Checker,
    fin: bool,
    role: Endpoint,
    utf8: Utf8,
    state: State,
    message: Option<MessageKind>,
    /// The message under way has not had a piece yet.
    at_first: bool,
    compression: Compression,
}

/// Compression of messages: whether they may be compressed, and whether the one under way is (RFC
/// 7692 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    /// Not agreed upon.
    Refused,
    /// Agreed upon; the present message is not compressed.
    Allowed,
    /// The present message is compressed.
    Present,
}

/// Place of the connection in the stream of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A header comes next.
    Header,
    /// Inside a text, binary or continuation frame.
    Data,
    /// Inside a control frame.
    Control(OpCode),
    /// A close was received, or the peer broke the protocol: the rest is ignored.
    Ended,
}

impl Connection {
    /// A connection right after the handshake.
    #[must_use]
    pub const fn new(role: Endpoint, limits: Limits, utf8: Utf8) -> Self {
        Self {
            remaining: 0,
            message_len: 0,
            max_message: limits.max_message,
            control: None,
            control_len: 0,
            partial: [0; FrameHeader::MAX_LEN - 1],
            partial_len: 0,
            mask: None,
            text: Checker::new(),
            fin: false,
            role,
            utf8,
            state: State::Header,
            message: None,
            at_first: false,
            compression: Compression::Refused,
        }
    }

    /// Compressed messages are taken from now on: permessage-deflate was agreed upon (RFC 7692).
    pub const fn allow_compression(&mut self) {
        self.compression = Compression::Allowed;
    }

    /// Yields the next event and moves `input` behind what it consumed. Call again until
    /// `Ok(None)`, which means that all of `input` is used up; then read more.
    ///
    /// Masked payloads are unmasked where they lie. What follows a close frame is ignored
    /// (section 5.5.1).
    ///
    /// # Errors
    /// The peer broke the protocol: fail the connection with [`ProtocolError::close_code`]. What
    /// follows is ignored.
    #[inline]
    pub fn receive<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        if input.is_empty() {
            return Ok(None);
        }
        let event = match self.take_whole_message(input) {
            Ok(None) => self.advance(input),
            whole => whole,
        };
        if event.is_err() {
            self.state = State::Ended;
        }
        event
    }

    /// The payload of the latest ping or pong; after a close, its whole body. Valid until the next
    /// call of [`Connection::receive`].
    #[must_use]
    pub fn control(&self) -> &[u8] {
        match &self.control {
            Some(payload) => &payload[..usize::from(self.control_len)],
            None => &[],
        }
    }

    /// The reason that the peer gave in its close frame; empty when it gave none or none came.
    #[must_use]
    pub fn close_reason(&self) -> &str {
        match (self.state, self.control().get(2..)) {
            (State::Ended, Some(reason)) => str::from_utf8(reason).unwrap_or_default(),
            _ => "",
        }
    }

    /// True if a message has begun and not ended: its header, or a part of it, is here.
    #[must_use]
    pub const fn is_receiving_message(&self) -> bool {
        self.message.is_some()
    }

    /// True if whole messages may be taken off the input before it is received: none is under way, nor any
    /// frame, and the peer has not closed.
    #[inline]
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.state == State::Header && self.partial_len == 0 && self.message.is_none()
    }

    /// True if a part of a frame or of a message is here: an end of the stream now would cut it.
    #[must_use]
    pub const fn is_mid_frame(&self) -> bool {
        self.partial_len > 0 || matches!(self.state, State::Data | State::Control(_))
    }

    /// A message that is here whole, in one frame, with nothing before it: nearly all there are.
    /// Yields just what the general way would, which sees to every other case (and to what is
    /// wrong), but touches no state.
    #[inline]
    fn take_whole_message<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        let kind = match input.first() {
            Some(0x81) => MessageKind::Text,
            Some(0x82) => MessageKind::Binary,
            _ => return Ok(None),
        };
        let (key, start, len) = match **input {
            // The shortest headers, without a mask and with one.
            [_, len @ ..126, ..] => (None, 2, u64::from(len)),
            [_, len @ 0x80..0xfe, a, b, c, d, ..] => {
                (Some(MaskKey([a, b, c, d])), 6, u64::from(len & 0x7f))
            }
            _ => match FrameHeader::parse(input) {
                Ok(Some((header, start))) => (header.mask, start, header.len),
                _ => return Ok(None),
            },
        };
        let by_role = key.is_some() == (self.role == Endpoint::Server);
        let whole = len <= (input.len() - start) as u64 && len <= self.max_message;
        if !(self.is_between_messages() && by_role && whole) {
            return Ok(None);
        }
        let bytes = &mut take(input, start + len as usize)[start..];
        if let Some(key) = key {
            mask_in_place(key, 0, bytes);
        }
        if kind == MessageKind::Text && self.utf8 == Utf8::Check && !is_utf8(bytes) {
            return Err(ProtocolError::InvalidUtf8);
        }
        Ok(Some(Event::Data {
            kind,
            bytes,
            first: true,
            last: true,
        }))
    }

    /// The general way: header by header, piece by piece.
    fn advance<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        loop {
            let event = match self.state {
                State::Header => {
                    let Some(header) = self.take_header(input)? else {
                        return Ok(None);
                    };
                    self.begin_frame(header)?;
                    continue;
                }
                State::Data => self.take_data(input)?,
                State::Control(opcode) => self.take_control(opcode, input)?,
                State::Ended => {
                    *input = &mut [];
                    None
                }
            };
            if event.is_some() || input.is_empty() {
                return Ok(event);
            }
        }
    }

    /// The next header, or `None` when the input ends before it does.
    #[inline]
    fn take_header(&mut self, input: &mut &mut [u8]) -> Result<Option<FrameHeader>, ProtocolError> {
        if self.partial_len > 0 {
            return self.complete_header(input);
        }
        if let Some((header, len)) = FrameHeader::parse(input)? {
            take(input, len);
            return Ok(Some(header));
        }
        self.partial[..input.len()].copy_from_slice(input);
        self.partial_len = input.len() as u8;
        take(input, usize::MAX);
        Ok(None)
    }

    /// The same when an earlier read ended inside the header.
    #[cold]
    fn complete_header(
        &mut self,
        input: &mut &mut [u8],
    ) -> Result<Option<FrameHeader>, ProtocolError> {
        let have = usize::from(self.partial_len);
        let more = input.len().min(FrameHeader::MAX_LEN - have);
        let mut joined = [0; FrameHeader::MAX_LEN];
        joined[..have].copy_from_slice(&self.partial[..have]);
        joined[have..have + more].copy_from_slice(&input[..more]);
        let Some((header, len)) = FrameHeader::parse(&joined[..have + more])? else {
            self.partial[..have + more].copy_from_slice(&joined[..have + more]);
            self.partial_len += more as u8;
            take(input, more);
            return Ok(None);
        };
        self.partial_len = 0;
        take(input, len - have);
        Ok(Some(header))
    }

    /// Judges a header against the connection (sections 5.1, 5.2, 5.4) and enters its frame.
    #[inline]
    fn begin_frame(&mut self, header: FrameHeader) -> Result<(), ProtocolError> {
        if header.rsv != 0 || self.compression != Compression::Refused {
            self.judge_reserved(header)?;
        }
        match (self.role, header.mask) {
            (Endpoint::Client, Some(_)) => return Err(ProtocolError::MaskedByServer),
            (Endpoint::Server, None) => return Err(ProtocolError::UnmaskedByClient),
            _ => {}
        }
        self.state = State::Data;
        match (header.opcode, self.message) {
            (OpCode::Continuation, None) => return Err(ProtocolError::UnexpectedContinuation),
            (OpCode::Continuation, Some(_)) => {}
            (OpCode::Text, None) => self.begin_message(MessageKind::Text),
            (OpCode::Binary, None) => self.begin_message(MessageKind::Binary),
            (OpCode::Text | OpCode::Binary, Some(_)) => {
                return Err(ProtocolError::InterleavedMessage);
            }
            (control, _) => {
                self.state = State::Control(control);
                self.control_len = 0;
            }
        }
        if self.state == State::Data {
            // Both are below 2^63: one by the header's rule, the other by this very check, unless
            // the limit is above it, where saturation is as good as infinity.
            self.message_len = self.message_len.saturating_add(header.len);
            if self.message_len > self.max_message && !self.may_swell() {
                let limit = self.max_message;
                return Err(ProtocolError::MessageTooLong { limit });
            }
            self.fin = header.fin;
        }
        self.remaining = header.len;
        self.mask = header.mask;
        Ok(())
    }

    #[inline]
    fn begin_message(&mut self, kind: MessageKind) {
        self.message = Some(kind);
        self.message_len = 0;
        self.at_first = true;
    }

    /// RSV1 marks the first frame of a compressed message, where that was agreed upon, and must be
    /// on no other frame (RFC 7692 section 6).
    #[cold]
    fn judge_reserved(&mut self, header: FrameHeader) -> Result<(), ProtocolError> {
        let begins_message = matches!(header.opcode, OpCode::Text | OpCode::Binary);
        match header.rsv {
            0 if begins_message => self.compression = Compression::Allowed,
            0 => {}
            RSV1 if begins_message && self.compression != Compression::Refused => {
                self.compression = Compression::Present;
            }
            rsv => return Err(ProtocolError::ReservedBits(rsv)),
        }
        Ok(())
    }

    /// True if the message is longer than the limit only because what cannot be compressed grows
    /// by the headers of its blocks; the codec holds it to the limit proper.
    #[cold]
    fn may_swell(&self) -> bool {
        let most = self.max_message.saturating_add(self.max_message >> 10);
        self.compression == Compression::Present && self.message_len <= most.saturating_add(64)
    }

    /// As much of the present data frame as is here; `None` when that makes no piece.
    #[inline]
    fn take_data<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        let bytes = self.take_payload(input);
        let ends_frame = self.remaining == 0;
        if ends_frame {
            self.state = State::Header;
        }
        let last = ends_frame && self.fin;
        if bytes.is_empty() && !last {
            return Ok(None);
        }
        let kind = self
            .message
            .expect("a data frame is entered only with a message under way");
        if self.compression == Compression::Present {
            if last {
                self.message = None;
            }
            return Ok(Some(Event::Deflated { kind, bytes, last }));
        }
        if kind == MessageKind::Text && self.utf8 == Utf8::Check {
            self.text
                .push(bytes)
                .map_err(|_| ProtocolError::InvalidUtf8)?;
            if last && !self.text.is_complete() {
                return Err(ProtocolError::InvalidUtf8);
            }
        }
        let first = mem::replace(&mut self.at_first, false);
        if last {
            self.message = None;
        }
        Ok(Some(Event::Data {
            kind,
            bytes,
            first,
            last,
        }))
    }

    /// The present control frame, once all of it is here.
    fn take_control<'a>(
        &mut self,
        opcode: OpCode,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        let bytes = self.take_payload(input);
        if !bytes.is_empty() {
            let payload = self
                .control
                .get_or_insert_with(|| Box::new([0; MAX_CONTROL]));
            let start = usize::from(self.control_len);
            payload[start..start + bytes.len()].copy_from_slice(bytes);
            self.control_len += bytes.len() as u8;
        }
        if self.remaining > 0 {
            return Ok(None);
        }
        self.state = State::Header;
        match opcode {
            OpCode::Ping => Ok(Some(Event::Ping)),
            OpCode::Pong => Ok(Some(Event::Pong)),
            _ => {
                let code = parse_close(self.control())?;
                self.state = State::Ended;
                Ok(Some(Event::Close { code }))
            }
        }
    }

    /// Takes what is here of the present frame's payload off the input, unmasked.
    #[inline]
    fn take_payload<'a>(&mut self, input: &mut &'a mut [u8]) -> &'a [u8] {
        let count = usize::try_from(self.remaining).unwrap_or(usize::MAX);
        let bytes = take(input, count);
        self.remaining -= bytes.len() as u64;
        if let Some(key) = self.mask {
            mask_in_place(key, 0, bytes);
            self.mask = Some(key.rotated(bytes.len()));
        }
        bytes
    }
}

/// Takes up to `count` octets off the front of `input`.
#[inline]
fn take<'a>(input: &mut &'a mut [u8], count: usize) -> &'a mut [u8] {
    let all = mem::take(input);
    let (front, rest) = all.split_at_mut(count.min(all.len()));
    *input = rest;
    front
}

/// The code in the body of a close frame (sections 5.5.1 and 7.4).
fn parse_close(body: &[u8]) -> Result<Option<u16>, ProtocolError> {
    let (code, reason) = match body {
        [] => return Ok(None),
        [_] => return Err(ProtocolError::ShortCloseBody),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !is_valid_close_code(code) {
        return Err(ProtocolError::InvalidCloseCode(code));
    }
    if str::from_utf8(reason).is_err() {
        return Err(ProtocolError::InvalidCloseReason);
    }
    Ok(Some(code))
}
