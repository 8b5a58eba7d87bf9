//! Warm-ups that are found from the data, on simulated time: the window opens when the server has
//! settled, and not before.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::checked;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec, StopRule};
use wsbench_load::result::{Ended, RunResult};
use wsbench_load::series::Series;
use wsbench_load::settling::Settling;
use wsbench_simulate::{Scenario, ServiceCourse, ServiceTime};

/// When the window opens at the latest.
const LIMIT: Nanos = Nanos::from_secs(10);
/// And at the earliest: as soon as anything can be said, and by what is left until it opens.
const EARLIEST: Nanos = Nanos::from_millis(600);

fn plan(seconds: u64) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = 8;
        spec.stop = StopRule::Duration(Nanos::from_secs(seconds));
        spec.warmup.least = Settling::LEAST;
        spec.warmup.at_most = Some(LIMIT);
        spec.seed = 7;
    })
}

fn at_rate(per_s: f64, plan: PlanSpec) -> PlanSpec {
    plan.with(|spec| {
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule {
                process: Process::Constant,
                stretches: vec![Stretch::level(Nanos::MAX, per_s)],
            },
            max_in_flight: 1_024,
        };
    })
}

/// A server that takes 2 ms a message when it is at its usual pace.
fn server(course: Option<ServiceCourse>) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.service =
        ServiceTime::Uniform(Nanos::from_micros(1_800), Nanos::from_micros(2_200));
    scenario.server.course = course;
    scenario
}

/// Ten times as slow at first; after three seconds 6 % slower than in the end.
const WARMING: Option<ServiceCourse> = Some(ServiceCourse::Falling {
    times: 10.0,
    within: Nanos::from_millis(600),
});

/// 99th percentile of service time, ms.
fn p99_ms(result: &RunResult) -> f64 {
    result
        .at(Series::Service)
        .quantile(0.99)
        .unwrap()
        .as_secs_f64()
        * 1e3
}

#[test]
fn the_window_opens_when_the_server_is_warm() {
    for plan in [plan(5), at_rate(1_000.0, plan(5))] {
        let result = wsbench_simulate::run(&checked(&plan), server(WARMING), None);
        let found = result.warmup_found.unwrap();
        assert!(found > Nanos::from_secs(2) && found < LIMIT, "{found}");
        assert_eq!(result.measured, Nanos::from_secs(5));
        assert!(
            p99_ms(&result) < 2.4,
            "2.3 ms once it is warm: {}",
            p99_ms(&result)
        );
        let given = plan.with(|spec| {
            spec.warmup.at_most = None;
        });
        let early = wsbench_simulate::run(&checked(&given), server(WARMING), None);
        assert_eq!(early.warmup_found, None);
        assert!(p99_ms(&early) > 4.0, "{}", p99_ms(&early));
    }
}

#[test]
fn a_steady_server_is_measured_as_soon_as_anything_can_be_said() {
    let result = wsbench_simulate::run(&checked(&plan(1)), server(None), None);
    let found = result.warmup_found.unwrap();
    let latest = EARLIEST + Nanos::from_millis(300);
    assert!(found >= EARLIEST && found < latest, "{found}");
}

#[test]
fn a_server_that_never_settles_is_measured_from_the_limit_on() {
    let course = ServiceCourse::Alternating {
        times: 4.0,
        period: Nanos::from_millis(400),
    };
    let result = wsbench_simulate::run(&checked(&plan(1)), server(Some(course)), None);
    assert_eq!(result.warmup_found, Some(LIMIT));
    assert_eq!(result.measured, Nanos::from_secs(1));
}

#[test]
fn the_schedule_of_the_window_is_kept_whenever_it_opens() {
    let plan = at_rate(1_000.0, plan(5));
    let result = wsbench_simulate::run(&checked(&plan), server(WARMING), None);
    let warmup = result.warmup_found.unwrap();
    assert!(
        result.messages.due.abs_diff(5_000) <= 1,
        "{}",
        result.messages.due
    );
    let due: u64 = result.intervals.iter().map(|interval| interval.due).sum();
    assert_eq!(due, result.messages.due, "each in its interval");
    let before = (warmup.as_secs_f64() * 1e3) as u64;
    assert!(result.messages.warmup.abs_diff(before) <= 1);
    let carried_out = plan.carried_out(Some(warmup));
    let asked = carried_out.asked_per_s(result.measured).unwrap();
    assert!((asked - 1_000.0).abs() < 1e-6, "{asked}");
}

#[test]
fn a_ramp_is_no_part_of_what_must_settle() {
    let ramp = Nanos::from_secs(2);
    let mut plan = at_rate(1_000.0, plan(2));
    if let Arrival::Open { schedule, .. } = &mut plan.clients.arrival {
        let up = Stretch {
            length: ramp,
            from_per_s: 0.0,
            to_per_s: 1_000.0,
        };
        schedule.stretches.insert(0, up);
    }
    (plan.warmup.least, plan.warmup.at_most) = (Settling::LEAST + ramp, Some(LIMIT + ramp));
    let result = wsbench_simulate::run(&checked(&plan), server(None), None);
    let found = result.warmup_found.unwrap();
    assert!(
        found >= ramp + EARLIEST && found < ramp + Nanos::from_secs(1),
        "{found}"
    );
}

#[test]
fn so_many_messages_are_counted_from_the_opening_on() {
    let mut plan = plan(1);
    plan.stop = StopRule::Messages(1_000);
    let result = wsbench_simulate::run(&checked(&plan), server(None), None);
    assert_eq!(
        (result.messages.sent, result.messages.answered),
        (1_000, 1_000)
    );
    assert!(result.warmup_found.unwrap() >= EARLIEST);
}

#[test]
fn a_run_that_is_over_before_has_found_nothing() {
    let stop_at = Some(Nanos::from_millis(300));
    let result = wsbench_simulate::run(&checked(&plan(1)), server(None), stop_at);
    assert_eq!(result.ended, Ended::Interrupted);
    assert_eq!((result.warmup_found, result.messages.sent), (None, 0));
}
