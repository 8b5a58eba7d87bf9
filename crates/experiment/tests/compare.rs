//! Comparisons of servers whose difference is known beforehand: what is compared, and what is not.
//! How often a difference is called where there is none, and found where there is one, is an
//! experiment of `truth` (METHOD V10).
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_experiment::compare::{CompareError, Rounds, compare};
use wsbench_judge::comparison::Terms;
use wsbench_judge::figure::Figure;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Plan, PlanSpec, StopRule};
use wsbench_record::comparison::{Comparison, Doubt, Found};
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{AnswerFault, Every, Queue, Scenario, ServiceTime};

/// A server that takes an exponentially distributed time of this mean, next to the generator.
fn server(mean_us: u64) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos::from_micros(1);
    scenario.server.queue = Queue::Fifo;
    scenario.server.service = ServiceTime::Exponential(Nanos::from_micros(mean_us));
    scenario
}

/// One message after the other on one connection.
fn closed(messages: u64, seed: u64) -> Plan {
    PlanSpec::against(target("a"))
        .with(|spec| {
            spec.stop = StopRule::Messages(messages);
            spec.seed = seed;
        })
        .check()
        .unwrap()
}

/// Messages at 1,000 a second on four connections, for this long.
fn open(length: Nanos, seed: u64) -> Plan {
    PlanSpec::against(target("a"))
        .with(|spec| {
            spec.clients.connections = 4;
            spec.clients.arrival = Arrival::Open {
                schedule: Schedule {
                    process: Process::Poisson,
                    stretches: vec![Stretch::level(Nanos::MAX, 1_000.0)],
                },
                max_in_flight: 1024,
            };
            spec.stop = StopRule::Duration(length);
            spec.seed = seed;
        })
        .check()
        .unwrap()
}

fn rounds(plan: Plan, rounds: u32) -> Rounds {
    Rounds {
        b: plan
            .edited(|spec| {
                spec.target = target("b");
            })
            .unwrap(),
        a: plan,
        rounds,
        limit_s: f64::INFINITY,
    }
}

fn compared(a: Scenario, b: Scenario, rounds: &Rounds) -> Comparison {
    let mut runner = Simulated::new([("a", a), ("b", b)]);
    compare(&mut runner, rounds, &Terms::default()).unwrap()
}

#[test]
fn a_slower_server_has_longer_percentiles_at_the_same_rate() {
    let comparison = compared(
        server(100),
        server(200),
        &rounds(open(Nanos::from_secs(2), 3), 6),
    );
    assert!(comparison.compares_latency);
    for name in ["response.p50", "response.p90", "response.p99"] {
        let contrast = comparison
            .of(&Figure::recorded(name).unwrap().name())
            .unwrap();
        let ratio = contrast.as_ratio().unwrap();
        assert_eq!(contrast.finding, Some(Found::Greater), "{contrast:?}");
        // M/M/1: exponential of mean s/(1 − ρ), here 200/0.8 and 100/0.9, and 2 µs of network.
        assert!(ratio.interval.unwrap().contains(2.24), "{contrast:?}");
        assert!(contrast.noise_a.unwrap() > 0.0);
    }
    // Both sustain the rate, so it is the same.
    let rate = comparison.of(&Figure::MESSAGES_PER_S.name()).unwrap();
    assert!(!matches!(rate.finding, Some(Found::Greater | Found::Less)));
    assert!(
        comparison.verdict.contains("p99 response"),
        "{comparison:?}"
    );
}

/// A second at a thousand a second knows no 99th percentile, ten of them together do.
#[test]
fn percentiles_that_no_run_knows_are_compared_over_all_runs() {
    let of = |b_us: u64| {
        let comparison = compared(
            server(300),
            server(b_us),
            &rounds(open(Nanos::from_secs(1), 3), 10),
        );
        let mut figures = comparison.figures.into_iter();
        figures.find(|it| it.name == "response.p99").unwrap()
    };
    let slower = of(450);
    assert!(slower.is_pooled && slower.missing.is_none());
    assert_eq!(slower.finding, Some(Found::Greater));
    // M/M/1: −ln(0.01)·s/(1 − ρ), 1.97 ms and 3.77 ms.
    let ends = slower.ratio_low.unwrap()..slower.ratio_high.unwrap();
    assert!(ends.contains(&1.91), "{ends:?}");
    let alike = of(300);
    assert!(alike.is_pooled && alike.finding != Some(Found::Greater));
    assert_ne!(alike.finding, Some(Found::Less));
}

#[test]
fn of_closed_loops_no_latency_is_compared_unless_forced() {
    let of_closed = rounds(closed(2_000, 1), 3);
    let latency = Figure::recorded("service.p50").unwrap();
    let comparison = compared(server(500), server(900), &of_closed);
    assert!(comparison.of(&latency.name()).is_none() && !comparison.compares_latency);
    let mut runner = Simulated::new([("a", server(500)), ("b", server(900))]);
    let forced = Terms {
        is_forced: true,
        ..Terms::default()
    };
    let comparison = compare(&mut runner, &of_closed, &forced).unwrap();
    assert_eq!(
        comparison.of(&latency.name()).unwrap().finding,
        Some(Found::Greater)
    );
}

#[test]
fn a_server_that_gives_wrong_answers_is_not_compared() {
    let mut wrong = server(500);
    wrong.server.answers = Some(Every {
        nth: 100,
        fault: AnswerFault::WrongBytes,
    });
    let mut runner = Simulated::new([("a", server(500)), ("b", wrong)]);
    let of_closed = rounds(closed(300, 1), 5);
    let error = compare(&mut runner, &of_closed, &Terms::default()).unwrap_err();
    assert!(matches!(error, CompareError::Comparison(_)), "{error}");
    assert!(error.to_string().contains("of B (ws://b/)"), "{error}");
    assert!(runner.plans.len() <= 2, "nothing is measured after it");
}

#[test]
fn the_limit_ends_it_with_whole_rounds_and_that_is_said() {
    let mut runner = Simulated::new([("a", server(500)), ("b", server(500))]);
    let limited = Rounds {
        limit_s: 20.0,
        ..rounds(open(Nanos::from_secs(2), 1), 50)
    };
    let comparison = compare(&mut runner, &limited, &Terms::default()).unwrap();
    let made = comparison.a.runs.len();
    assert!((2..=5).contains(&made), "{made} rounds in 20 s");
    assert_eq!(comparison.b.runs.len(), made);
    let told = |doubt: &Doubt| matches!(doubt, Doubt::Design { words } if words.contains("of 50"));
    assert!(comparison.doubts.iter().any(told));
}

#[test]
fn every_run_has_a_seed_of_its_own() {
    let mut runner = Simulated::new([("a", server(500)), ("b", server(500))]);
    compare(&mut runner, &rounds(closed(100, 7), 10), &Terms::default()).unwrap();
    let mut seeds: Vec<u64> = runner.plans.iter().map(|plan| plan.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 20);
}
