//! Which request an answer belongs to.
//!
//! One `Pairing` a connection keeps the requests in flight in the order of their sending. It
//! knows numbers and times only; the bytes of messages are `message`'s affair. TCP keeps bytes in
//! order, but applications may answer out of order, twice or not at all, so order is verified
//! here and never relied upon.

mod ahead;

use std::collections::VecDeque;

use self::ahead::SettledAhead;
use crate::nanos::Nanos;

/// Requests in flight that follow each other and share their times: all that one write carries, in the
/// closed loop.
#[derive(Clone, Copy, Debug)]
struct Batch {
    /// Number of the first one; the last one is before the first of the next batch.
    from: u64,
    times: Times,
}

/// The requests in flight on one connection.
///
/// The oldest one is never settled, so none is kept exactly when nothing is in flight. Those of one
/// batch, as with one message in flight, take no memory but the pairing's own.
#[derive(Debug, Default)]
pub struct Pairing {
    /// Number of the oldest request in flight; that of the next one where there is none.
    first: u64,
    /// Number of the next request.
    next: u64,
    /// One more than the highest number that was answered.
    answered_below: u64,
    /// Times of the first batch.
    front: Times,
    /// Requests that are not settled.
    open: u32,
    /// Newest batches that have been composed but not stamped.
    unstamped: u32,
    /// Further batches, and requests settled before an older one.
    rest: Option<Box<Rest>>,
}

#[derive(Debug, Default)]
struct Rest {
    /// Batches behind the first one.
    behind: VecDeque<Batch>,
    ahead: SettledAhead,
}

/// Instants at which a request was due and sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Instant at which it was due.
    pub due: Nanos,
    /// Instant at which the write that carried it began: zero until just before that.
    pub sent: Nanos,
}

impl Times {
    /// True of a request that was composed and never handed to the socket.
    pub(crate) fn is_composed_alone(self) -> bool {
        self.sent == Nanos::ZERO && self.due > Nanos::ZERO
    }
}

/// The oldest requests in flight, when nothing behind them is over yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InOrder {
    /// Number of the oldest one.
    pub first: u64,
    /// Number of those that share its times.
    pub count: u64,
    /// Instants at which they were due and sent.
    pub times: Times,
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
        (!self.is_empty()).then_some(self.first)
    }

    /// Instant at which the oldest request in flight was due.
    #[inline]
    #[must_use]
    pub fn oldest_due(&self) -> Option<Nanos> {
        (!self.is_empty()).then_some(self.front.due)
    }

    /// True if a later request than the oldest in flight has been answered already: then the
    /// oldest is not merely slow.
    #[must_use]
    pub fn oldest_is_overtaken(&self) -> bool {
        !self.is_empty() && self.answered_below > self.first
    }

    /// Requests in flight that a later answer has overtaken.
    #[must_use]
    pub fn overtaken(&self) -> u64 {
        let reached = self.first..self.answered_below.min(self.next);
        reached.filter(|number| !self.is_settled(*number)).count() as u64
    }

    /// Requests sent so far.
    #[inline]
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
        let number = self.next;
        if self.unstamped == 0 || self.newest_due() != due {
            self.begin_batch(due);
        }
        self.open += 1;
        self.next += 1;
        number
    }

    /// Notes so many requests that are being composed and are due together; returns the number of the first
    /// one.
    #[inline]
    pub fn compose_together(&mut self, due: Nanos, count: u32) -> u64 {
        let number = self.compose(due);
        self.open += count - 1;
        self.next += u64::from(count - 1);
        number
    }

    /// Begins a batch with the next request.
    fn begin_batch(&mut self, due: Nanos) {
        let sent = Nanos::ZERO;
        let times = Times { due, sent };
        if self.is_empty() {
            self.front = times;
        } else {
            let from = self.next;
            let behind = &mut self.rest.get_or_insert_default().behind;
            behind.push_back(Batch { from, times });
        }
        self.unstamped += 1;
    }

    /// Instant at which the newest request in flight was due.
    #[inline]
    fn newest_due(&self) -> Nanos {
        let newest = self.rest.as_ref().and_then(|rest| rest.behind.back());
        newest.map_or(self.front.due, |batch| batch.times.due)
    }

    /// Stamps all requests composed since the last stamp; calls `each` with the times of those
    /// that were due together, and how many they are.
    #[inline]
    pub fn stamp(&mut self, sent: Nanos, mut each: impl FnMut(Times, u64)) {
        let mut unstamped = std::mem::take(&mut self.unstamped) as usize;
        if unstamped == 0 {
            return;
        }
        let behind = self.rest.as_mut().map(|rest| &mut rest.behind);
        let behind = behind.filter(|behind| !behind.is_empty());
        let Some(behind) = behind else {
            self.front.sent = sent;
            return each(self.front, self.next - self.first);
        };
        if unstamped > behind.len() {
            unstamped = behind.len();
            self.front.sent = sent;
            each(self.front, behind[0].from - self.first);
        }
        for at in behind.len() - unstamped..behind.len() {
            let until = behind.get(at + 1).map_or(self.next, |batch| batch.from);
            let batch = &mut behind[at];
            batch.times.sent = sent;
            each(batch.times, until - batch.from);
        }
    }

    /// The oldest requests in flight; `None` where nothing is, or anything behind the oldest one is over
    /// already.
    #[inline]
    #[must_use]
    pub fn in_order(&self) -> Option<InOrder> {
        let is_in_order = self.answered_below <= self.first
            && u64::from(self.open) == self.next - self.first
            && self.open > 0;
        is_in_order.then(|| InOrder {
            first: self.first,
            count: self.front_ends() - self.first,
            times: self.front,
        })
    }

    /// Settles so many of those that are [`Pairing::in_order`] with right answers, in their order.
    #[inline]
    pub fn answer_in_order(&mut self, count: u64) {
        self.first += count;
        self.open -= count as u32;
        self.answered_below = self.first;
        self.drop_passed();
    }

    /// Settles request `number` with a right answer.
    #[inline]
    pub fn answer(&mut self, number: u64) -> Matched {
        // Nearly always the oldest is answered next.
        if let Some(InOrder { times, .. }) = self.in_order().filter(|it| it.first == number) {
            self.answer_in_order(1);
            let reordered = false;
            return Matched::Answer { times, reordered };
        }
        self.answer_any(number)
    }

    /// The same wherever in the order it is.
    fn answer_any(&mut self, number: u64) -> Matched {
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
        let is_kept = (self.first..self.next).contains(&number);
        (is_kept && !self.is_settled(number)).then(|| self.times_of(number))
    }

    /// Those of a request that is kept.
    fn times_of(&self, number: u64) -> Times {
        let Some(rest) = self.rest.as_ref().filter(|_| number >= self.front_ends()) else {
            return self.front;
        };
        let at = rest.behind.partition_point(|batch| batch.from <= number);
        let batch = at.checked_sub(1).and_then(|at| rest.behind.get(at));
        batch.map_or(self.front, |batch| batch.times)
    }

    /// Settles request `number` otherwise: a wrong answer, or none in time. `None` when it was
    /// not in flight.
    pub fn settle(&mut self, number: u64) -> Option<Times> {
        let times = self.times(number)?;
        self.open -= 1;
        if number > self.first {
            let ahead = &mut self.rest.get_or_insert_default().ahead;
            ahead.insert(number, self.first);
            return Some(times);
        }
        self.first += 1;
        if let Some(rest) = &mut self.rest {
            self.first = rest.ahead.pass(self.first);
        }
        self.drop_passed();
        Some(times)
    }

    /// Drops the batches of which nothing is kept any more.
    #[inline]
    fn drop_passed(&mut self) {
        if self.first >= self.front_ends() {
            self.drop_front();
        }
    }

    /// Drops the first batch, and others as far as all of them is over.
    fn drop_front(&mut self) {
        let mut kept = u32::from(!self.is_empty());
        if let Some(rest) = &mut self.rest {
            while let Some(batch) = rest.behind.front()
                && batch.from <= self.first
            {
                self.front = batch.times;
                rest.behind.pop_front();
            }
            kept += rest.behind.len() as u32;
        }
        self.unstamped = self.unstamped.min(kept);
    }

    /// Settles everything in flight; calls `each` with the times and whether a later answer had
    /// overtaken the request. Requests never handed to a socket have `sent` zero.
    pub fn abandon(&mut self, mut each: impl FnMut(Times, bool)) {
        for number in self.first..self.next {
            if let Some(times) = self.times(number) {
                each(times, number + 1 < self.answered_below);
            }
        }
        (self.first, self.open, self.unstamped, self.rest) = (self.next, 0, 0, None);
    }

    /// True if nothing is in flight.
    #[inline]
    fn is_empty(&self) -> bool {
        self.first == self.next
    }

    /// Number behind the last request of the first batch.
    #[inline]
    fn front_ends(&self) -> u64 {
        let second = self.rest.as_ref().and_then(|rest| rest.behind.front());
        second.map_or(self.next, |batch| batch.from)
    }

    /// Whether a request that is kept is over.
    fn is_settled(&self, number: u64) -> bool {
        let rest = self.rest.as_ref();
        rest.is_some_and(|rest| rest.ahead.contains(number))
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
        /// Batches hold what a list of all requests would.
        #[test]
        fn each_request_keeps_its_own_times(
            steps in prop::collection::vec((0_u8..8, 0_u64..200, 1_u32..70), 1..200),
        ) {
            let mut pairing = Pairing::default();
            let mut list: Vec<Option<Times>> = Vec::new();
            for (now, (step, number, count)) in steps.into_iter().enumerate() {
                // Some are due together with those before them.
                let due = Nanos(number / 50);
                match step {
                    0..=2 => {
                        prop_assert_eq!(pairing.compose_together(due, count), list.len() as u64);
                        let sent = Nanos::ZERO;
                        list.extend((0..count).map(|_| Some(Times { due, sent })));
                    }
                    3 => {
                        let (sent, mut stamped) = (Nanos(1 + now as u64), 0);
                        pairing.stamp(sent, |times, count| {
                            assert_eq!(times.sent, sent);
                            stamped += count as usize;
                        });
                        let from = list.len() - stamped;
                        for times in list[from..].iter_mut().flatten() {
                            times.sent = sent;
                        }
                        prop_assert!(list.iter().flatten().all(|times| times.sent > Nanos::ZERO));
                    }
                    4 => if let Some(InOrder { first, count: most, times }) = pairing.in_order() {
                        let count = most.min(count.into());
                        pairing.answer_in_order(count);
                        for number in first..first + count {
                            prop_assert_eq!(list[number as usize].take(), Some(times));
                        }
                    }
                    _ => {
                        let number = pairing.oldest().unwrap_or_default() + number;
                        let expected = list.get_mut(number as usize).and_then(Option::take);
                        let times = match pairing.answer(number) {
                            Matched::Answer { times, .. } => Some(times),
                            Matched::Duplicate | Matched::Unasked => None,
                        };
                        prop_assert_eq!(times, expected);
                    }
                }
                let open = list.iter().flatten().count();
                prop_assert_eq!(pairing.in_flight() as usize, open);
                let oldest = list.iter().position(Option::is_some);
                prop_assert_eq!(pairing.oldest(), oldest.map(|at| at as u64));
            }
            let mut left = Vec::new();
            pairing.abandon(|times, _| left.push(times));
            prop_assert_eq!(left, list.into_iter().flatten().collect::<Vec<_>>());
        }

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
