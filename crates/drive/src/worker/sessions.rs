//! Connections that come by a schedule of their own: sessions that come and go whatever the server does,
//! as the load or beside it, and storms, in which all come at once.
//!
//! Their time to be open counts from when they were due. A session that finds no place waits, with its
//! due time. What they send is due after answers, or by a schedule of its own over those that are there.

use std::collections::VecDeque;

use wsbench_load::arrival::{Arrivals, Schedule, ScheduleSeat, seed_of};
use wsbench_load::exchange::Exchange;
use wsbench_load::lag::Obstacle;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, Stay};
use wsbench_load::result::Stage;
use wsbench_load::series::Series;
use wsbench_load::tally::Tally;

use super::Worker;
use crate::engine::Engine;
use crate::share::{Share, churn_places};

/// Sessions of one worker.
#[derive(Debug)]
pub(super) struct Arriving {
    /// Schedule of those that come; `None` in a storm, where all are there from the beginning.
    arrivals: Option<Arrivals>,
    /// Time that each stays; `None` where its round trips say so, or nothing.
    stay: Option<Nanos>,
    /// Beginning of the load.
    began: Nanos,
    /// Instant at which the next is due; `Nanos::MAX` when none is.
    next: Nanos,
    /// Due, without a place.
    waiting: VecDeque<Nanos>,
    /// Slots without a session, the next to be taken last.
    vacant: Vec<usize>,
    /// The first slot of theirs: what is before it carries the load, and they come and go beside it.
    first: usize,
    places: Vec<SessionPlace>,
}

/// What a slot's connection was due for and when it leaves.
#[derive(Clone, Copy, Debug)]
struct SessionPlace {
    /// Instant at which it was due, until it is open; `Nanos::MAX` from then on.
    due: Nanos,
    /// Instant at which its stay ends; `Nanos::MAX` while that is not known.
    leaves: Nanos,
}

impl SessionPlace {
    const NONE: Self = Self {
        due: Nanos::MAX,
        leaves: Nanos::MAX,
    };
}

impl Arriving {
    /// Those of a worker's share; `None` of a plan without such connections.
    pub(super) fn new(plan: &Plan, share: Share) -> Option<Box<Self>> {
        let sessions = plan.clients.comings();
        if sessions.is_none() && !plan.clients.is_storm() {
            return None;
        }
        let (first, places) = match plan.clients.churn {
            Some(_) => (share.held, churn_places(plan)),
            None => (0, plan.clients.connections),
        };
        let seat = ScheduleSeat {
            worker: share.worker as u32,
            workers: plan.threads,
            connections: places,
        };
        let seed = seed_of(plan.seed, seat.worker) ^ 0x7365_7373_696f_6e73;
        let arrivals = sessions.map(|sessions| {
            let schedule = Schedule::level(sessions.process, sessions.per_s);
            Arrivals::new(&schedule, seat, seed)
        });
        let stay = match sessions.map(|sessions| sessions.stay) {
            Some(Stay::Time(length)) => Some(length),
            Some(Stay::RoundTrips(_)) | None => None,
        };
        Some(Box::new(Self {
            arrivals,
            stay,
            began: Nanos::ZERO,
            next: Nanos::MAX,
            waiting: VecDeque::new(),
            vacant: (first..share.slots).rev().collect(),
            first,
            places: vec![SessionPlace::NONE; share.slots - first],
        }))
    }

    /// True of sessions that come and go, and false of a storm.
    fn come_and_go(&self) -> bool {
        self.arrivals.is_some()
    }

    /// Slots whose first attempt is waited for, of so many that carry the load.
    pub(super) fn awaited(&self, held: usize) -> usize {
        match self.come_and_go() {
            true => self.first,
            false => held,
        }
    }

    /// True of a slot that is for whoever comes next once its connection is over.
    pub(super) fn takes_anew(&self, slot: usize) -> bool {
        self.come_and_go() && self.has(slot)
    }

    /// True where they carry the load, and false where they are beside it.
    pub(super) fn is_load(&self) -> bool {
        self.first == 0
    }

    /// True of a slot that is for those that come.
    pub(super) fn has(&self, slot: usize) -> bool {
        slot >= self.first
    }

    /// The place of a slot that is for those that come; `None` of any other.
    fn place(&mut self, slot: usize) -> Option<&mut SessionPlace> {
        let at = slot.checked_sub(self.first)?;
        self.places.get_mut(at)
    }

    fn advance(&mut self) {
        let due = self.arrivals.as_mut().and_then(Iterator::next);
        self.next = due.map_or(Nanos::MAX, |due| self.began + due);
    }

    /// Instant at which the stay in a slot ends; `Nanos::MAX` while that is not known.
    #[inline]
    pub(super) fn leaves(&self, slot: usize) -> Nanos {
        let at = slot.checked_sub(self.first);
        let place = at.and_then(|at| self.places.get(at));
        place.map_or(Nanos::MAX, |place| place.leaves)
    }

    /// Instant at which the next session is due.
    #[inline]
    pub(super) fn next(&self) -> Nanos {
        self.next
    }
}

impl<E: Engine, X: Exchange> Worker<E, X> {
    /// The run begins at `now`: the first sessions come due from then on, or the whole storm does, at the
    /// rate of opening where there is one.
    pub(super) fn begin_arriving(&mut self, now: Nanos) {
        let Some(arriving) = &mut self.arriving else {
            return;
        };
        arriving.began = now;
        if arriving.come_and_go() {
            arriving.advance();
        } else {
            arriving.vacant.clear();
            let spacing = self.spacing;
            for (number, place) in arriving.places.iter_mut().enumerate() {
                place.due = now + Nanos(spacing.0 * number as u64);
            }
            let dues: Vec<Nanos> = arriving.places.iter().map(|place| place.due).collect();
            for (slot, due) in dues.into_iter().enumerate() {
                self.open_at(slot, due);
            }
        }
        self.begin_load(now, now);
    }

    /// The load begins at `load_from`: what comes and goes beside it comes due from then on.
    pub(super) fn begin_churn(&mut self, load_from: Nanos) {
        let beside = self.arriving.as_mut().filter(|it| !it.is_load());
        if let Some(arriving) = beside {
            arriving.began = load_from;
            arriving.advance();
        }
    }

    /// Begins the sessions that have come due by `now`.
    pub(super) fn admit(&mut self, now: Nanos) {
        while let Some(arriving) = &mut self.arriving
            && arriving.next <= now
            && self.stage != Stage::Draining
        {
            let due = arriving.next;
            if due >= self.context.common.meter.window().closes {
                arriving.next = Nanos::MAX;
                return;
            }
            arriving.advance();
            let is_measured = due >= self.context.common.meter.window().opens;
            let counts = &mut self.context.common.meter.tally.sessions;
            counts.due += u64::from(is_measured);
            match arriving.vacant.pop() {
                Some(slot) => self.seat(slot, due, now),
                None => {
                    counts.crowded += u64::from(is_measured);
                    arriving.waiting.push_back(due);
                }
            }
        }
    }

    /// Begins the session that was due at `due`.
    fn seat(&mut self, slot: usize, due: Nanos, now: Nanos) {
        if let Some(place) = self.arriving.as_mut().and_then(|it| it.place(slot)) {
            place.due = due;
        }
        self.open(slot, now);
    }

    /// A connection is open: it was due at a time, and leaves at another.
    pub(super) fn arrived(&mut self, slot: usize, now: Nanos) {
        let Some(arriving) = &mut self.arriving else {
            return;
        };
        let stay = arriving.stay;
        let Some(place) = arriving.place(slot) else {
            return;
        };
        let due = std::mem::replace(&mut place.due, Nanos::MAX);
        place.leaves = stay.map_or(place.leaves, |stay| now + stay);
        if let Some(open_loop) = &mut self.open_loop {
            open_loop.enter(slot, &mut self.slots);
        }
        let meter = &mut self.context.common.meter;
        if due == Nanos::MAX || due < meter.window().opens {
            return;
        }
        let since = self.slots[slot]
            .session
            .as_ref()
            .map_or(due, |it| it.since());
        let tally = &mut meter.tally;
        tally.sessions.opened += 1;
        tally.record(Series::Opening, now - due);
        tally.record(Series::OpeningService, now - since);
        if !arriving.come_and_go() {
            tally.sessions.due += 1;
            tally.record(Series::Storm, now - arriving.began);
        }
    }

    /// The stay in a slot may be over.
    pub(super) fn see_off(&mut self, slot: usize, now: Nanos) {
        let Some(place) = self.arriving.as_mut().and_then(|it| it.place(slot)) else {
            return;
        };
        if place.leaves > now {
            return;
        }
        place.leaves = Nanos::MAX;
        self.hand_on(slot, now);
        if let Some(session) = &mut self.slots[slot].session {
            session.retire(&mut self.context, now);
            self.flush(slot);
        }
    }

    /// The session in a slot takes no further message: those that wait for it are handed on.
    fn hand_on(&mut self, slot: usize, now: Nanos) {
        let Some(open_loop) = &mut self.open_loop else {
            return;
        };
        for heir in open_loop.leave(slot, &mut self.slots) {
            if let Some(session) = &mut self.slots[heir].session {
                session.on_unblocked(now, Obstacle::Absence);
            }
            // By a timer, for whoever ends over sending it hands on what waits there.
            self.timers.arm(heir, now);
        }
    }

    /// The session in a slot is over, or came to nothing: the slot is for the next one.
    pub(super) fn departed(&mut self, slot: usize, now: Nanos) {
        self.hand_on(slot, now);
        let Some(arriving) = &mut self.arriving else {
            return;
        };
        let next = arriving.waiting.pop_front();
        let Some(place) = arriving.place(slot) else {
            return;
        };
        let taken = SessionPlace {
            due: next.unwrap_or(Nanos::MAX),
            ..SessionPlace::NONE
        };
        let place = std::mem::replace(place, taken);
        let meter = &mut self.context.common.meter;
        if place.due < Nanos::MAX && place.due >= meter.window().opens {
            meter.tally.sessions.turned_away += 1;
            let waited = now - place.due;
            if waited >= self.context.common.plan.connect.timeout {
                censor(&mut meter.tally, waited);
            }
        }
        match next {
            // By a timer, for what fails at once must not call itself.
            Some(_) => self.open_at(slot, now),
            None => {
                arriving.vacant.push(slot);
                // A timer of the session that was there opens nothing.
                self.slots[slot].opens_at = Nanos::MAX;
            }
        }
    }

    /// The window closes at `now`: what has not come about by then is known only to take longer.
    pub(super) fn close_arriving(&mut self, now: Nanos) {
        let Some(arriving) = &mut self.arriving else {
            return;
        };
        arriving.next = Nanos::MAX;
        let is_storm = !arriving.come_and_go();
        let opens = self.context.common.meter.window().opens;
        let tally = &mut self.context.common.meter.tally;
        let places = arriving.places.iter().map(|place| place.due);
        let dues = places.chain(arriving.waiting.drain(..));
        for due in dues.filter(|due| *due < Nanos::MAX && *due >= opens) {
            tally.sessions.under_way += 1;
            censor(tally, now - due);
            if is_storm {
                tally.sessions.due += 1;
                let waited = now - arriving.began;
                tally.record(Series::Storm, waited);
                tally.record(Series::StormCensored, waited);
            }
        }
        arriving.places.fill(SessionPlace::NONE);
    }
}

/// A time from due to open that is known only to be longer.
fn censor(tally: &mut Tally, waited: Nanos) {
    tally.record(Series::Opening, waited);
    tally.record(Series::OpeningCensored, waited);
}
