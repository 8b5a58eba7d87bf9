//! Times kept on purpose: delays, a queue, a token bucket, work for the CPU, stalls.
//!
//! All times are absolute, so that what one answer loses by a late wake-up is not passed on to the
//! next: the queue is one of numbers, which the loop follows, and never the loop itself.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::atomic::{self, AtomicBool};
use std::thread;
use std::time::{Duration, Instant};

use wsbench_wire::frame::FrameHeader;

use crate::answering::Next;
use crate::bucket::BucketState;
use crate::burn::Burn;
use crate::calibration::{Calibration, Stall};
use crate::distribution::Draws;
use crate::pace::{AnswerFate, ConnectionKey, Held, Pace};

/// Between two looks at the stop flag during a stall.
const STALL_SLICE: Duration = Duration::from_millis(20);
/// Arrivals that a thread keeps at most: what comes behind them is not written down.
const MOST_ARRIVALS: usize = 10_000_000;

/// The pace that a calibration asks for.
#[derive(Debug)]
pub(crate) struct Paced {
    start: Instant,
    bucket: Option<BucketState>,
    service: Draws,
    /// Until when the messages so far are served.
    busy_until: Instant,
    delay: Draws,
    burn: Option<Burn>,
    two_writes: bool,
    /// Time from one message of an answer to the next.
    each: Duration,
    stall: Option<Stall>,
    /// The beginning of the next stall.
    stalls_at: Instant,
    arrived: Instant,
    arrivals: Option<Vec<Duration>>,
    line: BinaryHeap<Waiting>,
    /// Answers that were ever held.
    held: u64,
    /// Instant at which the last of the answers held so far is due.
    last_due: Instant,
}

/// An answer that waits. The greatest is the one due first, and of those the one held first.
#[derive(Debug)]
struct Waiting {
    due: Instant,
    number: u64,
    held: Held,
}

impl Paced {
    /// The pace of thread number `thread`, with stalls counted from `start`.
    pub(crate) fn new(order: &Calibration, thread: usize, start: Instant) -> Self {
        let number = thread as u64;
        Self {
            start,
            bucket: order.bucket.map(|bucket| BucketState::new(bucket, start)),
            // Numbers beyond those of any thread keep the two sequences apart.
            service: Draws::new(order.service.clone(), order.seed, !number),
            busy_until: start,
            delay: Draws::new(order.delay.clone(), order.seed, number),
            burn: (!order.burn.is_zero()).then(|| Burn::new(order.burn)),
            two_writes: order.two_writes,
            each: order.streams.map_or(Duration::ZERO, |streams| streams.each),
            stall: order.stall,
            stalls_at: start + order.stall.map_or(Duration::ZERO, |stall| stall.every),
            arrived: start,
            arrivals: order.arrivals.then(Vec::new),
            line: BinaryHeap::new(),
            held: 0,
            last_due: start,
        }
    }

    /// Instant at which the answer to the message that has just come is due; `None` if there is to
    /// be none.
    fn due(&mut self) -> Option<Instant> {
        let mut due = self.arrived;
        if let Some(bucket) = &mut self.bucket {
            due = bucket.pass(due)?;
        }
        if !self.service.is_zero() {
            due = self.busy_until.max(due) + self.service.next_span();
            self.busy_until = due;
        }
        Some(due + self.delay.next_span())
    }

    /// True if answers leave at times of their own.
    fn holds(&self) -> bool {
        let is_late = !self.service.is_zero() || !self.delay.is_zero() || !self.each.is_zero();
        self.bucket.is_some() || self.two_writes || is_late
    }

    fn hold(&mut self, due: Instant, key: ConnectionKey, bytes: &[u8], next: Next) {
        self.last_due = self.last_due.max(due);
        self.held += 1;
        self.line.push(Waiting {
            due,
            number: self.held,
            held: Held {
                key,
                bytes: bytes.into(),
                next,
            },
        });
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

    fn message(&mut self, key: ConnectionKey, bytes: &[u8], next: Next) -> AnswerFate {
        if let Some(arrivals) = &mut self.arrivals
            && arrivals.len() < MOST_ARRIVALS
        {
            arrivals.push(self.arrived - self.start);
        }
        if let Some(burn) = &mut self.burn {
            burn.once();
        }
        if !self.holds() {
            return AnswerFate::AtOnce;
        }
        let Some(due) = self.due() else {
            return AnswerFate::Never;
        };
        if bytes.is_empty() && next == Next::Continue {
            return AnswerFate::Later;
        }
        if self.each.is_zero() {
            self.hold(due, key, bytes, next);
            return AnswerFate::Later;
        }
        let (mut due, mut rest) = (due, bytes);
        loop {
            let (frame, further) = rest.split_at(frame_len(rest));
            if further.is_empty() {
                self.hold(due, key, frame, next);
                return AnswerFate::Later;
            }
            self.hold(due, key, frame, Next::Continue);
            (due, rest) = (due + self.each, further);
        }
    }

    fn aside(&mut self, key: ConnectionKey, bytes: &[u8], next: Next) -> AnswerFate {
        if !self.holds() {
            return AnswerFate::AtOnce;
        }
        self.hold(self.last_due.max(self.arrived), key, bytes, next);
        AnswerFate::Later
    }

    fn release(&mut self) -> Option<Held> {
        if self.line.peek()?.due > Instant::now() {
            return None;
        }
        self.line.pop().map(|waiting| waiting.held)
    }

    fn next_due(&self) -> Option<Instant> {
        self.line.peek().map(|waiting| waiting.due)
    }

    fn stall(&mut self, stop: &AtomicBool) {
        let Some(end) = self.stall_end(Instant::now()) else {
            return;
        };
        while !stop.load(atomic::Ordering::Relaxed) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(STALL_SLICE));
        }
    }

    /// The header of the first frame (RFC 6455 section 5.2), which a server does not mask.
    fn cut(&self, bytes: &[u8]) -> usize {
        match bytes.get(1) {
            Some(length) if self.two_writes => match length & 0x7f {
                126 => 4,
                127 => 10,
                _ => 2,
            },
            _ => 0,
        }
    }

    fn into_arrivals(self) -> Vec<Duration> {
        self.arrivals.unwrap_or_default()
    }
}

/// Length of the first frame, header and all, at most that of the bytes.
fn frame_len(bytes: &[u8]) -> usize {
    let whole = match FrameHeader::parse(bytes) {
        Ok(Some((header, len))) => {
            usize::try_from(header.len).map_or(usize::MAX, |payload| len.saturating_add(payload))
        }
        _ => usize::MAX,
    };
    whole.min(bytes.len())
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.number).cmp(&(self.due, self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::TokenBucket;
    use crate::distribution::TimeDistribution;

    const MS: Duration = Duration::from_millis(1);

    fn paced(change: impl FnOnce(&mut Calibration)) -> Paced {
        let mut order = Calibration::default();
        change(&mut order);
        Paced::new(&order, 0, Instant::now())
    }

    /// When the answers to messages that come at these times are due, ms.
    fn due(paced: &mut Paced, at: &[u32]) -> Vec<u128> {
        let start = paced.start;
        let mut times = |&at: &u32| {
            paced.arrived = start + MS * at;
            paced.due().map(|due| (due - start).as_millis())
        };
        at.iter().filter_map(&mut times).collect()
    }

    #[test]
    fn stalls_are_at_absolute_times() {
        let stall = Stall {
            every: 100 * MS,
            length: 10 * MS,
        };
        let mut paced = paced(|order| order.stall = Some(stall));
        let start = paced.start;
        let mut end = |at: u32| paced.stall_end(start + MS * at).map(|end| end - start);
        assert_eq!(end(0), None);
        assert_eq!(end(99), None);
        assert_eq!(end(100), Some(110 * MS));
        assert_eq!(end(109), Some(110 * MS));
        assert_eq!(end(110), None);
        // A loop that slept through three stalls stands still for what is left of the fourth.
        assert_eq!(end(504), Some(510 * MS));
    }

    #[test]
    fn a_service_is_one_after_the_other_and_a_delay_is_not() {
        let mut queue = paced(|order| order.service = TimeDistribution::Constant(10 * MS));
        assert_eq!(due(&mut queue, &[0, 1, 2, 50, 55]), [10, 20, 30, 60, 70]);
        let mut delay = paced(|order| order.delay = TimeDistribution::Constant(10 * MS));
        assert_eq!(due(&mut delay, &[0, 1, 2, 50, 55]), [10, 11, 12, 60, 65]);
        let mut both = paced(|order| {
            order.service = TimeDistribution::Constant(10 * MS);
            order.delay = TimeDistribution::Constant(100 * MS);
        });
        assert_eq!(due(&mut both, &[0, 1]), [110, 120]);
    }

    #[test]
    fn a_bucket_stands_before_the_queue() {
        let bucket = |drops| TokenBucket {
            interval: 10 * MS,
            burst: 2,
            drops,
        };
        let mut shaped = paced(|order| {
            order.bucket = Some(bucket(false));
            order.service = TimeDistribution::Constant(MS);
        });
        assert_eq!(due(&mut shaped, &[0, 0, 0, 0]), [1, 2, 11, 21]);
        let mut policed = paced(|order| order.bucket = Some(bucket(true)));
        assert_eq!(due(&mut policed, &[0, 0, 0, 5, 10]), [0, 0, 10]);
    }

    #[test]
    fn answers_are_released_in_order_and_not_before_they_are_due() {
        let delay = 2 * MS;
        let mut paced = paced(|order| order.delay = TimeDistribution::Constant(delay));
        let before = Instant::now();
        for place in 0..3 {
            paced.arrived();
            let key = ConnectionKey { place, serial: 0 };
            assert_eq!(paced.message(key, b"x", Next::Continue), AnswerFate::Later);
        }
        let key = ConnectionKey {
            place: 3,
            serial: 0,
        };
        assert_eq!(paced.aside(key, b"bye", Next::Finish), AnswerFate::Later);
        assert!(paced.next_due().unwrap() >= before + delay);
        for place in 0..4 {
            let due = paced.next_due().unwrap();
            let held = loop {
                if let Some(held) = paced.release() {
                    break held;
                }
            };
            assert!(Instant::now() >= due);
            assert_eq!(held.key.place, place);
        }
        assert_eq!(paced.release(), None);
    }

    #[test]
    fn the_messages_of_an_answer_leave_one_by_one() {
        use wsbench_wire::frame::FrameBuffer;
        use wsbench_wire::opcode::OpCode;
        let each = 5 * MS;
        let mut paced = paced(|order| {
            order.streams = Some(crate::calibration::StreamMode { items: 3, each });
        });
        let mut frames = FrameBuffer::new();
        let lengths = [3, 200, 70_000];
        for len in lengths {
            frames.push_frame(true, OpCode::Text, None, &[&vec![b'a'; len]]);
        }
        paced.arrived();
        let start = paced.arrived;
        let key = ConnectionKey {
            place: 0,
            serial: 0,
        };
        assert_eq!(
            paced.message(key, frames.as_slice(), Next::Finish),
            AnswerFate::Later
        );
        for (number, (len, header)) in lengths.into_iter().zip([2, 4, 10]).enumerate() {
            assert_eq!(paced.next_due(), Some(start + each * number as u32));
            let waiting = paced.line.pop().unwrap();
            assert_eq!(waiting.held.bytes.len(), header + len);
            let is_last = number == 2;
            assert_eq!(waiting.held.next == Next::Finish, is_last);
        }
        assert_eq!(frame_len(&[0x81]), 1);
        assert_eq!(frame_len(&[0x81, 127, 0xff]), 3);
    }

    #[test]
    fn the_cut_is_behind_the_header() {
        let mut paced = paced(|order| order.two_writes = true);
        for (second, expected) in [(0, 2), (125, 2), (126, 4), (127, 10)] {
            assert_eq!(paced.cut(&[0x82, second]), expected);
        }
        paced.two_writes = false;
        assert_eq!(paced.cut(&[0x82, 126]), 0);
    }
}
