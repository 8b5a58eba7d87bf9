//! A connection for a caller who has nothing else to do than to wait for it, and not for ever.
//!
//! It is a [`Link`], or one WebSocket on an HTTP/2 connection over a link, with a poll that knows this
//! one alone.

#[cfg(feature = "http2")]
mod stream;

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use thiserror::Error;

#[cfg(feature = "http2")]
use self::stream::OnCarrier;
use crate::dial::Dialer;
use crate::link::Link;
use crate::openings::Layer;

/// A poll of one connection tells of nothing else.
const ONLY: Token = Token(0);

/// A layer that did not come about in time: the other end is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{} within {within:?}",
    match layer {
        Layer::Connect => "nobody accepted the connection",
        Layer::Tunnel => "the proxy did not open the tunnel",
        Layer::Tls => "the server did not complete the TLS handshake",
        Layer::Http2 => "the server did not begin HTTP/2 with its settings",
    }
)]
pub struct Silence {
    /// The layer.
    pub layer: Layer,
    /// Time for which it was waited for.
    pub within: Duration,
}

/// One connection whose reads and writes wait. Both fail with `TimedOut` after their patience.
#[derive(Debug)]
pub struct Blocking {
    wire: Wire,
    readiness: Poller,
    patience: Duration,
}

/// Carrier of the bytes.
#[derive(Debug)]
enum Wire {
    Link(Link),
    #[cfg(feature = "http2")]
    Stream(Box<OnCarrier>),
}

#[derive(Debug)]
struct Poller {
    poll: Poll,
    events: Events,
}

impl Blocking {
    /// Connects, and waits until every layer is there, for each of them at most as long as
    /// `patience`.
    ///
    /// # Errors
    /// A layer failed; one that did not come about in time is a [`Silence`] within.
    pub fn connect(dialer: &mut Dialer, patience: Duration) -> io::Result<Self> {
        let mut link = Link::dial(dialer)?;
        let mut readiness = Poller::of(&mut link)?;
        let begun = Instant::now();
        let mut awaited = TimedLayer::new(Layer::Connect, patience);
        while link.advance(|| begun.elapsed())?.is_none() {
            if link.under_way() != awaited.layer {
                awaited = TimedLayer::new(link.under_way(), patience);
            }
            readiness.wait_for(&awaited)?;
        }
        Ok(Self {
            wire: Wire::Link(link),
            readiness,
            patience,
        })
    }

    /// Connects as [`Blocking::connect`] does, and begins HTTP/2 for one WebSocket. It is spoken to
    /// as over HTTP/1.1.
    ///
    /// # Errors
    /// The same; and those of HTTP/2, with an [`Http2Error`](crate::http2::Http2Error) within.
    #[cfg(feature = "http2")]
    pub fn connect_http2(dialer: &mut Dialer, patience: Duration) -> io::Result<Self> {
        let Self {
            wire,
            mut readiness,
            patience,
        } = Self::connect(dialer, patience)?;
        let stream = match wire {
            Wire::Link(link) => {
                let mut stream = OnCarrier::new(link, dialer.is_encrypted());
                let awaited = TimedLayer::new(Layer::Http2, patience);
                while !stream.is_settled()? {
                    readiness.wait_for(&awaited)?;
                }
                Box::new(stream)
            }
            Wire::Stream(stream) => stream,
        };
        Ok(Self {
            wire: Wire::Stream(stream),
            readiness,
            patience,
        })
    }

    /// Reads and writes give up after this long from now on.
    pub const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Waits for the socket, and writes what waited for it.
    fn wait(&mut self, deadline: Instant) -> io::Result<()> {
        if !self.readiness.wait(deadline)? {
            return Err(ErrorKind::TimedOut.into());
        }
        self.wire.flush()
    }

    /// Tries again whenever the socket is ready, until it does or the patience is at its end.
    fn persist(
        &mut self,
        mut attempt: impl FnMut(&mut Wire) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let deadline = Instant::now() + self.patience;
        loop {
            match attempt(&mut self.wire) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(deadline)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

impl Read for Blocking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.persist(|wire| wire.read(buffer))
    }
}

impl Write for Blocking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.persist(|wire| wire.write(bytes))
    }

    /// Waits until the socket has taken all that was written.
    fn flush(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + self.patience;
        self.wire.flush()?;
        while self.wire.has_unsent() {
            self.wait(deadline)?;
        }
        Ok(())
    }
}

impl Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Link(link) => link.read(buffer, |mut stream, buffer| stream.read(buffer)),
            #[cfg(feature = "http2")]
            Self::Stream(stream) => stream.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Link(link) => link.write(bytes),
            #[cfg(feature = "http2")]
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Link(link) => link.flush(),
            #[cfg(feature = "http2")]
            Self::Stream(stream) => stream.flush(),
        }
    }

    fn has_unsent(&self) -> bool {
        match self {
            Self::Link(link) => link.has_unsent(),
            #[cfg(feature = "http2")]
            Self::Stream(stream) => stream.has_unsent(),
        }
    }
}

/// A layer, and how long it is waited for.
struct TimedLayer {
    layer: Layer,
    within: Duration,
    deadline: Instant,
}

impl TimedLayer {
    fn new(layer: Layer, within: Duration) -> Self {
        Self {
            layer,
            within,
            deadline: Instant::now() + within,
        }
    }
}

impl Poller {
    /// Knows `link`.
    fn of(link: &mut Link) -> io::Result<Self> {
        let poll = Poll::new()?;
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(link.stream(), ONLY, both)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1),
        })
    }

    /// Waits for the next readiness; says whether it came before the deadline.
    fn wait(&mut self, deadline: Instant) -> io::Result<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.poll.poll(&mut self.events, Some(left)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(()) if !self.events.is_empty() => return Ok(true),
                Ok(()) if left.is_zero() => return Ok(false),
                Ok(()) => {}
            }
        }
    }

    /// Waits for the next readiness, which a layer needs to go on.
    fn wait_for(&mut self, awaited: &TimedLayer) -> io::Result<()> {
        if self.wait(awaited.deadline)? {
            return Ok(());
        }
        let &TimedLayer { layer, within, .. } = awaited;
        Err(io::Error::new(
            ErrorKind::TimedOut,
            Silence { layer, within },
        ))
    }
}
