//! How long the turns of a worker's loop were, and how many connections each had to serve.
//!
//! An answer that arrives in a turn is read when its connection's time comes, so long turns are
//! times that the server is charged with. It measures the generator alone and judges nothing.

use wsbench_load::histogram::{Histogram, Spares};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::TurnUsage;

/// Connections ready in one turn that are told apart: the engine tells no more at a time.
const MOST_READY: usize = 1_024;

/// Octaves over which the lengths of turns usually spread, from below a microsecond to above ten
/// milliseconds.
const OCTAVES: usize = 16;

/// The turns of one worker's loop over the measured window.
#[derive(Debug)]
pub(crate) struct LoopStatistics {
    lengths: Histogram,
    spares: Spares,
    /// Turns by the number of connections that were ready; the last stands for all beyond.
    ready: Box<[u64]>,
}

impl LoopStatistics {
    pub(crate) fn new() -> Self {
        let mut spares = Spares::none();
        spares.fill(OCTAVES);
        Self {
            lengths: Histogram::new(),
            spares,
            ready: vec![0; MOST_READY + 1].into(),
        }
    }

    /// Counts a turn of this length that found so many connections ready.
    #[inline]
    pub(crate) fn record(&mut self, length: Nanos, ready: usize) {
        self.lengths.record_by(length, 1, &mut self.spares);
        self.ready[ready.min(MOST_READY)] += 1;
    }

    /// Forgets all; the measured window opens.
    pub(crate) fn clear(&mut self) {
        self.lengths.clear();
        self.ready.fill(0);
    }

    /// Usage that they come to; `None` without a turn.
    pub(crate) fn usage(&self) -> Option<TurnUsage> {
        Some(TurnUsage {
            p50: self.lengths.quantile(0.5)?,
            p99: self.lengths.quantile(0.99)?,
            max: self.lengths.max()?,
            ready_p50: self.ready_at(0.5),
            ready_p99: self.ready_at(0.99),
            ready_max: self.ready_at(1.0),
        })
    }

    /// The number of connections that this share of the turns did not exceed.
    fn ready_at(&self, share: f64) -> u32 {
        let wanted = (share * self.lengths.count() as f64).ceil() as u64;
        let mut seen = 0;
        let number = self.ready.iter().position(|turns| {
            seen += turns;
            seen >= wanted.max(1)
        });
        number.unwrap_or(0) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_told_by_length_and_by_what_was_ready() {
        let mut turns = LoopStatistics::new();
        assert_eq!(turns.usage(), None);
        for number in 1..=100 {
            turns.record(Nanos(number), if number == 100 { 5_000 } else { 1 });
        }
        let usage = turns.usage().unwrap();
        assert_eq!((usage.p50, usage.max), (Nanos(50), Nanos(100)));
        let ready = (usage.ready_p50, usage.ready_p99, usage.ready_max);
        assert_eq!(ready, (1, 1, MOST_READY as u32));
        turns.clear();
        assert_eq!(turns.usage(), None);
    }
}
