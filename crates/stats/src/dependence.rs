//! Whether the values of a series depend on the one before.

use crate::mean;

/// Spearman's rank correlation of each value with the one after it, −1.0 to 1.0; `None` of fewer
/// than eight values, and of values that are all the same.
#[must_use]
pub fn lag_one(series: &[f64]) -> Option<f64> {
    if series.len() < 8 {
        return None;
    }
    let early = ranks(&series[..series.len() - 1]);
    let late = ranks(&series[1..]);
    correlation(&early, &late)
}

/// The correlation above which a series of `count` values depends on itself: one without
/// dependence exceeds it less than one time in a hundred (ρ·√(n − 1) is nearly normal, and a short
/// series without dependence has a correlation a little below zero).
#[must_use]
pub fn limit(count: usize) -> f64 {
    2.326 / ((count.max(3) - 2) as f64).sqrt()
}

/// The rank of each value, from 1; of equals the mean of theirs.
fn ranks(series: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by(|a, b| series[*a].total_cmp(&series[*b]));
    let mut ranks = vec![0.0; series.len()];
    let mut before = 0;
    for tie in order.chunk_by(|a, b| series[*a] == series[*b]) {
        let rank = before as f64 + f64::midpoint(1.0, tie.len() as f64);
        for &at in tie {
            ranks[at] = rank;
        }
        before += tie.len();
    }
    ranks
}

/// Pearson's correlation.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, mean_b) = (mean(a)?, mean(b)?);
    let pairs = || {
        a.iter()
            .map(|a| a - mean_a)
            .zip(b.iter().map(|b| b - mean_b))
    };
    let product: f64 = pairs().map(|(a, b)| a * b).sum();
    let squares = pairs().fold((0.0, 0.0), |sums, (a, b)| (sums.0 + a * a, sums.1 + b * b));
    let scale = (squares.0 * squares.1).sqrt();
    (scale > 0.0).then(|| product / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_their_ties() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn a_series_that_follows_itself_is_told_from_one_that_does_not() {
        let rising: Vec<f64> = (0..20).map(f64::from).collect();
        assert!((lag_one(&rising).unwrap() - 1.0).abs() < 1e-12);
        let swinging: Vec<f64> = (0..20).map(|at| f64::from(at % 2)).collect();
        assert!((lag_one(&swinging).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(lag_one(&[1.0; 20]), None);

        let mut random = fastrand::Rng::with_seed(5);
        let runs = 4_000;
        let alarms = (0..runs)
            .filter(|_| {
                let series: Vec<f64> = (0..20).map(|_| random.f64()).collect();
                lag_one(&series).unwrap() > limit(20)
            })
            .count();
        assert!((1..=40).contains(&alarms), "{alarms} of {runs}");
    }
}
