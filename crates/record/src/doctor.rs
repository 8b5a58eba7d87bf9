//! What an examination of a machine found, as it is stored.
//!
//! It judges nothing: the rules are `judge`'s.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Host;

/// Name and version of the schema of an examination.
pub const SCHEMA: &str = "wsbench.doctor/1";

/// The run that a machine is examined for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Connections at a time.
    pub connections: u32,
    /// Descriptors that the generator needs for them and for itself.
    pub descriptors: u64,
    /// Connections opened in all: more than at a time where clients are replaced.
    pub opened: u64,
    /// True where the server is on this machine.
    pub on_this_machine: bool,
    /// True where it is reached over a Unix domain socket, which takes no ports and knows no TCP.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_unix_socket: bool,
    /// Addresses of this machine that connections come from, where it is said which (0: it is not).
    #[serde(default)]
    pub source_addresses: u32,
}

/// Findings of an examination.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench doctor")]
pub struct Examination {
    /// Name and version of this schema: `wsbench.doctor/1`.
    pub schema: String,
    /// Version of wsbench.
    pub tool_version: String,
    /// The run that the machine was examined for.
    pub asked: Asked,
    /// The generator's machine.
    pub host: Host,
    /// The server's side, where it is on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerSide>,
    /// Figures that were measured; absent when nothing was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Every check that could be made, the gravest first.
    pub checks: Vec<Check>,
}

/// One rule held against this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Subject that was looked at.
    pub subject: Subject,
    /// Result of the check.
    pub level: Level,
    /// Observation, in numbers.
    pub seen: String,
    /// The rule, and why it is one.
    pub rule: String,
    /// Advice on what to do, exactly; empty when the rule holds or nothing can be done.
    #[serde(default)]
    pub fix: String,
}

/// Result of a check.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The rule holds.
    Ok,
    /// Nothing is wrong, and it bears on the figures.
    Info,
    /// Figures will be worse, or less sure, than they need be.
    Warning,
    /// The run that was asked for would fail.
    Error,
}

impl Level {
    /// The word that is printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Subject that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Descriptors of the generator.
    Descriptors,
    /// Local ports.
    Ports,
    /// Ports that wait after a close.
    TimeWait,
    /// Connections that may wait for a listener on this machine.
    Backlog,
    /// The firewall's table of connections.
    Conntrack,
    /// Source that the kernel's clock reads.
    ClockSource,
    /// Cost of a reading of the clock.
    ClockCost,
    /// Frequency governors.
    Governor,
    /// Frequencies above the nominal one.
    Turbo,
    /// Hardware threads that share a core.
    Smt,
    /// A virtual machine.
    Virtualisation,
    /// Time that the hypervisor gave to others.
    Steal,
    /// Limits of the control group.
    Quota,
    /// Memory nodes.
    Numa,
    /// Idle states of the cores.
    Idle,
    /// Network interfaces.
    Interface,
    /// Load of whatever else runs here.
    Load,
    /// Memory and swap.
    Memory,
    /// Cores for generator and server.
    Cores,
    /// The C library's copies.
    Memcpy,
    /// Lateness of the ends of sleeps.
    Timers,
    /// Lateness of messages.
    Pacing,
    /// The round trip of this machine and instrument, without any server to speak of.
    Floor,
    /// The server's process.
    Server,
    /// Descriptors of the server.
    ServerDescriptors,
    /// The server's own queue of waiting connections.
    ServerBacklog,
    /// Cores that the server may use.
    ServerCores,
    /// A check that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Check {
    /// The rule holds, or there is nothing to do about it.
    #[must_use]
    pub fn new(
        subject: Subject,
        level: Level,
        seen: impl Into<String>,
        rule: impl Into<String>,
    ) -> Self {
        Self {
            subject,
            level,
            seen: seen.into(),
            rule: rule.into(),
            fix: String::new(),
        }
    }

    /// Adds what to do; dropped when the rule holds.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        if self.level == Level::Ok {
            return self;
        }
        Self {
            fix: fix.into(),
            ..self
        }
    }
}

impl Examination {
    /// The gravest level found.
    #[must_use]
    pub fn level(&self) -> Level {
        let levels = self.checks.iter().map(|check| check.level);
        levels.max().unwrap_or(Level::Ok)
    }

    /// Number of checks that came out so.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.checks
            .iter()
            .filter(|check| check.level == level)
            .count()
    }
}

/// Figures that were measured of the machine. Whatever could not be is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Measured {
    /// A reading of the run's clock, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ns: Option<f64>,
    /// A reading of the system's monotonic clock, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_clock_ns: Option<f64>,
    /// Copies, by size.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copied>,
    /// Lateness of the ends of sleeps of a millisecond, median, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sleep_late_p50_ns: Option<u64>,
    /// The same at p99, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sleep_late_p99_ns: Option<u64>,
    /// Lateness of messages at 1,000 a second to the embedded server, p99, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_lag_p99_ns: Option<u64>,
    /// Median service time of one connection to the embedded server, ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_p50_ns: Option<u64>,
    /// Its messages a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_per_s: Option<f64>,
    /// Share of all CPU time that the hypervisor gave to others meanwhile, 0.0 to 1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_share: Option<f64>,
}

/// Copies of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Copied {
    /// Bytes copied at a time.
    pub bytes: u64,
    /// The C library's `memcpy`, ns.
    pub library_ns: f64,
    /// A plain loop, ns.
    pub loop_ns: f64,
}

/// Facts that are known of the server's side. Whatever is unknown is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerSide {
    /// Its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The process's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// True where anything listens where the URL leads.
    pub listens: bool,
    /// Connections that may wait for it to accept them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog: Option<u32>,
    /// Descriptors that it may have open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptors: Option<u64>,
    /// Cores that it may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpus: Vec<usize>,
    /// Cores that the generator would use; empty when any may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub generator_cpus: Vec<usize>,
}
