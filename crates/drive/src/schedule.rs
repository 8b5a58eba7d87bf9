//! The open loop of one worker: which messages have come due, and on which connection.
//!
//! It looks at the clock and the plan, never at the server. Messages that their connection cannot
//! take wait in the slot, with their due time.

mod attendance;

use std::collections::VecDeque;

use wsbench_load::arrival::{Arrivals, ScheduleSeat, seed_of};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Plan};

use self::attendance::Attendance;
use crate::share::Share;
use crate::slot::Slot;

/// A slot without an open connection is passed over this often before its user has to wait.
const TRIES: usize = 8;
/// Messages taken at a time when many are due at once, so that answers are read in between.
const BURST: usize = 256;

/// The open loop of one worker.
#[derive(Debug)]
pub(crate) struct OpenLoop {
    arrivals: Arrivals,
    random: fastrand::Rng,
    /// Slots that send, which are the first ones.
    senders: usize,
    load_from: Nanos,
    /// Instant at which the next message is due; `Nanos::MAX` when none is.
    next: Nanos,
    /// Messages due that wait in slots.
    waiting: u64,
    /// Messages that came due before the present interval's end and were not counted before.
    due: u64,
    /// The same, due at its end or later.
    due_after: u64,
    /// Messages not yet taken that an earlier interval has counted.
    counted: u64,
    interval_ends: Nanos,
    /// Slots that were given a message in the present turn.
    touched: Vec<usize>,
    /// Sessions that are there; `None` where connections are held.
    attendance: Option<Box<Attendance>>,
}

impl OpenLoop {
    /// The share of worker `index`, which has so many slots; `None` when the plan is closed loop.
    pub(crate) fn new(plan: &Plan, index: usize, slots: usize) -> Option<Self> {
        let Arrival::Open { schedule, .. } = &plan.clients.arrival else {
            return None;
        };
        let seat = ScheduleSeat {
            worker: index as u32,
            workers: plan.threads,
            connections: plan.clients.publishers(),
        };
        let seed = seed_of(plan.seed, seat.worker);
        Some(Self {
            arrivals: Arrivals::new(schedule, seat, seed),
            random: fastrand::Rng::with_seed(seed ^ 0x736c_6f74_7321),
            senders: Share::senders(plan, index),
            load_from: Nanos::ZERO,
            next: Nanos::MAX,
            waiting: 0,
            due: 0,
            due_after: 0,
            counted: 0,
            interval_ends: Nanos::MAX,
            touched: Vec::with_capacity(BURST),
            attendance: plan.clients.sessions().map(|_| {
                let each = plan.clients.budget();
                Box::new(Attendance::new(slots, each))
            }),
        })
    }

    /// The load begins; its warm-up ends at `opens`.
    pub(crate) fn begin(&mut self, load_from: Nanos, opens: Nanos) {
        self.load_from = load_from;
        self.interval_ends = opens;
        self.advance();
    }

    /// The warm-up ends at `opens`, which is not past.
    pub(crate) fn set_opening(&mut self, opens: Nanos) {
        self.interval_ends = opens;
    }

    /// Messages that came due in the interval that ends at `ends`, taken or not; the next one ends
    /// at `next`. Of those not taken no more are due than the quota holds, `left`.
    pub(crate) fn end_interval(&mut self, ends: Nanos, next: Nanos, left: u64) -> u64 {
        let mut untaken = 0;
        if self.next < ends {
            let mut ahead = self.arrivals.clone();
            let mut due = self.next;
            while due < ends && untaken < left {
                untaken += 1;
                due = ahead.next().map_or(Nanos::MAX, |due| self.load_from + due);
            }
        }
        if ends > self.interval_ends {
            // The load's end came first, after a stall: what is taken is all of this last interval.
            self.due += std::mem::take(&mut self.due_after);
        }
        let due = self.due + untaken - self.counted.min(untaken);
        self.counted = untaken.max(self.counted);
        self.due = std::mem::take(&mut self.due_after);
        self.interval_ends = next;
        due
    }

    /// Messages that wait in slots, or for somebody to be there.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Instant at which the next message is due.
    #[inline]
    pub(crate) fn next(&self) -> Nanos {
        self.next
    }

    /// Nothing more comes due.
    pub(crate) fn end(&mut self) {
        self.next = Nanos::MAX;
    }

    /// The session in a slot is there, where sessions come and go: what waited for one is in its slot.
    pub(crate) fn enter<X>(&mut self, slot: usize, slots: &mut [Slot<X>]) {
        if let Some(attendance) = &mut self.attendance {
            attendance.enter(slot, slots);
        }
    }

    /// The session in a slot takes nothing further: what waited for it is in the slots that are returned,
    /// or waits for whoever comes next.
    pub(crate) fn leave<X>(&mut self, slot: usize, slots: &mut [Slot<X>]) -> Vec<usize> {
        match &mut self.attendance {
            Some(attendance) => attendance.leave(slot, &mut self.random, slots),
            None => Vec::new(),
        }
    }

    /// Due times of the messages that came due while nobody was there, and still wait; they are not counted
    /// out.
    pub(crate) fn take_unseated(&mut self) -> VecDeque<Nanos> {
        let attendance = self.attendance.as_mut();
        attendance.map_or_else(VecDeque::new, |it| it.take_unseated())
    }

    /// True if messages wait in slots.
    pub(crate) fn has_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// One message less waits.
    #[inline]
    pub(crate) fn sent_one(&mut self) {
        self.waiting -= 1;
    }

    /// Gives what has come due by `now` to slots, some of it when it is much; `leave` takes each
    /// message from the quota. Returns the slots that were given any.
    pub(crate) fn take_due<X>(
        &mut self,
        now: Nanos,
        slots: &mut [Slot<X>],
        leave: impl FnMut(Nanos) -> bool,
    ) -> Vec<usize> {
        match self.attendance.is_some() {
            false => self.take::<X, false>(now, slots, leave),
            true => self.take::<X, true>(now, slots, leave),
        }
    }

    /// `COME_AND_GO`: sessions do, and connections are not held.
    #[inline]
    fn take<X, const COME_AND_GO: bool>(
        &mut self,
        now: Nanos,
        slots: &mut [Slot<X>],
        mut leave: impl FnMut(Nanos) -> bool,
    ) -> Vec<usize> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.clear();
        let mut taken = 0;
        while self.next <= now && taken < BURST {
            if !leave(self.next) {
                self.end();
                break;
            }
            if self.counted > 0 {
                self.counted -= 1;
            } else if self.next < self.interval_ends {
                self.due += 1;
            } else {
                self.due_after += 1;
            }
            let slot = if COME_AND_GO {
                self.seat(slots)
            } else {
                let slot = self.pick(slots);
                slots[slot].waiting.push_back(self.next);
                Some(slot)
            };
            self.waiting += 1;
            taken += 1;
            if let Some(slot) = slot
                && !touched.contains(&slot)
            {
                touched.push(slot);
            }
            self.advance();
        }
        touched
    }

    /// Takes the list of slots back, for its memory.
    pub(crate) fn keep(&mut self, touched: Vec<usize>) {
        self.touched = touched;
    }

    fn advance(&mut self) {
        if self.senders == 0 {
            return;
        }
        self.next = self
            .arrivals
            .next()
            .map_or(Nanos::MAX, |due| self.load_from + due);
    }

    /// Gives the next message to a session that is there; `None` where nobody is.
    fn seat<X>(&mut self, slots: &mut [Slot<X>]) -> Option<usize> {
        let attendance = self.attendance.as_mut()?;
        attendance.seat(self.next, &mut self.random, slots)
    }

    /// A slot chosen evenly at random, an open one if it is found in a few tries.
    fn pick<X>(&mut self, slots: &[Slot<X>]) -> usize {
        let mut slot = self.random.usize(..self.senders);
        for _ in 0..TRIES {
            if slots[slot].upgraded && !slots[slot].is_slow {
                return slot;
            }
            slot = self.random.usize(..self.senders);
        }
        // Slow readers send nothing.
        let senders = self.senders;
        let others = (0..senders).map(|ahead| (slot + ahead) % senders);
        let mut others = others.filter(|other| !slots[*other].is_slow);
        others.next().unwrap_or(slot)
    }
}
