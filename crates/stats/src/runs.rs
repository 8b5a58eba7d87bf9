//! Figures of several runs: how far they agree, and how two sets of them differ.
//!
//! The unit is the run, never the message: messages of one run depend on each other, and a run
//! has a value of its own that no length of it averages away. Figures of runs are compared as
//! ratios, so all of this is done with their logarithms, and all figures must be positive.
//! METHOD 5.4 and 5.5 say why; within one run it is `batches`' affair.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Interval, mean, standard_deviation, t_quantile};

/// A difference smaller than this is none that anybody should act on, however sure it is.
pub const LEAST_DIFFERENCE: f64 = 0.02;
/// Two are equivalent when the whole interval of their ratio is within this of 1.
pub const EQUIVALENCE: f64 = 0.05;
/// Probability of chance in what is called sure: one time in twenty.
pub const SIGNIFICANCE: f64 = 0.05;

/// Degrees of freedom with which Student's distribution is the normal one.
pub const MANY: f64 = 1e6;

/// The figures of several runs, as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Number of runs.
    pub runs: usize,
    /// Geometric mean.
    pub mean: f64,
    /// Interval of confidence of the mean at 95 %; `None` of fewer than two runs.
    pub interval: Option<Interval>,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

/// The geometric mean of the figures of independent runs, with its interval
/// `exp(ȳ ± t·s/√k)` over their logarithms. `None` of no figures, or where one is not positive.
///
/// ```
/// let spread = wsbench_stats::runs::spread(&[100.0, 110.0, 90.0]).unwrap();
/// assert!((spread.mean - 99.66).abs() < 0.01);
/// ```
#[must_use]
pub fn spread(figures: &[f64]) -> Option<Spread> {
    let logs = logarithms(figures)?;
    let centre = mean(&logs)?;
    let half = half_width(&logs);
    Some(Spread {
        runs: figures.len(),
        mean: centre.exp(),
        interval: half.map(|half| around(centre, half)),
        least: figures.iter().copied().fold(f64::INFINITY, f64::min),
        most: figures.iter().copied().fold(0.0, f64::max),
    })
}

/// Ratio of one to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The ratio itself.
    pub value: f64,
    /// Its interval of confidence at 95 %; `None` where nothing is known of the noise.
    pub interval: Option<Interval>,
    /// Probability that chance alone gives a ratio as far from 1 as this; `None` as above.
    pub p_value: Option<f64>,
}

/// The ratio `b / a` of figures measured in pairs, each pair close together in time, so that what
/// changes slowly on the machine is in both and drops out: Student's paired t over logarithms.
/// `None` of no pairs, or where a figure is not positive.
#[must_use]
pub fn paired(pairs: &[(f64, f64)]) -> Option<Ratio> {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (a, b) = (logarithms(&a)?, logarithms(&b)?);
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let centre = mean(&differences)?;
    let Some(deviation) = standard_deviation(&differences) else {
        return Some(Ratio::bare(centre));
    };
    let count = differences.len() as f64;
    let error = deviation / count.sqrt();
    Some(Ratio::of(centre, error, count - 1.0))
}

/// The ratio `b / a` of figures of runs that were not made in pairs (Welch's t over logarithms).
///
/// Of a side with a single run the spread is not known; it is then taken to be the other's. Where
/// both have a single run there is no interval. `None` where a side has none, or a figure is not
/// positive.
#[must_use]
pub fn unpaired(a: &[f64], b: &[f64]) -> Option<Ratio> {
    let (a, b) = (logarithms(a)?, logarithms(b)?);
    let centre = mean(&b)? - mean(&a)?;
    let part = |logs: &[f64]| standard_deviation(logs).map(|s| (s.powi(2), logs.len() as f64));
    let (error, freedom) = match (part(&a), part(&b)) {
        (None, None) => return Some(Ratio::bare(centre)),
        (Some((variance, count)), None) | (None, Some((variance, count))) => {
            ((variance * (1.0 + 1.0 / count)).sqrt(), count - 1.0)
        }
        (Some((of_a, count_a)), Some((of_b, count_b))) => {
            let (share_a, share_b) = (of_a / count_a, of_b / count_b);
            let sum = share_a + share_b;
            let below = share_a.powi(2) / (count_a - 1.0) + share_b.powi(2) / (count_b - 1.0);
            // Without any spread every number of degrees gives the same: an interval of no length.
            let freedom = if below > 0.0 {
                sum.powi(2) / below
            } else {
                count_a + count_b - 2.0
            };
            (sum.sqrt(), freedom)
        }
    };
    Some(Ratio::of(centre, error, freedom))
}

/// The ratio `b / a` of two figures, each with an interval of its own (of one run's inside): the
/// half lengths of their logarithms add up as independent errors do. Both are by Student's t of so many
/// degrees of freedom at least, the normal distribution where there are [`MANY`]. `None` where a figure or
/// an end is not positive.
#[must_use]
pub fn of_intervals(a: (f64, Interval), b: (f64, Interval), freedom: f64) -> Option<Ratio> {
    let logs = logarithms(&[a.1.low, a.0, a.1.high, b.1.low, b.0, b.1.high])?;
    let (low_a, at_a, high_a, low_b, at_b, high_b) =
        (logs[0], logs[1], logs[2], logs[3], logs[4], logs[5]);
    let centre = at_b - at_a;
    // Each end by itself: intervals of percentiles are lopsided.
    let below = (at_b - low_b).hypot(high_a - at_a);
    let above = (high_b - at_b).hypot(at_a - low_a);
    let towards_one = if centre < 0.0 { above } else { below };
    Some(Ratio {
        value: centre.exp(),
        interval: Some(Interval {
            low: (centre - below).exp(),
            high: (centre + above).exp(),
        }),
        p_value: Some(p_value(
            centre,
            towards_one / t_quantile(0.975, freedom),
            freedom,
        )),
    })
}

impl Ratio {
    /// Of a mean logarithm, its standard error and the degrees of freedom of that.
    fn of(centre: f64, error: f64, freedom: f64) -> Self {
        let half = t_quantile(0.975, freedom) * error;
        Self {
            value: centre.exp(),
            interval: Some(around(centre, half)),
            p_value: Some(p_value(centre, error, freedom)),
        }
    }

    /// Of a mean logarithm of whose noise nothing is known.
    fn bare(centre: f64) -> Self {
        Self {
            value: centre.exp(),
            interval: None,
            p_value: None,
        }
    }
}

/// Two sided: how often Student's t is as far from zero as this.
fn p_value(centre: f64, error: f64, freedom: f64) -> f64 {
    if error <= 0.0 {
        return if centre == 0.0 { 1.0 } else { 0.0 };
    }
    let student = StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are positive");
    2.0 * student.cdf(-(centre / error).abs())
}

/// Difference between two runs of one and the same thing, as a share: 95 % of the time by less than
/// this. From successive runs, so that what changes slowly on the machine is left out. `None` of
/// fewer than two, or where a figure is not positive.
#[must_use]
pub fn noise(successive: &[f64]) -> Option<f64> {
    let logs = logarithms(successive)?;
    let steps: Vec<f64> = logs
        .windows(2)
        .map(|two| (two[1] - two[0]).powi(2))
        .collect();
    let square = mean(&steps)?;
    Some((t_quantile(0.975, steps.len() as f64) * square.sqrt()).exp() - 1.0)
}

/// The p-values of a family of questions, each raised to what it amounts to among so many
/// (Holm 1979): what stays below α is shown for all of them together with certainty 1 − α.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut greatest: f64 = 0.0;
    for (place, &at) in order.iter().enumerate() {
        let questions_left = (p_values.len() - place) as f64;
        greatest = greatest.max((p_values[at] * questions_left).min(1.0));
        adjusted[at] = greatest;
    }
    adjusted
}

/// Finding that a ratio shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The second is greater.
    Greater,
    /// The second is less.
    Less,
    /// They are the same, within [`EQUIVALENCE`].
    Equivalent,
    /// Neither is shown: more runs are needed.
    Undecided,
}

/// Judges a ratio (METHOD 5.5): a difference where chance is excluded and it is at least
/// [`LEAST_DIFFERENCE`]; equivalence where the whole interval is within [`EQUIVALENCE`]; else
/// nothing is shown. `p_value` is the ratio's own, or what [`holm`] made of it among others.
#[must_use]
pub fn judge(ratio: &Ratio, p_value: Option<f64>) -> Finding {
    let (Some(interval), Some(p_value)) = (ratio.interval, p_value) else {
        return Finding::Undecided;
    };
    let matters = (ratio.value - 1.0).abs() >= LEAST_DIFFERENCE;
    if p_value < SIGNIFICANCE && matters && !interval.contains(1.0) {
        return if ratio.value > 1.0 {
            Finding::Greater
        } else {
            Finding::Less
        };
    }
    if interval.low >= 1.0 - EQUIVALENCE && interval.high <= 1.0 + EQUIVALENCE {
        Finding::Equivalent
    } else {
        Finding::Undecided
    }
}

/// The natural logarithms; `None` of nothing, and where a value is not positive and finite.
fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    let all_positive = values.iter().all(|value| *value > 0.0 && value.is_finite());
    (all_positive && !values.is_empty()).then(|| values.iter().map(|value| value.ln()).collect())
}

/// Half the interval of confidence of the mean; `None` of fewer than two.
fn half_width(logs: &[f64]) -> Option<f64> {
    let count = logs.len() as f64;
    let deviation = standard_deviation(logs)?;
    Some(t_quantile(0.975, count - 1.0) * deviation / count.sqrt())
}

/// The interval around a mean logarithm, of the figures themselves.
fn around(centre: f64, half: f64) -> Interval {
    Interval {
        low: (centre - half).exp(),
        high: (centre + half).exp(),
    }
}

#[cfg(test)]
mod tests;
