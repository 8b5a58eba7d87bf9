//! Sessions of one worker that are there, where they come and go: whom of them a message that is due is
//! for.
//!
//! The schedule of the messages does not look who is there. What is due while nobody is waits, with its due
//! time, for whoever comes next.

use std::collections::VecDeque;

use wsbench_load::nanos::Nanos;

use crate::slot::Slot;

/// Position of a slot whose session takes no further message.
const NOWHERE: usize = usize::MAX;

/// Sessions that take messages.
#[derive(Debug)]
pub(super) struct Attendance {
    /// Slots of those that are there, in no order.
    present: Vec<usize>,
    /// Position of each slot in that list.
    positions: Vec<usize>,
    /// Messages that the session in each slot has yet to be given.
    left: Vec<u64>,
    /// Messages of each session in all; `u64::MAX` where its stay is a time.
    each: u64,
    /// Messages due while nobody was there, the oldest first.
    unseated: VecDeque<Nanos>,
}

impl Attendance {
    /// Nobody in so many slots, where each session takes so many messages.
    pub(super) fn new(slots: usize, each: Option<u32>) -> Self {
        Self {
            present: Vec::new(),
            positions: vec![NOWHERE; slots],
            left: vec![0; slots],
            each: each.map_or(u64::MAX, u64::from),
            unseated: VecDeque::new(),
        }
    }

    /// Gives a message to one of those that are there, chosen evenly at random; returns its slot, or `None`
    /// where nobody is.
    pub(super) fn seat<X>(
        &mut self,
        due: Nanos,
        random: &mut fastrand::Rng,
        slots: &mut [Slot<X>],
    ) -> Option<usize> {
        if self.present.is_empty() {
            insert(&mut self.unseated, due);
            return None;
        }
        let slot = self.present[random.usize(..self.present.len())];
        self.give(slot, due, slots);
        Some(slot)
    }

    /// A session is there: what waited for one is for it.
    pub(super) fn enter<X>(&mut self, slot: usize, slots: &mut [Slot<X>]) {
        self.left[slot] = self.each;
        self.positions[slot] = self.present.len();
        self.present.push(slot);
        while self.positions[slot] != NOWHERE
            && let Some(due) = self.unseated.pop_front()
        {
            self.give(slot, due, slots);
        }
    }

    /// The session in a slot takes nothing further: what waits for it goes to others, whose slots are
    /// returned.
    pub(super) fn leave<X>(
        &mut self,
        slot: usize,
        random: &mut fastrand::Rng,
        slots: &mut [Slot<X>],
    ) -> Vec<usize> {
        self.strike(slot);
        let dues = std::mem::take(&mut slots[slot].waiting);
        let heirs = dues.into_iter();
        heirs
            .filter_map(|due| self.seat(due, random, slots))
            .collect()
    }

    /// Messages due while nobody was there, which are taken from here.
    pub(super) fn take_unseated(&mut self) -> VecDeque<Nanos> {
        std::mem::take(&mut self.unseated)
    }

    fn give<X>(&mut self, slot: usize, due: Nanos, slots: &mut [Slot<X>]) {
        insert(&mut slots[slot].waiting, due);
        self.left[slot] -= 1;
        if self.left[slot] == 0 {
            self.strike(slot);
        }
    }

    /// Strikes a slot off the list, if it is there.
    fn strike(&mut self, slot: usize) {
        let position = std::mem::replace(&mut self.positions[slot], NOWHERE);
        if position == NOWHERE {
            return;
        }
        self.present.swap_remove(position);
        if let Some(&moved) = self.present.get(position) {
            self.positions[moved] = position;
        }
    }
}

/// Puts a due time among others in their order.
fn insert(dues: &mut VecDeque<Nanos>, due: Nanos) {
    let at = dues.partition_point(|other| *other <= due);
    dues.insert(at, due);
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Room {
        attendance: Attendance,
        random: fastrand::Rng,
        slots: Vec<Slot<()>>,
    }

    fn room(each: Option<u32>) -> Room {
        Room {
            attendance: Attendance::new(4, each),
            random: fastrand::Rng::with_seed(1),
            slots: std::iter::repeat_with(Slot::default).take(4).collect(),
        }
    }

    impl Room {
        fn seat(&mut self, due: u64) -> Option<usize> {
            let (random, slots) = (&mut self.random, &mut self.slots);
            self.attendance.seat(Nanos(due), random, slots)
        }

        fn enter(&mut self, slot: usize) {
            self.attendance.enter(slot, &mut self.slots);
        }

        fn leave(&mut self, slot: usize) -> Vec<usize> {
            let (random, slots) = (&mut self.random, &mut self.slots);
            self.attendance.leave(slot, random, slots)
        }

        fn waits(&self, slot: usize) -> Vec<u64> {
            self.slots[slot].waiting.iter().map(|due| due.0).collect()
        }
    }

    #[test]
    fn what_is_due_while_nobody_is_there_is_for_whoever_comes_next() {
        let mut room = room(None);
        assert_eq!([1, 2, 3].map(|due| room.seat(due)), [None; 3]);
        room.enter(2);
        assert_eq!(room.waits(2), [1, 2, 3]);
        assert_eq!(room.seat(4), Some(2));
        assert_eq!(room.leave(2), [0_usize; 0]);
        assert_eq!(room.seat(5), None);
        room.enter(0);
        assert_eq!(room.waits(0), [1, 2, 3, 4, 5]);
        assert!(room.attendance.take_unseated().is_empty());
    }

    #[test]
    fn whoever_leaves_hands_on_what_waited_in_the_order_of_due_times() {
        let mut room = room(None);
        room.seat(1);
        room.enter(1);
        room.slots[1].waiting.clear(); // sent
        room.seat(2);
        room.enter(3);
        room.slots[3].waiting.push_back(Nanos(9));
        assert_eq!(room.leave(1), [3]);
        assert_eq!(room.waits(3), [2, 9]);
    }

    #[test]
    fn a_session_of_so_many_messages_is_given_no_more() {
        let mut room = room(Some(2));
        for due in 1..=5 {
            room.seat(due);
        }
        room.enter(0);
        room.enter(1);
        assert_eq!((room.waits(0), room.waits(1)), (vec![1, 2], vec![3, 4]));
        assert_eq!(room.attendance.take_unseated(), [Nanos(5)]);
        assert_eq!(room.seat(6), None, "all have had theirs");
    }

    #[test]
    fn all_that_are_there_are_given_alike() {
        let mut room = room(None);
        (0..4).for_each(|slot| room.enter(slot));
        room.leave(1);
        let mut given = [0_u32; 4];
        for due in 0..3_000 {
            given[room.seat(due).unwrap()] += 1;
        }
        assert_eq!(given[1], 0);
        let others = [given[0], given[2], given[3]];
        assert!(
            others.iter().all(|it| it.abs_diff(1_000) < 150),
            "{given:?}"
        );
    }
}
