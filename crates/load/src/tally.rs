//! The books: what one worker has measured in one interval, as it is handed over, and what all have
//! measured in a run.

mod counts;

pub use counts::{
    BlockedCounts, ByteCounts, CompressedCounts, CompressionCounts, ConnectionCounts, Counter, Law,
    MessageCounts,
};

use std::collections::BTreeMap;

use wsbench_setting::Text;

use crate::failure::FailureKind;
use crate::histogram::Histogram;
use crate::nanos::Nanos;
use crate::series::{BySeries, Series};

/// Gaps remembered.
const GAPS_KEPT: usize = 5;

/// Everything one worker measured in one interval; merged, everything that was measured in a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Messages of the measured window.
    pub messages: MessageCounts,
    /// Bytes of the measured window, frames and all, as handed to and read from the sockets.
    pub bytes: ByteCounts,
    /// Connections; `alive_at_end`, `peak_concurrent` and how many ran are the worker's state at the
    /// end of the interval, the rest are counts of the interval.
    pub connections: ConnectionCounts,
    /// Counts of what compression did; all zero where none was offered.
    pub compression: CompressionCounts,
    /// Times, a histogram for each series.
    pub times: BySeries<Histogram>,
    /// Obstacles of the messages that had to wait for their connection.
    pub blocked_by: BlockedCounts,
    /// Terms that TLS handshakes agreed upon, with their counts; empty without TLS.
    pub tls_agreed: BTreeMap<String, u64>,
    /// Pings sent to keep connections alive.
    pub pings_sent: u64,
    /// Failures by phase and kind.
    pub failures: Vec<Failure>,
    /// Close codes received from the server, with their counts; 1005 stands for none given.
    pub close_codes: BTreeMap<u16, u64>,
    /// Time that connections were under load within the window, added up over connections and
    /// multiplied by the depth, ns: the left side of Little's law. Zero where the law cannot be
    /// checked (replaced clients at a depth above one, which taper off).
    pub offered_in_flight_ns: u128,
    /// Time that requests were out (sent, not answered) within the window, added up over
    /// requests, ns: the right side of Little's law. Less than the left side by what the
    /// generator lost between an answer and the next send.
    pub service_in_window_ns: u128,
    /// Time that places in flight spent thinking within the window (`Plan::think`), added up over
    /// places, ns. With it on the right, Little's law reads connections × depth = rate × (service
    /// time + pause).
    pub thought_in_window_ns: u128,
    /// The longest spans without any answer while answers were awaited, longest first: at most
    /// five.
    pub gaps: Vec<Gap>,
    /// Raw log records.
    pub log: Vec<LogRecord>,
}

impl Tally {
    /// The times of a series.
    #[must_use]
    pub fn at(&self, series: Series) -> &Histogram {
        &self.times[series]
    }

    /// Adds all that another tally holds, but for its raw log, which goes its own way. Gauges among
    /// the connections (`alive_at_end`, `peak_concurrent`) are added like the rest; zero them where
    /// tallies of several intervals meet. How many clients ran is not added.
    pub fn merge(&mut self, other: &Self) {
        self.messages.merge(&other.messages);
        self.bytes.merge(&other.bytes);
        self.connections.merge(&other.connections);
        self.compression.merge(&other.compression);
        for (series, times) in self.times.iter_mut() {
            times.merge(&other.times[series]);
        }
        self.blocked_by.merge(&other.blocked_by);
        for (agreed, count) in &other.tls_agreed {
            *self.tls_agreed.entry(agreed.clone()).or_default() += count;
        }
        self.pings_sent += other.pings_sent;
        for failure in &other.failures {
            add_failure(
                &mut self.failures,
                failure.phase,
                failure.kind,
                failure.count,
                || failure.example.clone(),
            );
        }
        for (&code, &count) in &other.close_codes {
            *self.close_codes.entry(code).or_default() += count;
        }
        self.offered_in_flight_ns += other.offered_in_flight_ns;
        self.service_in_window_ns += other.service_in_window_ns;
        self.thought_in_window_ns += other.thought_in_window_ns;
        for &gap in &other.gaps {
            keep_gap(&mut self.gaps, gap);
        }
    }

    /// Empties the tally and keeps its memory.
    pub fn clear(&mut self) {
        for (_, times) in self.times.iter_mut() {
            times.clear();
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

/// One kind of failure and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where in the life of a connection.
    pub phase: Phase,
    /// The kind.
    pub kind: FailureKind,
    /// How often.
    pub count: u64,
    /// The first one seen, in words: the peer, the time and what was wrong.
    pub example: Text,
}

/// Where in the life of a connection something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// TCP connect.
    Connect,
    /// Opening a tunnel through the proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The opening handshake.
    Handshake,
    /// Framing after the upgrade.
    Frames,
    /// The answers' content.
    Answers,
    /// The end of the connection.
    Close,
    /// Our own machine: descriptors, ports.
    Local,
}

impl Phase {
    /// The stable name for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Handshake => "handshake",
            Self::Frames => "frames",
            Self::Answers => "answers",
            Self::Close => "close",
            Self::Local => "local",
        }
    }
}

/// A span without any answer while answers were awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Its length.
    pub length: Nanos,
    /// Its start, since the opening of the measured window.
    pub start: Nanos,
}

/// One record of the raw log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogRecord {
    /// A client of the client-replacement model that has ended: the service times of its round
    /// trips in order. Fewer than asked when it failed.
    Client(Vec<Nanos>),
    /// One round trip on a held connection.
    RoundTrip {
        /// The connection's number over the whole run. Each worker counts its own from its own
        /// number, in strides of how many workers there are.
        connection: u32,
        /// The message's number on its connection, from 0.
        sequence: u64,
        /// When it was due, since the run began.
        due: Nanos,
        /// When it was sent, since the run began.
        sent: Nanos,
        /// When its answer had been read, since the run began.
        received: Nanos,
    },
}

pub(crate) fn add_failure(
    failures: &mut Vec<Failure>,
    phase: Phase,
    kind: FailureKind,
    count: u64,
    example: impl FnOnce() -> Text,
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
pub(crate) fn keep_gap(gaps: &mut Vec<Gap>, gap: Gap) {
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
