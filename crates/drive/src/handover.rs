//! What workers hand to the collector, an interval at a time, without a lock.
//!
//! The tally goes over whole and comes back empty, so a worker's memory is written by no other
//! thread while it counts.

use std::sync::mpsc::{Receiver, Sender, channel};

use wsbench_load::meter::Window;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::{Stage, ThreadUsage};
use wsbench_load::send_gaps::SendGap;
use wsbench_load::tally::Tally;

/// Which part of the run a tally is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    /// Before the measured window opened.
    Before,
    /// The interval of this number, ended at the time given.
    Interval(u32, Nanos),
    /// After the window closed: answers in the drain.
    After,
}

/// What a worker hands over.
#[derive(Debug)]
pub struct Handover {
    pub(crate) worker: usize,
    pub(crate) period: Period,
    pub(crate) stage: Stage,
    pub(crate) now: Nanos,
    pub(crate) window: Window,
    pub(crate) tally: Box<Tally>,
    /// Messages that came due in the interval; zero in the closed loop, where all due are sent.
    pub(crate) due: u64,
    /// Sent and unanswered, and due and unsent, at the time of the handover.
    pub(crate) in_flight: u64,
    pub(crate) waiting: u64,
    /// Share of a core used since the last handover.
    pub(crate) cpu_share: f64,
    /// Set in the worker's last handover.
    pub(crate) last: Option<LastWords>,
}

impl Handover {
    /// Number of the worker that hands over.
    #[must_use]
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// What it measured since its last handover.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// What a worker knows at its end.
#[derive(Debug)]
pub(crate) struct LastWords {
    pub(crate) usage: ThreadUsage,
    /// When the window closed for this worker, or its last answer came where nothing closed it.
    pub(crate) closed_at: Nanos,
    pub(crate) alive_at_close: u64,
    pub(crate) send_gaps: Vec<SendGap>,
}

/// A worker's end of the exchange.
#[derive(Debug)]
pub(crate) struct Outlet {
    worker: usize,
    filled: Sender<Handover>,
    emptied: Receiver<Box<Tally>>,
    last_usage: (Nanos, ThreadUsage),
}

/// The collector's end of one worker's exchange: where emptied tallies go back.
pub(crate) type Returns = Sender<Box<Tally>>;

impl Outlet {
    /// Both ends of one worker's exchange.
    pub(crate) fn new(worker: usize, filled: Sender<Handover>) -> (Self, Returns) {
        let (returns, emptied) = channel();
        let last_usage = (Nanos::ZERO, ThreadUsage::default());
        (
            Self {
                worker,
                filled,
                emptied,
                last_usage,
            },
            returns,
        )
    }

    /// An empty tally: one that came back, or a new one.
    pub(crate) fn empty(&self) -> Box<Tally> {
        self.emptied.try_recv().unwrap_or_default()
    }

    /// Hands over; with the collector gone there is nobody left to tell.
    pub(crate) fn send(&mut self, mut handover: Handover, usage: ThreadUsage) {
        let (then, before) = self.last_usage;
        let work = |usage: ThreadUsage| usage.user + usage.system - usage.spun;
        let used = work(usage) - work(before);
        let span = handover.now - then;
        handover.cpu_share = if span == Nanos::ZERO {
            0.0
        } else {
            used.0 as f64 / span.0 as f64
        };
        handover.worker = self.worker;
        self.last_usage = (handover.now, usage);
        let _ = self.filled.send(handover);
    }
}
