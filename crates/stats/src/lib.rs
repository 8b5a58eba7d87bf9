//! Statistics of measurements: what may be concluded from samples that are few, or not independent.
//!
//! Numbers in, numbers out. Nothing here knows a document, a unit or a threshold; which test is
//! asked of what, and what follows from it, is the affair of `caveat` and of the experiments.
//! Distributions' quantiles are bought (`statrs`).

pub mod gaps;

use statrs::distribution::{ContinuousCDF, StudentsT};

pub mod batches;
pub mod dependence;
pub mod ranks;
pub mod runs;
pub mod share;
pub mod steady;
pub mod trend;

/// An interval of confidence around an estimate, in the estimate's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// True if `value` lies within, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The arithmetic mean; `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The unbiased standard deviation; `None` of fewer than two values.
#[must_use]
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() >= 2)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The median: the mean of the middle two where their number is even; `None` of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The quantile `q` of Student's t distribution with `freedom` degrees of freedom, such as
/// 2.262 for `t_quantile(0.975, 9.0)`.
///
/// # Panics
/// `q` is not within 0..1 or `freedom` is not positive: a fault of the caller.
#[must_use]
pub fn t_quantile(q: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom)
        .expect("degrees of freedom are positive")
        .inverse_cdf(q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_t_quantiles_are_those_of_the_tables() {
        for (q, freedom, expected) in [
            (0.975, 1.0, 12.706),
            (0.975, 9.0, 2.262),
            (0.975, 19.0, 2.093),
            (0.95, 4.0, 2.132),
        ] {
            assert!((t_quantile(q, freedom) - expected).abs() < 0.001);
        }
    }

    #[test]
    fn moments_of_few_values_are_told_or_absent() {
        assert_eq!((mean(&[]), median(&[])), (None, None));
        assert_eq!(standard_deviation(&[3.0]), None);
        assert_eq!(standard_deviation(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
        assert_eq!(median(&[9.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 3.0, 4.0]), Some(3.5));
    }
}
