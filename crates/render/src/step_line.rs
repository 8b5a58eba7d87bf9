//! One run of an experiment in one line, told when it is over.

use wsbench_record::audit::Verdict;
use wsbench_record::document::{Document, Percentile};
use wsbench_record::units::rate;

use crate::foreign::printable;
use crate::mark;
use crate::times::headline;

/// The run called `name` in one line, and what the experiment will still take:
/// `round 3/20 A: 51.2k msg/s, p99 1.20ms, 40s left`.
///
/// The percentile is of the times that the load is about.
#[must_use]
pub fn step_line(name: &str, document: &Document, left_s: Option<f64>) -> String {
    let spans = headline(document);
    let mut parts = Vec::new();
    match document.messages_per_s {
        Some(per_s) => parts.push(format!("{} msg/s", rate(per_s))),
        None => parts.push(mark::NO_SAMPLES.to_owned()),
    }
    parts.push(format!("p99 {}", mark::percentile(spans, Percentile::P99)));
    if document.audit.verdict != Verdict::Ok {
        parts.push(format!("audit {}", document.audit.verdict.word()));
    }
    if let Some(left) = left_s {
        parts.push(format!("{:.0}s left", left.max(0.0).ceil()));
    }
    format!("{}: {}", printable(name), parts.join(", "))
}
