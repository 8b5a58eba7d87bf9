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

/// Six hundred messages know no 99th percentile of their own, six thousand do; of the thousandth longest not even
/// these know an upper end.
#[test]
fn a_percentile_that_no_run_knows_is_that_of_all_runs() {
    let short = |runs: u32| {
        let plan = plan(7).edited(|spec| spec.stop = StopRule::Messages(600));
        let mut runner = Simulated::new([("a", server())]);
        let made = repeat(&mut runner, &plan.unwrap(), runs).unwrap();
        repetition::repeated(made, runs).unwrap()
    };
    let repetition = short(10);
    let of = |name: &str| {
        let mut figures = repetition.figures.iter();
        figures.find(|figure| figure.name == name).unwrap()
    };
    assert!(!of("service.p50").is_pooled);
    let p99 = of("service.p99");
    assert!(p99.is_pooled && p99.missing.is_none() && p99.deviation.is_none());
    let ends = p99.low.unwrap()..p99.high.unwrap();
    assert!(ends.contains(&(-(0.01_f64.ln()) * 1e6)), "{ends:?}");
    let longest = of("service.p99.9");
    assert!(longest.is_pooled && longest.high.is_none(), "{longest:?}");
    assert!((5e6..-(0.001_f64.ln()) * 1e6).contains(&longest.low.unwrap()));

    let few = short(4);
    let p99 = few.figures.iter().find(|it| it.name == "service.p99");
    let told = p99.unwrap().missing.as_deref().unwrap();
    assert!(told.starts_with("too few samples"), "{told}");
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
