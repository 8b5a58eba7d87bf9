//! Probes of the server's clock, where messages carry instants by it: how far it is from ours.
//!
//! One connection of each worker asks the server for the time, again and again: before the window from
//! when it is open, and after the window. The server read its clock between the request and its answer, so
//! each pair bounds the offset from both sides, whatever each way takes; what all of them allow is where it
//! lies.

use std::sync::Arc;

use crate::nanos::Nanos;
use crate::plan::{ClockProbe, Stamp};
use crate::tally::{ClockBounds, ClockReadings};

/// Requests before the window, and after it.
const PROBES: u32 = 16;

/// The probes of one worker.
#[derive(Debug)]
pub(super) struct ClockProbes {
    /// Request that the server answers by its time.
    ask: Arc<str>,
    stamp: Stamp,
    /// Place of the instant in pushes, which are no answers.
    pushed: Option<Stamp>,
    /// Our wall clock when the run began, ns since the Unix epoch.
    epoch_ns: u64,
    readings: ClockReadings,
    /// A connection asks already.
    is_taken: bool,
    is_after: bool,
    /// Requests yet to be made.
    left: u32,
    /// Instant at which the request was composed that is out.
    asked: Option<Nanos>,
    /// Instant at which the first of those after the window is to be made.
    asks_at: Option<Nanos>,
}

impl ClockProbes {
    pub(super) fn new(probe: &ClockProbe, pushed: Option<Stamp>, epoch_ns: u64) -> Self {
        Self {
            ask: Arc::from(probe.ask.as_str()),
            stamp: probe.stamp.clone(),
            pushed,
            epoch_ns,
            readings: ClockReadings::default(),
            is_taken: false,
            is_after: false,
            left: PROBES,
            asked: None,
            asks_at: None,
        }
    }

    /// True, once, for the connection that is to ask: the first of its worker that is open.
    pub(super) fn is_first(&mut self) -> bool {
        !std::mem::replace(&mut self.is_taken, true)
    }

    /// The next request, which is sent right after `now`; `None` where there is none to make.
    pub(super) fn ask(&mut self, now: Nanos) -> Option<Arc<str>> {
        self.asks_at = None;
        self.left = self.left.checked_sub(1)?;
        self.asked = Some(now);
        Some(Arc::clone(&self.ask))
    }

    /// Takes a message that was read by `received` as the answer to the request that is out; says whether
    /// it is that.
    pub(super) fn take(&mut self, received: Nanos, message: &[u8]) -> bool {
        let Some(asked) = self.asked else {
            return false;
        };
        let is_push = |stamp: &Stamp| stamp.unix_ns(message).is_some();
        if self.pushed.as_ref().is_some_and(is_push) {
            return false;
        }
        let Some(read) = self.stamp.unix_ns(message) else {
            return false;
        };
        self.asked = None;
        let own = |at: Nanos| i128::from(self.epoch_ns) + i128::from(at.0);
        // An instant in whole units is any within the unit that follows it.
        let first = i128::from(read);
        let last = first + i128::from(self.stamp.unit_ns());
        let bounds = ClockBounds::within(first - own(received), last - own(asked));
        let of_phase = if self.is_after {
            &mut self.readings.after
        } else {
            &mut self.readings.before
        };
        of_phase.narrow(bounds);
        true
    }

    /// The window has closed at `now`: those after it are to be made.
    pub(super) fn begin_after(&mut self, now: Nanos) {
        if self.readings.before.answers > 0 {
            (self.is_after, self.left, self.asked) = (true, PROBES, None);
            self.asks_at = Some(now);
        }
    }

    /// Instant at which a request is to be made that no answer brings about.
    pub(super) fn asks_at(&self) -> Option<Nanos> {
        self.asks_at
    }

    /// The connection that asks is no more: the next that is open asks in its place, from the beginning
    /// where nothing was known yet.
    pub(super) fn give_up(&mut self) {
        let is_unknown = self.readings.before.answers == 0 && !self.is_after;
        self.left = if is_unknown { PROBES } else { 0 };
        (self.is_taken, self.asked, self.asks_at) = (false, None, None);
    }

    /// True while answers after the window are awaited.
    pub(super) fn is_awaiting(&self) -> bool {
        self.is_after && (self.left > 0 || self.asked.is_some())
    }

    /// Time by which the server's clock is ahead of ours, ns, as it was before the window: the middle of
    /// what is possible; `None` while nothing is known.
    #[inline]
    pub(super) fn ahead_ns(&self) -> Option<i64> {
        self.readings.before.middle_ns()
    }

    /// Readings that are known for good: nothing that further answers may narrow.
    pub(super) fn settled(&self) -> ClockReadings {
        let is_under_way = self.left > 0 || self.asked.is_some();
        let settled = |bounds: ClockBounds, is_its: bool| {
            if is_under_way && is_its {
                ClockBounds::default()
            } else {
                bounds
            }
        };
        ClockReadings {
            before: settled(self.readings.before, !self.is_after),
            after: settled(self.readings.after, self.is_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server whose clock is ahead by 5 ms, over ways of 1 and 3 ms and then of 2 and 1.
    #[test]
    fn each_answer_bounds_the_offset_from_both_sides() {
        let probe = ClockProbe {
            ask: "time".to_owned(),
            stamp: "json:/now:us".parse().unwrap(),
        };
        let ms = Nanos::from_millis;
        let mut clock =
            ClockProbes::new(&probe, Some("json:/E:us".parse().unwrap()), 1_000_000_000);
        assert_eq!(
            (clock.ahead_ns(), clock.take(ms(1), br#"{"now":1}"#)),
            (None, false)
        );
        assert_eq!(&*clock.ask(ms(10)).unwrap(), "time");
        assert!(
            !clock.take(ms(12), br#"{"E":1016000,"now":1}"#),
            "it is a push"
        );
        assert!(!clock.take(ms(12), b"hello"));
        // Read at 11 ms by our clock, 1.016 s after the epoch by the server's.
        assert!(clock.take(ms(14), br#"{"now":1016000}"#));
        assert_eq!(clock.settled(), ClockReadings::default());
        let bounds = clock.readings.before;
        assert_eq!((bounds.low_ns, bounds.high_ns), (2_000_000, 6_001_000));
        assert!(clock.ask(ms(20)).is_some());
        assert!(clock.take(ms(23), br#"{"now":1027000}"#));
        let bounds = clock.readings.before;
        assert_eq!((bounds.low_ns, bounds.high_ns), (4_000_000, 6_001_000));
        assert_eq!(clock.ahead_ns(), Some(5_000_500));
        assert_eq!(bounds.within_ns(), 1_000_500);
        // After the window there are others.
        clock.begin_after(ms(50));
        assert!(clock.is_awaiting() && clock.asks_at() == Some(ms(50)));
        assert!(clock.ask(ms(50)).is_some() && clock.asks_at().is_none());
        assert!(clock.take(ms(52), br#"{"now":1057000}"#));
        assert_eq!(
            (clock.settled().before, clock.settled().after.answers),
            (bounds, 0)
        );
        clock.give_up();
        assert_eq!(clock.settled().after.answers, 1);
        assert!(!clock.is_awaiting());
        assert_eq!(clock.ahead_ns(), Some(5_000_500), "as it was before");
    }

    /// Nothing asked yet of a server that tells milliseconds.
    fn asked_in_ms() -> ClockProbes {
        let probe = ClockProbe {
            ask: "t".to_owned(),
            stamp: "json:/now:ms".parse().unwrap(),
        };
        ClockProbes::new(&probe, None, 0)
    }

    /// The connection that asks may be lost: another one of its worker asks in its place.
    #[test]
    fn another_connection_asks_where_the_first_is_lost() {
        let mut clock = asked_in_ms();
        assert!(clock.is_first() && !clock.is_first());
        assert!(clock.ask(Nanos(1)).is_some());
        clock.give_up();
        assert!(clock.is_first() && !clock.is_first());
        let asked = (0..40).filter(|at| clock.ask(Nanos(*at)).is_some());
        assert_eq!(asked.count() as u32, PROBES, "nothing was known");
        assert!(clock.take(Nanos(50), br#"{"now":0}"#));
        clock.give_up();
        // What is known stays known; behind the window it is asked again.
        assert!(clock.is_first() && clock.ask(Nanos(60)).is_none());
        clock.begin_after(Nanos(70));
        assert!(clock.asks_at() == Some(Nanos(70)) && clock.ask(Nanos(70)).is_some());
    }

    #[test]
    fn so_many_requests_are_made_and_no_more() {
        let mut clock = asked_in_ms();
        let asked = (0..40).filter(|at| clock.ask(Nanos(*at)).is_some());
        assert_eq!(asked.count() as u32, PROBES);
        clock.begin_after(Nanos(50));
        assert!(!clock.is_awaiting(), "nothing was answered before");
    }
}
