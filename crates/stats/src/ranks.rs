//! Intervals of quantiles by the ranks of independent samples: exact, and without a model of the spans.
//!
//! So many samples lie below the quantile `q` as successes come of as many trials, each with the chance `q`
//! (Conover, Practical Nonparametric Statistics, section 3.2). Samples that wait for each other tell less
//! than that: where batches can say how much less, [`crate::batches`] is right and this is not.

use statrs::function::beta::beta_reg;
use wsbench_load::histogram::Histogram;

use crate::Interval;

/// Each end is on the wrong side 25 times of 1,000.
const WRONG: f64 = 0.025;
/// With fewer samples not even the median lies between the least and the greatest 95 times of 100.
pub const LEAST: u64 = 6;

/// The interval of the quantile `q`, ns, at 95 % or more, as if the samples were independent. Its upper end is
/// infinite where the quantile may lie beyond them all. `None` of fewer than [`LEAST`] samples, and of a
/// quantile so low that it may lie below them all.
#[must_use]
pub fn independent(samples: &Histogram, q: f64) -> Option<Interval> {
    let count = samples.count();
    if count < LEAST || q <= 0.0 || q >= 1.0 {
        return None;
    }
    // So many samples at most lie at or below the quantile, 25 times of 1,000.
    let few = first(count, |below| at_most(below, count, q) > WRONG);
    let many = first(count, |below| at_most(below, count, q) >= 1.0 - WRONG);
    // The span of a rank, from one: its middle, so that no rounding makes it its neighbour.
    let span = |rank: u64| {
        let share = (rank as f64 - 0.5) / count as f64;
        samples.quantile(share).map(|span| span.0 as f64)
    };
    Some(Interval {
        low: span(few).filter(|_| few > 0)?,
        high: match many {
            most if most >= count => f64::INFINITY,
            most => span(most + 1)?,
        },
    })
}

/// The least number up to `most` of which `holds` is true, which it is of all greater ones.
fn first(most: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut least, mut most) = (0, most);
    while least < most {
        let between = u64::midpoint(least, most);
        if holds(between) {
            most = between;
        } else {
            least = between + 1;
        }
    }
    least
}

/// The chance that `below` trials of `count` succeed at most, each with the chance `q`.
fn at_most(below: u64, count: u64, q: f64) -> f64 {
    if below >= count {
        return 1.0;
    }
    beta_reg((count - below) as f64, below as f64 + 1.0, 1.0 - q)
}

#[cfg(test)]
mod tests {
    use wsbench_load::nanos::Nanos;

    use super::*;

    fn spans(ns: impl IntoIterator<Item = u64>) -> Histogram {
        let mut spans = Histogram::new();
        ns.into_iter().for_each(|ns| spans.record(Nanos(ns)));
        spans
    }

    #[test]
    fn ranks_are_those_of_the_tables() {
        // Conover, table A3: of twenty, ranks 6 and 15 hold the median with 95.9 %.
        let median = independent(&spans(1..=20), 0.5).unwrap();
        assert_eq!((median.low, median.high), (6.0, 15.0));
        // Of six the extremes do with 96.9 %, of five with 93.8 %.
        let median = independent(&spans(1..=6), 0.5).unwrap();
        assert_eq!((median.low, median.high), (1.0, 6.0));
        assert_eq!(independent(&spans(1..=5), 0.5), None);
    }

    #[test]
    fn a_quantile_may_lie_beyond_all_samples() {
        // 0.99^367 is 0.025: from 368 samples on the greatest is above the 99th percentile.
        assert!(
            independent(&spans(1..=367), 0.99)
                .unwrap()
                .high
                .is_infinite()
        );
        assert_eq!(independent(&spans(1..=368), 0.99).unwrap().high, 368.0);
        assert_eq!(independent(&spans(1..=100), 0.001), None);
    }

    #[test]
    fn intervals_hold_the_quantile_as_often_as_they_say() {
        let mut random = fastrand::Rng::with_seed(7);
        for (q, truth) in [(0.5, 500_000.0), (0.9, 900_000.0), (0.99, 990_000.0)] {
            let holds = (0..2_000).filter(|_| {
                let samples = spans((0..400).map(|_| random.u64(1..=1_000_000)));
                let found = independent(&samples, q).unwrap();
                // Spans are kept to three digits.
                found.low <= truth * 1.001 && truth <= found.high * 1.001
            });
            let share = holds.count() as f64 / 2_000.0;
            assert!(share > 0.94, "{q}: {share}");
            assert!(share < 0.995, "{q}: {share}");
        }
    }
}
