//! The document of a sweep: the latency–load curve, point by point, with its knee.
//!
//! Made by an experiment, stored, read again and rendered from here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Distribution;
use crate::objective::Objective;
use crate::provenance::Provenance;
use crate::storage::{self, DocumentError};

/// Name and version of the schema of a sweep.
pub const SCHEMA: &str = "wsbench.sweep/1";

/// A sweep over rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench sweep")]
pub struct Sweep {
    /// Name and version of this schema: `wsbench.sweep/1`.
    pub schema: String,
    /// Origin of the figures.
    pub provenance: Provenance,
    /// Objectives under which a greatest rate was asked for.
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// Rounds that were asked for; in each every rate is run once, in random order.
    pub rounds: u32,
    /// What was made shorter or fewer so that every rate was run within the limit; absent where nothing
    /// was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<String>,
    /// The longest that it was allowed to take, s.
    pub limit_s: f64,
    /// Time that it took, s.
    pub took_s: f64,
    /// Messages a second of the pilot, which pressed as hard as it could; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_per_s: Option<f64>,
    /// The points, by rising rate asked for. Rates that were never run are missing.
    pub points: Vec<Point>,
    /// Place where the curve bends.
    pub knee: Knee,
    /// Why it ended before all was run; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
}

/// All runs at one rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Messages a second that were asked for.
    pub asked_per_s: f64,
    /// Answers a second that were received, over all runs.
    pub received_per_s: f64,
    /// Response times of all runs together, ns, or, of messages to many, those of each delivery:
    /// histograms are added, percentiles never averaged.
    pub response_ns: Distribution,
    /// Times to the last receiver of each message, ns; absent where messages are for their sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_last_ns: Option<Distribution>,
    /// Share of the messages without a right answer.
    pub error_share: f64,
    /// The figure of each objective of the sweep, in their order, ns or a share; null where it is not known,
    /// or without an end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Option<f64>>,
    /// True where the server did not hold the rate in at least half of the runs.
    pub overloaded: bool,
    /// The runs, in the order in which they were made.
    pub runs: Vec<Run>,
}

/// One run at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Its place in the sweep, from 1.
    pub number: u32,
    /// Its seed.
    pub seed: u64,
    /// Answers a second that were received.
    pub received_per_s: f64,
    /// Median of its response times, ns; absent without samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ns: Option<u64>,
    /// 99th percentile, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ns: Option<u64>,
    /// 99.9th percentile, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_9_ns: Option<u64>,
    /// True where the server did not hold the rate.
    pub overloaded: bool,
    /// True where the audit found the generator in the way.
    #[serde(default)]
    pub generator_limited: bool,
}

/// Place where the curve bends, by rules that a reader can check on the points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Knee {
    /// The highest rate up to which every point's p99 is at most twice the first point's, asked
    /// for, a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_doubles_per_s: Option<f64>,
    /// The rate with the greatest power: received rate over mean response time (Kleinrock).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greatest_power_per_s: Option<f64>,
    /// The highest rate up to which every point meets the objectives; absent without objectives, or
    /// when the first point misses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objectives_met_per_s: Option<f64>,
}

/// Reads a stored sweep.
///
/// # Errors
/// When the text is no whole sweep of this version.
pub fn read(text: &str) -> Result<Sweep, DocumentError> {
    storage::read_as(text, SCHEMA)
}

/// Writes a sweep as indented JSON with a line end.
#[must_use]
pub fn write(sweep: &Sweep) -> String {
    storage::to_text(sweep)
}

/// The JSON Schema of a sweep, to be published beside the program.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Sweep).into()
}
