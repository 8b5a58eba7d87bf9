//! The workers of one run, what they have in common, and where their books come together.
//!
//! What `run` puts on threads over the kernel, and simulated time steps through one turn after the
//! other, is the same crew. It starts nothing and waits for nothing itself.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use wsbench_load::compression::Stopwatch;
use wsbench_load::context::{Common, Context};
use wsbench_load::exchange::Exchange;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::result::RunResult;
use wsbench_load::tally::{DeliveryCounts, Law};

use crate::collector::RunObserver;
pub use crate::collector::{Collector, Hole, Refused};
use crate::coordination::Coordination;
use crate::engine::Engine;
use crate::handover::{Outlet, Returns};
pub use crate::part::{Agreed, Part, Period, ShareEnd};
pub use crate::share::Share;
pub use crate::shared::Shared;
use crate::shared::StopSignal;
pub use crate::worker::{Standstill, Worker};

/// The workers of one run.
pub struct Crew<'a, E, X: Exchange> {
    /// Each to be stepped through on its own ([`Worker::step`]).
    pub workers: Vec<Worker<E, X>>,
    /// Intake of what they hand over.
    pub intake: Intake<'a>,
}

/// Terms that a crew is not told by its plan.
#[derive(Debug)]
pub struct CrewTerms {
    /// Asks the run to end.
    pub stop: StopSignal,
    /// Agrees with others on its beginning, its quota and its end.
    pub coordination: Box<dyn Coordination>,
    /// The peer's name in what is told of failures.
    pub peer: String,
    /// Time of the wall clock when the run began, nanoseconds since the Unix epoch.
    pub started_at_unix_ns: u64,
    /// Numbers, over the whole run, of the workers that are made here, rising: all of the plan's threads
    /// where nobody else carries a share of it out.
    pub workers: Vec<u32>,
}

/// Equipment of a worker.
pub struct Equipment<E> {
    /// Its view of the machine.
    pub engine: E,
    /// Stopwatch for the codec's time, where messages are compressed.
    pub stopwatch: Stopwatch,
}

impl<'a, E: Engine, X: Exchange> Crew<'a, E, X> {
    /// The workers that `plan` asks for, each with what `equip` gives it.
    ///
    /// # Errors
    /// What `equip` says.
    pub fn new<Error>(
        plan: &'a Plan,
        terms: CrewTerms,
        mut equip: impl FnMut(Share) -> Result<Equipment<E>, Error>,
    ) -> Result<Self, Error> {
        let CrewTerms {
            stop,
            coordination,
            peer,
            started_at_unix_ns,
            workers: numbers,
        } = terms;
        // Having no open connection is in order where clients come and go.
        let comes_and_goes = plan.clients.budget().is_some() || plan.clients.sessions().is_some();
        let made = numbers.len() as u32;
        let shared = Shared::new(made, comes_and_goes, stop, coordination);
        let quota = shared.quota(plan);
        let in_common = X::shared(plan, &numbers);
        let (filled, handovers) = channel();
        let (mut workers, mut returns) = (Vec::new(), Vec::new());
        for &worker in &numbers {
            let share = Share::of(plan, worker as usize);
            let Equipment { engine, stopwatch } = equip(share)?;
            let mut context = Context {
                common: Common::new(plan, quota.clone(), peer.clone(), worker),
                local: X::local(plan, started_at_unix_ns, worker, &in_common),
            };
            context.common.speech.set_epoch(started_at_unix_ns);
            if let Some(codecs) = &mut context.common.compression {
                codecs.set_stopwatch(stopwatch);
            }
            let (outlet, back) = Outlet::new(worker, filled.clone());
            returns.push(back);
            workers.push(Worker::new(engine, context, shared.clone(), outlet, share));
        }
        let intake = Intake {
            collector: Collector::new(plan, made, started_at_unix_ns / 1_000_000),
            numbers,
            returns,
            handovers,
            shared,
            laws: X::LAWS,
        };
        Ok(Self { workers, intake })
    }
}

/// Intake of what the workers of a crew hand over: at any time, by whoever has called for
/// the run.
pub struct Intake<'a> {
    /// Of the workers here, in their order.
    collector: Collector<'a>,
    /// Their numbers over the whole run.
    numbers: Vec<u32>,
    /// Where the tallies of each worker go back, emptied.
    returns: Vec<Returns>,
    handovers: Receiver<Part>,
    shared: Arc<Shared>,
    /// Sums that the counters make up.
    laws: &'static [Law],
}

impl Intake<'_> {
    /// State that the workers share.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The next part handed over, awaited for `timeout` at most.
    ///
    /// # Errors
    /// There was none by then; or all workers have ended and there will be none any more.
    pub fn next(&mut self, timeout: Duration) -> Result<Part, RecvTimeoutError> {
        self.handovers.recv_timeout(timeout)
    }

    /// Adds a part to the result; `observer` hears of what it has completed.
    ///
    /// # Errors
    /// The part is not counted: it has come before, or is none of this run's.
    pub fn take(&mut self, mut part: Part, observer: &mut dyn RunObserver) -> Result<(), Refused> {
        let place = self.numbers.binary_search(&part.share);
        let share = place.map_err(|_| Refused::UnknownShare(part.share))?;
        part.share = share as u32;
        let emptied = self.collector.take(part, observer)?;
        if let Some((mut emptied, back)) = emptied.zip(self.returns.get(share)) {
            emptied.prepare();
            // A worker that has ended wants none back.
            let _ = back.send(emptied);
        }
        Ok(())
    }

    /// The parts that have not come: none once all workers have ended.
    #[must_use]
    pub fn missing(&self) -> Vec<Hole> {
        self.collector.missing()
    }

    /// The whole run's result, once all workers have ended; `total` is when that was.
    #[must_use]
    pub fn finish(self, total: Nanos, observer: &mut dyn RunObserver) -> RunResult {
        let is_whole = self.collector.missing().is_empty();
        let agreed = self.shared.agreed();
        let result = self.collector.finish(agreed, total, observer);
        if cfg!(debug_assertions) && is_whole {
            // Of a run that is measured in earnest the audit says so.
            for law in self.laws {
                assert_eq!(law.breach(&result.messages), None);
            }
            assert_eq!(DeliveryCounts::FATES.breach(&result.deliveries), None);
        }
        result
    }
}
