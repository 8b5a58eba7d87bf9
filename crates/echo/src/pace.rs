//! When answers leave: at once, or held back, and with stalls of the whole thread.
//!
//! All times are absolute, so that what one answer loses by a late wake-up is not passed on to the
//! next. The plain [`Immediate`] reads no clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::answering::Next;
use crate::calibration::Stall;

/// Which connection an answer is for. A place is used again once its connection is gone; the serial
/// tells the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) place: usize,
    pub(crate) serial: u64,
}

/// Answers that are held back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    due: Instant,
    pub(crate) seat: Seat,
    pub(crate) bytes: Box<[u8]>,
    pub(crate) next: Next,
}

/// When answers leave.
pub(crate) trait Pace {
    /// Whether [`Pace::hold`] never takes anything.
    const IMMEDIATE: bool;

    /// A read has just returned: what it brought counts as received now.
    fn arrived(&mut self);

    /// Takes the answers to the latest read, to be released when due; `false` leaves them to be
    /// sent at once.
    fn hold(&mut self, seat: Seat, bytes: &[u8], next: Next) -> bool;

    /// The next answers that are due.
    fn release(&mut self) -> Option<Held>;

    /// When the next answers are due.
    fn next_due(&self) -> Option<Instant>;

    /// Stands still, if a stall is under way, until it is over.
    fn stall(&mut self, stop: &AtomicBool);
}

/// At once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Immediate;

impl Pace for Immediate {
    const IMMEDIATE: bool = true;

    #[inline]
    fn arrived(&mut self) {}

    #[inline]
    fn hold(&mut self, _: Seat, _: &[u8], _: Next) -> bool {
        false
    }

    #[inline]
    fn release(&mut self) -> Option<Held> {
        None
    }

    #[inline]
    fn next_due(&self) -> Option<Instant> {
        None
    }

    #[inline]
    fn stall(&mut self, _: &AtomicBool) {}
}

/// Held back, with stalls.
#[derive(Debug)]
pub(crate) struct Paced {
    delay: Duration,
    /// In the order in which they are due: the delay is the same for all.
    line: VecDeque<Held>,
    stall: Option<Stall>,
    /// The beginning of the next stall.
    stalls_at: Instant,
    arrived: Instant,
}

/// Between two looks at the stop flag during a stall.
const STALL_SLICE: Duration = Duration::from_millis(20);

impl Paced {
    /// Answers held for `delay`; stalls counted from `start`.
    pub(crate) fn new(delay: Duration, stall: Option<Stall>, start: Instant) -> Self {
        Self {
            delay,
            line: VecDeque::new(),
            stall,
            stalls_at: start + stall.map_or(Duration::ZERO, |stall| stall.every),
            arrived: start,
        }
    }

    /// The end of the stall that is under way at `now`, if one is; forgets those that are over.
    fn stall_end(&mut self, now: Instant) -> Option<Instant> {
        let stall = self.stall?;
        while now >= self.stalls_at + stall.length {
            self.stalls_at += stall.every;
        }
        (now >= self.stalls_at).then(|| self.stalls_at + stall.length)
    }
}

impl Pace for Paced {
    const IMMEDIATE: bool = false;

    fn arrived(&mut self) {
        self.arrived = Instant::now();
    }

    fn hold(&mut self, seat: Seat, bytes: &[u8], next: Next) -> bool {
        if self.delay.is_zero() {
            return false;
        }
        self.line.push_back(Held {
            due: self.arrived + self.delay,
            seat,
            bytes: bytes.into(),
            next,
        });
        true
    }

    fn release(&mut self) -> Option<Held> {
        let due = self.line.front()?.due;
        if due > Instant::now() {
            return None;
        }
        self.line.pop_front()
    }

    fn next_due(&self) -> Option<Instant> {
        self.line.front().map(|held| held.due)
    }

    fn stall(&mut self, stop: &AtomicBool) {
        let Some(end) = self.stall_end(Instant::now()) else {
            return;
        };
        while !stop.load(Ordering::Relaxed) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(STALL_SLICE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalls_are_at_absolute_times() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let stall = Stall {
            every: ms(100),
            length: ms(10),
        };
        let mut paced = Paced::new(Duration::ZERO, Some(stall), start);
        let mut end = |at| paced.stall_end(start + ms(at)).map(|end| end - start);
        assert_eq!(end(0), None);
        assert_eq!(end(99), None);
        assert_eq!(end(100), Some(ms(110)));
        assert_eq!(end(109), Some(ms(110)));
        assert_eq!(end(110), None);
        // A loop that slept through three stalls stands still for what is left of the fourth.
        assert_eq!(end(504), Some(ms(510)));
    }

    #[test]
    fn answers_are_released_in_order_and_not_before_they_are_due() {
        let delay = Duration::from_millis(2);
        let mut paced = Paced::new(delay, None, Instant::now());
        let before = Instant::now();
        for place in 0..3 {
            paced.arrived();
            let seat = Seat { place, serial: 0 };
            assert!(paced.hold(seat, b"x", Next::Continue));
        }
        assert!(paced.next_due().unwrap() >= before + delay);
        for place in 0..3 {
            let held = loop {
                if let Some(held) = paced.release() {
                    break held;
                }
            };
            assert!(Instant::now() >= held.due);
            assert_eq!(held.seat.place, place);
        }
        assert_eq!(paced.release(), None);
    }
}
