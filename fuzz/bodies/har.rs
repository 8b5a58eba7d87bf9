//! HAR exports: one is read and makes a scenario that its own reader takes, or it is refused in words. One
//! that was made to mislead may say what no scenario can, such as places in braces in the name of a header.

use wsbench::scenario::recorded::{Har, scenario_of};

/// A file.
pub(crate) fn attempt(data: &[u8]) {
    let har = match Har::read(data) {
        Ok(har) => har,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    match scenario_of(&har.transcript, &har.server, "fuzz.toml") {
        Ok(text) => assert!(text.contains("[[clients]]")),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
