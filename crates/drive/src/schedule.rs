//! The open loop of one worker: which messages have come due, and on which connection.
//!
//! It looks at the clock and the plan, never at the server. Messages that their connection cannot
//! take wait in the slot, with their due time.

mod attendance;

use std::collections::VecDeque;
use std::ops::Range;

use wsbench_load::arrival::{Arrivals, Schedule, ScheduleSeat, seed_of};
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
    /// Messages of each voice that slots of this worker have; none where none of them sends.
    streams: Vec<Stream>,
    /// The stream whose message is next.
    at: usize,
    random: fastrand::Rng,
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

/// Messages of one voice.
#[derive(Clone, Debug)]
struct Stream {
    arrivals: Arrivals,
    /// Instant at which its next message is due; `Nanos::MAX` when none is.
    next: Nanos,
    /// Slots that send them.
    senders: Range<usize>,
}

impl Stream {
    /// Those of worker `index`, one for each voice of which it has slots.
    fn all(plan: &Plan, index: usize, schedule: &Schedule) -> Vec<Self> {
        let clients = &plan.clients;
        let voices: Vec<(u32, f64)> = clients
            .roles
            .iter()
            .filter_map(|role| Some((role.connections, role.voice.as_ref()?.share)))
            .collect();
        let whole = [(clients.publishers(), 1.0)];
        let voices = match voices.is_empty() {
            true => &whole[..],
            false => &voices[..],
        };
        let (mut before, workers) = (0, plan.threads);
        let mut streams = Vec::new();
        for (number, &(connections, share)) in (0..).zip(voices) {
            // Its first connection is that of another worker than number 0 where those before end so.
            let turn = index as u32 + workers - before % workers;
            let seat = ScheduleSeat {
                worker: turn % workers,
                workers,
                connections,
            };
            let until = before + connections;
            let senders = [before, until].map(|places| Share::slots_below(plan, index, places));
            before = until;
            if senders[0] == senders[1] {
                continue;
            }
            let seed = seed_of(plan.seed, index as u32) ^ mix_of(number);
            streams.push(Self {
                arrivals: Arrivals::new(&schedule.of_share(share), seat, seed),
                next: Nanos::MAX,
                senders: senders[0]..senders[1],
            });
        }
        streams
    }

    fn advance(&mut self, load_from: Nanos) {
        let due = self.arrivals.next();
        self.next = due.map_or(Nanos::MAX, |due| load_from + due);
    }

    /// Messages of it that are due before `ends` and not taken, no more than `most`.
    fn untaken(&self, load_from: Nanos, ends: Nanos, most: u64) -> u64 {
        if self.next >= ends {
            return 0;
        }
        let ahead = self.arrivals.clone().map(|due| load_from + due);
        let behind = ahead.take_while(|due| *due < ends);
        std::iter::once(self.next)
            .chain(behind)
            .take(most as usize)
            .count() as u64
    }
}

/// The difference of a voice's random choices from those of the first, which are as if it were alone.
fn mix_of(voice: u64) -> u64 {
    voice.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl OpenLoop {
    /// The share of worker `index`, which has so many slots; `None` when the plan is closed loop.
    pub(crate) fn new(plan: &Plan, index: usize, slots: usize) -> Option<Self> {
        let Arrival::Open { schedule, .. } = &plan.clients.arrival else {
            return None;
        };
        let seed = seed_of(plan.seed, index as u32);
        Some(Self {
            streams: Stream::all(plan, index, schedule),
            at: 0,
            random: fastrand::Rng::with_seed(seed ^ 0x736c_6f74_7321),
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
        for stream in &mut self.streams {
            stream.advance(load_from);
        }
        self.choose();
    }

    /// The warm-up ends at `opens`, which is not past.
    pub(crate) fn set_opening(&mut self, opens: Nanos) {
        self.interval_ends = opens;
    }

    /// Messages that came due in the interval that ends at `ends`, taken or not; the next one ends
    /// at `next`. Of those not taken no more are due than the quota holds, `left`.
    pub(crate) fn end_interval(&mut self, ends: Nanos, next: Nanos, left: u64) -> u64 {
        let untaken = match self.next < ends {
            true => self.streams.iter().fold(0, |untaken: u64, stream| {
                untaken + stream.untaken(self.load_from, ends, left - untaken)
            }),
            false => 0,
        };
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

    /// The message that was next has been given to a slot.
    #[inline]
    fn advance(&mut self) {
        if let Some(stream) = self.streams.get_mut(self.at) {
            stream.advance(self.load_from);
        }
        self.choose();
    }

    /// Finds the message that is next.
    #[inline]
    fn choose(&mut self) {
        let streams = self.streams.iter().enumerate();
        let earliest = streams.min_by_key(|(_, stream)| stream.next);
        (self.at, self.next) = earliest.map_or((0, Nanos::MAX), |(at, it)| (at, it.next));
    }

    /// Gives the next message to a session that is there; `None` where nobody is.
    fn seat<X>(&mut self, slots: &mut [Slot<X>]) -> Option<usize> {
        let attendance = self.attendance.as_mut()?;
        attendance.seat(self.next, &mut self.random, slots)
    }

    /// A slot chosen evenly at random, an open one if it is found in a few tries.
    fn pick<X>(&mut self, slots: &[Slot<X>]) -> usize {
        let senders = self.streams[self.at].senders.clone();
        let mut slot = self.random.usize(senders.clone());
        for _ in 0..TRIES {
            if slots[slot].upgraded && !slots[slot].is_slow {
                return slot;
            }
            slot = self.random.usize(senders.clone());
        }
        // Slow readers send nothing.
        let others = (slot..senders.end).chain(senders.start..slot);
        let mut others = others.filter(|other| !slots[*other].is_slow);
        others.next().unwrap_or(slot)
    }
}
