//! The clock of a server that sends messages with instants in them, beside ours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::result::RunResult;
use wsbench_load::tally::ClockBounds;

/// The server's clock beside ours, by what it answered when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PushClock {
    /// Before the measured window. The ages of pushes are less this offset.
    pub before: ClockOffset,
    /// After it; absent where nothing was answered then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ClockOffset>,
}

/// An offset between two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockOffset {
    /// Time by which the server's clock was ahead of ours, ns: the middle of what the answers allow.
    pub ahead_ns: i64,
    /// It is right to within so much either way, ns.
    pub within_ns: u64,
    /// Answers that it is by, on the connection that has the fewest.
    pub answers: u64,
}

impl PushClock {
    pub(super) fn of(result: &RunResult) -> Option<Self> {
        Some(Self {
            before: ClockOffset::of(&result.clock.before)?,
            after: ClockOffset::of(&result.clock.after),
        })
    }

    /// Time by which the server's clock has gained on ours between the two, ns; `None` where it was asked
    /// once.
    #[must_use]
    pub fn drift_ns(&self) -> Option<i64> {
        Some(self.after?.ahead_ns.saturating_sub(self.before.ahead_ns))
    }
}

impl ClockOffset {
    fn of(bounds: &ClockBounds) -> Option<Self> {
        Some(Self {
            ahead_ns: bounds.middle_ns()?,
            within_ns: bounds.within_ns(),
            answers: bounds.answers,
        })
    }
}
