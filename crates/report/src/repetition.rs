//! Several independent runs of one plan: how far their figures agree.
//!
//! The spread between runs stands beside what a single run says of itself, for a run has a value
//! of its own that its messages, however many, do not average away. Pure of where runs come from.

mod render;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use render::{HEAD, LEGEND, row, runs, weight as doubt_label, words as doubt_words};
pub use render::{markdown, text};

use crate::caveat::recurring::{Recurring, recurring};
use crate::document::{Document, DocumentError, Outcome, read_as, to_text};
use crate::figure::{Count, Figure, Missing, Party, Reading, Times};
use crate::stats::{self, runs};

/// Name and version of the schema that this version writes.
pub const SCHEMA: &str = "wsbench.repeat/1";

/// The results of several runs of one plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench repetition")]
pub struct Repetition {
    /// Name and version of this schema: `wsbench.repeat/1`.
    pub schema: String,
    /// Version of wsbench that measured.
    pub tool_version: String,
    /// The command line that was run.
    pub command: String,
    /// Runs that were asked for; fewer were made when somebody interrupted.
    pub asked_runs: u32,
    /// The figures over all runs.
    pub figures: Vec<FigureOfRuns>,
    /// The doubts of the runs, the gravest first.
    #[serde(default)]
    pub caveats: Vec<Recurring>,
    /// The runs, in order, each with a seed of its own.
    pub runs: Vec<Document>,
}

/// One figure over several runs. Times are in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureOfRuns {
    /// Its name: `messages_per_s`, `response.p99`.
    pub name: String,
    /// Geometric mean of the runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Lower end of the interval of confidence of the mean at 95 %, between runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Its upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// The least of the runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// The greatest of the runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
    /// Standard deviation of a run's figure between runs, as a share of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
    /// The same as a single run knows it from its inside, at the median of the runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation_within: Option<f64>,
    /// Why there is no figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Repetition {
    /// Puts runs together; `None` of no runs.
    #[must_use]
    pub fn new(runs: Vec<Document>, asked_runs: u32) -> Option<Self> {
        let first = runs.first()?;
        let figures = figures(first, &runs);
        Some(Self {
            schema: SCHEMA.to_owned(),
            tool_version: first.tool_version.clone(),
            command: first.command.clone(),
            asked_runs,
            figures: figures
                .into_iter()
                .map(|figure| FigureOfRuns::of(figure, &runs))
                .collect(),
            caveats: recurring(&runs),
            runs,
        })
    }

    /// The outcome: that of the worst run.
    #[must_use]
    pub fn outcome(&self, strict: bool) -> Outcome {
        let outcomes = self.runs.iter().map(|run| run.outcome(strict));
        let weight = |outcome: &Outcome| match outcome {
            Outcome::Ok => 0,
            Outcome::AuditFailed => 1,
            Outcome::NonConforming => 2,
            Outcome::Failed(_) => 3,
        };
        outcomes.max_by_key(weight).unwrap_or(Outcome::Ok)
    }
}

/// The figures worth a row: those that the plan is about, and what went wrong.
fn figures(first: &Document, runs: &[Document]) -> Vec<Figure> {
    let times = if first.plan.is_open_loop() {
        Times::Response
    } else {
        Times::Service
    };
    let mut figures = vec![Figure::MessagesPerS];
    figures.extend(Figure::percentiles(times));
    for party in [Party::Generator, Party::Server] {
        let figure = Figure::CpuUsPerMessage(party);
        if runs.iter().any(|run| figure.read(run).is_ok()) {
            figures.push(figure);
        }
    }
    for what in [Count::Errors, Count::Unanswered] {
        let figure = Figure::Count(what);
        let is_seen = |run: &Document| figure.read(run).is_ok_and(|reading| reading.value > 0.0);
        if runs.iter().any(is_seen) {
            figures.push(figure);
        }
    }
    figures
}

impl FigureOfRuns {
    fn of(figure: Figure, runs: &[Document]) -> Self {
        let empty = Self {
            name: figure.name(),
            mean: None,
            low: None,
            high: None,
            least: None,
            most: None,
            deviation: None,
            deviation_within: None,
            missing: None,
        };
        let readings = match readings(figure, runs) {
            Ok(readings) => readings,
            Err(missing) => {
                return Self {
                    missing: Some(missing),
                    ..empty
                };
            }
        };
        let values: Vec<f64> = readings.iter().map(|reading| reading.value).collect();
        if figure.is_count() {
            return Self {
                least: values.iter().copied().reduce(f64::min),
                most: values.iter().copied().reduce(f64::max),
                ..empty
            };
        }
        let Some(spread) = runs::spread(&values) else {
            return Self {
                missing: Some("zero in a run".to_owned()),
                ..empty
            };
        };
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        Self {
            mean: Some(spread.mean),
            low: spread.interval.map(|interval| interval.low),
            high: spread.interval.map(|interval| interval.high),
            least: Some(spread.least),
            most: Some(spread.most),
            deviation: stats::standard_deviation(&logs),
            deviation_within: within(&readings),
            ..empty
        }
    }

    /// Which figure it is; `None` of a name that this version does not know.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        Figure::named(&self.name, false)
    }
}

/// The figure of every run, or why one does not have it.
pub(crate) fn readings(figure: Figure, runs: &[Document]) -> Result<Vec<Reading>, String> {
    let mut readings = Vec::with_capacity(runs.len());
    for run in runs {
        match figure.read(run) {
            Ok(reading) if reading.is_lower_bound => {
                return Err("messages never answered reach into it".to_owned());
            }
            Ok(reading) => readings.push(reading),
            Err(missing @ Missing::TooFew { .. }) => return Err(format!("{missing} in a run")),
            Err(missing) => return Err(missing.to_string()),
        }
    }
    Ok(readings)
}

/// The standard deviation that a run knows of from its inside, as a share, at the median.
fn within(readings: &[Reading]) -> Option<f64> {
    let shares: Option<Vec<f64>> = readings
        .iter()
        .map(|reading| {
            let within = reading.within?;
            // An interval at 95 % is 2 × 1.96 standard errors long.
            Some((within.high - within.low) / (2.0 * 1.96) / reading.value)
        })
        .collect();
    stats::median(&shares?)
}

/// Reads a repetition.
///
/// # Errors
/// When the text is not JSON, is no repetition, is of another version, or is not whole.
pub fn read(text: &str) -> Result<Repetition, DocumentError> {
    read_as(text, SCHEMA)
}

/// Writes a repetition as indented JSON with a line end.
#[must_use]
pub fn write(repetition: &Repetition) -> String {
    to_text(repetition)
}

/// The JSON Schema of the repetition.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Repetition).into()
}
