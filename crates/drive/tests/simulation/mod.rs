//! Plans and scenarios for runs on simulated time, and what must hold of every result.
#![allow(dead_code, reason = "each test file takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

pub(crate) mod chance;
pub(crate) mod prints;
pub(crate) mod sums;

use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Encoding, Lifetime, Payload, Plan, PlanSpec, StopRule, WarmUp,
};
use wsbench_load::result::RunResult;
use wsbench_load::tally::Phase;
use wsbench_simulate::{Scenario, ServiceTime, ToAll};

/// A plan as the command line would make it for `ws://simulated/`: default payload and time-outs.
pub(crate) fn plan(connections: u32, depth: u32, stop: StopRule) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = connections;
        spec.clients.arrival = Arrival::Closed { depth };
        spec.stop = stop;
    })
}

/// The same with so many clients, each replaced after its round trips.
pub(crate) fn replaced(connections: u32, clients: u64, round_trips: u32) -> PlanSpec {
    let mut plan = plan(connections, 1, StopRule::Clients(clients));
    plan.clients.lifetime = Lifetime::Replaced { round_trips };
    plan
}

/// Five seconds of messages of 60 bytes for an audience at an even rate, after one of warm-up.
pub(crate) fn to_many(connections: u32, threads: u32, audience: Audience, per_s: f64) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        (spec.clients.connections, spec.threads) = (connections, threads);
        spec.clients.exchange.audience = audience;
        spec.clients.exchange.payload = text(60);
        spec.clients.timeout = Nanos::from_secs(2);
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(Process::Constant, per_s),
            max_in_flight: 1_024,
        };
        spec.stop = StopRule::Duration(Nanos::from_secs(5));
        spec.warmup = WarmUp::of(Nanos::from_secs(1));
    })
}

/// A server that has each message for 10 µs and sends it to many.
pub(crate) fn sends_to_many(to_all: ToAll) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.service = ServiceTime::Constant(Nanos::from_micros(10));
    scenario.server.broadcast = Some(to_all);
    scenario
}

/// The plan that a spec is.
pub(crate) fn checked(spec: &PlanSpec) -> Plan {
    spec.clone().check().unwrap()
}

/// Text of this many bytes.
pub(crate) fn text(len: u32) -> Payload {
    Payload::Generated {
        encoding: Encoding::Text,
        min: len,
        max: len,
        ascii: false,
    }
}

/// How often a kind of failure was counted in a phase.
pub(crate) fn failures(result: &RunResult, phase: Phase, kind: FailureKind) -> u64 {
    result
        .failures
        .iter()
        .filter(|failure| failure.phase == phase && failure.kind == kind)
        .map(|failure| failure.count)
        .sum()
}
