//! Objectives read off a record.
//!
//! Whether a server that misses one once is to be refused is the affair of whoever asks.

use wsbench_record::document::{Distribution, Percentile, Record};
use wsbench_record::objective::Objective;

/// Samples that must lie above a percentile before it is known at all (METHOD rule 13).
const LEAST_ABOVE: f64 = 10.0;

/// The figure of an objective in a record: nanoseconds, or a share; `None` when the samples are too few to
/// tell it.
///
/// A message that was never answered counts as one that took too long.
#[must_use]
pub fn figure(objective: &Objective, record: &Record) -> Option<f64> {
    match objective {
        Objective::ResponseTime { .. } => figure_of(objective, &record.response_ns, 0.0),
        Objective::Errors { .. } => error_share(record),
    }
}

/// The same from these times and this share of errors.
#[must_use]
pub fn figure_of(objective: &Objective, spans: &Distribution, error_share: f64) -> Option<f64> {
    let Objective::ResponseTime { percentile, .. } = *objective else {
        return Some(error_share);
    };
    let above = spans.count as f64 * (1.0 - percentile / 100.0);
    // A hair below, since 1 − 0.99 is no hundredth in binary.
    if above < LEAST_ABOVE - 1e-6 {
        return None;
    }
    let ns = at(spans, percentile)?;
    let is_open_end = spans.is_lower_bound(ns);
    Some(if is_open_end {
        f64::INFINITY
    } else {
        ns as f64
    })
}

/// The interval of an objective's figure at 95 % confidence, ns, where one run can give it.
#[must_use]
pub fn interval(objective: &Objective, record: &Record) -> Option<(f64, f64)> {
    let Objective::ResponseTime { percentile, .. } = *objective else {
        return None;
    };
    let known = record.response_ns.confidence(standard(percentile)?)?;
    Some((known.low? as f64, known.high? as f64))
}

/// The share of the messages due that were not answered rightly; `None` when none was due.
#[must_use]
pub fn error_share(record: &Record) -> Option<f64> {
    let messages = &record.messages;
    let due = messages.sent.saturating_add(messages.unsent);
    let missed = due.saturating_sub(messages.answered);
    (due > 0).then(|| missed as f64 / due as f64)
}

/// A percentile, ns: the stored one where it is a standard one, else from the whole histogram.
fn at(spans: &Distribution, percentile: f64) -> Option<u64> {
    match standard(percentile) {
        Some(standard) => spans.at(standard),
        None => spans.quantile(percentile / 100.0).map(|span| span.0),
    }
}

/// The standard percentile that this is, if it is one.
fn standard(percentile: f64) -> Option<Percentile> {
    Percentile::ALL.into_iter().find(|standard| {
        // Both are short decimals; the nearest binary numbers differ in the last place.
        (standard.share() * 100.0 - percentile).abs() < 1e-9
    })
}

#[cfg(test)]
mod tests {
    use wsbench_load::histogram::Histogram;
    use wsbench_load::nanos::Nanos;

    use super::*;

    fn spans(count: u64) -> Distribution {
        let mut histogram = Histogram::new();
        (1..=count).for_each(|ms| histogram.record(Nanos::from_millis(ms)));
        Distribution::of(&histogram)
    }

    #[test]
    fn standard_percentiles_and_others_are_read() {
        let spans = spans(1_000);
        let near = |ns: Option<u64>, ms: f64| (ns.unwrap() as f64 / 1e6 - ms).abs() <= ms / 1000.0;
        assert!(near(at(&spans, 99.0), 990.0));
        assert!(near(at(&spans, 80.0), 800.0));
        assert_eq!(at(&Distribution::default(), 80.0), None);
    }
}
