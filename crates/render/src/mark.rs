//! Percentiles with what is known of them: the value, its interval in the same unit, `≥` for a
//! bound, `~` where few samples are all that is known, `—` for nothing.

use crate::plan_line;
use wsbench_judge::figure::{Figure, Unit};
use wsbench_load::plan::Population;
use wsbench_record::document::{Distribution, Document, Known, Percentile};
use wsbench_record::units::{EITHER_SIDE, LOW, MORE, Ranged, UNKNOWN, percent, span};

/// Words that are printed where there is no sample at all.
pub(crate) const NO_SAMPLES: &str = "no samples";

/// Meaning of the marks.
pub(crate) const LEGEND: &str =
    "~ few samples above it, its interval is not known; — too few samples: not known";

/// What they mean beside intervals of confidence.
pub(crate) const BOUND_LEGEND: &str = "≥ at least: it may lie beyond all that was measured, or what was never answered reaches into it";

/// The heading of intervals of confidence.
pub(crate) const CONFIDENCE: &str = "95 %";

/// The times that searches and sweeps of such a load are about.
pub(crate) fn times_of(clients: &Population) -> &'static str {
    if clients.is_fanned_out() {
        "delivery time"
    } else {
        "response time"
    }
}

/// The words where no rate stands that was asked for: those of the closed loop, which asks for none,
/// or that a schedule's messages were never measured.
pub(crate) fn no_rate(document: &Document, closed: &'static str) -> &'static str {
    let clients = &document.plan.clients;
    if clients.is_open_loop() {
        "a rate was asked for, but nothing was measured"
    } else if clients.exchange.flow.is_answered() {
        closed
    } else {
        plan_line::flow(&clients.exchange.flow)
    }
}

/// Meaning of the intervals beside these times, and what they rest on; `None` where there are none.
pub(crate) fn basis(spans: &[&Distribution]) -> Option<String> {
    let batches = spans.iter().filter_map(|spans| spans.confidence.as_ref());
    if let Some(batches) = batches.map(|known| known.batches).max() {
        return Some(format!(
            "{CONFIDENCE}: confidence within this run, from {batches} batches; other runs may differ more"
        ));
    }
    by_ranks(spans.iter().copied()).map(str::to_owned)
}

/// What intervals by ranks rest on; `None` where none of these times have such.
pub(crate) fn by_ranks<'a>(
    spans: impl IntoIterator<Item = &'a Distribution>,
) -> Option<&'static str> {
    spans.into_iter().any(Distribution::is_by_ranks).then_some(
        "95 %: confidence as if these were independent of each other, which is not known; other runs may \
         differ more",
    )
}

/// The same of the times of several runs put together.
pub(crate) fn basis_of_runs(spans: &[&Distribution]) -> Option<&'static str> {
    spans.iter().any(|spans| has_intervals(spans)).then_some(
        "times with ± or from–to: 95 % confidence within these runs; other runs may differ more",
    )
}

/// True where the percentiles of these times have intervals.
pub(crate) fn has_intervals(spans: &Distribution) -> bool {
    spans.confidence.is_some() || spans.is_by_ranks()
}

/// Half an interval of confidence of a rate is never said to be less.
const FINEST: f64 = 0.001;

/// A percentile in one cell, its interval with it: `227 µs ±1`, and where that is wide or uneven its ends
/// alone, `529–765 µs`.
pub(crate) fn percentile(spans: &Distribution, percentile: Percentile) -> String {
    compact(spans.known(percentile))
}

/// The same of what is known of one.
pub(crate) fn compact(known: Known) -> String {
    with_its_interval(alone(known))
}

/// A percentile and its interval as text, in the unit of the value: `±4`, or both ends where they do not lie
/// evenly about it; empty where it is not known.
pub(crate) fn words(known: Known) -> (String, String) {
    match known {
        Known::Not => (UNKNOWN.to_owned(), String::new()),
        Known::AtLeast(ns) => (format!("{MORE}{}", span(ns)), String::new()),
        Known::Alone { ns, is_weak } => {
            let low = if is_weak { LOW } else { "" };
            (format!("{low}{}", span(ns)), String::new())
        }
        Known::Within { ns, low, high } => {
            let within = Ranged::span(ns, low, high);
            (within.value, within.half.unwrap_or(within.ends))
        }
    }
}

/// A figure and where it lies, in one unit; `None` of counts and shares, which have none.
pub(crate) fn ranged(figure: Figure, value: f64, low: f64, high: f64) -> Option<Ranged> {
    Some(match figure.unit() {
        Unit::Span => Ranged::span(value, low, high),
        Unit::Micros => Ranged::span(value * 1e3, low * 1e3, high * 1e3),
        Unit::Bytes => Ranged::bytes(value, low, high),
        Unit::Rate => Ranged::rate(value, low, high),
        Unit::Count | Unit::Things | Unit::Share => return None,
    })
}

/// Both ends of a range in one unit: `232–272 µs`. What stands in µs whatever its size has these here as well.
pub(crate) fn ends(figure: Figure, low: f64, high: f64) -> String {
    match ranged(figure, low, low, high).filter(|_| figure.unit() != Unit::Micros) {
        Some(ranged) => ranged.ends,
        None => format!("{}–{}", figure.written(low), figure.written(high)),
    }
}

/// A figure with its interval of confidence in its own unit; `None` without one.
pub(crate) fn with_interval(
    figure: Figure,
    value: f64,
    within: Option<(f64, f64)>,
) -> Option<String> {
    let (low, high) = within?;
    let ranged = ranged(figure, value, low, high)?;
    let interval = ranged.half.unwrap_or(ranged.ends);
    Some(with_its_interval((ranged.value, interval)))
}

/// A figure and its interval in a line of other words: `227 µs ±1`, `580 µs (529–765 µs)`.
pub(crate) fn with_its_interval((figure, interval): (String, String)) -> String {
    if interval.is_empty() {
        figure
    } else if interval.starts_with(EITHER_SIDE) {
        format!("{figure} {interval}")
    } else {
        format!("{figure} ({interval})")
    }
}

/// A percentile that stands by itself as text, and half its interval where that lies evenly about it
/// and is narrow; else both ends are the text.
pub(crate) fn alone(known: Known) -> (String, String) {
    match known {
        Known::Within { ns, low, high } => {
            let within = Ranged::span(ns, low, high);
            match within.half.filter(|_| !known.is_weak()) {
                Some(half) => (within.value, half),
                None => (within.ends, String::new()),
            }
        }
        known => words(known),
    }
}

/// The longest span as text; the mark of the unknown when there is none.
pub(crate) fn longest(spans: &Distribution) -> String {
    spans.max.map_or_else(
        || UNKNOWN.to_owned(),
        |ns| {
            let sign = if spans.is_lower_bound(ns) { MORE } else { "" };
            format!("{sign}{}", span(ns as f64))
        },
    )
}

/// An exact figure as text; the mark of the unknown when absent.
pub(crate) fn exact(ns: Option<u64>) -> String {
    ns.map_or_else(|| UNKNOWN.to_owned(), |ns| span(ns as f64))
}

/// The legends of the marks that some of these percentiles have.
pub(crate) fn legends(spans: &[&Distribution], percentiles: &[Percentile]) -> Vec<&'static str> {
    let all = || {
        let all = spans.iter().filter(|spans| !spans.is_empty());
        all.flat_map(|spans| percentiles.iter().map(|at| spans.known(*at)))
    };
    let marks = |known: Known| matches!(known, Known::Not | Known::Alone { is_weak: true, .. });
    let is_bound = |known| matches!(known, Known::AtLeast(_));
    [
        (all().any(is_bound), BOUND_LEGEND),
        (all().any(marks), LEGEND),
    ]
    .into_iter()
    .filter_map(|(is_due, legend)| is_due.then_some(legend))
    .collect()
}

/// Half the interval of confidence of a rate, as text: `±0.4 %` of it.
pub(crate) fn rate_confidence(document: &Document) -> Option<String> {
    let bounds = document.messages_per_s_confidence?;
    let per_s = document.messages_per_s.filter(|per_s| *per_s > 0.0)?;
    let half = (per_s - bounds.low).max(bounds.high - per_s) / per_s;
    Some(match half {
        ..=0.5 => format!("±{}", percent(half.max(FINEST))),
        _ => format!(
            "{}–{}",
            wsbench_record::units::rate(bounds.low),
            wsbench_record::units::rate(bounds.high)
        ),
    })
}
