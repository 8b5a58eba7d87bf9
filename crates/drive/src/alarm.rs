//! Wakes a poll at a time finer than the milliseconds that the poll itself knows.
//!
//! A timerfd on Linux; elsewhere the poll's own time-out, rounded down, is all there is, and the
//! caller spins for the rest.

use std::io;
use std::time::Duration;

use mio::{Registry, Token};
use wsbench_load::nanos::Nanos;

/// The poll's own time-out behind the alarm, should the alarm ever fail.
#[cfg(target_os = "linux")]
const IN_ANY_CASE: Duration = Duration::from_millis(1);

/// Wakes a poll.
#[derive(Debug)]
pub(crate) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: nix::sys::timerfd::TimerFd,
}

#[cfg(target_os = "linux")]
impl Alarm {
    /// An alarm that wakes the poll of `registry` with an event of this token.
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        use std::os::fd::{AsFd, AsRawFd};

        use mio::Interest;
        use mio::unix::SourceFd;
        use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = timer.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        Ok(Self { timer })
    }

    /// Sets the alarm and returns the time-out for the poll.
    pub(crate) fn set(&mut self, after: Nanos) -> Duration {
        use nix::sys::time::TimeSpec;
        use nix::sys::timerfd::{Expiration, TimerSetTimeFlags};

        let after = Duration::from(after);
        let expiration = Expiration::OneShot(TimeSpec::from_duration(after));
        // A positive span of a clock that exists is not refused; were it, the poll's own time-out
        // would still wake the thread, a little later.
        let _ = self.timer.set(expiration, TimerSetTimeFlags::empty());
        after + IN_ANY_CASE
    }
}

#[cfg(not(target_os = "linux"))]
impl Alarm {
    /// Nothing: the poll's time-out does the work.
    pub(crate) fn new(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Self {})
    }

    /// The time-out for the poll, in whole milliseconds below the span.
    pub(crate) fn set(&mut self, after: Nanos) -> Duration {
        Duration::from_millis(after.0 / 1_000_000)
    }
}
