//! A repetition as it is stored: several independent runs of one plan, and how far they agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Recurring;
use crate::condition::Judgement;
use crate::document::Document;
use crate::storage::{DocumentError, read_as, to_text};

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
    /// Conditions that the runs were held against; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Judgement>,
    /// The runs, in order, each with a seed of its own.
    pub runs: Vec<Document>,
}

/// One figure over several runs. Times are in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureOfRuns {
    /// Its name: `messages_per_s`, `response.p99`.
    pub name: String,
    /// Geometric mean of the runs; of a percentile that is pooled, that of all samples together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Lower end of the interval of confidence of the mean at 95 %, between runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Its upper end; of a percentile that is pooled absent where it may lie beyond all that was seen.
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
    /// True of a percentile for which the samples of one run are too few, and which is that of all samples
    /// together: how much the runs differ says how far it may be off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pooled: bool,
    /// Why there is no figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
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
