//! One connection as an engine over the kernel holds it: a socket, the tunnel that a proxy opens on
//! it, and TLS within, where those were asked for.
//!
//! How it is waited for is the engine's affair; what the bytes mean is nobody's here.

use std::io::{self, ErrorKind, Read, Write};

use wsbench_load::nanos::Nanos;
use wsbench_load::session::{Encrypted, Opened};
use wsbench_stream::Stream;
use wsbench_tls::TlsSession;
use wsbench_wire::proxy::{ProxyError, Tunnel};

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) stream: Stream,
    /// Kept apart, so that a plain line is no larger than its socket.
    seal: Option<Box<Seal>>,
    /// While the proxy has not opened it.
    tunnel: Option<Box<Digging>>,
}

#[derive(Debug)]
struct Seal {
    tls: TlsSession,
    /// When what is below was there: TCP, or the tunnel.
    begun: Option<Begun>,
}

/// What is below TLS is there.
#[derive(Clone, Copy, Debug)]
struct Begun {
    tcp_at: Nanos,
    proxy_took: Option<Nanos>,
    at: Nanos,
}

/// A tunnel that is being opened.
#[derive(Debug)]
struct Digging {
    tunnel: Tunnel,
    tcp_at: Option<Nanos>,
}

impl Line {
    /// A line whose connect call has been made; through a proxy or not, to be encrypted or not.
    pub(crate) fn new(stream: Stream, tunnel: Option<Tunnel>, tls: Option<TlsSession>) -> Self {
        Self {
            stream,
            seal: tls.map(|tls| Box::new(Seal { tls, begun: None })),
            tunnel: tunnel.map(|tunnel| {
                Box::new(Digging {
                    tunnel,
                    tcp_at: None,
                })
            }),
        }
    }

    /// How it came about, once it is established; `None` while it is not.
    ///
    /// # Errors
    /// TCP, the proxy or TLS failed.
    pub(crate) fn established(&mut self, now: impl Fn() -> Nanos) -> io::Result<Option<Opened>> {
        let known = self.seal.as_ref().and_then(|seal| seal.begun);
        let begun = match known {
            Some(begun) => begun,
            None => match self.begun(&now)? {
                Some(begun) => begun,
                None => return Ok(None),
            },
        };
        let Begun {
            tcp_at, proxy_took, ..
        } = begun;
        let Some(seal) = &mut self.seal else {
            return Ok(Some(Opened {
                tcp_at: Some(tcp_at),
                proxy_took,
                tls: None,
            }));
        };
        seal.begun = Some(begun);
        if !seal.tls.shake_hands(&mut self.stream)? {
            return Ok(None);
        }
        let tls = Encrypted {
            took: now() - begun.at,
            agreed: seal.tls.agreed().unwrap_or_default(),
        };
        Ok(Some(Opened {
            tcp_at: Some(tcp_at),
            proxy_took,
            tls: Some(tls),
        }))
    }

    /// Whether TCP is established, and the tunnel open where there is a proxy.
    fn begun(&mut self, now: impl Fn() -> Nanos) -> io::Result<Option<Begun>> {
        let Some(digging) = &mut self.tunnel else {
            return Ok(self.stream.is_connected()?.then(|| {
                let tcp_at = now();
                Begun {
                    tcp_at,
                    proxy_took: None,
                    at: tcp_at,
                }
            }));
        };
        let tcp_at = match digging.tcp_at {
            Some(tcp_at) => tcp_at,
            None => match self.stream.is_connected() {
                Ok(true) => *digging.tcp_at.insert(now()),
                Ok(false) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    return Err(io::Error::other(ProxyError::Refused));
                }
                Err(error) => return Err(error),
            },
        };
        if !open(&mut digging.tunnel, &mut self.stream)? {
            return Ok(None);
        }
        self.tunnel = None;
        let at = now();
        Ok(Some(Begun {
            tcp_at,
            proxy_took: Some(at - tcp_at),
            at,
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

    /// Whether the end of the stream has come behind what was read last, without the socket's: TLS
    /// has a farewell of its own.
    #[inline]
    pub(crate) const fn has_ended(&self) -> bool {
        match &self.seal {
            None => false,
            Some(seal) => seal.tls.has_ended(),
        }
    }

    /// The socket takes bytes again: writes what TLS has waiting. A failure shows at the next read.
    pub(crate) fn flush(&mut self) {
        // Before TCP is established a write would take the connect call's error, and nobody told.
        if let Some(seal) = &mut self.seal
            && seal.begun.is_some()
        {
            let _ = seal.tls.flush(&mut self.stream);
        }
    }

    /// Says what there is to be said at the end of TLS, before the socket is closed.
    pub(crate) fn farewell(&mut self) {
        if let Some(seal) = &mut self.seal
            && seal.begun.is_some()
        {
            seal.tls.farewell(&mut self.stream);
        }
    }
}

/// Goes on with the opening of a tunnel as far as the socket lets it; says whether it is open.
///
/// # Errors
/// The socket failed, or the proxy: the latter is a [`ProxyError`] within.
pub(crate) fn open(tunnel: &mut Tunnel, socket: &mut (impl Read + Write)) -> io::Result<bool> {
    let mut buffer = [0; 1024];
    loop {
        while !tunnel.pending().is_empty() {
            match socket.write(tunnel.pending()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => tunnel.wrote(len),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if tunnel.is_open() {
            return Ok(true);
        }
        match socket.read(&mut buffer) {
            Ok(0) => return Err(io::Error::other(ProxyError::Cut)),
            Ok(len) => tunnel.on_bytes(&buffer[..len]).map_err(io::Error::other)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Err(io::Error::other(ProxyError::Cut));
            }
            Err(error) => return Err(error),
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
