//! The books: what one worker has measured in one interval, as it is handed over, and what all have
//! measured in a run.

mod clock;
mod counts;
mod deciles;
mod handed;
mod sparse;
mod sum;

pub use clock::{ClockBounds, ClockReadings};
pub use counts::{
    AckCounts, BlockedCounts, ByteCounts, CompressedCounts, ConnectionCounts, Counter,
    DeliveryCounts, ItemCounts, Law, MessageCounts, PushCounts, ReturnCounts, SessionCounts,
    SlowCounts, is_same,
};
pub use deciles::{DECILES, Deciles};
pub use handed::{Addressed, Handed, Move, Partial, Published};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wsbench_setting::Text;

use self::sum::{Sum, sums};
use crate::failure::FailureKind;
use crate::histogram::{Histogram, Spares};
use crate::nanos::Nanos;
use crate::series::{BySeries, Series};

/// Gaps remembered.
const GAPS_KEPT: usize = 5;

sums! {
    /// Everything one worker measured in one interval; merged, everything that was measured in a run.
    ///
    /// At rest, handed to another process, it is of what it holds alone: a series without samples and
    /// a counter of none are left out.
    pub struct Tally {
        /// Messages of the measured window.
        #[serde(with = "sparse")]
        messages: MessageCounts,
        /// Deliveries of those messages.
        #[serde(with = "sparse")]
        deliveries: DeliveryCounts,
        /// Acknowledgements of those messages.
        #[serde(default, with = "sparse")]
        acks: AckCounts,
        /// Items of streams.
        #[serde(default, with = "sparse")]
        items: ItemCounts,
        /// Messages that the server sent by itself.
        #[serde(default, with = "sparse")]
        pushes: PushCounts,
        /// The server's clock beside ours, over the whole run; the bounds of several workers are those that
        /// hold for all.
        #[serde(default)]
        clock: ClockReadings,
        /// Slow readers.
        #[serde(default, with = "sparse")]
        slow: SlowCounts,
        /// Connections that were lost, and their clients' return.
        #[serde(default, with = "sparse")]
        returns: ReturnCounts,
        /// Sessions that came by a schedule, or connections of a storm.
        #[serde(default, with = "sparse")]
        sessions: SessionCounts,
        /// Delivery times by when their receiver had joined; none where messages come back to their
        /// sender alone.
        by_decile: Deciles,
        /// What of messages and their deliveries is put together over all workers. It goes its own
        /// way: merging adds none.
        handed: Handed,
        /// Bytes of the measured window, frames and all, as handed to and read from the sockets.
        #[serde(with = "sparse")]
        bytes: ByteCounts,
        /// Connections; `alive_at_end`, `peak_concurrent` and how many ran are the worker's state at
        /// the end of the interval, the rest are counts of the interval. In sums of several intervals
        /// `alive_at_end` and `peak_concurrent` are added like the rest: zero them where such meet.
        /// How many clients ran is not added.
        #[serde(with = "sparse")]
        connections: ConnectionCounts,
        /// Counts of what compression did; all zero where none was offered.
        compression: CompressionCounts,
        /// Times, a histogram for each series.
        times: BySeries<Histogram>,
        /// Pages for those that need one more.
        #[serde(skip)]
        spares: Spares,
        /// Obstacles of the messages that had to wait for their connection.
        #[serde(with = "sparse")]
        blocked_by: BlockedCounts,
        /// Terms that TLS handshakes agreed upon, with their counts; empty without TLS.
        tls_agreed: BTreeMap<String, u64>,
        /// Pings sent to keep connections alive.
        pings_sent: u64,
        /// Pongs that answered no ping of ours (RFC 6455 section 5.5.3).
        #[serde(default)]
        pongs_unasked: u64,
        /// Failures by phase and kind.
        failures: Vec<FailureCount>,
        /// Close codes received from the server, with their counts; 1005 stands for none given.
        close_codes: BTreeMap<u16, u64>,
        /// Time that connections were under load within the window, added up over connections and
        /// multiplied by the depth, ns: the left side of Little's law. Zero where the law cannot be
        /// checked (replaced clients at a depth above one, which taper off).
        offered_in_flight_ns: u128,
        /// Time that requests were out (sent, not answered) within the window, added up over
        /// requests, ns: the right side of Little's law. Less than the left side by what the
        /// generator lost between an answer and the next send.
        service_in_window_ns: u128,
        /// Time that places in flight spent thinking within the window (`Plan::think`), added up over
        /// places, ns. With it on the right, Little's law reads connections × depth = rate × (service
        /// time + pause).
        thought_in_window_ns: u128,
        /// The longest spans without any answer while answers were awaited, longest first: at most
        /// five.
        gaps: Vec<AnswerGap>,
        /// Raw log records, which go their own way: merging adds none.
        log: Vec<LogRecord>,
    }

    /// Counts of what compression did (permessage-deflate, RFC 7692).
    #[derive(PartialEq, Eq)]
    pub struct CompressionCounts {
        /// Connections over the whole run by what the server accepted, in the words of its answer.
        accepted: BTreeMap<String, u64>,
        /// Connections over the whole run on which it declined the offer, or did not know it.
        declined: u64,
        /// Messages that were sent within the window.
        #[serde(with = "sparse")]
        sent: CompressedCounts,
        /// Messages that were received within the window, right answers or not.
        #[serde(with = "sparse")]
        received: CompressedCounts,
    }
}

impl Tally {
    /// Pages of its histograms that are there or held ready: seven series over nine octaves each.
    const PAGES: usize = 64;
    /// Pages that are held ready at the least, for what an interval has that none before it had.
    const SPARES: usize = 16;

    /// Makes ready what an interval may need, so that who measures in it asks for no memory.
    pub fn prepare(&mut self) {
        let held: usize = self.times.iter().map(|(_, times)| times.pages()).sum();
        self.spares
            .fill(Self::PAGES.saturating_sub(held).max(Self::SPARES));
        self.gaps.reserve(GAPS_KEPT + 1);
    }

    /// Counts a time of a series.
    #[inline]
    pub fn record(&mut self, series: Series, time: Nanos) {
        self.record_n(series, time, 1);
    }

    /// Counts so many times of a series that are all the same.
    #[inline]
    pub fn record_n(&mut self, series: Series, time: Nanos, count: u64) {
        self.times[series].record_by(time, count, &mut self.spares);
    }

    /// Counts the time of a delivery to a receiver of a tenth, from 0.
    #[inline]
    pub fn record_by_decile(&mut self, decile: usize, time: Nanos) {
        self.by_decile.record_by(decile, time, &mut self.spares);
    }

    /// The times of a series.
    #[must_use]
    pub fn at(&self, series: Series) -> &Histogram {
        &self.times[series]
    }

    /// Failures of any kind.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.failures.iter().map(|failure| failure.count).sum()
    }
}

/// One kind of failure and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// Phase in the life of a connection.
    pub phase: Phase,
    /// The kind.
    pub kind: FailureKind,
    /// The peer's own code for it, a close code or a status, of which each is told by itself; `None`
    /// where it gave none, and for all beyond the first few.
    pub code: Option<u16>,
    /// Number of times.
    pub count: u64,
    /// The time of the first one seen, since the run began.
    pub first: Nanos,
    /// The first one seen, in words: the peer, the time and what was wrong.
    pub example: Text,
}

/// Phase in the life of a connection in which something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// TCP connect.
    Connect,
    /// Opening a tunnel through the proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The opening handshake.
    Handshake,
    /// The login behind it.
    Login,
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
            Self::Login => "login",
            Self::Frames => "frames",
            Self::Answers => "answers",
            Self::Close => "close",
            Self::Local => "local",
        }
    }
}

/// A span without any answer while answers were awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AnswerGap {
    /// Its length.
    pub length: Nanos,
    /// Its start, since the opening of the measured window.
    pub start: Nanos,
}

/// One record of the raw log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
        /// Instant at which it was due, since the run began.
        due: Nanos,
        /// Instant at which it was sent, since the run began.
        sent: Nanos,
        /// Instant at which its answer had been read, since the run began.
        received: Nanos,
    },
}

/// Codes of one kind of failure that are told apart: a peer may make up thousands.
const CODES_TOLD: usize = 8;

/// Books failures of one kind, of which the first was seen at `first`; `example` tells of it, and is
/// asked only if none of the kind is known.
pub(crate) fn add_failure(
    failures: &mut Vec<FailureCount>,
    (phase, kind, code): (Phase, FailureKind, Option<u16>),
    count: u64,
    first: Nanos,
    example: impl FnOnce() -> Text,
) {
    let is_of_kind = |known: &FailureCount| known.phase == phase && known.kind == kind;
    let told = failures.iter().filter(|it| is_of_kind(it));
    let told: Vec<u16> = told.filter_map(|it| it.code).collect();
    let is_full = told.len() >= CODES_TOLD && code.is_some_and(|code| !told.contains(&code));
    // The lowest codes are told apart: which they are does not rest on the order in which parts of
    // the books are put together, and none of them has been counted among the rest before.
    let greatest = told.into_iter().max().filter(|_| is_full);
    let code = code.filter(|code| greatest.is_none_or(|greatest| *code < greatest));
    if code.is_some()
        && let Some(at) = greatest.and_then(|greatest| {
            let is_it = |it: &FailureCount| is_of_kind(it) && it.code == Some(greatest);
            failures.iter().position(is_it)
        })
    {
        let mut rest = failures.remove(at);
        rest.code = None;
        add_known(failures, rest);
    }
    let is_it = |known: &&mut FailureCount| is_of_kind(known) && known.code == code;
    match failures.iter_mut().find(is_it) {
        Some(known) if first >= known.first => known.count += count,
        _ => add_known(
            failures,
            FailureCount {
                phase,
                kind,
                code,
                count,
                first,
                example: example(),
            },
        ),
    }
}

/// Adds failures of one kind and code to those that are known; the first one's example stays.
fn add_known(failures: &mut Vec<FailureCount>, more: FailureCount) {
    let is_it = |known: &&mut FailureCount| {
        (known.phase, known.kind, known.code) == (more.phase, more.kind, more.code)
    };
    match failures.iter_mut().find(is_it) {
        Some(known) => {
            known.count += more.count;
            if more.first < known.first {
                (known.first, known.example) = (more.first, more.example);
            }
        }
        None => failures.push(more),
    }
}

/// Adds failures to others: each kind once, in the order in which they were told of, with the first
/// one's example.
pub fn merge_failures(into: &mut Vec<FailureCount>, others: &[FailureCount]) {
    for failure in others {
        let key = (failure.phase, failure.kind, failure.code);
        let example = || failure.example.clone();
        add_failure(into, key, failure.count, failure.first, example);
    }
}

/// Adds gaps to others, and keeps the longest.
pub fn merge_gaps(into: &mut Vec<AnswerGap>, others: &[AnswerGap]) {
    for &gap in others {
        keep_gap(into, gap);
    }
}

/// Keeps the longest gaps, longest first. Of gaps that overlap (two workers see the same stall)
/// the longer one stays.
pub(crate) fn keep_gap(gaps: &mut Vec<AnswerGap>, gap: AnswerGap) {
    let overlaps = |known: &AnswerGap| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_codes_are_told_apart_does_not_rest_on_the_order_of_the_parts() {
        let part = |codes: std::ops::Range<u16>| {
            let mut failures = Vec::new();
            for code in codes {
                let key = (Phase::Close, FailureKind::ClosedByServer, Some(code));
                let first = Nanos(code.into());
                add_failure(&mut failures, key, 1, first, || code.to_string().into());
            }
            failures
        };
        let parts = [part(3_005..3_020), part(3_000..3_007), part(3_003..3_030)];
        let merged = |order: [usize; 3]| {
            let mut all = Vec::new();
            for at in order {
                merge_failures(&mut all, &parts[at]);
            }
            all.sort_by_key(|it| it.code);
            all
        };
        let all = merged([0, 1, 2]);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(merged(order), all);
        }
        let codes: Vec<_> = all.iter().filter_map(|it| it.code).collect();
        assert_eq!(codes, (3_000..3_008).collect::<Vec<u16>>());
        assert_eq!(all.iter().map(|it| it.count).sum::<u64>(), 15 + 7 + 27);
        assert_eq!(
            all[0].example.to_string(),
            "3008",
            "the first of the others"
        );
    }

    #[test]
    fn codes_are_told_apart_and_no_peer_makes_up_more_than_a_few() {
        let mut failures = Vec::new();
        for code in (3_000..4_000).chain(3_000..4_000) {
            let key = (Phase::Close, FailureKind::ClosedByServer, Some(code));
            add_failure(&mut failures, key, 2, Nanos::ZERO, || {
                code.to_string().into()
            });
        }
        let refused = (Phase::Connect, FailureKind::Refused, None);
        add_failure(&mut failures, refused, 1, Nanos::ZERO, Text::default);
        assert_eq!(failures.len(), CODES_TOLD + 2);
        assert_eq!((failures[0].code, failures[0].count), (Some(3_000), 4));
        assert_eq!(failures[0].example.to_string(), "3000", "the first is told");
        let others = &failures[CODES_TOLD];
        assert_eq!((others.code, others.count), (None, 4 * (1_000 - 8)));
        let all: u64 = failures.iter().map(|failure| failure.count).sum();
        assert_eq!(all, 4_001);
    }
}
