//! A wake-up finer than the milliseconds that a poll knows.
//!
//! On Linux a timerfd wakes the loop; elsewhere the poll's own time-out does, rounded down. Both are
//! aimed a little early, and the loop polls without waiting for the rest: it keeps reading
//! meanwhile, and the answer leaves within microseconds of its time.

use std::io;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

/// So long before a due time the loop no longer sleeps.
#[cfg(target_os = "linux")]
const AIM_EARLY: Duration = Duration::from_micros(60);
/// So long before a due time the loop no longer sleeps: more than a poll's resolution.
#[cfg(not(target_os = "linux"))]
const AIM_EARLY: Duration = Duration::from_millis(2);

/// Wakes a loop shortly before a due time.
#[derive(Debug)]
pub(crate) struct Timer {
    #[cfg(target_os = "linux")]
    source: nix::sys::timerfd::TimerFd,
    #[cfg(target_os = "linux")]
    armed: Option<Instant>,
}

impl Timer {
    /// A timer that wakes the poll of `registry` by `token`.
    #[cfg(target_os = "linux")]
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        use std::os::fd::{AsFd, AsRawFd};

        use mio::Interest;
        use mio::unix::SourceFd;
        use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let source = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = source.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        let armed = None;
        Ok(Self { source, armed })
    }

    /// A timer; the poll's time-out is all there is.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Self {})
    }

    /// The time-out for the next poll, so that it returns shortly before `due`, and after `longest`
    /// in any case.
    pub(crate) fn time_out(&mut self, due: Instant, longest: Duration) -> Duration {
        let wait = due
            .saturating_duration_since(Instant::now())
            .saturating_sub(AIM_EARLY);
        if wait.is_zero() {
            return Duration::ZERO;
        }
        self.arm(due, wait).unwrap_or(longest).min(longest)
    }

    /// Arms the timer; a time-out only where there is no timer.
    #[cfg(target_os = "linux")]
    fn arm(&mut self, due: Instant, wait: Duration) -> Option<Duration> {
        use nix::sys::time::TimeSpec;
        use nix::sys::timerfd::{Expiration, TimerSetTimeFlags};

        if self.armed != Some(due) {
            let expiration = Expiration::OneShot(TimeSpec::from_duration(wait));
            // A positive time on a clock that exists cannot be refused; if it were, the poll's
            // own time-out would still wake the loop, only later.
            if self
                .source
                .set(expiration, TimerSetTimeFlags::empty())
                .is_err()
            {
                return Some(Duration::from_millis(wait.as_millis() as u64));
            }
            self.armed = Some(due);
        }
        None
    }

    #[cfg(not(target_os = "linux"))]
    fn arm(&mut self, _: Instant, wait: Duration) -> Option<Duration> {
        Some(Duration::from_millis(wait.as_millis() as u64))
    }
}
