//! What is asked of a server: a percentile of the response time, or a share of errors, at most.
//!
//! It is read off a record by `judge`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{share, span};

/// One objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Objective {
    /// A percentile of the response time, received − due, is at most so long.
    ResponseTime {
        /// Percentile of the objective: 99.0 for p99. Above 0, below 100.
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
            Self::Errors { .. } => share(figure),
        }
    }

    /// Figure that it is of: `p99`, `errors`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_told_in_their_unit() {
        let p99 = Objective::ResponseTime {
            percentile: 99.9,
            at_most_ns: 2_000_000,
        };
        assert_eq!(p99.to_string(), "p99.9 ≤ 2.00 ms");
        assert_eq!(p99.shown(f64::INFINITY), "never");
        let errors = Objective::Errors { at_most: 0.0001 };
        assert_eq!(errors.to_string(), "errors ≤ 0.01 %");
        assert_eq!(errors.shown(0.05), "5 %");
    }
}
