//! The record of one run: what was measured, on what machine, by which plan.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use wsbench_load::failure::FailureKind;
use wsbench_load::plan::PlanSpec;
use wsbench_load::series::{Home, Series, Shown};
use wsbench_load::tally::{
    AckCounts, BlockedCounts, ByteCounts, ConnectionCounts, DeliveryCounts, ItemCounts,
    MessageCounts, PushCounts, ReturnCounts, SessionCounts, SlowCounts,
};

use super::absence::ServerGone;
use super::arrival_shape::ArrivalShape;
use super::compression::Compression;
use super::confidence::RateConfidence;
use super::distribution::Distribution;
use super::figures::{Ended, Failure, Floor, Gap, Generator, Handshake, Pings, Pressure, Stamps};
use super::fleet::{Agent, Fleet};
use super::host::Host;
use super::interval::Interval;
use super::push_clock::PushClock;
use super::server::Server;
use super::slice::Slice;
use super::times::{self, Distributions, has_times};
use crate::condition::Judgement;
use crate::gate::Stamp;
use crate::until::UntilOutcome;

/// Name and version of the schema that this version writes.
pub const SCHEMA: &str = "wsbench.result/1";

/// The result of one run, before anybody has judged it.
///
/// Fields that this version does not know are ignored on reading, and optional ones that are
/// missing take their defaults, so that older and newer records of the same schema are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(rename = "Record", transform = with_times)]
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
    /// True where the server was wsbench's own, in the same process.
    #[serde(default)]
    pub embedded_server: bool,
    /// True where the server was reached over loopback, and so shared the machine.
    #[serde(default)]
    pub loopback: bool,
    /// Addresses the host resolved to, the one used first.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Facts of a run that many machines carried out; absent of one that a single process did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Fleet>,
    /// The machines that carried it out, each with what its own books say of its share; absent where
    /// it was this one alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<Agent>,
    /// Plan of the run, as resolved.
    pub plan: PlanSpec,
    /// Why the run ended.
    pub ended: Ended,
    /// Outcome of waiting until the answer is known; absent where that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilOutcome>,
    /// Conditions that the run was held against; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Judgement>,
    /// Length of the measured window, s.
    pub duration_s: f64,
    /// From the first connect to the last close, s.
    #[serde(default)]
    pub total_s: f64,
    /// Answers received within the window, a second; absent when the window has no length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_s: Option<f64>,
    /// Confidence of this run in `messages_per_s`; absent where its intervals are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_s_confidence: Option<RateConfidence>,
    /// Messages that the plan asked for, a second; absent in the closed loop, which asks for no
    /// rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_messages_per_s: Option<f64>,
    /// Bytes written to the sockets, a second, frame headers included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_bytes_per_s: Option<f64>,
    /// Bytes read from the sockets, a second, frame headers included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes_per_s: Option<f64>,
    /// Messages of the measured window.
    pub messages: MessageCounts,
    /// Deliveries of those messages, each to one of its receivers; absent where messages come back to
    /// their sender alone. There a message counts as answered when it has reached all its receivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<DeliveryCounts>,
    /// Deliveries received within the window, a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries_per_s: Option<f64>,
    /// Whether senders hear their own messages, as was seen; absent where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub senders_hear_themselves: Option<bool>,
    /// Median of the delivery time, ns, for each tenth of the receivers in the order in which they
    /// joined: in what order the server serves them. Absent without deliveries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivery_p50_by_decile_ns: Vec<Option<u64>>,
    /// Acknowledgements of messages to their sender; absent where none were awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acks: Option<AckCounts>,
    /// Items of streams; absent where a request has one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemCounts>,
    /// Items received within the window, a second; absent where there are none to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_per_s: Option<f64>,
    /// Messages that the server sent by itself; absent where they are not the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushes: Option<PushCounts>,
    /// The server's clock beside ours, by which the ages of pushes are corrected; absent where it was not
    /// asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_clock: Option<PushClock>,
    /// Slow readers; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<SlowCounts>,
    /// Connections that were lost, and their clients' return; absent where the plan says nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<ReturnCounts>,
    /// Sessions that came by a schedule, or connections of a storm; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionCounts>,
    /// The mean service time less the mean of the pings beside it, ns: what the server's application
    /// takes beyond its library. Absent where no pings were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_ns: Option<f64>,
    /// Bytes of the measured window.
    #[serde(default)]
    pub bytes: ByteCounts,
    /// Effect of compression; absent where none was offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Connections over the whole run.
    pub connections: ConnectionCounts,
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
    /// Causes for which those waited; absent when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<BlockedCounts>,
    /// Distribution of the gaps between sends, beside those of the schedule; absent in the closed
    /// loop, and where too few were seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_shape: Option<ArrivalShape>,
    /// Whose clock said when answers had come to this machine; absent in older documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<Stamps>,
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
    /// Pongs that answered no ping of ours, which a server may send (RFC 6455 section 5.5.3); absent where
    /// there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pongs_unasked: Option<u64>,
    /// Failures, by phase and kind.
    #[serde(default)]
    pub errors: Vec<Failure>,
    /// Close codes received, with their counts; 1005 stands for none given (RFC 6455 section
    /// 7.4.1).
    #[serde(default)]
    pub close_codes: BTreeMap<u16, u64>,
    /// Use by the generator itself.
    #[serde(default)]
    pub generator: Generator,
    /// Pressure on the generator's machine over the measured window, whoever caused it; absent
    /// where nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<Pressure>,
    /// Use by the server; absent where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// Times that the server was gone and came back; absent when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_gone: Option<ServerGone>,
    /// Agreements of TLS handshakes, with their counts; absent without TLS.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tls_agreed: BTreeMap<String, u64>,
    /// Result of the conformance gate before the run; absent where it was not asked.
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
    /// The distributions that no group of members has.
    #[serde(skip)]
    pub times: Distributions,
}

/// Names the distributions among the members.
fn with_times(schema: &mut Schema) {
    times::describe(schema, Home::Document);
}

has_times!(Record of Document behind |series| match (series, series.info().part_of) {
    // By the stamps.
    (_, Some(whole)) if whole.info().in_slices => "timestamps",
    (
        Series::Delivery
        | Series::DeliveryBetween
        | Series::DeliveryService
        | Series::DeliveryFirst
        | Series::DeliveryLast
        | Series::Skew,
        _,
    ) => "delivery_p50_by_decile_ns",
    (Series::Ack | Series::AckService, _) => "acks",
    (Series::ItemFirst | Series::ItemFirstService | Series::ItemGap, _) => "items",
    (Series::PushGap | Series::PushAge, _) => "pushes",
    (Series::Opening | Series::OpeningService | Series::Storm, _) => "sessions",
    (Series::Back, _) => "returns",
    (Series::SlowLost, _) => "slow",
    _ => "thought_in_window_s",
});

impl Record {
    /// True where the server was on the generator's own machine.
    #[must_use]
    pub const fn is_server_here(&self) -> bool {
        self.loopback || self.embedded_server
    }

    /// True where the kernel said when the answers of the run had come.
    #[must_use]
    pub fn is_told_by_kernel(&self) -> bool {
        self.timestamps == Some(Stamps::Kernel)
    }

    /// Messages that were out on connections which a drill cut: they are no failure of the server's.
    #[must_use]
    pub fn cut_messages(&self) -> u64 {
        self.returns.map_or(0, |counts| counts.cut_messages)
    }

    /// Connections that the server closed, over the whole run.
    #[must_use]
    pub fn closed_by_server(&self) -> u64 {
        self.failures_of(FailureKind::ClosedByServer)
    }

    /// Messages that were answered with an error, over the whole run.
    #[must_use]
    pub fn error_answers(&self) -> u64 {
        self.failures_of(FailureKind::ErrorAnswer)
    }

    /// Failures of this kind over the whole run, whenever they came about.
    fn failures_of(&self, kind: FailureKind) -> u64 {
        let errors = self.errors.iter();
        let such = errors.filter(|error| error.kind == kind.name());
        such.map(|error| error.count).sum()
    }

    /// The distribution of a series; an empty one where nothing was measured.
    #[must_use]
    pub fn at(&self, series: Series) -> &Distribution {
        self.known(series).unwrap_or(&Distribution::EMPTY)
    }

    /// The distribution of a series; `None` without samples.
    #[must_use]
    pub fn known(&self, series: Series) -> Option<&Distribution> {
        match series.info().home {
            Home::Document => self.times.get(series),
            Home::Opening => self.handshake_ns.times.get(series),
            Home::Pings => self.pings.as_ref()?.times.get(series),
        }
    }

    /// The parts in which connections were opened, as far as they took place, in order, with their
    /// names.
    #[must_use]
    pub fn opening(&self) -> Vec<(&'static str, &Distribution)> {
        let dns = self.handshake_ns.dns.as_ref().map(|spans| ("DNS", spans));
        let took_place = times::members_of(Home::Opening).filter_map(|series| {
            let info = series.info();
            let spans = match info.shown {
                Shown::IfMeasured => self.known(series)?,
                // Connections that became WebSockets without it came by a Unix domain socket.
                Shown::UnlessEmpty if self.has_opened() => self.known(series)?,
                _ => self.at(series),
            };
            Some((info.title, spans))
        });
        dns.into_iter().chain(took_place).collect()
    }

    /// True if any connection was opened to its end.
    fn has_opened(&self) -> bool {
        !self.at(Series::Upgrade).is_empty()
    }

    /// The record of a run that was to go on until its answer is known, with what came of that.
    #[must_use]
    pub fn with_until(self, outcome: UntilOutcome) -> Self {
        Self {
            until: Some(outcome),
            ..self
        }
    }
}
