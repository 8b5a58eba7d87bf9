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
use wsbench_load::session::Opened;

use crate::alarm::Alarm;
use crate::clock::Clock;
use crate::dial::Dialer;
use crate::engine::{Engine, Ready, Received};
use crate::host;
use crate::line::Line;
use crate::stamps::{self, Stamps};
use crate::tls::TlsClient;

/// So long before a due time the thread no longer sleeps, at the pace that is exact: longer than
/// the kernel takes to wake it.
const AWAKE_BEFORE: Nanos = Nanos::from_micros(60);
/// Events taken from the kernel at a time.
const EVENTS: usize = 1024;
/// The alarm's token: no slot has this number.
const ALARM: Token = Token(usize::MAX);

/// Connections of one worker over the kernel.
#[derive(Debug)]
pub struct Readiness {
    clock: Clock,
    dialer: Dialer,
    poll: Poll,
    events: Events,
    /// Waiting is exact, for schedules; if not, a wait may last up to a millisecond too long.
    is_exact: bool,
    lines: Vec<Option<Line>>,
    /// With it connections are encrypted.
    tls: Option<TlsClient>,
    /// What wakes an exact wait.
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
            lines: std::iter::repeat_with(|| None).take(slots).collect(),
            tls: None,
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

    /// Encrypts the connections.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<TlsClient>) -> Self {
        self.tls = tls;
        self
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
        let begun = self.clock.now();
        let mut now = begun;
        loop {
            self.poll_for(Duration::ZERO)?;
            let idle = self.events.iter().all(|event| event.token() == ALARM);
            if !idle || now >= until {
                // What the last look found is work; all before it was none.
                self.spun += now - begun;
                return Ok(());
            }
            now = self.clock.now();
        }
    }

    #[inline]
    fn line(&mut self, slot: usize) -> io::Result<&mut Line> {
        self.lines[slot]
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
        let session = self.tls.as_ref().map(TlsClient::session).transpose()?;
        let mut stream = self.dialer.dial()?;
        self.poll.registry().register(
            &mut stream,
            Token(slot),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        if self.stamps.is_some() {
            // Granted on this system; were it refused here, this connection would have no stamps.
            let _ = stamps::ask_for(&stream);
        }
        self.lines[slot] = Some(Line::new(stream, self.dialer.tunnel(), session));
        Ok(())
    }

    fn established(&mut self, slot: usize) -> io::Result<Option<Opened>> {
        let clock = &self.clock;
        let line = self.lines[slot].as_mut().ok_or(ErrorKind::NotConnected)?;
        line.established(|| clock.now())
    }

    #[inline]
    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        self.line(slot)?.write(bytes)
    }

    #[inline]
    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<Received> {
        let line = self.lines[slot].as_mut().ok_or(ErrorKind::NotConnected)?;
        let stamps = &mut self.stamps;
        let mut arrived = None;
        let len = line.read(buffer, |mut stream, buffer| match stamps {
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
        self.lines[slot].as_ref().is_some_and(Line::has_ended)
    }

    fn close(&mut self, slot: usize) {
        if let Some(mut line) = self.lines[slot].take() {
            line.farewell();
            // Closing the descriptor takes it out of the event queue.
        }
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
        if self.tls.is_some() {
            for event in self.events.iter().filter(|event| event.is_writable()) {
                if let Some(Some(line)) = self.lines.get_mut(event.token().0) {
                    line.flush();
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
