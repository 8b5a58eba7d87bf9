//! What a run is held to: how much of it may fail, and what of a server is meant to be as it is.

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
}

impl Expect {
    /// The share of failures above which a run is invalid.
    #[must_use]
    pub fn tolerated_failures(&self) -> f64 {
        self.failures.unwrap_or(TOLERATED_FAILURES)
    }
}
