//! Rooms: which connections hear each other.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::mix;

/// Bits of a number between 0 and 1.
const UNIT: f64 = 1.0 / (1_u64 << 53) as f64;

/// The rooms that connections are members of, each of one.
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
}

impl Rooms {
    /// So many rooms of one size, numbered.
    #[must_use]
    pub fn numbered(count: u32) -> Self {
        Self {
            names: Vec::new(),
            count,
            zipf: None,
        }
    }

    /// Rooms of one size with these names.
    #[must_use]
    pub fn named(names: Vec<String>) -> Self {
        Self {
            count: u32::try_from(names.len()).unwrap_or(u32::MAX),
            names,
            zipf: None,
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

    /// The room of the connection at a place of the run.
    #[must_use]
    pub fn of(&self, place: u32) -> u32 {
        let count = self.count.max(1);
        let Some(exponent) = self.zipf else {
            return place % count;
        };
        let weight = |room: u32| f64::from(room + 1).powf(-exponent);
        let all: f64 = (0..count).map(weight).sum();
        let drawn = (mix(u64::from(place)) >> 11) as f64 * UNIT * all;
        let mut below = 0.0;
        let found = (0..count).find(|room| {
            below += weight(*room);
            drawn < below
        });
        found.unwrap_or(count - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rooms: &Rooms, places: u32) -> Vec<usize> {
        let mut sizes = vec![0; rooms.count as usize];
        for place in 0..places {
            sizes[rooms.of(place) as usize] += 1;
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
}
