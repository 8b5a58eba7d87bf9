//! The run's clock: nanoseconds since the run began, the same zero for all threads.
//!
//! Monotonic: the processor's invariant time stamp counter where it has one, calibrated against
//! the system's monotonic clock, and that clock itself elsewhere. It is not wall-clock time.

use std::time::{SystemTime, UNIX_EPOCH};

use wsbench_load::nanos::Nanos;

/// Readings of the wall clock beside the counter.
const READINGS: usize = 8;

/// A clock with its zero at the start of the run.
#[derive(Clone, Debug)]
pub struct Clock {
    source: quanta::Clock,
    zero: u64,
    started_at_unix_ns: u64,
}

impl Clock {
    /// Starts the clock. The first one of a process takes some milliseconds to calibrate.
    #[must_use]
    pub fn start() -> Self {
        let source = quanta::Clock::new();
        // The thread may lose its core between the two readings: the closest of some pairs counts.
        let pairs = (0..READINGS).map(|_| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
            let (wall, zero) = (since_epoch.unwrap_or_default(), source.raw());
            let again = SystemTime::now().duration_since(UNIX_EPOCH);
            (again.unwrap_or_default().saturating_sub(wall), wall, zero)
        });
        let (_, wall, zero) = pairs.min().expect("there are readings");
        Self {
            zero,
            source,
            started_at_unix_ns: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
        }
    }

    /// The same clock with another zero: the time that this one told, or will tell, as `zero`. What the
    /// new one tells is a reading of the same counter, so the two never drift apart.
    #[must_use]
    pub fn from(&self, zero: Nanos) -> Self {
        let told = |raw| self.source.delta_as_nanos(self.zero, raw);
        let (mut below, mut above) = (self.zero, self.zero.saturating_add(1));
        while told(above) < zero.0 && above < u64::MAX {
            above = above.saturating_add(above - below);
        }
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            match told(middle) <= zero.0 {
                true => below = middle,
                false => above = middle,
            }
        }
        Self {
            source: self.source.clone(),
            zero: below,
            started_at_unix_ns: self.started_at_unix_ns.saturating_add(zero.0),
        }
    }

    /// Time since the start.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Nanos {
        Nanos(self.source.delta_as_nanos(self.zero, self.source.raw()))
    }

    /// The start in wall-clock time, nanoseconds since the Unix epoch.
    #[must_use]
    pub fn started_at_unix_ns(&self) -> u64 {
        self.started_at_unix_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_clock_with_another_zero_runs_with_the_first() {
        let first = Clock::start();
        for zero in [0, 1, 999, 5_000_000, 40_000_000_000, 7_000_000_000_000] {
            let zero = Nanos(zero);
            let other = first.from(zero);
            let (before, told, after) = (first.now(), other.now(), first.now());
            assert!(told + Nanos(1_000) >= before - zero, "{told:?} {before:?}");
            assert!(told <= (after - zero) + Nanos(1_000), "{told:?} {after:?}");
            assert_eq!(
                other.started_at_unix_ns(),
                first.started_at_unix_ns() + zero.0
            );
        }
    }

    /// The counter must run as fast as the system's clock: both bracket the same sleep.
    #[test]
    fn the_clock_agrees_with_the_systems() {
        let clock = Clock::start();
        let (outer, first) = (Instant::now(), clock.now());
        let inner = Instant::now();
        std::thread::sleep(Duration::from_millis(300));
        let at_least = inner.elapsed();
        let measured = Duration::from(clock.now() - first);
        let at_most = outer.elapsed();
        let tolerance = at_most / 1000;
        assert!(
            measured + tolerance >= at_least,
            "{measured:?} < {at_least:?}"
        );
        assert!(
            measured <= at_most + tolerance,
            "{measured:?} > {at_most:?}"
        );
    }
}
