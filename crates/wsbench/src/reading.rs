//! Readings: figures of a result, asked for by name.
//!
//! The names and what they mean are `judge`'s one registry of figures, by which `--fail-if`,
//! comparisons and rankings go as well.

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use thiserror::Error;
use wsbench_judge::figure::Figure;
use wsbench_record::document::Record;

pub use wsbench_judge::expression::{ExpressionError, Reason};
pub use wsbench_judge::figure::{Missing, Unit};
pub use wsbench_record::condition::{Judgement, State};
pub use wsbench_stats::Interval;

/// A name is near another from this similarity on (Jaro and Winkler's, from 0 to 1).
const NEAR: f64 = 0.8;
/// So many near names are told.
const TOLD: usize = 3;

/// A figure of a run, with what the run itself knows of its noise.
///
/// Printed it is what a report would say, with the marks of a report: `~` before a value behind
/// which few samples lie, `≥` before one that is known only to be this or more.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The full name. `p99` has become `service.p99` or `response.p99`.
    pub name: String,
    /// The value, in `unit`.
    pub value: f64,
    /// The unit of the value and of the interval's ends.
    pub unit: Unit,
    /// The ends within which the value lies at 95 %, by this run alone; other runs may differ more.
    /// `None` of what is counted, of the mean and the greatest, and where the run was too short to
    /// tell.
    pub interval: Option<Interval>,
    /// True where few samples lie behind it, though enough to give it.
    pub is_low: bool,
    /// True where messages that were never answered reach into it: the truth is this or more.
    pub is_lower_bound: bool,
    figure: Figure,
}

/// The reason why a figure cannot be read from a result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No figure of a run has this name.
    #[error("no figure of a run is called '{name}'; {}", near_in_words(near))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that are most like it, the most alike first; none where nothing is like it.
        near: Vec<String>,
    },
    /// The run does not have the figure.
    #[error("{name}: {why}")]
    Missing {
        /// The full name.
        name: String,
        /// The reason: too few samples, or a thing that was not measured.
        why: Missing,
    },
}

impl Reading {
    /// Reads the figure of this name.
    pub(crate) fn of(record: &Record, name: &str) -> Result<Self, ReadError> {
        let figure = Figure::named(name, record.plan.clients.headline());
        let figure = figure
            .filter(|figure| figure.is_of_runs())
            .ok_or_else(|| unknown(name))?;
        let read = figure.read(record).map_err(|why| ReadError::Missing {
            name: figure.name(),
            why,
        })?;
        Ok(Self {
            name: figure.name(),
            value: read.value,
            unit: figure.unit(),
            interval: read.within,
            is_low: read.is_low,
            is_lower_bound: read.is_lower_bound,
            figure,
        })
    }

    /// The value as a time; `None` of a figure that is none.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        match self.unit {
            Unit::Span => Some(Duration::from_nanos(self.value as u64)),
            Unit::Micros => Some(Duration::from_nanos((self.value * 1e3) as u64)),
            _ => None,
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reading = wsbench_judge::figure::Reading {
            value: self.value,
            is_low: self.is_low,
            is_lower_bound: self.is_lower_bound,
            within: self.interval,
        };
        write!(
            f,
            "{} {}",
            self.figure.label(),
            reading.written(self.figure)
        )?;
        match self.interval {
            Some(ends) => {
                let [low, high] = [ends.low, ends.high].map(|end| self.figure.written(end));
                write!(f, ", 95 % {low}–{high}")
            }
            None => Ok(()),
        }
    }
}

fn unknown(name: &str) -> ReadError {
    let asked = name.to_lowercase();
    let similarity = |other: &str| strsim::jaro_winkler(&asked, other);
    let names = Figure::names_of_runs();
    let mut near: Vec<(f64, String)> = names
        .map(|other| (similarity(&other), other))
        .filter(|(similarity, _)| *similarity >= NEAR)
        .collect();
    near.sort_by_key(|(similarity, _)| Reverse((similarity * 1e6) as u64));
    ReadError::Unknown {
        name: name.to_owned(),
        near: near.into_iter().map(|(_, name)| name).take(TOLD).collect(),
    }
}

fn near_in_words(near: &[String]) -> String {
    match near {
        [] => format!("there are {}", Figure::all_named()),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(name: &str) -> Vec<String> {
        match unknown(name) {
            ReadError::Unknown { near, .. } => near,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_name_that_is_mistyped_is_told_with_its_neighbours() {
        assert_eq!(near("mesages_per_s")[0], "messages_per_s");
        assert_eq!(near("respnse.p99")[0], "response.p99");
        assert_eq!(near("P99")[0], "p99");
        assert_eq!(
            near("server.cpu_us_per_mesage")[0],
            "server.cpu_us_per_message"
        );
        assert_eq!(near("error")[0], "errors");
        assert!(near("colour").is_empty(), "{:?}", near("colour"));
        let told = unknown("respnse.p99").to_string();
        assert!(
            told.starts_with(
                "no figure of a run is called 'respnse.p99'; did you mean response.p99 or "
            ),
            "{told}"
        );
        let all = unknown("colour").to_string();
        assert!(
            all.contains("there are p50, ") && all.ends_with("unasked"),
            "{all}"
        );
    }
}
