//! Which request an answer belongs to.
//!
//! One `Pairing` a connection keeps the requests in flight in the order of their sending. It
//! knows numbers and times only; the bytes of messages are `message`'s affair. TCP keeps bytes in
//! order, but applications may answer out of order, twice or not at all, so order is verified
//! here and never relied upon.

use std::collections::VecDeque;

use crate::nanos::Nanos;

/// A request in flight.
#[derive(Clone, Copy, Debug)]
struct RequestInFlight {
    due: Nanos,
    /// Zero until stamped just before the write that carries it.
    sent: Nanos,
    /// Over, but still in the ring because an older one is not.
    settled: bool,
}

/// The requests in flight on one connection.
///
/// The oldest entry is never settled, so the ring is empty exactly when nothing is in flight.
#[derive(Debug, Default)]
pub struct Pairing {
    ring: VecDeque<RequestInFlight>,
    /// Number of the next request.
    next: u64,
    /// Entries of the ring that are not settled.
    open: u32,
    /// Newest entries that have been composed but not stamped.
    unstamped: u32,
    /// One more than the highest number that was answered.
    answered_below: u64,
}

/// Instants at which a request was due and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Instant at which it was due.
    pub due: Nanos,
    /// Instant at which the write that carried it began.
    pub sent: Nanos,
}

/// Kind of answer that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// The answer to a request in flight.
    Answer {
        /// Instants at which that was due and sent.
        times: Times,
        /// An answer to a later request had come before.
        reordered: bool,
    },
    /// A further answer to a request that is over.
    Duplicate,
    /// Nothing with this number was ever sent.
    Unasked,
}

impl Pairing {
    /// Requests in flight.
    #[inline]
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.open
    }

    /// Number of the oldest request in flight; `None` when nothing is.
    #[inline]
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        (!self.ring.is_empty()).then(|| self.first())
    }

    /// Instant at which the oldest request in flight was due.
    #[inline]
    #[must_use]
    pub fn oldest_due(&self) -> Option<Nanos> {
        self.ring.front().map(|request| request.due)
    }

    /// True if a later request than the oldest in flight has been answered already: then the
    /// oldest is not merely slow.
    #[must_use]
    pub fn oldest_is_overtaken(&self) -> bool {
        !self.ring.is_empty() && self.answered_below > self.first()
    }

    /// Requests in flight that a later answer has overtaken.
    #[must_use]
    pub fn overtaken(&self) -> u64 {
        let reach = self.answered_below.saturating_sub(self.first()) as usize;
        self.ring
            .iter()
            .take(reach)
            .filter(|request| !request.settled)
            .count() as u64
    }

    /// Requests sent so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.next
    }

    /// True if any request was ever answered.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        self.answered_below > 0
    }

    /// Notes a request that is being composed and returns its number.
    #[inline]
    pub fn compose(&mut self, due: Nanos) -> u64 {
        self.ring.push_back(RequestInFlight {
            due,
            sent: Nanos::ZERO,
            settled: false,
        });
        self.open += 1;
        self.unstamped += 1;
        self.next += 1;
        self.next - 1
    }

    /// Stamps all requests composed since the last stamp; calls `each` with the times of those
    /// that were due together, and how many they are.
    #[inline]
    pub fn stamp(&mut self, sent: Nanos, mut each: impl FnMut(Times, u64)) {
        if self.unstamped == 0 {
            return;
        }
        let from = self.ring.len() - self.unstamped as usize;
        self.unstamped = 0;
        let (mut due, mut count) = (self.ring[from].due, 0);
        for request in self.ring.range_mut(from..) {
            request.sent = sent;
            if request.due != due {
                each(Times { due, sent }, count);
                (due, count) = (request.due, 0);
            }
            count += 1;
        }
        each(Times { due, sent }, count);
    }

    /// Settles request `number` with a right answer.
    #[inline]
    pub fn answer(&mut self, number: u64) -> Matched {
        // Nearly always the oldest is answered next, and nothing behind it is over yet.
        if number == self.first()
            && number >= self.answered_below
            && let Some(request) = self.ring.pop_front()
        {
            self.open -= 1;
            self.answered_below = number + 1;
            self.drop_settled();
            self.unstamped = self.unstamped.min(self.ring.len() as u32);
            let times = Times {
                due: request.due,
                sent: request.sent,
            };
            return Matched::Answer {
                times,
                reordered: false,
            };
        }
        let reordered = number + 1 < self.answered_below;
        match self.settle(number) {
            Some(times) => {
                self.answered_below = self.answered_below.max(number + 1);
                Matched::Answer { times, reordered }
            }
            None if number < self.next => Matched::Duplicate,
            None => Matched::Unasked,
        }
    }

    /// Instants at which request `number` was due and sent; `None` when it is not in flight.
    #[must_use]
    pub fn times(&self, number: u64) -> Option<Times> {
        let index = usize::try_from(number.checked_sub(self.first())?).ok()?;
        let request = self.ring.get(index).filter(|request| !request.settled)?;
        Some(Times {
            due: request.due,
            sent: request.sent,
        })
    }

    /// Settles request `number` otherwise: a wrong answer, or none in time. `None` when it was
    /// not in flight.
    pub fn settle(&mut self, number: u64) -> Option<Times> {
        let index = usize::try_from(number.checked_sub(self.first())?).ok()?;
        let request = self
            .ring
            .get_mut(index)
            .filter(|request| !request.settled)?;
        request.settled = true;
        let times = Times {
            due: request.due,
            sent: request.sent,
        };
        self.open -= 1;
        self.drop_settled();
        self.unstamped = self.unstamped.min(self.ring.len() as u32);
        Some(times)
    }

    /// Takes what is over off the front of the ring, whose oldest entry is never settled.
    #[inline]
    fn drop_settled(&mut self) {
        while self.ring.front().is_some_and(|request| request.settled) {
            self.ring.pop_front();
        }
    }

    /// Settles everything in flight; calls `each` with the times and whether a later answer had
    /// overtaken the request. Requests never handed to a socket have `sent` zero.
    pub fn abandon(&mut self, mut each: impl FnMut(Times, bool)) {
        let first = self.first();
        for (index, request) in self.ring.drain(..).enumerate() {
            if !request.settled {
                let overtaken = first + (index as u64) + 1 < self.answered_below;
                each(
                    Times {
                        due: request.due,
                        sent: request.sent,
                    },
                    overtaken,
                );
            }
        }
        (self.open, self.unstamped) = (0, 0);
    }

    /// Number of the first entry of the ring.
    #[inline]
    fn first(&self) -> u64 {
        self.next - self.ring.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_flight(count: u64) -> Pairing {
        let mut pairing = Pairing::default();
        for number in 0..count {
            assert_eq!(pairing.compose(Nanos(number)), number);
        }
        pairing.stamp(Nanos(100), |_, _| ());
        pairing
    }

    #[test]
    fn answers_in_order_settle_the_oldest() {
        let mut pairing = in_flight(2);
        let times = Times {
            due: Nanos(0),
            sent: Nanos(100),
        };
        assert_eq!(
            pairing.answer(0),
            Matched::Answer {
                times,
                reordered: false
            }
        );
        assert_eq!(pairing.oldest(), Some(1));
        assert_eq!(pairing.in_flight(), 1);
    }

    #[test]
    fn a_second_answer_is_a_duplicate_and_one_to_nothing_is_unasked() {
        let mut pairing = in_flight(2);
        pairing.answer(1);
        assert_eq!(
            pairing.answer(1),
            Matched::Duplicate,
            "settled but still in the ring"
        );
        pairing.answer(0);
        assert_eq!(pairing.answer(0), Matched::Duplicate, "gone from the ring");
        assert_eq!(pairing.answer(2), Matched::Unasked);
    }

    #[test]
    fn an_answer_behind_a_later_one_is_reordered_and_until_then_overtaken() {
        let mut pairing = in_flight(3);
        pairing.answer(2);
        assert!(pairing.oldest_is_overtaken());
        assert_eq!(pairing.overtaken(), 2);
        assert!(matches!(
            pairing.answer(0),
            Matched::Answer {
                reordered: true,
                ..
            }
        ));
        assert_eq!(pairing.overtaken(), 1);
        let mut lost = 0;
        pairing.abandon(|_, overtaken| lost += u32::from(overtaken));
        assert_eq!((lost, pairing.in_flight()), (1, 0));
    }

    #[test]
    fn only_what_was_composed_since_the_last_stamp_is_stamped() {
        let mut pairing = in_flight(1);
        for due in [5, 5, 6] {
            pairing.compose(Nanos(due));
        }
        let mut stamped = Vec::new();
        pairing.stamp(Nanos(200), |times, count| stamped.push((times, count)));
        let times = |due| Times {
            due: Nanos(due),
            sent: Nanos(200),
        };
        assert_eq!(stamped, [(times(5), 2), (times(6), 1)]);
        pairing.stamp(Nanos(300), |_, _| panic!("nothing was composed since"));
    }

    proptest! {
        /// Whatever is answered or settled in whatever order, each request is counted once.
        #[test]
        fn every_request_is_settled_exactly_once(
            steps in prop::collection::vec((0_u8..4, 0_u64..40), 1..300),
        ) {
            let mut pairing = Pairing::default();
            let (mut sent, mut settled) = (0_u64, 0_u64);
            for (step, number) in steps {
                match step {
                    0 | 1 => {
                        pairing.compose(Nanos(sent));
                        pairing.stamp(Nanos(sent + 1), |_, _| ());
                        sent += 1;
                    }
                    2 => settled += u64::from(matches!(pairing.answer(number), Matched::Answer { .. })),
                    _ => settled += u64::from(pairing.settle(number).is_some()),
                }
                prop_assert_eq!(u64::from(pairing.in_flight()), sent - settled);
                prop_assert_eq!(pairing.oldest().is_some(), sent > settled);
            }
            pairing.abandon(|_, _| settled += 1);
            prop_assert_eq!(sent, settled);
        }
    }
}
