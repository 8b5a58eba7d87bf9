//! Times that are known beforehand: constant, or random with a known distribution and seed.

use std::time::Duration;

/// Distribution of a time. The default is no time at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeDistribution {
    /// Always the same.
    Constant(Duration),
    /// Exponential with this mean: quantile `−ln(1 − q) · mean`.
    Exponential(Duration),
    /// Evenly between the two.
    Uniform(Duration, Duration),
    /// One of several, each with a share in parts per million; the shares add up to a million.
    Mix(Vec<(u32, Duration)>),
}

impl Default for TimeDistribution {
    fn default() -> Self {
        Self::Constant(Duration::ZERO)
    }
}

impl TimeDistribution {
    /// A whole, in the parts that [`TimeDistribution::Mix`] counts.
    pub const MILLION: u32 = 1_000_000;

    /// True if it never takes any time.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The time that a share `u` of all times do not exceed, `0.0..1.0`.
    fn quantile(&self, u: f64) -> Duration {
        match self {
            Self::Constant(span) => *span,
            Self::Exponential(mean) => mean.mul_f64(-(1.0 - u).ln()),
            Self::Uniform(least, most) => *least + most.saturating_sub(*least).mul_f64(u),
            Self::Mix(parts) => {
                let mut left = (u * f64::from(Self::MILLION)) as u32;
                for (share, span) in parts {
                    if left < *share {
                        return *span;
                    }
                    left -= share;
                }
                Duration::ZERO
            }
        }
    }
}

/// A sequence of times, the same for the same seed and number.
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    distribution: TimeDistribution,
    random: fastrand::Rng,
}

impl Draws {
    /// The sequence of this `number`: that of a thread, or of a purpose on a thread.
    pub(crate) fn new(distribution: TimeDistribution, seed: u64, number: u64) -> Self {
        // An odd multiplier keeps neighbouring numbers apart (it is 2^64 / φ).
        let seed = seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            distribution,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// True if no time is ever taken.
    pub(crate) fn is_zero(&self) -> bool {
        self.distribution.is_zero()
    }

    pub(crate) fn next_span(&mut self) -> Duration {
        match self.distribution {
            TimeDistribution::Constant(span) => span,
            _ => self.distribution.quantile(self.random.f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Mean and three quantiles of 100,000 draws, ms.
    fn sample(distribution: TimeDistribution) -> [f64; 4] {
        let mut draws = Draws::new(distribution, 1, 0);
        let mut spans: Vec<f64> = (0..100_000)
            .map(|_| draws.next_span().as_secs_f64() * 1e3)
            .collect();
        spans.sort_by(f64::total_cmp);
        let mean = spans.iter().sum::<f64>() / 1e5;
        [mean, spans[50_000], spans[90_000], spans[99_000]]
    }

    fn assert_near(distribution: &TimeDistribution, expected: [f64; 4]) {
        for (found, expected) in sample(distribution.clone()).iter().zip(expected) {
            let off = (found / expected - 1.0).abs();
            assert!(
                off < 0.025,
                "{distribution:?}: {found}, expected {expected}"
            );
        }
    }

    /// METHOD V2: exponential with a mean of 5 ms, evenly from 2 to 10 ms, two points.
    #[test]
    fn times_are_distributed_as_they_are_called() {
        assert_near(&TimeDistribution::Constant(5 * MS), [5.0; 4]);
        assert_near(
            &TimeDistribution::Exponential(5 * MS),
            [5.0, 3.466, 11.513, 23.026],
        );
        assert_near(
            &TimeDistribution::Uniform(2 * MS, 10 * MS),
            [6.0, 6.0, 9.2, 9.92],
        );
        let mix = TimeDistribution::Mix(vec![(980_000, MS), (20_000, 50 * MS)]);
        assert_near(&mix, [1.98, 1.0, 1.0, 50.0]);
    }

    #[test]
    fn sequences_repeat_for_a_seed_and_differ_between_threads() {
        let take = |seed, number| {
            let mut draws = Draws::new(TimeDistribution::Exponential(MS), seed, number);
            std::array::from_fn::<Duration, 4, _>(|_| draws.next_span())
        };
        assert_eq!(take(1, 0), take(1, 0));
        assert_ne!(take(1, 0), take(1, 1));
        assert_ne!(take(1, 0), take(2, 0));
    }
}
