//! Where a series becomes steady: the end of a warm-up, found from the data.
//!
//! MSER (White 1997) cuts off the beginning whose loss makes the mean of the rest best known. It
//! always cuts somewhere, so whether the cut is worth a word is asked apart, by effect.

use crate::{mean, median};

/// Place where a series is cut in two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Values before the cut: 0 where the series is steady from its beginning.
    pub at: usize,
    /// Excess of the median before the cut over the median after it, as a share of the latter; zero
    /// without a cut.
    pub step: f64,
    /// Excess of the mean of all over the mean after the cut, as a share of the latter: what the
    /// beginning does to the figures.
    pub bias: f64,
    /// The share of pairs of a value before and one after the cut in which the one before is the
    /// greater, 0.0 to 1.0, ties by half (Mann and Whitney's U): 0.5 without a cut.
    pub above: f64,
}

/// Cut that MSER makes in the series: at the `d` of at most half its length that makes
/// `Σ (Z − mean)² / (m − d)²` over the rest the least. `None` of fewer than four values.
///
/// The values are means over intervals already, so they are not put together in fives, as MSER-5
/// does. A series that is cut at half its length is too short to be called steady.
#[must_use]
pub fn mser(series: &[f64]) -> Option<ChangePoint> {
    if series.len() < 4 {
        return None;
    }
    let mut best = (0, f64::INFINITY);
    // From the back, by Welford's recurrence: each cut further to the front adds one value.
    let (mut count, mut center, mut squares) = (0.0, 0.0, 0.0);
    for (at, value) in series.iter().enumerate().rev() {
        count += 1.0;
        let off = value - center;
        center += off / count;
        squares += off * (value - center);
        let spread = squares / (count * count);
        // Of equals the earliest cut: it throws the least away.
        if at <= series.len() / 2 && spread <= best.1 {
            best = (at, spread);
        }
    }
    Some(cut(series, best.0))
}

/// Cut before the value `at`: what it tells apart.
fn cut(series: &[f64], at: usize) -> ChangePoint {
    let (before, after) = series.split_at(at);
    let share = |of: Option<f64>, by: Option<f64>| match (of, by) {
        (Some(of), Some(by)) if by != 0.0 => of / by - 1.0,
        _ => 0.0,
    };
    let pairs = before.len() * after.len();
    let halves: usize = before
        .iter()
        .flat_map(|early| after.iter().map(move |late| early.total_cmp(late) as i8))
        .map(|order| (order + 1) as usize)
        .sum();
    ChangePoint {
        at,
        step: share(median(before), median(after)),
        bias: share(mean(series), mean(after)),
        above: if pairs == 0 {
            0.5
        } else {
            halves as f64 / (2 * pairs) as f64
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_is_cut_where_it_ends() {
        let series: Vec<f64> = (0..40)
            .map(|at| match at {
                0..6 => 200.0 - f64::from(at) * 10.0,
                _ => 100.0 + f64::from(at % 3),
            })
            .collect();
        let cut = mser(&series).unwrap();
        assert_eq!(cut.at, 6);
        assert_eq!(cut.above, 1.0);
        assert!((cut.step - 0.74).abs() < 0.02, "{cut:?}");
        assert!((cut.bias - 0.11).abs() < 0.01, "{cut:?}");
    }

    #[test]
    fn a_level_series_is_not_cut_and_a_falling_one_is_too_short() {
        let level = mser(&[5.0; 12]).unwrap();
        assert_eq!((level.at, level.step, level.above), (0, 0.0, 0.5));
        let falling: Vec<f64> = (0..20).map(|at| f64::from(40 - at)).collect();
        assert_eq!(mser(&falling).unwrap().at, 10, "at half its length");
        assert_eq!(mser(&[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn the_cut_is_that_of_the_formula() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..200 {
            let series: Vec<f64> = (0..random.usize(4..40)).map(|_| random.f64()).collect();
            let spread = |at: usize| {
                let rest = &series[at..];
                let center = mean(rest).unwrap();
                let squares: f64 = rest.iter().map(|value| (value - center).powi(2)).sum();
                squares / (rest.len() as f64).powi(2)
            };
            let least = (0..=series.len() / 2).min_by(|a, b| spread(*a).total_cmp(&spread(*b)));
            assert_eq!(Some(mser(&series).unwrap().at), least);
        }
    }
}
