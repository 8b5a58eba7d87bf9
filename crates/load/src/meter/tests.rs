//! The books of one worker, entry by entry.

use super::*;
use crate::failure::FailureKind;
use crate::tally::Phase;

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
    meter.answered(times(900, 901), Nanos(1_100), false, 1);
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
    meter.answered(times(1_990, 1_995), Nanos(2_300), false, 1);
    meter.book_run();
    let counts = meter.tally.messages;
    assert!(counts.is_conserved());
    assert_eq!((counts.answered, counts.received_in_window), (1, 0));
    assert_eq!(meter.tally.at(Series::Service).max(), Some(Nanos(305)));
    assert_eq!(meter.tally.at(Series::Response).max(), Some(Nanos(310)));
    assert_eq!(meter.tally.at(Series::SendLag).max(), Some(Nanos(5)));
}

#[test]
fn answers_that_share_their_times_are_all_booked() {
    let mut meter = open_meter();
    meter.sent(times(1_100, 1_110), 5);
    for received in [1_200, 1_200, 1_200, 1_300, 1_300] {
        meter.answered(times(1_100, 1_110), Nanos(received), false, 1);
    }
    let tally = meter.hand_over(Box::default());
    assert_eq!((tally.messages.sent, tally.messages.answered), (5, 5));
    assert_eq!(
        (
            tally.at(Series::Service).count(),
            tally.at(Series::SendLag).count()
        ),
        (5, 5)
    );
    assert_eq!(tally.at(Series::Service).sum_ns(), 3 * 90 + 2 * 190);
    assert_eq!(tally.at(Series::Response).count_at_or_below(Nanos(100)), 3);
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
    assert_eq!(meter.tally.at(Series::Censored).count(), 3);
}

#[test]
fn the_longest_gaps_are_kept_and_one_stall_is_one_gap() {
    let mut gaps = Vec::new();
    let gap = |start, length| AnswerGap {
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
        keep_gap(&mut gaps, AnswerGap { length, start });
    }
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].length, Nanos::from_millis(70));
}

/// A meter whose window is from 100 ms to 200 ms.
fn meter_of_100_ms() -> Meter {
    let mut meter = open_meter();
    (meter.window.opens, meter.window.closes) = (Nanos::from_millis(100), Nanos::from_millis(200));
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
        1,
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
        1,
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
        meter.fail(
            Nanos::from_millis(1_204),
            Phase::Connect,
            FailureKind::Refused,
            || words,
        );
    }
    let failure = &meter.tally.failures[0];
    assert_eq!(failure.count, 2);
    assert_eq!(failure.example.to_string(), "peer:1 at 1.204 s: first");
}
