//! The record of one run: what was measured, on what machine, by which plan.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::plan::PlanSpec;

use super::absence::ServerGone;
use super::arrival_shape::ArrivalShape;
use super::compression::Compression;
use super::confidence::{RateConfidence, Slice};
use super::distribution::Distribution;
use super::figures::{
    BlockedBy, Bytes, Connections, Ended, Failure, Floor, Gap, Generator, Handshake, Interval,
    Messages, Pings, Pressure, Stamps,
};
use super::host::Host;
use super::server::Server;
use crate::gate::Stamp;
use crate::until::UntilOutcome;

/// Name and version of the schema that this version writes.
pub const SCHEMA: &str = "wsbench.result/1";

/// The result of one run, before anybody has judged it.
///
/// Fields that this version does not know are ignored on reading, and optional ones that are
/// missing take their defaults, so that older and newer records of the same schema are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Name and version of this schema: `wsbench.result/1`.
    pub schema: String,
    /// Version of wsbench that measured.
    pub tool_version: String,
    /// Wall-clock start, RFC 3339 in UTC.
    pub started_at: String,
    /// The command line that was run.
    pub command: String,
    /// Seed of every random choice; with the command it repeats the run.
    pub seed: u64,
    /// The generator's machine.
    #[serde(default)]
    pub host: Host,
    /// Whether the server was wsbench's own, in the same process.
    #[serde(default)]
    pub embedded_server: bool,
    /// Whether the server was reached over loopback, and so shared the machine.
    #[serde(default)]
    pub loopback: bool,
    /// Addresses the host resolved to, the one used first.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// What was to be done, as resolved.
    pub plan: PlanSpec,
    /// Why the run ended.
    pub ended: Ended,
    /// What came of waiting until the answer is known; absent where that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilOutcome>,
    /// Length of the measured window, s.
    pub duration_s: f64,
    /// From the first connect to the last close, s.
    #[serde(default)]
    pub total_s: f64,
    /// Answers received within the window, a second; absent when the window has no length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_s: Option<f64>,
    /// How sure this run is of `messages_per_s`; absent where its intervals are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_s_confidence: Option<RateConfidence>,
    /// What the plan asked for, a second; absent in the closed loop, which asks for no rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_messages_per_s: Option<f64>,
    /// Bytes written to the sockets, a second, frame headers included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_bytes_per_s: Option<f64>,
    /// Bytes read from the sockets, a second, frame headers included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes_per_s: Option<f64>,
    /// Messages of the measured window.
    pub messages: Messages,
    /// Bytes of the measured window.
    #[serde(default)]
    pub bytes: Bytes,
    /// What compression did; absent where none was offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Connections over the whole run.
    pub connections: Connections,
    /// Time that connections spent with round trips under way within the window, added up over
    /// connections and multiplied by the depth, s: the left side of Little's law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_in_flight_s: Option<f64>,
    /// Time that messages were out (sent, not answered) within the measured window, added up over
    /// messages, s: the right side of Little's law. Below the left side by what the generator lost
    /// between an answer and the next send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_in_window_s: Option<f64>,
    /// Time that places in flight spent thinking within the measured window, added up over places,
    /// s: with the time that messages were out, the right side of Little's law. Absent without
    /// pauses to think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thought_in_window_s: Option<f64>,
    /// Service time, received − sent, ns.
    pub service_ns: Distribution,
    /// Response time, received − due, ns.
    pub response_ns: Distribution,
    /// How late the sends left, sent − due, ns.
    #[serde(default)]
    pub send_lag_ns: Distribution,
    /// The part of the send lag that is the generator's own, from the moment at which a message was
    /// due and its connection took it, ns. Absent in documents that did not tell the parts apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_lag_ns: Option<Distribution>,
    /// The other part: how long messages that were due waited for their connection, ns, of those
    /// that did. Absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_ns: Option<Distribution>,
    /// What those waited for; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<BlockedBy>,
    /// How the gaps between sends are distributed beside those of the schedule; absent in the closed
    /// loop, and where too few were seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_shape: Option<ArrivalShape>,
    /// Whose clock said when answers had come to this machine; absent in older documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<Stamps>,
    /// The part of the service time that passed outside of the generator (server, network and
    /// kernel), by kernel stamps, ns; absent without kernel stamps. For each message
    /// `service = outside + receive wait`; means add up, percentiles do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_ns: Option<Distribution>,
    /// How long answers waited in the generator's own receive queue, by kernel stamps, ns; absent
    /// without kernel stamps. A lower bound where one read takes several segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_wait_ns: Option<Distribution>,
    /// Service time of one connection with one message in flight against the embedded server on
    /// this machine, measured just before with the same payload: what no server here can be told
    /// to be faster than. Never subtracted. Absent where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_ns: Option<Floor>,
    /// The opening of connections, by part, ns.
    #[serde(default)]
    pub handshake_ns: Handshake,
    /// Pings that kept connections alive; absent where none were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pings: Option<Pings>,
    /// What went wrong, by phase and kind.
    #[serde(default)]
    pub errors: Vec<Failure>,
    /// Close codes received, with their counts; 1005 stands for none given (RFC 6455 section
    /// 7.4.1).
    #[serde(default)]
    pub close_codes: BTreeMap<u16, u64>,
    /// What the generator itself used.
    #[serde(default)]
    pub generator: Generator,
    /// What pressed on the generator's machine over the measured window, whoever caused it; absent
    /// where nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<Pressure>,
    /// What the server used; absent where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// Times that the server was gone and came back; absent when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_gone: Option<ServerGone>,
    /// What TLS handshakes agreed upon, with their counts; absent without TLS.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tls_agreed: BTreeMap<String, u64>,
    /// What the conformance gate found before the run; absent where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conformance: Option<Stamp>,
    /// The time series.
    #[serde(default)]
    pub intervals: Vec<Interval>,
    /// The measured window in slices, with their histograms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
    /// The longest spans without any answer while answers were awaited, longest first.
    #[serde(default)]
    pub gaps: Vec<Gap>,
}

impl Record {
    /// The record of a run that was to go on until its answer is known, with what came of that.
    #[must_use]
    pub fn with_until(self, outcome: UntilOutcome) -> Self {
        Self {
            until: Some(outcome),
            ..self
        }
    }
}
