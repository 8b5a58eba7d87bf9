//! What one worker measures: counts and distributions, tallied an interval at a time.
//!
//! The meter decides what belongs to the measured window and keeps the books straight; it judges
//! nothing. A `Tally` is handed over whole at the end of each interval, so nothing on the hot path
//! is shared.

mod parts;

use std::collections::BTreeMap;

use self::parts::Parts;
use crate::histogram::Histogram;
use crate::lag::{Bar, BlockedCounts};
use crate::nanos::Nanos;
use crate::pairing::Times;
use crate::result::{
    ByteCounts, CompressionCounts, ConnectionCounts, Failure, Gap, LogRecord, MessageCounts, Phase,
    RunResult,
};
use crate::send_gaps::{SendGap, SendGaps};

/// A span without answers shorter than this is not worth remembering.
const GAP_THRESHOLD: Nanos = Nanos::from_millis(10);
/// Gaps remembered.
const GAPS_KEPT: usize = 5;

/// Everything one worker measured in one interval.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Messages.
    pub messages: MessageCounts,
    /// Bytes.
    pub bytes: ByteCounts,
    /// Connections; `alive_at_end` and `peak_concurrent` are the worker's state at the end of
    /// the interval, the rest are counts of the interval.
    pub connections: ConnectionCounts,
    /// What compression did.
    pub compression: CompressionCounts,
    /// Received − sent.
    pub service: Histogram,
    /// Received − due, or until given up.
    pub response: Histogram,
    /// The part of `response` that was given up.
    pub censored: Histogram,
    /// Sent − due.
    pub send_lag: Histogram,
    /// The generator's part of that.
    pub generator_lag: Histogram,
    /// The connection's part, of messages that had to wait for it.
    pub blocked: Histogram,
    /// What those waited for.
    pub blocked_by: BlockedCounts,
    /// Received − arrived; empty without kernel stamps.
    pub receive_wait: Histogram,
    /// Arrived − sent, of the same messages.
    pub outside: Histogram,
    /// TCP connect times.
    pub tcp: Histogram,
    /// Times that proxies took to open their tunnels.
    pub proxy: Histogram,
    /// TLS handshake times.
    pub tls: Histogram,
    /// What TLS handshakes agreed upon, with their counts.
    pub tls_agreed: BTreeMap<String, u64>,
    /// Upgrade times.
    pub upgrade: Histogram,
    /// Service times of first messages.
    pub first_message: Histogram,
    /// Pings sent to keep connections alive.
    pub pings_sent: u64,
    /// Their round trips.
    pub ping: Histogram,
    /// Failures by phase and kind.
    pub failures: Vec<Failure>,
    /// Close codes received.
    pub close_codes: BTreeMap<u16, u64>,
    /// Time that connections were under load within the window, times the depth, ns.
    pub offered_in_flight_ns: u128,
    /// Time that requests were out within the window, added up, ns.
    pub service_in_window_ns: u128,
    /// Time that places spent thinking within the window, added up, ns.
    pub thought_in_window_ns: u128,
    /// Longest spans without an answer.
    pub gaps: Vec<Gap>,
    /// Raw log records.
    pub log: Vec<LogRecord>,
}

impl Tally {
    /// Adds all that the tally holds to a result, but for the raw log, which goes its own way.
    /// Gauges among the connections (`alive_at_end`, `peak_concurrent`) are added like the rest;
    /// zero them where tallies of several intervals meet.
    pub fn add_to(&self, result: &mut RunResult) {
        result.messages.merge(&self.messages);
        result.bytes.sent += self.bytes.sent;
        result.bytes.received += self.bytes.received;
        result.connections.merge(&self.connections);
        result.compression.merge(&self.compression);
        result.service.merge(&self.service);
        result.response.merge(&self.response);
        result.censored.merge(&self.censored);
        result.send_lag.merge(&self.send_lag);
        result.generator_lag.merge(&self.generator_lag);
        result.blocked.merge(&self.blocked);
        result.blocked_by.merge(&self.blocked_by);
        result.receive_wait.merge(&self.receive_wait);
        result.outside.merge(&self.outside);
        result.handshake.tcp.merge(&self.tcp);
        result.handshake.proxy.merge(&self.proxy);
        result.handshake.tls.merge(&self.tls);
        for (agreed, count) in &self.tls_agreed {
            *result.tls_agreed.entry(agreed.clone()).or_default() += count;
        }
        result.handshake.upgrade.merge(&self.upgrade);
        result.handshake.first_message.merge(&self.first_message);
        result.pings.sent += self.pings_sent;
        result.pings.round_trips.merge(&self.ping);
        for failure in &self.failures {
            add_failure(
                &mut result.failures,
                failure.phase,
                failure.kind,
                failure.count,
                || failure.example.clone(),
            );
        }
        for (&code, &count) in &self.close_codes {
            *result.close_codes.entry(code).or_default() += count;
        }
        result.offered_in_flight_ns += self.offered_in_flight_ns;
        result.service_in_window_ns += self.service_in_window_ns;
        result.thought_in_window_ns += self.thought_in_window_ns;
        for &gap in &self.gaps {
            keep_gap(&mut result.gaps, gap);
        }
    }

    /// Empties the tally and keeps its memory.
    pub fn clear(&mut self) {
        for histogram in [
            &mut self.service,
            &mut self.response,
            &mut self.censored,
            &mut self.send_lag,
            &mut self.generator_lag,
            &mut self.blocked,
            &mut self.receive_wait,
            &mut self.outside,
            &mut self.tcp,
            &mut self.proxy,
            &mut self.tls,
            &mut self.upgrade,
            &mut self.first_message,
            &mut self.ping,
        ] {
            histogram.clear();
        }
        self.messages = MessageCounts::default();
        self.bytes = ByteCounts::default();
        self.connections = ConnectionCounts::default();
        self.compression = CompressionCounts::default();
        self.failures.clear();
        self.close_codes.clear();
        self.tls_agreed.clear();
        self.blocked_by = BlockedCounts::default();
        (self.offered_in_flight_ns, self.service_in_window_ns) = (0, 0);
        self.thought_in_window_ns = 0;
        self.pings_sent = 0;
        self.gaps.clear();
        self.log.clear();
    }

    /// Failures of any kind.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.failures.iter().map(|failure| failure.count).sum()
    }
}

/// The part of the run that is measured.
#[derive(Clone, Copy, Debug)]
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

    /// Whether `now` lies within the window.
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
    /// What is measured at present.
    window: Window,
    /// The interval under way.
    pub tally: Box<Tally>,
    /// The peer under test, for examples of failures.
    peer: String,
    raw_log: bool,
    /// When the latest answer came, or the first request left after a time with none in flight.
    quiet_since: Nanos,
    /// Requests sent and not settled, of the warm-up too.
    in_flight: u64,
    /// When what is being read had come, by the kernel's stamp, where there is one.
    arrived: Option<Nanos>,
    /// Right answers with the same times, not booked yet: with many messages in flight a write
    /// carries several and a read brings several, and booking them together costs as one.
    run: Run,
    longest_service: Nanos,
    /// A sample of the gaps between sends; `None` in the closed loop.
    gaps: Option<SendGaps>,
    warm_up: WarmUp,
}

/// Right answers of the warm-up since it was last asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WarmUp {
    /// How many.
    pub answers: u64,
    /// Their service times, added up, ns.
    pub service_ns: u128,
}

/// Answers that share all their times.
#[derive(Clone, Copy, Debug)]
struct Run {
    times: Times,
    received: Nanos,
    /// By the kernel's stamp: that of the read, which `received` names.
    arrived: Option<Nanos>,
    reordered: bool,
    count: u64,
}

impl Run {
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

/// How a request ended that was not answered rightly.
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
        Self {
            window: Window::UNOPENED,
            tally: Box::default(),
            peer,
            raw_log,
            quiet_since: Nanos::MAX,
            in_flight: 0,
            arrived: None,
            run: Run::NONE,
            longest_service: Nanos::ZERO,
            gaps: None,
            warm_up: WarmUp::default(),
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
    pub fn take_warm_up(&mut self) -> WarmUp {
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
        self.tally
            .service
            .max()
            .unwrap_or_default()
            .max(self.longest_service)
    }

    /// Books bytes handed to a socket.
    #[inline]
    pub fn sent_bytes(&mut self, now: Nanos, len: usize) {
        if self.window.contains(now) {
            self.tally.bytes.sent += len as u64;
        }
    }

    /// Books bytes read from a socket, the last of which had come at `arrived` by the kernel's
    /// stamp, where there is one. It holds for the answers booked until the next read.
    #[inline]
    pub fn received_bytes(&mut self, now: Nanos, arrived: Option<Nanos>, len: usize) {
        self.arrived = arrived;
        if self.window.contains(now) {
            self.tally.bytes.received += len as u64;
        }
    }

    /// What is measured at present.
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

    /// Whether raw log records are wanted.
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
        self.sent_behind(times, Bar::NONE, count);
    }

    /// The same for requests that may have had to wait for their connection.
    #[inline]
    pub fn sent_behind(&mut self, times: Times, bar: Bar, count: u64) {
        if self.in_flight == 0 {
            self.book_run();
            self.quiet_since = times.sent;
        }
        self.in_flight += count;
        if times.due < self.window.opens {
            return;
        }
        self.tally.messages.due += count;
        self.tally.messages.sent += count;
        let tally = &mut self.tally;
        tally.send_lag.record_n(times.sent - times.due, count);
        tally.generator_lag.record_n(bar.generators(times), count);
        let blocked = bar.blocked(times);
        if blocked > Nanos::ZERO {
            tally.blocked.record_n(blocked, count);
            tally.blocked_by.add(bar.by, count);
        } else if let Some(gaps) = &mut self.gaps {
            gaps.sent(times);
        }
    }

    /// Books a right answer.
    #[inline]
    pub fn answered(&mut self, times: Times, received: Nanos, reordered: bool) {
        self.in_flight -= 1;
        let run = &mut self.run;
        if run.times == times && run.received == received && run.reordered == reordered {
            run.count += 1;
            return;
        }
        self.book_run();
        self.run = Run {
            times,
            received,
            arrived: self.arrived,
            reordered,
            count: 1,
        };
    }

    /// Books the right answers that share their times.
    fn book_run(&mut self) {
        let Run {
            times,
            received,
            arrived,
            reordered,
            count,
        } = std::mem::replace(&mut self.run, Run::NONE);
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
        self.tally.service.record_n(received - times.sent, count);
        self.tally.response.record_n(received - times.due, count);
        if let Some(arrived) = arrived
            && let Some(parts) = Parts::of(times.sent, arrived, received)
        {
            self.tally.outside.record_n(parts.outside, count);
            self.tally.receive_wait.record_n(parts.wait, count);
        }
    }

    /// Books a request that ended without a right answer. `overtaken`: a later one was answered.
    pub fn unanswered(&mut self, times: Times, now: Nanos, how: Unanswered, overtaken: bool) {
        if times.sent == Nanos::ZERO && times.due > Nanos::ZERO {
            return; // composed, never handed to the socket
        }
        self.book_run();
        self.in_flight -= 1;
        if self.in_flight == 0 {
            self.note_gap(now);
        }
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
        self.tally.response.record(waited);
        self.tally.censored.record(waited);
    }

    /// Books time that a connection was under load with up to `depth` requests.
    pub fn under_load(&mut self, from: Nanos, to: Nanos, depth: u32) {
        self.tally.offered_in_flight_ns +=
            u128::from(self.window.overlap(from, to).0) * u128::from(depth);
    }

    /// Books time that a place in flight spent thinking.
    pub fn thought(&mut self, from: Nanos, to: Nanos) {
        self.tally.thought_in_window_ns += u128::from(self.window.overlap(from, to).0);
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
            keep_gap(&mut self.tally.gaps, Gap { length, start });
        }
    }

    /// Books a failure; `words` tells the first of its kind.
    pub fn fail(
        &mut self,
        now: Nanos,
        phase: Phase,
        kind: &'static str,
        words: impl FnOnce() -> String,
    ) {
        let peer = &self.peer;
        add_failure(&mut self.tally.failures, phase, kind, 1, || {
            format!("{peer} at {:.3} s: {}", now.as_secs_f64(), words())
        });
    }
}

fn add_failure(
    failures: &mut Vec<Failure>,
    phase: Phase,
    kind: &'static str,
    count: u64,
    example: impl FnOnce() -> String,
) {
    match failures
        .iter_mut()
        .find(|known| known.phase == phase && known.kind == kind)
    {
        Some(known) => known.count += count,
        None => failures.push(Failure {
            phase,
            kind,
            count,
            example: example(),
        }),
    }
}

/// Keeps the longest gaps, longest first. Of gaps that overlap (two workers see the same stall)
/// the longer one stays.
fn keep_gap(gaps: &mut Vec<Gap>, gap: Gap) {
    let overlaps = |known: &Gap| {
        gap.start < known.start + known.length && known.start < gap.start + gap.length
    };
    if gaps
        .iter()
        .any(|known| overlaps(known) && known.length >= gap.length)
    {
        return;
    }
    gaps.retain(|known| !overlaps(known));
    gaps.push(gap);
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    gaps.truncate(GAPS_KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_meter() -> Meter {
        let mut meter = Meter::new("peer:1".into(), false);
        meter.window = Window {
            load_from: Nanos(0),
            opens: Nanos(1_000),
            closes: Nanos(2_000),
        };
        meter
    }

    fn times(due: u64, sent: u64) -> Times {
        Times {
            due: Nanos(due),
            sent: Nanos(sent),
        }
    }

    #[test]
    fn the_warm_up_is_counted_apart() {
        let mut meter = open_meter();
        meter.sent(times(900, 901), 1);
        meter.answered(times(900, 901), Nanos(1_100), false);
        meter.book_run();
        let counts = meter.tally.messages;
        assert_eq!((counts.warmup, counts.sent, counts.answered), (1, 0, 0));
        assert_eq!(
            counts.received_in_window, 1,
            "it is throughput of the window all the same"
        );
        assert_eq!(
            meter.tally.service_in_window_ns, 100,
            "only its part within the window"
        );
    }

    #[test]
    fn an_answer_in_the_drain_counts_but_not_for_the_throughput() {
        let mut meter = open_meter();
        meter.sent(times(1_990, 1_995), 1);
        meter.answered(times(1_990, 1_995), Nanos(2_300), false);
        meter.book_run();
        let counts = meter.tally.messages;
        assert!(counts.is_conserved());
        assert_eq!((counts.answered, counts.received_in_window), (1, 0));
        assert_eq!(meter.tally.service.max(), Some(Nanos(305)));
        assert_eq!(meter.tally.response.max(), Some(Nanos(310)));
        assert_eq!(meter.tally.send_lag.max(), Some(Nanos(5)));
    }

    #[test]
    fn answers_that_share_their_times_are_all_booked() {
        let mut meter = open_meter();
        meter.sent(times(1_100, 1_110), 5);
        for received in [1_200, 1_200, 1_200, 1_300, 1_300] {
            meter.answered(times(1_100, 1_110), Nanos(received), false);
        }
        let tally = meter.hand_over(Box::default());
        assert_eq!((tally.messages.sent, tally.messages.answered), (5, 5));
        assert_eq!((tally.service.count(), tally.send_lag.count()), (5, 5));
        assert_eq!(tally.service.sum_ns(), 3 * 90 + 2 * 190);
        assert_eq!(tally.response.count_at_or_below(Nanos(100)), 3);
        assert_eq!(meter.in_flight(), 0);
    }

    #[test]
    fn every_way_to_end_keeps_the_identity() {
        let mut meter = open_meter();
        for how in [
            Unanswered::TimedOut,
            Unanswered::Failed,
            Unanswered::GivenUp,
            Unanswered::InFlightAtEnd,
        ] {
            meter.sent(times(1_100, 1_101), 1);
            meter.unanswered(times(1_100, 1_101), Nanos(1_500), how, false);
        }
        assert!(meter.tally.messages.is_conserved());
        assert_eq!(meter.tally.messages.sent, 4);
        assert_eq!(meter.tally.messages.failed, 2);
        // All but the one that failed are known to have taken longer than they were waited for.
        assert_eq!(meter.tally.censored.count(), 3);
    }

    #[test]
    fn the_longest_gaps_are_kept_and_one_stall_is_one_gap() {
        let mut gaps = Vec::new();
        let gap = |start, length| Gap {
            start: Nanos::from_millis(start),
            length: Nanos::from_millis(length),
        };
        for (start, length) in [
            (0, 20),
            (100, 50),
            (110, 55),
            (300, 30),
            (400, 10),
            (500, 40),
            (600, 60),
            (590, 5),
        ] {
            keep_gap(&mut gaps, gap(start, length));
        }
        let expected = [
            gap(600, 60),
            gap(110, 55),
            gap(500, 40),
            gap(300, 30),
            gap(0, 20),
        ];
        assert_eq!(gaps, expected);
    }

    #[test]
    fn a_gap_that_spans_two_others_takes_the_place_of_both() {
        let mut gaps = Vec::new();
        for (start, length) in [(0, 20), (30, 25), (0, 70)] {
            let (start, length) = (Nanos::from_millis(start), Nanos::from_millis(length));
            keep_gap(&mut gaps, Gap { length, start });
        }
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].length, Nanos::from_millis(70));
    }

    /// A meter whose window is from 100 ms to 200 ms.
    fn meter_of_100_ms() -> Meter {
        let mut meter = open_meter();
        (meter.window.opens, meter.window.closes) =
            (Nanos::from_millis(100), Nanos::from_millis(200));
        meter
    }

    #[test]
    fn a_silence_counts_from_the_opening_and_until_the_close_of_the_window() {
        let mut meter = meter_of_100_ms();
        let millis = |at: u64| at * 1_000_000;
        meter.sent(times(millis(50), millis(50)), 1);
        meter.answered(
            times(millis(50), millis(50)),
            Nanos::from_millis(130),
            false,
        );
        meter.book_run();
        assert_eq!(meter.tally.gaps[0].start, Nanos::ZERO);
        assert_eq!(meter.tally.gaps[0].length, Nanos::from_millis(30));
        meter.sent(times(millis(150), millis(150)), 1);
        meter.end_silence(Nanos::from_millis(200));
        let gap = meter.tally.gaps[0];
        assert_eq!(
            gap.start,
            Nanos::from_millis(50),
            "nothing was awaited before"
        );
        assert_eq!(gap.length, Nanos::from_millis(50));
        meter.answered(
            times(millis(150), millis(150)),
            Nanos::from_millis(900),
            false,
        );
        meter.book_run();
        assert_eq!(
            meter.tally.gaps,
            [gap, meter.tally.gaps[1]],
            "it is one gap"
        );
    }

    #[test]
    fn a_silence_that_ends_with_the_connection_is_a_gap_too() {
        let mut meter = meter_of_100_ms();
        let sent = times(120_000_000, 120_000_000);
        meter.sent(sent, 1);
        meter.unanswered(sent, Nanos::from_millis(170), Unanswered::TimedOut, false);
        assert_eq!(meter.tally.gaps[0].length, Nanos::from_millis(50));
    }

    #[test]
    fn only_the_first_failure_of_a_kind_is_told() {
        let mut meter = open_meter();
        for words in ["first", "second"] {
            meter.fail(Nanos::from_millis(1_204), Phase::Connect, "refused", || {
                words.into()
            });
        }
        let failure = &meter.tally.failures[0];
        assert_eq!(failure.count, 2);
        assert_eq!(failure.example, "peer:1 at 1.204 s: first");
    }
}
