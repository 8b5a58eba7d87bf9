//! A figure of a ranking as it is told: with its bound, by its interval alone where that is wide,
//! and not at all where it says nothing.

use wsbench_judge::figure::{Figure, Sense, Unit};
use wsbench_judge::ranking::metric;
use wsbench_record::ranking::{CellFigure, League, Place};
use wsbench_record::units::span;

use crate::mark;

/// Ratio of the ends of an interval from which on the interval is told instead of the value.
const WIDE: f64 = 1.5;
/// The ratio from which on nothing is told.
const UNKNOWN: f64 = 10.0;

/// A figure with what may be said of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToldFigure {
    /// The words.
    pub(super) words: String,
    /// The value; absent where none is told.
    pub(super) value: Option<f64>,
    /// The value by which it is sorted.
    pub(super) key: Option<f64>,
    /// The ends of its interval.
    pub(super) ends: Option<(f64, f64)>,
    /// True of a bound: the generator set the figure.
    pub(super) is_bound: bool,
    /// True where it is to be read with care.
    pub(super) is_weak: bool,
    /// Why nothing is told, or what else is to be known; may be empty.
    pub(super) reason: String,
}

impl ToldFigure {
    /// A place in a league.
    pub(super) fn of_place(league: &League, place: &Place) -> Option<Self> {
        let figure = Figure::recorded(&league.metric)?;
        let ends = place.low.zip(place.high);
        let told = Self::of(figure, place.value, ends, place.generator_limited);
        Some(told.pooled(place.is_pooled))
    }

    /// A figure of a cell.
    pub(super) fn of_figure(of: &CellFigure) -> Option<Self> {
        let figure = Figure::recorded(&of.metric)?;
        Some(match of.value {
            Some(value) => Self::of(figure, value, of.low.zip(of.high), false).pooled(of.is_pooled),
            None => Self::missing(of.missing.as_deref().unwrap_or("not run")),
        })
    }

    /// Nothing, and why.
    pub(super) fn missing(reason: &str) -> Self {
        let words = match reason {
            "no load held" => "none held",
            "it did not keep up with the rate" => "rate not held",
            _ => "not known",
        };
        Self {
            words: words.to_owned(),
            value: None,
            key: None,
            ends: None,
            is_bound: false,
            is_weak: true,
            reason: reason.to_owned(),
        }
    }

    /// The same, with what is to be known where it is of the samples of all rounds.
    fn pooled(mut self, is_pooled: bool) -> Self {
        if is_pooled && self.reason.is_empty() {
            self.reason = "all rounds together".to_owned();
        }
        self
    }

    fn of(figure: Figure, value: f64, ends: Option<(f64, f64)>, is_bound: bool) -> Self {
        let mut told = Self {
            words: written(figure, value),
            value: Some(value),
            key: Some(value),
            ends,
            is_bound,
            is_weak: false,
            reason: String::new(),
        };
        let ratio = ends.map_or(1.0, |(low, high)| high / low);
        if !(ratio.is_finite() && ratio <= UNKNOWN) {
            let factor = if ratio.is_finite() && ratio < 1e4 {
                format!("its rounds allow a factor of {ratio:.0}")
            } else {
                "its rounds allow any value".to_owned()
            };
            return Self {
                key: None,
                ..Self::missing(&factor)
            };
        }
        if let (Some((low, high)), true) = (ends, ratio > WIDE) {
            told.is_weak = true;
            told.words = within(figure, value, low, high);
            told.value = is_bound.then_some(value);
        }
        if is_bound {
            let outer = ends
                .filter(|_| told.is_weak)
                .map(|(low, high)| match figure.sense() {
                    Sense::More => low,
                    Sense::Less => high,
                });
            let sign = match figure.sense() {
                Sense::More => "≥",
                Sense::Less => "≤",
            };
            told.words = format!("{sign} {}", written(figure, outer.unwrap_or(value)));
        }
        told
    }

    /// What the ends of the axis have to hold: figures that are told.
    pub(super) fn held(&self) -> Vec<f64> {
        match (self.value, self.ends) {
            (Some(value), Some((low, high))) if !self.is_weak => vec![low, value, high],
            (Some(value), _) => vec![value],
            (None, _) => Vec::new(),
        }
    }
}

/// A figure in three digits.
pub(super) fn written(figure: Figure, value: f64) -> String {
    match figure.unit() {
        Unit::Micros => span(value * 1e3),
        _ => metric::words(figure, value),
    }
}

/// The ends of an interval in one unit.
pub(super) fn within(figure: Figure, value: f64, low: f64, high: f64) -> String {
    let counted = || format!("{}–{}", figure.written(low), figure.written(high));
    mark::ranged(figure, value, low, high).map_or_else(counted, |it| it.ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_interval_stands_for_its_value_and_a_wider_one_for_nothing() {
        let told = |value, low, high, is_bound| {
            ToldFigure::of(Figure::MESSAGES_PER_S, value, Some((low, high)), is_bound).words
        };
        assert_eq!(told(207e3, 198e3, 217e3, false), "207k");
        assert_eq!(told(99e3, 70.9e3, 138e3, false), "70–138k");
        assert_eq!(told(269e3, 250e3, 280e3, true), "≥ 269k");
        assert_eq!(told(1e3, 10.0, 1e5, false), "not known");
        let memory = ToldFigure::of(
            Figure::BYTES_PER_CONNECTION,
            2_000.0,
            Some((1e-5, 1e11)),
            false,
        );
        assert!(
            memory.held().is_empty() && memory.key.is_none(),
            "{memory:?}"
        );
    }
}
