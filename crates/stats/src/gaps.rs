//! How the gaps between events are distributed: whether arrivals are Poisson, even, or neither, and
//! how far they are from those of a plan.
//!
//! Distances are effect sizes between 0 and 1, not probabilities: of many gaps any test rejects a
//! microsecond of jitter that changes nothing.

use crate::{mean, standard_deviation};

/// Gaps that the test of Anderson and Darling is asked about at most: of many it would reject a
/// microsecond of jitter (METHOD 3, check B).
const MOST_TESTED: usize = 2_000;

/// Knowledge of a series of gaps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaps {
    /// Number of gaps.
    pub count: usize,
    /// Their mean, in the unit of the gaps.
    pub mean: f64,
    /// Standard deviation over mean: 1 of Poisson arrivals, 0 of even ones.
    pub variation: f64,
    /// The greatest distance between their distribution and the exponential one with the same mean
    /// (Kolmogorov), 0.0 to 1.0.
    pub from_exponential: f64,
    /// `A²` of Anderson and Darling against the exponential distribution, times `1 + 0.6/n` since
    /// the mean is estimated (Stephens 1974), of 2,000 gaps at most, taken evenly. Above
    /// [`Gaps::LIMIT`] arrivals that are Poisson are found one time in a hundred.
    pub anderson_darling: f64,
}

impl Gaps {
    /// The critical value of [`Gaps::anderson_darling`] at 1 % (Stephens 1974).
    pub const LIMIT: f64 = 1.959;

    /// The gaps between events at these times, which are in order; `None` of fewer than eight
    /// gaps, or where all events are at one time.
    #[must_use]
    pub fn between(times: &[f64]) -> Option<Self> {
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        Self::of(&gaps)
    }

    /// Knowledge of these gaps; `None` of fewer than eight, or where all are nothing.
    #[must_use]
    pub fn of(gaps: &[f64]) -> Option<Self> {
        let mean = mean(gaps).filter(|&mean| mean > 0.0 && gaps.len() >= 8)?;
        let step = gaps.len().div_ceil(MOST_TESTED);
        let tested: Vec<f64> = gaps.iter().copied().step_by(step).collect();
        Some(Self {
            count: gaps.len(),
            mean,
            variation: standard_deviation(gaps)? / mean,
            from_exponential: from_exponential(gaps, mean),
            anderson_darling: anderson_darling(tested)?,
        })
    }

    /// True if they may be those of Poisson arrivals.
    #[must_use]
    pub fn may_be_poisson(&self) -> bool {
        self.anderson_darling <= Self::LIMIT
    }
}

/// Kolmogorov's distance from the exponential distribution of this mean.
fn from_exponential(gaps: &[f64], mean: f64) -> f64 {
    let sorted = sorted(gaps);
    let n = sorted.len() as f64;
    let distance = |(index, gap): (usize, &f64)| {
        let share = -(-gap / mean).exp_m1();
        let below = share - index as f64 / n;
        let above = (index + 1) as f64 / n - share;
        below.max(above)
    };
    sorted.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// Kolmogorov's distance between two samples: the greatest difference of their cumulated shares.
/// `None` where one of them is empty.
#[must_use]
pub fn kolmogorov(some: &[f64], others: &[f64]) -> Option<f64> {
    if some.is_empty() || others.is_empty() {
        return None;
    }
    let (some, others) = (sorted(some), sorted(others));
    let share_upto = |sorted: &[f64], value: f64| {
        sorted.partition_point(|other| *other <= value) as f64 / sorted.len() as f64
    };
    // The shares change at the values alone, and values that are equal change them together.
    let values = some.iter().chain(&others);
    let difference = |&value| (share_upto(&some, value) - share_upto(&others, value)).abs();
    values.map(difference).reduce(f64::max)
}

/// Lévy's distance between gaps, in units of what was planned, and gaps that are as planned: the
/// least share such that no more than that share of them is shorter, and no more than that share
/// longer, by more than that share of a gap. (Kolmogorov's would be a half for the least jitter.)
/// `None` of no gaps.
#[must_use]
pub fn levy_from_one(ratios: &[f64]) -> Option<f64> {
    let shorter: Vec<f64> = ratios.iter().map(|ratio| 1.0 - ratio).collect();
    let longer: Vec<f64> = ratios.iter().map(|ratio| ratio - 1.0).collect();
    Some(levy_one_sided(&shorter)?.max(levy_one_sided(&longer)?))
}

/// The least share such that no more than that share of the excesses is greater than it.
fn levy_one_sided(excesses: &[f64]) -> Option<f64> {
    let n = excesses.len() as f64;
    let falling = sorted(excesses).into_iter().rev().enumerate();
    let shares = falling.map(|(greater, excess)| excess.max(greater as f64 / n));
    shares.reduce(f64::min).map(|share| share.clamp(0.0, 1.0))
}

/// The Kolmogorov distance that two samples of this size of one distribution exceed by chance alone
/// one time in a hundred.
#[must_use]
pub fn allowance(samples: u64) -> f64 {
    1.628 * (2.0 / samples.max(1) as f64).sqrt()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// `A*²` against the exponential distribution with the mean of the gaps themselves.
fn anderson_darling(mut gaps: Vec<f64>) -> Option<f64> {
    let mean = mean(&gaps).filter(|&mean| mean > 0.0)?;
    gaps.sort_by(f64::total_cmp);
    let n = gaps.len() as f64;
    // Gaps of nothing, which one read with two messages makes, would have no logarithm.
    let scaled = |gap: f64| (gap / mean).max(1e-12);
    let sum: f64 = (0..gaps.len())
        .map(|index| {
            let weight = (2 * index + 1) as f64;
            let below = (-(-scaled(gaps[index])).exp_m1()).ln();
            let above = -scaled(gaps[gaps.len() - 1 - index]);
            weight * (below + above)
        })
        .sum();
    Some((-n - sum / n) * (1.0 + 0.6 / n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times whose gaps are the quantiles of a distribution, in an order that is not theirs.
    fn times(quantile: impl Fn(f64) -> f64) -> Vec<f64> {
        let n = 1_999;
        let mut time = 0.0;
        let gaps = (0..n).map(|index| {
            time += quantile(((index * 611) % n) as f64 / n as f64 + 0.5 / n as f64);
            time
        });
        std::iter::once(0.0).chain(gaps).collect()
    }

    #[test]
    fn exponential_gaps_are_known_for_what_they_are() {
        let gaps = Gaps::between(&times(|u| -(1.0 - u).ln())).unwrap();
        assert!((gaps.mean - 1.0).abs() < 0.01, "{gaps:?}");
        assert!((gaps.variation - 1.0).abs() < 0.02, "{gaps:?}");
        assert!(gaps.from_exponential < 0.001 && gaps.may_be_poisson());
    }

    #[test]
    fn other_gaps_are_not() {
        let even = Gaps::between(&times(|_| 0.001)).unwrap();
        assert!(even.variation < 1e-9 && !even.may_be_poisson());
        // The constant lies where the exponential distribution has 1 − 1/e below it.
        assert!((even.from_exponential - 0.632).abs() < 0.001, "{even:?}");
        let uniform = Gaps::between(&times(|u| u)).unwrap();
        assert!((uniform.variation - 0.577).abs() < 0.001 && !uniform.may_be_poisson());
    }

    /// The rate of false alarms is what the critical value says it is.
    #[test]
    fn one_poisson_process_in_a_hundred_is_doubted() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut doubted = 0;
        for _ in 0..1_000 {
            let mut time = 0.0;
            let times: Vec<f64> = (0..200)
                .map(|_| {
                    time -= (1.0 - random.f64()).ln();
                    time
                })
                .collect();
            doubted += usize::from(!Gaps::between(&times).unwrap().may_be_poisson());
        }
        assert!((3..=20).contains(&doubted), "{doubted} of 1,000");
    }

    #[test]
    fn few_events_say_nothing() {
        assert_eq!(Gaps::between(&[]), None);
        assert_eq!(Gaps::between(&[1.0, 2.0, 3.0]), None);
        assert_eq!(Gaps::between(&[1.0; 20]), None);
    }

    #[test]
    fn two_samples_are_as_far_apart_as_their_shares() {
        let even: Vec<f64> = (0..1_000).map(f64::from).collect();
        assert_eq!(kolmogorov(&even, &even), Some(0.0));
        // Bursts: a tenth of the gaps have shrunk to nothing, from wherever they were.
        let bursts = |(index, gap): (usize, &f64)| if index % 10 == 9 { -1.0 } else { *gap };
        let bursts: Vec<f64> = even.iter().enumerate().map(bursts).collect();
        let distance = kolmogorov(&bursts, &even).unwrap();
        assert!((distance - 0.1).abs() < 1e-9, "{distance}");
        assert_eq!(kolmogorov(&[1.0, 1.0], &[2.0]), Some(1.0));
        assert_eq!(kolmogorov(&[1.0, 2.0], &[2.0]), Some(0.5));
        assert_eq!(kolmogorov(&[], &even), None);
    }

    /// The rate at which chance exceeds what is allowed to it.
    #[test]
    fn one_pair_of_samples_in_a_hundred_exceeds_the_allowance() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut sample = || (0..200).map(|_| random.f64()).collect::<Vec<_>>();
        let mut exceeds = || kolmogorov(&sample(), &sample()).unwrap() > allowance(200);
        let exceeded = (0..1_000).filter(|_| exceeds()).count();
        assert!((2..=20).contains(&exceeded), "{exceeded} of 1,000");
    }

    #[test]
    fn jitter_of_an_even_schedule_is_its_share_of_a_gap() {
        assert_eq!(levy_from_one(&[1.0; 100]), Some(0.0));
        // All off by a hundredth: no more than 1 % are off by more than 1 %.
        let jitter: Vec<f64> = (0..1_000).map(|i| 0.99 + 0.02 * f64::from(i % 2)).collect();
        let distance = levy_from_one(&jitter).unwrap();
        assert!((distance - 0.01).abs() < 1e-9, "{distance}");
        // Five in a hundred are off by far: 5 %, however far.
        let mut gaps = vec![1.0; 95];
        gaps.extend([40.0; 5]);
        assert!((levy_from_one(&gaps).unwrap() - 0.05).abs() < 1e-9);
        assert_eq!(levy_from_one(&[0.0; 10]), Some(1.0));
        assert_eq!(levy_from_one(&[]), None);
    }
}
