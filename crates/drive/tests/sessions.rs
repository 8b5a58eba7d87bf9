//! Connections that come by a schedule of their own, on simulated time: sessions that come and go, and
//! storms, against a server whose rate of accepting is known.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, text};
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Drill, Flow, Lifetime, PlanSpec, Reconnect, Returns, Sessions, Stay, StopRule, WarmUp,
};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::{ReturnCounts, SessionCounts};
use wsbench_simulate::{Death, Outage, Scenario, run};

/// One way through the network.
const LATENCY: Nanos = Nanos::from_micros(50);
/// TCP and upgrade, a round trip each.
const OPEN: Nanos = Nanos(4 * LATENCY.0);

fn plan(per_s: f64, stay: Stay, flow: Flow) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = 1_000;
        spec.clients.exchange.payload = text(60);
        spec.clients.exchange.flow = flow;
        spec.clients.lifetime = Lifetime::Scheduled(Sessions {
            per_s,
            process: Process::Constant,
            stay,
        });
        spec.stop = StopRule::Duration(Nanos::from_secs(10));
        spec.warmup = WarmUp::of(Nanos::from_secs(3));
    })
}

fn accepting(each: Nanos) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.accept = Some(each);
    scenario
}

fn extremes(result: &RunResult, series: Series) -> (Nanos, Nanos) {
    let spans = result.at(series);
    (spans.min().unwrap(), spans.max().unwrap())
}

#[test]
fn sessions_come_when_they_are_due_and_as_many_are_there_as_stay() {
    for threads in [1, 2] {
        let mut spec = plan(50.0, Stay::Time(Nanos::from_secs(2)), Flow::Idle);
        spec.threads = threads;
        let result = run(&checked(&spec), Scenario::default(), None);
        let counts = result.sessions;
        assert_eq!(counts.due, 500);
        assert_eq!(SessionCounts::FATES.breach(&counts), None);
        assert!(
            counts.opened >= 499 && counts.turned_away == 0,
            "{counts:?}"
        );
        // 50 a second for 2 s each.
        for interval in &result.intervals {
            assert!((99..=101).contains(&interval.alive), "{interval:?}");
        }
        let (least, most) = extremes(&result, Series::OpeningService);
        assert!(least >= OPEN && most < OPEN + OPEN, "{least} to {most}");
        assert!(result.failures.is_empty(), "{:?}", result.failures);
        assert!(result.connections.closed_cleanly >= 500);
    }
}

#[test]
fn a_server_that_opens_fewer_than_come_does_not_slow_them_down() {
    // 20 a second come and 10 are granted.
    let spec = plan(20.0, Stay::Time(Nanos::from_secs(30)), Flow::Idle).with(|spec| {
        spec.warmup = WarmUp::of(Nanos::ZERO);
        spec.connect.timeout = Nanos::from_secs(60);
    });
    let result = run(&checked(&spec), accepting(Nanos::from_millis(100)), None);
    let counts = result.sessions;
    assert_eq!(counts.due, 200);
    assert!(counts.opened.abs_diff(100) <= 2, "{counts:?}");
    assert_eq!(counts.opened + counts.under_way, 200);
    // The last that was opened had been due for half of the run.
    let spans = result.at(Series::Opening);
    assert_eq!(spans.count(), 200);
    let open = result.at(Series::OpeningService).max().unwrap();
    assert!(
        open.0.abs_diff(Nanos::from_secs(5).0) < Nanos::from_millis(150).0,
        "{open}"
    );
    assert_eq!(result.at(Series::OpeningCensored).count(), counts.under_way);
}

#[test]
fn sessions_make_their_round_trips_and_go() {
    let spec = plan(40.0, Stay::RoundTrips(3), Flow::Answered);
    let result = run(&checked(&spec), Scenario::default(), None);
    assert!(result.sessions.opened >= 399, "{:?}", result.sessions);
    assert!(
        result.messages.answered.abs_diff(3 * 400) <= 3,
        "{:?}",
        result.messages
    );
    assert_eq!(result.messages.failed, 0);
    assert!(result.connections.clients_completed >= 510);
}

#[test]
fn sessions_beyond_the_places_wait_and_their_waiting_counts() {
    // 50 a second for 2 s each would be 100, and 50 may be there.
    let mut spec = plan(50.0, Stay::Time(Nanos::from_secs(2)), Flow::Idle);
    spec.clients.connections = 50;
    let result = run(&checked(&spec), Scenario::default(), None);
    let counts = result.sessions;
    assert_eq!(counts.due, 500);
    assert!(counts.crowded > 400, "{counts:?}");
    // Fifty at a time in each two seconds of thirteen, less those due in the warm-up.
    assert!(counts.opened.abs_diff(7 * 50 - 150) <= 3, "{counts:?}");
    assert!(extremes(&result, Series::Opening).1 > Nanos::from_secs(4));
    assert!(result.connections.peak_concurrent <= 50);
}

#[test]
fn a_storm_is_open_as_fast_as_the_server_accepts() {
    let each = Nanos::from_millis(10);
    for threads in [1, 2] {
        let spec = PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
            spec.clients.connections = 200;
            spec.threads = threads;
            spec.clients.exchange.flow = Flow::Storm;
            spec.stop = StopRule::Duration(Nanos::from_secs(5));
        });
        let result = run(&checked(&spec), accepting(each), None);
        assert_eq!(result.sessions.opened, 200);
        let spans = result.at(Series::Storm);
        let near = |span: Nanos, ms: u64| span.0.abs_diff(ms * 1_000_000) < 12_000_000;
        assert!(near(spans.max().unwrap(), 2_000), "{:?}", spans.max());
        assert!(near(spans.quantile(0.5).unwrap(), 1_000));
        assert_eq!(result.connections.alive_at_end, 200);
        assert_eq!(result.at(Series::StormCensored).count(), 0);
    }
}

#[test]
fn what_of_a_storm_is_not_open_by_the_end_is_known_to_take_longer() {
    let spec = PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = 100;
        spec.clients.exchange.flow = Flow::Storm;
        spec.connect.timeout = Nanos::from_secs(60);
        spec.stop = StopRule::Duration(Nanos::from_secs(5));
    });
    let result = run(&checked(&spec), accepting(Nanos::from_millis(100)), None);
    let counts = result.sessions;
    assert_eq!(counts.due, 100);
    assert!(counts.opened.abs_diff(50) <= 1, "{counts:?}");
    assert_eq!(result.at(Series::StormCensored).count(), counts.under_way);
    assert_eq!(result.at(Series::Storm).count(), 100);
}

fn returning(policy: Reconnect, drill: Option<Drill>, threads: u32) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = 40;
        spec.threads = threads;
        spec.clients.exchange.payload = text(60);
        spec.clients.exchange.flow = Flow::Idle;
        spec.clients.returns = Some(Returns { policy, drill });
        spec.stop = StopRule::Duration(Nanos::from_secs(10));
        spec.warmup = WarmUp::of(Nanos::from_secs(1));
    })
}

#[test]
fn a_drill_cuts_its_share_and_its_clients_come_back_by_their_policy() {
    let drill = Some(Drill {
        share: 0.5,
        at: Nanos::from_secs(3),
    });
    let wait = Nanos::from_secs(1);
    for (policy, least, most) in [
        (Reconnect::Immediate, Nanos::ZERO, Nanos::ZERO),
        (Reconnect::Fixed { wait }, Nanos::from_millis(500), wait),
    ] {
        for threads in [1, 2] {
            let spec = returning(policy, drill, threads);
            let result = run(&checked(&spec), Scenario::default(), None);
            let expected = ReturnCounts {
                lost: 20,
                cut: 20,
                back: 20,
                ..ReturnCounts::default()
            };
            assert_eq!(result.returns, expected, "{policy:?}");
            let (first, last) = extremes(&result, Series::Back);
            assert!(first >= least + OPEN, "{policy:?}: {first}");
            assert!(last < most + OPEN + OPEN, "{policy:?}: {last}");
            assert_eq!(result.connections.alive_at_end, 40);
        }
    }
}

#[test]
fn clients_of_a_server_that_is_restarted_are_refused_until_it_is_there() {
    let mut scenario = Scenario::default();
    let gone = Nanos::from_secs(2);
    scenario.server.outages = vec![Outage {
        from: Nanos::from_secs(4),
        until: Some(Nanos::from_secs(4) + gone),
        death: Death::ProcessWithReset,
    }];
    let wait = Nanos::from_millis(100);
    let spec = returning(Reconnect::Fixed { wait }, None, 1);
    let result = run(&checked(&spec), scenario, None);
    let counts = result.returns;
    assert_eq!((counts.lost, counts.back, counts.away), (40, 40, 0));
    assert_eq!((counts.cut, counts.timed_out), (0, 0));
    // Each tries again after 50 to 100 ms, for two seconds.
    assert!((40 * 19..=40 * 42).contains(&counts.refused), "{counts:?}");
    let (first, last) = extremes(&result, Series::Back);
    assert!(first >= gone - LATENCY, "{first}");
    assert!(last <= gone + wait + OPEN + OPEN, "{last}");
}

#[test]
fn clients_that_are_not_back_by_the_end_are_away() {
    let drill = Some(Drill {
        share: 1.0,
        at: Nanos::from_secs(9),
    });
    let wait = Nanos::from_secs(20);
    let result = run(
        &checked(&returning(Reconnect::Fixed { wait }, drill, 1)),
        Scenario::default(),
        None,
    );
    assert_eq!((result.returns.lost, result.returns.away), (40, 40));
    assert_eq!(result.at(Series::BackCensored).count(), 40);
}
