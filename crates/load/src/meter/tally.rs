//! What one worker has measured in one interval, as it is handed over.

use std::collections::BTreeMap;

use crate::failure::FailureKind;
use crate::histogram::Histogram;
use crate::lag::BlockedCounts;
use crate::result::{
    ByteCounts, CompressionCounts, ConnectionCounts, Failure, Gap, LogRecord, MessageCounts, Phase,
    RunResult,
};

/// Gaps remembered.
const GAPS_KEPT: usize = 5;

/// Everything one worker measured in one interval.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Messages.
    pub messages: MessageCounts,
    /// Bytes.
    pub bytes: ByteCounts,
    /// Connections; `alive_at_end`, `peak_concurrent` and how many ran are the worker's state at the
    /// end of the interval, the rest are counts of the interval.
    pub connections: ConnectionCounts,
    /// What compression did.
    pub compression: CompressionCounts,
    /// Received − sent.
    pub service: Histogram,
    /// Received − due, or until given up.
    pub response: Histogram,
    /// The part of `response` that was given up.
    pub censored: Histogram,
    /// Sent − due.
    pub send_lag: Histogram,
    /// The generator's part of that.
    pub generator_lag: Histogram,
    /// The connection's part, of messages that had to wait for it.
    pub blocked: Histogram,
    /// What those waited for.
    pub blocked_by: BlockedCounts,
    /// Received − arrived; empty without kernel stamps.
    pub receive_wait: Histogram,
    /// Arrived − sent, of the same messages.
    pub outside: Histogram,
    /// TCP connect times.
    pub tcp: Histogram,
    /// Times that proxies took to open their tunnels.
    pub proxy: Histogram,
    /// TLS handshake times.
    pub tls: Histogram,
    /// What TLS handshakes agreed upon, with their counts.
    pub tls_agreed: BTreeMap<String, u64>,
    /// Upgrade times.
    pub upgrade: Histogram,
    /// Service times of first messages.
    pub first_message: Histogram,
    /// Pings sent to keep connections alive.
    pub pings_sent: u64,
    /// Their round trips.
    pub ping: Histogram,
    /// Failures by phase and kind.
    pub failures: Vec<Failure>,
    /// Close codes received.
    pub close_codes: BTreeMap<u16, u64>,
    /// Time that connections were under load within the window, times the depth, ns.
    pub offered_in_flight_ns: u128,
    /// Time that requests were out within the window, added up, ns.
    pub service_in_window_ns: u128,
    /// Time that places spent thinking within the window, added up, ns.
    pub thought_in_window_ns: u128,
    /// Longest spans without an answer.
    pub gaps: Vec<Gap>,
    /// Raw log records.
    pub log: Vec<LogRecord>,
}

impl Tally {
    /// Adds all that the tally holds to a result, but for the raw log, which goes its own way.
    /// Gauges among the connections (`alive_at_end`, `peak_concurrent`) are added like the rest;
    /// zero them where tallies of several intervals meet. How many clients ran is not added.
    pub fn add_to(&self, result: &mut RunResult) {
        result.messages.merge(&self.messages);
        result.bytes.sent += self.bytes.sent;
        result.bytes.received += self.bytes.received;
        result.connections.merge(&self.connections);
        result.compression.merge(&self.compression);
        result.service.merge(&self.service);
        result.response.merge(&self.response);
        result.censored.merge(&self.censored);
        result.send_lag.merge(&self.send_lag);
        result.generator_lag.merge(&self.generator_lag);
        result.blocked.merge(&self.blocked);
        result.blocked_by.merge(&self.blocked_by);
        result.receive_wait.merge(&self.receive_wait);
        result.outside.merge(&self.outside);
        result.handshake.tcp.merge(&self.tcp);
        result.handshake.proxy.merge(&self.proxy);
        result.handshake.tls.merge(&self.tls);
        for (agreed, count) in &self.tls_agreed {
            *result.tls_agreed.entry(agreed.clone()).or_default() += count;
        }
        result.handshake.upgrade.merge(&self.upgrade);
        result.handshake.first_message.merge(&self.first_message);
        result.pings.sent += self.pings_sent;
        result.pings.round_trips.merge(&self.ping);
        for failure in &self.failures {
            add_failure(
                &mut result.failures,
                failure.phase,
                failure.kind,
                failure.count,
                || failure.example.clone(),
            );
        }
        for (&code, &count) in &self.close_codes {
            *result.close_codes.entry(code).or_default() += count;
        }
        result.offered_in_flight_ns += self.offered_in_flight_ns;
        result.service_in_window_ns += self.service_in_window_ns;
        result.thought_in_window_ns += self.thought_in_window_ns;
        for &gap in &self.gaps {
            keep_gap(&mut result.gaps, gap);
        }
    }

    /// Empties the tally and keeps its memory.
    pub fn clear(&mut self) {
        for histogram in [
            &mut self.service,
            &mut self.response,
            &mut self.censored,
            &mut self.send_lag,
            &mut self.generator_lag,
            &mut self.blocked,
            &mut self.receive_wait,
            &mut self.outside,
            &mut self.tcp,
            &mut self.proxy,
            &mut self.tls,
            &mut self.upgrade,
            &mut self.first_message,
            &mut self.ping,
        ] {
            histogram.clear();
        }
        self.messages = MessageCounts::default();
        self.bytes = ByteCounts::default();
        self.connections = ConnectionCounts::default();
        self.compression = CompressionCounts::default();
        self.failures.clear();
        self.close_codes.clear();
        self.tls_agreed.clear();
        self.blocked_by = BlockedCounts::default();
        (self.offered_in_flight_ns, self.service_in_window_ns) = (0, 0);
        self.thought_in_window_ns = 0;
        self.pings_sent = 0;
        self.gaps.clear();
        self.log.clear();
    }

    /// Failures of any kind.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.failures.iter().map(|failure| failure.count).sum()
    }
}

pub(super) fn add_failure(
    failures: &mut Vec<Failure>,
    phase: Phase,
    kind: FailureKind,
    count: u64,
    example: impl FnOnce() -> String,
) {
    match failures
        .iter_mut()
        .find(|known| known.phase == phase && known.kind == kind)
    {
        Some(known) => known.count += count,
        None => failures.push(Failure {
            phase,
            kind,
            count,
            example: example(),
        }),
    }
}

/// Keeps the longest gaps, longest first. Of gaps that overlap (two workers see the same stall)
/// the longer one stays.
pub(super) fn keep_gap(gaps: &mut Vec<Gap>, gap: Gap) {
    let overlaps = |known: &Gap| {
        gap.start < known.start + known.length && known.start < gap.start + gap.length
    };
    if gaps
        .iter()
        .any(|known| overlaps(known) && known.length >= gap.length)
    {
        return;
    }
    gaps.retain(|known| !overlaps(known));
    gaps.push(gap);
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    gaps.truncate(GAPS_KEPT);
}
