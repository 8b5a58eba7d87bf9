//! The engine over the kernel: non-blocking TCP and edge-triggered readiness by way of `mio`
//! (epoll on Linux, kqueue on macOS).
//!
//! One system call a read and one a write; nothing is batched over connections, because a batch
//! of sends makes the server queue and the stamps lie.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;

use crate::clock::Clock;
use crate::engine::{Engine, Ready};
use crate::host;

/// Events taken from the kernel at a time.
const EVENTS: usize = 1024;

/// Connections of one worker over the kernel.
#[derive(Debug)]
pub struct Readiness {
    clock: Clock,
    address: SocketAddr,
    poll: Poll,
    events: Events,
    streams: Vec<Option<TcpStream>>,
}

impl Readiness {
    /// An engine for up to `slots` connections to `address`.
    ///
    /// # Errors
    /// The kernel gave no event queue: out of descriptors.
    pub fn new(clock: Clock, address: SocketAddr, slots: usize) -> io::Result<Self> {
        Ok(Self {
            clock,
            address,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            streams: std::iter::repeat_with(|| None).take(slots).collect(),
        })
    }

    #[inline]
    fn stream(&mut self, slot: usize) -> io::Result<&mut TcpStream> {
        self.streams[slot]
            .as_mut()
            .ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

impl Engine for Readiness {
    #[inline]
    fn now(&self) -> Nanos {
        self.clock.now()
    }

    fn open(&mut self, slot: usize) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        // A benchmark of round trips must never wait for Nagle's algorithm on its own side.
        stream.set_nodelay(true)?;
        self.poll.registry().register(
            &mut stream,
            Token(slot),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.streams[slot] = Some(stream);
        Ok(())
    }

    fn established(&mut self, slot: usize) -> io::Result<bool> {
        let stream = self.stream(slot)?;
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        match stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[inline]
    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        self.stream(slot)?.write(bytes)
    }

    #[inline]
    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream(slot)?.read(buffer)
    }

    fn close(&mut self, slot: usize) {
        // Closing the descriptor takes it out of the event queue.
        self.streams[slot] = None;
    }

    fn wait(&mut self, now: Nanos, until: Nanos, ready: &mut Vec<Ready>) -> io::Result<()> {
        // `mio` rounds up to whole milliseconds, so a deadline is met late by less than one.
        let timeout = Duration::from(until - now);
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            outcome => outcome?,
        }
        ready.extend(self.events.iter().map(|event| Ready {
            slot: event.token().0,
            readable: event.is_readable(),
            writable: event.is_writable() || event.is_error(),
            closed: event.is_read_closed() || event.is_error(),
        }));
        Ok(())
    }

    fn usage(&self) -> ThreadUsage {
        host::thread_usage()
    }
}
