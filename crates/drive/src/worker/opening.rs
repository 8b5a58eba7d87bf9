//! Which connection is opened when, and what follows when one has ended.

use wsbench_load::exchange::Exchange;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::Stage;
use wsbench_load::session::Session;

use super::{OPENING_AT_MOST, Worker};
use crate::engine::Engine;
use crate::loss;
use crate::slot::backoff;

impl<E: Engine, X: Exchange> Worker<E, X> {
    pub(super) fn open_at(&mut self, slot: usize, at: Nanos) {
        self.slots[slot].opens_at = at;
        self.timers.arm(slot, at);
    }

    pub(super) fn on_timer(&mut self, slot: usize, now: Nanos) {
        self.read_again(slot, now);
        // Whoever has something to say by the clock says nothing behind bytes that the socket does not take.
        self.context.common.congested = !self.slots[slot].backlog.is_empty();
        let Some(session) = &mut self.slots[slot].session else {
            let state = &self.slots[slot];
            if state.is_vacant() && state.opens_at <= now {
                self.open(slot, now);
            } else if state.is_vacant() {
                self.timers.arm(slot, state.opens_at); // it came up for an earlier connection
            }
            return;
        };
        let flow = if session.is_connecting() {
            let awaited = loss::phase(self.engine.under_way(slot));
            session.on_connect_deadline(&mut self.context, now, awaited)
        } else {
            session.on_deadline(&mut self.context, now)
        };
        self.see_off(slot, now);
        self.follow(slot, flow);
    }

    /// Opens the slot's next connection, if there is one to open.
    pub(super) fn open(&mut self, slot: usize, now: Nanos) {
        if self.stage == Stage::Draining {
            return;
        }
        let replaces = self.context.common.plan.replaces_clients();
        // What comes by a schedule comes whatever else is under way.
        let comes = self.arriving.as_ref().is_some_and(|it| it.has(slot));
        // Nor is the return of many held back: it is what is to be seen.
        let returns = self.returning.is_some() && self.stage != Stage::Connecting;
        if !replaces && !comes && !returns && self.opening >= OPENING_AT_MOST {
            self.slots[slot].opens_at = Nanos::MAX;
            self.waiting.push_back(slot);
            return;
        }
        if self.spacing > Nanos::ZERO && !comes && !std::mem::take(&mut self.slots[slot].has_turn) {
            // It takes its turn: the rate is of all openings, those of successors too.
            let turn = self.next_opening.max(now);
            self.next_opening = turn + self.spacing;
            if turn > now {
                self.slots[slot].has_turn = true;
                return self.open_at(slot, turn);
            }
        }
        if replaces && !self.context.common.quota.take_client() {
            self.retire(slot);
            return;
        }
        let connections = &mut self.context.common.meter.tally.connections;
        connections.attempted += 1;
        let is_of_load = self.share.carries(slot);
        connections.replaced += u64::from(self.slots[slot].used && is_of_load);
        self.slots[slot].used = true;
        let number = self.share.connection_number(self.begun);
        self.begun += 1;
        let newest = &mut self.context.common.newest_connection;
        *newest = number.max(*newest);
        let place = self.share.place(slot);
        self.slots[slot].session = Some(Session::new(number, place, now, &self.context));
        self.opening += 1;
        if let Some(running) = &mut self.running {
            running.begun();
        }
        match self.engine.open(slot) {
            Ok(()) => self.arm(slot),
            Err(error) => self.lose(slot, now, &error),
        }
    }

    /// A slot that has no further client to run.
    pub(super) fn retire(&mut self, slot: usize) {
        self.slots[slot].retired = true;
        self.done += 1;
        self.settle(slot);
    }

    /// A connection is open: the server is there, and nobody waits any longer before the next attempt.
    /// Where clients are replaced, a place waits its time after a client that failed.
    pub(super) fn end_backing_off(&mut self, now: Nanos) {
        for slot in std::mem::take(&mut self.backing_off) {
            let state = &mut self.slots[slot];
            state.backs_off = false;
            if state.is_vacant() && state.opens_at > now && state.opens_at < Nanos::MAX {
                self.open_at(slot, now);
            }
        }
    }

    /// The slot's first attempt has ended, one way or the other.
    pub(super) fn settle(&mut self, slot: usize) {
        if std::mem::replace(&mut self.slots[slot].settled, true) {
            return;
        }
        self.unsettled -= 1;
        if self.unsettled == 0 {
            self.shared.worker_settled(self.engine.now());
        }
    }

    /// A handshake has ended; the next one that waits may begin.
    pub(super) fn opening_ended(&mut self, now: Nanos) {
        self.opening -= 1;
        if let Some(slot) = self.waiting.pop_front() {
            self.open_at(slot, now);
        }
    }

    /// The session is over: frees the slot and arranges for its successor.
    pub(super) fn drop_connection(&mut self, slot: usize, failed: bool) {
        let now = self.engine.now();
        self.engine.close(slot);
        let state = &mut self.slots[slot];
        let Some(session) = state.session.take() else {
            return;
        };
        if let Some(running) = &mut self.running {
            running.ended();
        }
        state.backlog = Vec::new();
        self.established -= u64::from(std::mem::take(&mut state.established));
        let was_open = std::mem::take(&mut state.upgraded);
        // What comes and goes beside the load says nothing of whether that has its server.
        let is_of_load = self.share.carries(slot);
        if was_open && is_of_load {
            self.alive -= 1;
            self.shared.connection_gone(now, session.has_answers());
        }
        if !was_open {
            self.opening_ended(now);
        }
        if failed && is_of_load && !session.has_answers() {
            self.shared.attempt_failed(was_open);
        }
        self.settle(slot);
        if self.stage == Stage::Draining {
            return;
        }
        // Of this connection or of none: it ends right behind what it failed with.
        let kind = self.context.common.meter.take_latest_failure();
        if self.arriving.as_ref().is_some_and(|it| it.takes_anew(slot)) {
            return self.departed(slot, now);
        }
        if was_open && failed {
            self.lost_slow(slot, kind, session.since(), now);
        }
        if !self.slots[slot].refused
            && let Some(pause) = self.lost(slot, kind, was_open, now)
        {
            return self.open_at(slot, now + pause);
        }
        let state = &mut self.slots[slot];
        if !failed || session.has_answers() {
            state.failures = 0;
            self.open(slot, now);
        } else if state.refused {
            self.retire(slot);
        } else {
            state.failures += 1;
            if self.running.is_none()
                && self.arriving.is_none()
                && !std::mem::replace(&mut state.backs_off, true)
            {
                self.backing_off.push(slot);
            }
            let wait = backoff(state.failures, self.context.common.random.f64());
            self.open_at(slot, now + wait);
        }
        if let Some(running) = &mut self.running
            && self.context.common.quota.clients_left() > 0
        {
            running.succeeded();
        }
    }

    /// Ends what the closing handshake did not end in time.
    pub(super) fn break_off(&mut self, slot: usize, now: Nanos) {
        if let Some(session) = &mut self.slots[slot].session {
            session.break_off(&mut self.context, now);
            self.engine.close(slot);
            self.slots[slot].session = None;
        }
    }
}
