//! Whether a series rises or falls all along, and by how much: without a word about its
//! distribution, and undisturbed by single values that stand out.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::median;

/// A trend in a series of equally spaced values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Probability of a trend at least as clear in a series without one, two-sided
    /// (Mann 1945, Kendall 1975).
    pub p: f64,
    /// The rise over the whole series, as a share of its median: the median of the slopes of all
    /// pairs (Theil 1950, Sen 1968) times the length. Below zero when it falls.
    pub drift: f64,
}

/// The trend of a series; `None` of fewer than eight values, where the test's normal approximation
/// does not hold, and where the median is zero.
#[must_use]
pub fn trend(series: &[f64]) -> Option<Trend> {
    let count = series.len();
    let level = median(series).filter(|level| count >= 8 && *level != 0.0)?;
    let mut score = 0_i64;
    let mut slopes = Vec::with_capacity(count * (count - 1) / 2);
    for (at, early) in series.iter().enumerate() {
        for (behind, late) in series[at + 1..].iter().enumerate() {
            score += late.total_cmp(early) as i64;
            slopes.push((late - early) / (behind + 1) as f64);
        }
    }
    let slope = median(&slopes)?;
    Some(Trend {
        p: two_sided(score as f64, variance(series)),
        drift: slope * (count - 1) as f64 / level.abs(),
    })
}

/// The variance of Kendall's score without a trend, with ties.
fn variance(series: &[f64]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = series.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties = sorted.chunk_by(|a, b| a == b);
    let ties: f64 = ties.map(|tie| term(tie.len() as f64)).sum();
    (term(series.len() as f64) - ties) / 18.0
}

/// The two-sided probability of a score, by the normal distribution with the correction for its
/// steps.
fn two_sided(score: f64, variance: f64) -> f64 {
    if variance <= 0.0 || score == 0.0 {
        return 1.0;
    }
    let z = (score.abs() - 1.0) / variance.sqrt();
    2.0 * Normal::standard().sf(z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_and_variance_are_those_of_the_worked_example() {
        // Gilbert, Statistical Methods for Environmental Pollution Monitoring (1987), chapter 16:
        // ties of two and of three among ten values.
        let series = [10.0, 22.0, 21.0, 30.0, 22.0, 30.0, 40.0, 40.0, 40.0, 52.0];
        // n = 10: 10·9·25 = 2250; ties: 2·1·9 twice, 3·2·11 once: 102.
        assert!((variance(&series) - (2_250.0 - 102.0) / 18.0).abs() < 1e-9);
        // 45 pairs, 5 of them ties, 2 fall: 40 − 2·2 = 36.
        let found = trend(&series).unwrap();
        let z: f64 = 35.0 / variance(&series).sqrt();
        assert!((found.p - 2.0 * Normal::standard().sf(z)).abs() < 1e-9);
        assert!(found.p < 0.01, "{found:?}");
    }

    #[test]
    fn a_line_has_its_own_slope_whatever_stands_out() {
        let mut series: Vec<f64> = (0..20).map(|at| 100.0 + f64::from(at)).collect();
        series[4] = 5_000.0;
        let found = trend(&series).unwrap();
        assert!(found.p < 1e-5, "{found:?}");
        assert!((found.drift - 19.0 / 110.5).abs() < 0.005, "{found:?}");
        series.reverse();
        assert!(trend(&series).unwrap().drift < -0.1);
    }

    #[test]
    fn noise_has_a_trend_one_time_in_a_hundred() {
        let mut random = fastrand::Rng::with_seed(11);
        let runs = 4_000;
        let alarms = (0..runs)
            .filter(|_| {
                let series: Vec<f64> = (0..20).map(|_| 1.0 + random.f64()).collect();
                trend(&series).unwrap().p < 0.01
            })
            .count();
        assert!((20..=60).contains(&alarms), "{alarms} of {runs}");
        assert_eq!(trend(&[1.0; 20]).unwrap(), Trend { p: 1.0, drift: 0.0 });
        assert_eq!(trend(&[1.0; 7]), None);
    }
}
