//! One run as a ranking keeps it: its figures, its accounts, its doubts; no whole document, for a
//! ranking has thousands of runs.
//!
//! It is all that later steps see: it is what an interrupted ranking finds again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::tally::MessageCounts;

use crate::audit::Audit;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// The server's name.
    pub server: String,
    /// The workload's name.
    pub workload: String,
    /// The round, from 1.
    pub round: u32,
    /// Its place among all runs of the ranking, from 1.
    pub number: u32,
    /// Its seed.
    pub seed: u64,
    /// Wall-clock start, RFC 3339 in UTC.
    pub started_at: String,
    /// Its figures, by metric key. Times are in nanoseconds, memory in bytes.
    pub figures: BTreeMap<String, f64>,
    /// Why there is no figure, by metric key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
    /// Histograms of times whose samples are few, so that a percentile may be known of all rounds together and
    /// of none by itself, by series. HdrHistogram V2, deflated, in
    /// base64, of nanoseconds with three significant digits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub samples: BTreeMap<String, String>,
    /// As many independent samples would tell as much of a percentile, by metric key, as the run knows it of
    /// itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub effective: BTreeMap<String, f64>,
    /// Accounts of what was sent and what became of it; absent where a run is made of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Accounts>,
    /// Latency by percentile: response time in the open loop, else service time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<Rung>,
    /// Findings of its audit.
    pub audit: Audit,
    /// Why it has no figures at all; absent where it went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// The accounts of one run: enough to check conservation and Little's law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accounts {
    /// Messages of the measured window: `sent = answered + timed_out + failed + in_flight_at_end`.
    pub messages: MessageCounts,
    /// Length of the measured window, s.
    pub duration_s: f64,
    /// Connections held at a time.
    pub connections: u64,
    /// Messages in flight on a connection.
    pub depth: u32,
    /// Messages that were out, averaged over the window; absent where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight_mean: Option<f64>,
    /// Mean service time, ns; absent without samples. Times the answers a second it is
    /// `in_flight_mean`, but for messages that straddle the window's edges (Little's law).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_mean_ns: Option<f64>,
}

/// One point of a latency curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// Share of the messages that took no longer, 0.0 to 1.0.
    pub share: f64,
    /// Latency, ns: of several runs the geometric mean.
    pub ns: f64,
    /// The least of several runs, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_ns: Option<f64>,
    /// The most of several runs, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_ns: Option<f64>,
}

impl RunRecord {
    /// Its figure of the metric of this key.
    #[must_use]
    pub fn figure(&self, metric: &str) -> Option<f64> {
        self.figures.get(metric).copied()
    }
}

impl Accounts {
    /// True if every message that was sent is accounted for.
    #[must_use]
    pub fn are_conserved(&self) -> bool {
        self.messages.is_conserved()
    }

    /// Answers a second times mean service time, over the messages that were out on average: 1.0
    /// by Little's law. `None` where it was not measured.
    #[must_use]
    pub fn littles_ratio(&self) -> Option<f64> {
        let per_s = self.messages.received_in_window as f64 / self.duration_s;
        let out = self.in_flight_mean.filter(|out| *out > 0.0)?;
        Some(per_s * self.service_mean_ns? / 1e9 / out)
    }
}
