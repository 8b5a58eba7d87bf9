//! A ranking as it is stored: many servers, several workloads, who is ahead, and where the data
//! cannot tell.
//!
//! It decides nothing: cells, leagues and trade-offs are on record as `judge` made them of the runs.

mod overall;
mod run;
mod suite;

pub use overall::{Overall, Score, Unranked, Weight};
pub use run::{Accounts, RunRecord, Rung};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Recurring;
use crate::document::Host;
use crate::gate::Stamp;
use crate::storage::{self, DocumentError};

pub use suite::{
    Contest, Cores, Deflate, Failed, Nodelay, ScenarioFacts, ServerFacts, Stage, SuiteFacts,
    Tradeoff, Workload, WorkloadKind,
};

/// Name and version of the schema of a ranking.
pub const SCHEMA: &str = "wsbench.ranking/1";

/// A ranking of many servers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench ranking")]
pub struct Ranking {
    /// Name and version of this schema: `wsbench.ranking/1`.
    pub schema: String,
    /// Version of wsbench that measured.
    pub tool_version: String,
    /// The command line that was run.
    pub command: String,
    /// Wall-clock start, RFC 3339 in UTC.
    pub started_at: String,
    /// Wall-clock end of the last run, RFC 3339 in UTC.
    pub ended_at: String,
    /// Seed from which orders and the runs' own seeds follow.
    pub seed: u64,
    /// Suite that was to be carried out.
    pub suite: SuiteFacts,
    /// The machine.
    #[serde(default)]
    pub host: Host,
    /// Rounds that were finished, of those that the suite asks for.
    pub rounds: u32,
    /// Why it ended before all was measured; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
    /// Results of the ranking, a sentence a league.
    pub headlines: Vec<String>,
    /// One league for each metric of each workload and each class of servers.
    pub leagues: Vec<League>,
    /// Trade-offs: pairs of metrics, with the servers that no other beats in both.
    #[serde(default)]
    pub tradeoffs: Vec<Front>,
    /// The score that the suite's weights give; absent where it states none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<Overall>,
    /// Every server with all that was seen of it, in the suite's order.
    pub servers: Vec<Entry>,
    /// Doubts that speak against believing all that.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// One server's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Facts of what it is and how it was run.
    #[serde(flatten)]
    pub facts: ServerFacts,
    /// Result of the conformance gate; absent where it was not reached, and of servers that speak a protocol
    /// of their own, whom it cannot examine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Stamp>,
    /// Failures, in the order in which they occurred; a row with a failure stays in the document.
    #[serde(default)]
    pub failures: Vec<Failed>,
    /// From the start to the first accepted connection, s: the median of all starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_s: Option<f64>,
    /// One cell a workload, in the suite's order.
    pub cells: Vec<Cell>,
}

/// One server under one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// The workload's name.
    pub workload: String,
    /// Its figures over the runs. Those that could not be had say why.
    pub figures: Vec<CellFigure>,
    /// Latency by percentile, over the runs: response time in the open loop, else service time.
    /// It stops where the samples no longer support it.
    #[serde(default)]
    pub latency: Vec<Rung>,
    /// Runs in which the generator was the limit: the server may be faster than told here.
    #[serde(default)]
    pub generator_limited_runs: u32,
    /// Runs in which the server did not keep up with the rate that was asked for.
    #[serde(default)]
    pub overloaded_runs: u32,
    /// Runs whose service times look like Nagle's algorithm against delayed acknowledgements.
    #[serde(default)]
    pub stalled_runs: u32,
    /// The doubts of the runs, the gravest first.
    #[serde(default)]
    pub caveats: Vec<Recurring>,
    /// The runs, in the order in which they were made.
    pub runs: Vec<RunRecord>,
}

/// One figure of a cell. Times are in nanoseconds, memory in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellFigure {
    /// Metric, by its key: `messages_per_s`, `response.p99`.
    pub metric: String,
    /// Geometric mean of the runs; of a percentile that is pooled, that of the samples of all runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Lower end of its interval of confidence at 95 %, between runs; absent of a single run.
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
    /// Runs behind it.
    pub runs: u32,
    /// True of a percentile for which the samples of one run are too few, and which is that of the samples
    /// of all runs together: how much the runs differ says how far it may be off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pooled: bool,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// The order of the servers of one class by one metric of one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct League {
    /// `workload/metric`, such as `closed-64/messages_per_s`: the key that suites use.
    pub key: String,
    /// The workload's name.
    pub workload: String,
    /// The metric's key.
    pub metric: String,
    /// Class of servers: with one core for all there is one class, else those that work on one core
    /// by default are kept apart from those that spread.
    pub class: Cores,
    /// Rounds behind it.
    pub rounds: u32,
    /// True where the rounds are enough to rank by; where not, places are only sorted.
    pub is_ranked: bool,
    /// The servers that have a value, the best first.
    pub places: Vec<Place>,
    /// The others, with the reason.
    #[serde(default)]
    pub unranked: Vec<Unranked>,
}

/// A server's place in a league.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The server's name.
    pub server: String,
    /// Geometric mean of the runs; of a percentile that is pooled, that of the samples of all runs.
    pub value: f64,
    /// Lower end of its interval of confidence at 95 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Its upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// The best rank that the data allow: one more than those that are surely better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_low: Option<u32>,
    /// The worst rank that they allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_high: Option<u32>,
    /// Its tier, from 1: all that cannot be told from the tier's best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u32>,
    /// True where the generator was the limit in most of its runs: it may be better than told.
    #[serde(default)]
    pub generator_limited: bool,
    /// Runs behind it.
    pub runs: u32,
    /// True of a percentile that is that of the samples of all runs together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pooled: bool,
}

/// A trade-off: two metrics, and the servers that no other beats in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Front {
    /// Key of the league along the first axis.
    pub x: String,
    /// Key of the league along the second.
    pub y: String,
    /// Servers that have both.
    pub points: Vec<FrontPoint>,
}

/// A server in a trade-off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrontPoint {
    /// The server's name.
    pub server: String,
    /// Its value along the first axis.
    pub x: f64,
    /// Its value along the second.
    pub y: f64,
    /// True where no other server is better in one and no worse in the other (Pareto).
    pub on_front: bool,
}

impl Ranking {
    /// The server of this name.
    #[must_use]
    pub fn server(&self, name: &str) -> Option<&Entry> {
        self.servers.iter().find(|entry| entry.facts.name == name)
    }

    /// The leagues of one metric, a class each.
    pub fn leagues_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a League> {
        self.leagues.iter().filter(move |league| league.key == key)
    }

    /// The names of the servers that take part and of which nothing at all was measured. A control
    /// takes no part: it stands in no league.
    pub fn without_figures(&self) -> impl Iterator<Item = &str> {
        let rivals = self.servers.iter().filter(|entry| !entry.facts.is_control);
        let names = rivals.map(|entry| entry.facts.name.as_str());
        names.filter(|name| {
            let mut places = self.leagues.iter().flat_map(|league| &league.places);
            !places.any(|place| place.server == *name)
        })
    }
}

impl Entry {
    /// The cell of this workload.
    #[must_use]
    pub fn cell(&self, workload: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.workload == workload)
    }
}

impl Cell {
    /// The figure of the metric of this key, where the cell has it.
    #[must_use]
    pub fn figure(&self, metric: &str) -> Option<&CellFigure> {
        self.figures.iter().find(|figure| figure.metric == metric)
    }
}

/// Reads a stored ranking.
///
/// # Errors
/// When the text is no whole ranking of this version.
pub fn read(text: &str) -> Result<Ranking, DocumentError> {
    storage::read_as(text, SCHEMA)
}

/// Writes a ranking as indented JSON with a line end.
#[must_use]
pub fn write(ranking: &Ranking) -> String {
    storage::to_text(ranking)
}

/// The JSON Schema of a ranking, to be published beside the program.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Ranking).into()
}
