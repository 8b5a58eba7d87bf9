//! Messages of workers elsewhere, on the board of this process: each is put there by the first of the
//! workers here that receives it.
//!
//! A lane of a worker elsewhere has several writers, so they take turns; it is written once a message, as
//! any lane. Messages may come in another order than they were sent in, and some not at all, so what the
//! sender of a lane here knows, which of its messages follows which, is kept in a set.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::lane::{Lane, Publication};

/// What a process knows of the workers that are elsewhere.
#[derive(Debug)]
pub(super) struct Afar {
    /// By lane: the messages on it, by sender and position; `None` of a worker here.
    known: Box<[Option<Mutex<Known>>]>,
}

type Known = BTreeSet<(u32, u32)>;

impl Afar {
    pub(super) fn new(lanes: u32, here: &[u32]) -> Self {
        let known = |lane: u32| (!here.contains(&lane)).then(Mutex::default);
        Self {
            known: (0..lanes).map(known).collect(),
        }
    }

    /// True of the lane of a worker elsewhere.
    pub(super) fn is_of(&self, lane: u32) -> bool {
        self.known(lane).is_some()
    }

    /// The share of so many connections that falls to the workers here, one at least.
    pub(super) fn share_here(&self, connections: u32) -> u32 {
        let here = self.known.iter().filter(|it| it.is_none()).count() as u32;
        let of_each = connections.div_ceil((self.known.len() as u32).max(1));
        (of_each * here).max(1)
    }

    fn known(&self, lane: u32) -> Option<&Mutex<Known>> {
        self.known.get(lane as usize)?.as_ref()
    }

    /// Puts a message on a lane, if it is not there; false of one that is older than the lane has room for.
    pub(super) fn admit(&self, on: (u32, &Lane), position: u32, it: &Publication) -> bool {
        let (number, lane) = on;
        let Some(known) = self.known(number) else {
            return false;
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = lane.at(position);
        let (there, other) = entry.known();
        let version = u64::from(position) + 1;
        if there >= version {
            return there == version;
        }
        if let Some(before) = there.checked_sub(1) {
            known.remove(&(other, before as u32));
        }
        let of_sender = |from, to| (it.publisher, from)..(it.publisher, to);
        let mut later = known.range(of_sender(position, u32::MAX));
        let next = later.next().map_or(0, |(_, next)| u64::from(*next) + 1);
        let previous = known.range(of_sender(0, position)).next_back();
        let previous = previous.map(|(_, previous)| *previous);
        entry.write(version, it, next);
        if let Some(previous) = previous {
            lane.at(previous).precede(version);
        }
        known.insert((it.publisher, position));
        lane.reach(position);
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::arrival::{Process, Schedule, Stretch};
    use crate::fanout::board::{Board, Publication};
    use crate::nanos::Nanos;
    use crate::plan::{Arrival, Audience, PlanSpec};

    fn board() -> Board {
        let mut spec = PlanSpec::against("ws://h/".parse().unwrap());
        (spec.threads, spec.clients.connections) = (3, 9);
        spec.clients.exchange.audience = Audience::All;
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule {
                process: Process::Poisson,
                stretches: vec![Stretch::level(Nanos::MAX, 10.0)],
            },
            max_in_flight: 8,
        };
        Board::new(&spec.check().unwrap(), &[1])
    }

    fn of(publisher: u32) -> Publication {
        Publication {
            publisher,
            due: Nanos(7),
            sent: Nanos(7),
            room: 0,
            members: 0,
            joins: 0,
            voice: 0,
            is_member: false,
            is_measured: true,
        }
    }

    #[test]
    fn messages_from_elsewhere_are_known_once_the_first_here_has_them() {
        let board = board();
        assert_eq!(
            [0, 1, 2].map(|lane| board.is_afar(lane)),
            [true, false, true]
        );
        assert_eq!(board.look_up(2, 5), None);
        assert!(board.admit(2, 5, &of(2)) && board.admit(2, 5, &of(2)));
        assert_eq!(board.look_up(2, 5), Some(of(2)));
        assert!(!board.admit(1, 0, &of(1)), "whoever is here says so itself");
    }

    /// In whatever order they come, each names the next of its sender that has come.
    #[test]
    fn the_order_of_a_sender_is_known_whatever_the_order_of_arrival() {
        let board = board();
        for position in [7, 1, 4, 9, 2] {
            let sender = if position == 4 { 5 } else { 2 };
            assert!(board.admit(2, position, &of(sender)));
        }
        let next = |position| board.next_of(2, position);
        assert_eq!([1, 2, 7, 9].map(next), [Some(2), Some(7), Some(9), None]);
        assert_eq!(next(4), None, "it is another's");
    }

    #[test]
    fn what_is_older_than_the_lane_is_not_put_over_what_is_newer() {
        let board = board();
        let length = 1 << 12;
        assert!(board.admit(0, length + 3, &of(0)));
        assert!(!board.admit(0, 3, &of(0)));
        assert_eq!(board.look_up(0, length + 3), Some(of(0)));
        assert!(board.admit(0, 4, &of(0)));
        assert_eq!(board.next_of(0, 4), Some(length + 3));
    }
}
