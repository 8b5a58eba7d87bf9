//! The groups of figures that a record is made of.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use wsbench_load::series::Home;

use super::distribution::Distribution;
use super::times::{self, Distributions, has_times};

/// Whose clock said when an answer had come to this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stamps {
    /// The kernel's receive time stamps.
    Kernel,
    /// Nobody's: times end where a read had ended.
    User,
}

/// Service time against the embedded server, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Its stop rule held.
    Complete,
    /// It was asked to stop.
    Interrupted,
    /// No connection was ever upgraded.
    NothingConnected,
    /// The server was there and stayed away, or turned every connection away again.
    ServerDied,
}

/// The opening of connections, by part, ns: one sample an upgraded connection, except `dns`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, remote = "Self")]
#[schemars(rename = "Handshake", transform = with_parts)]
pub struct Handshake {
    /// Resolving the host, once a run and before it; absent for a literal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<Distribution>,
    /// The parts of which there is a sample for each connection.
    #[serde(skip)]
    pub times: Distributions,
}

/// Names the parts among the members.
fn with_parts(schema: &mut Schema) {
    times::describe(schema, Home::Opening);
}

has_times!(Handshake of Opening behind |_| "dns");

/// Pings that kept connections alive, over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(rename = "Pings", transform = with_round_trips)]
pub struct Pings {
    /// Pings sent.
    pub sent: u64,
    /// Their round trips.
    #[serde(skip)]
    pub times: Distributions,
}

/// Names the round trips among the members.
fn with_round_trips(schema: &mut Schema) {
    times::describe(schema, Home::Pings);
}

has_times!(Pings of Pings behind |_| "sent");

/// One kind of failure and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Phase in the life of a connection: `connect`, `proxy`, `tls`, `handshake`, `frames`,
    /// `answers`, `close` or `local`.
    pub phase: String,
    /// Kind of failure: a stable snake_case name.
    pub kind: String,
    /// The peer's own code for it: a close code (RFC 6455 section 7.4), or the status with which the
    /// upgrade was refused; absent where it gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Number of times.
    pub count: u64,
    /// The first one seen, in words, with what the peer said.
    #[serde(default)]
    pub example: String,
}

/// Use by the generator itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Generator {
    /// One entry a thread, over the measured window.
    pub threads: Vec<Thread>,
    /// Peak resident memory of the process, bytes; absent where the system does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rss_bytes: Option<u64>,
    /// Resident memory of the process by connection, bytes: its slope while connections were
    /// opened; absent where they were too few or opened too fast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_connection: Option<f64>,
}

/// One generator thread over the measured window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Thread {
    /// Share of one core used for work, 0.0 to 1.0.
    pub cpu_share: f64,
    /// Share of one core used for spinning until messages were due, 0.0 to 1.0: no work.
    #[serde(default)]
    pub spun_share: f64,
    /// CPU time in user mode, s.
    pub user_s: f64,
    /// CPU time in the kernel, s.
    pub system_s: f64,
    /// Wall-clock time of the window for this thread, s.
    #[serde(default)]
    pub wall_s: f64,
    /// Time runnable but not running, s; absent where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_wait_s: Option<f64>,
    /// Times that the scheduler took the core away from it; absent where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub involuntary_switches: Option<u64>,
    /// The turns of its loop; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<Turns>,
    /// Core it was pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<usize>,
}

/// The turns of a generator thread's loop: from the end of one wait to the beginning of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Turns {
    /// Median length, ns.
    pub p50_ns: u64,
    /// 99th percentile of the length, ns.
    pub p99_ns: u64,
    /// The longest, ns.
    pub max_ns: u64,
    /// Connections that were ready in one turn, median.
    pub ready_p50: u32,
    /// 99th percentile of that.
    pub ready_p99: u32,
    /// The most.
    pub ready_max: u32,
}

/// Pressure on the generator's machine, whoever caused it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pressure {
    /// Share of all cores' time that the hypervisor gave to others, 0.0 to 1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_share: Option<f64>,
    /// Share of the time in which at least one task of the machine waited for a core, 0.0 to 1.0
    /// (Linux pressure stall information).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_waited_share: Option<f64>,
    /// Counters of the kernel's TCP that rose and should not, by its own names; they are of all
    /// connections of the machine.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tcp_trouble: BTreeMap<String, u64>,
    /// The network card that was nearest to its speed; absent where none tells its speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardUse>,
}

/// Use of a network card, whoever caused it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CardUse {
    /// The name of its interface, such as `eth0`.
    pub name: String,
    /// Its speed in each direction, Mbit/s.
    pub mbit_per_s: u64,
    /// Share of its speed that was sent, with what Ethernet adds to a frame on the wire, 0.0 to 1.0.
    pub sent_share: f64,
    /// The same of what was received.
    pub received_share: f64,
}

/// A span without any answer while answers were awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Its start, since the opening of the measured window, s.
    pub start_s: f64,
    /// Its length, s.
    pub length_s: f64,
}
