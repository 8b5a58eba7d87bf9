//! Faults that are counted exactly, and openings one after the other: V11 and V14.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Lifetime, StopRule};
use wsbench_load::tally::MessageCounts;
use wsbench_simulate::{AnswerFault, Every, Queue, ServiceTime};

use super::{plan, run, server};
use crate::finding::{Experiment, Finding, Tolerance};

/// More than a multiple of each `k`, so that a swapped answer has a next one to be swapped with.
const MESSAGES: u64 = 100_100;

pub(super) fn all() -> Vec<Experiment> {
    vec![faults(), openings()]
}

/// Each fault in a run of its own; ⌊N/k⌋ of each, and not one more or less.
fn faults() -> Experiment {
    type Count = fn(&MessageCounts) -> u64;
    let runs: [(&str, AnswerFault, u64, Count); 4] = [
        (
            "each 1,000th dropped: timed out",
            AnswerFault::Dropped,
            1_000,
            |n| n.timed_out,
        ),
        (
            "each 777th twice: duplicated",
            AnswerFault::Duplicated,
            777,
            |n| n.duplicated,
        ),
        (
            "each 500th swapped with the next: reordered",
            AnswerFault::Swapped,
            500,
            |n| n.reordered,
        ),
        (
            "a bit of each 10,007th: corrupted",
            AnswerFault::WrongBytes,
            10_007,
            |n| n.corrupted,
        ),
    ];
    let findings = runs.into_iter().map(|(name, fault, nth, count)| {
        let mut plan = plan(Arrival::Closed { depth: 4 }, 8, 0, 1);
        plan.stop = StopRule::Messages(MESSAGES);
        plan.clients.timeout = Nanos::from_secs(1);
        let mut scenario = server(
            ServiceTime::Constant(Nanos::from_micros(10)),
            Queue::Parallel,
        );
        scenario.server.answers = Some(Every { nth, fault });
        let counts = run(&plan, scenario).messages;
        let expected = (MESSAGES / nth) as f64;
        Finding::new(name, expected, Tolerance::Exact, count(&counts) as f64)
    });
    Experiment {
        id: "V11",
        title: "answers mangled, 100,100 messages each".into(),
        formula: "⌊N/k⌋",
        findings: findings.collect(),
    }
}

/// A server that grants one upgrade in 3 ms, and clients that are replaced at once.
fn openings() -> Experiment {
    let clients = 2_000;
    let mut plan = plan(Arrival::Closed { depth: 1 }, 50, 0, 1);
    plan.stop = StopRule::Clients(clients);
    plan.clients.lifetime = Lifetime::Replaced { round_trips: 1 };
    let mut scenario = server(
        ServiceTime::Constant(Nanos::from_micros(10)),
        Queue::Parallel,
    );
    scenario.server.accept = Some(Nanos::from_millis(3));
    let result = run(&plan, scenario);
    let per_s = result.connections.clients_completed as f64 / result.total.as_secs_f64();
    Experiment {
        id: "V14",
        title: "upgrades granted one after the other, 3 ms each; 2,000 clients, 50 at a time"
            .into(),
        formula: "1/3 ms",
        findings: vec![Finding::new(
            "new clients a second",
            1e3 / 3.0,
            Tolerance::Share(0.02),
            per_s,
        )],
    }
}
