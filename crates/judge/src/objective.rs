//! Objectives as people write them (`p99<5ms`, `errors<0.01%`), and read off a record.
//!
//! Whether a server that misses one once is to be refused is the affair of whoever asks.

use wsbench_load::series::Series;
use wsbench_record::document::{Distribution, Percentile, Record};
use wsbench_record::objective::{OBJECTIVE_SERIES, Objective, REACH};
use wsbench_setting::{Field, text};

use crate::expression::{self, Allowed, Bound, BoundedFigure, ExpressionError, Reason, Relation};
use crate::figure::{Figure, Unit, error_share};

/// Samples that must lie above a percentile before it is known at all (METHOD rule 13).
const LEAST_ABOVE: f64 = 10.0;

/// Expressions that may be an objective: an upper limit of any percentile of the times that the load
/// is about or of a series that is named, or of the share of errors.
pub const ALLOWED: Allowed = Allowed {
    relations: &[Relation::Below, Relation::AtMost],
    units,
    figures: || {
        let named = OBJECTIVE_SERIES.map(|(_, key)| key);
        format!(
            "errors, {REACH}, and any percentile of what the load is about, like p99.9, or of one of {}, like \
             delivery.last.p99",
            named.join(", ")
        )
    },
    baseline: false,
    example: "p99<5ms or errors<0.01%",
    another: || text!["give ", Field::Objective, " again for another objective"],
};

/// The same of the reach, of which too little is what is wrong.
const ALLOWED_OF_REACH: Allowed = Allowed {
    relations: &[Relation::Above, Relation::AtLeast],
    example: "delivery.reach>=99.9%",
    ..ALLOWED
};

/// The share of errors, by the name of their number.
fn is_errors(name: &str) -> bool {
    name == Figure::ERRORS.name()
}

fn units(name: &str) -> Vec<Unit> {
    match name {
        _ if name == REACH => vec![Figure::ERROR_SHARE.unit()],
        _ if is_errors(name) => vec![Figure::ERROR_SHARE.unit()],
        _ if percentile(name).is_some() => vec![Unit::Span],
        _ => Vec::new(),
    }
}

/// `p99.9` and `response.p99.9` as 99.9, `delivery.last.p99.9` with its series; it may lie beyond the
/// two ends.
fn percentile(name: &str) -> Option<(Option<Series>, f64)> {
    let (before, point) = match name.rfind(".p") {
        Some(at) => (Some(&name[..at]), &name[at + 1..]),
        None => (None, name),
    };
    let series = match before {
        Some(before) => {
            let mut all = OBJECTIVE_SERIES.into_iter();
            let (series, _) = all.find(|(_, key)| *key == before)?;
            // Those are what a load of answers is about anyhow.
            (series != Series::Response).then_some(series)
        }
        None => None,
    };
    let digits = point.strip_prefix('p')?;
    let is_number = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let percentile = digits.parse().ok().filter(|_| is_number)?;
    Some((series, percentile))
}

/// Reads an objective: `p99<5ms`, `p99.9<=20ms`, `errors<0.01%`.
///
/// # Errors
/// [`ExpressionError`] with the place and what would be right there.
pub fn parse(text: &str) -> Result<Objective, ExpressionError> {
    let figure: String = text.trim_start().chars().take(REACH.len()).collect();
    match figure.to_lowercase() == REACH {
        true => expression::parse(text, &ALLOWED_OF_REACH)?.try_into(),
        false => expression::parse(text, &ALLOWED)?.try_into(),
    }
}

impl TryFrom<BoundedFigure> for Objective {
    type Error = ExpressionError;

    fn try_from(expression: BoundedFigure) -> Result<Self, ExpressionError> {
        let limit = match expression.bound {
            Bound::Value(limit, _) => limit,
            Bound::OfBaseline(_) => {
                return Err(expression.bound_fault(Reason::NoBound { example: "5ms" }, &ALLOWED));
            }
        };
        let name = &expression.figure;
        let is_reach = name == REACH;
        if is_reach {
            if limit > 1.0 {
                let limit = "100%";
                let reason = Reason::TooLarge { limit };
                return Err(expression.bound_fault(reason, &ALLOWED_OF_REACH));
            }
            // A percentage as a share may miss the nearest one by a bit.
            let at_least = (limit * 1e12).round() / 1e12;
            return Ok(Self::Reach { at_least });
        }
        if is_errors(name) {
            if limit >= 1.0 {
                let limit = "below 100%";
                return Err(expression.bound_fault(Reason::TooLarge { limit }, &ALLOWED));
            }
            return Ok(Self::Errors { at_most: limit });
        }
        let within = percentile(name).filter(|(_, it)| *it > 0.0 && *it < 100.0);
        let Some((series, percentile)) = within else {
            let name = name.clone();
            return Err(expression.figure_fault(Reason::NoPercentile { name }, &ALLOWED));
        };
        let at_most_ns =
            whole_ns(limit).map_err(|reason| expression.bound_fault(reason, &ALLOWED))?;
        Ok(Self::Time {
            series,
            percentile,
            at_most_ns,
        })
    }
}

/// A time above zero, in whole nanoseconds.
fn whole_ns(ns: f64) -> Result<u64, Reason> {
    let whole = ns.round();
    // The product of a decimal number and a unit may miss a whole one by a bit.
    if (ns - whole).abs() > whole * f64::EPSILON * 4.0 {
        Err(Reason::NotWhole)
    } else if whole <= 0.0 {
        Err(Reason::Zero)
    } else if whole >= u64::MAX as f64 {
        let limit = "18446744073709551615ns";
        Err(Reason::TooLarge { limit })
    } else {
        Ok(whole as u64)
    }
}

/// The figure of an objective in a record: nanoseconds, or a share; `None` when the samples are too few to
/// tell it.
///
/// A message that was never answered counts as one that took too long.
#[must_use]
pub fn figure(objective: &Objective, record: &Record) -> Option<f64> {
    match (objective, objective.series(&record.plan.clients)) {
        (Objective::Time { percentile, .. }, Some(series)) if series.info().is_of_one_event => {
            counted(*percentile, record.at(series))
        }
        (_, Some(series)) => figure_of(objective, record.at(series), 0.0),
        (Objective::Reach { .. }, None) => record.deliveries?.reach(),
        (_, None) => error_share(record),
    }
}

/// A percentile of times that are all there are: it is none of many samples, and known however few they are.
fn counted(percentile: f64, spans: &Distribution) -> Option<f64> {
    let ns = at(spans, percentile)?;
    Some(match spans.is_lower_bound(ns) {
        true => f64::INFINITY,
        false => ns as f64,
    })
}

/// The same from these times, or from this share where it is of one.
#[must_use]
pub fn figure_of(objective: &Objective, spans: &Distribution, share: f64) -> Option<f64> {
    let Objective::Time { percentile, .. } = *objective else {
        return Some(share);
    };
    let above = spans.count as f64 * (1.0 - percentile / 100.0);
    // A hair below, since 1 − 0.99 is no hundredth in binary.
    if above < LEAST_ABOVE - 1e-6 {
        return None;
    }
    counted(percentile, spans)
}

/// The interval of an objective's figure at 95 % confidence, ns, where one run can give it.
#[must_use]
pub fn interval(objective: &Objective, record: &Record) -> Option<(f64, f64)> {
    let Objective::Time { percentile, .. } = *objective else {
        return None;
    };
    let known = record
        .at(objective.series(&record.plan.clients)?)
        .confidence(standard(percentile)?)?;
    Some((known.low? as f64, known.high? as f64))
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

    #[test]
    fn percentiles_and_errors_are_written() {
        let p99 = |at_most_ns| Objective::Time {
            series: None,
            percentile: 99.0,
            at_most_ns,
        };
        assert_eq!(parse("p99<5ms"), Ok(p99(5_000_000)));
        assert_eq!(parse(" P99 <= 500us "), Ok(p99(500_000)));
        assert_eq!(parse("response.p99<1.1ms"), Ok(p99(1_100_000)));
        assert_eq!(parse("p99<1m30s"), Ok(p99(90_000_000_000)));
        assert_eq!(parse("p99.9<1s").unwrap().name(), "p99.9");
        assert_eq!(parse("p98.5<1s").unwrap().name(), "p98.5");
        let last = Objective::Time {
            series: Some(Series::DeliveryLast),
            percentile: 99.0,
            at_most_ns: 200_000_000,
        };
        assert_eq!(parse("delivery.last.p99<200ms"), Ok(last));
        assert_eq!(parse("delivery.p99.9<1s").unwrap().name(), "delivery.p99.9");
        for name in ["opening.p99", "login.p99.9"] {
            assert_eq!(parse(&format!("{name}<200ms")).unwrap().name(), name);
        }
        for name in [
            "delivery.first.p50",
            "skew.p99",
            "ack.p90",
            "item.first.p99",
            "item.gap.p99",
            "ping.p50",
        ] {
            assert_eq!(parse(&format!("{name}<200ms")).unwrap().name(), name);
        }
        let reach = Objective::Reach { at_least: 0.999 };
        assert_eq!(parse("delivery.reach >= 99.9%"), Ok(reach));
        assert_eq!(
            parse("delivery.reach>100%"),
            Ok(Objective::Reach { at_least: 1.0 })
        );
        let errors = Objective::Errors { at_most: 0.0001 };
        assert_eq!(parse("errors<0.01%"), Ok(errors));
        assert_eq!(parse("Errors<0%"), Ok(Objective::Errors { at_most: 0.0 }));
    }

    #[test]
    fn a_reach_is_asked_for_at_least() {
        for (text, words) in [
            ("delivery.reach", "> or >= must stand here"),
            ("delivery.reach<99%", "'<' cannot stand here, only > or >="),
            ("delivery.reach>=101%", "100%"),
            ("delivery.reach>=5ms", "no unit of"),
        ] {
            let told = parse(text).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
            assert!(
                told.ends_with("write it like delivery.reach>=99.9%"),
                "{told}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_place_and_the_way_out() {
        for (text, at, words) in [
            ("", 1, "a figure is missing"),
            ("p99", 4, "< or <= must stand here"),
            ("p99>5ms", 4, "'>' cannot stand here, only < or <="),
            ("mean<5ms", 1, "no figure is called 'mean'"),
            ("pinf<5ms", 1, "errors, delivery.reach, and any percentile"),
            ("p<5ms", 1, "no figure is called 'p'"),
            ("service.p99<5ms", 1, "no figure is called 'service.p99'"),
            ("p100<5ms", 1, "above 0 and below 100"),
            ("p0<5ms", 1, "above 0 and below 100"),
            ("p99<5", 6, "write 5s or 5ms or 5us"),
            ("p99<0ms", 5, "more than 0"),
            ("p99<1.5ns", 5, "whole number of nanoseconds"),
            ("p99<9999999h", 5, "too much"),
            ("p99<", 5, "a bound must stand here"),
            ("errors<1", 9, "write 1%"),
            ("errors<NaN%", 8, "0.01%"),
            ("errors<101%", 8, "below 100%"),
            ("p99<baseline", 5, "such as 5ms"),
            ("p99<2*baseline", 6, "'2' has no unit"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            let told = error.to_string();
            assert!(told.contains(words), "{text}: {error}");
            assert!(
                told.ends_with("write it like p99<5ms or errors<0.01%"),
                "{error}"
            );
        }
    }
}
