//! Exact bounds of a share, by the binomial distribution (Clopper and Pearson 1934).
//!
//! "p99 is below 5 ms" and "less than a hundredth of the messages takes longer than 5 ms" say the
//! same, and the second can be counted. So a limit is judged by the messages beyond it alone: with
//! none beyond it, 299 independent ones suffice to say that the 99th percentile is within it.
//!
//! Samples that depend on each other count for fewer, so numbers here need not be whole (Korn and
//! Graubard 1998).

use statrs::function::beta::beta_reg;

/// Each bound is right 95 times of 100.
const WRONG: f64 = 0.05;
/// The bound is halved so often: to the last digit of its binary form.
const HALVINGS: u32 = 60;
/// So many times as many samples are looked at, to say how many would decide; beyond them the share
/// is too near to the one allowed.
const MOST: f64 = 1e4;

/// Samples that were counted, and those of them that are beyond a limit; as many as independent
/// ones would tell as much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exceedances {
    /// Those beyond it.
    pub beyond: f64,
    /// All.
    pub samples: f64,
}

impl Exceedances {
    /// The share that is exceeded by the true one 5 times of 100 at most.
    #[must_use]
    pub fn at_most(self) -> f64 {
        let Self { beyond, samples } = self;
        if samples - beyond <= 0.0 {
            return 1.0;
        }
        // The share at which so few would be seen 5 times of 100.
        solved(|share| beta_reg(samples - beyond, beyond + 1.0, 1.0 - share) <= WRONG)
    }

    /// The share that exceeds the true one 5 times of 100 at most.
    #[must_use]
    pub fn at_least(self) -> f64 {
        let Self { beyond, samples } = self;
        if beyond <= 0.0 {
            return 0.0;
        }
        // The share at which so many would be seen 5 times of 100.
        solved(|share| beta_reg(beyond, samples - beyond + 1.0, share) >= WRONG)
    }

    /// So many times as many samples, of which the same share is beyond the limit, suffice to say on
    /// which side of `allowed` the share is; `None` where that is too near.
    #[must_use]
    pub fn times_to_decide(self, allowed: f64) -> Option<f64> {
        let decides = |times: f64| {
            let more = Self {
                beyond: self.beyond * times,
                samples: self.samples * times,
            };
            more.at_most() <= allowed || more.at_least() > allowed
        };
        if self.samples <= 0.0 || !decides(MOST) {
            return None;
        }
        let (mut few, mut enough) = (0.0, MOST);
        for _ in 0..HALVINGS {
            let between = f64::midpoint(few, enough);
            if decides(between) {
                enough = between;
            } else {
                few = between;
            }
        }
        Some(enough)
    }
}

/// The least share from which on `holds` is true; it is false below and true above.
fn solved(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let between = f64::midpoint(low, high);
        if holds(between) {
            high = between;
        } else {
            low = between;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(beyond: f64, samples: f64) -> Exceedances {
        Exceedances { beyond, samples }
    }

    #[test]
    fn without_any_beyond_it_299_samples_suffice_for_the_99th_percentile() {
        assert!(counted(0.0, 299.0).at_most() <= 0.01);
        assert!(counted(0.0, 298.0).at_most() > 0.01);
        // 1 − 0.05^(1/n)
        assert!((counted(0.0, 299.0).at_most() - 0.009_969).abs() < 1e-6);
        let times = counted(0.0, 100.0).times_to_decide(0.01).unwrap();
        assert!((times - 2.980_7).abs() < 1e-3, "{times}");
    }

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Two-sided at 90 %: each of them is one-sided at 95 %.
        for (beyond, samples, at_least, at_most) in [
            (1.0, 10.0, 0.005_116, 0.394_163),
            (5.0, 10.0, 0.222_441, 0.777_559),
            (3.0, 100.0, 0.008_223, 0.075_710),
        ] {
            let counted = counted(beyond, samples);
            assert!((counted.at_least() - at_least).abs() < 1e-5, "{counted:?}");
            assert!((counted.at_most() - at_most).abs() < 1e-5, "{counted:?}");
        }
        assert_eq!(counted(4.0, 4.0).at_most(), 1.0);
        assert_eq!(counted(0.0, 4.0).at_least(), 0.0);
    }

    #[test]
    fn a_bound_is_right_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(7);
        let (share, samples, runs) = (0.01, 400, 4_000);
        let (mut over, mut under) = (0, 0);
        for _ in 0..runs {
            let beyond = (0..samples).filter(|_| random.f64() < share).count();
            let counted = counted(beyond as f64, f64::from(samples));
            over += u32::from(counted.at_least() > share);
            under += u32::from(counted.at_most() < share);
        }
        let most = f64::from(runs) * (WRONG + 3.0 * (WRONG * (1.0 - WRONG) / 4e3).sqrt());
        assert!(f64::from(over) <= most && over > 0, "{over}");
        assert!(f64::from(under) <= most && under > 0, "{under}");
    }

    #[test]
    fn what_is_too_near_is_not_decided_by_any_number() {
        assert_eq!(counted(1.0, 100.0).times_to_decide(0.01), None);
        assert_eq!(counted(0.0, 0.0).times_to_decide(0.01), None);
        let times = counted(2.0, 100.0).times_to_decide(0.01).unwrap();
        assert!((1.0..10.0).contains(&times), "{times}");
    }
}
