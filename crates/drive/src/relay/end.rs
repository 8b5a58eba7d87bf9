//! One end of a connection that is passed on: what it says, and what waits to be said to it.

use std::io::{self, ErrorKind, Read as _};

use mio::{Interest, Registry, Token};
use wsbench_transport::link::Link;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

/// Octets that wait for one end, beyond which the other is not read.
const HIGH_WATER: usize = 1 << 20;
/// Octets of the longest message that is passed on.
const MAX_MESSAGE: u64 = 256 << 20;
/// Reads of one turn that are passed over.
const MOST_PASSED_OVER: usize = 256;
/// All sockets share a token: whatever is ready, each connection is looked at.
const ANY: Token = Token(1);

/// One end.
#[derive(Debug)]
pub(super) struct RelayEnd {
    link: Link,
    wire: Connection,
    out: FrameBuffer,
    /// The message under way.
    message: Vec<u8>,
    /// It has said that it closes.
    pub(super) has_closed: bool,
    /// True of a server, to which everything is sent masked.
    is_masked: bool,
    /// It has been told that no more comes.
    is_let_go: bool,
}

/// Something that an end has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameWord {
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

/// Outcome of a read.
pub(super) enum Got {
    /// So many octets.
    Octets(usize),
    /// Nothing now.
    Nothing,
    /// The end of the stream, in order or not.
    RelayEnd,
}

/// Has the socket of `link` waited for.
pub(super) fn register(link: &mut Link, registry: &Registry) -> io::Result<()> {
    registry.register(link.stream(), ANY, Interest::READABLE | Interest::WRITABLE)
}

impl RelayEnd {
    /// An end as the relay sees it, which is a server to clients and a client to servers.
    pub(super) fn new(link: Link, role: Endpoint) -> Self {
        let limits = Limits {
            max_message: MAX_MESSAGE,
        };
        Self {
            link,
            // Text that is none is the other end's affair.
            wire: Connection::new(role, limits, Utf8::Skip),
            out: FrameBuffer::new(),
            message: Vec::new(),
            has_closed: false,
            is_masked: role == Endpoint::Client,
            is_let_go: false,
        }
    }

    pub(super) const fn out(&mut self) -> &mut FrameBuffer {
        &mut self.out
    }

    /// True if there is room for more.
    pub(super) const fn has_room(&self) -> bool {
        self.out.len() < HIGH_WATER
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Got {
        loop {
            let read = self
                .link
                .read(buffer, |mut stream, buffer| stream.read(buffer));
            return match read {
                Ok(0) => Got::RelayEnd,
                Ok(len) => Got::Octets(len),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Got::Nothing,
                Err(_) => Got::RelayEnd,
            };
        }
    }

    /// Writes what waits; says whether all of it is written.
    ///
    /// # Errors
    /// The socket failed.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        self.link.flush()?;
        while !self.out.is_empty() {
            match self.link.write(self.out.as_slice()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => self.out.consume(len),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(self.is_written())
    }

    /// True once nothing waits for it, neither here nor within TLS.
    pub(super) fn is_written(&self) -> bool {
        self.out.is_empty() && !self.link.has_unsent()
    }

    /// Writes what waits, says that no more comes, and passes over what it still says: a socket that
    /// is closed with something unread in it takes back what was written. True once it has gone as well.
    pub(super) fn let_go(&mut self) -> bool {
        match self.flush() {
            Ok(true) => {}
            Ok(false) => return false,
            Err(_) => return true,
        }
        if !self.is_let_go {
            self.is_let_go = true;
            if self.link.shut_down().is_err() {
                return true;
            }
        }
        let mut buffer = [0; 4096];
        for _ in 0..MOST_PASSED_OVER {
            match self.read(&mut buffer) {
                Got::Octets(_) => {}
                Got::Nothing => return false,
                Got::RelayEnd => return true,
            }
        }
        false
    }

    /// Reads what it has said out of `bytes`.
    ///
    /// # Errors
    /// It broke the protocol; what it said before stands in `words`.
    pub(super) fn hear(
        &mut self,
        bytes: &mut [u8],
        words: &mut Vec<FrameWord>,
    ) -> Result<(), ProtocolError> {
        let mut input = bytes;
        loop {
            let word = match self.wire.receive(&mut input)? {
                None => return Ok(()),
                Some(Event::Data {
                    kind, bytes, last, ..
                }) => {
                    self.message.extend_from_slice(bytes);
                    if !last {
                        continue;
                    }
                    FrameWord::Message(kind, std::mem::take(&mut self.message))
                }
                Some(Event::Ping) => FrameWord::Ping(self.wire.control().to_vec()),
                Some(Event::Pong) => FrameWord::Pong(self.wire.control().to_vec()),
                Some(Event::Close { code }) => {
                    self.has_closed = true;
                    FrameWord::Close(code, self.wire.close_reason().to_owned())
                }
                // Nothing is packed, for that was offered to nobody.
                Some(_) => continue,
            };
            words.push(word);
        }
    }

    /// Puts something that the other end has said behind what waits for it.
    pub(super) fn say(&mut self, word: &FrameWord) {
        let mask = self.mask();
        match word {
            FrameWord::Message(kind, bytes) => {
                self.out.push_frame(true, kind.opcode(), mask, &[bytes]);
            }
            FrameWord::Ping(bytes) => self.out.push_frame(true, OpCode::Ping, mask, &[bytes]),
            FrameWord::Pong(bytes) => self.out.push_frame(true, OpCode::Pong, mask, &[bytes]),
            FrameWord::Close(code, reason) => push_close(&mut self.out, mask, *code, reason),
        }
    }

    fn mask(&self) -> Option<MaskKey> {
        self.is_masked
            .then(|| MaskKey(fastrand::u32(..).to_ne_bytes()))
    }
}
