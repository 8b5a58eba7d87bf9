//! The board: what the workers of a process publish to each other of the messages that they send.
//!
//! A lane a worker, a ring of its latest messages. A lane is written by its own worker alone, once a
//! message, before the bytes are handed to the socket, so nobody receives what is not on it; it is
//! read by all of them, once a delivery. Entries are atomics: a reader that meets a half-written one
//! sees that its version is not the one that it asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering, fence};

use super::afar::Afar;
use super::lane::Lane;
use super::postmark::PostmarkForm;
use crate::plan::Plan;

pub use super::lane::Publication;

/// Entries of the shortest lane.
const SHORTEST: u64 = 256;
/// Time beyond the time-out for which messages stay on the board.
const BEYOND: f64 = 1.0;
/// A lane has room for so many times the messages that are due in that time.
const SLACK: f64 = 2.0;

const UNKNOWN: u8 = 0;
const HEARD: u8 = 1;
const UNHEARD: u8 = 2;

/// The messages that the workers of a process publish to each other. Clones share it.
#[derive(Clone, Debug)]
pub struct Board(Arc<Sheets>);

#[derive(Debug)]
struct Sheets {
    lanes: Box<[Lane]>,
    /// Members of each room below, those that have ever joined it above, 32 bits each.
    rooms: Box<[AtomicU64]>,
    /// Members that have ever joined.
    joined: AtomicU32,
    hears_own: AtomicU8,
    /// What is known of workers elsewhere; `None` where all of them are here.
    afar: Option<Afar>,
}

/// The members of a room at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCount {
    /// Those that are there.
    pub members: u32,
    /// Those that have ever joined; it begins anew after 2^32.
    pub joins: u32,
}

impl RoomCount {
    /// One that has joined, in a word of both numbers.
    const ONE: u64 = 1 << 32 | 1;

    fn of(word: u64) -> Self {
        Self {
            members: word as u32,
            joins: (word >> 32) as u32,
        }
    }

    /// Members that have left between then and a later instant.
    fn left_until(self, later: Self) -> u32 {
        let gone = |it: Self| it.joins.wrapping_sub(it.members);
        gone(later).wrapping_sub(gone(self))
    }
}

impl Board {
    /// An empty board for the workers of a plan that are `here`, by their numbers; one without room where
    /// messages are for their sender alone.
    #[must_use]
    pub fn new(plan: &Plan, here: &[u32]) -> Self {
        let lanes = if plan.clients.is_fanned_out() {
            plan.threads
        } else {
            0
        };
        let length = lane_length(plan);
        let rooms = plan.clients.exchange.room_count() as usize;
        let rooms = std::iter::repeat_with(AtomicU64::default).take(rooms);
        Self(Arc::new(Sheets {
            lanes: (0..lanes).map(|_| Lane::new(length)).collect(),
            rooms: rooms.collect(),
            joined: AtomicU32::new(0),
            hears_own: AtomicU8::new(UNKNOWN),
            afar: ((here.len() as u32) < lanes).then(|| Afar::new(lanes, here)),
        }))
    }

    /// The form of the postmarks of a plan's messages where not all workers are here.
    pub(crate) fn postmarks(&self, plan: &Plan) -> Option<PostmarkForm> {
        self.is_one_of_several().then(|| PostmarkForm::of(plan))
    }

    /// True where other processes have boards of the same run.
    #[must_use]
    pub(crate) fn is_one_of_several(&self) -> bool {
        self.0.afar.is_some()
    }

    /// The share of so many connections of the whole run that falls to the workers here.
    pub(crate) fn of_those_here(&self, connections: u32) -> u32 {
        let afar = self.0.afar.as_ref();
        afar.map_or(connections, |afar| afar.share_here(connections))
    }

    /// True of the lane of a worker elsewhere.
    pub(crate) fn is_afar(&self, lane: u32) -> bool {
        let afar = self.0.afar.as_ref();
        afar.is_some_and(|afar| afar.is_of(lane))
    }

    /// Puts a message of a worker elsewhere on its lane, if it is not there: one that has come and says this
    /// of itself. False of one that is older than all that the lane has room for.
    pub(crate) fn admit(&self, lane: u32, position: u32, it: &Publication) -> bool {
        let on = self.0.lanes.get(lane as usize).zip(self.0.afar.as_ref());
        on.is_some_and(|(entries, afar)| afar.admit((lane, entries), position, it))
    }

    /// Lanes, one a worker.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.0.lanes.len() as u32
    }

    /// Puts a message on a lane, at a position that follows those before it. Only the lane's own worker
    /// may. `previous` is the position of the one that the same connection sent before.
    pub fn publish(&self, lane: u32, position: u32, it: &Publication, previous: Option<u32>) {
        if let Some(lane) = self.0.lanes.get(lane as usize) {
            lane.publish(position, it, previous);
        }
    }

    /// The position behind the latest message of a lane.
    #[must_use]
    pub fn head(&self, lane: u32) -> u32 {
        let lane = self.0.lanes.get(lane as usize);
        lane.map_or(0, Lane::head)
    }

    /// The messages that are on a lane, with their positions.
    pub fn on_lane(&self, lane: u32) -> impl DoubleEndedIterator<Item = (u32, Publication)> + '_ {
        let head = self.head(lane);
        let lanes = &self.0.lanes;
        let length = lanes.get(lane as usize).map_or(0, Lane::length);
        let positions = head.saturating_sub(length)..head;
        positions.filter_map(move |position| Some((position, self.look_up(lane, position)?)))
    }

    /// The message at a position of a lane; `None` where it is not there yet, or no more.
    #[inline]
    #[must_use]
    pub fn look_up(&self, lane: u32, position: u32) -> Option<Publication> {
        self.0.lanes.get(lane as usize)?.look_up(position)
    }

    /// The position of the next message of the same connection, once it has sent one.
    #[inline]
    #[must_use]
    pub fn next_of(&self, lane: u32, position: u32) -> Option<u32> {
        self.0.lanes.get(lane as usize)?.next_of(position)
    }

    /// A member has joined its rooms: how many had joined any before it.
    pub fn arrive(&self) -> u32 {
        self.0.joined.fetch_add(1, Ordering::SeqCst)
    }

    /// A member has joined a room: how many ever had before it.
    pub fn join(&self, room: u32) -> u32 {
        let word = self.0.rooms.get(room as usize);
        let before = word.map_or(0, |word| word.fetch_add(RoomCount::ONE, Ordering::SeqCst));
        RoomCount::of(before).joins
    }

    /// A member has left a room.
    pub fn leave(&self, room: u32) {
        if let Some(word) = self.0.rooms.get(room as usize) {
            word.fetch_sub(1, Ordering::SeqCst);
        }
        // Whoever publishes meanwhile sees it gone, or is seen by it on the lane.
        fence(Ordering::SeqCst);
    }

    /// Members of a room.
    #[inline]
    #[must_use]
    pub fn members(&self, room: u32) -> RoomCount {
        let word = self.0.rooms.get(room as usize);
        RoomCount::of(word.map_or(0, |word| word.load(Ordering::SeqCst)))
    }

    /// Members of a room that have left since there were so many, as whoever has published meanwhile has to
    /// know it.
    pub fn left_since(&self, room: u32, then: RoomCount) -> u32 {
        fence(Ordering::SeqCst);
        then.left_until(self.members(room))
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

/// Messages that a lane has room for: those of the time-out and more at the highest rate, a power of
/// two.
#[must_use]
pub fn lane_length(plan: &Plan) -> usize {
    let Some(highest) = plan.highest_of_a_worker() else {
        return SHORTEST as usize;
    };
    let messages = highest * (plan.clients.timeout.as_secs_f64() + BEYOND) * SLACK;
    let length = (messages as u64).clamp(SHORTEST, 1 << 31);
    length.next_power_of_two() as usize
}

/// Bytes of the board of a plan.
pub(super) fn bytes(plan: &Plan) -> u64 {
    let entries = u64::from(plan.threads.max(1)).saturating_mul(lane_length(plan) as u64);
    entries.saturating_mul(Lane::ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::{Process, Schedule, Stretch};
    use crate::nanos::Nanos;
    use crate::plan::{Arrival, Audience, PlanSpec};

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
        let here: Vec<u32> = (0..threads).collect();
        Board::new(&spec.check().unwrap(), &here)
    }

    fn publication(publisher: u32) -> Publication {
        Publication {
            publisher,
            due: Nanos(7),
            sent: Nanos(9),
            room: 0,
            members: 8,
            joins: 8,
            voice: 0,
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

    #[test]
    fn who_joins_and_leaves_a_room_is_counted_and_a_message_says_whom_it_was_for() {
        let board = board(1);
        let orders = [board.join(0), board.join(0), board.join(0)];
        assert_eq!(orders, [0, 1, 2]);
        let then = board.members(0);
        board.leave(0);
        let now = board.members(0);
        assert_eq!((now.members, now.joins), (2, 3));
        assert_eq!(
            (board.left_since(0, then), board.left_since(0, now)),
            (1, 0)
        );
        let of = |joins| Publication {
            joins,
            ..publication(3)
        };
        assert_eq!(
            [0, 1, 2, 3].map(|order| of(2).counts(order)),
            [true, true, false, false]
        );
        // Their number begins anew, on a lane after 2^30.
        assert!(of(1).counts(u32::MAX) && !of(u32::MAX).counts(1));
        board.publish(0, 0, &of(1 << 30), None);
        let kept = board.look_up(0, 0).unwrap();
        assert!(kept.joins == 0 && kept.counts((1 << 30) - 1));
    }

    fn lane_length_of(board: &Board) -> u32 {
        board.0.lanes[0].length()
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
            joins: round,
            voice: (round % 16) as u8,
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
