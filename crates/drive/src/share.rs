//! What of a run falls to one worker.

use wsbench_load::plan::PlanSpec;

/// One worker's share of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number, from 0.
    pub worker: usize,
    /// Workers in all.
    pub workers: usize,
    /// Its connections.
    pub slots: usize,
}

impl Share {
    /// The share of number `worker`, as even as whole numbers allow.
    pub(crate) fn of(plan: &PlanSpec, worker: usize) -> Self {
        let (connections, workers) = (plan.clients.connections as usize, plan.threads as usize);
        Self {
            worker,
            workers,
            slots: connections / workers + usize::from(worker < connections % workers),
        }
    }

    /// The place in the whole run of one of its slots: those of the workers alternate.
    pub(crate) fn place(self, slot: usize) -> u32 {
        self.connection_number(slot as u64)
    }

    /// The slots of worker number `worker` that send messages: its first ones.
    pub(crate) fn senders(plan: &PlanSpec, worker: usize) -> usize {
        let (senders, workers) = (plan.clients.publishers() as usize, plan.threads as usize);
        senders / workers + usize::from(worker < senders % workers)
    }

    /// The number over the whole run of the connection that the worker begins after `begun` others.
    /// Workers count in strides, so that a number depends on its own worker alone and says which one
    /// that is; it begins anew after 2^32.
    pub(crate) fn connection_number(self, begun: u64) -> u32 {
        (self.worker as u64).wrapping_add(begun.wrapping_mul(self.workers as u64)) as u32
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
