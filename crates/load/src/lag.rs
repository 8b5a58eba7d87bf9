//! Why a message left late: the generator's own lateness told apart from the server's
//! back-pressure.
//!
//! A message may leave once it is due and its connection takes it. What lies between the due time
//! and that moment is *blocked*, what comes after is the *generator's*; together they are the send
//! lag. This module knows no clock and books nothing.

use crate::nanos::Nanos;
use crate::pairing::Times;

/// Obstacle that kept a connection from taking messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Obstacle {
    /// There was no open connection: being opened, or lost and not yet replaced.
    #[default]
    Absence,
    /// It had as many messages in flight as it may.
    Limit,
    /// Its socket took no more bytes: the server did not read, or the network did not carry.
    Socket,
}

/// The latest thing that kept a connection from taking messages, and when that was over.
///
/// ```
/// use wsbench_load::{lag::{Blockage, Obstacle}, nanos::Nanos, pairing::Times};
/// let blockage = Blockage { until: Nanos(40), by: Obstacle::Limit };
/// let times = Times { due: Nanos(10), sent: Nanos(45) };
/// assert_eq!((blockage.blocked(times), blockage.generators(times)), (Nanos(30), Nanos(5)));
/// let later = Times { due: Nanos(50), sent: Nanos(51) };
/// assert_eq!((blockage.blocked(later), blockage.generators(later)), (Nanos(0), Nanos(1)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blockage {
    /// From then on the connection took messages.
    pub until: Nanos,
    /// Obstacle that had been in the way.
    pub by: Obstacle,
}

impl Blockage {
    /// Nothing was ever in the way.
    pub const NONE: Self = Self {
        until: Nanos::ZERO,
        by: Obstacle::Absence,
    };

    /// Time for which a message that was due waited for its connection: a part of its send lag.
    #[inline]
    #[must_use]
    pub fn blocked(&self, times: Times) -> Nanos {
        self.until.min(times.sent) - times.due
    }

    /// Time for which it then waited for the generator: the rest of its send lag.
    #[inline]
    #[must_use]
    pub fn generators(&self, times: Times) -> Nanos {
        times.sent - self.until.max(times.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever was in the way and whenever, the two parts make up the send lag.
        #[test]
        fn blocked_and_generator_make_up_the_lag(
            due in 0_u64..1_000, late in 0_u64..1_000, until in 0_u64..3_000,
        ) {
            let times = Times { due: Nanos(due), sent: Nanos(due + late) };
            let blockage = Blockage { until: Nanos(until), by: Obstacle::Socket };
            prop_assert_eq!(blockage.blocked(times) + blockage.generators(times), Nanos(late));
        }
    }
}
