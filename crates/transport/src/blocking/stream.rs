//! One WebSocket on an HTTP/2 connection that carries no other.

use std::io::{self, ErrorKind, Read as _};

use crate::http2::{Carrier, CarrierStanding, Channel, Http2Error};
use crate::link::Link;

/// Octets read from the link at a time.
const READ_AT_MOST: usize = 64 * 1024;
/// Reads of the link in a row, before what they brought is looked at.
const READS_IN_A_ROW: usize = 16;
/// The number by which the carrier calls its only socket.
const ONLY: usize = 0;

/// The WebSocket and its connection.
#[derive(Debug)]
pub(super) struct OnCarrier {
    link: Link,
    carrier: Carrier,
    channel: Channel,
    is_secure: bool,
    /// The link refused what the carrier had for it.
    has_unsent: bool,
    buffer: Box<[u8]>,
}

impl OnCarrier {
    /// A connection on which HTTP/2 has not begun.
    pub(super) fn new(link: Link, is_secure: bool) -> Self {
        Self {
            link,
            carrier: Carrier::new(),
            channel: Channel::new(),
            is_secure,
            has_unsent: true,
            buffer: vec![0; READ_AT_MOST].into(),
        }
    }

    /// Goes on until the server's settings are there; says whether they are.
    pub(super) fn is_settled(&mut self) -> io::Result<bool> {
        loop {
            let has_more = self.receive()?;
            match self.carrier.standing() {
                CarrierStanding::Up => return Ok(true),
                CarrierStanding::Over(error) => return Err(io::Error::other(error.clone())),
                CarrierStanding::Settling if has_more => {}
                CarrierStanding::Settling => return Ok(false),
            }
        }
    }

    /// Gives the carrier what has come, and its turn; says whether there may be more.
    fn receive(&mut self) -> io::Result<bool> {
        let mut has_more = true;
        for _ in 0..READS_IN_A_ROW {
            let read = self
                .link
                .read(&mut self.buffer, |mut stream, buffer| stream.read(buffer));
            match read {
                Ok(0) => self.carrier.end(),
                Ok(len) => {
                    self.carrier.receive(&self.buffer[..len]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            has_more = false;
            break;
        }
        self.turn()?;
        if self.carrier.is_flooded() {
            let words = "it sends more than anybody has asked for".to_owned();
            return Err(io::Error::other(Http2Error::Violation(words)));
        }
        Ok(has_more)
    }

    /// Lets the carrier do what there is to do, and sends what comes of it.
    fn turn(&mut self) -> io::Result<()> {
        self.carrier.turn();
        let sent = self.carrier.send(|bytes| self.link.write(bytes));
        self.has_unsent = sent.is_err();
        match sent {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads what is there.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let received = self.receive();
        let read = self.channel.read(buffer);
        if self.carrier.wants_turn() {
            let _ = self.turn(); // a failure shows at the next read
        }
        let error = match read {
            Ok(len) => return Ok(len),
            Err(error) => error,
        };
        let is_cut = |error: &io::Error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            inner == Some(&Http2Error::Cut)
        };
        match received {
            // The end of TCP is the end of what is on it, as it would be without HTTP/2.
            _ if is_cut(&error) => Ok(0),
            _ if error.kind() != ErrorKind::WouldBlock => Err(error),
            Err(error) => Err(error),
            Ok(true) => Err(ErrorKind::Interrupted.into()),
            Ok(false) => match self.carrier.standing() {
                CarrierStanding::Over(Http2Error::Cut) => Ok(0),
                CarrierStanding::Over(over) => Err(io::Error::other(over.clone())),
                CarrierStanding::Settling | CarrierStanding::Up => Err(error),
            },
        }
    }

    /// Writes what the windows of HTTP/2 let through, once what came has been heard.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Windows that were opened again are among what has come.
        let has_more = self.receive()?;
        if let CarrierStanding::Over(error) = self.carrier.standing() {
            return Err(io::Error::other(error.clone()));
        }
        let Self {
            carrier, channel, ..
        } = self;
        match channel.write(bytes, carrier, ONLY, self.is_secure) {
            Ok(written) => self.turn().map(|()| written),
            Err(error) if has_more && error.kind() == ErrorKind::WouldBlock => {
                Err(ErrorKind::Interrupted.into())
            }
            Err(error) => Err(error),
        }
    }

    /// The socket takes bytes again.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.link.flush()?;
        self.turn()
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.has_unsent || self.link.has_unsent()
    }
}

impl Drop for OnCarrier {
    /// Ends the stream, and says so if the socket takes it.
    fn drop(&mut self) {
        std::mem::take(&mut self.channel).close();
        let _ = self.turn();
    }
}
