//! A connection for a caller who has nothing else to do than to wait for it, and not for ever.
//!
//! It is a [`Link`], with a poll that knows this one alone.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use thiserror::Error;

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
    }
)]
pub struct Silence {
    /// The layer.
    pub layer: Layer,
    /// How long it was waited for.
    pub within: Duration,
}

/// One connection whose reads and writes wait. Both fail with `TimedOut` after their patience.
#[derive(Debug)]
pub struct Blocking {
    link: Link,
    readiness: Readiness,
    patience: Duration,
}

#[derive(Debug)]
struct Readiness {
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
        let poll = Poll::new()?;
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(link.stream(), ONLY, both)?;
        let mut this = Self {
            link,
            readiness: Readiness {
                poll,
                events: Events::with_capacity(1),
            },
            patience,
        };
        this.complete()?;
        Ok(this)
    }

    fn complete(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let (mut layer, mut deadline) = (Layer::Connect, begun + self.patience);
        while self.link.advance(|| begun.elapsed())?.is_none() {
            if self.link.under_way() != layer {
                layer = self.link.under_way();
                deadline = Instant::now() + self.patience;
            }
            if !self.readiness.wait(deadline)? {
                let within = self.patience;
                let silence = Silence { layer, within };
                return Err(io::Error::new(ErrorKind::TimedOut, silence));
            }
        }
        Ok(())
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
        self.link.flush()
    }

    /// Tries again whenever the socket is ready, until it does or the patience is at its end.
    fn persist(
        &mut self,
        mut attempt: impl FnMut(&mut Link) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let deadline = Instant::now() + self.patience;
        loop {
            match attempt(&mut self.link) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(deadline)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

impl Readiness {
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
}

impl Read for Blocking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.persist(|link| link.read(buffer, |mut stream, buffer| stream.read(buffer)))
    }
}

impl Write for Blocking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.persist(|link| link.write(bytes))
    }

    /// Waits until the socket has taken all that was written.
    fn flush(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + self.patience;
        self.link.flush()?;
        while self.link.has_unsent() {
            self.wait(deadline)?;
        }
        Ok(())
    }
}
