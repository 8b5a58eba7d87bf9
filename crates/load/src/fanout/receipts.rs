//! A worker's receipts: which of its connections have received which message that is under way.
//!
//! A row for each message on the board: how many, the first and the last, and a bit for each
//! connection, so that a message which comes twice is known for what it is, however late, and whoever
//! leaves before it had a message is known exactly. A row is one message's, and so is the memory that
//! its deliveries touch.

use super::board::{self, Board, Publication};
use crate::nanos::Nanos;
use crate::plan::{Plan, RoomSet};
use crate::tally::{Handed, Partial};

/// Bits of a word.
const WORD: u64 = u64::BITS as u64;

/// Steps along the later messages of a sender by which a message is found to have been overtaken.
const LOOKED_AHEAD: u32 = 64;

/// The receipts of one worker.
#[derive(Debug)]
pub(crate) struct Receipts {
    lanes: Box<[OfLane]>,
    /// Words of bits in a row.
    words: usize,
    /// Rows that have something to hand over.
    touched: Vec<(u32, u32)>,
    /// Places of connections that nobody has.
    vacant: Vec<u32>,
    /// Places that were ever given away.
    given: u32,
    /// Connections that have a place, by room.
    members: Box<[u32]>,
}

#[derive(Debug)]
struct OfLane {
    rows: Box<[ReceiptRow]>,
    bits: Box<[u64]>,
    /// The oldest position that may still be awaited.
    awaited_from: u32,
}

/// The receipts of one message.
#[derive(Clone, Copy, Debug, Default)]
struct ReceiptRow {
    /// The message's position and one; zero before the first.
    version: u64,
    /// Receivers in all.
    count: u32,
    /// Those since it was last handed over.
    fresh: u32,
    /// Receivers that left without it, since it was last handed over.
    left: u32,
    first: Nanos,
    last: Nanos,
    own: bool,
    is_measured: bool,
    is_touched: bool,
}

/// Bytes that the board and the receipts of so many workers of a plan, who are in this process, take
/// beside the connections themselves.
#[must_use]
pub fn books_bytes(plan: &Plan, here: u32) -> u64 {
    if !plan.clients.is_fanned_out() {
        return 0;
    }
    let threads = u64::from(plan.threads.max(1));
    let here = u64::from(here);
    let receivers = u64::from(plan.clients.connections).div_ceil(threads);
    let row = size_of::<ReceiptRow>() as u64 + receivers.div_ceil(WORD) * (WORD / 8);
    let rows = threads.saturating_mul(here);
    let rows = rows.saturating_mul(board::lane_length(plan) as u64);
    let memberships = match plan.clients.rooms_each() {
        1 => 0,
        each => receivers * here * u64::from(each) * size_of::<u32>() as u64,
    };
    let rows = rows.saturating_mul(row).saturating_add(memberships);
    rows.saturating_add(board::bytes(plan))
}

/// A receipt, by what had come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// The first of this message on the connection.
    First {
        /// A later message of the same sender had come before.
        overtaken: bool,
    },
    /// A further one.
    Again,
}

impl Receipts {
    /// No receipts, for so many connections in so many rooms and lanes of this length.
    pub(crate) fn new(lanes: u32, length: usize, connections: u32, rooms: u32) -> Self {
        let words = u64::from(connections).div_ceil(WORD) as usize;
        let lane = |_| OfLane {
            rows: vec![ReceiptRow::default(); length].into(),
            bits: vec![0; length * words].into(),
            awaited_from: 0,
        };
        Self {
            lanes: (0..lanes).map(lane).collect(),
            words,
            touched: Vec::new(),
            vacant: Vec::new(),
            given: 0,
            members: vec![0; rooms as usize].into(),
        }
    }

    /// A connection has joined a room.
    pub(crate) fn join(&mut self, room: u32) {
        if let Some(members) = self.members.get_mut(room as usize) {
            *members += 1;
        }
    }

    /// A place for a connection that has joined its rooms.
    pub(crate) fn seat(&mut self) -> u32 {
        self.vacant.pop().unwrap_or_else(|| {
            self.given += 1;
            self.given - 1
        })
    }

    /// The connection at a place has left its rooms.
    pub(crate) fn leave(&mut self, place: u32, rooms: &RoomSet) {
        for room in rooms.as_slice() {
            if let Some(members) = self.members.get_mut(*room as usize) {
                *members -= 1;
            }
        }
        self.vacant.push(place);
    }

    /// Notes for each message sent `from` then on, and for a connection at a place, a member of `rooms`, that
    /// it has left without it. Its own messages are none for it where senders do not hear themselves.
    pub(crate) fn note_absence(
        &mut self,
        board: &Board,
        (connection, place): (u32, u32),
        rooms: &RoomSet,
        from: Nanos,
        is_for: impl Fn(&Publication) -> bool,
    ) {
        let is_deaf = board.hears_own() == Some(false);
        // Of messages from elsewhere not all are known here; the ledger knows who left.
        let here = (0..self.lanes.len() as u32).filter(|lane| !board.is_afar(*lane));
        for lane in here {
            for (position, it) in board.on_lane(lane).rev() {
                if it.sent < from {
                    break; // a lane is in the order in which it was sent on
                }
                let is_own = is_deaf && it.publisher == connection;
                if !rooms.contains(it.room) || is_own || !it.is_measured || !is_for(&it) {
                    continue;
                }
                self.open(lane, position, &it);
                if !self.has(lane, position, place) {
                    self.row(lane, position).left += 1;
                    self.touch(lane, position);
                }
            }
        }
    }

    /// Notes of a message that so many of its receivers have left. One that left just then, on another
    /// thread, may have noted it as well: within some tens of nanoseconds it is counted twice.
    pub(crate) fn note_leavers(
        &mut self,
        (lane, position): (u32, u32),
        it: &Publication,
        number: u32,
    ) {
        self.open(lane, position, it);
        self.row(lane, position).left += number;
        self.touch(lane, position);
    }

    /// Notes a receipt at `at` of a message by the connection at a place; `own` says that it is its
    /// sender.
    #[inline]
    pub(crate) fn note(
        &mut self,
        board: &Board,
        (lane, position): (u32, u32),
        it: &Publication,
        place: u32,
        at: Nanos,
        own: bool,
    ) -> Receipt {
        self.open(lane, position, it);
        let index = self.index(lane, position);
        let (word, mask) = self.bit(lane, position, place);
        let of_lane = &mut self.lanes[lane as usize];
        let bits = &mut of_lane.bits[word];
        if *bits & mask != 0 {
            return Receipt::Again;
        }
        *bits |= mask;
        let row = &mut of_lane.rows[index];
        row.count += 1;
        row.fresh += 1;
        row.first = row.first.min(at);
        row.last = row.last.max(at);
        row.own |= own;
        if !std::mem::replace(&mut row.is_touched, true) {
            self.touched.push((lane, position));
        }
        let overtaken = self.is_overtaken(board, lane, position, place);
        Receipt::First { overtaken }
    }

    /// True if a later message of the same sender has come by the connection at a place.
    #[inline]
    fn is_overtaken(&self, board: &Board, lane: u32, position: u32, place: u32) -> bool {
        let mut at = position;
        for _ in 0..LOOKED_AHEAD {
            let Some(next) = board.next_of(lane, at) else {
                return false;
            };
            let row = &self.lanes[lane as usize].rows[self.index(lane, next)];
            if row.version == u64::from(next) + 1 && self.has(lane, next, place) {
                return true;
            }
            at = next;
        }
        false
    }

    /// True while a connection of this worker may still receive a message that was sent, within its
    /// `timeout` at `now`. To be asked once nothing more is sent, for it walks along what is under
    /// way, each message once.
    pub(crate) fn is_awaiting(
        &mut self,
        board: &Board,
        worker: u32,
        now: Nanos,
        timeout: Nanos,
    ) -> bool {
        let hears = board.hears_own().unwrap_or(true);
        for lane in 0..self.lanes.len() as u32 {
            let head = board.head(lane);
            let length = self.lanes[lane as usize].rows.len() as u32;
            let oldest = head.saturating_sub(length);
            let from = self.lanes[lane as usize].awaited_from.max(oldest);
            let awaits = |position: u32| {
                let Some(it) = board.look_up(lane, position) else {
                    return false;
                };
                let members = self.members.get(it.room as usize).copied().unwrap_or(0);
                let lacks_own = lane == worker && !hears && it.is_member;
                let wanted = members.saturating_sub(u32::from(lacks_own));
                let row = &self.lanes[lane as usize].rows[self.index(lane, position)];
                let is_its = row.version == u64::from(position) + 1;
                let is_open = it.is_measured && it.due + timeout > now;
                is_open && (if is_its { row.count } else { 0 }) < wanted
            };
            let first = (from..head).find(|position| awaits(*position));
            self.lanes[lane as usize].awaited_from = first.unwrap_or(head);
            if first.is_some() {
                return true;
            }
        }
        false
    }

    /// Says that senders do not hear themselves where a message of this worker's has been with all of
    /// its other members of the room for `grace`.
    pub(crate) fn judge_hearing(&self, board: &Board, worker: u32, now: Nanos, grace: Nanos) {
        if board.hears_own().is_some() {
            return;
        }
        let Some(lane) = self.lanes.get(worker as usize) else {
            return;
        };
        for row in lane.rows.iter().filter(|row| row.version > 0) {
            let position = (row.version - 1) as u32;
            let it = board.look_up(worker, position).filter(|it| it.is_member);
            let room = it.map(|it| it.room);
            let members = room.and_then(|room| self.members.get(room as usize));
            let others = members.map_or(0, |members| members.saturating_sub(1));
            let is_with_all = others > 0 && row.count >= others;
            if is_with_all && !row.own && row.last + grace <= now {
                return board.set_hears_own(false);
            }
        }
    }

    /// Hands over what has come since that was last done.
    pub(crate) fn hand_over(&mut self, board: &Board, into: &mut Handed) {
        for (lane, position) in std::mem::take(&mut self.touched) {
            let index = self.index(lane, position);
            let row = &mut self.lanes[lane as usize].rows[index];
            if row.version != u64::from(position) + 1 {
                continue; // written over: it is past its deadline by far
            }
            row.is_touched = false;
            let (count, left) = (
                std::mem::take(&mut row.fresh),
                std::mem::take(&mut row.left),
            );
            if row.is_measured {
                into.partials.push(Partial {
                    lane,
                    position,
                    count,
                    left,
                    own: row.own,
                    first: row.first,
                    last: row.last,
                    from_afar: board.is_afar(lane),
                });
            }
        }
    }

    /// Makes the row of a message its own, if it is not.
    #[inline]
    fn open(&mut self, lane: u32, position: u32, it: &Publication) {
        let version = u64::from(position) + 1;
        let index = self.index(lane, position);
        let words = self.words;
        let of_lane = &mut self.lanes[lane as usize];
        if of_lane.rows[index].version == version {
            return;
        }
        of_lane.bits[index * words..(index + 1) * words].fill(0);
        of_lane.rows[index] = ReceiptRow {
            version,
            first: Nanos::MAX,
            is_measured: it.is_measured,
            ..ReceiptRow::default()
        };
    }

    #[inline]
    fn touch(&mut self, lane: u32, position: u32) {
        let row = self.row(lane, position);
        if !std::mem::replace(&mut row.is_touched, true) {
            self.touched.push((lane, position));
        }
    }

    #[inline]
    fn index(&self, lane: u32, position: u32) -> usize {
        position as usize & (self.lanes[lane as usize].rows.len() - 1)
    }

    #[inline]
    fn row(&mut self, lane: u32, position: u32) -> &mut ReceiptRow {
        let index = self.index(lane, position);
        &mut self.lanes[lane as usize].rows[index]
    }

    /// The word and the mask of a connection's bit.
    #[inline]
    fn bit(&self, lane: u32, position: u32, place: u32) -> (usize, u64) {
        let word = self.index(lane, position) * self.words + (u64::from(place) / WORD) as usize;
        (word, 1 << (u64::from(place) % WORD))
    }

    #[inline]
    fn has(&self, lane: u32, position: u32, place: u32) -> bool {
        let (word, mask) = self.bit(lane, position, place);
        self.lanes[lane as usize].bits[word] & mask != 0
    }
}
