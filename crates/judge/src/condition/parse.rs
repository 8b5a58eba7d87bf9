//! The little language of conditions: `figure relation threshold`.
//!
//! `threshold` is a value in the figure's unit, or a factor of the baseline's: `5ms`, `10k`,
//! `0.95*baseline`, `baseline`.

use thiserror::Error;

use super::{Condition, Relation, Threshold};
use crate::figure::Figure;

/// Why a condition cannot be read. Places are counted in characters, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("at character {at}: {reason}")]
pub struct ConditionError {
    /// Where.
    pub at: usize,
    /// What is wrong there, and what would be right.
    pub reason: Reason,
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// Nothing stands where a figure should.
    #[error("a figure is missing; for example p99>5ms")]
    NoFigure,
    /// There is no such figure.
    #[error(
        "no figure is called '{name}'; there are messages_per_s, p50, p75, p90, p95, p99, p99.9, \
         p99.99, mean and max (service. or response. before them says of which times), \
         cpu_us_per_message (server. or generator.), errors, unanswered, timed_out, lost, \
         duplicated, reordered, corrupted, unasked"
    )]
    NoSuchFigure {
        /// What was written.
        name: String,
    },
    /// Nothing compares figure and threshold.
    #[error("one of > >= < <= must stand here")]
    NoRelation,
    /// Nothing stands where the threshold should.
    #[error("a threshold must stand here, such as {example}")]
    NoThreshold {
        /// One that would do.
        example: &'static str,
    },
    /// A unit is missing or wrong.
    #[error("'{unit}' is no unit of {figure}; write {example}")]
    Unit {
        /// What was written.
        unit: String,
        /// The figure.
        figure: String,
        /// One that would do.
        example: &'static str,
    },
    /// A time without a unit.
    #[error("a time is written with its unit, such as 5ms, 250us or 1s")]
    NoUnit,
    /// A factor of something else than the baseline.
    #[error("after * there can only be 'baseline', as in 0.95*baseline")]
    NoBaseline,
    /// Something follows.
    #[error("nothing can follow here; give --fail-if again for another condition")]
    Trailing,
}

/// Reads a condition.
///
/// ```
/// use wsbench_judge::condition::parse;
/// assert!(parse("p99 > 5ms").is_ok());
/// assert!(parse("messages_per_s < 0.95*baseline").unwrap().needs_baseline());
/// assert_eq!(parse("p99 > 5").unwrap_err().at, 8);
/// ```
///
/// # Errors
/// [`ConditionError`] with the place and what would be right there.
pub fn parse(text: &str) -> Result<Condition, ConditionError> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.skip_space();
    let begin = cursor.at;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "._".contains(letter);
    let name = cursor.take(is_name).to_owned();
    if name.is_empty() {
        return Err(cursor.error(begin, Reason::NoFigure));
    }
    let Some(figure) = Figure::named(&name, true) else {
        return Err(cursor.error(begin, Reason::NoSuchFigure { name }));
    };
    cursor.skip_space();
    let relation = relation(&mut cursor)?;
    cursor.skip_space();
    let threshold = threshold(&mut cursor, figure)?;
    cursor.skip_space();
    if cursor.at < text.len() {
        return Err(cursor.error(cursor.at, Reason::Trailing));
    }
    Ok(Condition {
        source: text.trim().to_owned(),
        name,
        relation,
        threshold,
    })
}

/// Where reading has come to in a text.
struct Cursor<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.take(char::is_whitespace);
    }

    /// Takes letters while they are wanted.
    fn take(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter| !is_wanted(letter)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Takes exactly these letters, if they are there.
    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.rest().starts_with(word);
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    fn error(&self, at: usize, reason: Reason) -> ConditionError {
        let at = self.text[..at].chars().count() + 1;
        ConditionError { at, reason }
    }
}

fn relation(cursor: &mut Cursor<'_>) -> Result<Relation, ConditionError> {
    // The longer ones first.
    let relations = [
        (">=", Relation::AtLeast),
        ("<=", Relation::AtMost),
        (">", Relation::Above),
        ("<", Relation::Below),
    ];
    let found = relations.into_iter().find(|(sign, _)| cursor.takes(sign));
    found.map_or_else(
        || Err(cursor.error(cursor.at, Reason::NoRelation)),
        |(_, relation)| Ok(relation),
    )
}

fn threshold(cursor: &mut Cursor<'_>, figure: Figure) -> Result<Threshold, ConditionError> {
    const BASELINE: &str = "baseline";
    let begin = cursor.at;
    if cursor.takes(BASELINE) {
        cursor.skip_space();
        if !cursor.takes("*") {
            return Ok(Threshold::OfBaseline(1.0));
        }
        cursor.skip_space();
        let factor = number(cursor);
        let missing = Reason::NoThreshold {
            example: "baseline*0.95",
        };
        let factor = factor.ok_or_else(|| cursor.error(cursor.at, missing))?;
        return Ok(Threshold::OfBaseline(factor));
    }
    let Some(value) = number(cursor) else {
        let example = units(figure).1;
        return Err(cursor.error(begin, Reason::NoThreshold { example }));
    };
    cursor.skip_space();
    if cursor.takes("*") {
        cursor.skip_space();
        let at = cursor.at;
        if !cursor.takes(BASELINE) {
            return Err(cursor.error(at, Reason::NoBaseline));
        }
        return Ok(Threshold::OfBaseline(value));
    }
    unit(cursor, figure).map(|factor| Threshold::Value(value * factor))
}

/// A number without sign or exponent.
fn number(cursor: &mut Cursor<'_>) -> Option<f64> {
    let begin = cursor.at;
    let digits = cursor.take(|letter| letter.is_ascii_digit() || letter == '.');
    let number = digits
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite());
    if number.is_none() {
        cursor.at = begin;
    }
    number
}

/// The units of a figure, how much of its own each is, and an example.
fn units(figure: Figure) -> (&'static [(&'static str, f64)], &'static str) {
    match figure {
        Figure::Time(..) => (
            &[
                ("ns", 1.0),
                ("us", 1e3),
                ("µs", 1e3),
                ("ms", 1e6),
                ("s", 1e9),
            ],
            "5ms",
        ),
        Figure::MessagesPerS => (
            &[
                ("", 1.0),
                ("/s", 1.0),
                ("k", 1e3),
                ("k/s", 1e3),
                ("m", 1e6),
                ("m/s", 1e6),
            ],
            "20k",
        ),
        Figure::CpuUsPerMessage(_) => (&[("", 1.0), ("us", 1.0), ("µs", 1.0)], "2.5us"),
        Figure::Count(_) => (&[("", 1.0), ("k", 1e3), ("m", 1e6)], "0"),
    }
}

fn unit(cursor: &mut Cursor<'_>, figure: Figure) -> Result<f64, ConditionError> {
    let begin = cursor.at;
    let written = cursor.take(|letter| letter.is_alphabetic() || "/%".contains(letter));
    let (units, example) = units(figure);
    if let Some((_, factor)) = units.iter().find(|(unit, _)| *unit == written) {
        return Ok(*factor);
    }
    if written.is_empty() {
        return Err(cursor.error(begin, Reason::NoUnit));
    }
    let reason = Reason::Unit {
        unit: written.to_owned(),
        figure: figure.label(),
        example,
    };
    Err(cursor.error(begin, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threshold_of(text: &str) -> Threshold {
        parse(text).unwrap().threshold
    }

    #[test]
    fn values_are_in_the_unit_of_the_figure() {
        for (text, value) in [
            ("p99>5ms", 5e6),
            ("response.p99.9 >= 1.5 s", 1.5e9),
            ("mean<250us", 250e3),
            ("max <= 80µs", 80e3),
            ("messages_per_s<20k", 20e3),
            ("messages_per_s < 1.5m/s", 1.5e6),
            ("errors>0", 0.0),
            ("server.cpu_us_per_message>2.5", 2.5),
        ] {
            assert_eq!(threshold_of(text), Threshold::Value(value), "{text}");
        }
        for (text, factor) in [
            ("messages_per_s<0.95*baseline", 0.95),
            ("p99 > baseline * 1.1", 1.1),
            ("lost>baseline", 1.0),
        ] {
            assert_eq!(threshold_of(text), Threshold::OfBaseline(factor), "{text}");
        }
    }

    #[test]
    fn errors_name_the_place_and_what_would_be_right() {
        for (text, at, words) in [
            ("", 1, "a figure is missing"),
            ("p98>5ms", 1, "no figure is called 'p98'"),
            ("  latency>5ms", 3, "p99.9"),
            ("p99", 4, "> >= < <="),
            ("p99=5ms", 4, "> >= < <="),
            ("p99>", 5, "such as 5ms"),
            ("p99>-5ms", 5, "such as 5ms"),
            ("p99>5", 6, "with its unit"),
            ("p99>5m", 6, "'m' is no unit of p99 response; write 5ms"),
            ("messages_per_s<5ms", 17, "write 20k"),
            ("p99>5ms errors>0", 9, "give --fail-if again"),
            ("p99>1.1*base", 9, "'baseline'"),
            ("p99>1.2.3ms", 5, "such as 5ms"),
            ("µ>5", 1, "a figure is missing"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
    }
}
