//! One side alone on simulated time: messages that the server sends by itself, messages that nobody
//! answers, and connections that are only held. What is told of them is known beforehand to the digit.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, text};
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, ClockProbe, Flow, PlanSpec, Pushes, Reads, SlowReaders, StopRule, WarmUp,
    Why,
};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::PushCounts;
use wsbench_setting::Field;
use wsbench_simulate::{AnswerFault, Every, Pushing, Scenario, ToAll, run};

/// One way through the network.
const LATENCY: Nanos = Nanos::from_micros(50);
/// From one push to the next.
const EVERY: Nanos = Nanos::from_millis(10);

fn plan(connections: u32, threads: u32, flow: Flow) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = connections;
        spec.threads = threads;
        spec.clients.exchange.flow = flow;
        spec.clients.exchange.payload = text(60);
        spec.stop = StopRule::Duration(Nanos::from_secs(5));
        spec.warmup = WarmUp::of(Nanos::from_secs(1));
    })
}

fn pushes() -> Flow {
    Flow::Push(Pushes {
        stamp: Some("json:/E:ns".parse().unwrap()),
        sequence: Some("json:/u".parse().unwrap()),
        clock: None,
    })
}

fn pushing(to: ToAll) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.pushes = Some(Pushing {
        every: EVERY,
        to,
        clock_ahead: Nanos::ZERO,
    });
    scenario
}

fn extremes(result: &RunResult, series: Series) -> (Nanos, Nanos) {
    let spans = result.at(series);
    (spans.min().unwrap(), spans.max().unwrap())
}

#[test]
fn each_push_has_its_age_and_the_gaps_are_the_servers() {
    for threads in [1, 2] {
        let result = run(
            &checked(&plan(4, threads, pushes())),
            pushing(ToAll::default()),
            None,
        );
        let counts = result.pushes;
        assert_eq!(counts.received, 4 * 500);
        let clean = PushCounts {
            received: counts.received,
            ..PushCounts::default()
        };
        assert_eq!(counts, clean);
        assert_eq!(extremes(&result, Series::PushAge), (LATENCY, LATENCY));
        assert_eq!(extremes(&result, Series::PushGap), (EVERY, EVERY));
        assert_eq!(result.at(Series::PushGap).count(), 4 * 500);
        assert_eq!(result.messages.received_in_window, 4 * 500);
        assert_eq!(result.messages.sent, 0);
    }
}

#[test]
fn receivers_that_are_served_one_after_the_other_have_it_older() {
    let each = Nanos::from_millis(1);
    let to = ToAll {
        each,
        ..ToAll::default()
    };
    let result = run(&checked(&plan(5, 1, pushes())), pushing(to), None);
    let last = Nanos(LATENCY.0 + 4 * each.0);
    assert_eq!(extremes(&result, Series::PushAge), (LATENCY, last));
    assert_eq!(extremes(&result, Series::PushGap), (EVERY, EVERY));
}

#[test]
fn what_is_lost_repeated_or_overtaken_is_told_by_its_number() {
    let hit = |fault| ToAll {
        faults: Some(Every { nth: 50, fault }),
        ..ToAll::default()
    };
    // 2,000 within the window, of which one in fifty is hit.
    for (fault, told) in [
        (AnswerFault::Dropped, (40, 0, 0)),
        (AnswerFault::Duplicated, (0, 40, 0)),
        (AnswerFault::Late(Nanos::from_millis(25)), (0, 0, 40)),
    ] {
        let result = run(&checked(&plan(4, 1, pushes())), pushing(hit(fault)), None);
        let counts = result.pushes;
        let found = (counts.missing, counts.duplicated, counts.reordered);
        let near = |found: u64, told: u64| found.abs_diff(told) <= u64::from(told > 0);
        assert!(
            near(found.0, told.0) && near(found.1, told.1) && near(found.2, told.2),
            "{fault:?}: {found:?}"
        );
        let received = 2_000 - counts.missing + counts.duplicated;
        assert!(counts.received.abs_diff(received) <= 1, "{counts:?}");
    }
}

#[test]
fn a_clock_that_is_ahead_makes_messages_from_the_future_and_no_ages() {
    let mut scenario = pushing(ToAll::default());
    if let Some(pushes) = &mut scenario.server.pushes {
        pushes.clock_ahead = Nanos::from_millis(1);
    }
    let result = run(&checked(&plan(2, 1, pushes())), scenario, None);
    assert_eq!(result.pushes.from_the_future, result.pushes.received);
    assert_eq!(result.at(Series::PushAge).count(), 0, "none is clamped");
    assert_eq!(extremes(&result, Series::PushGap), (EVERY, EVERY));
}

/// The server's clock is ahead by 5 ms, and its ways take 50 µs each: answers allow that much either way,
/// and their middle is right.
#[test]
fn ages_are_less_the_offset_of_the_servers_clock_where_it_is_asked_for_its_time() {
    let ahead = Nanos::from_millis(5);
    for threads in [1, 2] {
        let mut flow = pushes();
        if let Flow::Push(pushes) = &mut flow {
            pushes.clock = Some(ClockProbe {
                ask: r#"{"time":1}"#.to_owned(),
                stamp: "json:/now:ns".parse().unwrap(),
            });
        }
        let mut scenario = pushing(ToAll::default());
        if let Some(pushes) = &mut scenario.server.pushes {
            pushes.clock_ahead = ahead;
        }
        let result = run(&checked(&plan(4, threads, flow)), scenario, None);
        let counts = result.pushes;
        assert_eq!(
            (counts.received, counts.missing),
            (4 * 500, 0),
            "{counts:?}"
        );
        assert_eq!((counts.from_the_future, counts.unclocked), (0, 0));
        assert_eq!(result.messages.unasked, 0);
        for bounds in [result.clock.before, result.clock.after] {
            assert_eq!(bounds.answers, 16, "{bounds:?}");
            let (low, high) = (bounds.low_ns as u64, bounds.high_ns as u64);
            assert!(low <= ahead.0 && ahead.0 <= high, "{bounds:?}");
            assert!((50_000..60_000).contains(&bounds.within_ns()), "{bounds:?}");
            let off = bounds.middle_ns().unwrap().abs_diff(ahead.0 as i64);
            assert!(off < 5_000, "{bounds:?}");
        }
        assert_eq!(result.at(Series::PushAge).count(), 4 * 500);
        let (least, most) = extremes(&result, Series::PushAge);
        let near = |age: Nanos| age.0.abs_diff(LATENCY.0) < 5_000;
        assert!(near(least) && near(most), "{least} to {most}");
    }
}

/// A server that does not tell its time has messages without an age, and the run ends all the same.
#[test]
fn a_server_that_does_not_tell_its_time_has_no_ages() {
    let mut flow = pushes();
    if let Flow::Push(pushes) = &mut flow {
        pushes.clock = Some(ClockProbe {
            ask: "what?".to_owned(),
            stamp: "json:/now:ns".parse().unwrap(),
        });
    }
    let result = run(
        &checked(&plan(2, 1, flow.clone())),
        pushing(ToAll::default()),
        None,
    );
    let counts = result.pushes;
    // What it echoes is a message of its own that has no instant.
    assert_eq!(counts.unclocked, counts.received);
    assert_eq!(result.at(Series::PushAge).count(), 0);
    assert_eq!(result.clock.before.answers, 0);
    if let Flow::Push(pushes) = &mut flow {
        pushes.stamp = None;
    }
    let refused = plan(2, 1, flow).check().unwrap_err();
    assert_eq!(
        (refused.field, refused.why),
        (Field::Clock, Why::Needs(Field::Stamp))
    );
}

#[test]
fn places_that_hold_nothing_are_counted() {
    let flow = Flow::Push(Pushes {
        stamp: Some("json:/at:ns".parse().unwrap()),
        sequence: Some("json:/E/0".parse().unwrap()),
        clock: None,
    });
    let result = run(&checked(&plan(1, 1, flow)), pushing(ToAll::default()), None);
    let counts = result.pushes;
    let read = (counts.received, counts.unstamped, counts.unnumbered);
    assert_eq!(read, (500, 500, 500));
}

#[test]
fn what_nobody_answers_is_sent_by_the_schedule_and_has_its_one_fate() {
    let mut spec = plan(3, 1, Flow::Oneway);
    spec.clients.arrival = Arrival::Open {
        schedule: Schedule::level(Process::Constant, 200.0),
        max_in_flight: 1,
    };
    let mut scenario = Scenario::default();
    scenario.server.silent = Some(Every { nth: 1, fault: () });
    let result = run(&checked(&spec), scenario, None);
    let messages = result.messages;
    assert_eq!(
        (messages.due, messages.sent, messages.unsent),
        (1_000, 1_000, 0)
    );
    assert_eq!(messages.unawaited, 1_000);
    assert_eq!((messages.timed_out, messages.in_flight_at_end), (0, 0));
    assert_eq!(result.at(Series::SendLag).count(), 1_000);
    assert_eq!(result.connections.closed_cleanly, 3);
}

#[test]
fn connections_that_are_only_held_send_nothing_and_are_all_there() {
    let mut spec = plan(6, 2, Flow::Idle);
    spec.clients.keep_alive = Some(Nanos::from_millis(500));
    let result = run(&checked(&spec), Scenario::default(), None);
    assert_eq!(result.messages.sent, 0);
    assert_eq!(result.connections.alive_at_end, 6);
    let pings = result.at(Series::Ping);
    assert!(pings.count() >= 6 * 9, "{}", pings.count());
    // And a reading of the clock.
    let round_trip = 2 * LATENCY.0..2 * LATENCY.0 + 1_000;
    let (least, most) = extremes(&result, Series::Ping);
    assert!(
        round_trip.contains(&least.0) && round_trip.contains(&most.0),
        "{least} {most}"
    );
    assert!(result.failures.is_empty(), "{:?}", result.failures);
}

#[test]
fn slow_readers_are_read_slowly_and_are_in_no_figure_of_the_others() {
    let stall = Reads::Stall {
        length: Nanos::from_millis(900),
        every: Nanos::from_secs(1),
    };
    for reads in [stall, Reads::Rate { bytes_per_s: 500 }] {
        for threads in [1, 2] {
            let mut spec = plan(10, threads, pushes());
            spec.clients.slow = Some(SlowReaders { share: 0.2, reads });
            let result = run(&checked(&spec), pushing(ToAll::default()), None);
            assert_eq!(result.pushes.received, 8 * 500, "{reads:?}");
            assert_eq!(result.pushes.missing, 0);
            assert_eq!(extremes(&result, Series::PushAge), (LATENCY, LATENCY));
            assert_eq!(result.slow.lost, 0);
            let received = result.slow.received;
            match reads {
                // All, if late.
                Reads::Stall { .. } => assert!(received.abs_diff(2 * 500) <= 200, "{received}"),
                // 500 B/s of about 28 B each, two of them, for 5 s.
                Reads::Rate { .. } => assert!((100..=220).contains(&received), "{received}"),
            }
        }
    }
}

#[test]
fn slow_readers_of_a_broadcast_send_nothing_and_are_none_of_its_audience() {
    let mut spec = plan(10, 2, Flow::Answered);
    spec.clients.exchange.audience = Audience::All;
    spec.clients.timeout = Nanos::from_secs(2);
    spec.clients.arrival = Arrival::Open {
        schedule: Schedule::level(Process::Constant, 50.0),
        max_in_flight: 1_024,
    };
    // Half of them must not be all of one of the two threads, which could then send nothing.
    for (share, others) in [(0.3, 7), (0.5, 5)] {
        spec.clients.slow = Some(SlowReaders {
            share,
            reads: Reads::Rate { bytes_per_s: 100 },
        });
        let mut scenario = Scenario::default();
        scenario.server.broadcast = Some(ToAll::default());
        let result = run(&checked(&spec), scenario, None);
        assert_eq!(result.messages.sent, 250);
        assert_eq!(result.messages.answered, 250);
        assert_eq!(result.deliveries.expected, 250 * others);
        assert_eq!(result.deliveries.received, 250 * others);
        assert_eq!(result.deliveries.unasked, 0);
        assert!(result.slow.received < 250, "{:?}", result.slow);
    }
}

#[test]
fn a_thread_whose_connections_all_read_slowly_is_refused() {
    let mut spec = plan(2, 2, Flow::Answered);
    spec.clients.exchange.audience = Audience::All;
    spec.clients.arrival = Arrival::Open {
        schedule: Schedule::level(Process::Constant, 50.0),
        max_in_flight: 1_024,
    };
    spec.clients.slow = Some(SlowReaders {
        share: 0.5,
        reads: Reads::Rate { bytes_per_s: 100 },
    });
    let refused = spec.check().unwrap_err();
    assert_eq!(refused.field, Field::Threads, "{refused}");
}
