//! What a run yields: counts, distributions and a time series, and nothing judged.
//!
//! Whether these figures may be believed is `judge`'s affair; this module only guarantees that
//! they add up.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::failure::FailureKind;
use crate::histogram::{Histogram, Sparse};
use crate::meter::Tally;
use crate::nanos::Nanos;
use crate::send_gaps::SendGap;
use crate::series::{Extent, InIntervals, InSlices};

/// Everything one run measured.
#[derive(Clone, Debug, Default)]
pub struct RunResult {
    /// Wall-clock start, milliseconds since the Unix epoch.
    pub started_at_unix_ms: u64,
    /// Why the run ended.
    pub ended: Ended,
    /// Length of the measured window: from its opening to its close, without the drain.
    pub measured: Nanos,
    /// From the beginning of the load to the opening of the window, where that was found from the
    /// data; `None` where the plan says it, or no window opened.
    pub warmup_found: Option<Nanos>,
    /// From the first connect to the last close.
    pub total: Nanos,
    /// Addresses the host resolved to, the one used first.
    pub addresses: Vec<String>,
    /// All that the workers measured, merged; without their raw logs.
    pub tally: Tally,
    /// Whose clock said when answers had come.
    pub stamps: Stamps,
    /// The time that resolving the host took: once a run, before it; `None` for a literal address.
    pub dns: Option<Nanos>,
    /// What the generator itself used.
    pub generator: GeneratorUsage,
    /// What pressed on its machine meanwhile; `None` where nothing was read.
    pub pressure: Option<HostPressure>,
    /// The time series.
    pub intervals: Vec<Interval>,
    /// The window in slices of one or more whole intervals, with their histograms.
    pub slices: Vec<Slice>,
    /// Times that the server was gone, and came back.
    pub absences: Absences,
    /// A sample of the gaps between sends, 2,000 or so at most, beside those of the schedule; empty
    /// in the closed loop.
    pub send_gaps: Vec<SendGap>,
}

impl Deref for RunResult {
    type Target = Tally;

    fn deref(&self) -> &Tally {
        &self.tally
    }
}

impl DerefMut for RunResult {
    fn deref_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

/// Whose clock said when an answer had come to this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamps {
    /// Nobody's: only when it had been read is known.
    #[default]
    User,
    /// The kernel's.
    Kernel,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// Its stop rule held.
    #[default]
    Complete,
    /// It was asked to stop; what was measured until then is reported.
    Interrupted,
    /// No connection was ever upgraded.
    NothingConnected,
    /// The server was there and stayed away, or turned every connection away again.
    ServerDied,
}

/// Messages of the measured window. `sent = answered + timed_out + failed + in_flight_at_end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// Due by the plan: `sent + unsent`. In the closed loop every message that is due is sent.
    pub due: u64,
    /// Due by the schedule, but never handed to a socket: its connection was busy or gone until
    /// the end. Counted in the response times as longer than it had waited.
    pub unsent: u64,
    /// Handed to the socket, at least in part.
    pub sent: u64,
    /// Answered rightly.
    pub answered: u64,
    /// Unanswered at their deadline.
    pub timed_out: u64,
    /// Ended otherwise: the connection was lost, or the answer was wrong.
    pub failed: u64,
    /// Unanswered when the drain ended.
    pub in_flight_at_end: u64,
    /// Answers that arrived within the window, whichever message they belong to: the numerator
    /// of the throughput.
    pub received_in_window: u64,
    /// Messages never answered although a later one on the same connection was: not merely slow.
    /// A part of `timed_out`, `failed` and `in_flight_at_end`.
    pub lost: u64,
    /// Further answers to a message already answered.
    pub duplicated: u64,
    /// Right answers that came after the answer to a later message. A part of `answered`.
    pub reordered: u64,
    /// Answers whose bytes or opcode differ from what was sent. A part of `failed`.
    pub corrupted: u64,
    /// Messages that answer nothing that was ever sent on that connection.
    pub unasked: u64,
    /// Messages sent and answered in the warm-up, which nothing above counts.
    pub warmup: u64,
}

impl MessageCounts {
    /// The accounting identity.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        self.sent == self.answered + self.timed_out + self.failed + self.in_flight_at_end
    }

    /// Adds the counts of another thread or interval.
    pub fn merge(&mut self, other: &Self) {
        self.due += other.due;
        self.unsent += other.unsent;
        self.sent += other.sent;
        self.answered += other.answered;
        self.timed_out += other.timed_out;
        self.failed += other.failed;
        self.in_flight_at_end += other.in_flight_at_end;
        self.received_in_window += other.received_in_window;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.corrupted += other.corrupted;
        self.unasked += other.unasked;
        self.warmup += other.warmup;
    }
}

/// Bytes of the measured window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteCounts {
    /// Written to the sockets, frame headers included.
    pub sent: u64,
    /// Read from the sockets, frame headers included.
    pub received: u64,
}

/// What compression did (permessage-deflate, RFC 7692).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompressionCounts {
    /// Connections over the whole run by what the server accepted, in the words of its answer.
    pub accepted: BTreeMap<String, u64>,
    /// Connections over the whole run on which it declined the offer, or did not know it.
    pub declined: u64,
    /// Messages that were sent within the window.
    pub sent: CompressedCounts,
    /// Messages that were received within the window, right answers or not.
    pub received: CompressedCounts,
}

impl CompressionCounts {
    /// Adds the counts of another thread or interval.
    pub fn merge(&mut self, other: &Self) {
        for (terms, count) in &other.accepted {
            *self.accepted.entry(terms.clone()).or_default() += count;
        }
        self.declined += other.declined;
        self.sent.merge(&other.sent);
        self.received.merge(&other.received);
    }
}

/// Messages in one direction, before and behind the compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompressedCounts {
    /// Messages, compressed or not.
    pub messages: u64,
    /// Those that were compressed.
    pub compressed: u64,
    /// Bytes of the messages themselves.
    pub message_bytes: u64,
    /// Bytes of their frames' payload: what is left of them on the wire, less the frame headers.
    pub payload_bytes: u64,
    /// Time that our own thread spent compressing or decompressing them, by the wall clock: what it
    /// was kept from its core meanwhile is in it.
    pub codec_time: Nanos,
}

impl CompressedCounts {
    /// Adds others of the same direction.
    pub fn merge(&mut self, other: &Self) {
        self.messages += other.messages;
        self.compressed += other.compressed;
        self.message_bytes += other.message_bytes;
        self.payload_bytes += other.payload_bytes;
        self.codec_time += other.codec_time;
    }
}

/// Connections over the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Asked for at a time.
    pub asked: u64,
    /// TCP connections begun.
    pub attempted: u64,
    /// TCP connections established.
    pub opened: u64,
    /// Upgraded to WebSocket.
    pub upgraded: u64,
    /// Upgraded and open when the window closed.
    pub alive_at_end: u64,
    /// Ended before their time (refused, reset, closed by the server, abandoned at a time-out).
    pub failed: u64,
    /// Opened in the place of one that had ended.
    pub replaced: u64,
    /// Most that were established at the same time, summed over threads.
    pub peak_concurrent: u64,
    /// Most clients that ran at the same time, from their connect call to their end, summed over
    /// threads (client-replacement model only).
    pub most_running: Option<u64>,
    /// Fewest that did while clients remained to be run, once as many ran as were asked for, summed
    /// over threads; `None` where some thread never ran as many, or succeeded none since.
    pub least_running: Option<u64>,
    /// Clients that made all their round trips (client-replacement model only).
    pub clients_completed: u64,
    /// Closed by both sides with the closing handshake (RFC 6455 section 7).
    pub closed_cleanly: u64,
    /// Upgraded connections on which not a single message was answered although one was sent.
    pub never_answered: u64,
}

impl ConnectionCounts {
    /// Adds the counts of another thread.
    pub fn merge(&mut self, other: &Self) {
        self.asked += other.asked;
        self.attempted += other.attempted;
        self.opened += other.opened;
        self.upgraded += other.upgraded;
        self.alive_at_end += other.alive_at_end;
        self.failed += other.failed;
        self.replaced += other.replaced;
        self.peak_concurrent += other.peak_concurrent;
        self.clients_completed += other.clients_completed;
        self.closed_cleanly += other.closed_cleanly;
        self.never_answered += other.never_answered;
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
    pub example: String,
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

/// What the generator itself used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratorUsage {
    /// One entry a thread, over the measured window.
    pub threads: Vec<ThreadUsage>,
    /// Peak resident memory of the process, bytes; 0 where the system does not say.
    pub max_rss_bytes: u64,
}

/// One generator thread over the measured window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThreadUsage {
    /// Core it was pinned to.
    pub cpu: Option<usize>,
    /// CPU time in user mode.
    pub user: Nanos,
    /// CPU time in the kernel.
    pub system: Nanos,
    /// Time spent spinning until a message was due, part of `user` and `system`: no work.
    pub spun: Nanos,
    /// Wall-clock time of the window for this thread.
    pub wall: Nanos,
    /// Time runnable but not running (Linux schedstat); `None` where unknown.
    pub run_wait: Option<Nanos>,
    /// Times that the scheduler took the core away from it; `None` where unknown.
    pub involuntary_switches: Option<u64>,
    /// The turns of its loop; `None` without one.
    pub turns: Option<TurnUsage>,
}

/// The turns of a generator thread's loop: from the end of one wait to the beginning of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnUsage {
    /// Median length.
    pub p50: Nanos,
    /// 99th percentile of the length.
    pub p99: Nanos,
    /// The longest.
    pub max: Nanos,
    /// Connections that were ready in one turn, median.
    pub ready_p50: u32,
    /// 99th percentile of that.
    pub ready_p99: u32,
    /// The most.
    pub ready_max: u32,
}

/// What pressed on the generator's machine over the measured window, whoever caused it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostPressure {
    /// Share of all cores' time that the hypervisor gave to others, 0.0 to 1.0.
    pub steal: Option<f64>,
    /// Share of the time in which at least one task of the machine waited for a core, 0.0 to 1.0
    /// (Linux pressure stall information).
    pub waited: Option<f64>,
    /// Counters of the kernel's TCP that rose, by its own names; they are of all connections.
    pub tcp_trouble: Vec<(&'static str, u64)>,
}

impl ThreadUsage {
    /// Share of one core used for work, without spinning, 0.0 to 1.0.
    #[must_use]
    pub fn cpu_share(&self) -> f64 {
        self.share(self.user + self.system - self.spun)
    }

    /// Share of one core used for spinning, 0.0 to 1.0.
    #[must_use]
    pub fn spun_share(&self) -> f64 {
        self.share(self.spun)
    }

    fn share(&self, part: Nanos) -> f64 {
        if self.wall == Nanos::ZERO {
            return 0.0;
        }
        part.0 as f64 / self.wall.0 as f64
    }
}

/// One interval of the time series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interval {
    /// Its end, since the opening of the measured window.
    pub at: Nanos,
    /// Its length.
    pub length: Nanos,
    /// Messages due within it.
    pub due: u64,
    /// Messages sent within it.
    pub sent: u64,
    /// Sent and not answered at its end, those of the warm-up too.
    pub in_flight: u64,
    /// Due and not sent at its end: their connections do not take them.
    pub waiting: u64,
    /// Right answers received.
    pub answered: u64,
    /// Failures of any kind.
    pub errors: u64,
    /// Connections upgraded and open at its end.
    pub alive: u64,
    /// Times within it.
    pub times: InIntervals<IntervalSpans>,
}

/// Spans of time within one interval; all `None` without samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IntervalSpans {
    /// Median.
    pub p50: Option<Nanos>,
    /// 99th percentile.
    pub p99: Option<Nanos>,
    /// Longest.
    pub max: Option<Nanos>,
    /// Arithmetic mean, ns.
    pub mean: Option<f64>,
}

impl IntervalSpans {
    /// What is told of the spans of a series.
    #[must_use]
    pub fn of(spans: &Histogram, extent: Extent) -> Self {
        let percentiles = Self {
            p50: spans.quantile(0.50),
            p99: spans.quantile(0.99),
            ..Self::default()
        };
        match extent {
            Extent::Percentiles => percentiles,
            Extent::Whole => Self {
                max: spans.max(),
                mean: spans.mean_ns(),
                ..percentiles
            },
        }
    }
}

/// A slice of the measured window: one interval or several on end, with what was measured in it.
///
/// The histograms of all slices add up to those of the run. What was answered, or given up, in the
/// drain is in the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    /// Its end, since the opening of the measured window.
    pub at: Nanos,
    /// Its length.
    pub length: Nanos,
    /// Answers received in it.
    pub received: u64,
    /// Times of the answers received in it, and of what was given up.
    pub times: InSlices<Sparse>,
}

/// A span without any answer while answers were awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Its length.
    pub length: Nanos,
    /// Its start, since the opening of the measured window.
    pub start: Nanos,
}

/// Times that a server was gone: from the loss of the last open connection to the first that was
/// upgraded again. Where clients are replaced, only if a connection failed meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absences {
    /// How often.
    pub times: u64,
    /// How long in all.
    pub total: Nanos,
    /// The longest.
    pub longest: Nanos,
    /// When that began, since the run began.
    pub longest_start: Nanos,
}

impl Absences {
    /// Adds one.
    pub fn add(&mut self, start: Nanos, length: Nanos) {
        self.times += 1;
        self.total += length;
        if length > self.longest {
            (self.longest, self.longest_start) = (length, start);
        }
    }
}

/// Where a run stands, for the live view: handed over once an interval.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// What the run is doing.
    pub stage: Stage,
    /// Since the run began.
    pub elapsed: Nanos,
    /// Share of the run that is done, 0.0 to 1.0.
    pub done: f64,
    /// All that was measured until now; its `intervals` end with the newest.
    pub so_far: RunResult,
    /// CPU share of each generator thread in the last interval.
    pub cpu_shares: Vec<f64>,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Opening its connections.
    #[default]
    Connecting,
    /// Under load, not yet measured.
    WarmUp,
    /// Under load and measured.
    Measuring,
    /// Awaiting the last answers and closing.
    Draining,
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
