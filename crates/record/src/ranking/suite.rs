//! What a suite asks for, what its servers are, and what failed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overall::Weight;

/// Facts of what a suite asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteFacts {
    /// Its name.
    pub name: String,
    /// Purpose of it, in its own words.
    #[serde(default)]
    pub description: String,
    /// Cores of the servers, such as `0` or `0-3`; absent when they were not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_cores: Option<String>,
    /// Number of those cores; absent when they were not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_core_count: Option<u32>,
    /// Cores of the generator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_cores: Option<String>,
    /// Rounds that it asks for.
    pub rounds: u32,
    /// The objective of its `limit` workloads, as written: `p99<5ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// The workloads, in its order.
    pub workloads: Vec<Workload>,
    /// The trade-offs that it wants shown.
    #[serde(default)]
    pub tradeoffs: Vec<Tradeoff>,
    /// The weights of an overall score; empty where it wants none.
    #[serde(default)]
    pub weights: Vec<Weight>,
}

/// Two metrics to hold against each other, by league key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tradeoff {
    /// Along the first axis.
    pub x: String,
    /// Along the second.
    pub y: String,
}

/// One workload of a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workload {
    /// Its name: the first half of league keys.
    pub name: String,
    /// Work that is done.
    pub kind: WorkloadKind,
    /// Connections held at a time.
    pub connections: u32,
    /// Messages in flight on a connection.
    pub depth: u32,
    /// Bytes a message.
    pub size_bytes: u64,
    /// Messages a second, of all connections together; absent in the closed loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_s: Option<f64>,
    /// Length of the measured window, s.
    pub duration_s: f64,
    /// Length of the warm-up before it, s.
    pub warmup_s: f64,
    /// Rounds in which it takes part.
    pub rounds: u32,
    /// The command by which one such run is made by hand, `URL` in the server's place.
    #[serde(default)]
    pub command: String,
    /// The scenario that says its load; absent of other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioFacts>,
}

/// Facts of the scenario that a workload is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioFacts {
    /// The file, as the suite names it.
    pub file: String,
    /// A digest of its text: two rankings with the same one were made by the same scenario.
    pub digest: String,
    /// The protocol that its servers speak.
    pub protocol: String,
    /// Its load, as far as it says by which figures servers are told apart.
    pub contest: Contest,
}

/// Load of a workload, as far as it says by which figures servers are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Contest {
    /// As many messages as the server answers.
    Throughput,
    /// Answers to messages at a fixed rate.
    Times,
    /// As many answers in several parts as the server gives.
    Items,
    /// Answers in several parts, to requests at a fixed rate.
    ItemTimes,
    /// Messages at a fixed rate, each of which the server sends to many.
    Deliveries,
    /// Messages that the server sends by itself.
    Pushes,
    /// The same with the instant in each at which it was sent.
    PushAges,
    /// Connections that are held and hardly used.
    Memory,
    /// Connections that are opened, used once, closed and replaced.
    Connects,
    /// Clients that come by a schedule, and go.
    Openings,
    /// The greatest rate under an objective.
    GreatestRate,
}

impl Workload {
    /// Its load, as far as it says by which figures servers are told apart.
    #[must_use]
    pub fn contest(&self) -> Contest {
        match (self.kind, &self.scenario) {
            (WorkloadKind::Scenario, Some(scenario)) => scenario.contest,
            // A document that does not say more is read as one of what is most often meant.
            (WorkloadKind::Closed | WorkloadKind::Scenario, _) => Contest::Throughput,
            (WorkloadKind::Open, _) => Contest::Times,
            (WorkloadKind::Idle, _) => Contest::Memory,
            (WorkloadKind::Storm, _) => Contest::Connects,
            (WorkloadKind::Limit, _) => Contest::GreatestRate,
            (WorkloadKind::Broadcast, _) => Contest::Deliveries,
        }
    }
}

/// Work that a workload does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkloadKind {
    /// As many messages as the server answers.
    Closed,
    /// Messages at a fixed rate.
    Open,
    /// Connections that are held and hardly used.
    Idle,
    /// Connections that are opened, used once, closed and replaced.
    Storm,
    /// The greatest rate under an objective.
    Limit,
    /// Messages at a fixed rate, each of which the server sends to all connections.
    Broadcast,
    /// Whatever a scenario file says.
    Scenario,
}

/// Number of cores that a server uses when it is left alone.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Cores {
    /// One.
    One,
    /// All that it is given.
    All,
}

/// Treatment of Nagle's algorithm by a server when it is left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nodelay {
    /// It sets `TCP_NODELAY`.
    On,
    /// It leaves Nagle's algorithm on.
    Off,
    /// Nobody has looked.
    #[default]
    Unknown,
}

/// Answer of a server to an offer of permessage-deflate when it is left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deflate {
    /// It accepts.
    Accepts,
    /// It declines.
    Declines,
    /// Nobody has looked.
    #[default]
    Unknown,
}

/// Facts of a server and of how it was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerFacts {
    /// Its name, unlike any other's.
    pub name: String,
    /// The library that answers.
    pub library: String,
    /// The language that it is used from.
    pub language: String,
    /// The library's version as it says itself; absent where it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Number of cores that it uses by default.
    pub cores: Cores,
    /// Treatment of Nagle's algorithm by default.
    #[serde(default)]
    pub nodelay: Nodelay,
    /// Answer to an offer of permessage-deflate by default.
    #[serde(default)]
    pub deflate: Deflate,
    /// True where it is wsbench's own, there as a control and not as a contender.
    #[serde(default)]
    pub is_control: bool,
    /// The command that starts it.
    pub start: String,
    /// The command that installs it; absent where nothing is to be installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
    /// Its environment beyond the usual one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Facts that are known of it.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// Stage of the failure.
    pub stage: Stage,
    /// The round, from 1; absent before the rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The workload; absent outside of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Description of what happened, with what the server said last.
    pub words: String,
}

/// A stage of a server's life in a ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Installing it.
    Install,
    /// Starting it, until it accepts a connection.
    Start,
    /// Examining it.
    Gate,
    /// A run.
    Run,
    /// It was left out of further rounds, for it had failed too often.
    LeftOut,
}

impl Stage {
    /// The stage as a noun.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Start => "start",
            Self::Gate => "gate",
            Self::Run => "run",
            Self::LeftOut => "left out",
        }
    }
}

impl ServerFacts {
    /// The library with its version: `ws 8.18.0`.
    #[must_use]
    pub fn library_and_version(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.library),
            None => self.library.clone(),
        }
    }
}
