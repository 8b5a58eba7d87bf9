//! Times that a server was gone and came back, as the document stores them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::result;

use crate::units::{count, seconds};

/// Times that a server was gone: from the loss of the last open connection to the first that was
/// upgraded again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerGone {
    /// Number of times.
    pub times: u64,
    /// Time in all, s.
    pub total_s: f64,
    /// The longest, s.
    pub longest_s: f64,
    /// Beginning of that, since the run began, s.
    pub longest_start_s: f64,
}

impl ServerGone {
    /// In words: `gone for 2.1s`, or how often and how long in all.
    #[must_use]
    pub fn words(&self) -> String {
        let (total, longest) = (seconds(self.total_s), seconds(self.longest_s));
        match self.times {
            0 | 1 => format!("gone for {longest}"),
            times => format!(
                "gone {} times, {total} in all, the longest {longest}",
                count(times)
            ),
        }
    }
}

impl From<result::Absences> for ServerGone {
    fn from(absences: result::Absences) -> Self {
        Self {
            times: absences.times,
            total_s: absences.total.as_secs_f64(),
            longest_s: absences.longest.as_secs_f64(),
            longest_start_s: absences.longest_start.as_secs_f64(),
        }
    }
}
