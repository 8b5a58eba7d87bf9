//! The groups of figures that a record is made of.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use wsbench_load::series::Group;

use super::distribution::Distribution;
use super::times::{self, Times, has_times};

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

/// Messages of the measured window: `sent = answered + timed_out + failed + in_flight_at_end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Messages {
    /// Due by the plan: sent or unsent.
    pub due: u64,
    /// Due by the schedule and never handed to a socket.
    #[serde(default)]
    pub unsent: u64,
    /// Handed to the socket, at least in part.
    pub sent: u64,
    /// Answered rightly.
    pub answered: u64,
    /// Unanswered at their deadline.
    pub timed_out: u64,
    /// Ended otherwise: connection lost, or wrong answer.
    pub failed: u64,
    /// Unanswered when the drain ended.
    pub in_flight_at_end: u64,
    /// Answers that arrived within the window: the numerator of `messages_per_s`.
    #[serde(default)]
    pub received_in_window: u64,
    /// Never answered although a later one on the same connection was.
    #[serde(default)]
    pub lost: u64,
    /// Further answers to a message already answered.
    #[serde(default)]
    pub duplicated: u64,
    /// Right answers that came after the answer to a later message.
    #[serde(default)]
    pub reordered: u64,
    /// Answers whose bytes or opcode differ from what was sent.
    #[serde(default)]
    pub corrupted: u64,
    /// Messages that answer nothing that was sent.
    #[serde(default)]
    pub unasked: u64,
    /// Sent and answered in the warm-up, which nothing else counts.
    #[serde(default)]
    pub warmup: u64,
}

impl Messages {
    /// What became of the messages, added up: equal to `sent` when none is unaccounted for.
    #[must_use]
    pub fn accounted(&self) -> u128 {
        [
            self.answered,
            self.timed_out,
            self.failed,
            self.in_flight_at_end,
        ]
        .into_iter()
        .map(u128::from)
        .sum()
    }

    /// Messages that were sent and not answered rightly.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.sent.saturating_sub(self.answered)
    }
}

/// Messages that were due and had to wait for their connection, by what they waited for last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BlockedBy {
    /// There was no open connection.
    pub absence: u64,
    /// The connection had as many messages in flight as it may.
    pub limit: u64,
    /// The socket took no more bytes.
    pub socket: u64,
}

/// Bytes of the measured window, frame headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bytes {
    /// Written to the sockets.
    pub sent: u64,
    /// Read from the sockets.
    pub received: u64,
}

/// Connections over the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Asked for at a time.
    pub asked: u64,
    /// TCP connections begun.
    #[serde(default)]
    pub attempted: u64,
    /// TCP connections established.
    pub opened: u64,
    /// Upgraded to WebSocket.
    pub upgraded: u64,
    /// Upgraded and open when the window closed.
    pub alive_at_end: u64,
    /// Ended before their time.
    #[serde(default)]
    pub failed: u64,
    /// Opened in the place of one that had ended.
    #[serde(default)]
    pub replaced: u64,
    /// Most that were established at the same time.
    #[serde(default)]
    pub peak_concurrent: u64,
    /// Most clients that ran at the same time, from their connect call to their end, summed over
    /// threads: never more than asked for (client-replacement model only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_running: Option<u64>,
    /// Fewest clients that ran while there remained some to be run, from when as many ran as were
    /// asked for, summed over threads: as many as asked for, unless one failed or a connect rate held
    /// the next one back (client-replacement model only). Absent where a thread never ran as many as
    /// were its share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_running: Option<u64>,
    /// Clients that made all their round trips (client-replacement model only).
    #[serde(default)]
    pub clients_completed: u64,
    /// Closed by both sides with the closing handshake (RFC 6455 section 7).
    #[serde(default)]
    pub closed_cleanly: u64,
    /// Upgraded and sent on, but not a single message was answered.
    #[serde(default)]
    pub never_answered: u64,
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
    pub times: Times,
}

/// Names the parts among the members.
fn with_parts(schema: &mut Schema) {
    times::describe(schema, Group::Opening);
}

has_times!(Handshake of Opening);

/// Pings that kept connections alive, over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(rename = "Pings", transform = with_round_trips)]
pub struct Pings {
    /// Pings sent.
    pub sent: u64,
    /// Their round trips.
    #[serde(skip)]
    pub times: Times,
}

/// Names the round trips among the members.
fn with_round_trips(schema: &mut Schema) {
    times::describe(schema, Group::Pings);
}

has_times!(Pings of Pings);

/// One kind of failure and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Where in the life of a connection: `connect`, `proxy`, `tls`, `handshake`, `frames`, `answers`, `close` or
    /// `local`.
    pub phase: String,
    /// Which kind: a stable snake_case name.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// The first one seen, in words.
    #[serde(default)]
    pub example: String,
}

/// What the generator itself used.
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

/// What pressed on the generator's machine, whoever caused it.
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
}

/// A span without any answer while answers were awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Its start, since the opening of the measured window, s.
    pub start_s: f64,
    /// Its length, s.
    pub length_s: f64,
}
