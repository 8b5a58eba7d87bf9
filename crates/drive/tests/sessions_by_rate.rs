//! Sessions that come and go while a schedule of its own says when messages are due, on simulated time:
//! Little's law for the sessions, the rate for the messages, and what becomes of those that are due while
//! nobody is there.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, text};
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Flow, Lifetime, PlanSpec, Sessions, Stay, StopRule, WarmUp};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::{MessageCounts, SessionCounts};
use wsbench_simulate::{Cut, Disruption, Scenario, ServiceTime, run};

const SECOND: Nanos = Nanos::from_secs(1);

/// Ten seconds of sessions and messages, both evenly spaced, after three.
fn plan(sessions_per_s: f64, stay: Stay, messages_per_s: f64) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = 1_000;
        spec.clients.exchange.payload = text(60);
        spec.clients.lifetime = Lifetime::Scheduled(Sessions {
            per_s: sessions_per_s,
            process: Process::Constant,
            stay,
        });
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(Process::Constant, messages_per_s),
            max_in_flight: 1_024,
        };
        spec.stop = StopRule::Duration(Nanos::from_secs(10));
        spec.warmup = WarmUp::of(Nanos::from_secs(3));
    })
}

/// The result, whose sums are right and whose generator was never late.
fn carried_out(spec: &PlanSpec, scenario: Scenario) -> RunResult {
    let result = run(&checked(spec), scenario, None);
    assert_eq!(MessageCounts::FATES.breach(&result.messages), None);
    assert_eq!(MessageCounts::SENDS.breach(&result.messages), None);
    assert_eq!(SessionCounts::FATES.breach(&result.sessions), None);
    let late = result.at(Series::GeneratorLag).max().unwrap();
    assert!(late < Nanos::from_micros(100), "{late}");
    result
}

fn max(result: &RunResult, series: Series) -> Nanos {
    result.at(series).max().unwrap()
}

#[test]
fn as_many_are_there_as_come_and_stay_and_send_what_is_due() {
    for threads in [1, 2] {
        let mut spec = plan(50.0, Stay::Time(Nanos::from_secs(2)), 400.0);
        spec.threads = threads;
        let result = carried_out(&spec, Scenario::default());
        // Little's law: 50 a second for 2 s each.
        for interval in &result.intervals {
            assert!((99..=101).contains(&interval.alive), "{interval:?}");
        }
        let counts = &result.messages;
        assert_eq!((counts.due, counts.unsent, counts.failed), (4_000, 0, 0));
        assert_eq!(counts.sent, counts.answered);
        assert_eq!(result.blocked_by.absence, 0);
        assert!(max(&result, Series::Response) < Nanos::from_millis(1));
        assert!(result.failures.is_empty(), "{:?}", result.failures);
        assert!(result.connections.closed_cleanly >= 500);
    }
}

#[test]
fn what_is_due_while_nobody_is_there_waits_for_whoever_comes_next() {
    // One a second, for a tenth of it.
    let stay = Stay::Time(Nanos::from_millis(100));
    let result = carried_out(&plan(1.0, stay, 100.0), Scenario::default());
    let counts = &result.messages;
    assert_eq!(counts.due, 1_000);
    // Whatever the window ends in the middle of.
    assert!(counts.unsent <= 90, "{counts:?}");
    let blocked = result.blocked_by.absence;
    assert!(blocked.abs_diff(900 - counts.unsent) <= 5, "{blocked}");
    let longest = max(&result, Series::Blocked);
    let gap = Nanos::from_millis(900);
    assert!(longest.0.abs_diff(gap.0) < 12_000_000, "{longest}");
    // Nine tenths of them wait for half of that.
    let mean = result.at(Series::Response).mean_ns().unwrap();
    assert!((mean - 405e6).abs() < 15e6, "{mean}");
}

#[test]
fn sessions_send_so_many_messages_each_and_go() {
    // Five each is what is due, or a fourth more than that.
    for (rate, all) in [(100.0, 1_000), (80.0, 800)] {
        let result = carried_out(&plan(20.0, Stay::RoundTrips(5), rate), Scenario::default());
        let counts = &result.messages;
        assert_eq!(counts.due, all);
        assert!(counts.unsent <= 5, "{counts:?}");
        // Of the 260 that come those have gone that have had theirs, and no others.
        let done = result.connections.clients_completed;
        let sent = counts.sent + counts.warmup;
        assert!(5 * done <= sent && sent - 5 * done < 5 * 100, "{done}");
        let last = result.intervals.last().unwrap().alive;
        assert!((last + done).abs_diff(260) <= 2, "{last} and {done}");
        assert!(result.failures.is_empty(), "{:?}", result.failures);
        if rate >= 100.0 {
            assert!(done >= 255, "{done}");
        }
    }
}

#[test]
fn more_messages_than_the_sessions_have_are_never_sent() {
    let result = carried_out(&plan(20.0, Stay::RoundTrips(5), 200.0), Scenario::default());
    let counts = &result.messages;
    assert_eq!(counts.due, 2_000);
    // Of 13 s of messages half are sent, the first that were due.
    assert!(counts.unsent.abs_diff(1_300) <= 10, "{counts:?}");
    assert!(max(&result, Series::Blocked) > Nanos::from_secs(5));
}

#[test]
fn what_waits_for_a_session_that_leaves_is_sent_by_another() {
    // One in flight on each, and the server takes most of a stay for each.
    let spec = plan(20.0, Stay::Time(SECOND), 40.0).with(|spec| {
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(Process::Constant, 40.0),
            max_in_flight: 1,
        };
    });
    let mut scenario = Scenario::default();
    scenario.server.service = ServiceTime::Constant(Nanos::from_millis(700));
    let result = carried_out(&spec, scenario);
    let counts = &result.messages;
    assert_eq!((counts.due, counts.failed, counts.timed_out), (400, 0, 0));
    // Each of the 20 that come in a second sends two: one is answered in its time, one behind it.
    assert!(
        counts.sent + counts.unsent == 400 && counts.unsent < 100,
        "{counts:?}"
    );
    let by = result.blocked_by;
    assert!(by.limit > 0 && by.absence > 0, "{by:?}");
    assert!(result.failures.is_empty(), "{:?}", result.failures);
}

#[test]
fn what_waits_for_a_session_that_is_cut_off_is_sent_by_another() {
    for seed in 0..8 {
        let spec = plan(20.0, Stay::Time(SECOND), 200.0).with(|spec| {
            spec.seed = seed;
            spec.clients.arrival = Arrival::Open {
                schedule: Schedule::level(Process::Poisson, 200.0),
                max_in_flight: 2,
            };
        });
        let mut scenario = Scenario::default();
        scenario.server.service = ServiceTime::Constant(Nanos::from_millis(50));
        scenario.server.disruption = Some(Disruption {
            at_message: 4,
            how: Cut::Reset,
        });
        let result = carried_out(&spec, scenario);
        let counts = &result.messages;
        assert!(counts.failed > 0 && counts.answered > 0, "{counts:?}");
        assert_eq!(counts.due, counts.sent + counts.unsent);
    }
}

#[test]
fn messages_that_nobody_answers_are_sent_by_whoever_is_there() {
    let spec = plan(50.0, Stay::Time(SECOND), 400.0).with(|spec| {
        spec.clients.exchange.flow = Flow::Oneway;
    });
    let result = carried_out(&spec, Scenario::default());
    let counts = &result.messages;
    assert_eq!(
        (counts.due, counts.sent, counts.unawaited),
        (4_000, 4_000, 4_000)
    );
    assert!(result.connections.closed_cleanly >= 500);
}
