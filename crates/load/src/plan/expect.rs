//! What a run is held to: how much of it may fail, and what of a server is meant to be as it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Share of the messages, clients or connections of a run that may fail where nothing was said. Of a
/// run that has lost more than one in a hundred the 99th percentile is of those that got through.
pub const TOLERATED_FAILURES: f64 = 0.01;

/// The expectations that a run is judged by. They change nothing of what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Expect {
    /// The share of failures, 0 to 1, above which a run is invalid; `None` is
    /// [`TOLERATED_FAILURES`].
    pub failures: Option<f64>,
    /// True where answers may come in another order than their messages: the server works on several
    /// of a connection at a time.
    pub unordered: bool,
    /// The server's promise about deliveries, where messages are for many.
    pub promise: Promise,
}

/// What a server promises of each delivery of a message that is for many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// Once: none is missing, and none is there twice.
    #[default]
    ExactlyOnce,
    /// None is missing.
    AtLeastOnce,
    /// None is there twice.
    AtMostOnce,
    /// Nothing.
    Lossy,
}

impl Promise {
    /// True if nothing was said.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// True where a delivery may be missing.
    #[must_use]
    pub fn may_lose(self) -> bool {
        matches!(self, Self::AtMostOnce | Self::Lossy)
    }

    /// True where a delivery may be there twice.
    #[must_use]
    pub fn may_repeat(self) -> bool {
        matches!(self, Self::AtLeastOnce | Self::Lossy)
    }
}

impl Expect {
    /// The share of failures above which a run is invalid.
    #[must_use]
    pub fn tolerated_failures(&self) -> f64 {
        self.failures.unwrap_or(TOLERATED_FAILURES)
    }
}
