//! What a run yields: counts, distributions and a time series, and nothing judged.
//!
//! Whether these figures may be believed is `judge`'s affair; this module only guarantees that
//! they add up.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use crate::histogram::{Histogram, Sparse};
use crate::nanos::Nanos;
use crate::send_gaps::SendGap;
use crate::series::{Detail, InIntervals, InSlices};
use crate::tally::Tally;

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
    /// Use by the generator itself.
    pub generator: GeneratorUsage,
    /// Pressure on its machine meanwhile; `None` where nothing was read.
    pub pressure: Option<HostPressure>,
    /// The time series.
    pub intervals: Vec<Interval>,
    /// The window in slices of one or more whole intervals, with their histograms.
    pub slices: Vec<WindowSlice>,
    /// Times that the server was gone, and came back.
    pub absences: Absences,
    /// Whether senders hear their own messages, where they are for many and that has been seen.
    pub hears_own: Option<bool>,
    /// A sample of the gaps between sends, 2,000 or so at most, beside those of the schedule; empty
    /// in the closed loop.
    pub send_gaps: Vec<SendGap>,
}

impl RunResult {
    /// Notes that the kernel said when answers had come, on all machines that took part.
    pub fn be_told_by_kernel(&mut self) {
        self.stamps = Stamps::Kernel;
    }
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Use by the generator itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratorUsage {
    /// One entry a thread, over the measured window.
    pub threads: Vec<ThreadUsage>,
    /// Peak resident memory of the process, bytes; 0 where the system does not say.
    pub max_rss_bytes: u64,
}

/// One generator thread over the measured window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Pressure on the generator's machine over the measured window, whoever caused it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostPressure {
    /// Share of all cores' time that the hypervisor gave to others, 0.0 to 1.0.
    pub steal: Option<f64>,
    /// Share of the time in which at least one task of the machine waited for a core, 0.0 to 1.0
    /// (Linux pressure stall information).
    pub waited: Option<f64>,
    /// Counters of the kernel's TCP that rose, by its own names; they are of all connections.
    pub tcp_trouble: Vec<(&'static str, u64)>,
    /// The network card that was nearest to its speed; absent where none tells its speed.
    pub card: Option<CardUse>,
}

/// Use of a network card, whoever caused it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardUse {
    /// The name of its interface, such as `eth0`.
    pub name: String,
    /// Its speed in each direction, Mbit/s.
    pub mbit_per_s: u64,
    /// Share of its speed that was sent, with what Ethernet adds to a frame on the wire, 0.0 to 1.0.
    pub sent: f64,
    /// The same of what was received.
    pub received: f64,
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
    pub times: InIntervals<Digest>,
}

/// Spans of time within one interval; all `None` without samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Digest {
    /// Median.
    pub p50: Option<Nanos>,
    /// 99th percentile.
    pub p99: Option<Nanos>,
    /// Longest.
    pub max: Option<Nanos>,
    /// Arithmetic mean, ns.
    pub mean: Option<f64>,
}

impl Digest {
    /// The digest of the spans of a series.
    #[must_use]
    pub fn of(spans: &Histogram, extent: Detail) -> Self {
        let percentiles = Self {
            p50: spans.quantile(0.50),
            p99: spans.quantile(0.99),
            ..Self::default()
        };
        match extent {
            Detail::Percentiles => percentiles,
            Detail::Whole => Self {
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
pub struct WindowSlice {
    /// Its end, since the opening of the measured window.
    pub at: Nanos,
    /// Its length.
    pub length: Nanos,
    /// Answers received in it.
    pub received: u64,
    /// Times of the answers received in it, and of what was given up.
    pub times: InSlices<Sparse>,
}

/// Times that a server was gone: from the loss of the last open connection to the first that was
/// upgraded again. Where clients are replaced, only if a connection failed meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absences {
    /// Number of times.
    pub times: u64,
    /// Time in all.
    pub total: Nanos,
    /// The longest.
    pub longest: Nanos,
    /// Beginning of that, since the run began.
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

/// Position of a run, for the live view: handed over once an interval.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Stage of the run.
    pub stage: Stage,
    /// Since the run began.
    pub elapsed: Nanos,
    /// Share of the run that is done, 0.0 to 1.0.
    pub done: f64,
    /// All that was measured until now; its `intervals` end with the newest.
    pub so_far: RunResult,
    /// CPU share of each generator thread in the last interval.
    pub cpu_shares: Vec<f64>,
    /// Share of the last interval in which each of them was runnable and had no core.
    pub wait_shares: Vec<f64>,
    /// The machines that carry the run out, where others than this one do.
    pub agents: Vec<AgentStanding>,
}

/// A machine of a fleet in a run, for the live view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentStanding {
    /// Its name.
    pub name: String,
    /// Step of the run that it has reached, in a word.
    pub step: String,
    /// Reason why it is lost, if it is.
    pub lost: Option<String>,
    /// Its share of the rate of all in the newest interval that it has handed over, 0.0 to 1.0; `None`
    /// before there is one.
    pub share: Option<f64>,
}

/// Stage of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
