//! Percentiles with the mark that their samples deserve: plain, `~` for few, `—` for too few.

use wsbench_record::document::{Distribution, Document, Percentile, Support};
use wsbench_record::units::{LOW, MORE, UNKNOWN, percent, span};

/// What is printed where there is no sample at all.
pub(crate) const NO_SAMPLES: &str = "no samples";

/// What the marks mean.
pub(crate) const LEGEND: &str = "~ fewer than 100 samples above it; — fewer than 10: not known";

/// What they mean where it is known how many samples are worth.
pub(crate) const EFFECTIVE_LEGEND: &str =
    "~ worth fewer than 100 independent samples above it; — fewer than 10: not known";

/// The heading of intervals of confidence.
pub(crate) const CONFIDENCE: &str = "95 %";

/// The words where no rate stands that was asked for: those of the closed loop, which asks for none,
/// or that a schedule's messages were never measured.
pub(crate) fn no_rate(document: &Document, closed: &'static str) -> &'static str {
    if document.plan.clients.is_open_loop() {
        "a rate was asked for, but nothing was measured"
    } else {
        closed
    }
}

/// Half an interval of confidence is never said to be less: a bin of a histogram is as wide.
const FINEST: f64 = 0.001;

/// A percentile as text.
pub(crate) fn percentile(spans: &Distribution, percentile: Percentile) -> String {
    match (spans.at(percentile), spans.support(percentile)) {
        (Some(ns), Support::Known) => bounded(spans, ns),
        (Some(ns), Support::Low) => format!("{LOW}{}", bounded(spans, ns)),
        _ => UNKNOWN.to_owned(),
    }
}

/// The longest span as text; the mark of the unknown when there is none.
pub(crate) fn longest(spans: &Distribution) -> String {
    spans
        .max
        .map_or_else(|| UNKNOWN.to_owned(), |ns| bounded(spans, ns))
}

/// A value read from the distribution: as it is, or as a lower bound.
fn bounded(spans: &Distribution, ns: u64) -> String {
    let sign = if spans.is_lower_bound(ns) { MORE } else { "" };
    format!("{sign}{}", span(ns as f64))
}

/// An exact figure as text; the mark of the unknown when absent.
pub(crate) fn exact(ns: Option<u64>) -> String {
    ns.map_or_else(|| UNKNOWN.to_owned(), |ns| span(ns as f64))
}

/// Whether any of these percentiles is marked.
pub(crate) fn any_marked(spans: &[&Distribution], percentiles: &[Percentile]) -> bool {
    spans.iter().any(|spans| {
        percentiles
            .iter()
            .any(|percentile| spans.support(*percentile) != Support::Known)
    })
}

/// Half the interval of confidence of a percentile, as text: `±4 %` of its value. Empty where it is
/// not known, and where messages never answered would be within it.
pub(crate) fn confidence(spans: &Distribution, percentile: Percentile) -> String {
    let known = spans.confidence(percentile);
    let bounds = known.and_then(|known| known.low.zip(known.high));
    match (spans.at(percentile), bounds) {
        (Some(ns), Some((low, high))) if ns > 0 && !spans.is_lower_bound(high) => {
            let half = ns.saturating_sub(low).max(high.saturating_sub(ns));
            half_width(half as f64 / ns as f64)
        }
        _ => String::new(),
    }
}

/// Half the interval of confidence of a rate, as text: `±0.4 %` of it.
pub(crate) fn rate_confidence(document: &Document) -> Option<String> {
    let bounds = document.messages_per_s_confidence?;
    let per_s = document.messages_per_s.filter(|per_s| *per_s > 0.0)?;
    let half = (per_s - bounds.low).max(bounds.high - per_s);
    Some(half_width(half / per_s))
}

/// A share of a figure on both sides of it.
fn half_width(share: f64) -> String {
    format!("±{}", percent(share.max(FINEST)))
}
