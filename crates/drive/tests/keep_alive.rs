//! Pings that keep connections alive, on simulated time: as many as the interval says, their round
//! trips to the nanosecond, and no message's time changed by them.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::checked;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec, StopRule};
use wsbench_load::series::Series;
use wsbench_simulate::{Scenario, ServiceTime};

const CONNECTIONS: u32 = 20;
const EVERY: Nanos = Nanos::from_millis(100);

/// Ten seconds with hardly a message and a ping on each connection each 100 ms.
fn plan() -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = CONNECTIONS;
        spec.clients.keep_alive = Some(EVERY);
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule {
                process: Process::Constant,
                stretches: vec![Stretch::level(Nanos::MAX, 10.0)],
            },
            max_in_flight: 16,
        };
        spec.stop = StopRule::Duration(Nanos::from_secs(10));
        spec.clients.timeout = Nanos::from_secs(2);
        spec.seed = 11;
    })
}

/// A server whose application takes 5 ms a message, and its library nothing for a ping.
fn slow_application() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.service = ServiceTime::Constant(Nanos::from_millis(5));
    scenario
}

#[test]
fn each_connection_pings_as_often_as_asked_and_every_ping_is_answered() {
    let result = wsbench_simulate::run(&checked(&plan()), slow_application(), None);
    // 100 in ten seconds on each, one more or less by where its first falls; and a few in the drain.
    let expected = u64::from(CONNECTIONS) * 100;
    assert!(
        result.pings_sent.abs_diff(expected) <= 3 * u64::from(CONNECTIONS),
        "{}",
        result.pings_sent
    );
    assert!(result.pings_sent - result.at(Series::Ping).count() <= u64::from(CONNECTIONS));
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    assert_eq!(result.messages.answered, result.messages.sent);
}

#[test]
fn a_ping_tells_the_way_and_a_message_the_application_as_well() {
    let result = wsbench_simulate::run(&checked(&plan()), slow_application(), None);
    let ping = result.at(Series::Ping).quantile(0.5).unwrap();
    let echo = result.at(Series::Service).quantile(0.5).unwrap();
    // There and back is twice 50 µs; what the instrument itself takes is simulated, too.
    assert!(
        ping >= Nanos::from_micros(100) && ping < Nanos::from_micros(200),
        "{ping}"
    );
    let application = echo - ping;
    let off = application.0.abs_diff(Nanos::from_millis(5).0);
    assert!(off < Nanos::from_micros(50).0, "{application}");
}

#[test]
fn without_the_flag_no_ping_is_sent() {
    let plan = plan().with(|spec| {
        spec.clients.keep_alive = None;
    });
    let result = wsbench_simulate::run(&checked(&plan), slow_application(), None);
    assert_eq!(result.pings_sent, 0);
}

#[test]
fn a_ping_that_stays_unanswered_fails_its_connection() {
    let mut scenario = slow_application();
    scenario.server.is_deaf_to_pings = true;
    let result = wsbench_simulate::run(&checked(&plan()), scenario, None);
    let mut failures = result.failures.iter();
    let missed = failures
        .find(|failure| failure.kind == FailureKind::NoPong)
        .unwrap();
    // After two seconds each; the connection is replaced, and its successor fails alike.
    assert!(missed.count >= u64::from(CONNECTIONS) * 3, "{missed:?}");
    assert_eq!(result.at(Series::Ping).count(), 0);
    assert!(result.messages.is_conserved());
}
