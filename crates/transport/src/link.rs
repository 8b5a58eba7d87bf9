//! One connection that does not block: a socket, the tunnel that a proxy opens on it, and TLS within,
//! where those were asked for; of either end.
//!
//! How it is waited for is its owner's affair.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use mio::Interest;
use wsbench_wire::proxy::{ProxyError, Tunnel};

use crate::dial::Dialer;
use crate::openings::{Layer, Openings};
use crate::stream::Stream;
use crate::tls::{TlsServer, TlsSession};

/// One connection. Dropped, it says what there is to be said at the end of TLS.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    /// Kept apart, so that a plain link is hardly larger than its socket.
    above: Option<Box<Above>>,
}

/// Layers above the socket.
#[derive(Debug)]
struct Above {
    /// While the proxy has not opened it.
    tunnel: Option<Tunnel>,
    tls: Option<TlsSession>,
    /// The layer that is being made.
    under_way: Layer,
    openings: Openings,
}

impl Link {
    /// Makes the connect call. [`Link::advance`] tells what becomes of it.
    ///
    /// # Errors
    /// The connection could not even be begun: no descriptor, no local port, no route.
    pub fn dial(dialer: &mut Dialer) -> io::Result<Self> {
        let tls = dialer.tls.as_ref().map(|tls| tls.session()).transpose()?;
        let stream = dialer.dial()?;
        let tunnel = dialer.tunnel.clone();
        let above = (tls.is_some() || tunnel.is_some()).then(|| Above {
            tunnel,
            tls,
            under_way: Layer::Connect,
            openings: Openings::default(),
        });
        Ok(Self {
            stream,
            above: above.map(Box::new),
        })
    }

    /// A connection just accepted, encrypted where there is a `server` for that. It can be read at
    /// once: the TLS handshake is made within.
    ///
    /// # Errors
    /// TLS cannot be had as it was configured.
    pub fn accepted(stream: Stream, server: Option<&TlsServer>) -> io::Result<Self> {
        let tls = server.map(TlsServer::session).transpose()?;
        let above = tls.map(|tls| Above {
            tunnel: None,
            tls: Some(tls),
            under_way: Layer::Tls,
            openings: Openings::default(),
        });
        Ok(Self {
            stream,
            above: above.map(Box::new),
        })
    }

    /// The socket below: to register it, to set its options.
    pub const fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Goes on with a connection that was dialled, as far as the socket lets it; by `now` each layer
    /// that is there is timed. All of them once it is complete, and `None` until then.
    ///
    /// # Errors
    /// The connect call, the proxy or TLS failed.
    pub fn advance(&mut self, now: impl Fn() -> Duration) -> io::Result<Option<Openings>> {
        let Some(above) = &mut self.above else {
            return Ok(self.stream.is_connected()?.then(|| {
                let mut openings = Openings::default();
                openings.ended(Layer::Connect, now());
                openings
            }));
        };
        if !above.advance(&mut self.stream, now)? {
            return Ok(None);
        }
        let openings = std::mem::take(&mut above.openings);
        if above.tls.is_none() {
            self.above = None;
        }
        Ok(Some(openings))
    }

    /// The layer that is being made, of a connection that is not complete.
    #[must_use]
    pub fn under_way(&self) -> Layer {
        let above = self.above.as_ref();
        above.map_or(Layer::Connect, |above| above.under_way)
    }

    /// Writes what the connection takes.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing now; others are final.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.above {
            None => self.stream.write(bytes),
            Some(above) => above.tls()?.write(&mut self.stream, bytes),
        }
    }

    /// Reads by way of `raw`, which reads the socket itself: until the buffer is full or the socket
    /// is empty, where it is encrypted. Zero is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there now; others are final.
    #[inline]
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        mut raw: impl FnMut(&Stream, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        match &mut self.above {
            None => raw(&self.stream, buffer),
            Some(above) => {
                let mut socket = Tapped {
                    stream: &self.stream,
                    raw,
                };
                above.tls()?.read(&mut socket, buffer)
            }
        }
    }

    /// True if the end of the stream has come behind what was read last, without the socket's: TLS
    /// has a farewell of its own.
    #[inline]
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let tls = self.above.as_ref().and_then(|above| above.tls.as_ref());
        tls.is_some_and(TlsSession::has_ended)
    }

    /// Interest to listen for where `wanted` is enough for a plain connection: TLS may have
    /// something to write at any time.
    #[must_use]
    pub const fn interest(&self, wanted: Interest) -> Interest {
        match self.above {
            None => wanted,
            Some(_) => wanted.add(Interest::READABLE.add(Interest::WRITABLE)),
        }
    }

    /// The socket takes bytes again: writes what TLS has waiting.
    ///
    /// # Errors
    /// The socket failed, which the next read tells as well.
    pub fn flush(&mut self) -> io::Result<()> {
        match self.above.as_mut().and_then(|above| above.tls_at_work()) {
            None => Ok(()),
            Some(tls) => tls.flush(&mut self.stream),
        }
    }

    /// True if TLS has something waiting for the socket.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        let tls = self.above.as_ref().and_then(|above| above.tls.as_ref());
        tls.is_some_and(TlsSession::has_unsent)
    }

    /// Ends our half of the connection.
    ///
    /// # Errors
    /// What the system says.
    pub fn shut_down(&mut self) -> io::Result<()> {
        self.say_farewell();
        self.stream.shutdown(Shutdown::Write)
    }

    fn say_farewell(&mut self) {
        if let Some(tls) = self.above.as_mut().and_then(|above| above.tls_at_work()) {
            tls.farewell(&mut self.stream);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.say_farewell();
    }
}

impl Above {
    /// Goes on as far as the socket lets it; says whether all layers are there.
    fn advance(&mut self, stream: &mut Stream, now: impl Fn() -> Duration) -> io::Result<bool> {
        loop {
            let is_there = match self.under_way {
                Layer::Connect => self.is_connected(stream)?,
                Layer::Tunnel => match &mut self.tunnel {
                    Some(tunnel) => open(tunnel, stream)?,
                    None => true,
                },
                Layer::Tls => match &mut self.tls {
                    Some(tls) => tls.shake_hands(stream)?,
                    None => true,
                },
                // It is above the link, which never awaits it.
                Layer::Http2 => true,
            };
            if !is_there {
                return Ok(false);
            }
            self.openings.ended(self.under_way, now());
            self.under_way = match self.under_way {
                Layer::Connect if self.tunnel.is_some() => Layer::Tunnel,
                Layer::Connect | Layer::Tunnel if self.tls.is_some() => Layer::Tls,
                Layer::Connect | Layer::Tunnel | Layer::Http2 => return Ok(true),
                Layer::Tls => {
                    self.openings.agreed = self.tls.as_ref().and_then(TlsSession::agreed);
                    return Ok(true);
                }
            };
        }
    }

    fn is_connected(&self, stream: &Stream) -> io::Result<bool> {
        stream.is_connected().map_err(|error| {
            let is_proxy = self.tunnel.is_some();
            match error.kind() {
                ErrorKind::ConnectionRefused if is_proxy => io::Error::other(ProxyError::Refused),
                _ => error,
            }
        })
    }

    /// The TLS of a connection that is complete.
    #[inline]
    fn tls(&mut self) -> io::Result<&mut TlsSession> {
        self.tls_at_work()
            .ok_or_else(|| ErrorKind::NotConnected.into())
    }

    /// TLS, once what is below it is there: before TCP is established, a write would take the connect
    /// call's error, and nobody told.
    #[inline]
    fn tls_at_work(&mut self) -> Option<&mut TlsSession> {
        self.tls.as_mut().filter(|_| self.under_way == Layer::Tls)
    }
}

/// Goes on with the opening of a tunnel as far as the socket lets it; says whether it is open.
///
/// # Errors
/// The socket failed, or the proxy: the latter is a [`ProxyError`] within.
fn open(tunnel: &mut Tunnel, socket: &mut (impl Read + Write)) -> io::Result<bool> {
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
struct Tapped<'a, R> {
    stream: &'a Stream,
    raw: R,
}

impl<R: FnMut(&Stream, &mut [u8]) -> io::Result<usize>> Read for Tapped<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.raw)(self.stream, buffer)
    }
}

impl<R> Write for Tapped<'_, R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &*self.stream).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
