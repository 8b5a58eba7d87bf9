//! What came of a run that was to go on until its answer is known, as it is stored.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{percent, span};

/// Outcome of a run that was to go on until its answer is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UntilOutcome {
    /// Figure that was to be known, and how well: `p99±5%`.
    pub asked: String,
    /// True where it was, and ended the run. Otherwise the run went to its limit.
    pub reached: bool,
    /// Half the interval of confidence at 95 % at the end, as a share of the figure; absent where
    /// it is not known, or a span was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// The same in ns, where a span was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width_ns: Option<f64>,
}

impl fmt::Display for UntilOutcome {
    /// `p99±5% known (±4.1 %)`, or `p99±5% not known (±12 %)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.reached { "" } else { "not " };
        write!(f, "{} {not}known", self.asked)?;
        let share = self.half_width.map(|half| match half {
            ..=1.0 => percent(half),
            _ => "more than itself".to_owned(),
        });
        match share.or_else(|| self.half_width_ns.map(span)) {
            Some(half) => write!(f, " (±{half})"),
            None => f.write_str(" (too few samples to tell)"),
        }
    }
}
