//! Slow readers: connections that are read at a rate, or stand still for a while in each period.
//!
//! What they have not read stays in the kernel, and then with the server. Once the server has given a
//! connection up, the rest of it is read at once: a reader that went on as before would tell of it
//! minutes later.

use wsbench_load::exchange::Exchange;
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, Reads};
use wsbench_load::result::Stage;
use wsbench_load::series::Series;

use super::{READ_AT_MOST, Worker};
use crate::engine::Engine;
use crate::share::Share;
use crate::slot::Slot;

/// Reads a second of a reader with a rate.
const READS_PER_S: u32 = 10;

/// Slow readers of one worker.
#[derive(Debug)]
pub(super) struct Slow {
    places: Vec<SlowPlace>,
}

/// State of the reading in one slot.
#[derive(Clone, Copy, Debug)]
struct SlowPlace {
    /// Way in which it is read; `None` of one that is no slow reader.
    reads: Option<Reads>,
    /// Nothing is read before this, where it reads at a rate.
    reads_from: Nanos,
    /// There is something to read.
    wants: bool,
}

impl Slow {
    /// Those of a worker, whose slots are told; `None` of a plan without any.
    pub(super) fn new<X>(plan: &Plan, share: Share, slots: &mut [Slot<X>]) -> Option<Box<Self>> {
        plan.clients.slow_kinds().next()?;
        let places = slots.iter_mut().enumerate().map(|(at, slot)| {
            let reads = plan.reads_of(share.place(at));
            slot.is_slow = reads.is_some();
            SlowPlace {
                reads,
                reads_from: Nanos::ZERO,
                wants: false,
            }
        });
        Some(Box::new(Self {
            places: places.collect(),
        }))
    }

    /// Instant from which the slot is read again, at `now` or later.
    fn reads_from(&self, slot: usize, now: Nanos) -> Nanos {
        match self.places[slot].reads {
            None => now,
            Some(Reads::Rate { .. }) => self.places[slot].reads_from.max(now),
            Some(Reads::Stall { length, every }) => {
                let phase = Nanos(now.0 % every.0.max(1));
                now + (length - phase)
            }
        }
    }

    /// Bytes that are read from a slot at a time.
    fn room(&self, slot: usize) -> usize {
        match self.places[slot].reads {
            Some(Reads::Rate { bytes_per_s }) => {
                (bytes_per_s / READS_PER_S).clamp(1, READ_AT_MOST as u32) as usize
            }
            Some(Reads::Stall { .. }) | None => READ_AT_MOST,
        }
    }

    /// Instant at which the slot wants to be read again; `Nanos::MAX` where nothing is known to be there.
    pub(super) fn wakes(&self, slot: usize, now: Nanos) -> Nanos {
        if self.places[slot].wants {
            self.reads_from(slot, now)
        } else {
            Nanos::MAX
        }
    }
}

impl<E: Engine, X: Exchange> Worker<E, X> {
    /// True where a slot's reader does not read now: it is remembered that there is something to read.
    pub(super) fn holds_back(&mut self, slot: usize) -> bool {
        let is_slow = self.slots[slot].is_slow;
        let Some(slow) = self.slow.as_mut().filter(|_| is_slow) else {
            return false;
        };
        // Its opening is as that of any other, and so is its end.
        if !self.slots[slot].upgraded || self.stage == Stage::Draining {
            return false;
        }
        let now = self.engine.now();
        let from = slow.reads_from(slot, now);
        if from <= now {
            slow.places[slot].wants = false;
            return false;
        }
        slow.places[slot].wants = true;
        self.timers.arm(slot, from);
        true
    }

    /// Bytes that are read from a slot at a time.
    #[inline]
    pub(super) fn room(&self, slot: usize) -> usize {
        match &self.slow {
            Some(slow) if self.slots[slot].is_slow && self.slots[slot].upgraded => slow.room(slot),
            _ => READ_AT_MOST,
        }
    }

    /// So many bytes were read from a slot. True where its reader waits before it reads on.
    pub(super) fn has_read(&mut self, slot: usize, len: usize, now: Nanos) -> bool {
        let is_slow = self.slots[slot].is_slow && self.slots[slot].upgraded;
        let is_over = self.stage == Stage::Draining;
        let Some(slow) = self.slow.as_mut().filter(|_| is_slow && !is_over) else {
            return false;
        };
        let Some(Reads::Rate { bytes_per_s }) = slow.places[slot].reads else {
            return false;
        };
        let takes =
            Nanos((len as u64).saturating_mul(1_000_000_000) / u64::from(bytes_per_s.max(1)));
        let place = &mut slow.places[slot];
        place.reads_from = place.reads_from.max(now) + takes;
        // More may be there, and readiness is told once.
        place.wants = true;
        self.timers.arm(slot, place.reads_from);
        true
    }

    /// A slow reader may read again, if it is time.
    pub(super) fn read_again(&mut self, slot: usize, now: Nanos) {
        let Some(slow) = &mut self.slow else { return };
        if slow.wakes(slot, now) > now {
            return;
        }
        let wants = std::mem::take(&mut slow.places[slot].wants);
        if wants && self.is_established(slot) {
            self.read(slot, false);
        }
    }

    /// The connection of a slow reader has ended before its time, with this failure; it was begun at `since`.
    pub(super) fn lost_slow(
        &mut self,
        slot: usize,
        kind: Option<FailureKind>,
        since: Nanos,
        now: Nanos,
    ) {
        let Some(slow) = self.slow.as_mut().filter(|_| self.slots[slot].is_slow) else {
            return;
        };
        slow.places[slot].wants = false;
        let meter = &mut self.context.common.meter;
        let by_server = kind == Some(FailureKind::ClosedByServer);
        meter.tally.slow.lost += 1;
        meter.tally.slow.closed += u64::from(by_server);
        meter.tally.record(Series::SlowLost, now - since);
    }
}
