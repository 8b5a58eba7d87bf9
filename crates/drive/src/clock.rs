//! The run's clock: nanoseconds since the run began, the same zero for all threads.
//!
//! Monotonic, from the operating system; it is not wall-clock time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wsbench_load::nanos::Nanos;

/// A clock with its zero at the start of the run.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zero: Instant,
    started_at_unix_ms: u64,
}

impl Clock {
    /// Starts the clock.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            zero: Instant::now(),
            started_at_unix_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Time since the start.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Nanos {
        // In 64 bits at once: the run's clock wraps after 584 years.
        let span = self.zero.elapsed();
        Nanos(span.as_secs() * 1_000_000_000 + u64::from(span.subsec_nanos()))
    }

    /// The start in wall-clock time, milliseconds since the Unix epoch.
    #[must_use]
    pub fn started_at_unix_ms(&self) -> u64 {
        self.started_at_unix_ms
    }
}
