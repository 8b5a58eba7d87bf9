//! Percentiles with the mark that their samples deserve: plain, `~` for few, `—` for too few.

use crate::document::{Distribution, Percentile, Support};
use crate::units::span;

/// Stands for a figure that is not known.
pub(crate) const UNKNOWN: &str = "—";
/// Precedes a figure that rests on few samples.
pub(crate) const LOW: &str = "~";
/// Precedes a figure that is longer than known, because some messages were never answered.
pub(crate) const MORE: &str = ">";
/// What is printed where there is no sample at all.
pub(crate) const NO_SAMPLES: &str = "no samples";
/// What the marks mean.
pub(crate) const LEGEND: &str = "~ fewer than 100 samples above it; — fewer than 10: not known";

/// A percentile as text.
pub(crate) fn percentile(spans: &Distribution, percentile: Percentile) -> String {
    match (spans.at(percentile), percentile.support(spans.count)) {
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
            .any(|percentile| percentile.support(spans.count) != Support::Known)
    })
}
