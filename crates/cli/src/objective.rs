//! Objectives as people write them: `p99<5ms`, `errors<0.01%`.
//!
//! Text becomes an objective or an error that says what was wrong and shows a right example. What
//! is done about an objective that is missed is not known here.

use thiserror::Error;
use wsbench_record::objective::Objective;

use crate::quantity::{self, QuantityError};

/// Why a text is no objective.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ObjectiveError {
    /// There is no `<` in it.
    #[error("'{text}' has no '<'; write it like p99<5ms or errors<0.01%")]
    NoComparison {
        /// What was given.
        text: String,
    },
    /// It demands at least so much.
    #[error("'{text}' asks for more; an objective is an upper limit, like p99<5ms")]
    Greater {
        /// What was given.
        text: String,
    },
    /// It is of something else than a percentile or errors.
    #[error("'{name}' is neither a percentile nor errors; write it like p99<5ms or errors<0.01%")]
    UnknownFigure {
        /// What stands before the `<`.
        name: String,
    },
    /// The percentile is not between 0 and 100.
    #[error("'{name}' is no percentile: it lies above 0 and below 100, like p99.9")]
    NoPercentile {
        /// What stands before the `<`.
        name: String,
    },
    /// The limit of a percentile is no time.
    #[error("the limit of {name}: {source}")]
    NoTime {
        /// The percentile.
        name: String,
        /// What is wrong with the time.
        source: QuantityError,
    },
    /// The limit of errors is no share.
    #[error("'{text}' is no share of errors: from 0% to below 100%, like 0.01%")]
    NoShare {
        /// What was given.
        text: String,
    },
}

/// Reads `p99<5ms`, `p99.9<=20ms`, `errors<0.01%`.
///
/// # Errors
/// Anything else.
pub(crate) fn objective(text: &str) -> Result<Objective, ObjectiveError> {
    let text = text.trim();
    if text.contains('>') {
        return Err(ObjectiveError::Greater {
            text: text.to_owned(),
        });
    }
    let (name, limit) = text
        .split_once('<')
        .ok_or_else(|| ObjectiveError::NoComparison {
            text: text.to_owned(),
        })?;
    let limit = limit.strip_prefix('=').unwrap_or(limit).trim();
    let name = name.trim();
    if name.eq_ignore_ascii_case("errors") {
        let at_most = share(limit)?;
        return Ok(Objective::Errors { at_most });
    }
    let percentile = percentile(name)?;
    let span = quantity::positive_span(limit).map_err(|source| ObjectiveError::NoTime {
        name: name.to_owned(),
        source,
    })?;
    Ok(Objective::ResponseTime {
        percentile,
        at_most_ns: span.0,
    })
}

/// `p99.9` as 99.9.
fn percentile(name: &str) -> Result<f64, ObjectiveError> {
    let unknown = || ObjectiveError::UnknownFigure {
        name: name.to_owned(),
    };
    let digits = name.strip_prefix(['p', 'P']).ok_or_else(unknown)?;
    let is_number = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = digits.parse().map_err(|_| unknown())?;
    if !is_number {
        return Err(unknown());
    }
    if number <= 0.0 || number >= 100.0 {
        return Err(ObjectiveError::NoPercentile {
            name: name.to_owned(),
        });
    }
    Ok(number)
}

/// `0.01%` as 0.0001.
fn share(text: &str) -> Result<f64, ObjectiveError> {
    let no_share = || ObjectiveError::NoShare {
        text: text.to_owned(),
    };
    let number = text.strip_suffix('%').ok_or_else(no_share)?.trim();
    let percent: f64 = number.parse().map_err(|_| no_share())?;
    if !(0.0..100.0).contains(&percent) {
        return Err(no_share());
    }
    Ok(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_errors_are_read() {
        let p99 = |at_most_ns| Objective::ResponseTime {
            percentile: 99.0,
            at_most_ns,
        };
        assert_eq!(objective("p99<5ms"), Ok(p99(5_000_000)));
        assert_eq!(objective(" P99 <= 500us "), Ok(p99(500_000)));
        assert_eq!(objective("p99.9<1s").unwrap().name(), "p99.9");
        let errors = Objective::Errors { at_most: 0.0001 };
        assert_eq!(objective("errors<0.01%"), Ok(errors));
    }

    #[test]
    fn anything_else_is_refused_with_the_way_out() {
        for (text, words) in [
            ("", "no '<'"),
            ("p99", "no '<'"),
            ("p99>5ms", "upper limit"),
            ("mean<5ms", "neither a percentile nor errors"),
            ("pinf<5ms", "neither a percentile nor errors"),
            ("p<5ms", "neither a percentile nor errors"),
            ("p100<5ms", "above 0 and below 100"),
            ("p99<5", "write 5s, 5ms"),
            ("p99<", "nothing was given"),
            ("errors<1", "0.01%"),
            ("errors<NaN%", "0.01%"),
            ("errors<101%", "0.01%"),
        ] {
            let error = objective(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
