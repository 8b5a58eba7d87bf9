//! The little language in which figures are bounded: `figure relation bound`.
//!
//! `p99>5ms`, `errors<0.01%`, `p99±5%`, `messages_per_s<0.95*baseline`. Conditions, objectives and
//! the end of a run are all written in it. Each of them says what it allows; what it makes of an
//! [`BoundedFigure`] is its own affair. A bare percentile is not resolved here: its user knows
//! which times are meant.

mod cursor;

use thiserror::Error;
use wsbench_setting::{Text, Told, text};

use crate::figure::Unit;
use cursor::Cursor;

/// A figure and its bound, as they were written.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundedFigure {
    /// The words of the user, without space around them.
    pub source: String,
    /// The figure's name, in small letters.
    pub figure: String,
    /// The place of the name, in characters from 1.
    pub figure_at: usize,
    /// Relation in which the figure is to be to its bound.
    pub relation: Relation,
    /// The bound.
    pub bound: Bound,
    /// The place of the bound, in characters from 1.
    pub bound_at: usize,
}

/// Relation of a figure to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `>`.
    Above,
    /// `>=`.
    AtLeast,
    /// `<`.
    Below,
    /// `<=`.
    AtMost,
    /// `±`, or `+-`: known so well.
    Within,
}

/// A bound of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// A value in this unit.
    Value(f64, Unit),
    /// So many times the figure of the baseline.
    OfBaseline(f64),
}

/// An expression as far as a user of the language takes it.
pub struct Allowed {
    /// The relations that may stand between figure and bound.
    pub relations: &'static [Relation],
    /// The units of a bound of the figure of this name, the most usual first; none where there is
    /// no such figure here.
    pub units: fn(&str) -> Vec<Unit>,
    /// The figures that there are, for people.
    pub figures: fn() -> String,
    /// True where a bound may be a factor of the baseline.
    pub baseline: bool,
    /// A right expression.
    pub example: &'static str,
    /// The way to say more, for one who writes two at once.
    pub another: fn() -> Text,
}

/// Why a text is no expression, or none that its user takes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("at character {at}: {reason}; write it like {example}")]
pub struct ExpressionError {
    /// The place, in characters from 1.
    pub at: usize,
    /// The fault, and what would be right.
    pub reason: Reason,
    /// A right expression.
    pub example: &'static str,
}

/// A fault of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// Nothing stands where a figure should.
    #[error("a figure is missing")]
    NoFigure,
    /// There is no such figure.
    #[error("no figure is called '{name}' here; there are {figures}")]
    NoSuchFigure {
        /// Text that was written.
        name: String,
        /// Those that there are.
        figures: String,
    },
    /// A percentile beyond the two ends.
    #[error("'{name}' is no percentile: it lies above 0 and below 100, like p99.9")]
    NoPercentile {
        /// Text that was written.
        name: String,
    },
    /// Nothing relates figure and bound.
    #[error("{relations} must stand here")]
    NoRelation {
        /// Those that may.
        relations: String,
    },
    /// A relation of another use of the language.
    #[error("'{found}' cannot stand here, only {relations}")]
    OtherRelation {
        /// Text that was written.
        found: &'static str,
        /// Those that may.
        relations: String,
    },
    /// Nothing stands where the bound should.
    #[error("a bound must stand here, such as {example}")]
    NoBound {
        /// One that would do.
        example: &'static str,
    },
    /// A unit is wrong.
    #[error("'{unit}' is no unit of {figure}; a bound of it is like {example}")]
    Unit {
        /// Text that was written.
        unit: String,
        /// The figure.
        figure: String,
        /// One that would do.
        example: &'static str,
    },
    /// A number without a unit, of a figure that needs one.
    #[error("'{number}' has no unit: write {such_as}")]
    NoUnit {
        /// Text that was written.
        number: String,
        /// The number with units that would do.
        such_as: String,
    },
    /// A bound of nothing.
    #[error("a bound must be more than 0 here")]
    Zero,
    /// A bound that no figure reaches.
    #[error("the bound is too much; the limit is {limit}")]
    TooLarge {
        /// The most that is taken.
        limit: &'static str,
    },
    /// A time of a part of a nanosecond.
    #[error("the bound is not a whole number of nanoseconds")]
    NotWhole,
    /// A factor of something else than the baseline.
    #[error("after * there can only be 'baseline', as in 0.95*baseline")]
    NoBaseline,
    /// Something follows.
    #[error("nothing can follow here; {another}")]
    Trailing {
        /// The way to say more.
        another: Text,
    },
}

impl Told for ExpressionError {
    fn text(&self) -> Text {
        text![format!("at character {}: ", self.at)]
            .then(self.reason.text())
            .then(format!("; write it like {}", self.example))
    }
}

impl Told for Reason {
    fn text(&self) -> Text {
        match self {
            Self::Trailing { another } => text!["nothing can follow here; "].then(another.clone()),
            other => other.to_string().into(),
        }
    }
}

/// The signs of relations, the longer ones first.
const SIGNS: [(&str, Relation); 6] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    (">", Relation::Above),
    ("<", Relation::Below),
    ("±", Relation::Within),
    ("+-", Relation::Within),
];

/// Reads an expression.
///
/// ```
/// use wsbench_judge::condition::ALLOWED;
/// use wsbench_judge::expression::parse;
/// assert!(parse("p99 > 5ms", &ALLOWED).is_ok());
/// assert_eq!(parse("p99 > 5", &ALLOWED).unwrap_err().at, 8);
/// ```
///
/// # Errors
/// [`ExpressionError`] with the place and what would be right there.
pub fn parse(text: &str, allowed: &Allowed) -> Result<BoundedFigure, ExpressionError> {
    let mut cursor = Cursor::new(text, allowed.example);
    cursor.skip_space();
    let figure_at = cursor.place();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "._".contains(letter);
    let name = cursor.take(is_name);
    if name.is_empty() {
        return Err(cursor.error(figure_at, Reason::NoFigure));
    }
    let figure = name.to_ascii_lowercase();
    let units = (allowed.units)(&figure);
    let Some(first) = units.first() else {
        let (name, figures) = (name.to_owned(), (allowed.figures)());
        return Err(cursor.error(figure_at, Reason::NoSuchFigure { name, figures }));
    };
    cursor.skip_space();
    let relation = relation(&mut cursor, allowed)?;
    cursor.skip_space();
    let bound_at = cursor.place();
    let reader = BoundReader {
        name,
        units: &units,
        example: first.example(),
    };
    let bound = if allowed.baseline {
        match of_baseline(&mut cursor, &reader)? {
            Some(factor) => Bound::OfBaseline(factor),
            None => reader.value(&mut cursor)?,
        }
    } else {
        reader.value(&mut cursor)?
    };
    cursor.skip_space();
    if !cursor.is_at_end() {
        let another = (allowed.another)();
        return Err(cursor.error(cursor.place(), Reason::Trailing { another }));
    }
    Ok(BoundedFigure {
        source: text.trim().to_owned(),
        figure,
        figure_at,
        relation,
        bound,
        bound_at,
    })
}

impl BoundedFigure {
    /// The error of a user whom this figure, or its name, does not suit.
    pub(crate) fn figure_fault(&self, reason: Reason, allowed: &Allowed) -> ExpressionError {
        ExpressionError {
            at: self.figure_at,
            reason,
            example: allowed.example,
        }
    }

    /// The error of a user whom this bound does not suit.
    pub(crate) fn bound_fault(&self, reason: Reason, allowed: &Allowed) -> ExpressionError {
        ExpressionError {
            at: self.bound_at,
            reason,
            example: allowed.example,
        }
    }
}

fn relation(cursor: &mut Cursor<'_>, allowed: &Allowed) -> Result<Relation, ExpressionError> {
    let at = cursor.place();
    let found = SIGNS.into_iter().find(|(sign, _)| cursor.takes(sign));
    if let Some((_, relation)) = found
        && allowed.relations.contains(&relation)
    {
        return Ok(relation);
    }
    let signs = allowed.relations.iter().flat_map(|relation| {
        let own = SIGNS
            .into_iter()
            .filter(move |(_, other)| other == relation);
        own.map(|(sign, _)| sign)
    });
    let signs: Vec<&str> = signs.collect();
    let relations = match signs.len() {
        0..=2 => signs.join(" or "),
        _ => format!("one of {}", signs.join(" ")),
    };
    let reason = match found {
        Some((found, _)) => Reason::OtherRelation { found, relations },
        None => Reason::NoRelation { relations },
    };
    Err(cursor.error(at, reason))
}

/// A factor of the baseline: `baseline`, `baseline*0.95`, `0.95*baseline`, `-5%`; `None`, and
/// nothing taken, where a value stands.
fn of_baseline(
    cursor: &mut Cursor<'_>,
    reader: &BoundReader<'_>,
) -> Result<Option<f64>, ExpressionError> {
    const BASELINE: &str = "baseline";
    let begin = cursor.clone();
    if let Some(factor) = change(cursor) {
        return Ok(Some(factor));
    }
    if cursor.takes(BASELINE) {
        cursor.skip_space();
        if !cursor.takes("*") {
            return Ok(Some(1.0));
        }
        cursor.skip_space();
        let at = cursor.place();
        let example = "baseline*0.95";
        let factor = cursor.number();
        return match factor {
            Some((factor, _)) => Ok(Some(factor)),
            None => Err(cursor.error(at, Reason::NoBound { example })),
        };
    }
    let (factor, _) = reader.number(cursor)?;
    cursor.skip_space();
    if !cursor.takes("*") {
        *cursor = begin;
        return Ok(None);
    }
    cursor.skip_space();
    let at = cursor.place();
    if cursor.takes(BASELINE) {
        Ok(Some(factor))
    } else {
        Err(cursor.error(at, Reason::NoBaseline))
    }
}

/// A change from the baseline as a factor of it: `+5%` is 1.05; `None`, and nothing taken, where
/// none stands.
fn change(cursor: &mut Cursor<'_>) -> Option<f64> {
    let begin = cursor.clone();
    let signs = [("+", 1.0), ("-", -1.0), ("\u{2212}", -1.0)];
    let sign = signs.into_iter().find(|(sign, _)| cursor.takes(sign));
    let factor = sign.and_then(|(_, sign)| {
        let (percent, _) = cursor.number()?;
        cursor.skip_space();
        let factor = 1.0 + sign * percent / 100.0;
        (cursor.takes("%") && factor > 0.0).then_some(factor)
    });
    if factor.is_none() {
        *cursor = begin;
    }
    factor
}

/// Reader of the value of a bound.
struct BoundReader<'a> {
    /// The figure, as it was written.
    name: &'a str,
    units: &'a [Unit],
    example: &'static str,
}

impl BoundReader<'_> {
    fn number<'a>(&self, cursor: &mut Cursor<'a>) -> Result<(f64, &'a str), ExpressionError> {
        let at = cursor.place();
        let example = self.example;
        let number = cursor.number();
        number.ok_or_else(|| cursor.error(at, Reason::NoBound { example }))
    }

    /// A number with its unit; of times as many as there are, as in `1m30s`.
    fn value(&self, cursor: &mut Cursor<'_>) -> Result<Bound, ExpressionError> {
        let (mut total, unit) = self.part(cursor)?;
        while unit == Unit::Span && cursor.is_at_digit() {
            let (part, _) = BoundReader {
                units: &[Unit::Span],
                ..*self
            }
            .part(cursor)?;
            total += part;
        }
        Ok(Bound::Value(total, unit))
    }

    fn part(&self, cursor: &mut Cursor<'_>) -> Result<(f64, Unit), ExpressionError> {
        let (number, digits) = self.number(cursor)?;
        cursor.skip_space();
        let at = cursor.place();
        let suffix = cursor.take(|letter| letter.is_alphabetic() || "/%".contains(letter));
        let scaled = |unit: &Unit| Some((unit.scaled(number, suffix)?, *unit));
        if let Some(found) = self.units.iter().find_map(scaled) {
            return Ok(found);
        }
        if suffix.is_empty() {
            let needed = self.units.iter().flat_map(|unit| unit.needed());
            let such_as: Vec<String> = needed.map(|unit| format!("{digits}{unit}")).collect();
            let (number, such_as) = (digits.to_owned(), such_as.join(" or "));
            return Err(cursor.error(at, Reason::NoUnit { number, such_as }));
        }
        let reason = Reason::Unit {
            unit: suffix.to_owned(),
            figure: self.name.to_owned(),
            example: self.example,
        };
        Err(cursor.error(at, reason))
    }
}
