//! A place for one connection at a time, and how long it stays empty after a failure.

use std::collections::VecDeque;

use wsbench_load::nanos::Nanos;
use wsbench_load::session::Session;

/// First pause before a failed connection is tried again.
const FIRST_PAUSE: Nanos = Nanos::from_millis(100);
/// Longest such pause.
const LONGEST_PAUSE: Nanos = Nanos::from_secs(2);

/// A place for one connection at a time.
#[derive(Debug)]
pub(crate) struct Slot<X> {
    pub(crate) session: Option<Session<X>>,
    /// Bytes that the connection has not taken yet.
    pub(crate) backlog: Vec<u8>,
    /// Open loop: messages due here that have not been composed, by their due times.
    pub(crate) waiting: VecDeque<Nanos>,
    /// Attempts in a row that came to nothing.
    pub(crate) failures: u32,
    /// It is among those that back off since the server was last there.
    pub(crate) backs_off: bool,
    /// The TCP connection is there.
    pub(crate) established: bool,
    /// The WebSocket is there.
    pub(crate) upgraded: bool,
    /// Its first attempt has ended, one way or the other.
    pub(crate) settled: bool,
    /// It has had a connection before.
    pub(crate) used: bool,
    /// While it is empty, no connection is opened before this; `Nanos::MAX` while it waits for
    /// its turn.
    pub(crate) opens_at: Nanos,
    /// The server's certificate was refused here: to ask again is no use.
    pub(crate) refused: bool,
    /// It has waited for its turn under the rate of opening, and may open.
    pub(crate) has_turn: bool,
    /// Its connections are slow readers.
    pub(crate) is_slow: bool,
    /// No client is left for it.
    pub(crate) retired: bool,
}

impl<X> Default for Slot<X> {
    /// An empty place.
    fn default() -> Self {
        Self {
            session: None,
            backlog: Vec::new(),
            waiting: VecDeque::new(),
            failures: 0,
            backs_off: false,
            established: false,
            upgraded: false,
            settled: false,
            used: false,
            opens_at: Nanos::ZERO,
            refused: false,
            has_turn: false,
            is_slow: false,
            retired: false,
        }
    }
}

impl<X> Slot<X> {
    /// True if a connection may be opened here.
    pub(crate) fn is_vacant(&self) -> bool {
        self.session.is_none() && !self.retired
    }
}

/// Time to wait after `failures` attempts in a row that came to nothing: bounded exponential, with
/// `jitter` (0.0 to 1.0) taking up to half of it away, so that slots do not march in step.
pub(crate) fn backoff(failures: u32, jitter: f64) -> Nanos {
    let doubled = FIRST_PAUSE.0 << (failures.clamp(1, 8) - 1);
    let pause = doubled.min(LONGEST_PAUSE.0) as f64;
    Nanos((pause * (1.0 - jitter / 2.0)) as u64)
}

#[cfg(test)]
mod tests {
    use wsbench_load::exchange::echo::Echo;
    use wsbench_load::exchange::mixed::Mixed;

    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_jitter_shortens_them() {
        assert_eq!(backoff(1, 0.0), Nanos::from_millis(100));
        assert_eq!(backoff(1, 1.0), Nanos::from_millis(50));
        assert_eq!(backoff(3, 0.0), Nanos::from_millis(400));
        assert_eq!(backoff(3, 1.0), Nanos::from_millis(200));
        assert_eq!(backoff(1_000, 0.0), Nanos::from_secs(2));
    }

    /// A connection's own memory is part of what is promised (PERFORMANCE: 512 bytes idle).
    #[test]
    fn a_slot_is_small() {
        let sizes = [size_of::<Slot<Echo>>(), size_of::<Slot<Mixed>>()];
        assert!(sizes.iter().all(|&size| size <= 352), "{sizes:?}");
    }
}
