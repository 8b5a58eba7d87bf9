//! Rooms: which connections hear each other.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::mix;

/// Rooms drawn for each of a connection's, before any that is left is taken.
const ATTEMPTS: u32 = 16;
/// Bits of a number between 0 and 1.
const UNIT: f64 = 1.0 / (1_u64 << 53) as f64;

/// The rooms that connections are members of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rooms {
    /// Their names, as `{room}` puts them in; absent where they are numbered from `room-1` on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Number of rooms. At least 1.
    pub count: u32,
    /// Exponent by which rooms differ in size: the r-th has members in proportion to r^-s (Zipf's
    /// law). Absent where all have as many, as far as whole numbers allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zipf: Option<f64>,
    /// Rooms that each connection is a member of; absent where that is one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub each: u32,
}

fn one() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands members over by reference"
)]
fn is_one(each: &u32) -> bool {
    *each == 1
}

impl Rooms {
    /// So many rooms of one size, numbered.
    #[must_use]
    pub fn numbered(count: u32) -> Self {
        Self {
            names: Vec::new(),
            count,
            zipf: None,
            each: 1,
        }
    }

    /// Rooms of one size with these names.
    #[must_use]
    pub fn named(names: Vec<String>) -> Self {
        Self {
            count: u32::try_from(names.len()).unwrap_or(u32::MAX),
            names,
            zipf: None,
            each: 1,
        }
    }

    /// The name of a room, by its number from 0.
    ///
    /// ```
    /// use wsbench_load::plan::Rooms;
    /// assert_eq!(Rooms::numbered(3).name(2), "room-3");
    /// assert_eq!(Rooms::named(vec!["news".into(), "sport".into()]).name(1), "sport");
    /// ```
    #[must_use]
    pub fn name(&self, room: u32) -> Cow<'_, str> {
        match self.names.get(room as usize) {
            Some(name) => name.into(),
            None => format!("room-{}", room + 1).into(),
        }
    }
}

/// The rooms of each connection of a run, ready to be asked for any.
#[derive(Clone, Debug)]
pub struct Spread {
    count: u32,
    each: u32,
    /// The sum of the weights of each room and of those before it; `None` where all weigh the same.
    sums: Option<Box<[f64]>>,
}

/// The rooms that one connection is a member of, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomSet {
    /// A single one.
    One(u32),
    /// Several, the least first.
    Several(Box<[u32]>),
}

impl Spread {
    /// That of connections over rooms.
    #[must_use]
    pub fn over(rooms: &Rooms) -> Self {
        let count = rooms.count.max(1);
        let sums = rooms.zipf.map(|exponent| {
            let mut below = 0.0;
            let sums = (0..count).map(|room| {
                below += f64::from(room + 1).powf(-exponent);
                below
            });
            sums.collect()
        });
        Self {
            count,
            each: rooms.each.clamp(1, count),
            sums,
        }
    }

    /// All connections in one room.
    #[must_use]
    pub fn together() -> Self {
        Self::over(&Rooms::numbered(1))
    }

    /// The rooms of the connection at a place of the run.
    #[must_use]
    pub fn of(&self, place: u32) -> RoomSet {
        let first = self.drawn(place, 0);
        if self.each == 1 {
            return RoomSet::One(first);
        }
        let mut found = Vec::with_capacity(self.each as usize);
        if self.each == self.count {
            found.extend(0..self.count);
            return RoomSet::Several(found.into());
        }
        let mut turn = 0;
        while found.len() < self.each as usize {
            let mut room = self.drawn(place, turn);
            // Where the great rooms are drawn over and over, the next one that is left has to do.
            while turn >= ATTEMPTS * self.each && found.contains(&room) {
                room = (room + 1) % self.count;
            }
            if !found.contains(&room) {
                found.push(room);
            }
            turn += 1;
        }
        found.sort_unstable();
        RoomSet::Several(found.into())
    }

    /// Room number `turn` of the connection at a place: the next ones in turn, or drawn.
    fn drawn(&self, place: u32, turn: u32) -> u32 {
        let Some((sums, all)) = self
            .sums
            .as_deref()
            .and_then(|sums| Some((sums, sums.last()?)))
        else {
            let before = u64::from(place) * u64::from(self.each) + u64::from(turn);
            return (before % u64::from(self.count)) as u32;
        };
        let drawn = mix(u64::from(turn) << 32 | u64::from(place));
        let drawn = (drawn >> 11) as f64 * UNIT * all;
        let found = sums.partition_point(|below| *below <= drawn) as u32;
        found.min(self.count - 1)
    }
}

impl RoomSet {
    /// The number of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// False: there is one at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// The rooms, the least first.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(room) => std::slice::from_ref(room),
            Self::Several(rooms) => rooms,
        }
    }

    /// The room whose turn it is at a number: one after the other, over and over.
    #[inline]
    #[must_use]
    pub fn at(&self, number: u64) -> u32 {
        match self {
            Self::One(room) => *room,
            Self::Several(rooms) => rooms[(number % rooms.len() as u64) as usize],
        }
    }

    /// True of a room that is among them.
    #[inline]
    #[must_use]
    pub fn contains(&self, room: u32) -> bool {
        match self {
            Self::One(one) => *one == room,
            Self::Several(rooms) => rooms.binary_search(&room).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rooms: &Rooms, places: u32) -> Vec<usize> {
        let mut sizes = vec![0; rooms.count as usize];
        let spread = Spread::over(rooms);
        for place in 0..places {
            let set = spread.of(place);
            assert_eq!(set.len(), rooms.each.min(rooms.count) as usize);
            for room in set.as_slice() {
                sizes[*room as usize] += 1;
            }
        }
        sizes
    }

    #[test]
    fn members_are_spread_evenly_or_by_zipfs_law() {
        assert_eq!(sizes(&Rooms::numbered(3), 10), [4, 3, 3]);
        let rooms = Rooms {
            zipf: Some(1.0),
            ..Rooms::numbered(4)
        };
        // 1 : 1/2 : 1/3 : 1/4 of 25,000.
        for (size, expected) in sizes(&rooms, 25_000)
            .iter()
            .zip([12_000, 6_000, 4_000, 3_000])
        {
            assert!(size.abs_diff(expected) < 300, "{size} of {expected}");
        }
    }
    #[test]
    fn several_rooms_of_a_connection_are_different_ones_and_evenly_filled() {
        let each = |each, count, zipf| Rooms {
            each,
            zipf,
            ..Rooms::numbered(count)
        };
        assert_eq!(sizes(&each(3, 7, None), 70), [30; 7]);
        assert_eq!(
            sizes(&each(3, 10, None), 11),
            [4, 4, 4, 3, 3, 3, 3, 3, 3, 3]
        );
        assert_eq!(sizes(&each(7, 7, None), 5), [5; 7], "all in all");
        assert_eq!(sizes(&each(1, 3, None), 10), [4, 3, 3]);
        let uneven = sizes(&each(2, 5, Some(1.5)), 2_000);
        assert!(uneven.is_sorted_by(|one, next| one > next), "{uneven:?}");
        assert_eq!(uneven.iter().sum::<usize>(), 4_000);
        // Where the law leaves hardly any room but the first, the others are filled all the same.
        let steep = sizes(&each(4, 6, Some(40.0)), 20);
        assert_eq!((steep[0], steep.iter().sum::<usize>()), (20, 80));
    }

    #[test]
    fn the_rooms_of_a_connection_have_their_turns() {
        let rooms = Rooms {
            each: 3,
            ..Rooms::numbered(4)
        };
        let set = Spread::over(&rooms).of(1);
        assert_eq!(set, RoomSet::Several([0, 1, 3].into()));
        let turns: Vec<u32> = (0..4).map(|number| set.at(number)).collect();
        assert_eq!(turns, [0, 1, 3, 0]);
        assert!(set.contains(3) && !set.contains(2));
    }
}
