//! One generator thread: its connections, its engine, its books, and the loop that ties them.
//!
//! The worker decides when which connection is opened, and moves bytes between engine and
//! sessions. What the bytes mean is the session's affair; the same worker runs over the kernel
//! and over simulated time.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use wsbench_load::context::Context;
use wsbench_load::meter::{Unanswered, Window};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::StopRule;
use wsbench_load::result::{Ended, Stage, ThreadUsage};
use wsbench_load::session::{CLOSE_WAIT, Flow, Session};

use crate::engine::{Engine, Ready};
use crate::handover::{Handover, LastWords, Outlet, Period};
use crate::loss;
use crate::schedule::OpenLoop;
use crate::shared::Shared;
use crate::slot::{Slot, backoff};
use crate::timer::Timers;

/// Bytes read at a time: several of the largest usual messages, and still in the second-level
/// cache.
const READ_AT_MOST: usize = 64 * 1024;
/// Full reads of one connection in a row, before others have their turn and the clock is looked
/// at: a server that sends faster than it can be read must not hold a run up.
const READS_IN_A_ROW: usize = 16;
/// The worker looks up this often at least, to see whether it has been asked to stop.
const LOOK_UP_EVERY: Nanos = Nanos::from_millis(20);
/// Handshakes under way at a time while connections that will be held are opened, so that the
/// server's backlog does not overflow (an overflow costs a second: the SYN's retransmission).
const OPENING_AT_MOST: u32 = 128;

/// One generator thread.
pub(crate) struct Worker<E> {
    engine: E,
    context: Context,
    shared: Arc<Shared>,
    outlet: Outlet,
    slots: Vec<Slot>,
    timers: Timers,
    stage: Stage,
    /// What is due when; `None` in the closed loop, where answers say so.
    open_loop: Option<OpenLoop>,
    /// Slots whose first attempt has not ended.
    unsettled: usize,
    /// Slots with a handshake under way, and those that wait for it to be fewer.
    opening: u32,
    waiting: VecDeque<usize>,
    /// Connections are opened at most so often, and not before this.
    spacing: Nanos,
    next_opening: Nanos,
    /// The stop rule held: the load was carried out to its end.
    is_complete: bool,
    /// All is ready for the load to begin.
    is_prepared: bool,
    alive: u64,
    established: u64,
    peak: u64,
    done: usize,
    attempts: u64,
    interval: u32,
    interval_ends: Nanos,
    drained_at: Nanos,
    usage_at_opening: Option<(Nanos, ThreadUsage)>,
    at_close: Option<LastWords>,
    buffer: Box<[u8]>,
    ready: Vec<Ready>,
    /// Slots that have more to read, and whether the end of the stream is known to follow.
    unread: Vec<(usize, bool)>,
}

impl<E: Engine> Worker<E> {
    /// A worker for `slots` connections.
    pub(crate) fn new(
        engine: E,
        mut context: Context,
        shared: Arc<Shared>,
        outlet: Outlet,
        slots: usize,
    ) -> Self {
        context.meter.tally.connections.asked = slots as u64;
        let plan = &context.plan;
        let per_worker = plan
            .connect
            .rate_per_s
            .map(|rate| rate / f64::from(plan.threads));
        let spacing = per_worker.map_or(Nanos::ZERO, |rate| Nanos((1e9 / rate) as u64));
        let open_loop = OpenLoop::new(&context.plan, outlet.worker(), slots);
        Self {
            engine,
            context,
            shared,
            outlet,
            slots: std::iter::repeat_with(Slot::default).take(slots).collect(),
            timers: Timers::new(slots),
            stage: Stage::Connecting,
            open_loop,
            unsettled: slots,
            opening: 0,
            waiting: VecDeque::new(),
            spacing,
            next_opening: Nanos::ZERO,
            is_prepared: false,
            is_complete: false,
            alive: 0,
            established: 0,
            peak: 0,
            done: 0,
            attempts: 0,
            interval: 0,
            interval_ends: Nanos::MAX,
            drained_at: Nanos::MAX,
            usage_at_opening: None,
            at_close: None,
            buffer: vec![0; READ_AT_MOST].into(),
            ready: Vec::with_capacity(1024),
            unread: Vec::new(),
        }
    }

    /// Carries the load out.
    ///
    /// # Errors
    /// The engine's waiting failed; the books up to then have been handed over.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let outcome = self.carry_out();
        let now = self.engine.now();
        self.close_window(now);
        for slot in 0..self.slots.len() {
            self.break_off(slot, now);
        }
        self.say_last_words(now);
        outcome
    }

    fn carry_out(&mut self) -> io::Result<()> {
        let now = self.engine.now();
        self.interval_ends = now + self.context.plan.interval;
        for slot in 0..self.slots.len() {
            self.open_at(slot, now);
        }
        if self.context.plan.replaces_clients() {
            self.begin_load(now, now);
        }
        loop {
            let now = self.engine.now();
            self.advance(now);
            while let Some(slot) = self.timers.pop(now) {
                self.on_timer(slot, now);
            }
            if self.is_over(now) {
                return Ok(());
            }
            self.send_what_is_due(now);
            let until = self
                .timers
                .next()
                .min(self.interval_ends)
                .min(self.stage_ends())
                .min(self.next_due());
            let look_up = if self.unread.is_empty() {
                now + LOOK_UP_EVERY
            } else {
                now
            };
            let until = until.min(look_up);
            let mut ready = std::mem::take(&mut self.ready);
            self.engine.wait(now, until, &mut ready)?;
            for event in ready.drain(..) {
                self.on_ready(event);
                if self.open_loop.is_some() {
                    // A turn of many connections must not make the schedule late.
                    let now = self.engine.now();
                    self.send_what_is_due(now);
                }
            }
            self.ready = ready;
            for (slot, closed) in std::mem::take(&mut self.unread) {
                self.read_on(slot, closed);
            }
        }
    }

    // --- The stages of the run ---

    /// Moves on to the next stage when it is time.
    fn advance(&mut self, now: Nanos) {
        self.check_for_early_end(now);
        if self.stage == Stage::Connecting && self.shared.load_from() < Nanos::MAX {
            self.prepare_load(now);
            if self.shared.load_from() <= now {
                self.begin_load(self.shared.load_from(), now);
            }
        }
        if self.stage == Stage::WarmUp && now >= self.context.meter.window().opens {
            self.open_window(now);
        }
        if now >= self.interval_ends {
            self.end_interval(now);
        }
        if matches!(self.stage, Stage::WarmUp | Stage::Measuring) && self.is_load_over(now) {
            self.is_complete = true;
            self.shared.worker_completed();
            self.begin_drain(now);
        }
        // Whoever interrupts a run that is over does not want its last answers.
        let is_cut_short = self.is_complete && self.shared.stop.is_requested();
        if self.stage == Stage::Draining
            && self.drained_at == Nanos::MAX
            && (self.context.meter.in_flight() == 0 || now >= self.drain_ends() || is_cut_short)
        {
            self.begin_closing(now);
        }
    }

    fn check_for_early_end(&mut self, now: Nanos) {
        if self.stage == Stage::Draining {
            return;
        }
        if self.shared.is_server_dead(now) {
            self.shared.end(Ended::ServerDied);
        }
        match self.shared.ended() {
            Ended::Complete => {}
            Ended::Interrupted | Ended::NothingConnected | Ended::ServerDied => {
                self.begin_drain(now);
            }
        }
    }

    /// Shortly before the load: whatever takes time that would else be the first messages'.
    fn prepare_load(&mut self, now: Nanos) {
        if !std::mem::replace(&mut self.is_prepared, true) {
            self.hand_over(Period::Before, now);
        }
    }

    fn begin_load(&mut self, load_from: Nanos, now: Nanos) {
        // In the closed loop nothing is due before the worker is there to send it.
        let load_from = if self.open_loop.is_some() {
            load_from
        } else {
            now
        };
        let plan = &self.context.plan;
        let opens = load_from + plan.warmup;
        let closes = match plan.stop {
            StopRule::Duration(duration) => opens + duration,
            StopRule::Messages(_) | StopRule::Clients { .. } => Nanos::MAX,
        };
        self.context.meter.set_window(Window {
            load_from,
            opens,
            closes,
        });
        self.context.sending = true;
        self.stage = Stage::WarmUp;
        if let Some(open_loop) = &mut self.open_loop {
            open_loop.begin(load_from);
        }
        if now >= opens {
            self.open_window(now);
        }
        for slot in 0..self.slots.len() {
            self.pump(slot);
            self.arm(slot);
        }
    }

    fn open_window(&mut self, now: Nanos) {
        if !self.context.plan.replaces_clients() && self.context.plan.warmup > Nanos::ZERO {
            self.hand_over(Period::Before, now);
        }
        self.stage = Stage::Measuring;
        self.usage_at_opening = Some((now, self.engine.usage()));
        self.interval_ends = self.context.meter.window().opens + self.context.plan.interval;
    }

    fn end_interval(&mut self, now: Nanos) {
        if self.stage == Stage::Measuring {
            let ends = self.interval_ends.min(self.context.meter.window().closes);
            self.hand_over(Period::Interval(self.interval, ends), now);
            self.interval += 1;
        } else {
            let period = if self.at_close.is_some() {
                Period::After
            } else {
                Period::Before
            };
            self.hand_over(period, now);
        }
        self.interval_ends += self.context.plan.interval;
    }

    fn is_load_over(&self, now: Nanos) -> bool {
        match self.context.plan.stop {
            StopRule::Duration(_) => now >= self.context.meter.window().closes,
            StopRule::Messages(_) => {
                let waits = self.open_loop.as_ref().is_some_and(OpenLoop::has_waiting);
                self.context.quota.is_exhausted() && self.context.meter.in_flight() == 0 && !waits
            }
            StopRule::Clients { .. } => {
                // Slots that still wait for their turn have no client to wait for.
                self.done == self.slots.len()
                    || (self.context.quota.clients_left() == 0
                        && self.slots.iter().all(|slot| slot.session.is_none()))
            }
        }
    }

    fn begin_drain(&mut self, now: Nanos) {
        self.give_up_what_waits(now);
        self.context.sending = false;
        self.stage = Stage::Draining;
        self.close_window(now);
    }

    /// Closes the books on the measured window; what comes later are answers in the drain.
    fn close_window(&mut self, now: Nanos) {
        if self.at_close.is_some() {
            return;
        }
        for slot in &mut self.slots {
            if let Some(session) = &mut slot.session {
                session.stop_load(&mut self.context, now);
            }
        }
        let mut window = *self.context.meter.window();
        let usage = self.engine.usage();
        let (opened, before) = self.usage_at_opening.unwrap_or((now, usage));
        let was_open = window.opens <= now;
        // Where nothing closes the window beforehand, it closes with the last answer.
        window.closes = match self.context.plan.stop {
            StopRule::Duration(_) => window.closes.min(now),
            StopRule::Messages(_) | StopRule::Clients { .. } => now,
        };
        let closed_at = window.closes;
        self.context.meter.set_window(window);
        self.context.meter.end_silence(now);
        if was_open {
            self.hand_over(Period::Interval(self.interval, closed_at), now);
        }
        self.at_close = Some(LastWords {
            usage: ThreadUsage {
                user: usage.user - before.user,
                system: usage.system - before.system,
                spun: usage.spun - before.spun,
                wall: now - opened,
                run_wait: usage
                    .run_wait
                    .zip(before.run_wait)
                    .map(|(after, then)| after - then),
                cpu: None,
            },
            closed_at,
            alive_at_close: self.alive,
        });
    }

    /// When the last answers are no longer awaited: after twice the longest service time seen,
    /// but a second at least and ten at most, and never beyond the messages' own time-out.
    fn drain_ends(&self) -> Nanos {
        let longest = self.context.meter.longest_service();
        let grace = (longest + longest)
            .max(Nanos::from_secs(1))
            .min(Nanos::from_secs(10));
        self.context.meter.window().closes + grace.min(self.context.plan.timeout)
    }

    fn begin_closing(&mut self, now: Nanos) {
        self.drained_at = now;
        for slot in 0..self.slots.len() {
            let Some(session) = &mut self.slots[slot].session else {
                continue;
            };
            if session.is_opening() {
                self.abandon_opening(slot);
                continue;
            }
            session.give_up_in_flight(&mut self.context, now, Unanswered::InFlightAtEnd);
            session.finish(&mut self.context, now);
            self.flush(slot);
            self.arm(slot);
        }
    }

    /// The run ends before this connection has become one: there is nothing to close.
    fn abandon_opening(&mut self, slot: usize) {
        self.engine.close(slot);
        let state = &mut self.slots[slot];
        state.session = None;
        self.established -= u64::from(std::mem::take(&mut state.established));
    }

    fn is_over(&self, now: Nanos) -> bool {
        self.drained_at != Nanos::MAX && (self.established == 0 || now >= self.closing_ends())
    }

    /// When the last close is no longer awaited: the closing handshake may take one wait and the
    /// server's FIN another.
    fn closing_ends(&self) -> Nanos {
        self.drained_at + CLOSE_WAIT + CLOSE_WAIT
    }

    fn stage_ends(&self) -> Nanos {
        let window = *self.context.meter.window();
        match self.stage {
            Stage::Connecting => self.shared.load_from(),
            Stage::WarmUp => window.opens,
            Stage::Measuring => window.closes,
            Stage::Draining if self.drained_at == Nanos::MAX => self.drain_ends(),
            Stage::Draining => self.closing_ends(),
        }
    }

    // --- The open loop ---

    fn next_due(&self) -> Nanos {
        self.open_loop.as_ref().map_or(Nanos::MAX, OpenLoop::next)
    }

    /// Sends what has come due by the schedule; nothing in the closed loop.
    #[inline]
    fn send_what_is_due(&mut self, now: Nanos) {
        while let Some(open_loop) = &mut self.open_loop
            && open_loop.next() <= now
            && self.context.sending
        {
            let context = &mut self.context;
            let touched = open_loop.take_due(now, &mut self.slots, |due| context.may_send(due));
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
    fn give_up_what_waits(&mut self, now: Nanos) {
        if self.stage == Stage::Draining {
            return;
        }
        self.send_what_is_due(now);
        if let Some(open_loop) = &mut self.open_loop {
            open_loop.end();
            for slot in &mut self.slots {
                for due in slot.waiting.drain(..) {
                    open_loop.sent_one();
                    self.context.meter.unsent(due, now);
                }
            }
        }
    }

    // --- Opening connections ---

    fn open_at(&mut self, slot: usize, at: Nanos) {
        self.slots[slot].opens_at = at;
        self.timers.arm(slot, at);
    }

    fn on_timer(&mut self, slot: usize, now: Nanos) {
        let Some(session) = &mut self.slots[slot].session else {
            let state = &self.slots[slot];
            if state.is_vacant() && state.opens_at <= now {
                self.open(slot, now);
            } else if state.is_vacant() {
                self.timers.arm(slot, state.opens_at); // it came up for an earlier connection
            }
            return;
        };
        let flow = session.on_deadline(&mut self.context, now);
        self.follow(slot, flow);
    }

    /// Opens the slot's next connection, if there is one to open.
    fn open(&mut self, slot: usize, now: Nanos) {
        if self.stage == Stage::Draining {
            return;
        }
        let replaces = self.context.plan.replaces_clients();
        if !replaces && self.opening >= OPENING_AT_MOST {
            self.slots[slot].opens_at = Nanos::MAX;
            self.waiting.push_back(slot);
            return;
        }
        if self.spacing > Nanos::ZERO && !std::mem::take(&mut self.slots[slot].has_turn) {
            // It takes its turn: the rate is of all openings, those of successors too.
            let turn = self.next_opening.max(now);
            self.next_opening = turn + self.spacing;
            if turn > now {
                self.slots[slot].has_turn = true;
                return self.open_at(slot, turn);
            }
        }
        if replaces && !self.context.quota.take_client() {
            self.retire(slot);
            return;
        }
        let connections = &mut self.context.meter.tally.connections;
        connections.attempted += 1;
        connections.replaced += u64::from(self.slots[slot].used);
        self.attempts += 1;
        self.slots[slot].used = true;
        let number = self.shared.connection_number();
        self.slots[slot].session = Some(Session::new(number, now, &self.context));
        self.opening += 1;
        match self.engine.open(slot) {
            Ok(()) => self.arm(slot),
            Err(error) => self.lose(slot, now, &error),
        }
    }

    /// A slot that has no further client to run.
    fn retire(&mut self, slot: usize) {
        self.slots[slot].retired = true;
        self.done += 1;
        self.settle(slot);
    }

    /// The slot's first attempt has ended, one way or the other.
    fn settle(&mut self, slot: usize) {
        if std::mem::replace(&mut self.slots[slot].settled, true) {
            return;
        }
        self.unsettled -= 1;
        if self.unsettled == 0 {
            self.shared.worker_settled(self.engine.now());
        }
    }

    /// A handshake has ended; the next one that waits may begin.
    fn opening_ended(&mut self, now: Nanos) {
        self.opening -= 1;
        if let Some(slot) = self.waiting.pop_front() {
            self.open_at(slot, now);
        }
    }

    // --- Moving bytes ---

    fn on_ready(&mut self, event: Ready) {
        let slot = event.slot;
        let Some(session) = &self.slots[slot].session else {
            return;
        };
        if session.is_connecting() {
            if event.writable {
                self.on_connect(slot);
            }
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

    /// Whether there is a session in the slot that is past its connect call.
    fn is_established(&self, slot: usize) -> bool {
        let session = self.slots[slot].session.as_ref();
        session.is_some_and(|session| !session.is_connecting())
    }

    fn on_connect(&mut self, slot: usize) {
        match self.engine.established(slot) {
            Ok(false) => {}
            Ok(true) => {
                let now = self.engine.now();
                self.established += 1;
                self.peak = self.peak.max(self.established);
                self.slots[slot].established = true;
                let Some(session) = &mut self.slots[slot].session else {
                    return;
                };
                session.on_connected(&mut self.context, now);
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
    fn read(&mut self, slot: usize, closed: bool) {
        for _ in 0..READS_IN_A_ROW {
            let outcome = self.engine.read(slot, &mut self.buffer);
            match outcome {
                Ok(0) => {
                    let now = self.engine.now();
                    let Some(session) = &mut self.slots[slot].session else {
                        return;
                    };
                    let flow = session.on_eof(&mut self.context, now);
                    return self.follow(slot, flow);
                }
                Ok(len) => {
                    let received = self.engine.now();
                    self.context.meter.received_bytes(received, len);
                    let state = &mut self.slots[slot];
                    self.context.congested = !state.backlog.is_empty();
                    let Some(session) = &mut state.session else {
                        return;
                    };
                    let bytes = &mut self.buffer[..len];
                    let flow = session.on_bytes(&mut self.context, received, bytes);
                    self.follow(slot, flow);
                    // The slot may be empty by now, or hold a connection that is being opened.
                    if (len < self.buffer.len() && !closed) || !self.is_established(slot) {
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
    fn read_on(&mut self, slot: usize, closed: bool) {
        let session = self.slots[slot].session.as_ref();
        if session.is_some_and(|session| !session.is_connecting()) {
            self.read(slot, closed);
        }
    }

    /// Does what the session's answer asks for: write, send more, or drop the connection.
    #[inline]
    fn follow(&mut self, slot: usize, flow: Flow) {
        match flow {
            Flow::Continue => {
                self.pump(slot);
                self.arm(slot);
            }
            Flow::Upgraded => {
                let now = self.engine.now();
                self.alive += 1;
                self.slots[slot].upgraded = true;
                self.shared.connection_upgraded();
                self.opening_ended(now);
                self.settle(slot);
                let Some(session) = &mut self.slots[slot].session else {
                    return;
                };
                if session.is_ended() {
                    return self.follow(slot, Flow::Failed);
                }
                if self.drained_at != Nanos::MAX {
                    session.finish(&mut self.context, now);
                }
                self.pump(slot);
                self.arm(slot);
            }
            Flow::Finished | Flow::Failed => {
                self.say_goodbye(slot);
                self.drop_connection(slot, flow == Flow::Failed);
            }
        }
    }

    /// Writes what a session that has ended leaves to be said; whether that arrives is no matter.
    fn say_goodbye(&mut self, slot: usize) {
        let bytes = self.context.out.as_slice();
        if !bytes.is_empty() && self.slots[slot].backlog.is_empty() {
            let sent = self.engine.now();
            self.context.meter.sent_bytes(sent, bytes.len());
            let _ = write_all(&mut self.engine, slot, bytes);
        }
        self.context.out.clear();
    }

    /// Writes what the session has to say and as many messages as are due.
    #[inline]
    fn pump(&mut self, slot: usize) {
        loop {
            let state = &mut self.slots[slot];
            let Some(session) = &mut state.session else {
                self.context.out.clear();
                return;
            };
            if state.backlog.is_empty() {
                match &mut self.open_loop {
                    None => session.pump(&mut self.context),
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
            if self.context.out.is_empty() {
                return;
            }
            self.flush(slot);
        }
    }

    /// Writes `Context::out` to the slot's connection; what it does not take is kept.
    #[inline]
    fn flush(&mut self, slot: usize) {
        if self.context.out.is_empty() {
            return;
        }
        let state = &mut self.slots[slot];
        let sent = self.engine.now();
        if let Some(session) = &mut state.session {
            session.stamp(&mut self.context, sent);
        }
        let bytes = self.context.out.as_slice();
        self.context.meter.sent_bytes(sent, bytes.len());
        let outcome = if state.backlog.is_empty() {
            write_all(&mut self.engine, slot, bytes)
        } else {
            Ok(0)
        };
        match outcome {
            Ok(written) => {
                state.backlog.extend_from_slice(&bytes[written..]);
                self.context.out.clear();
            }
            Err(error) => {
                self.context.out.clear();
                self.lose_after_last_words(slot, &error);
            }
        }
    }

    fn flush_backlog(&mut self, slot: usize) {
        let state = &mut self.slots[slot];
        match write_all(&mut self.engine, slot, &state.backlog) {
            Ok(written) if written == state.backlog.len() => {
                // Back-pressure is rare and may have been large: the memory is given back.
                state.backlog = Vec::new();
                if let Some(session) = &mut state.session {
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
    fn lose_after_last_words(&mut self, slot: usize, error: &io::Error) {
        self.slots[slot].backlog = Vec::new();
        loop {
            let Some(session) = &mut self.slots[slot].session else {
                return;
            };
            let Ok(len @ 1..) = self.engine.read(slot, &mut self.buffer) else {
                break;
            };
            let now = self.engine.now();
            self.context.meter.received_bytes(now, len);
            let flow = session.on_bytes(&mut self.context, now, &mut self.buffer[..len]);
            self.context.out.clear();
            if matches!(flow, Flow::Finished | Flow::Failed) {
                return self.drop_connection(slot, flow == Flow::Failed);
            }
            if flow == Flow::Upgraded {
                self.follow(slot, flow);
            }
        }
        let now = self.engine.now();
        self.lose(slot, now, error);
    }

    #[cold]
    fn lose(&mut self, slot: usize, now: Nanos, error: &io::Error) {
        let Some(session) = &mut self.slots[slot].session else {
            return;
        };
        let flow = session.on_loss(&mut self.context, now, loss::name(error));
        self.context.out.clear();
        self.drop_connection(slot, flow == Flow::Failed);
    }

    // --- Ending connections ---

    /// The session is over: frees the slot and arranges for its successor.
    fn drop_connection(&mut self, slot: usize, failed: bool) {
        let now = self.engine.now();
        self.engine.close(slot);
        let state = &mut self.slots[slot];
        let Some(session) = state.session.take() else {
            return;
        };
        state.backlog = Vec::new();
        self.established -= u64::from(std::mem::take(&mut state.established));
        if std::mem::take(&mut state.upgraded) {
            self.alive -= 1;
            self.shared.connection_gone(now, session.has_answers());
        } else {
            self.opening_ended(now);
        }
        if failed && !session.has_answers() {
            self.shared.attempt_failed();
        }
        self.settle(slot);
        if self.stage == Stage::Draining {
            return;
        }
        let state = &mut self.slots[slot];
        if !failed || session.has_answers() {
            state.failures = 0;
            self.open(slot, now);
        } else {
            state.failures += 1;
            let wait = backoff(state.failures, self.context.random.f64());
            self.open_at(slot, now + wait);
        }
    }

    /// Ends what the closing handshake did not end in time.
    fn break_off(&mut self, slot: usize, now: Nanos) {
        if let Some(session) = &mut self.slots[slot].session {
            session.break_off(&mut self.context, now);
            self.engine.close(slot);
            self.slots[slot].session = None;
        }
    }

    // --- Keeping time and books ---

    #[inline]
    fn arm(&mut self, slot: usize) {
        let deadline = self.slots[slot]
            .session
            .as_ref()
            .and_then(|s| s.deadline(&self.context));
        if let Some(deadline) = deadline {
            self.timers.arm(slot, deadline);
        }
    }

    fn hand_over(&mut self, period: Period, now: Nanos) {
        self.send(period, now, None);
    }

    fn say_last_words(&mut self, now: Nanos) {
        let last = self.at_close;
        self.send(Period::After, now, last);
    }

    fn send(&mut self, period: Period, now: Nanos, last: Option<LastWords>) {
        let mut tally = self.context.meter.hand_over(self.outlet.empty());
        tally.connections.alive_at_end = self.alive;
        tally.connections.peak_concurrent = self.peak;
        let handover = Handover {
            worker: 0,
            period,
            stage: self.stage,
            now,
            window: *self.context.meter.window(),
            tally,
            cpu_share: 0.0,
            last,
        };
        self.outlet.send(handover, self.engine.usage());
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
