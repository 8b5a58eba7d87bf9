//! The experiments on simulated time: the instrument's own worker, schedule, session and books over
//! a made-up network, server and clock. The same figures on every machine.

use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Encoding, Payload, PlanSpec, StopRule};
use wsbench_load::result::RunResult;
use wsbench_simulate::runner::target;
use wsbench_simulate::{PeriodicStall, Queue, Scenario, ServiceTime};

use crate::finding::{Experiment, side_by_side};

mod clock;
mod deliveries;
mod exchange;
mod overload;
mod queues;
mod slow;
mod stalls;
mod streams;

/// Every experiment, in the order of its number. Takes some seconds, on as many threads as there
/// are groups of them.
///
/// # Panics
/// A run does not end, or does not add up: a fault in wsbench.
#[must_use]
pub fn all() -> Vec<Experiment> {
    side_by_side(&[
        stalls::all,
        queues::delays,
        queues::all,
        overload::all,
        exchange::all,
        deliveries::all,
        slow::all,
        clock::all,
        streams::all,
    ])
}

/// A plan of so many seconds without a warm-up.
pub(crate) fn plan(arrival: Arrival, connections: u32, seconds: u64, seed: u64) -> PlanSpec {
    PlanSpec::against(target("simulated")).with(|spec| {
        spec.clients.connections = connections;
        spec.clients.arrival = arrival;
        spec.stop = StopRule::Duration(Nanos::from_secs(seconds));
        spec.clients.exchange.payload = Payload::Generated {
            encoding: Encoding::Binary,
            min: 32,
            max: 32,
            ascii: false,
        };
        spec.clients.timeout = Nanos::from_secs(30);
        spec.seed = seed;
    })
}

/// An open loop at a level rate that nothing blocks.
pub(crate) fn open(process: Process, rate_per_s: f64) -> Arrival {
    Arrival::Open {
        schedule: Schedule {
            process,
            stretches: vec![Stretch::level(Nanos::MAX, rate_per_s)],
        },
        max_in_flight: 1 << 20,
    }
}

/// A server near enough that the way to it does not matter.
pub(crate) fn server(service: ServiceTime, queue: Queue) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos(100);
    (scenario.server.service, scenario.server.queue) = (service, queue);
    scenario
}

/// 100 ms of every second in which the server does nothing, and `service` for each message.
fn stalling(service: Nanos) -> Scenario {
    let mut scenario = server(ServiceTime::Constant(service), Queue::Fifo);
    scenario.server.stall = Some(PeriodicStall {
        period: Nanos::from_secs(1),
        length: Nanos::from_millis(100),
    });
    scenario
}

/// Carries a plan out; the sums must be right before anything is concluded from it.
fn run(plan: &PlanSpec, scenario: Scenario) -> RunResult {
    let plan = plan.clone().check();
    let plan = plan.expect("a plan of our own making is right");
    let result = wsbench_simulate::run(&plan, scenario, None);
    assert!(result.messages.is_conserved(), "{:?}", result.messages);
    result
}

/// A quantile in milliseconds; not a number where there are no samples.
fn ms(spans: &Histogram, quantile: f64) -> f64 {
    spans
        .quantile(quantile)
        .map_or(f64::NAN, |span| span.0 as f64 / 1e6)
}

/// The mean in milliseconds; not a number where there are no samples.
fn mean_ms(spans: &Histogram) -> f64 {
    spans.mean_ns().map_or(f64::NAN, |mean| mean / 1e6)
}

/// A quantile as people call it: `p99.9`.
pub(crate) fn called(quantile: f64) -> String {
    format!("p{}", (quantile * 1e5).round() / 1e3)
}
