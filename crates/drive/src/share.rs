//! What of a run falls to one worker.

use wsbench_load::plan::PlanSpec;
use wsbench_load::session::CLOSE_WAIT;

/// One worker's share of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number, from 0.
    pub worker: usize,
    /// Workers in all.
    pub workers: usize,
    /// Its connections at a time: those that carry the load, and behind them places for those that come
    /// and go beside it.
    pub slots: usize,
    /// Those that carry the load.
    pub held: usize,
}

impl Share {
    /// True of a slot whose connection carries the load.
    #[inline]
    pub(crate) fn carries(&self, slot: usize) -> bool {
        slot < self.held
    }

    /// The share of number `worker`, as even as whole numbers allow.
    pub(crate) fn of(plan: &PlanSpec, worker: usize) -> Self {
        let workers = plan.threads as usize;
        let held = Self::slots_below(plan, worker, plan.clients.connections);
        Self {
            worker,
            workers,
            slots: held + churn_places(plan) as usize / workers,
            held,
        }
    }

    /// The place in the whole run of one of its slots: those of the workers alternate.
    pub(crate) fn place(self, slot: usize) -> u32 {
        self.connection_number(slot as u64)
    }

    /// The slots of worker number `worker` whose places in the whole run are among the first so many: its
    /// first ones.
    pub(crate) fn slots_below(plan: &PlanSpec, worker: usize, places: u32) -> usize {
        let (places, workers) = (places as usize, plan.threads as usize);
        places / workers + usize::from(worker < places % workers)
    }

    /// The number over the whole run of the connection that the worker begins after `begun` others.
    /// Workers count in strides, so that a number depends on its own worker alone and says which one
    /// that is; it begins anew after 2^32.
    pub(crate) fn connection_number(self, begun: u64) -> u32 {
        (self.worker as u64).wrapping_add(begun.wrapping_mul(self.workers as u64)) as u32
    }
}

/// Places for connections that come and go beside the load, over all workers, each of which has as many:
/// for all that come within the longest time that one takes, from its connect call to its end. 0 where
/// none come.
pub(crate) fn churn_places(plan: &PlanSpec) -> u32 {
    let Some(churn) = plan.clients.churn else {
        return 0;
    };
    // The closing handshake and the server's FIN have a wait each.
    let lasts = plan.connect.timeout + churn.longest_stay() + CLOSE_WAIT + CLOSE_WAIT;
    churn.places(lasts).next_multiple_of(plan.threads)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wsbench_load::arrival::Process;
    use wsbench_load::nanos::Nanos;
    use wsbench_load::plan::{Sessions, Stay};

    use super::*;

    fn shares(connections: u32, threads: u32) -> Vec<Share> {
        let mut plan = PlanSpec::against("ws://127.0.0.1:1/".parse().unwrap());
        (plan.clients.connections, plan.threads) = (connections, threads);
        let workers = 0..threads as usize;
        workers.map(|worker| Share::of(&plan, worker)).collect()
    }

    #[test]
    fn shares_add_up_to_the_whole() {
        for connections in 0..50 {
            for threads in 1..9 {
                let slots = shares(connections, threads).into_iter();
                let slots: Vec<usize> = slots.map(|share| share.slots).collect();
                assert_eq!(slots.iter().sum::<usize>(), connections as usize);
                assert!(slots[0] - slots[slots.len() - 1] <= 1, "{slots:?}");
            }
        }
    }

    /// Places of those that come and go are none of those that carry the load, and none is there twice.
    #[test]
    fn places_beside_the_load_are_behind_its_own() {
        for (connections, threads) in [(1, 1), (7, 3), (8, 4), (10, 4)] {
            let mut plan = PlanSpec::against("ws://127.0.0.1:1/".parse().unwrap());
            (plan.clients.connections, plan.threads) = (connections, threads);
            plan.clients.churn = Some(Sessions {
                per_s: 10.0,
                process: Process::Poisson,
                stay: Stay::Time(Nanos::from_secs(1)),
            });
            let mut places = BTreeSet::new();
            for worker in 0..threads as usize {
                let share = Share::of(&plan, worker);
                for slot in 0..share.slots {
                    let place = share.place(slot);
                    assert_eq!(plan.clients.is_churn(place), slot >= share.held);
                    assert!(places.insert(place), "{place}");
                }
            }
            let all = connections + churn_places(&plan);
            assert_eq!(places.len() as u32, all);
        }
    }

    #[test]
    fn workers_number_their_connections_apart_and_leave_none_out() {
        for threads in 1..9 {
            let shares = shares(8, threads);
            let numbers = shares.iter().flat_map(|share| {
                let numbers = (0..10).map(|begun| share.connection_number(begun));
                numbers.inspect(|number| assert_eq!(*number as usize % share.workers, share.worker))
            });
            let numbers: BTreeSet<u32> = numbers.collect();
            assert!(numbers.into_iter().eq(0..10 * threads));
        }
    }
}
