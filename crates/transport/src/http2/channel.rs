//! A WebSocket on a carrier from its first octet on, as whoever speaks over it sees it: a connection
//! of HTTP/1.1 that does not block.

use std::io::{self, ErrorKind};

use super::{Carrier, Socket};

/// End of the head of a request.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// One WebSocket. Its stream is opened once the head of its opening handshake is whole.
#[derive(Debug)]
pub enum Channel {
    /// The head of the opening handshake, as far as it was written.
    Asking(Vec<u8>),
    /// The stream is there.
    Open(Socket),
}

impl Channel {
    /// One over which nothing has been said.
    #[must_use]
    pub const fn new() -> Self {
        Self::Asking(Vec::new())
    }

    /// Writes what the carrier takes, which has its turn afterwards. `number` is the socket's, as in
    /// [`Carrier::open`].
    ///
    /// # Errors
    /// As of [`Socket::write`]; and the head cannot be put into a request.
    pub fn write(
        &mut self,
        bytes: &[u8],
        carrier: &mut Carrier,
        number: usize,
        is_secure: bool,
    ) -> io::Result<usize> {
        match self {
            Self::Asking(head) => {
                head.extend_from_slice(bytes);
                if head.ends_with(BLANK_LINE) {
                    let socket = carrier.open(number, head, is_secure);
                    *self = Self::Open(socket.map_err(io::Error::other)?);
                }
                Ok(bytes.len())
            }
            Self::Open(socket) => socket.write(bytes),
        }
    }

    /// Reads as [`Socket::read`] does; nothing is there before the stream is.
    ///
    /// # Errors
    /// As of [`Socket::read`].
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Asking(_) => Err(ErrorKind::WouldBlock.into()),
            Self::Open(socket) => socket.read(buffer),
        }
    }

    /// True if the end can be read and nobody is rung for it ([`Socket::has_ended`]).
    #[must_use]
    pub fn has_ended(&self) -> bool {
        match self {
            Self::Asking(_) => false,
            Self::Open(socket) => socket.has_ended(),
        }
    }

    /// Ends it, as [`Socket::close`] does.
    pub fn close(self) {
        if let Self::Open(socket) = self {
            socket.close();
        }
    }
}

impl Default for Channel {
    fn default() -> Self {
        Self::new()
    }
}
