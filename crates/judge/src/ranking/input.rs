//! What a ranking is made of: the suite, the servers, and every run that was made.
//!
//! Facts alone. Whoever drives the suite fills them in and appends one record a run, so that an
//! interrupted ranking has lost nothing.

use std::collections::BTreeMap;

use wsbench_record::document::Host;
use wsbench_record::gate::Stamp;
use wsbench_record::ranking::{Failed, RunRecord, ServerFacts, SuiteFacts};

/// All that was gathered.
#[derive(Clone, Debug, PartialEq)]
pub struct RankingInput {
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
    pub host: Host,
    /// Why it ended before all was measured.
    pub cut_short: Option<String>,
    /// The servers, in the suite's order.
    pub servers: Vec<ServerFacts>,
    /// Results of the gate, by server.
    pub gates: BTreeMap<String, Stamp>,
    /// From the start to the first accepted connection, s, by server: every start.
    pub ready_s: BTreeMap<String, Vec<f64>>,
    /// Failures outside of a run, by server: installing, starting, the gate.
    pub failures: Vec<(String, Failed)>,
    /// The runs, in the order in which they were made.
    pub runs: Vec<RunRecord>,
    /// Further doubts, of whoever measured: what the preflight found.
    pub doubts: Vec<String>,
}
