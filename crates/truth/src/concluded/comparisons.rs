//! Two servers against each other: V10, the same one twice, and one that is 5 % slower.

use wsbench_experiment::compare::{Rounds, compare};
use wsbench_judge::comparison::Terms;
use wsbench_judge::figure::Figure;
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, PlanSpec, StopRule};
use wsbench_record::comparison::{Comparison, Found};
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Queue, Scenario, ServiceTime};

use super::{percent, steady, two_deviations};
use crate::finding::{Experiment, Finding, Tolerance};
use crate::simulated::{open, plan, server};

/// Comparisons of a server with itself, in the closed loop, and as many in the open one.
const ALIKE: u32 = 100;
/// Comparisons with a slower one.
const UNLIKE: u32 = 100;
/// Factor by which that one takes longer.
const SLOWER: f64 = 1.05;

/// A server and itself: whatever is called a difference is chance, whatever number of figures there
/// is.
pub(super) fn alike() -> Vec<Experiment> {
    let of = |us| {
        server(
            ServiceTime::Exponential(Nanos::from_micros(us)),
            Queue::Fifo,
        )
    };
    let differ = |mean_us, plan: fn(u32) -> Plan| {
        (0..ALIKE)
            .filter(|seed| differs(&compared((of(mean_us), of(mean_us)), plan(*seed), 5)))
            .count()
    };
    let open_loop = |seed: u32| {
        plan(
            open(Process::Poisson, 1_000.0),
            4,
            1,
            1_000 + u64::from(seed),
        )
        .with(|spec| {
            spec.target = target("a");
            spec.stop = StopRule::Duration(Nanos::from_millis(400));
        })
        .check()
        .expect("a plan of our own making is right")
    };
    let closed_loop = |seed: u32| in_turn(100, 5_000 + u64::from(seed));
    let called = differ(100, open_loop) + differ(500, closed_loop);
    vec![Experiment {
        id: "V10",
        title: format!(
            "compare: a server with itself, 5 rounds, {} times (half of them in the open loop)",
            2 * ALIKE
        ),
        formula: "one in twenty, whatever number of figures each has (Holm), and two deviations",
        findings: vec![Finding::new(
            "comparisons that call a difference, %",
            8.0,
            Tolerance::AtMost,
            percent(called as u32, 2 * ALIKE),
        )],
    }]
}

/// A server and one that takes 5 % longer.
pub(super) fn slower() -> Vec<Experiment> {
    let (mut held, mut found, mut wrong) = (0, 0, 0);
    for seed in 0..UNLIKE {
        let servers = [1_000, 1_050].map(|us| steady(Nanos::from_micros(us)));
        let comparison = compared(servers.into(), in_turn(100, 9_000 + u64::from(seed)), 10);
        let rate = comparison.of(&Figure::MESSAGES_PER_S.name());
        let interval = rate.and_then(|rate| rate.as_ratio()?.interval);
        // Of rates, B over A: the slower one's is so much less.
        held += u32::from(interval.is_some_and(|ratio| ratio.contains(1.0 / SLOWER)));
        let finding = rate.and_then(|rate| rate.finding);
        found += u32::from(finding == Some(Found::Less));
        wrong += u32::from(finding == Some(Found::Greater));
    }
    vec![Experiment {
        id: "V10",
        title: format!(
            "compare: one that takes 5 % longer, 10 rounds, a run off by 1 %; {UNLIKE} times"
        ),
        formula: "95 % of the intervals hold 1.05; t = 10.9, so it is found",
        findings: vec![
            Finding::new(
                "intervals that hold 1.05, %",
                95.0,
                Tolerance::By(two_deviations(UNLIKE, 0.95)),
                percent(held, UNLIKE),
            ),
            Finding::new(
                "found, % of the comparisons",
                99.0,
                Tolerance::AtLeast,
                percent(found, UNLIKE),
            ),
            Finding::new("called faster", 0.0, Tolerance::Exact, f64::from(wrong)),
        ],
    }]
}

/// So many messages one after the other on one connection.
fn in_turn(messages: u64, seed: u64) -> Plan {
    PlanSpec::against(target("a"))
        .with(|spec| {
            spec.stop = StopRule::Messages(messages);
            spec.seed = seed;
        })
        .check()
        .expect("a plan of our own making is right")
}

fn compared((a, b): (Scenario, Scenario), plan: Plan, rounds: u32) -> Comparison {
    let mut runner = Simulated::new([("a", a), ("b", b)]);
    let rounds = Rounds {
        b: plan
            .edited(|spec| {
                spec.target = target("b");
            })
            .expect("another server changes nothing else"),
        a: plan,
        rounds,
        limit_s: f64::INFINITY,
    };
    compare(&mut runner, &rounds, &Terms::default()).expect("healthy servers can be compared")
}

/// True if any figure is called different.
fn differs(comparison: &Comparison) -> bool {
    let mut findings = comparison.figures.iter().map(|contrast| contrast.finding);
    findings.any(|found| matches!(found, Some(Found::Greater | Found::Less)))
}
