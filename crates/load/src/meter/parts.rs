//! The two parts of a service time: what passed outside of the generator, and how long the answer
//! then waited for it.
//!
//! Arithmetic on three times of one message; where the stamp comes from is the driver's affair.

use crate::nanos::Nanos;

/// A stamp that lies up to this much after the read that brought it is the error of telling one
/// clock's time by another; one that lies further after it is no stamp of that read.
const TOLERANCE: Nanos = Nanos::from_micros(20);

/// A service time in its two parts, which add up to it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServiceTimeParts {
    /// Arrived − sent: server, network and kernel.
    pub(super) outside: Nanos,
    /// Received − arrived: in our own queue.
    pub(super) wait: Nanos,
}

impl ServiceTimeParts {
    /// Divides the span from `sent` to `received` at `arrived`. Nothing where that contradicts
    /// the run's clock: the wall clock, which the kernel stamps by, was set in between.
    #[inline]
    pub(super) fn of(sent: Nanos, arrived: Nanos, received: Nanos) -> Option<Self> {
        let is_plausible = arrived >= sent && arrived <= received + TOLERANCE;
        let arrived = arrived.min(received);
        is_plausible.then(|| Self {
            outside: arrived - sent,
            wait: received - arrived,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_and_a_stamp_from_elsewhere_gives_none() {
        let micros = Nanos::from_micros;
        let (sent, received) = (micros(100), micros(500));
        let of = |arrived| ServiceTimeParts::of(sent, arrived, received);
        let parts = of(micros(170)).unwrap();
        assert_eq!((parts.outside, parts.wait), (micros(70), micros(330)));
        let read_at_once = of(micros(510)).unwrap();
        assert_eq!(read_at_once.wait, Nanos::ZERO, "within the error of clocks");
        assert_eq!(read_at_once.outside, received - sent);
        assert_eq!(of(micros(530)), None, "after it was read");
        assert_eq!(of(micros(99)), None, "before it was asked for");
    }
}
