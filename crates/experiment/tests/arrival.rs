//! Whether the arrivals of a run were those of its schedule, on simulated time, where a generator
//! can be made late at will (METHOD section 3, B).
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_judge::judged;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Plan, PlanSpec, StopRule};
use wsbench_load::result::RunResult;
use wsbench_record::audit::Kind;
use wsbench_record::document::{ArrivalShape, Document, Record, RunContext};
use wsbench_setting::Paths;
use wsbench_simulate::runner::target;
use wsbench_simulate::{Pause, Queue, Scenario, ServiceTime, run};
use wsbench_stats::gaps::Gaps;

/// An open loop of twenty seconds over ten connections.
fn plan(process: Process, stretches: Vec<Stretch>, seed: u64) -> Plan {
    let schedule = Schedule { process, stretches };
    PlanSpec::against(target("near"))
        .with(|spec| {
            spec.clients.connections = 10;
            spec.clients.arrival = Arrival::Open {
                schedule,
                max_in_flight: 1 << 16,
            };
            spec.stop = StopRule::Duration(Nanos::from_secs(20));
            spec.warmup.least = Nanos::from_secs(1);
            spec.seed = seed;
        })
        .check()
        .unwrap()
}

fn level(process: Process, seed: u64) -> Plan {
    let stretches = vec![Stretch::level(Nanos::MAX, 1_000.0)];
    plan(process, stretches, seed)
}

/// A server that takes 10 µs, and is near.
fn near() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos(100);
    scenario.server.service = ServiceTime::Constant(Nanos::from_micros(10));
    scenario.server.queue = Queue::Fifo;
    scenario
}

/// Sleeps end up to 5 ms late.
fn with_a_coarse_timer() -> Scenario {
    let mut scenario = near();
    scenario.machine.timer_slack = Nanos::from_millis(5);
    scenario
}

fn document(plan: &Plan, scenario: Scenario) -> (RunResult, Document) {
    let result = run(plan, scenario, None);
    let record = Record::of(&result, plan, &RunContext::default(), &Paths);
    let document = judged(record, &Paths);
    (result, document)
}

fn shape(document: &Document) -> ArrivalShape {
    document.arrival_shape.unwrap()
}

fn is_doubted(document: &Document) -> bool {
    document.audit.of_kind(Kind::ArrivalShape).count() > 0
}

/// What leaves on time is as far from exponential as any Poisson process may be.
#[test]
fn healthy_poisson_arrivals_are_poisson() {
    let mut rejected = 0;
    for seed in 0..10 {
        let (_, document) = document(&level(Process::Poisson, seed), near());
        let shape = shape(&document);
        assert_eq!(shape.samples, 2_000);
        assert!(shape.distance < 0.02, "seed {seed}: {shape:?}");
        assert!(!is_doubted(&document));
        rejected += usize::from(shape.anderson_darling.unwrap() > Gaps::LIMIT);
    }
    assert!(rejected <= 1, "{rejected} of 10");
}

/// Shares of several threads are put together, however unequal.
#[test]
fn the_gaps_of_several_threads_make_one_sample() {
    let plan = level(Process::Poisson, 7)
        .edited(|spec| {
            spec.threads = 3;
        })
        .unwrap();
    let (result, document) = document(&plan, near());
    let shape = shape(&document);
    assert!((1_990..=2_010).contains(&shape.samples), "{shape:?}");
    assert!(shape.distance < 0.02, "{shape:?}");
    assert!(shape.anderson_darling.unwrap() < Gaps::LIMIT, "{shape:?}");
    let sent: Vec<f64> = result.send_gaps.iter().map(|gap| gap.sent).collect();
    let mean_ms = Gaps::of(&sent).unwrap().mean / 1e6;
    assert!(
        (mean_ms - 1.0).abs() < 0.1,
        "{mean_ms} ms: a gap of the whole"
    );
}

#[test]
fn healthy_even_arrivals_are_even() {
    let (result, document) = document(&level(Process::Constant, 1), near());
    let shape = shape(&document);
    assert!(shape.distance < 0.01, "{shape:?}");
    assert_eq!(shape.anderson_darling, None);
    let sent: Vec<f64> = result.send_gaps.iter().map(|gap| gap.sent).collect();
    let variation = Gaps::of(&sent).unwrap().variation;
    assert!(variation < 0.05, "{variation}");
    assert!(!is_doubted(&document));
}

/// A schedule with two rates has gaps that are not exponential, and arrivals are compared with it.
#[test]
fn arrivals_are_compared_with_their_own_schedule() {
    for process in [Process::Poisson, Process::Constant] {
        let steps = vec![
            Stretch::level(Nanos::from_secs(10), 200.0),
            Stretch::level(Nanos::MAX, 2_000.0),
        ];
        let plan = plan(process, steps, 1);
        let (result, document) = document(&plan, near());
        let shape = shape(&document);
        assert!(shape.distance < 0.02, "{process:?}: {shape:?}");
        assert_eq!(shape.anderson_darling, None);
        let sent: Vec<f64> = result.send_gaps.iter().map(|gap| gap.sent).collect();
        assert!(!Gaps::of(&sent).unwrap().may_be_poisson());
    }
}

#[test]
fn a_coarse_timer_distorts_arrivals() {
    for process in [Process::Poisson, Process::Constant] {
        let (_, document) = document(&level(process, 1), with_a_coarse_timer());
        let shape = shape(&document);
        // A turn every 2.5 ms and more: more than half of the messages leave along with others.
        assert!(shape.distance > 0.3, "{process:?}: {shape:?}");
        let poisson = shape.anderson_darling.is_none_or(|a| a > Gaps::LIMIT);
        assert!(poisson, "{shape:?}");
        assert!(is_doubted(&document), "{:?}", document.audit);
    }
}

/// While it stands still for two of twenty seconds, a tenth of the messages come due, and they
/// leave in one go.
#[test]
fn a_generator_that_stands_still_distorts_arrivals() {
    let mut scenario = near();
    scenario.machine.pause = Some(Pause {
        at: Nanos::from_secs(8),
        length: Nanos::from_secs(2),
    });
    let (_, document) = document(&level(Process::Poisson, 1), scenario);
    let shape = shape(&document);
    assert!((0.08..0.13).contains(&shape.distance), "{shape:?}");
    assert!(is_doubted(&document), "{:?}", document.audit);
}

/// A server that holds messages back distorts nothing: the generator did what it could.
#[test]
fn back_pressure_is_no_distortion() {
    let plan = level(Process::Poisson, 1).edited(|spec| {
        if let Arrival::Open { max_in_flight, .. } = &mut spec.clients.arrival {
            *max_in_flight = 1;
        }
    });
    let plan = plan.unwrap();
    let mut scenario = near();
    scenario.server.service = ServiceTime::Constant(Nanos::from_micros(900));
    let (result, document) = document(&plan, scenario);
    assert!(result.blocked_by.limit > 1_000, "{:?}", result.blocked_by);
    let shape = shape(&document);
    assert!(shape.distance < 0.02, "{shape:?}");
    assert_eq!(
        shape.anderson_darling, None,
        "what is left is no fair sample"
    );
    assert!(!is_doubted(&document));
}

#[test]
fn the_closed_loop_has_no_shape() {
    let plan = PlanSpec::against(target("near"))
        .with(|spec| {
            spec.stop = StopRule::Messages(1_000);
        })
        .check()
        .unwrap();
    let (result, document) = document(&plan, near());
    assert!(result.send_gaps.is_empty());
    assert_eq!(document.arrival_shape, None);
}
