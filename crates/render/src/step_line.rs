//! One run of an experiment in one line, told when it is over.

use wsbench_load::series::Series;
use wsbench_record::audit::Verdict;
use wsbench_record::document::{Distribution, Document, Percentile};
use wsbench_record::units::rate;

use crate::foreign::printable;
use crate::mark;
use crate::times::headline;

/// The run called `name` in one line, and what the experiment will still take:
/// `round 3/20 A: 51.2k msg/s, p99 1.20ms, 40s left`.
///
/// The percentile is of the times that the load is about, or of how long connections took to open where
/// nothing flows on them.
#[must_use]
pub fn step_line(name: &str, document: &Document, left_s: Option<f64>) -> String {
    let mut parts = Vec::new();
    if let Some(per_s) = document.messages_per_s {
        parts.push(format!("{} msg/s", rate(per_s)));
    }
    let (spans, opening) = (headline(document), document.at(Series::Opening));
    match (spans.is_empty(), opening.is_empty()) {
        (false, _) => parts.push(percentile("p99", spans)),
        (true, false) => parts.push(percentile("opening p99", opening)),
        (true, true) => parts.push(mark::NO_SAMPLES.to_owned()),
    }
    if document.audit.verdict != Verdict::Ok {
        parts.push(format!("audit {}", document.audit.verdict.word()));
    }
    if let Some(left) = left_s {
        parts.push(format!("{:.0}s left", left.max(0.0).ceil()));
    }
    format!("{}: {}", printable(name), parts.join(", "))
}

/// The 99th percentile of spans, with its name.
fn percentile(name: &str, spans: &Distribution) -> String {
    format!("{name} {}", mark::percentile(spans, Percentile::P99))
}
