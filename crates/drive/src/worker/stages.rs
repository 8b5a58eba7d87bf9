//! The stages of a run as one worker goes through them: connect, warm up, measure, drain, close;
//! and the handing over of its books on the way.

use wsbench_load::exchange::Exchange;
use wsbench_load::meter::{Unanswered, Window};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::StopRule;
use wsbench_load::result::{Ended, Stage, ThreadUsage};
use wsbench_load::session::CLOSE_WAIT;

use super::Worker;
use super::warming::closing;
use crate::engine::Engine;
use crate::part::{Part, Period, ShareEnd};
use crate::schedule::OpenLoop;

impl<E: Engine, X: Exchange> Worker<E, X> {
    /// Moves on to the next stage when it is time.
    pub(super) fn advance(&mut self, now: Nanos) {
        self.check_for_early_end(now);
        if self.stage == Stage::Connecting && self.shared.load_from() < Nanos::MAX {
            self.prepare_load(now);
            if self.shared.load_from() <= now {
                self.begin_load(self.shared.load_from(), now);
            }
        }
        if self.stage == Stage::WarmUp && self.ticking.is_some() {
            self.tick(now);
        }
        if self.stage == Stage::WarmUp && now >= self.context.common.meter.window().opens {
            self.open_window(now);
        }
        while now >= self.interval_ends {
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
            && self.may_close()
            && (X::awaited(&mut self.context, now) == 0 || now >= self.drain_ends() || is_cut_short)
        {
            self.begin_closing(now);
        }
    }

    /// False while other workers send what is for the connections of this one as well.
    fn may_close(&self) -> bool {
        !self.context.common.plan.clients.is_fanned_out()
            || self.shared.is_load_over()
            || self.shared.ended() != Ended::Complete
    }

    pub(super) fn check_for_early_end(&mut self, now: Nanos) {
        if self.stage == Stage::Draining {
            return;
        }
        if self.shared.is_server_dead(now) {
            self.shared.end(Ended::ServerDied);
        }
        match self.shared.ended() {
            Ended::Complete => {}
            why @ (Ended::Interrupted | Ended::NothingConnected | Ended::ServerDied) => {
                // Found by this worker, it holds for all of them.
                self.shared.end(why);
                self.begin_drain(now);
            }
        }
    }

    /// Shortly before the load: whatever takes time that would else be the first messages'.
    pub(super) fn prepare_load(&mut self, now: Nanos) {
        if !std::mem::replace(&mut self.is_prepared, true) {
            self.hand_over(Period::Before, now);
        }
    }

    pub(super) fn begin_load(&mut self, load_from: Nanos, now: Nanos) {
        // In the closed loop nothing is due before the worker is there to send it.
        let load_from = if self.open_loop.is_some() {
            load_from
        } else {
            now
        };
        let found = self.begin_ticking();
        let plan = &self.context.common.plan;
        let opens = found.unwrap_or(load_from + plan.warmup.least);
        let closes = closing(plan.stop, opens);
        self.context.common.meter.set_window(Window {
            load_from,
            opens,
            closes,
        });
        self.context.common.sending = true;
        self.stage = Stage::WarmUp;
        if let Some(open_loop) = &mut self.open_loop {
            open_loop.begin(load_from, opens);
        }
        self.begin_churn(load_from);
        if now >= opens {
            self.open_window(now);
        }
        for slot in 0..self.slots.len() {
            self.pump(slot);
            self.arm(slot);
        }
    }

    pub(super) fn open_window(&mut self, now: Nanos) {
        if self.context.common.plan.warmup.least > Nanos::ZERO {
            self.hand_over(Period::Before, now);
        }
        self.stage = Stage::Measuring;
        self.ticking = None;
        self.usage_at_opening = Some((now, self.engine.usage()));
        self.turns.clear();
        let opens = self.context.common.meter.window().opens;
        self.schedule_drill(opens);
        self.interval_ends = opens + self.context.common.plan.interval;
        self.count_due(opens, self.interval_ends);
    }

    /// Messages that came due by the schedule until `ends`, since that was last asked.
    fn count_due(&mut self, ends: Nanos, next: Nanos) -> u64 {
        let left = self.context.common.quota.at_most();
        let open_loop = self.open_loop.as_mut();
        open_loop.map_or(0, |open_loop| open_loop.end_interval(ends, next, left))
    }

    pub(super) fn end_interval(&mut self, now: Nanos) {
        if self.stage == Stage::Measuring {
            let ends = self
                .interval_ends
                .min(self.context.common.meter.window().closes);
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
        self.interval_ends += self.context.common.plan.interval;
    }

    pub(super) fn is_load_over(&mut self, now: Nanos) -> bool {
        if self.shared.stop.has_sufficed() {
            return true;
        }
        match self.context.common.plan.stop {
            StopRule::Duration(_) => now >= self.context.common.meter.window().closes,
            StopRule::Messages(_) => {
                let waits = self.open_loop.as_ref().is_some_and(OpenLoop::has_waiting);
                self.context.common.quota.is_exhausted()
                    && X::awaited(&mut self.context, now) == 0
                    && !waits
            }
            StopRule::Clients(_) => {
                // Slots that still wait for their turn have no client to wait for.
                self.done == self.slots.len()
                    || (self.context.common.quota.clients_left() == 0
                        && self.slots.iter().all(|slot| slot.session.is_none()))
            }
        }
    }

    pub(super) fn begin_drain(&mut self, now: Nanos) {
        self.give_up_what_waits(now);
        self.context.common.sending = false;
        self.stage = Stage::Draining;
        self.close_window(now);
    }

    /// Closes the books on the measured window; what comes later are answers in the drain.
    pub(super) fn close_window(&mut self, now: Nanos) {
        if self.at_close.is_some() {
            return;
        }
        for slot in 0..self.slots.len() {
            if let Some(session) = &mut self.slots[slot].session {
                session.stop_load(&mut self.context, now);
                self.arm(slot);
            }
        }
        let mut window = *self.context.common.meter.window();
        let usage = self.engine.usage();
        let (opened, before) = self.usage_at_opening.unwrap_or((now, usage));
        let was_open = window.opens <= now;
        // Where nothing closes the window beforehand, it closes with the last answer.
        window.closes = match self.context.common.plan.stop.duration() {
            Some(_) => window.closes.min(now),
            None => now,
        };
        let closed_at = window.closes;
        self.context.common.meter.set_window(window);
        self.context.common.meter.end_silence(now);
        self.close_arriving(now);
        self.close_returning(now);
        if was_open {
            self.hand_over(Period::Interval(self.interval, closed_at), now);
        }
        self.at_close = Some(ShareEnd {
            usage: ThreadUsage {
                user: usage.user - before.user,
                system: usage.system - before.system,
                spun: usage.spun - before.spun,
                wall: now - opened,
                run_wait: usage
                    .run_wait
                    .zip(before.run_wait)
                    .map(|(after, then)| after - then),
                involuntary_switches: usage
                    .involuntary_switches
                    .zip(before.involuntary_switches)
                    .map(|(after, then)| after.saturating_sub(then)),
                turns: self.turns.usage(),
                cpu: None,
            },
            closed_at,
            alive_at_close: self.alive,
            send_gaps: self.context.common.meter.take_gaps(),
        });
    }

    /// Instant from which the last answers are no longer awaited: after twice the longest service
    /// time seen, but a second at least and ten at most, and never beyond the messages' own
    /// time-out.
    pub(super) fn drain_ends(&self) -> Nanos {
        let longest = self.context.common.meter.longest_service();
        let grace = (longest + longest)
            .max(Nanos::from_secs(1))
            .min(Nanos::from_secs(10));
        self.context.common.meter.window().closes
            + grace.min(self.context.common.plan.clients.timeout)
    }

    pub(super) fn begin_closing(&mut self, now: Nanos) {
        self.drained_at = now;
        for slot in 0..self.slots.len() {
            let Some(session) = &mut self.slots[slot].session else {
                continue;
            };
            if session.is_opening() {
                self.abandon_opening(slot);
                continue;
            }
            session.give_up(&mut self.context, now, Unanswered::InFlightAtEnd);
            session.finish(&mut self.context, now);
            self.flush(slot);
            self.arm(slot);
        }
    }

    /// The run ends before this connection has become one: there is nothing to close.
    pub(super) fn abandon_opening(&mut self, slot: usize) {
        self.engine.close(slot);
        let state = &mut self.slots[slot];
        state.session = None;
        self.established -= u64::from(std::mem::take(&mut state.established));
    }

    pub(super) fn is_over(&self, now: Nanos) -> bool {
        self.drained_at != Nanos::MAX && (self.established == 0 || now >= self.closing_ends())
    }

    /// Instant from which the last close is no longer awaited: the closing handshake may take one
    /// wait and the server's FIN another.
    pub(super) fn closing_ends(&self) -> Nanos {
        self.drained_at + CLOSE_WAIT + CLOSE_WAIT
    }

    pub(super) fn stage_ends(&self) -> Nanos {
        let window = *self.context.common.meter.window();
        match self.stage {
            Stage::Connecting => self.shared.load_from(),
            Stage::WarmUp => {
                let tick = self.ticking.map_or(Nanos::MAX, |ticking| ticking.ends);
                window.opens.min(tick)
            }
            Stage::Measuring => window.closes,
            Stage::Draining if self.drained_at == Nanos::MAX => self.drain_ends(),
            Stage::Draining => self.closing_ends(),
        }
    }

    #[inline]
    pub(super) fn arm(&mut self, slot: usize) {
        let state = &self.slots[slot];
        let Some(session) = &state.session else {
            return;
        };
        if let Some(deadline) = session.deadline(&self.context) {
            self.timers.arm(slot, deadline);
        }
        if let Some(slow) = &self.slow {
            self.timers.arm(slot, slow.wakes(slot, self.read_at));
        }
        if let Some(arriving) = &self.arriving {
            self.timers.arm(slot, arriving.leaves(slot));
        }
        // What cannot be written is not sent when it is due, but when the socket takes bytes.
        if let (Some(due), true) = (session.next_due(&self.context), state.backlog.is_empty()) {
            self.timers.arm(slot, due);
        }
    }

    pub(super) fn hand_over(&mut self, period: Period, now: Nanos) {
        self.send(period, now, None);
    }

    pub(super) fn say_last_words(&mut self, now: Nanos) {
        let last = self.at_close.take();
        self.send(Period::After, now, last);
    }

    pub(super) fn send(&mut self, period: Period, now: Nanos, last: Option<ShareEnd>) {
        X::hand_over(&mut self.context, now);
        let mut tally = self.context.common.meter.hand_over(self.outlet.empty());
        tally.connections.alive_at_end = self.alive;
        tally.connections.peak_concurrent = self.peak;
        tally.connections.most_running = self.running.map(|running| running.most());
        tally.connections.least_running = self.running.and_then(|running| running.least());
        let due = match period {
            Period::Interval(_, ends) => {
                self.count_due(ends, ends + self.context.common.plan.interval)
            }
            Period::Before | Period::After => 0,
        };
        let part = Part {
            due,
            in_flight: self.context.common.meter.in_flight(),
            waiting: self.open_loop.as_ref().map_or(0, OpenLoop::waiting),
            share: 0,
            number: 0,
            period,
            stage: self.stage,
            now,
            window: *self.context.common.meter.window(),
            tally,
            cpu_share: 0.0,
            wait_share: 0.0,
            last,
        };
        self.outlet.send(part, self.engine.usage());
    }
}
