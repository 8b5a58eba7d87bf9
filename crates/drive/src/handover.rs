//! How workers hand parts of the books to the collector of their process, an interval at a time,
//! without a lock.
//!
//! The tally goes over whole and comes back empty, so a worker's memory is written by no other
//! thread while it counts.

use std::sync::mpsc::{Receiver, Sender, channel};

use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;
use wsbench_load::tally::Tally;

use crate::part::Part;

/// Tallies that wait for the first intervals: one is with the worker meanwhile, and one with the
/// collector, which may be late.
const PREPARED: usize = 3;

/// A worker's end of the exchange.
#[derive(Debug)]
pub(crate) struct Outlet {
    share: u32,
    /// Number of the next part.
    number: u32,
    filled: Sender<Part>,
    emptied: Receiver<Box<Tally>>,
    last_usage: (Nanos, ThreadUsage),
}

/// The collector's end of one worker's exchange: where emptied tallies go back.
pub(crate) type Returns = Sender<Box<Tally>>;

impl Outlet {
    /// Both ends of the exchange of the worker of this share.
    pub(crate) fn new(share: u32, filled: Sender<Part>) -> (Self, Returns) {
        let (returns, emptied) = channel();
        for _ in 0..PREPARED {
            let mut tally = Box::<Tally>::default();
            tally.prepare();
            let _ = returns.send(tally);
        }
        let last_usage = (Nanos::ZERO, ThreadUsage::default());
        (
            Self {
                share,
                number: 0,
                filled,
                emptied,
                last_usage,
            },
            returns,
        )
    }

    /// An empty tally: one that came back prepared, or a new one, which is not, where the collector is
    /// late.
    pub(crate) fn empty(&self) -> Box<Tally> {
        self.emptied.try_recv().unwrap_or_default()
    }

    /// Hands the next part over; with the collector gone there is nobody left to tell.
    pub(crate) fn send(&mut self, mut part: Part, usage: ThreadUsage) {
        let (then, before) = self.last_usage;
        let work = |usage: ThreadUsage| usage.user + usage.system - usage.spun;
        let span = part.now - then;
        let share = |of: Nanos| match span {
            Nanos::ZERO => 0.0,
            span => of.0 as f64 / span.0 as f64,
        };
        part.cpu_share = share(work(usage) - work(before));
        let waits = |usage: ThreadUsage| usage.run_wait.unwrap_or(Nanos::ZERO);
        part.wait_share = share(waits(usage) - waits(before));
        (part.share, part.number) = (self.share, self.number);
        self.number += 1;
        self.last_usage = (part.now, usage);
        let _ = self.filled.send(part);
    }
}
