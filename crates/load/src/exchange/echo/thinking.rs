//! The pause of the closed loop between an answer and the next message on its place in flight, as
//! a user thinks before the next step.
//!
//! Each place of a connection thinks by itself; what it has thought over is due, and response time
//! counts from there. It decides no more than when: `Echo` composes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Echo, Local};
use crate::context::{Common, Io};
use crate::nanos::Nanos;

/// The places of one connection that think.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    /// Until when, and since when; what ends first is on top.
    places: BinaryHeap<Reverse<(Nanos, Nanos)>>,
    /// Nothing is left to be sent after them.
    over: bool,
}

impl Thoughts {
    /// Instant at which the next place has thought it over; `None` when none thinks of sending.
    pub(super) fn next_due(&self) -> Option<Nanos> {
        let Reverse((due, _)) = self.places.peek()?;
        (!self.over).then_some(*due)
    }

    /// True if any place thinks.
    pub(super) fn are_under_way(&self) -> bool {
        !self.places.is_empty()
    }

    /// Books what has been thought until `now`, of what is not thought to its end.
    pub(super) fn break_off(&mut self, common: &mut Common, now: Nanos) {
        self.over = true;
        for Reverse((due, since)) in self.places.drain() {
            common.meter.thought(since, due.min(now));
        }
    }
}

impl<const BY_NUMBER: bool> Echo<BY_NUMBER> {
    /// A place has become free and begins to think.
    pub(super) fn think(&mut self, io: &mut Io<'_, Local>, from: Nanos) {
        let (Some(thoughts), Some(think)) = (&mut self.thoughts, io.local.think) else {
            return;
        };
        if self.pairing.sent() >= self.in_all || thoughts.over {
            return;
        }
        let pause = think.least + Nanos(io.common.random.u64(..=(think.most - think.least).0));
        thoughts.places.push(Reverse((from + pause, from)));
    }

    /// Closed loop with pauses to think: composes what is due by `now` into the send buffer, up to
    /// the depth in flight and within the quota.
    pub(super) fn pump_thought_over(&mut self, io: &mut Io<'_, Local>, now: Nanos) {
        // A place without an answer has nothing to think about.
        let at_first = self.freed.max(io.common.meter.window().load_from);
        while self.has_room(io) && self.has_more_to_send() {
            let Some(thoughts) = &mut self.thoughts else {
                return;
            };
            let used = self.pairing.in_flight() + thoughts.places.len() as u32;
            let thinks = used >= io.local.depth;
            let due = if thinks {
                thoughts.next_due()
            } else {
                Some(at_first)
            };
            let Some(due) = due.filter(|due| *due <= now && !thoughts.over) else {
                return;
            };
            if !io.common.may_send(due) {
                return thoughts.break_off(io.common, now);
            }
            if let (true, Some(Reverse((due, since)))) = (thinks, thoughts.places.pop()) {
                io.common.meter.thought(since, due);
            }
            self.compose(io, due);
        }
    }
}
