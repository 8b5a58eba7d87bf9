//! Until the answer is known: `p99±5%`, `p99±200us`, `rate±1%`.
//!
//! A run goes on until the interval of confidence of one figure is as narrow as asked. The rule is
//! a function of what was measured; whoever watches the run asks it after each interval and ends
//! the run. It ends none itself, and it knows no clock.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::Slice;
use wsbench_record::document::{Percentile, Support, confidence};
use wsbench_record::units::span;
use wsbench_record::until::UntilOutcome;

/// The rule must hold so many times in a row: an interval that is narrow once may be so by luck,
/// and whoever stops at the first such moment stops too early too often.
const IN_A_ROW: u32 = 2;

/// What is to be known, and how well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Until {
    figure: Figure,
    within: Within,
}

/// Which figure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    /// A percentile of the response time.
    Response(Percentile),
    /// Answers a second.
    Rate,
}

/// Half the interval of confidence at 95 %, at most.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Within {
    /// As a share of the figure.
    Share(f64),
    /// As a span, ns.
    Span(f64),
}

/// Why a text says nothing that can be waited for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UntilError {
    /// There is no `±` and no `+-`. Put one between the figure and its bound.
    #[error("'{0}' has no ±; write it like p99±5% or rate±1% (+- will do for ±)")]
    NoBound(String),
    /// The figure is none whose confidence one run can tell.
    #[error("'{0}' is not p50, p90, p99, p99.9 or rate; write it like p99±5%")]
    NoFigure(String),
    /// The bound is no number above zero with a unit.
    #[error("'{0}' is no bound; write it like 5%, 200us or 1.5ms")]
    NoWidth(String),
    /// A rate is no time.
    #[error("'{0}' bounds a rate by a time; write it like rate±1%")]
    RateByTime(String),
}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        let parts = text.split_once('±').or_else(|| text.split_once("+-"));
        let (figure, bound) = parts.ok_or_else(|| UntilError::NoBound(text.to_owned()))?;
        let (figure, bound) = (figure.trim(), bound.trim());
        let quoted = [
            Percentile::P50,
            Percentile::P90,
            Percentile::P99,
            Percentile::P99_9,
        ];
        let figure = match figure.to_ascii_lowercase().as_str() {
            "rate" => Figure::Rate,
            name => quoted
                .into_iter()
                .find(|percentile| percentile.label() == name)
                .map(Figure::Response)
                .ok_or_else(|| UntilError::NoFigure(figure.to_owned()))?,
        };
        let within = width(bound).ok_or_else(|| UntilError::NoWidth(bound.to_owned()))?;
        if figure == Figure::Rate && matches!(within, Within::Span(_)) {
            return Err(UntilError::RateByTime(text.to_owned()));
        }
        Ok(Self { figure, within })
    }
}

/// A share or a span above zero.
fn width(text: &str) -> Option<Within> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok().filter(|number| *number > 0.0)?;
    let span = |factor: f64| Some(Within::Span(number * factor));
    match unit.trim() {
        "%" => Some(Within::Share(number / 100.0)),
        "ns" => span(1.0),
        "us" | "µs" | "μs" => span(1e3),
        "ms" => span(1e6),
        "s" => span(1e9),
        _ => None,
    }
}

impl fmt::Display for Until {
    /// As it may be read again: `p99±5%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.figure {
            Figure::Response(percentile) => f.write_str(percentile.label())?,
            Figure::Rate => f.write_str("rate")?,
        }
        match self.within {
            Within::Share(share) => write!(f, "±{}%", (share * 1e6).round() / 1e4),
            Within::Span(ns) => write!(f, "±{}", span(ns)),
        }
    }
}

impl Until {
    /// Half the interval of confidence of the figure, in the unit of its bound: a share, or ns.
    /// `None` while it is not known: fewer than twenty intervals, or fewer than ten effective
    /// samples above the percentile.
    #[must_use]
    pub fn half_width(&self, slices: &[Slice]) -> Option<f64> {
        let (value, low, high) = match self.figure {
            Figure::Rate => {
                let found = confidence::rate(slices)?;
                let bounds = found.interval();
                (found.value, bounds.low, bounds.high)
            }
            Figure::Response(percentile) => {
                let q = percentile.share();
                let found = confidence::quantile(slices, |slice| &slice.response, q)?;
                if percentile.support(found.effective as u64) == Support::Unknown {
                    return None;
                }
                (found.value, found.interval.low, found.interval.high)
            }
        };
        let half = (value - low).max(high - value);
        match self.within {
            Within::Share(_) => (value > 0.0).then(|| half / value),
            Within::Span(_) => Some(half),
        }
    }

    /// The most that half the interval may be, in the same unit.
    fn bound(&self) -> f64 {
        match self.within {
            Within::Share(bound) | Within::Span(bound) => bound,
        }
    }
}

/// A rule that is asked after each interval of a run.
#[derive(Clone, Debug)]
pub struct Watch {
    until: Until,
    /// The end of the newest slice when it was asked last.
    asked_at: Option<Nanos>,
    half_width: Option<f64>,
    in_a_row: u32,
}

impl Watch {
    /// For one run.
    #[must_use]
    pub fn new(until: Until) -> Self {
        Self {
            until,
            asked_at: None,
            half_width: None,
            in_a_row: 0,
        }
    }

    /// Whether enough is known. Asked again about the same slices it answers as before, and once
    /// enough is known it stays so.
    pub fn is_enough(&mut self, slices: &[Slice]) -> bool {
        let at = slices.last().map(|newest| newest.at);
        if at.is_some() && at != self.asked_at {
            self.asked_at = at;
            self.half_width = self.until.half_width(slices);
            let is_known = self
                .half_width
                .is_some_and(|half| half <= self.until.bound());
            if self.in_a_row < IN_A_ROW {
                self.in_a_row = if is_known { self.in_a_row + 1 } else { 0 };
            }
        }
        self.in_a_row >= IN_A_ROW
    }

    /// What came of it, for the document of the run that is over.
    #[must_use]
    pub fn outcome(&self) -> UntilOutcome {
        let (half_width, half_width_ns) = match self.until.within {
            Within::Share(_) => (self.half_width, None),
            Within::Span(_) => (None, self.half_width),
        };
        UntilOutcome {
            asked: self.until.to_string(),
            reached: self.in_a_row >= IN_A_ROW,
            half_width,
            half_width_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_and_told_again() {
        for (text, told) in [
            ("p99±5%", "p99±5%"),
            ("p99.9+-0.5%", "p99.9±0.5%"),
            ("P50 ± 200us", "p50±200µs"),
            ("rate+-1%", "rate±1%"),
        ] {
            assert_eq!(text.parse::<Until>().unwrap().to_string(), told);
        }
    }

    #[test]
    fn what_cannot_be_waited_for_is_refused() {
        let refused = |text: &str| text.parse::<Until>().unwrap_err();
        assert_eq!(refused("p99"), UntilError::NoBound("p99".into()));
        assert_eq!(refused("p99.99±5%"), UntilError::NoFigure("p99.99".into()));
        for bound in ["", "5", "0%", "-1%", "5parsec", "%"] {
            let text = format!("p99±{bound}");
            assert_eq!(refused(&text), UntilError::NoWidth(bound.into()), "{text}");
        }
        assert!(matches!(refused("rate±1ms"), UntilError::RateByTime(_)));
    }
}
