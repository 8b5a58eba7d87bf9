//! One connection as an engine over the kernel holds it: a socket, and TLS on it where that was
//! asked for.
//!
//! How it is waited for is the engine's affair; what the bytes mean is nobody's here.

use std::io::{self, Read, Write};

use wsbench_load::nanos::Nanos;
use wsbench_load::session::{Encrypted, Opened};
use wsbench_stream::Stream;
use wsbench_tls::TlsSession;

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) stream: Stream,
    /// Kept apart, so that a plain line is no larger than its socket.
    seal: Option<Box<Seal>>,
}

#[derive(Debug)]
struct Seal {
    tls: TlsSession,
    tcp_at: Option<Nanos>,
}

impl Line {
    /// A line whose connect call has been made; to be encrypted, or not.
    pub(crate) fn new(stream: Stream, tls: Option<TlsSession>) -> Self {
        let seal = tls.map(|tls| Box::new(Seal { tls, tcp_at: None }));
        Self { stream, seal }
    }

    /// How it came about, once it is established; `None` while it is not.
    ///
    /// # Errors
    /// TCP or TLS failed.
    pub(crate) fn established(&mut self, now: impl Fn() -> Nanos) -> io::Result<Option<Opened>> {
        let known = self.seal.as_ref().and_then(|seal| seal.tcp_at);
        let tcp_at = match known {
            Some(tcp_at) => tcp_at,
            None if self.stream.is_connected()? => now(),
            None => return Ok(None),
        };
        let Some(seal) = &mut self.seal else {
            return Ok(Some(Opened { tcp_at, tls: None }));
        };
        seal.tcp_at = Some(tcp_at);
        if !seal.tls.shake_hands(&mut self.stream)? {
            return Ok(None);
        }
        let tls = Encrypted {
            took: now() - tcp_at,
            agreed: seal.tls.agreed().unwrap_or_default(),
        };
        Ok(Some(Opened {
            tcp_at,
            tls: Some(tls),
        }))
    }

    /// Writes what the line takes.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing now; others are final.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.seal {
            None => self.stream.write(bytes),
            Some(seal) => seal.tls.write(&mut self.stream, bytes),
        }
    }

    /// Reads by way of `read`, which reads the socket itself: until the buffer is full or the
    /// socket is empty, where it is encrypted.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there now; others are final.
    #[inline]
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        mut read: impl FnMut(&Stream, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        match &mut self.seal {
            None => read(&self.stream, buffer),
            Some(seal) => {
                let mut way = Way {
                    stream: &self.stream,
                    read,
                };
                seal.tls.read(&mut way, buffer)
            }
        }
    }

    /// The socket takes bytes again: writes what TLS has waiting. A failure shows at the next read.
    pub(crate) fn flush(&mut self) {
        // Before TCP is established a write would take the connect call's error, and nobody told.
        if let Some(seal) = &mut self.seal
            && seal.tcp_at.is_some()
        {
            let _ = seal.tls.flush(&mut self.stream);
        }
    }

    /// Says what there is to be said at the end of TLS, before the socket is closed.
    pub(crate) fn farewell(&mut self) {
        if let Some(seal) = &mut self.seal
            && seal.tcp_at.is_some()
        {
            seal.tls.farewell(&mut self.stream);
        }
    }
}

/// The socket as TLS reads and writes it.
struct Way<'a, R> {
    stream: &'a Stream,
    read: R,
}

impl<R: FnMut(&Stream, &mut [u8]) -> io::Result<usize>> Read for Way<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.read)(self.stream, buffer)
    }
}

impl<R> Write for Way<'_, R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &*self.stream).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
