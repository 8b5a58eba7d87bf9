//! One generator thread: its connections, its engine, its books, and the turns that tie them.
//!
//! The worker decides when which connection is opened, and moves bytes between engine and
//! sessions. What the bytes mean is the session's affair; the same worker runs over the kernel
//! and over simulated time.

mod opening;
mod returning;
mod sessions;
mod slow;
mod stages;
mod transfer;
mod warming;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use wsbench_load::context::Context;
use wsbench_load::exchange::Exchange;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::{Stage, ThreadUsage};
use wsbench_load::send_gaps::SendGaps;

use self::returning::Returning;
use self::sessions::Arriving;
use self::slow::Slow;
use self::warming::Ticking;
use crate::engine::{Engine, Ready};
use crate::handover::Outlet;
use crate::loop_statistics::LoopStatistics;
use crate::part::ShareEnd;
use crate::running::Running;
use crate::schedule::OpenLoop;
use crate::share::Share;
use crate::shared::Shared;
use crate::slot::Slot;
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

/// State that follows a worker's step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standstill {
    /// A wait, until a connection is ready or the clock reaches this.
    Until(Nanos),
    /// The end: the load was carried out.
    Over,
}

/// One generator thread.
pub struct Worker<E, X: Exchange> {
    engine: E,
    context: Context<X::Local>,
    shared: Arc<Shared>,
    share: Share,
    outlet: Outlet,
    slots: Vec<Slot<X>>,
    timers: Timers,
    stage: Stage,
    /// Schedule of what is due; `None` in the closed loop, where answers say so.
    open_loop: Option<OpenLoop>,
    /// Connections that come by a schedule; `None` where they are held or replaced.
    arriving: Option<Box<Arriving>>,
    /// Slow readers; `None` where there are none.
    slow: Option<Box<Slow>>,
    /// Clients that come back; `None` where the plan says nothing of it.
    returning: Option<Box<Returning>>,
    /// Slots whose first attempt has not ended.
    unsettled: usize,
    /// Slots with a handshake under way, and those that wait for it to be fewer.
    opening: u32,
    waiting: VecDeque<usize>,
    /// Slots that wait before their next attempt, since the last one failed.
    backing_off: Vec<usize>,
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
    /// In the client-replacement model.
    running: Option<Running>,
    done: usize,
    /// Connections begun, successors too.
    begun: u64,
    interval: u32,
    interval_ends: Nanos,
    drained_at: Nanos,
    /// Position in a warm-up whose end is being found from the data.
    ticking: Option<Ticking>,
    usage_at_opening: Option<(Nanos, ThreadUsage)>,
    at_close: Option<ShareEnd>,
    turns: LoopStatistics,
    /// Beginning of the present turn, at the end of a wait, and number of connections it has
    /// served.
    woken: Nanos,
    served: usize,
    /// The latest reading of the clock before a wait.
    read_at: Nanos,
    buffer: Box<[u8]>,
    ready: Vec<Ready>,
    /// Slots that have more to read, and whether the end of the stream is known to follow.
    unread: Vec<(usize, bool)>,
}

impl<E: Engine, X: Exchange> Worker<E, X> {
    /// A worker for its share of the connections.
    pub(crate) fn new(
        engine: E,
        mut context: Context<X::Local>,
        shared: Arc<Shared>,
        outlet: Outlet,
        share: Share,
    ) -> Self {
        let Share {
            worker,
            slots,
            held,
            ..
        } = share;
        let plan = &context.common.plan;
        let per_worker = plan
            .connect
            .rate_per_s
            .map(|rate| rate / f64::from(plan.threads));
        let spacing = per_worker.map_or(Nanos::ZERO, |rate| Nanos((1e9 / rate) as u64));
        let open_loop = OpenLoop::new(plan, worker, slots);
        let arriving = Arriving::new(plan, share);
        let returning = Returning::new(plan, slots);
        let mut places: Vec<Slot<X>> = std::iter::repeat_with(Slot::default).take(slots).collect();
        let slow = Slow::new(plan, share, &mut places);
        // Of those that come and go no first attempt is waited for.
        let awaited = arriving.as_ref().map_or(held, |it| it.awaited(held));
        context.common.meter.tally.connections.asked = awaited as u64;
        for place in &mut places[awaited..] {
            (place.settled, place.opens_at) = (true, Nanos::MAX);
        }
        let gaps = SendGaps::of_worker(plan, worker, held);
        context.common.meter.sample_gaps(gaps);
        Self {
            engine,
            context,
            shared,
            share,
            outlet,
            slots: places,
            timers: Timers::new(slots),
            stage: Stage::Connecting,
            open_loop,
            arriving,
            returning,
            slow,
            unsettled: awaited,
            opening: 0,
            waiting: VecDeque::new(),
            backing_off: Vec::new(),
            spacing,
            next_opening: Nanos::ZERO,
            is_prepared: false,
            is_complete: false,
            alive: 0,
            established: 0,
            peak: 0,
            running: None,
            done: 0,
            begun: 0,
            interval: 0,
            interval_ends: Nanos::MAX,
            drained_at: Nanos::MAX,
            ticking: None,
            usage_at_opening: None,
            at_close: None,
            turns: LoopStatistics::new(),
            woken: Nanos::ZERO,
            served: 0,
            read_at: Nanos::ZERO,
            buffer: vec![0; READ_AT_MOST].into(),
            ready: Vec::with_capacity(1024),
            unread: Vec::new(),
        }
    }

    /// Its number over the whole run.
    pub(crate) fn number(&self) -> u32 {
        self.share.worker as u32
    }

    /// Carries the load out, waiting in the engine between its turns.
    ///
    /// # Errors
    /// The engine's waiting failed; the books up to then have been handed over.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let outcome = self.carry_out();
        self.end();
        outcome
    }

    fn carry_out(&mut self) -> io::Result<()> {
        self.begin();
        while let Standstill::Until(until) = self.step()? {
            let woken = self.wait(until)?;
            self.serve(woken);
        }
        Ok(())
    }

    /// Has the connections opened with the first turn. To be called once, before it.
    pub fn begin(&mut self) {
        let now = self.engine.now();
        self.interval_ends = now + self.context.common.plan.interval;
        if self.arriving.as_ref().is_some_and(|it| it.is_load()) {
            self.begin_arriving(now);
            self.woken = now;
            return;
        }
        for slot in 0..self.share.held {
            self.open_at(slot, now);
        }
        if self.context.common.plan.replaces_clients() {
            self.running = Some(Running::new(self.slots.len()));
            self.begin_load(now, now);
        }
        self.woken = now;
    }

    /// Does all that can be done without waiting: moves on to the next stage, sees to deadlines,
    /// sends what is due. Then a [`wait`](Self::wait) is to follow, and [`serve`](Self::serve), and
    /// the next step; or, when it is over, the [`end`](Self::end).
    ///
    /// # Errors
    /// The engine could not look at what is ready; the end is to follow.
    pub fn step(&mut self) -> io::Result<Standstill> {
        let now = self.engine.now();
        self.advance(now);
        if self.timers.next() <= now {
            // What has arrived is read before anybody's time is up: it was there in time.
            self.look(now)?;
        }
        while let Some(slot) = self.timers.pop(now) {
            self.on_timer(slot, now);
        }
        if self.is_over(now) {
            return Ok(Standstill::Over);
        }
        if self.is_overdue(now) {
            // Answers to what was sent before a stall must not share a read, and its stamp,
            // with answers to what is sent now.
            self.look(now)?;
        }
        self.send_what_is_due(now);
        self.admit(now);
        self.drill(now);
        // Sending takes its time, and waiting by an old clock would be waiting too long.
        let now = self.engine.now();
        if self.served > 0 {
            self.turns.record(now - self.woken, self.served);
        }
        self.served = 0;
        self.read_at = now;
        let until = self
            .timers
            .next()
            .min(self.interval_ends)
            .min(self.stage_ends())
            .min(self.next_due())
            .min(self.arriving.as_ref().map_or(Nanos::MAX, |it| it.next()))
            .min(
                self.returning
                    .as_ref()
                    .map_or(Nanos::MAX, |it| it.cuts_at()),
            );
        let look_up = if self.unread.is_empty() {
            now + LOOK_UP_EVERY
        } else {
            now
        };
        Ok(Standstill::Until(until.min(look_up).max(now)))
    }

    /// Waits in the engine until a connection is ready or the clock reaches `until`; returns when
    /// the wait ended.
    ///
    /// # Errors
    /// The waiting itself failed; the end is to follow.
    pub fn wait(&mut self, until: Nanos) -> io::Result<Nanos> {
        self.engine.wait(self.read_at, until, &mut self.ready)?;
        Ok(self.engine.now())
    }

    /// Serves the connections that were ready when the wait ended, at `woken`: reads all that has
    /// come and sends what follows from it.
    pub fn serve(&mut self, woken: Nanos) {
        self.woken = woken;
        self.serve_ready();
    }

    /// Closes the books, hands them over and drops what connections are left. To be called once,
    /// after the last step.
    pub fn end(&mut self) {
        let now = self.engine.now();
        self.close_window(now);
        for slot in 0..self.slots.len() {
            self.break_off(slot, now);
        }
        self.say_last_words(now);
    }

    /// Serves, in the middle of a turn, what is ready by now.
    fn look(&mut self, now: Nanos) -> io::Result<()> {
        self.read_at = now;
        self.wait(now)?;
        self.serve_ready();
        Ok(())
    }

    fn serve_ready(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        self.served += ready.len();
        for event in ready.drain(..) {
            self.on_ready(event);
            if self.open_loop.is_some() {
                // A turn of many connections must not make the schedule late. If it is late, by a
                // stall, all that came meanwhile is read first.
                let now = self.engine.now();
                if !self.is_overdue(now) {
                    self.send_what_is_due(now);
                }
            }
        }
        self.ready = ready;
        for (slot, closed) in std::mem::take(&mut self.unread) {
            self.read_on(slot, closed);
        }
    }
}
