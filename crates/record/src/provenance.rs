//! Where the figures of an experiment come from: program, machine, command and order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::plan::PlanSpec;

use crate::document::{Host, Record};

/// Facts that every run of an experiment shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Version of wsbench that measured.
    pub tool_version: String,
    /// Wall-clock start of the first run, RFC 3339 in UTC.
    pub started_at: String,
    /// The command line that was run.
    pub command: String,
    /// Seed of every random choice; with the command it repeats the experiment.
    pub seed: u64,
    /// The generator's machine.
    #[serde(default)]
    pub host: Host,
    /// True where the server was wsbench's own.
    #[serde(default)]
    pub embedded_server: bool,
    /// True where the server was reached over loopback, and so shared the machine.
    #[serde(default)]
    pub loopback: bool,
    /// The plan of the first run; the others differ in load, length and seed.
    pub plan: PlanSpec,
}

impl Provenance {
    /// The provenance of an experiment of which `first` is the first run.
    #[must_use]
    pub fn of(first: &Record, seed: u64) -> Self {
        Self {
            tool_version: first.tool_version.clone(),
            started_at: first.started_at.clone(),
            command: first.command.clone(),
            seed,
            host: first.host.clone(),
            embedded_server: first.embedded_server,
            loopback: first.loopback,
            plan: first.plan.clone(),
        }
    }
}
