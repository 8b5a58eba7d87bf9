//! What is asked of a server: a percentile of the response time, or a share of errors, at most.
//!
//! It is read off a document. Whether a server that misses it once is to be refused is the affair
//! of whoever asks.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Distribution, Document, Percentile};
use crate::units::{percent, span};

/// Samples that must lie above a percentile before it is known at all (METHOD rule 13).
const LEAST_ABOVE: f64 = 10.0;

/// One objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Objective {
    /// A percentile of the response time, received − due, is at most so long.
    ResponseTime {
        /// Which percentile: 99.0 for p99. Above 0, below 100.
        percentile: f64,
        /// The limit, ns.
        at_most_ns: u64,
    },
    /// The share of messages without a right answer is at most so large.
    Errors {
        /// The limit, 0.0 to 1.0.
        at_most: f64,
    },
}

impl Objective {
    /// Its figure in `document`: nanoseconds, or a share; `None` when the samples are too few to
    /// tell it.
    ///
    /// A message that was never answered counts as one that took too long.
    #[must_use]
    pub fn figure(&self, document: &Document) -> Option<f64> {
        match self {
            Self::ResponseTime { .. } => self.figure_of(&document.response_ns, 0.0),
            Self::Errors { .. } => error_share(document),
        }
    }

    /// The same from these times and this share of errors.
    #[must_use]
    pub fn figure_of(&self, spans: &Distribution, error_share: f64) -> Option<f64> {
        let Self::ResponseTime { percentile, .. } = *self else {
            return Some(error_share);
        };
        let above = spans.count as f64 * (1.0 - percentile / 100.0);
        // A hair below, since 1 − 0.99 is no hundredth in binary.
        if above < LEAST_ABOVE - 1e-6 {
            return None;
        }
        let ns = at(spans, percentile)?;
        let is_open_end = spans.is_lower_bound(ns);
        Some(if is_open_end {
            f64::INFINITY
        } else {
            ns as f64
        })
    }

    /// The interval of its figure at 95 % confidence, ns, where one run can give it.
    #[must_use]
    pub fn interval(&self, document: &Document) -> Option<(f64, f64)> {
        let Self::ResponseTime { percentile, .. } = *self else {
            return None;
        };
        let known = document.response_ns.confidence(standard(percentile)?)?;
        Some((known.low? as f64, known.high? as f64))
    }

    /// The most that its figure may be, in the figure's unit.
    #[must_use]
    pub fn limit(&self) -> f64 {
        match *self {
            Self::ResponseTime { at_most_ns, .. } => at_most_ns as f64,
            Self::Errors { at_most } => at_most,
        }
    }

    /// A figure of it as text.
    #[must_use]
    pub fn shown(&self, figure: f64) -> String {
        match self {
            Self::ResponseTime { .. } if figure.is_infinite() => "never".to_owned(),
            Self::ResponseTime { .. } => span(figure),
            Self::Errors { .. } if figure > 0.0 && figure < 0.001 => {
                format!("{:.2} %", figure * 100.0)
            }
            Self::Errors { .. } => percent(figure),
        }
    }

    /// What it is of: `p99`, `errors`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::ResponseTime { percentile, .. } => format!("p{percentile}"),
            Self::Errors { .. } => "errors".to_owned(),
        }
    }
}

impl fmt::Display for Objective {
    /// `p99 ≤ 2.00ms`, `errors ≤ 0.01 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ≤ {}", self.name(), self.shown(self.limit()))
    }
}

/// The share of the messages due that were not answered rightly; `None` when none was due.
#[must_use]
pub fn error_share(document: &Document) -> Option<f64> {
    let messages = &document.messages;
    let due = messages.sent.saturating_add(messages.unsent);
    let missed = due.saturating_sub(messages.answered);
    (due > 0).then(|| missed as f64 / due as f64)
}

/// A percentile, ns: the stored one where it is a standard one, else from the whole histogram.
fn at(spans: &Distribution, percentile: f64) -> Option<u64> {
    match standard(percentile) {
        Some(standard) => spans.at(standard),
        None => spans.quantile(percentile / 100.0).map(|span| span.0),
    }
}

/// The standard percentile that this is, if it is one.
fn standard(percentile: f64) -> Option<Percentile> {
    Percentile::ALL.into_iter().find(|standard| {
        // Both are short decimals; the nearest binary numbers differ in the last place.
        (standard.share() * 100.0 - percentile).abs() < 1e-9
    })
}

#[cfg(test)]
mod tests {
    use wsbench_load::histogram::Histogram;
    use wsbench_load::nanos::Nanos;

    use super::*;

    fn spans(count: u64) -> Distribution {
        let mut histogram = Histogram::new();
        (1..=count).for_each(|ms| histogram.record(Nanos::from_millis(ms)));
        Distribution::of(&histogram)
    }

    #[test]
    fn standard_percentiles_and_others_are_read() {
        let spans = spans(1_000);
        let near = |ns: Option<u64>, ms: f64| (ns.unwrap() as f64 / 1e6 - ms).abs() <= ms / 1000.0;
        assert!(near(at(&spans, 99.0), 990.0));
        assert!(near(at(&spans, 80.0), 800.0));
        assert_eq!(at(&Distribution::default(), 80.0), None);
    }

    #[test]
    fn objectives_are_told_in_their_unit() {
        let p99 = Objective::ResponseTime {
            percentile: 99.9,
            at_most_ns: 2_000_000,
        };
        assert_eq!(p99.to_string(), "p99.9 ≤ 2.00ms");
        assert_eq!(p99.shown(f64::INFINITY), "never");
        let errors = Objective::Errors { at_most: 0.0001 };
        assert_eq!(errors.to_string(), "errors ≤ 0.01 %");
        assert_eq!(errors.shown(0.05), "5 %");
    }
}
