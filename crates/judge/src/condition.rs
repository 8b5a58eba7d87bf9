//! Conditions under which a result fails a build: `p99>5ms`, `messages_per_s<0.95*baseline`.
//!
//! A condition is parsed once and judged against runs. It holds only when the noise cannot have
//! made it hold: with an interval of confidence, the whole interval must be beyond the threshold.
//! Which exit code follows is the binary's affair.

mod parse;

use std::fmt;

use wsbench_record::document::Document;
use wsbench_stats::Interval;
use wsbench_stats::runs::spread;

use crate::comparison::{differences, ratio};
use crate::figure::{Figure, Reading};

pub use parse::{ConditionError, parse};

/// A condition as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The words of the user.
    source: String,
    /// The figure's name; which times a bare percentile is of depends on the run.
    name: String,
    relation: Relation,
    threshold: Threshold,
}

/// How the figure lies to the threshold when the condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What the figure is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Threshold {
    /// A value in the figure's unit.
    Value(f64),
    /// So many times the baseline's.
    OfBaseline(f64),
}

/// What came of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds, and noise does not explain it.
    Holds,
    /// The figure is beyond the threshold, but within what noise may do.
    NotShown,
    /// It does not hold.
    DoesNotHold,
    /// There is no figure to judge it by.
    CannotBeJudged,
}

/// A condition that was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What came of it.
    pub state: State,
    /// The same in words, with the figure.
    pub words: String,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Relation {
    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::AtLeast => value >= threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }

    /// Whether more of the figure can only make it hold.
    fn is_upward(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast)
    }
}

/// What is known of a figure: the figure, and how sure it is.
struct Known {
    value: f64,
    sureness: Sureness,
}

enum Sureness {
    /// Counted, not estimated.
    Exact,
    /// Between these ends, at 95 %.
    Within(Interval),
    /// Nothing is known of its noise.
    Unknown,
}

impl Condition {
    /// Whether a baseline is needed to judge it.
    #[must_use]
    pub fn needs_baseline(&self) -> bool {
        matches!(self.threshold, Threshold::OfBaseline(_))
    }

    /// Judges it by the runs of one plan: by the interval between them, or by that of a single
    /// run's inside. `baseline` are runs of an earlier time.
    #[must_use]
    pub fn judge(&self, runs: &[Document], baseline: Option<&[Document]>) -> Judgement {
        let judged = self.known(runs, baseline);
        match judged {
            Ok((figure, known, threshold)) => self.verdict(figure, &known, threshold),
            Err(why) => self.cannot(&why),
        }
    }

    fn cannot(&self, why: &str) -> Judgement {
        Judgement {
            state: State::CannotBeJudged,
            words: format!("{self}: cannot be judged: {why}"),
        }
    }

    /// The figure, or its ratio to the baseline's, and what it is held against.
    fn known(
        &self,
        runs: &[Document],
        baseline: Option<&[Document]>,
    ) -> Result<(Figure, Known, f64), String> {
        let first = runs.first().ok_or("nothing was measured")?;
        let figure = Figure::named(&self.name, first.plan.is_open_loop())
            .ok_or("this version knows no such figure")?;
        let of_runs = self.readings(figure, runs)?;
        match self.threshold {
            Threshold::Value(threshold) => Ok((figure, value(figure, &of_runs)?, threshold)),
            Threshold::OfBaseline(factor) => {
                let baseline = baseline.ok_or("no baseline was given")?;
                let before = baseline.first().ok_or("the baseline has no run")?;
                let unlike = differences(&before.plan, &first.plan);
                if !unlike.is_empty() {
                    let unlike = unlike.join("; ");
                    return Err(format!(
                        "the baseline was not asked to do the same: {unlike}"
                    ));
                }
                let of_baseline = self.readings(figure, baseline);
                let of_baseline = of_baseline.map_err(|why| format!("of the baseline: {why}"))?;
                if figure.is_count() {
                    let threshold = factor * greatest(&of_baseline);
                    return Ok((figure, value(figure, &of_runs)?, threshold));
                }
                let ratio = ratio(&of_baseline, &of_runs, false).ok_or("a figure is zero")?;
                let known = Known {
                    value: ratio.value,
                    sureness: ratio.interval.map_or(Sureness::Unknown, Sureness::Within),
                };
                Ok((figure, known, factor))
            }
        }
    }

    /// The figure of each run. What is known only to be longer will do where longer cannot change
    /// the judgement.
    fn readings(&self, figure: Figure, runs: &[Document]) -> Result<Vec<Reading>, String> {
        let mut readings = Vec::with_capacity(runs.len());
        for run in runs {
            let mut reading = figure.read(run).map_err(|missing| missing.to_string())?;
            if reading.is_lower_bound {
                let settled = match self.threshold {
                    Threshold::Value(threshold) => {
                        let holds = self.relation.holds(reading.value, threshold);
                        holds == self.relation.is_upward()
                    }
                    Threshold::OfBaseline(_) => false,
                };
                if !settled {
                    let bound = reading.written(figure);
                    return Err(format!("{bound}: messages never answered reach into it"));
                }
                reading.within = None;
            }
            readings.push(reading);
        }
        Ok(readings)
    }

    fn verdict(&self, figure: Figure, known: &Known, threshold: f64) -> Judgement {
        let is_beyond = self.relation.holds(known.value, threshold);
        let (state, how) = match &known.sureness {
            _ if !is_beyond => (State::DoesNotHold, "does not hold"),
            Sureness::Exact => (State::Holds, "holds"),
            Sureness::Unknown => (
                State::Holds,
                "holds, by the figure alone: its noise is unknown",
            ),
            Sureness::Within(interval) => {
                let ends = [interval.low, interval.high];
                if ends.iter().all(|end| self.relation.holds(*end, threshold)) {
                    (State::Holds, "holds")
                } else {
                    (State::NotShown, "not shown: the noise may have done it")
                }
            }
        };
        let words = format!("{self}: {how} ({})", self.figure_in_words(figure, known));
        Judgement { state, words }
    }

    /// `p99 service 5.20ms, 95 % 5.01ms–5.40ms`; of a baseline `messages/s 0.93 of the baseline`.
    fn figure_in_words(&self, figure: Figure, known: &Known) -> String {
        let is_ratio = self.needs_baseline() && !figure.is_count();
        let written = |value: f64| {
            if is_ratio {
                format!("{value:.3}")
            } else {
                figure.written(value)
            }
        };
        let value = written(known.value);
        let of = if is_ratio { " of the baseline" } else { "" };
        let interval = match &known.sureness {
            Sureness::Within(ends) => {
                format!(", 95 % {}–{}", written(ends.low), written(ends.high))
            }
            Sureness::Exact | Sureness::Unknown => String::new(),
        };
        format!("{} {value}{of}{interval}", figure.label())
    }
}

/// A figure over runs: the mean with the interval between them; of a single run with its own
/// interval; of counts the greatest.
fn value(figure: Figure, readings: &[Reading]) -> Result<Known, String> {
    if figure.is_count() {
        return Ok(Known {
            value: greatest(readings),
            sureness: Sureness::Exact,
        });
    }
    if let [reading] = readings {
        return Ok(Known {
            value: reading.value,
            sureness: reading.within.map_or(Sureness::Unknown, Sureness::Within),
        });
    }
    let values: Vec<f64> = readings.iter().map(|reading| reading.value).collect();
    let spread = spread(&values).ok_or("a figure is zero")?;
    Ok(Known {
        value: spread.mean,
        sureness: spread.interval.map_or(Sureness::Unknown, Sureness::Within),
    })
}

fn greatest(readings: &[Reading]) -> f64 {
    let values = readings.iter().map(|reading| reading.value);
    values.fold(0.0, f64::max)
}
