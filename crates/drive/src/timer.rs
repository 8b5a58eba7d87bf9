//! When which slot wants attention.
//!
//! Lazy: a slot has one entry that matters, armed for its earliest deadline; a deadline that
//! moves later, as it does with every answer, costs nothing until the entry comes up and is
//! armed anew. It keeps times, not clocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use wsbench_load::nanos::Nanos;

/// Deadlines of a worker's slots.
#[derive(Debug)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Nanos, usize)>>,
    /// The entry of each slot that matters; `Nanos::MAX` when none is armed.
    armed: Vec<Nanos>,
}

impl Timers {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            heap: BinaryHeap::with_capacity(slots),
            armed: vec![Nanos::MAX; slots],
        }
    }

    /// Makes sure that `slot` comes up at `at` or before.
    #[inline]
    pub(crate) fn arm(&mut self, slot: usize, at: Nanos) {
        if at < self.armed[slot] {
            self.armed[slot] = at;
            self.heap.push(Reverse((at, slot)));
        }
    }

    /// The next time at which something comes up.
    pub(crate) fn next(&self) -> Nanos {
        self.heap.peek().map_or(Nanos::MAX, |Reverse((at, _))| *at)
    }

    /// A slot that has come up by `now`; it is no longer armed.
    pub(crate) fn pop(&mut self, now: Nanos) -> Option<usize> {
        while let Some(&Reverse((at, slot))) = self.heap.peek() {
            if at > now {
                return None;
            }
            self.heap.pop();
            if self.armed[slot] == at {
                self.armed[slot] = Nanos::MAX;
                return Some(slot);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_earliest_deadline_of_a_slot_comes_up() {
        let mut timers = Timers::new(2);
        timers.arm(0, Nanos(30));
        timers.arm(0, Nanos(10));
        timers.arm(0, Nanos(50));
        timers.arm(1, Nanos(20));
        assert_eq!(timers.next(), Nanos(10));
        assert_eq!(timers.pop(Nanos(9)), None);
        assert_eq!(timers.pop(Nanos(40)), Some(0));
        assert_eq!(timers.pop(Nanos(40)), Some(1));
        assert_eq!(
            timers.pop(Nanos(60)),
            None,
            "the entry at 30 is stale, the one at 50 never was"
        );
    }
}
