//! Until the answer is known: `p99±5%`, `p99±200us`, `rate±1%`.
//!
//! A run goes on until the interval of confidence of one figure is as narrow as asked. The rule is
//! a function of what was measured; whoever watches the run asks it after each interval and ends
//! the run. It ends none itself, and it knows no clock.

use std::fmt;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Population;
use wsbench_load::result::WindowSlice;
use wsbench_load::series::Series;
use wsbench_record::units::span;
use wsbench_record::until::UntilOutcome;

use crate::expression::{self, Allowed, Bound, BoundedFigure, ExpressionError, Reason, Relation};
use crate::figure::{Figure, Unit};

/// The rule must hold so many times in a row: an interval that is narrow once may be so by luck,
/// and whoever stops at the first such moment stops too early too often.
const IN_A_ROW: u32 = 2;

/// Figure that is to be known, and how well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Until {
    figure: Figure,
    /// It was named by its point alone: of the times that the load is about.
    is_bare: bool,
    within: HalfWidth,
}

/// Half the interval of confidence at 95 %, at most.
#[derive(Clone, Copy, Debug, PartialEq)]
enum HalfWidth {
    /// As a share of the figure.
    Share(f64),
    /// As a span, ns.
    Span(f64),
}

/// Expressions that may be waited for: a figure whose confidence one run can tell.
pub const ALLOWED: Allowed = Allowed {
    relations: &[Relation::Within],
    units,
    figures: Figure::all_watched,
    baseline: false,
    example: "p99±5%, p99±200us or rate±1%",
    another: || "one figure is waited for".into(),
};

fn units(name: &str) -> Vec<Unit> {
    match watched(name).map(Figure::unit) {
        Some(Unit::Span) => vec![Unit::Share, Unit::Span],
        Some(_) => vec![Unit::Share],
        None => Vec::new(),
    }
}

/// The figure of this name, if it may be waited for. A bare percentile stands for that of whatever
/// times the load is about.
fn watched(name: &str) -> Option<Figure> {
    Figure::named(name, Series::Response).filter(|figure| figure.is_watched())
}

/// Reads what is to be waited for: `p99±5%`.
///
/// # Errors
/// [`ExpressionError`] with the place and what would be right there.
pub fn parse(text: &str) -> Result<Until, ExpressionError> {
    expression::parse(text, &ALLOWED)?.try_into()
}

impl TryFrom<BoundedFigure> for Until {
    type Error = ExpressionError;

    fn try_from(expression: BoundedFigure) -> Result<Self, ExpressionError> {
        let Some(figure) = watched(&expression.figure) else {
            let (name, figures) = (expression.figure.clone(), (ALLOWED.figures)());
            let reason = Reason::NoSuchFigure { name, figures };
            return Err(expression.figure_fault(reason, &ALLOWED));
        };
        let within = match expression.bound {
            Bound::Value(0.0, _) => Err(Reason::Zero),
            Bound::Value(share, Unit::Share) => Ok(HalfWidth::Share(share)),
            Bound::Value(ns, Unit::Span) => Ok(HalfWidth::Span(ns)),
            Bound::Value(..) | Bound::OfBaseline(_) => Err(Reason::NoBound { example: "5%" }),
        };
        let within = within.map_err(|reason| expression.bound_fault(reason, &ALLOWED))?;
        let is_bare = Some(figure) != Figure::named(&expression.figure, Series::Delivery);
        Ok(Self {
            figure,
            is_bare,
            within,
        })
    }
}

impl fmt::Display for Until {
    /// As it may be read again: `p99±5%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_response = self.figure.series() == Some(Series::Response);
        f.write_str(&self.figure.short(self.is_bare || is_response))?;
        match self.within {
            HalfWidth::Share(share) => write!(f, "±{}%", (share * 1e6).round() / 1e4),
            HalfWidth::Span(ns) => write!(f, "±{}", span(ns).replace(' ', "")),
        }
    }
}

impl Until {
    /// The same of a load that is about the times of `headline`, from when each was due.
    #[must_use]
    pub fn about(self, headline: Series) -> Self {
        match self.figure.point() {
            Some(point) if self.is_bare => Self {
                figure: Figure::times(headline, point),
                ..self
            },
            _ => self,
        }
    }

    /// True of a figure that a load of `clients` has.
    #[must_use]
    pub fn is_of(&self, clients: &Population) -> bool {
        let series = self.figure.series().filter(|_| !self.is_bare);
        series.is_none_or(|series| clients.tells_of(series))
    }

    /// The name of the figure: `delivery.last.p99`.
    #[must_use]
    pub fn name(&self) -> String {
        self.figure.short(self.is_bare)
    }

    /// Half the interval of confidence of the figure, in the unit of its bound: a share, or ns.
    /// `None` while it is not known: fewer than twenty intervals, or an interval
    /// without an upper end.
    #[must_use]
    pub fn half_width(&self, slices: &[WindowSlice]) -> Option<f64> {
        let (value, interval) = self.figure.watch(slices)?;
        let half = (value - interval.low).max(interval.high - value);
        if !half.is_finite() {
            return None;
        }
        match self.within {
            HalfWidth::Share(_) => (value > 0.0).then(|| half / value),
            HalfWidth::Span(_) => Some(half),
        }
    }

    /// The most that half the interval may be, in the same unit.
    fn bound(&self) -> f64 {
        match self.within {
            HalfWidth::Share(bound) | HalfWidth::Span(bound) => bound,
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

    /// True if enough is known. Asked again about the same slices it answers as before, and once
    /// enough is known it stays so.
    pub fn is_enough(&mut self, slices: &[WindowSlice]) -> bool {
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

    /// Outcome of it, for the document of the run that is over.
    #[must_use]
    pub fn outcome(&self) -> UntilOutcome {
        let (half_width, half_width_ns) = match self.until.within {
            HalfWidth::Share(_) => (self.half_width, None),
            HalfWidth::Span(_) => (None, self.half_width),
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
            ("messages_per_s±1%", "rate±1%"),
            ("response.p90±1ms", "p90±1.00ms"),
            ("delivery.last.p99±5%", "delivery.last.p99±5%"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), told);
        }
    }

    #[test]
    fn a_bare_percentile_is_of_what_the_load_is_about() {
        let about = |text: &str| parse(text).unwrap().about(Series::Delivery).figure.name();
        assert_eq!(about("p99±5%"), "delivery.p99");
        assert_eq!(about("response.p99±5%"), "response.p99");
        assert_eq!(about("delivery.last.p99±5%"), "delivery.last.p99");
        assert_eq!(about("rate±5%"), "messages_per_s");
    }

    #[test]
    fn what_cannot_be_waited_for_is_refused() {
        for (text, at, words) in [
            ("", 1, "a figure is missing"),
            ("p99", 4, "± or +- must stand here"),
            ("p99<5ms", 4, "'<' cannot stand here, only ± or +-"),
            (
                "p99.99±5%",
                1,
                "no figure is called 'p99.99' here; there are p50, p90",
            ),
            ("service.p99±5%", 1, "no figure is called 'service.p99'"),
            ("p99±", 5, "a bound must stand here"),
            ("p99±5", 6, "'5' has no unit: write 5% or 5s"),
            ("p99±0%", 5, "more than 0"),
            ("p99±-1%", 5, "a bound must stand here"),
            ("p99±5parsec", 6, "'parsec' is no unit of p99"),
            ("p99±%", 5, "a bound must stand here"),
            ("rate±1ms", 7, "'ms' is no unit of rate"),
            ("p99±5% p50±5%", 8, "one figure is waited for"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
    }
}
