//! Repeated runs of a server whose noise is known beforehand.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_experiment::repeat::repeat;
use wsbench_judge::repetition;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, PlanSpec, StopRule};
use wsbench_record::repetition::Repetition;
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Death, Outage, Scenario, ServiceTime};

fn plan(seed: u64) -> Plan {
    PlanSpec::against(target("a"))
        .with(|spec| {
            spec.stop = StopRule::Messages(1_000);
            spec.seed = seed;
        })
        .check()
        .unwrap()
}

fn server() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos::from_micros(1);
    scenario.server.service = ServiceTime::Exponential(Nanos::from_millis(1));
    scenario
}

fn repeated(seed: u64, runs: u32) -> Repetition {
    let mut runner = Simulated::new([("a", server())]);
    let runs_made = repeat(&mut runner, &plan(seed), runs).unwrap();
    repetition::repeated(runs_made, runs).unwrap()
}

/// How often the interval between runs holds the truth is an experiment of `truth` (METHOD V9).
#[test]
fn the_deviation_between_runs_is_that_of_the_servers_times() {
    let repetition = repeated(100, 20);
    let rate = &repetition.figures[0];
    assert_eq!(rate.name, "messages_per_s");
    // A thousand exponential times of 1 ms: a run is off by 3.2 %, which twenty tell to a sixth.
    let deviation = rate.deviation.unwrap();
    assert!((0.016..0.048).contains(&deviation), "{deviation}");
}

#[test]
fn the_first_run_has_the_seed_that_was_given_and_no_two_the_same() {
    let mut runner = Simulated::new([("a", server())]);
    repeat(&mut runner, &plan(42), 8).unwrap();
    let mut seeds: Vec<u64> = runner.plans.iter().map(|plan| plan.seed).collect();
    assert_eq!(seeds[0], 42);
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 8);
}

#[test]
fn a_failed_run_is_the_last() {
    let mut dead = server();
    dead.server.outages = vec![Outage {
        from: Nanos::ZERO,
        until: None,
        death: Death::Process,
    }];
    let mut runner = Simulated::new([("a", dead)]);
    let runs = repeat(&mut runner, &plan(1), 5).unwrap();
    assert_eq!(runs.len(), 1);
}
