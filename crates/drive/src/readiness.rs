//! The engine over the kernel: non-blocking TCP and edge-triggered readiness by way of `mio`
//! (epoll on Linux, kqueue on macOS).
//!
//! One system call a read and one a write; nothing is batched over connections, because a batch
//! of sends makes the server queue and the stamps lie.

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Pace;
use wsbench_load::result::ThreadUsage;
use wsbench_load::session::{Encrypted, Opened};
use wsbench_transport::dial::Dialer;
use wsbench_transport::link::Link;
use wsbench_transport::openings::{Layer, Openings};

use crate::alarm::Alarm;
use crate::clock::Clock;
use crate::engine::{Engine, Ready, Received};
use crate::host;
use crate::stamps::{self, Stamps};

/// So long before a due time the thread no longer sleeps, at the pace that is exact: longer than
/// the kernel takes to wake it.
const AWAKE_BEFORE: Nanos = Nanos::from_micros(60);
/// Events taken from the kernel at a time.
const EVENTS: usize = 1024;
/// The alarm's token: no slot has this number.
const ALARM: Token = Token(usize::MAX);

/// The longest that one look for events takes a thread that has its core: it takes a microsecond.
const LONGEST_LOOK: Nanos = Nanos::from_micros(20);

/// Connections of one worker over the kernel.
#[derive(Debug)]
pub struct Readiness {
    clock: Clock,
    dialer: Dialer,
    poll: Poll,
    events: Events,
    /// Waiting is exact, for schedules; if not, a wait may last up to a millisecond too long.
    is_exact: bool,
    links: Vec<Option<Link>>,
    /// Alarm that wakes an exact wait.
    alarm: Option<Alarm>,
    pace: Pace,
    spun: Nanos,
    /// The kernel is asked for its receive time stamps.
    stamps: Option<Stamps>,
}

impl Readiness {
    /// An engine for up to `slots` connections that `dialer` begins.
    ///
    /// # Errors
    /// The kernel gave no event queue: out of descriptors.
    pub fn new(clock: Clock, dialer: Dialer, slots: usize) -> io::Result<Self> {
        Ok(Self {
            clock,
            dialer,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            is_exact: false,
            links: std::iter::repeat_with(|| None).take(slots).collect(),
            alarm: None,
            pace: Pace::Auto,
            spun: Nanos::ZERO,
            stamps: None,
        })
    }

    /// Asks the kernel when what is read had come; for kernels that grant it
    /// ([`stamps::are_granted`]).
    #[must_use]
    pub fn with_stamps(mut self) -> Self {
        self.stamps = Some(Stamps::new(&self.clock));
        self
    }

    /// Never sleeps: looks for answers without a pause, until the time that is waited for.
    #[must_use]
    pub fn with_busy_poll(mut self) -> Self {
        self.is_exact = true;
        self.pace = Pace::Spin;
        self
    }

    /// Makes waiting exact, in the way that `pace` says; for runs whose messages have due times.
    ///
    /// # Errors
    /// The kernel gave no timer: out of descriptors.
    pub fn with_pace(mut self, pace: Pace) -> io::Result<Self> {
        self.alarm = Some(Alarm::new(self.poll.registry(), ALARM)?);
        self.is_exact = true;
        self.pace = pace;
        Ok(self)
    }

    fn poll_for(&mut self, timeout: Duration) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            outcome => outcome,
        }
    }

    /// Waits until `until` to the microsecond: sleeps as far as the pace lets it, spins the rest.
    fn wait_exactly(&mut self, now: Nanos, until: Nanos) -> io::Result<()> {
        let awake_before = match self.pace {
            Pace::Auto => AWAKE_BEFORE,
            Pace::Sleep => Nanos::ZERO,
            Pace::Spin => Nanos::MAX,
        };
        let sleep = (until - now) - awake_before;
        if sleep > Nanos::ZERO {
            let timeout = match &mut self.alarm {
                Some(alarm) => alarm.set(sleep),
                None => sleep.into(),
            };
            self.poll_for(timeout)?;
            if self.events.iter().any(|event| event.token() != ALARM) {
                return Ok(());
            }
        }
        let mut begun = self.clock.now();
        let mut now = begun;
        loop {
            self.poll_for(Duration::ZERO)?;
            let idle = self.events.iter().all(|event| event.token() == ALARM);
            if !idle || now >= until {
                // What the last look found is work; all before it was none.
                self.spun += now - begun;
                return Ok(());
            }
            let next = self.clock.now();
            // While it was kept from its core it did not spin.
            begun += (next - now) - LONGEST_LOOK;
            now = next;
        }
    }

    #[inline]
    fn link(&mut self, slot: usize) -> io::Result<&mut Link> {
        self.links[slot]
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
        let mut link = Link::dial(&mut self.dialer)?;
        self.poll.registry().register(
            link.stream(),
            Token(slot),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        if self.stamps.is_some() {
            // Granted on this system; were it refused here, this connection would have no stamps.
            let _ = stamps::ask_for(link.stream());
        }
        self.links[slot] = Some(link);
        Ok(())
    }

    fn established(&mut self, slot: usize) -> io::Result<Option<Opened>> {
        let clock = &self.clock;
        let link = self.links[slot].as_mut().ok_or(ErrorKind::NotConnected)?;
        let openings = link.advance(|| clock.now().into())?;
        Ok(openings.as_ref().map(opened))
    }

    fn under_way(&self, slot: usize) -> Layer {
        let link = self.links[slot].as_ref();
        link.map_or(Layer::Connect, Link::under_way)
    }

    #[inline]
    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        self.link(slot)?.write(bytes)
    }

    #[inline]
    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<Received> {
        let link = self.links[slot].as_mut().ok_or(ErrorKind::NotConnected)?;
        let stamps = &mut self.stamps;
        let mut arrived = None;
        let len = link.read(buffer, |mut stream, buffer| match stamps {
            None => stream.read(buffer),
            Some(stamps) => {
                let received = stamps.read(stream, buffer)?;
                arrived = received.arrived;
                Ok(received.len)
            }
        })?;
        Ok(Received { len, arrived })
    }

    fn has_ended(&self, slot: usize) -> bool {
        self.links[slot].as_ref().is_some_and(Link::has_ended)
    }

    fn close(&mut self, slot: usize) {
        // Closing the descriptor takes it out of the event queue.
        self.links[slot] = None;
    }

    fn wait(&mut self, now: Nanos, until: Nanos, ready: &mut Vec<Ready>) -> io::Result<()> {
        if let Some(stamps) = &mut self.stamps {
            stamps.keep_time(now);
        }
        if self.is_exact {
            self.wait_exactly(now, until)?;
        } else {
            // `mio` rounds up to whole milliseconds, so a deadline is met late by less than one.
            self.poll_for((until - now).into())?;
        }
        if self.dialer.is_encrypted() {
            for event in self.events.iter().filter(|event| event.is_writable()) {
                if let Some(Some(link)) = self.links.get_mut(event.token().0) {
                    let _ = link.flush(); // a failure shows at the next read
                }
            }
        }
        let connections = self.events.iter().filter(|event| event.token() != ALARM);
        ready.extend(connections.map(|event| Ready {
            slot: event.token().0,
            readable: event.is_readable(),
            writable: event.is_writable() || event.is_error(),
            closed: event.is_read_closed() || event.is_error(),
        }));
        Ok(())
    }

    fn usage(&self) -> ThreadUsage {
        ThreadUsage {
            spun: self.spun,
            ..host::thread_usage()
        }
    }
}

/// History of the opening of a connection, in the load's words.
fn opened(openings: &Openings) -> Opened {
    let encrypted = |took: Duration| Encrypted {
        took: took.into(),
        agreed: openings.agreed.clone().unwrap_or_default(),
    };
    Opened {
        tcp_at: openings.end(Layer::Connect).map(Nanos::from),
        proxy_took: openings.took(Layer::Tunnel).map(Nanos::from),
        tls: openings.took(Layer::Tls).map(encrypted),
    }
}
