//! The moments of a run at which something beside it may be looked at: the server's process.
//!
//! Told on the thread that called for the run, so that looking costs the generator nothing. It
//! knows when the window opens and closes from what the workers agree on, and is late by what the
//! system takes to wake a thread; how late is in each pulse.

use std::time::Duration;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::result::Ended;

use crate::shared::Shared;

/// Between two pulses while connections are opened.
const CONNECTING_EVERY: Nanos = Nanos::from_millis(10);
/// Between two pulses afterwards.
const EVERY: Nanos = Nanos::from_millis(100);
/// The collector looks for threads that have ended at least so often.
const LONGEST_WAIT: Nanos = Nanos::from_millis(100);

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulse {
    /// Now, since the run began.
    pub at: Nanos,
    /// The stage of the run that it belongs to.
    pub moment: Moment,
    /// Connections upgraded and open.
    pub alive: u64,
}

impl Pulse {
    /// A pulse, for whoever tells observers of a run that others carry out.
    #[must_use]
    pub fn new(at: Nanos, moment: Moment, alive: u64) -> Self {
        Self { at, moment, alive }
    }
}

/// A stage of a run, or its beginning or end, at which a pulse is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Connections are being opened.
    Connecting,
    /// All that could be opened are open; the load begins within milliseconds. Once a run, and
    /// not in the client-replacement model, whose load begins at once.
    Ready,
    /// Load that is not measured.
    WarmUp,
    /// The measured window opens. Once a run.
    WindowOpens,
    /// Within the window.
    Measuring,
    /// The window has closed. Once a run, if it ever opened.
    WindowCloses,
    /// Last answers are awaited, connections closed.
    Draining,
}

/// Finds the moments of one run.
#[derive(Debug)]
pub(crate) struct Pulses {
    /// The time from the beginning of the load to the window; the longest, where that is found.
    warmup: Nanos,
    /// The length of the window, where that is known beforehand.
    length: Option<Nanos>,
    /// True where the load begins with the run.
    begins_at_once: bool,
    stage: Moment,
    next: Nanos,
    opens: Nanos,
}

impl Pulses {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            warmup: plan.warmup.longest(),
            length: plan.stop.duration(),
            begins_at_once: plan.load_begins_at_once(),
            stage: Moment::Connecting,
            next: Nanos::ZERO,
            opens: Nanos::MAX,
        }
    }

    /// The time for which the next pulse may be awaited.
    pub(crate) fn wait(&self, now: Nanos) -> Duration {
        let next = match (self.stage, self.length) {
            (Moment::Ready | Moment::WarmUp, _) => self.next.min(self.opens),
            (Moment::Measuring, Some(length)) => self.next.min(self.opens + length),
            _ => self.next,
        };
        Duration::from((next - now).min(LONGEST_WAIT))
    }

    /// The pulse that is due now, if one is. To be asked again until there is none.
    pub(crate) fn due(&mut self, now: Nanos, shared: &Shared) -> Option<Pulse> {
        let entered = self.entered(now, shared);
        if entered.is_none() && now < self.next {
            return None;
        }
        let moment = entered.unwrap_or(self.stage);
        self.stage = match moment {
            Moment::Ready => Moment::WarmUp,
            Moment::WindowOpens => Moment::Measuring,
            Moment::WindowCloses => Moment::Draining,
            lasting => lasting,
        };
        let every = match self.stage {
            Moment::Connecting => CONNECTING_EVERY,
            _ => EVERY,
        };
        self.next = now + every;
        Some(Pulse {
            at: now,
            moment,
            alive: shared.alive(),
        })
    }

    /// The moment that has come since the last pulse, if it is one that comes once.
    fn entered(&mut self, now: Nanos, shared: &Shared) -> Option<Moment> {
        if matches!(self.stage, Moment::Ready | Moment::WarmUp) {
            self.opens = self.opens.min(shared.warming.opens());
        }
        let is_over = shared.is_load_over() || shared.ended() != Ended::Complete;
        match self.stage {
            Moment::Connecting if self.begins_at_once => {
                self.opens = now;
                Some(Moment::WindowOpens)
            }
            Moment::Connecting if shared.load_from() < Nanos::MAX => {
                self.opens = shared.load_from() + self.warmup;
                Some(Moment::Ready)
            }
            Moment::WarmUp if now >= self.opens => Some(Moment::WindowOpens),
            Moment::Measuring => {
                let has_closed = self.length.is_some_and(|length| now >= self.opens + length);
                (has_closed || is_over).then_some(Moment::WindowCloses)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use wsbench_load::plan::{Lifetime, PlanSpec, StopRule};

    use super::*;
    use crate::coordination::Alone;
    use crate::shared::StopSignal;

    fn shared() -> std::sync::Arc<Shared> {
        Shared::new(1, false, StopSignal::new(), Box::<Alone>::default())
    }

    fn plan(stop: StopRule, warmup: Nanos) -> Plan {
        let spec = PlanSpec::against("ws://127.0.0.1:1/".parse().unwrap());
        let spec = spec.with(|spec| (spec.stop, spec.warmup.least) = (stop, warmup));
        spec.check().unwrap()
    }

    /// All that is due at a time.
    fn beat(pulses: &mut Pulses, ms: u64, shared: &Shared) -> Vec<Moment> {
        let due = || pulses.due(Nanos::from_millis(ms), shared);
        std::iter::from_fn(due).map(|pulse| pulse.moment).collect()
    }

    #[test]
    fn a_timed_run_has_each_of_its_moments_once() {
        let shared = shared();
        let plan = plan(
            StopRule::Duration(Nanos::from_secs(1)),
            Nanos::from_millis(500),
        );
        let mut pulses = Pulses::new(&plan);
        assert_eq!(beat(&mut pulses, 0, &shared), [Moment::Connecting]);
        assert_eq!(beat(&mut pulses, 5, &shared), []);
        shared.connection_upgraded(Nanos::ZERO);
        shared.worker_settled(Nanos::from_millis(10));
        let opens = (shared.load_from() + plan.warmup.least).0 / 1_000_000;
        assert_eq!(beat(&mut pulses, 12, &shared), [Moment::Ready]);
        assert_eq!(beat(&mut pulses, opens - 1, &shared), [Moment::WarmUp]);
        let now = Nanos::from_millis(opens - 1);
        assert_eq!(pulses.wait(now), Duration::from_millis(1));
        assert_eq!(beat(&mut pulses, opens, &shared), [Moment::WindowOpens]);
        assert_eq!(beat(&mut pulses, opens + 100, &shared), [Moment::Measuring]);
        let closes = opens + 1_000;
        assert_eq!(beat(&mut pulses, closes, &shared), [Moment::WindowCloses]);
        assert_eq!(beat(&mut pulses, closes + 100, &shared), [Moment::Draining]);
    }

    #[test]
    fn a_run_of_so_many_messages_closes_when_its_workers_are_done() {
        let shared = shared();
        let mut pulses = Pulses::new(&plan(StopRule::Messages(10), Nanos::ZERO));
        shared.connection_upgraded(Nanos::ZERO);
        shared.worker_settled(Nanos::ZERO);
        assert_eq!(beat(&mut pulses, 0, &shared), [Moment::Ready]);
        assert_eq!(beat(&mut pulses, 30, &shared), [Moment::WindowOpens]);
        assert_eq!(beat(&mut pulses, 5_000, &shared), [Moment::Measuring]);
        shared.worker_completed();
        assert_eq!(beat(&mut pulses, 5_001, &shared), [Moment::WindowCloses]);
    }

    #[test]
    fn replaced_clients_are_measured_at_once() {
        let shared = shared();
        let plan = plan(StopRule::Messages(1), Nanos::ZERO);
        let replaced = plan.edited(|spec| {
            spec.stop = StopRule::Clients(1);
            spec.clients.lifetime = Lifetime::Replaced { round_trips: 1 };
        });
        let mut pulses = Pulses::new(&replaced.unwrap());
        assert_eq!(beat(&mut pulses, 0, &shared), [Moment::WindowOpens]);
    }
}
