//! How much is left to do, shared by the workers of a run.
//!
//! The only state that workers write in common. Messages are claimed a batch at a time, clients
//! one by one, so it is touched off the hot path only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::plan::{Plan, StopRule};

/// Messages claimed at a time: few enough that workers finish together, many enough that the
/// shared counter is no matter.
const BATCH: u64 = 64;

/// Quota that the workers of one run draw from.
#[derive(Clone, Debug)]
pub struct Quota {
    messages: Arc<AtomicU64>,
    clients: Arc<AtomicU64>,
    /// Claimed by this worker and not used yet.
    claimed: u64,
    batch: u64,
}

impl Quota {
    /// All that `plan` asks for; clones share it.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self::of_workers(plan, 0, plan.threads)
    }

    /// What falls to so many workers of a process, where processes before it have `before` of the
    /// plan's threads: in proportion, as even as whole numbers allow. The workers share it.
    #[must_use]
    pub fn of_workers(plan: &Plan, before: u32, workers: u32) -> Self {
        let all = u128::from(plan.threads.max(1));
        let until = |whole: u64, workers: u32| u128::from(whole) * u128::from(workers) / all;
        let part = |whole| (until(whole, before + workers) - until(whole, before)) as u64;
        let (messages, clients) = match plan.stop {
            StopRule::Messages(messages) => (part(messages), u64::MAX),
            StopRule::Duration(_) => (u64::MAX, u64::MAX),
            StopRule::Clients(clients) => (u64::MAX, part(clients)),
        };
        // Alone, a worker needs no batches' slack; several share fairly down to single messages
        // when there are few to share.
        let batch = (messages / u64::from(plan.threads) / 16).clamp(1, BATCH);
        Self {
            messages: Arc::new(AtomicU64::new(messages)),
            clients: Arc::new(AtomicU64::new(clients)),
            claimed: 0,
            batch,
        }
    }

    /// Takes one message of the quota; `false` when none is left.
    #[inline]
    pub fn take_message(&mut self) -> bool {
        if self.claimed == 0 {
            self.claimed = claim(&self.messages, self.batch);
        }
        self.claimed = match self.claimed.checked_sub(1) {
            Some(left) => left,
            None => return false,
        };
        true
    }

    /// Takes up to `most` messages of the quota; how many it got.
    #[inline]
    pub fn take_messages(&mut self, most: u32) -> u32 {
        if let Some(left) = self.claimed.checked_sub(most.into()) {
            self.claimed = left;
            return most;
        }
        (0..most).take_while(|_| self.take_message()).count() as u32
    }

    /// True if no message is left for this worker.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.claimed == 0 && self.messages.load(Ordering::Relaxed) == 0
    }

    /// Takes one client of the quota; `false` when all have begun.
    pub fn take_client(&self) -> bool {
        claim(&self.clients, 1) == 1
    }

    /// Clients that have not begun.
    #[must_use]
    pub fn clients_left(&self) -> u64 {
        self.clients.load(Ordering::Relaxed)
    }

    /// Messages that this worker may still take at most.
    #[must_use]
    pub fn at_most(&self) -> u64 {
        self.messages_left().saturating_add(self.claimed)
    }

    /// Messages that nobody has claimed.
    #[must_use]
    pub fn messages_left(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }
}

/// Takes up to `most` from the counter and returns how many it got. `u64::MAX` never runs out.
fn claim(counter: &AtomicU64, most: u64) -> u64 {
    let mut got = 0;
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        got = left.min(most);
        Some(if left == u64::MAX { left } else { left - got })
    });
    got
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Lifetime, PlanSpec};

    #[test]
    fn processes_together_have_what_the_plan_asks_for() {
        let plan = |stop, threads| {
            let spec = PlanSpec::against("ws://nowhere/".parse().unwrap());
            let spec =
                spec.with(|spec| (spec.threads, spec.clients.connections) = (threads, threads));
            let lifetime = match stop {
                StopRule::Clients(_) => Lifetime::Replaced { round_trips: 1 },
                _ => Lifetime::Held,
            };
            let spec = spec.with(|spec| (spec.stop, spec.clients.lifetime) = (stop, lifetime));
            spec.check().unwrap()
        };
        for processes in [1, 2, 3, 7] {
            let quotas = |stop| {
                let plan = plan(stop, processes);
                let of = |number| Quota::of_workers(&plan, number, 1);
                (0..processes).map(of).collect::<Vec<_>>()
            };
            let messages = quotas(StopRule::Messages(1_000));
            assert_eq!(
                messages.iter().map(Quota::messages_left).sum::<u64>(),
                1_000
            );
            let each = messages.iter().map(Quota::messages_left);
            assert!(each.clone().max() <= each.min().map(|least| least + 1));
            let clients = quotas(StopRule::Clients(5));
            assert_eq!(clients.iter().map(Quota::clients_left).sum::<u64>(), 5);
            for quota in quotas(StopRule::Duration(crate::nanos::Nanos(1))) {
                assert_eq!(
                    (quota.messages_left(), quota.clients_left()),
                    (u64::MAX, u64::MAX)
                );
            }
        }
        let plan = plan(StopRule::Messages(1_001), 8);
        let shares = [(0, 1), (1, 2), (3, 5)]
            .map(|(before, workers)| Quota::of_workers(&plan, before, workers).messages_left());
        assert_eq!((shares, shares.iter().sum()), ([125, 250, 626], 1_001_u64));
    }

    #[test]
    fn workers_together_take_exactly_what_there_is() {
        let counter = Arc::new(AtomicU64::new(1_000));
        let mut quota = Quota {
            messages: counter,
            clients: Arc::new(AtomicU64::new(3)),
            claimed: 0,
            batch: 64,
        };
        let mut other = quota.clone();
        let mut taken = 0;
        while quota.take_message() {
            taken += 1 + u64::from(other.take_messages(5));
        }
        while other.take_message() {
            taken += 1;
        }
        assert_eq!(taken, 1_000);
        assert!(quota.is_exhausted());
        assert_eq!((0..5).filter(|_| quota.take_client()).count(), 3);
    }
}
