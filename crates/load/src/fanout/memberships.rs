//! Who was a member of which room and when, of the workers of several processes: the audience of a message
//! beside the members that its sender's own process counts.

use std::collections::BTreeMap;

use crate::nanos::Nanos;
use crate::tally::Move;

/// Members of rooms by worker, as the workers told.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    /// The process of each worker.
    homes: Vec<u32>,
    /// Two of their clocks are one to within this.
    bound: Nanos,
    /// By room and worker.
    rooms: BTreeMap<u32, BTreeMap<u32, OfWorker>>,
    /// Workers of which nothing more is heard, and since when.
    gone: BTreeMap<u32, Nanos>,
}

/// The members of a room that are of one worker.
#[derive(Debug, Default)]
struct OfWorker {
    /// Members before all of `moves`.
    members: u32,
    moves: Vec<Move>,
}

/// The receivers of a message that are of other processes than its sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Elsewhere {
    /// Members when it was due.
    pub(super) members: u32,
    /// Of those, and of all since, so many have left.
    pub(super) left: u32,
}

impl Memberships {
    /// Those of workers whose processes are these.
    pub(super) fn of(homes: Vec<u32>, bound: Nanos) -> Self {
        Self {
            homes,
            bound,
            rooms: BTreeMap::new(),
            gone: BTreeMap::new(),
        }
    }

    fn home(&self, worker: u32) -> Option<&u32> {
        self.homes.get(worker as usize)
    }

    pub(super) fn take(&mut self, moves: &[Move]) {
        for told in moves {
            let of_room = self.rooms.entry(told.room).or_default();
            of_room.entry(told.worker).or_default().moves.push(*told);
        }
    }

    /// All members of a worker have left by then, for nothing more is heard of it; those as well of which
    /// is told only now, since they joined in an interval that others had yet to hand over.
    pub(super) fn give_up(&mut self, worker: u32, at: Nanos) {
        self.gone.entry(worker).or_insert(at);
    }

    /// The receivers elsewhere of a message to a room, of a worker. Who joined within the clocks' bound
    /// before it was due may have been too late, and is none.
    pub(super) fn elsewhere(&self, sender: u32, room: u32, due: Nanos) -> Elsewhere {
        let mut found = Elsewhere::default();
        let sure = due - self.bound;
        for (worker, of_worker) in self.rooms.get(&room).into_iter().flatten() {
            if self.home(*worker) == self.home(sender) {
                continue;
            }
            let gone = self.gone.get(worker).copied();
            if gone.is_some_and(|at| at <= sure) {
                continue;
            }
            found.members += of_worker.members_at(sure);
            if gone.is_some() {
                found.left += of_worker.members_at(Nanos::MAX);
            }
            let later = of_worker.moves.iter().filter(|it| it.at > sure);
            found.left += later.map(|it| it.left).sum::<u32>();
        }
        found
    }

    /// Forgets when what was long ago came about.
    pub(super) fn forget(&mut self, before: Nanos) {
        for of_worker in self.rooms.values_mut().flat_map(BTreeMap::values_mut) {
            of_worker.members = of_worker.members_at(before);
            of_worker.moves.retain(|it| it.at > before);
        }
    }
}

impl OfWorker {
    /// Members at a time.
    fn members_at(&self, at: Nanos) -> u32 {
        let moves = self.moves.iter().filter(|it| it.at <= at);
        let (joined, left) = moves.fold((self.members, 0), |(joined, left), it| {
            (joined + it.joined, left + it.left)
        });
        joined.saturating_sub(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(worker: u32, at: u64, joined: u32, left: u32) -> Move {
        Move {
            worker,
            room: 3,
            at: Nanos(at),
            joined,
            left,
        }
    }

    #[test]
    fn members_elsewhere_are_those_that_surely_were_there_and_leavers_are_known() {
        let mut members = Memberships::of(vec![0, 1, 0, 1], Nanos(10));
        members.take(&[
            told(0, 100, 5, 0),
            told(2, 100, 4, 0),
            told(1, 100, 3, 0),
            told(1, 200, 1, 0),
            told(3, 205, 0, 0),
            told(1, 300, 0, 2),
        ]);
        let at = |members: &Memberships, sender, due| {
            let Elsewhere { members, left } = members.elsewhere(sender, 3, Nanos(due));
            (members, left)
        };
        assert_eq!(
            at(&members, 0, 109),
            (0, 2),
            "within the bound nobody is sure"
        );
        assert_eq!(at(&members, 0, 110), (3, 2));
        assert_eq!(at(&members, 2, 210), (4, 2));
        assert_eq!(at(&members, 0, 310), (2, 0));
        assert_eq!(at(&members, 1, 310), (9, 0));
        assert_eq!(
            at(&members, 9, 50),
            (0, 2),
            "an unknown worker is no home's"
        );
        members.forget(Nanos(250));
        assert_eq!(at(&members, 0, 270), (4, 2));
        members.give_up(1, Nanos(400));
        assert_eq!(
            (at(&members, 0, 350), at(&members, 0, 411)),
            ((2, 2), (0, 0))
        );
        assert_eq!(members.elsewhere(0, 8, Nanos(500)), Elsewhere::default());
    }
}
