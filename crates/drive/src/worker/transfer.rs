//! Moving bytes between the engine and the sessions, and sending what has come due.

use std::io::{self, ErrorKind};

use wsbench_load::exchange::Exchange;
use wsbench_load::lag::Obstacle;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::Stage;
use wsbench_load::session::SessionStatus;

use super::{READ_AT_MOST, READS_IN_A_ROW, Worker};
use crate::engine::{Engine, Ready, Received};
use crate::loss;
use crate::schedule::OpenLoop;

/// A schedule that is late by this much is so by a stall of the generator: its loop's turns are
/// shorter, and sends are looked after within them.
const OVERDUE: Nanos = Nanos::from_millis(1);

impl<E: Engine, X: Exchange> Worker<E, X> {
    pub(super) fn on_ready(&mut self, event: Ready) {
        let slot = event.slot;
        let Some(session) = &self.slots[slot].session else {
            return;
        };
        if session.is_connecting() {
            self.on_connect(slot);
            // What came with the connection (a server that hangs up at once) is not told again.
            if !self.is_established(slot) {
                return;
            }
        }
        if event.writable && !self.slots[slot].backlog.is_empty() {
            self.flush_backlog(slot);
        }
        if event.readable || event.closed {
            self.read(slot, event.closed);
        }
    }

    /// True if there is a session in the slot that is past its connect call.
    pub(super) fn is_established(&self, slot: usize) -> bool {
        let session = self.slots[slot].session.as_ref();
        session.is_some_and(|session| !session.is_connecting())
    }

    pub(super) fn on_connect(&mut self, slot: usize) {
        match self.engine.established(slot) {
            Ok(None) => {}
            Ok(Some(opened)) => {
                let now = self.engine.now();
                self.established += 1;
                self.peak = self.peak.max(self.established);
                self.slots[slot].established = true;
                let Some(session) = &mut self.slots[slot].session else {
                    return;
                };
                session.on_connected(&mut self.context, now, opened);
                self.flush(slot);
            }
            Err(error) => {
                let now = self.engine.now();
                self.lose(slot, now, &error);
            }
        }
    }

    /// Reads what is there. A read that does not fill the buffer has emptied the socket, so
    /// another one is spared, unless the end of the stream is known to follow.
    pub(super) fn read(&mut self, slot: usize, closed: bool) {
        let is_held = self.slow.is_some() && !closed;
        if is_held && self.holds_back(slot) {
            return;
        }
        let room = if is_held {
            self.room(slot)
        } else {
            READ_AT_MOST
        };
        for _ in 0..READS_IN_A_ROW {
            let outcome = self.engine.read(slot, &mut self.buffer[..room]);
            match outcome {
                Ok(Received { len: 0, .. }) => {
                    let now = self.engine.now();
                    let Some(session) = &mut self.slots[slot].session else {
                        return;
                    };
                    let flow = session.on_eof(&mut self.context, now);
                    return self.follow(slot, flow);
                }
                Ok(Received { len, arrived }) => {
                    let received = self.engine.now();
                    self.context
                        .common
                        .meter
                        .received_bytes(received, arrived, len);
                    let state = &mut self.slots[slot];
                    self.context.common.congested = !state.backlog.is_empty();
                    let Some(session) = &mut state.session else {
                        return;
                    };
                    let bytes = &mut self.buffer[..len];
                    let flow = session.on_bytes(&mut self.context, received, bytes);
                    self.follow(slot, flow);
                    // The slot may be empty by now, or hold a connection that is being opened.
                    if !self.is_established(slot) {
                        return;
                    }
                    if is_held && self.has_read(slot, len, received) {
                        return;
                    }
                    if len < room && !closed && !self.engine.has_ended(slot) {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let now = self.engine.now();
                    return self.lose(slot, now, &error);
                }
            }
        }
        // Readiness is told once: what is left has to be remembered.
        self.unread.push((slot, closed));
    }

    /// Reads what was left, unless the slot has another connection by now that is not one yet.
    #[cold]
    pub(super) fn read_on(&mut self, slot: usize, closed: bool) {
        let session = self.slots[slot].session.as_ref();
        if session.is_some_and(|session| !session.is_connecting()) {
            self.read(slot, closed);
        }
    }

    /// Does what the session's answer asks for: write, send more, or drop the connection.
    #[inline]
    pub(super) fn follow(&mut self, slot: usize, flow: SessionStatus) {
        match flow {
            SessionStatus::Continue => {
                self.pump(slot);
                self.arm(slot);
            }
            SessionStatus::Upgraded => {
                let now = self.engine.now();
                self.slots[slot].upgraded = true;
                if self.share.carries(slot) {
                    self.alive += 1;
                    self.shared.connection_upgraded(now);
                }
                self.end_backing_off(now);
                self.opening_ended(now);
                self.settle(slot);
                self.arrived(slot, now);
                self.returned(slot, now);
                let Some(session) = &mut self.slots[slot].session else {
                    return;
                };
                if session.is_ended() {
                    return self.follow(slot, SessionStatus::Failed);
                }
                if self.drained_at != Nanos::MAX {
                    session.finish(&mut self.context, now);
                }
                self.pump(slot);
                self.arm(slot);
            }
            SessionStatus::Finished | SessionStatus::Failed => {
                self.say_goodbye(slot);
                self.drop_connection(slot, flow == SessionStatus::Failed);
            }
        }
    }

    /// Writes what a session that has ended leaves to be said; whether that arrives is no matter.
    pub(super) fn say_goodbye(&mut self, slot: usize) {
        let bytes = self.context.common.out.as_slice();
        if !bytes.is_empty() && self.slots[slot].backlog.is_empty() {
            let sent = self.engine.now();
            self.context.common.meter.sent_bytes(sent, bytes.len());
            let _ = write_all(&mut self.engine, slot, bytes);
        }
        self.context.common.out.clear();
    }

    /// Writes what the session has to say and as many messages as are due.
    #[inline]
    pub(super) fn pump(&mut self, slot: usize) {
        loop {
            let state = &mut self.slots[slot];
            let Some(session) = &mut state.session else {
                self.context.common.out.clear();
                return;
            };
            if state.backlog.is_empty() {
                match &mut self.open_loop {
                    None => session.pump(&mut self.context, || self.engine.now()),
                    Some(open_loop) => {
                        while let Some(&due) = state.waiting.front()
                            && session.send_due(&mut self.context, due)
                        {
                            state.waiting.pop_front();
                            open_loop.sent_one();
                        }
                    }
                }
            }
            if self.context.common.out.is_empty() {
                return;
            }
            self.flush(slot);
        }
    }

    /// Writes `Common::out` to the slot's connection; what it does not take is kept.
    #[inline]
    pub(super) fn flush(&mut self, slot: usize) {
        if self.context.common.out.is_empty() {
            return;
        }
        let state = &mut self.slots[slot];
        let sent = self.engine.now();
        if let Some(session) = &mut state.session {
            session.on_sent(&mut self.context, sent);
        }
        let bytes = self.context.common.out.as_slice();
        self.context.common.meter.sent_bytes(sent, bytes.len());
        let outcome = if state.backlog.is_empty() {
            write_all(&mut self.engine, slot, bytes)
        } else {
            Ok(0)
        };
        match outcome {
            Ok(written) => {
                state.backlog.extend_from_slice(&bytes[written..]);
                self.context.common.out.clear();
            }
            Err(error) => {
                self.context.common.out.clear();
                self.lose_after_last_words(slot, &error);
            }
        }
    }

    pub(super) fn flush_backlog(&mut self, slot: usize) {
        let state = &mut self.slots[slot];
        match write_all(&mut self.engine, slot, &state.backlog) {
            Ok(written) if written == state.backlog.len() => {
                // Back-pressure is rare and may have been large: the memory is given back.
                state.backlog = Vec::new();
                let now = self.engine.now();
                if let Some(session) = &mut state.session {
                    session.on_unblocked(now, Obstacle::Socket);
                    session.push_owed_pong(&mut self.context);
                }
                self.flush(slot);
                self.pump(slot);
                self.arm(slot);
            }
            Ok(written) => {
                state.backlog.drain(..written);
            }
            Err(error) => self.lose_after_last_words(slot, &error),
        }
    }

    /// A write failed. The server may have said why before it hung up (a close frame with 1009,
    /// say), so what has arrived is read first.
    #[cold]
    pub(super) fn lose_after_last_words(&mut self, slot: usize, error: &io::Error) {
        self.slots[slot].backlog = Vec::new();
        loop {
            let Some(session) = &mut self.slots[slot].session else {
                return;
            };
            let read = self.engine.read(slot, &mut self.buffer);
            let Ok(Received {
                len: len @ 1..,
                arrived,
            }) = read
            else {
                break;
            };
            let now = self.engine.now();
            self.context.common.meter.received_bytes(now, arrived, len);
            let flow = session.on_bytes(&mut self.context, now, &mut self.buffer[..len]);
            self.context.common.out.clear();
            if matches!(flow, SessionStatus::Finished | SessionStatus::Failed) {
                return self.drop_connection(slot, flow == SessionStatus::Failed);
            }
            if flow == SessionStatus::Upgraded {
                self.follow(slot, flow);
            }
        }
        let now = self.engine.now();
        self.lose(slot, now, error);
    }

    #[cold]
    pub(super) fn lose(&mut self, slot: usize, now: Nanos, error: &io::Error) {
        let Some(session) = &mut self.slots[slot].session else {
            return;
        };
        let mut loss = loss::name(error);
        if session.is_connecting() {
            let under_way = loss::phase(self.engine.under_way(slot));
            loss.phase.get_or_insert(under_way);
        }
        let is_final = loss.kind.is_of_certificate();
        let flow = session.on_loss(&mut self.context, now, loss);
        self.slots[slot].refused = is_final;
        self.context.common.out.clear();
        self.drop_connection(slot, flow == SessionStatus::Failed);
    }

    pub(super) fn next_due(&self) -> Nanos {
        self.open_loop.as_ref().map_or(Nanos::MAX, OpenLoop::next)
    }

    /// True if the schedule is so late that the generator must have stood still.
    #[inline]
    pub(super) fn is_overdue(&self, now: Nanos) -> bool {
        self.context.common.sending && now - self.next_due() >= OVERDUE
    }

    /// Sends what has come due by the schedule; nothing in the closed loop. What has piled up over
    /// a stall leaves a burst a turn, so that answers are read in between.
    #[inline]
    pub(super) fn send_what_is_due(&mut self, now: Nanos) {
        if self.is_overdue(now) {
            self.send_burst(now);
        } else {
            self.send_all_due(now);
        }
    }

    fn send_all_due(&mut self, now: Nanos) {
        while self.next_due() <= now && self.context.common.sending {
            self.send_burst(now);
        }
    }

    fn send_burst(&mut self, now: Nanos) {
        if let Some(open_loop) = &mut self.open_loop {
            let context = &mut self.context;
            let touched =
                open_loop.take_due(now, &mut self.slots, |due| context.common.may_send(due));
            for &slot in &touched {
                self.pump(slot);
                self.arm(slot);
            }
            if let Some(open_loop) = &mut self.open_loop {
                open_loop.keep(touched);
            }
        }
    }

    /// The load ends: what came due in time is sent, what cannot be sent now never is.
    pub(super) fn give_up_what_waits(&mut self, now: Nanos) {
        if self.stage == Stage::Draining {
            return;
        }
        self.send_all_due(now);
        if let Some(open_loop) = &mut self.open_loop {
            open_loop.end();
            // They are counted as waiting to the end, for the last interval's sake.
            for due in open_loop.take_unseated() {
                self.context.common.meter.unsent(due, now);
            }
            for slot in &mut self.slots {
                for due in slot.waiting.drain(..) {
                    self.context.common.meter.unsent(due, now);
                }
            }
        }
    }
}

/// Writes until all is written or the connection takes no more; returns how much it took.
#[inline]
fn write_all<E: Engine>(engine: &mut E, slot: usize, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match engine.write(slot, &bytes[written..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(len) => written += len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
