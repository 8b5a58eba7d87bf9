//! Conditions under which a result fails a build: `p99>5ms`, `messages_per_s<0.95*baseline`.
//!
//! A condition is parsed once and judged against runs. It holds only when the noise cannot have
//! made it hold: of a percentile and a time, by exact bounds of the share of messages beyond it; of
//! whatever else has an interval of confidence, by the whole of it. Which exit code follows is the
//! binary's affair.

mod beyond;

use std::fmt;

use wsbench_load::plan::StopRule;
use wsbench_load::series::Series;
use wsbench_record::comparison::Comparison;
use wsbench_record::condition::{Judgement, State};
use wsbench_record::document::Document;
use wsbench_record::units;
use wsbench_setting::{Field, text};
use wsbench_stats::Interval;
use wsbench_stats::runs::{Ratio, spread};

use crate::comparison::{differences, ratio};
use crate::expression::{self, Allowed, Bound, BoundedFigure, ExpressionError, Relation};
use crate::figure::{Figure, Missing, Reading, Unit};
use crate::pooled;

/// Expressions that may be a condition: any figure that a run has.
pub const ALLOWED: Allowed = Allowed {
    relations: &[
        Relation::Above,
        Relation::AtLeast,
        Relation::Below,
        Relation::AtMost,
    ],
    units,
    figures: Figure::all_named,
    baseline: true,
    example: "p99>5ms",
    another: || text!["give ", Field::Condition, " again for another condition"],
};

/// The units of a condition's bound. Which times a bare percentile is of makes no difference.
fn units(name: &str) -> Vec<Unit> {
    let figure = Figure::named(name, Series::Response).filter(|figure| figure.is_of_runs());
    let units = figure.map(|figure| match figure.as_share() {
        Some(share) => vec![figure.unit(), share.unit()],
        None => vec![figure.unit()],
    });
    units.unwrap_or_default()
}

/// Reads a condition.
///
/// # Errors
/// [`ExpressionError`] with the place and what would be right there.
pub fn parse(text: &str) -> Result<Condition, ExpressionError> {
    expression::parse(text, &ALLOWED)?.try_into()
}

impl TryFrom<BoundedFigure> for Condition {
    type Error = ExpressionError;

    fn try_from(expression: BoundedFigure) -> Result<Self, ExpressionError> {
        let name = match expression.bound {
            Bound::Value(_, unit) => of_unit(&expression.figure, unit),
            Bound::OfBaseline(_) => None,
        };
        Ok(Self {
            name: name.unwrap_or(expression.figure),
            source: expression.source,
            relation: expression.relation,
            bound: expression.bound,
        })
    }
}

/// The name of a number's share, where the bound is one: `errors>1%` is of the share of errors.
fn of_unit(name: &str, unit: Unit) -> Option<String> {
    let share = Figure::named(name, Series::Response)?.as_share()?;
    (share.unit() == unit).then(|| share.name())
}

/// A condition as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The words of the user.
    source: String,
    /// The figure's name; which times a bare percentile is of depends on the run.
    name: String,
    relation: Relation,
    bound: Bound,
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
            // Asks how well a figure is known, not where it lies: no condition.
            Self::Within => false,
        }
    }

    /// True if more of the figure can only make it hold.
    fn is_upward(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast)
    }
}

/// More than what is needed is asked for by this factor, since runs differ.
const LEEWAY: f64 = 1.2;
/// Said of a figure of another version.
const UNKNOWN: &str = "this version knows no such figure";

/// Knowledge of a figure: the figure, and how sure it is.
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

impl Known {
    fn of(ratio: &Ratio) -> Self {
        let sureness = ratio.interval.map_or(Sureness::Unknown, Sureness::Within);
        Self {
            value: ratio.value,
            sureness,
        }
    }
}

impl Condition {
    /// True if a baseline is needed to judge it.
    #[must_use]
    pub fn needs_baseline(&self) -> bool {
        matches!(self.bound, Bound::OfBaseline(_))
    }

    /// Judges it by the runs of one plan: a percentile by the messages beyond its limit, where that
    /// is of one run or some run is too short to have the percentile; else by the interval between
    /// the runs, or by that of a single run's inside. `baseline` are runs of an earlier time.
    #[must_use]
    pub fn judge(&self, runs: &[Document], baseline: Option<&[Document]>) -> Judgement {
        if let Some(judgement) = self.by_messages(runs) {
            return judgement;
        }
        let judged = self.known(runs, baseline);
        match judged {
            Ok((figure, known, threshold)) => self.verdict(figure, &known, threshold),
            Err(why) => self.cannot(&why),
        }
    }

    /// Judges what B is held against: a ratio to A by that of the comparison, a value by B's runs.
    #[must_use]
    pub fn judge_comparison(&self, comparison: &Comparison) -> Judgement {
        let Bound::OfBaseline(factor) = self.bound else {
            return self.judge(&comparison.b.runs, None);
        };
        let first = comparison.b.runs.first();
        let figure = first.and_then(|run| Figure::named(&self.name, run.plan.clients.headline()));
        let Some(figure) = figure else {
            return self.cannot(UNKNOWN);
        };
        if figure.is_exact() {
            return self.judge(&comparison.b.runs, Some(&comparison.a.runs));
        }
        let Some(contrast) = comparison.of(&figure.name()) else {
            return self.cannot("the comparison does not have it");
        };
        match contrast.as_ratio() {
            Some(ratio) => self.verdict(figure, &Known::of(&ratio), factor),
            None => self.cannot(contrast.missing.as_deref().unwrap_or("it has no ratio")),
        }
    }

    /// The judgement on a percentile by the messages beyond a time.
    fn by_messages(&self, runs: &[Document]) -> Option<Judgement> {
        let Bound::Value(limit_ns, _) = self.bound else {
            return None;
        };
        let first = runs.first()?;
        let figure = Figure::named(&self.name, first.plan.clients.headline())?;
        if runs.len() > 1 && !runs.iter().any(|run| figure.lacks_samples(run)) {
            return None;
        }
        beyond::judge(self, figure, limit_ns, runs)
    }

    fn cannot(&self, why: &str) -> Judgement {
        let words = format!("cannot be judged: {why}");
        Judgement::of(self, State::CannotBeJudged, &words)
    }

    /// The figure, or its ratio to the baseline's, and what it is held against.
    fn known(
        &self,
        runs: &[Document],
        baseline: Option<&[Document]>,
    ) -> Result<(Figure, Known, f64), String> {
        let first = runs.first().ok_or("nothing was measured")?;
        let figure = Figure::named(&self.name, first.plan.clients.headline()).ok_or(UNKNOWN)?;
        if let (Bound::OfBaseline(factor), Some(baseline)) = (self.bound, baseline)
            && let Some(ratio) = of_all_runs(figure, runs, baseline)
        {
            return Ok((figure, Known::of(&ratio), factor));
        }
        let of_runs = self.readings(figure, runs)?;
        match self.bound {
            Bound::Value(threshold, _) => Ok((figure, value(figure, &of_runs)?, threshold)),
            Bound::OfBaseline(factor) => {
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
                if figure.is_exact() {
                    let threshold = factor * greatest(&of_baseline);
                    return Ok((figure, value(figure, &of_runs)?, threshold));
                }
                let ratio = ratio(&of_baseline, &of_runs, false).ok_or("a figure is zero")?;
                Ok((figure, Known::of(&ratio), factor))
            }
        }
    }

    /// The figure of each run. What is known only to be longer will do where longer cannot change
    /// the judgement.
    fn readings(&self, figure: Figure, runs: &[Document]) -> Result<Vec<Reading>, String> {
        let mut readings = Vec::with_capacity(runs.len());
        for run in runs {
            let read = figure.read(run);
            let mut reading = read.map_err(|missing| what_would_do(missing, run, runs.len()))?;
            if reading.is_lower_bound {
                let settled = match self.bound {
                    Bound::Value(threshold, _) => {
                        let holds = self.relation.holds(reading.value, threshold);
                        holds == self.relation.is_upward()
                    }
                    Bound::OfBaseline(_) => false,
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
                    let how = "does not hold, or it is not shown: the noise may have done it";
                    (State::DoesNotHold, how)
                }
            }
        };
        let words = format!("{how} ({})", self.figure_in_words(figure, known));
        Judgement::of(self, state, &words)
    }

    /// `p99 service 5.20ms, 95 % 5.01ms–5.40ms`; of a baseline `messages/s 0.93 of the baseline`.
    fn figure_in_words(&self, figure: Figure, known: &Known) -> String {
        let is_ratio = self.needs_baseline() && !figure.is_exact();
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

/// The percentile of all runs by that of all runs of the baseline, which was asked to do the same, where not
/// each run has one.
fn of_all_runs(figure: Figure, runs: &[Document], baseline: &[Document]) -> Option<Ratio> {
    let (before, after) = (baseline.first()?, runs.first()?);
    let mut all = runs.iter().chain(baseline);
    let is_alike = differences(&before.plan, &after.plan).is_empty();
    if !is_alike || !all.any(|run| figure.lacks_samples(run)) {
        return None;
    }
    let (.., ratio) = pooled::compared(figure, baseline, runs)?;
    Some(ratio)
}

/// Why there is no figure, and how long a run would have one, at the pace of this one.
fn what_would_do(missing: Missing, run: &Document, runs: usize) -> String {
    let Missing::TooFew { samples, needed } = missing else {
        return missing.to_string();
    };
    if samples == 0 {
        return format!("{missing}: how long would do cannot be told from none");
    }
    let times = needed as f64 / samples as f64;
    let runs = if runs > 1 { " each" } else { "" };
    format!("{missing}; {}", suffices(times, run, runs))
}

/// The length of a run, or of each of several, that would have so many times as many samples.
fn enough(times: f64, runs: &[Document]) -> String {
    let each = if runs.len() > 1 { " each" } else { "" };
    let first = runs.first();
    first.map_or_else(String::new, |run| suffices(times, run, each))
}

/// `24 s would suffice`. A little more than what was short: the next run is not exactly like this
/// one.
fn suffices(times: f64, run: &Document, each: &str) -> String {
    let times = times * LEEWAY;
    let whole = |amount: u64| units::count((amount as f64 * times).ceil() as u64);
    let enough = match run.plan.stop {
        StopRule::Duration(_) => units::seconds((run.duration_s * times).ceil()),
        StopRule::Messages(messages) => format!("{} messages", whole(messages)),
        _ => format!("{times:.1} times as many"),
    };
    format!("{enough}{each} would suffice")
}

/// A figure over runs: the mean with the interval between them; of a single run with its own
/// interval; of counts the greatest.
fn value(figure: Figure, readings: &[Reading]) -> Result<Known, String> {
    if figure.is_exact() {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bound_of(text: &str) -> Bound {
        parse(text).unwrap().bound
    }

    #[test]
    fn values_are_in_the_unit_of_the_figure() {
        for (text, value) in [
            ("p99>5ms", 5e6),
            ("response.p99.9 >= 1.5 s", 1.5e9),
            ("response.p99_9 >= 1.5 s", 1.5e9),
            ("mean<250us", 250e3),
            ("max <= 80µs", 80e3),
            ("max<1m30s", 90e9),
            ("messages_per_s<20k", 20e3),
            ("rate<20k/s", 20e3),
            ("messages_per_s < 1.5m/s", 1.5e6),
            ("errors>0", 0.0),
            ("errors>1%", 0.01),
            ("server.cpu_us_per_message>2.5", 2.5),
            ("server.pss_bytes>64k", 65_536.0),
        ] {
            let Bound::Value(read, _) = bound_of(text) else {
                panic!("{text}");
            };
            assert_eq!(read, value, "{text}");
        }
        for (text, factor) in [
            ("messages_per_s<0.95*baseline", 0.95),
            ("p99 > baseline * 1.1", 1.1),
            ("lost>baseline", 1.0),
        ] {
            assert_eq!(bound_of(text), Bound::OfBaseline(factor), "{text}");
            assert!(parse(text).unwrap().needs_baseline(), "{text}");
        }
    }

    #[test]
    fn errors_in_percent_are_of_their_share() {
        assert_eq!(parse("errors>1%").unwrap().name, "errors.share");
        assert_eq!(parse("errors>1").unwrap().name, "errors");
        assert_eq!(parse("errors>0.5*baseline").unwrap().name, "errors");
    }

    #[test]
    fn errors_name_the_place_and_what_would_be_right() {
        for (text, at, words) in [
            ("", 1, "a figure is missing"),
            ("p98>5ms", 1, "no figure is called 'p98'"),
            ("  latency>5ms", 3, "p99.9"),
            ("greatest_rate_per_s<5", 1, "no figure is called"),
            ("p99", 4, "one of > >= < <="),
            ("p99=5ms", 4, "one of > >= < <="),
            ("p99±5%", 4, "'±' cannot stand here"),
            ("p99>", 5, "such as 5ms"),
            ("p99>-5ms", 5, "such as 5ms"),
            ("p99>5", 6, "write 5s or 5ms or 5us"),
            (
                "p99>5mb",
                6,
                "'mb' is no unit of p99; a bound of it is like 5ms",
            ),
            ("lost>5%", 7, "'%' is no unit of lost"),
            ("messages_per_s<5ms", 17, "like 20k"),
            ("p99>5ms errors>0", 9, "give judgement.condition again"),
            ("p99>1.1*base", 9, "'baseline'"),
            ("p99>1.2.3ms", 5, "such as 5ms"),
            ("µ>5", 1, "a figure is missing"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.to_string().contains(words), "{text}: {error}");
            assert!(
                error.to_string().ends_with("write it like p99>5ms"),
                "{error}"
            );
        }
    }
}
