//! The document of a search: the greatest load that a server held, every trial with it.
//!
//! Made by an experiment, stored, read again and rendered from here. Nothing is decided in it:
//! why a trial was made and what it said is on record as the search saw it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use wsbench_load::plan::Stay;

use crate::objective::Objective;
use crate::provenance::Provenance;
use crate::storage::{self, DocumentError};

/// Name and version of the schema of a search.
pub const SCHEMA: &str = "wsbench.find/1";

/// A search and what it found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench search")]
pub struct Search {
    /// Name and version of this schema: `wsbench.find/1`.
    pub schema: String,
    /// Origin of the figures.
    pub provenance: Provenance,
    /// Quantity that was searched for.
    pub over: Over,
    /// Objectives that had to hold.
    pub objectives: Vec<Objective>,
    /// Resolution that the bracket was to have: its upper end over its lower, 1.05 for 5 %. The
    /// search stops there; it may have to stop before.
    pub resolution: f64,
    /// The most trials that it was allowed.
    pub most_trials: u32,
    /// The longest that it was allowed to take, s.
    pub limit_s: f64,
    /// Time that it took, s.
    pub took_s: f64,
    /// Messages a second of the pilot, which pressed as hard as it could; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_per_s: Option<f64>,
    /// The greatest load that holds for certain, at 95 % confidence by its own trials, with none
    /// below it that fails; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Edge>,
    /// The least load that fails for certain; absent when none does. What lies between the two is
    /// undecided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<Edge>,
    /// Limit that keeps the load from being greater.
    pub limited_by: Limit,
    /// Why the search ended.
    pub ended: Ending,
    /// Time that trials at both ends of a bracket of the resolution would take, s, at a guess; absent
    /// where that was found, and where nothing is known of the curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longer_s: Option<f64>,
    /// Recovery: whether the server held the load again directly after one that was too much for
    /// it; absent when that was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// Every trial, in order.
    pub trials: Vec<Trial>,
}

/// Quantity that is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The greatest number of messages a second, over all connections.
    Rate,
    /// The greatest number of connections, under so many messages a second.
    Connections {
        /// Messages a second of each connection; absent when each has one message in flight at
        /// all times (closed loop).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate_per_connection: Option<f64>,
        /// Messages a second over all connections, however many there are; absent where it is said of
        /// each connection, or not at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate_per_s: Option<f64>,
    },
    /// The greatest number of receivers of each message, under so many messages a second.
    Audience {
        /// Rooms, each of which has so many; one where messages are for all.
        rooms: u32,
        /// Messages a second, over all rooms.
        rate_per_s: f64,
    },
    /// The greatest number of sessions that come a second.
    Sessions {
        /// Stay of each of them.
        stay: Stay,
    },
}

impl Over {
    /// Connections at a load; `None` where the plan says how many there are.
    #[must_use]
    pub fn connections_at(self, load: f64) -> Option<u32> {
        match self {
            Self::Rate | Self::Sessions { .. } => None,
            Self::Connections { .. } => Some(load as u32),
            Self::Audience { rooms, .. } => Some((load as u32).saturating_mul(rooms)),
        }
    }

    /// Messages a second over all connections at a load; `None` in the closed loop.
    #[must_use]
    pub fn rate_at(self, load: f64) -> Option<f64> {
        match self {
            Self::Rate => Some(load),
            Self::Connections {
                rate_per_connection,
                rate_per_s,
            } => rate_per_s.or(rate_per_connection.map(|rate| rate * load)),
            Self::Audience { rate_per_s, .. } => Some(rate_per_s),
            Self::Sessions { .. } => None,
        }
    }

    /// Draws a second that a load makes for certain, messages or sessions; `None` in the closed loop.
    #[must_use]
    pub fn draws_at(self, load: f64) -> Option<f64> {
        match self {
            Self::Sessions { .. } => Some(load),
            Self::Rate | Self::Connections { .. } | Self::Audience { .. } => self.rate_at(load),
        }
    }

    /// True where a load is a number of something.
    #[must_use]
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Connections { .. } | Self::Audience { .. })
    }

    /// The unit of a load: `msg/s`, `connections`.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Rate => "msg/s",
            Self::Connections { .. } => "connections",
            Self::Audience { .. } => "receivers",
            Self::Sessions { .. } => "sessions/s",
        }
    }
}

/// One end of the bracket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// The load, in the unit that was searched over.
    pub load: f64,
    /// Trials made at it.
    pub trials: u32,
}

/// Limit that keeps the load from being greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The server.
    Server,
    /// wsbench itself, or the machine that it runs on: the server may well hold more.
    Generator,
    /// Connections that could not be had, or did not last.
    Connections,
    /// Nothing that was met: the search was over before.
    NotMet,
}

/// Why a search ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The bracket is as narrow as it was to be, and confirmed.
    Found,
    /// Rest of the time and the trials that would not have told loads apart any closer.
    Blurred,
    /// Not even the least load that is tried held.
    NothingHolds,
    /// All trials were used up.
    OutOfTrials,
    /// All time was used up.
    OutOfTime,
    /// The greatest load that is tried held.
    NothingFails,
    /// Somebody asked to stop.
    Interrupted,
    /// A trial could not be carried out; the words say why.
    Broken(String),
}

/// A trial directly after an overload.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// The load that was too much, in the unit that was searched over.
    pub overload: f64,
    /// The load that had held before.
    pub load: f64,
    /// True where it held again.
    pub recovered: bool,
}

/// One trial: a run at one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// Its number, from 1.
    pub number: u32,
    /// Why it was made.
    pub purpose: Purpose,
    /// The load that was asked for, in the unit that was searched over.
    pub load: f64,
    /// Length of the measured window, s.
    pub length_s: f64,
    /// Seed of the run.
    pub seed: u64,
    /// Messages a second that were asked for; absent in the closed loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_per_s: Option<f64>,
    /// Answers a second that were received; absent when nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub achieved_per_s: Option<f64>,
    /// Share of the messages without a right answer; absent when none was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_share: Option<f64>,
    /// Figures of the objectives, in their order.
    pub readings: Vec<Reading>,
    /// Verdict on it, by its own figures alone.
    pub verdict: TrialVerdict,
    /// True where its confidence interval leaves that open, so that the estimate decided.
    #[serde(default)]
    pub marginal: bool,
    /// Cause of what went wrong, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The gravest doubt of the audit, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// The figure of one objective in one trial: nanoseconds, or a share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// The estimate; absent when the samples were too few, or the messages above it were never
    /// answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<f64>,
    /// Lower end of its 95 % confidence interval, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of its 95 % confidence interval, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// Why a trial was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To find a load that holds and one that fails.
    Bracket,
    /// To narrow the bracket.
    Bisect,
    /// To be certain of an end of the bracket.
    Edge,
    /// To see an end of the bracket once more.
    Confirm,
    /// To see again what the generator's own trouble had spoilt.
    Retry,
    /// To overload the server.
    Overload,
    /// To see whether it recovers.
    Recovery,
}

impl Purpose {
    /// One word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bracket => "bracket",
            Self::Bisect => "bisect",
            Self::Edge => "edge",
            Self::Confirm => "confirm",
            Self::Retry => "retry",
            Self::Overload => "overload",
            Self::Recovery => "recovery",
        }
    }
}

/// Verdict on a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrialVerdict {
    /// Every objective was met.
    Holds,
    /// One was not, or the run went wrong.
    Fails,
    /// One was not, and the generator was in the way: nothing is said of the server.
    GeneratorLimited,
}

impl TrialVerdict {
    /// One word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::GeneratorLimited => "generator-limited",
        }
    }
}

/// Cause of what went wrong in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A percentile of the response time was beyond its limit.
    ResponseTime,
    /// More messages than allowed had no right answer.
    Errors,
    /// Fewer deliveries than were asked for were received.
    Reach,
    /// Less than 99.5 % of the messages that were due were answered within the window.
    Rate,
    /// More and more messages were out or waiting.
    Overloaded,
    /// The server went away.
    ServerDied,
    /// Connections could not be had, or did not last.
    Connections,
    /// The generator was the bottleneck.
    Generator,
    /// Too few messages to tell.
    Samples,
}

impl Cause {
    /// Description of what happened, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ResponseTime => "too slow",
            Self::Errors => "errors",
            Self::Reach => "deliveries missing",
            Self::Rate => "rate not achieved",
            Self::Overloaded => "overloaded",
            Self::ServerDied => "the server died",
            Self::Connections => "connections missing",
            Self::Generator => "generator-limited",
            Self::Samples => "too few samples",
        }
    }
}

/// Reads a stored search.
///
/// # Errors
/// When the text is no whole search of this version.
pub fn read(text: &str) -> Result<Search, DocumentError> {
    storage::read_as(text, SCHEMA)
}

/// Writes a search as indented JSON with a line end.
#[must_use]
pub fn write(search: &Search) -> String {
    storage::to_text(search)
}

/// The JSON Schema of a search, to be published beside the program.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Search).into()
}
