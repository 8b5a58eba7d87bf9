//! CPU time spent on purpose, by the thread's own clock: being preempted does not count.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Spends a fixed CPU time again and again, exact in the sum.
#[derive(Debug)]
pub(crate) struct Burn {
    span: Duration,
    /// Time by which the last one was too long.
    ahead: Duration,
}

impl Burn {
    pub(crate) fn new(span: Duration) -> Self {
        Self {
            span,
            ahead: Duration::ZERO,
        }
    }

    /// Spends it once.
    pub(crate) fn once(&mut self) {
        let mut now = spent();
        let end = now + self.span.saturating_sub(self.ahead);
        while now < end && !now.is_zero() {
            std::hint::spin_loop();
            now = spent();
        }
        self.ahead = now.saturating_sub(end);
    }
}

/// CPU time of the calling thread so far; none where the system has no such clock, on which
/// nothing can be spent by it.
fn spent() -> Duration {
    match clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID) {
        Ok(time) => time.into(),
        Err(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// METHOD V12: 50 µs a message, by the clock of the thread.
    #[test]
    fn what_is_burnt_is_what_was_asked_for() {
        let mut burn = Burn::new(Duration::from_micros(50));
        burn.once();
        let before = spent();
        (0..2_000).for_each(|_| burn.once());
        let each = (spent() - before).as_secs_f64() / 2_000.0;
        assert!((each / 50e-6 - 1.0).abs() < 0.03, "{each} s");
    }
}
