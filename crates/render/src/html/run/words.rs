//! Figures and words in the way in which the page of a run writes them.

use wsbench_record::units::{self, bytes, percent};

use crate::foreign::printable;

/// `99 % of it`.
pub(super) fn share_of(part: f64, whole: f64) -> String {
    if whole > 0.0 {
        percent(part / whole)
    } else {
        units::UNKNOWN.to_owned()
    }
}

/// `1.20 MB/s`.
pub(super) fn bytes_per_s(amount: f64) -> String {
    format!("{}/s", bytes(amount))
}

/// Words from elsewhere on one line.
pub(super) fn line(words: &str) -> String {
    printable(words)
}
