//! The board: what the workers of a process publish to each other of the messages that they send.
//!
//! A lane a worker, a ring of its latest messages. A lane is written by its own worker alone, once a
//! message, before the bytes are handed to the socket, so nobody receives what is not on it; it is
//! read by all of them, once a delivery. Entries are atomics: a reader that meets a half-written one
//! sees that its version is not the one that it asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering, fence};

use crate::nanos::Nanos;
use crate::plan::{Arrival, Plan};

/// Entries of the shortest lane.
const SHORTEST: u64 = 256;
/// Time beyond the time-out for which messages stay on the board.
const BEYOND: f64 = 1.0;
/// A lane has room for so many times the messages that are due in that time.
const SLACK: f64 = 2.0;

/// The version of an entry that is being written.
const TORN: u64 = u64::MAX;

const UNKNOWN: u8 = 0;
const HEARD: u8 = 1;
const UNHEARD: u8 = 2;

/// The messages that the workers of a process publish to each other. Clones share it.
#[derive(Clone, Debug)]
pub struct Board(Arc<Sheets>);

#[derive(Debug)]
struct Sheets {
    lanes: Box<[Lane]>,
    /// Members of each room.
    rooms: Box<[AtomicU32]>,
    /// Members that have ever joined.
    joined: AtomicU32,
    hears_own: AtomicU8,
}

#[derive(Debug)]
struct Lane {
    entries: Box<[Notice]>,
    /// Messages that were ever put on it.
    head: AtomicU32,
}

/// A message on the board. The version is its position and one, zero before the first.
#[derive(Debug, Default)]
struct Notice {
    version: AtomicU64,
    due: AtomicU64,
    sent: AtomicU64,
    /// Connection above, room below, 32 bits each.
    origin: AtomicU64,
    /// Number of members above, below a bit of whether it is measured and one of whether its sender is a
    /// member.
    facts: AtomicU64,
    /// Position and one of the next message of the same connection, zero while there is none.
    next: AtomicU64,
}

/// A message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Number of the connection that sent it.
    pub publisher: u32,
    /// Instant at which it was due.
    pub due: Nanos,
    /// Instant at which the write that carries it began.
    pub sent: Nanos,
    /// Its room.
    pub room: u32,
    /// Members of that when it was sent, its sender among them where it is one.
    pub members: u32,
    /// True where its sender is a member.
    pub is_member: bool,
    /// True of one that was due within the measured window.
    pub is_measured: bool,
}

impl Board {
    /// An empty board for the workers of a plan; one without room where messages are for their sender
    /// alone.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let lanes = if plan.clients.is_fanned_out() {
            plan.threads
        } else {
            0
        };
        let length = lane_length(plan);
        let lane = |_| Lane {
            entries: std::iter::repeat_with(Notice::default)
                .take(length)
                .collect(),
            head: AtomicU32::new(0),
        };
        let rooms = plan.clients.exchange.room_count() as usize;
        let rooms = std::iter::repeat_with(AtomicU32::default).take(rooms);
        Self(Arc::new(Sheets {
            lanes: (0..lanes).map(lane).collect(),
            rooms: rooms.collect(),
            joined: AtomicU32::new(0),
            hears_own: AtomicU8::new(UNKNOWN),
        }))
    }

    /// Lanes, one a worker.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.0.lanes.len() as u32
    }

    /// Puts a message on a lane, at a position that follows those before it. Only the lane's own worker
    /// may. `previous` is the position of the one that the same connection sent before.
    pub fn publish(&self, lane: u32, position: u32, it: &Publication, previous: Option<u32>) {
        let Some(lane) = self.0.lanes.get(lane as usize) else {
            return;
        };
        let version = u64::from(position) + 1;
        if let Some(previous) = previous {
            let before = lane.at(previous);
            if before.version.load(Ordering::Relaxed) == u64::from(previous) + 1 {
                before.next.store(version, Ordering::Relaxed);
            }
        }
        let entry = lane.at(position);
        entry.version.store(TORN, Ordering::Relaxed);
        fence(Ordering::Release);
        let origin = u64::from(it.publisher) << 32 | u64::from(it.room);
        let bits = u64::from(it.is_member) << 1 | u64::from(it.is_measured);
        let facts = u64::from(it.members) << 32 | bits;
        entry.due.store(it.due.0, Ordering::Relaxed);
        entry.sent.store(it.sent.0, Ordering::Relaxed);
        entry.origin.store(origin, Ordering::Relaxed);
        entry.facts.store(facts, Ordering::Relaxed);
        entry.next.store(0, Ordering::Relaxed);
        entry.version.store(version, Ordering::Release);
        lane.head.store(position.wrapping_add(1), Ordering::Release);
    }

    /// The position behind the latest message of a lane.
    #[must_use]
    pub fn head(&self, lane: u32) -> u32 {
        let lane = self.0.lanes.get(lane as usize);
        lane.map_or(0, |lane| lane.head.load(Ordering::Acquire))
    }

    /// The messages that are on a lane, with their positions.
    pub fn on_lane(&self, lane: u32) -> impl Iterator<Item = (u32, Publication)> + '_ {
        let head = self.head(lane);
        let lanes = &self.0.lanes;
        let length = lanes.get(lane as usize).map_or(0, |it| it.entries.len());
        let positions = head.saturating_sub(length as u32)..head;
        positions.filter_map(move |position| Some((position, self.look_up(lane, position)?)))
    }

    /// The message at a position of a lane; `None` where it is not there yet, or no more.
    #[inline]
    #[must_use]
    pub fn look_up(&self, lane: u32, position: u32) -> Option<Publication> {
        let entry = self.0.lanes.get(lane as usize)?.at(position);
        let version = u64::from(position) + 1;
        if entry.version.load(Ordering::Acquire) != version {
            return None;
        }
        let due = Nanos(entry.due.load(Ordering::Relaxed));
        let sent = Nanos(entry.sent.load(Ordering::Relaxed));
        let origin = entry.origin.load(Ordering::Relaxed);
        let facts = entry.facts.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        (entry.version.load(Ordering::Relaxed) == version).then_some(Publication {
            publisher: (origin >> 32) as u32,
            due,
            sent,
            room: origin as u32,
            members: (facts >> 32) as u32,
            is_member: facts & 2 == 2,
            is_measured: facts & 1 == 1,
        })
    }

    /// The position of the next message of the same connection, once it has sent one.
    #[inline]
    #[must_use]
    pub fn next_of(&self, lane: u32, position: u32) -> Option<u32> {
        let entry = self.0.lanes.get(lane as usize)?.at(position);
        let next = entry.next.load(Ordering::Relaxed).checked_sub(1)?;
        fence(Ordering::Acquire);
        let is_there = entry.version.load(Ordering::Relaxed) == u64::from(position) + 1;
        is_there.then_some(next as u32)
    }

    /// A member has joined its rooms: how many had joined any before it.
    pub fn arrive(&self) -> u32 {
        self.0.joined.fetch_add(1, Ordering::SeqCst)
    }

    /// A member has joined a room.
    pub fn join(&self, room: u32) {
        if let Some(members) = self.0.rooms.get(room as usize) {
            members.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A member has left a room.
    pub fn leave(&self, room: u32) {
        if let Some(members) = self.0.rooms.get(room as usize) {
            members.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Members of a room.
    #[must_use]
    pub fn members(&self, room: u32) -> u32 {
        let members = self.0.rooms.get(room as usize);
        members.map_or(0, |members| members.load(Ordering::SeqCst))
    }

    /// Whether senders hear their own messages, once that has been seen.
    #[inline]
    #[must_use]
    pub fn hears_own(&self) -> Option<bool> {
        match self.0.hears_own.load(Ordering::Relaxed) {
            HEARD => Some(true),
            UNHEARD => Some(false),
            _ => None,
        }
    }

    /// Says whether senders hear their own messages. The first word stays.
    pub fn set_hears_own(&self, hears: bool) {
        let word = if hears { HEARD } else { UNHEARD };
        let _ =
            self.0
                .hears_own
                .compare_exchange(UNKNOWN, word, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl Lane {
    /// The entry of a position. Lanes have a power of two of them.
    #[inline]
    fn at(&self, position: u32) -> &Notice {
        &self.entries[position as usize & (self.entries.len() - 1)]
    }
}

/// Messages that a lane has room for: those of the time-out and more at the highest rate, a power of
/// two.
#[must_use]
pub fn lane_length(plan: &Plan) -> usize {
    let Arrival::Open { schedule, .. } = &plan.clients.arrival else {
        return SHORTEST as usize;
    };
    let rates = schedule.stretches.iter();
    let highest = rates.fold(0.0_f64, |highest, stretch| {
        highest.max(stretch.from_per_s).max(stretch.to_per_s)
    });
    let senders = plan.threads.min(plan.clients.publishers());
    let share = highest / f64::from(senders.max(1));
    let messages = share * (plan.clients.timeout.as_secs_f64() + BEYOND) * SLACK;
    let length = (messages as u64).clamp(SHORTEST, 1 << 31);
    length.next_power_of_two() as usize
}

/// Bytes of the board of a plan.
pub(super) fn bytes(plan: &Plan) -> u64 {
    let entries = u64::from(plan.threads.max(1)).saturating_mul(lane_length(plan) as u64);
    entries.saturating_mul(size_of::<Notice>() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::{Process, Schedule, Stretch};
    use crate::plan::{Audience, PlanSpec};

    fn board(threads: u32) -> Board {
        let mut spec = PlanSpec::against("ws://h/".parse().unwrap());
        (spec.threads, spec.clients.connections) = (threads, 8);
        spec.clients.exchange.audience = Audience::All;
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule {
                process: Process::Poisson,
                stretches: vec![Stretch {
                    length: Nanos::MAX,
                    from_per_s: 10.0,
                    to_per_s: 10.0,
                }],
            },
            max_in_flight: 8,
        };
        Board::new(&spec.check().unwrap())
    }

    fn publication(publisher: u32) -> Publication {
        Publication {
            publisher,
            due: Nanos(7),
            sent: Nanos(9),
            room: 0,
            members: 8,
            is_member: true,
            is_measured: true,
        }
    }

    #[test]
    fn a_message_is_found_while_it_is_on_the_board_and_by_its_own_position() {
        let board = board(2);
        let length = lane_length_of(&board);
        assert_eq!(board.look_up(1, 0), None, "nothing was sent");
        board.publish(1, 0, &publication(3), None);
        assert_eq!(board.look_up(1, 0), Some(publication(3)));
        assert_eq!(board.look_up(0, 0), None, "it is on another lane");
        assert_eq!(board.look_up(1, length), None, "it is another position");
        board.publish(1, length, &publication(5), None);
        assert_eq!(board.look_up(1, 0), None, "it was written over");
        assert_eq!(board.look_up(2, 0), None, "there is no such lane");
    }

    #[test]
    fn the_next_message_of_a_connection_is_known_from_the_one_before() {
        let board = board(1);
        board.publish(0, 0, &publication(3), None);
        board.publish(0, 1, &publication(4), None);
        assert_eq!(board.next_of(0, 0), None);
        board.publish(0, 2, &publication(3), Some(0));
        assert_eq!((board.next_of(0, 0), board.next_of(0, 1)), (Some(2), None));
    }

    #[test]
    fn what_is_said_first_of_hearing_oneself_stays() {
        let board = board(1);
        assert_eq!(board.hears_own(), None);
        board.set_hears_own(false);
        board.set_hears_own(true);
        assert_eq!(board.hears_own(), Some(false));
    }

    fn lane_length_of(board: &Board) -> u32 {
        board.0.lanes[0].entries.len() as u32
    }

    /// Whoever reads while the same place is written over and over gets a whole message or none.
    #[test]
    fn no_reader_sees_half_a_message() {
        let board = board(1);
        let length = lane_length_of(&board);
        let of = |round: u32| Publication {
            publisher: round,
            due: Nanos(u64::from(round)),
            sent: Nanos(u64::from(round) * 2),
            room: round,
            members: round,
            is_member: round % 3 == 1,
            is_measured: round % 2 == 1,
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..20_000 {
                    board.publish(0, round * length, &of(round), None);
                }
            });
            for round in (0..20_000).step_by(7) {
                if let Some(seen) = board.look_up(0, round * length) {
                    assert_eq!(seen, of(round));
                }
            }
        });
    }
}
