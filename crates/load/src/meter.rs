//! What one worker measures: counts and distributions, tallied an interval at a time.
//!
//! The meter decides what belongs to the measured window and keeps the books straight; it judges
//! nothing. What is booked of messages stands here, what is booked of connections in `lives`: both
//! are of one window, and go into one tally. A `Tally` is handed over whole at the end of each
//! interval, so nothing on the hot path is shared.

mod lives;
mod parts;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::parts::ServiceTimeParts;
use crate::failure::FailureKind;
use crate::lag::Blockage;
use crate::nanos::Nanos;
use crate::pairing::Times;
use crate::send_gaps::{SendGap, SendGaps};
use crate::series::Series;
use crate::tally::{AnswerGap, Tally, keep_gap};

/// A span without answers shorter than this is not worth remembering.
const GAP_THRESHOLD: Nanos = Nanos::from_millis(10);

/// The part of the run that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The load begins; `Nanos::MAX` until all connections are open.
    pub load_from: Nanos,
    /// Measuring begins: the load's beginning plus the warm-up.
    pub opens: Nanos,
    /// Measuring ends; `Nanos::MAX` while that is not known.
    pub closes: Nanos,
}

impl Window {
    /// A window that has yet to open.
    pub const UNOPENED: Self = Self {
        load_from: Nanos::MAX,
        opens: Nanos::MAX,
        closes: Nanos::MAX,
    };

    /// True if `now` lies within the window.
    #[inline]
    #[must_use]
    pub fn contains(&self, now: Nanos) -> bool {
        now >= self.opens && now < self.closes
    }

    /// The part of the span from `from` to `to` that lies within the window.
    #[inline]
    #[must_use]
    pub fn overlap(&self, from: Nanos, to: Nanos) -> Nanos {
        to.min(self.closes) - from.max(self.opens)
    }
}

/// One worker's books.
#[derive(Debug)]
pub struct Meter {
    /// Window that is measured at present.
    window: Window,
    /// The interval under way.
    pub tally: Box<Tally>,
    /// The peer under test, for examples of failures.
    peer: String,
    raw_log: bool,
    /// Instant at which the latest answer came, or the first request left after a time with none in
    /// flight.
    quiet_since: Nanos,
    /// Requests sent and not settled, of the warm-up too.
    in_flight: u64,
    /// Those given up when the run ended, whose answers have not come since.
    given_up_at_end: u64,
    /// Instant at which the bytes being read had come, by the kernel's stamp, where there is one.
    arrived: Option<Nanos>,
    /// Right answers with the same times, not booked yet: with many messages in flight a write
    /// carries several and a read brings several, and booking them together costs as one.
    run: SimultaneousAnswers,
    longest_service: Nanos,
    /// Kind of the latest failure, until it is asked for.
    latest_failure: Option<FailureKind>,
    /// A sample of the gaps between sends; `None` in the closed loop.
    gaps: Option<SendGaps>,
    warm_up: WarmUpAnswers,
}

/// Right answers of the warm-up since it was last asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WarmUpAnswers {
    /// Number of answers.
    pub answers: u64,
    /// Their service times, added up, ns.
    pub service_ns: u128,
}

/// Answers that share all their times.
#[derive(Clone, Copy, Debug)]
struct SimultaneousAnswers {
    times: Times,
    received: Nanos,
    /// By the kernel's stamp: that of the read, which `received` names.
    arrived: Option<Nanos>,
    reordered: bool,
    count: u64,
}

impl SimultaneousAnswers {
    const NONE: Self = Self {
        times: Times {
            due: Nanos::ZERO,
            sent: Nanos::ZERO,
        },
        received: Nanos::ZERO,
        arrived: None,
        reordered: false,
        count: 0,
    };
}

/// End of a request that was not answered rightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It was out at its deadline.
    TimedOut,
    /// Its connection was lost, or its answer was wrong.
    Failed,
    /// Its connection was given up as silent before its own deadline: counted as failed, and known
    /// to have taken longer than until then, as what is out at its deadline (METHOD 11, rule 7).
    GivenUp,
    /// It was out when the drain ended.
    InFlightAtEnd,
}

impl Meter {
    /// Books for one worker that talks to `peer`.
    #[must_use]
    pub fn new(peer: String, raw_log: bool) -> Self {
        let mut tally = Box::<Tally>::default();
        tally.prepare();
        Self {
            window: Window::UNOPENED,
            tally,
            peer,
            raw_log,
            quiet_since: Nanos::MAX,
            in_flight: 0,
            given_up_at_end: 0,
            arrived: None,
            run: SimultaneousAnswers::NONE,
            longest_service: Nanos::ZERO,
            latest_failure: None,
            gaps: None,
            warm_up: WarmUpAnswers::default(),
        }
    }

    /// Keeps a sample of the gaps between sends from now on, if there is one to keep.
    pub fn sample_gaps(&mut self, gaps: Option<SendGaps>) {
        self.gaps = gaps;
    }

    /// Ends the sample of the gaps between sends; nothing where there was none.
    #[must_use]
    pub fn take_gaps(&mut self) -> Vec<SendGap> {
        self.gaps.take().map_or_else(Vec::new, SendGaps::into_kept)
    }

    /// The answers of the warm-up since this was last asked for.
    #[must_use]
    pub fn take_warm_up(&mut self) -> WarmUpAnswers {
        self.book_run();
        std::mem::take(&mut self.warm_up)
    }

    /// Requests of this worker that are out.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// The longest service time measured by this worker in the whole run.
    #[must_use]
    pub fn longest_service(&self) -> Nanos {
        let longest = |series| self.tally.at(series).max().unwrap_or_default();
        longest(Series::Service)
            .max(longest(Series::DeliveryService))
            .max(longest(Series::AckService))
            .max(self.longest_service)
    }

    /// Window that is measured at present.
    #[inline]
    #[must_use]
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Sets what is measured from now on.
    pub fn set_window(&mut self, window: Window) {
        self.book_run();
        self.window = window;
    }

    /// True if raw log records are wanted.
    #[inline]
    #[must_use]
    pub fn keeps_log(&self) -> bool {
        self.raw_log
    }

    /// Takes the interval's tally and begins the next one in `empty`.
    #[must_use]
    pub fn hand_over(&mut self, empty: Box<Tally>) -> Box<Tally> {
        self.book_run();
        self.longest_service = self.longest_service();
        std::mem::replace(&mut self.tally, empty)
    }

    /// Books `count` requests that were due at the same time and are about to be written; their
    /// connection took them from the due time on.
    #[inline]
    pub fn sent(&mut self, times: Times, count: u64) {
        self.sent_behind(times, Blockage::NONE, count);
    }

    /// The same for requests that may have had to wait for their connection.
    #[inline]
    pub fn sent_behind(&mut self, times: Times, blockage: Blockage, count: u64) {
        if self.in_flight == 0 {
            self.book_run();
            self.quiet_since = times.sent;
        }
        self.in_flight += count;
        self.book_sent(times, blockage, count);
    }

    /// Books a message for many that is about to be written. What becomes of it is put together over
    /// all workers, so it is none of those in flight here.
    #[inline]
    pub fn published(&mut self, times: Times, blockage: Blockage) {
        self.book_sent(times, blockage, 1);
    }

    /// Books a message that is about to be written and that nobody answers.
    #[inline]
    pub fn sent_oneway(&mut self, times: Times, blockage: Blockage) {
        self.book_sent(times, blockage, 1);
        self.tally.messages.unawaited += u64::from(times.due >= self.window.opens);
    }

    /// Books that a message which is about to be written is to be acknowledged.
    #[inline]
    pub fn ack_awaited(&mut self, times: Times) {
        self.tally.acks.awaited += u64::from(times.due >= self.window.opens);
    }

    /// Books the acknowledgement of a message, which came `at` that time.
    #[inline]
    pub fn acked(&mut self, times: Times, at: Nanos) {
        if times.due < self.window.opens {
            return;
        }
        self.tally.acks.received += 1;
        self.tally.record(Series::Ack, at - times.due);
        self.tally.record(Series::AckService, at - times.sent);
    }

    /// Books an acknowledgement that is awaited no more.
    pub fn ack_given_up(&mut self, times: Times, now: Nanos, how: Unanswered) {
        if times.due < self.window.opens {
            return;
        }
        match how {
            Unanswered::InFlightAtEnd => self.tally.acks.in_flight_at_end += 1,
            Unanswered::TimedOut | Unanswered::Failed | Unanswered::GivenUp => {
                self.tally.acks.missing += 1;
            }
        }
        if how != Unanswered::Failed {
            self.tally.record(Series::Ack, now - times.due);
            self.tally.record(Series::AckCensored, now - times.due);
        }
    }

    /// Books an acknowledgement that came again, too late, or for nothing.
    pub fn ack_unasked(&mut self, received: Nanos) {
        self.tally.acks.unasked += u64::from(self.window.contains(received));
    }

    /// Books an item of a stream, which came `at` that time behind the one that came at `before`.
    #[inline]
    pub fn item(&mut self, times: Times, before: Option<Nanos>, at: Nanos) {
        let items = &mut self.tally.items;
        items.received_in_window += u64::from(self.window.contains(at));
        if times.due < self.window.opens {
            return;
        }
        items.received += 1;
        match before {
            None => {
                self.tally.record(Series::ItemFirst, at - times.due);
                self.tally.record(Series::ItemFirstService, at - times.sent);
            }
            Some(before) => {
                items.in_shared_reads += u64::from(at <= before);
                self.tally.record(Series::ItemGap, at - before);
            }
        }
    }

    /// Books the end of a stream that had no item.
    pub fn stream_was_empty(&mut self, times: Times) {
        self.tally.items.empty_streams += u64::from(times.due >= self.window.opens);
    }

    /// Books that a stream is awaited no more whose latest item came at `latest`: the next one, or the
    /// first, is known only to have taken longer than until now.
    pub fn stream_given_up(&mut self, times: Times, latest: Option<Nanos>, now: Nanos) {
        if times.due < self.window.opens || times.is_composed_alone() {
            return;
        }
        let (whole, tail, since) = match latest {
            None => (Series::ItemFirst, Series::ItemFirstCensored, times.due),
            Some(at) => (Series::ItemGap, Series::ItemGapCensored, at),
        };
        self.tally.record(whole, now - since);
        self.tally.record(tail, now - since);
    }

    /// Books what is read off a message that the server sent by itself within the window: the gap since
    /// the one before it, and its age.
    #[inline]
    pub fn pushed(&mut self, gap: Option<Nanos>, age: Option<Nanos>) {
        self.tally.messages.received_in_window += 1;
        if let Some(gap) = gap {
            self.tally.record(Series::PushGap, gap);
        }
        if let Some(age) = age {
            self.tally.record(Series::PushAge, age);
        }
    }

    #[inline]
    fn book_sent(&mut self, times: Times, blockage: Blockage, count: u64) {
        if times.due < self.window.opens {
            return;
        }
        self.tally.messages.due += count;
        self.tally.messages.sent += count;
        let tally = &mut self.tally;
        tally.record_n(Series::SendLag, times.sent - times.due, count);
        tally.record_n(Series::GeneratorLag, blockage.generators(times), count);
        let blocked = blockage.blocked(times);
        if blocked > Nanos::ZERO {
            tally.record_n(Series::Blocked, blocked, count);
            tally.blocked_by.add(blockage.by, count);
        } else if let Some(gaps) = &mut self.gaps {
            gaps.sent(times);
        }
    }

    /// Books so many right answers to requests that share their times.
    #[inline]
    pub fn answered(&mut self, times: Times, received: Nanos, reordered: bool, count: u64) {
        self.in_flight -= count;
        let run = &mut self.run;
        if run.times == times && run.received == received && run.reordered == reordered {
            run.count += count;
            return;
        }
        self.book_run();
        self.run = SimultaneousAnswers {
            times,
            received,
            arrived: self.arrived,
            reordered,
            count,
        };
    }

    /// Books the right answers that share their times.
    fn book_run(&mut self) {
        let SimultaneousAnswers {
            times,
            received,
            arrived,
            reordered,
            count,
        } = std::mem::replace(&mut self.run, SimultaneousAnswers::NONE);
        if count == 0 {
            return;
        }
        if received - self.quiet_since > GAP_THRESHOLD {
            self.note_gap(received);
        }
        self.quiet_since = received;
        let counts = &mut self.tally.messages;
        if self.window.contains(received) {
            counts.received_in_window += count;
        }
        self.tally.service_in_window_ns +=
            u128::from(self.window.overlap(times.sent, received).0) * u128::from(count);
        if times.due < self.window.opens {
            counts.warmup += count;
            self.warm_up.answers += count;
            self.warm_up.service_ns += u128::from((received - times.sent).0) * u128::from(count);
            return;
        }
        counts.answered += count;
        counts.reordered += if reordered { count } else { 0 };
        self.tally
            .record_n(Series::Service, received - times.sent, count);
        self.tally
            .record_n(Series::Response, received - times.due, count);
        if let Some(arrived) = arrived
            && let Some(parts) = ServiceTimeParts::of(times.sent, arrived, received)
        {
            self.tally.record_n(Series::Outside, parts.outside, count);
            self.book_wait(parts.wait, count);
        }
    }

    /// Books a message that a slow reader has read: it is counted where the window is open.
    pub fn let_by_slow(&mut self, received: Nanos) {
        self.tally.slow.received += u64::from(self.window.contains(received));
    }

    /// Instant at which what is being read had come to this machine: by the kernel's stamp, where that
    /// does not contradict that it was sent at `sent` and read at `received`.
    #[inline]
    #[must_use]
    pub fn arrival(&self, sent: Nanos, received: Nanos) -> Nanos {
        let arrived = self.arrived;
        let arrived = arrived.filter(|at| ServiceTimeParts::of(sent, *at, received).is_some());
        arrived.map_or(received, |at| at.min(received))
    }

    /// Books a right delivery of a message for many, which came `at` that time and was read at
    /// `received`.
    #[inline]
    pub fn delivered(&mut self, times: Times, at: Nanos, received: Nanos, is_measured: bool) {
        if self.window.contains(received) {
            self.tally.deliveries.received_in_window += 1;
        }
        if !is_measured {
            self.warm_up.answers += 1;
            self.warm_up.service_ns += u128::from((at - times.sent).0);
            return;
        }
        self.tally.record(Series::Delivery, at - times.due);
        self.tally.record(Series::DeliveryService, at - times.sent);
        let stamp = self.arrived;
        if stamp.is_some_and(|stamp| ServiceTimeParts::of(times.sent, stamp, received).is_some()) {
            self.book_wait(received - at, 1);
        }
    }

    /// Books a right delivery of a message of another process, which was due then by that one's clock.
    pub fn delivered_from_afar(
        &mut self,
        due: Nanos,
        at: Nanos,
        received: Nanos,
        is_measured: bool,
    ) {
        if self.window.contains(received) {
            self.tally.deliveries.received_in_window += 1;
        }
        if !is_measured {
            self.warm_up.answers += 1;
            self.warm_up.service_ns += u128::from((at - due).0);
            return;
        }
        self.tally.deliveries.between_agents += 1;
        if at < due {
            self.tally.deliveries.from_the_future += 1;
        } else {
            self.tally.record(Series::DeliveryBetween, at - due);
        }
        if self.arrived.is_some_and(|stamp| stamp <= received) {
            self.book_wait(received - at, 1);
        }
    }

    /// Books time for which so many messages waited in our own queue.
    #[inline]
    fn book_wait(&mut self, wait: Nanos, count: u64) {
        self.tally.record_n(Series::ReceiveWait, wait, count);
    }

    /// Books a request that ended without a right answer. `overtaken`: a later one was answered.
    pub fn unanswered(&mut self, times: Times, now: Nanos, how: Unanswered, overtaken: bool) {
        if times.is_composed_alone() {
            return;
        }
        self.book_run();
        self.in_flight -= 1;
        if self.in_flight == 0 {
            self.note_gap(now);
        }
        self.given_up_at_end += u64::from(how == Unanswered::InFlightAtEnd);
        self.tally.service_in_window_ns += u128::from(self.window.overlap(times.sent, now).0);
        if times.due < self.window.opens {
            return;
        }
        let counts = &mut self.tally.messages;
        match how {
            Unanswered::TimedOut => counts.timed_out += 1,
            Unanswered::Failed | Unanswered::GivenUp => counts.failed += 1,
            Unanswered::InFlightAtEnd => counts.in_flight_at_end += 1,
        }
        counts.lost += u64::from(overtaken);
        if how != Unanswered::Failed {
            self.censor(now - times.due);
        }
    }

    /// True of as many answers as were given up when the run ended, where those come after all.
    pub fn takes_late(&mut self) -> bool {
        let is_late = self.given_up_at_end > 0;
        self.given_up_at_end -= u64::from(is_late);
        is_late
    }

    /// Books a message that was due at `due` and was never handed to a socket.
    pub fn unsent(&mut self, due: Nanos, now: Nanos) {
        if self.window.contains(due) {
            self.tally.messages.due += 1;
            self.tally.messages.unsent += 1;
            self.censor(now - due);
        }
    }

    /// A response time that is known only to be longer than this.
    fn censor(&mut self, waited: Nanos) {
        self.tally.record(Series::Response, waited);
        self.tally.record(Series::Censored, waited);
    }

    /// The window has closed: a silence that has lasted until now is a gap, answered or not.
    pub fn end_silence(&mut self, now: Nanos) {
        self.book_run();
        if self.in_flight > 0 {
            self.note_gap(now);
        }
    }

    /// Remembers the silence that ends at `now`, as far as it lies within the window.
    #[cold]
    fn note_gap(&mut self, now: Nanos) {
        let start = self.quiet_since.max(self.window.opens);
        let length = now.min(self.window.closes) - start;
        if length > GAP_THRESHOLD {
            let start = start - self.window.opens;
            keep_gap(&mut self.tally.gaps, AnswerGap { length, start });
        }
    }
}
