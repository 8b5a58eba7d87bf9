//! HAR exports: one is read and makes a scenario that its own reader takes, or it is refused.

use wsbench::scenario::recorded::{Har, RecordedError, scenario_of};

/// A file.
pub(crate) fn attempt(data: &[u8]) {
    let har = match Har::read(data) {
        Ok(har) => har,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    match scenario_of(&har.transcript, &har.server, "fuzz.toml") {
        Ok(text) => assert!(text.contains("[[clients]]")),
        Err(error @ RecordedError::Unreadable(_)) => panic!("{error}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
