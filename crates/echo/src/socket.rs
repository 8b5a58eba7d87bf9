//! The socket of one connection, with TLS on it where the server has a certificate.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::Interest;
use rustls::ServerConnection;
use wsbench_stream::Stream;
use wsbench_tls::TlsSession;

use crate::certificate::Seal;

/// The socket of one connection.
pub(crate) struct Socket {
    stream: Stream,
    tls: Option<Box<TlsSession>>,
}

impl Socket {
    /// A connection just accepted; with a seal it is encrypted.
    pub(crate) fn new(stream: Stream, seal: Option<&Seal>) -> io::Result<Self> {
        let tls = seal.map(|seal| {
            ServerConnection::new(seal.config())
                .map(|connection| Box::new(TlsSession::new(connection)))
                .map_err(io::Error::other)
        });
        let tls = tls.transpose()?;
        Ok(Self { stream, tls })
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(crate) fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// What the loop has to listen for when `wanted` is enough for a plain connection: TLS may have
    /// something to write at any time.
    pub(crate) fn interest(&self, wanted: Interest) -> Interest {
        match self.tls {
            None => wanted,
            Some(_) => Interest::READABLE | Interest::WRITABLE,
        }
    }

    /// The socket takes bytes again: writes what TLS has waiting. A failure shows at the next read.
    pub(crate) fn flush_tls(&mut self) {
        if let Some(tls) = &mut self.tls {
            let _ = tls.flush(&mut self.stream);
        }
    }

    /// Ends our half of the connection.
    pub(crate) fn shut_down(&mut self) -> io::Result<()> {
        self.say_farewell();
        self.stream.shutdown(Shutdown::Write)
    }

    fn say_farewell(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.farewell(&mut self.stream);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.say_farewell();
    }
}

impl Read for Socket {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.read(buffer),
            Some(tls) => tls.read(&mut self.stream, buffer),
        }
    }
}

impl Write for Socket {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.write(bytes),
            Some(tls) => tls.write(&mut self.stream, bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
