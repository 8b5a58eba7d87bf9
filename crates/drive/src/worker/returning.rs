//! Clients whose connections are lost and who come back, by a policy that the plan has; and the drill that
//! cuts connections to see them come back.

use wsbench_load::exchange::Exchange;
use wsbench_load::failure::FailureKind;
use wsbench_load::meter::Unanswered;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, Reconnect, Returns};
use wsbench_load::series::Series;

use super::Worker;
use crate::engine::Engine;

/// Clients of one worker that are lost and come back.
#[derive(Debug)]
pub(super) struct Returning {
    policy: Reconnect,
    /// Instant at which the drill cuts connections; `Nanos::MAX` while that is not known, and after it.
    cuts_at: Nanos,
    /// Share of the open connections that it cuts.
    share: f64,
    /// Instant at which the connection of each slot was lost; `Nanos::MAX` of one that is there.
    lost_at: Vec<Nanos>,
}

impl Returning {
    /// Those of a worker with so many slots; `None` of a plan that says nothing of returns.
    pub(super) fn new(plan: &Plan, slots: usize) -> Option<Box<Self>> {
        let Returns { policy, drill } = plan.clients.returns?;
        Some(Box::new(Self {
            policy,
            cuts_at: Nanos::MAX,
            share: drill.map_or(0.0, |drill| drill.share),
            lost_at: vec![Nanos::MAX; slots],
        }))
    }

    /// Instant at which connections are cut.
    #[inline]
    pub(super) fn cuts_at(&self) -> Nanos {
        self.cuts_at
    }
}

impl<E: Engine, X: Exchange> Worker<E, X> {
    /// The window opens at `opens`: the drill is so long after that.
    pub(super) fn schedule_drill(&mut self, opens: Nanos) {
        let returns = self.context.common.plan.clients.returns;
        let drill = returns.and_then(|returns| returns.drill);
        if let (Some(drill), Some(returning)) = (drill, &mut self.returning) {
            returning.cuts_at = opens + drill.at;
        }
    }

    /// Cuts the connections of the drill, if it is time: without a word, as a network does.
    pub(super) fn drill(&mut self, now: Nanos) {
        let Some(returning) = &mut self.returning else {
            return;
        };
        if now < returning.cuts_at {
            return;
        }
        returning.cuts_at = Nanos::MAX;
        let share = returning.share;
        // What becomes of slow readers is the server's to decide.
        let is_open = |slot: &usize| {
            let slot = &self.slots[*slot];
            let session = slot.session.as_ref();
            session.is_some_and(|session| session.is_open()) && !slot.is_slow
        };
        let mut open: Vec<usize> = (0..self.share.held).filter(is_open).collect();
        self.context.common.random.shuffle(&mut open);
        open.truncate((open.len() as f64 * share).round() as usize);
        for slot in open {
            let failed = self.context.common.meter.tally.messages.failed;
            if let Some(session) = &mut self.slots[slot].session {
                session.end(&mut self.context, now, Unanswered::Failed);
            }
            let tally = &mut self.context.common.meter.tally;
            tally.returns.cut += 1;
            tally.returns.cut_messages += tally.messages.failed - failed;
            self.context.common.out.clear();
            self.drop_connection(slot, true);
        }
    }

    /// A connection has ended, or could not be opened, where it `was_open` or not, with this failure: books
    /// that, and says how long the client waits before it tries again, where the plan says so.
    pub(super) fn lost(
        &mut self,
        slot: usize,
        kind: Option<FailureKind>,
        was_open: bool,
        now: Nanos,
    ) -> Option<Nanos> {
        let returning = self.returning.as_mut()?;
        let meter = &mut self.context.common.meter;
        let lost_at = &mut returning.lost_at[slot];
        let counts = &mut meter.tally.returns;
        if was_open {
            // Whoever had been there begins anew.
            self.slots[slot].failures = 0;
            if *lost_at == Nanos::MAX && meter.window().contains(now) {
                *lost_at = now;
                meter.tally.returns.lost += 1;
            }
        } else if *lost_at < Nanos::MAX {
            match kind {
                Some(FailureKind::Refused) => counts.refused += 1,
                Some(FailureKind::TimedOut) => counts.timed_out += 1,
                _ => counts.failed += 1,
            }
        }
        let state = &mut self.slots[slot];
        let failures = state.failures;
        let jitter = self.context.common.random.f64();
        let pause = returning.policy.pause(failures, jitter)?;
        if !was_open {
            state.failures = failures.saturating_add(1);
        }
        Some(pause)
    }

    /// A connection is open: its client is back, where it had been lost.
    pub(super) fn returned(&mut self, slot: usize, now: Nanos) {
        let Some(returning) = &mut self.returning else {
            return;
        };
        let lost_at = std::mem::replace(&mut returning.lost_at[slot], Nanos::MAX);
        if lost_at < Nanos::MAX {
            let tally = &mut self.context.common.meter.tally;
            tally.returns.back += 1;
            tally.record(Series::Back, now - lost_at);
        }
    }

    /// The window closes at `now`: who is not back by then takes longer.
    pub(super) fn close_returning(&mut self, now: Nanos) {
        let Some(returning) = &mut self.returning else {
            return;
        };
        returning.cuts_at = Nanos::MAX;
        let tally = &mut self.context.common.meter.tally;
        for lost_at in &mut returning.lost_at {
            let lost_at = std::mem::replace(lost_at, Nanos::MAX);
            if lost_at < Nanos::MAX {
                tally.returns.away += 1;
                tally.record(Series::Back, now - lost_at);
                tally.record(Series::BackCensored, now - lost_at);
            }
        }
    }
}
