//! What the bytes of one WebSocket go over: a connection of its own, or a stream of HTTP/2.

use std::io::{self, Read as _};
use std::time::Duration;

use mio::{Interest, Registry, Token};
use socket2::SockRef;
#[cfg(feature = "http2")]
use wsbench_transport::http2::ServerStream;
use wsbench_transport::link::Link;

/// Carrier of the bytes of one WebSocket.
pub(crate) enum Conduit {
    /// A connection of its own.
    Link(Link),
    /// A stream of the HTTP/2 connection in this place.
    #[cfg(feature = "http2")]
    Stream(Box<ServerStream>, usize),
}

impl Conduit {
    #[inline]
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Link(link) => link.read(buffer, |mut stream, buffer| stream.read(buffer)),
            #[cfg(feature = "http2")]
            Self::Stream(stream, _) => stream.read(buffer),
        }
    }

    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Link(link) => link.write(bytes),
            #[cfg(feature = "http2")]
            Self::Stream(stream, _) => stream.write(bytes),
        }
    }

    /// The socket takes bytes again: writes what TLS has waiting. A failure shows at the next read.
    pub(crate) fn flush(&mut self) {
        match self {
            Self::Link(link) => drop(link.flush()),
            #[cfg(feature = "http2")]
            Self::Stream(..) => {}
        }
    }

    /// Ends our half.
    pub(crate) fn shut_down(&mut self) -> io::Result<()> {
        match self {
            Self::Link(link) => link.shut_down(),
            #[cfg(feature = "http2")]
            Self::Stream(stream, _) => {
                stream.shut_down();
                Ok(())
            }
        }
    }

    /// Ends it in order, once everything is sent; says whether it may be dropped now. A stream that
    /// is dropped before the client has ended its side is reset.
    pub(crate) fn finish(&mut self) -> bool {
        match self {
            Self::Link(_) => true,
            #[cfg(feature = "http2")]
            Self::Stream(stream, _) => {
                stream.shut_down();
                stream.has_ended()
            }
        }
    }

    /// Lets its dropping be a reset (RST, or RST_STREAM).
    pub(crate) fn reset(&mut self) {
        match self {
            // Without it the connection would end in order; the peer is told apart by this alone.
            Self::Link(link) => {
                let _ = SockRef::from(&*link.stream()).set_linger(Some(Duration::ZERO));
            }
            #[cfg(feature = "http2")]
            Self::Stream(..) => {}
        }
    }

    /// Listens for what is wanted from now on.
    pub(crate) fn listen_for(
        &mut self,
        registry: &Registry,
        token: Token,
        wanted: Interest,
    ) -> io::Result<()> {
        match self {
            Self::Link(link) => {
                let interest = link.interest(wanted);
                registry.reregister(link.stream(), token, interest)
            }
            // Its number is rung for when there is room.
            #[cfg(feature = "http2")]
            Self::Stream(..) => Ok(()),
        }
    }

    /// The place of the HTTP/2 connection that it is a stream of.
    #[cfg(feature = "http2")]
    #[inline]
    pub(crate) fn carrier(&self) -> Option<usize> {
        match self {
            Self::Link(_) => None,
            Self::Stream(_, place) => Some(*place),
        }
    }
}
