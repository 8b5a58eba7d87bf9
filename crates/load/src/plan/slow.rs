//! Clients that read slowly: how many, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nanos::Nanos;
use crate::seconds;

/// Slow readers among the connections. They send nothing, and are none of the receivers that figures are
/// of: what is told is what they do to the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlowReaders {
    /// Share of the connections, or with roles of those that receive and send nothing, above 0 and below 1;
    /// rounded to whole ones.
    pub share: f64,
    /// Way in which they read.
    pub reads: Reads,
}

/// Way in which a slow reader reads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Reads {
    /// So many bytes a second at most, each reader for itself.
    Rate {
        /// Bytes a second; at least 1.
        bytes_per_s: u32,
    },
    /// Nothing for a while, at the beginning of each period.
    Stall {
        /// Length of a stall, s; shorter than the period.
        #[serde(rename = "length_s", with = "seconds")]
        #[schemars(with = "f64")]
        length: Nanos,
        /// From the beginning of one stall to that of the next, s.
        #[serde(rename = "every_s", with = "seconds")]
        #[schemars(with = "f64")]
        every: Nanos,
    },
}

impl SlowReaders {
    /// Slow readers among so many connections.
    #[must_use]
    pub fn number(&self, connections: u32) -> u32 {
        self.before(u64::from(connections)) as u32
    }

    /// True where connection number `index`, from 0, is a slow reader: they are spread evenly.
    #[must_use]
    pub fn is_one(&self, index: u64) -> bool {
        self.before(index + 1) > self.before(index)
    }

    /// Slow readers among the first so many connections.
    fn before(&self, connections: u64) -> u64 {
        // A hair more, since 5 × (1 / 5) is below 1 in binary.
        (connections as f64 * self.share + 1e-6) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_readers_are_spread_and_add_up() {
        for (number, all) in [(1, 2), (5, 100), (1, 3), (7, 10), (333, 1_000)] {
            let slow = SlowReaders {
                share: f64::from(number) / f64::from(all),
                reads: Reads::Rate { bytes_per_s: 1 },
            };
            assert_eq!(slow.number(all), number);
            let chosen = (0..u64::from(all)).filter(|it| slow.is_one(*it)).count();
            assert_eq!(chosen as u32, number);
            let half = (0..u64::from(all) / 2)
                .filter(|it| slow.is_one(*it))
                .count();
            assert!((half as u32).abs_diff(number / 2) <= 1, "{number} of {all}");
        }
    }
}
