//! More than a server takes: V5; and what it saw of the load: V8.

use wsbench_load::arrival::Process;
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_simulate::{Bucket, Queue, Scenario, ServiceTime, witness};
use wsbench_stats::gaps::Gaps;

use super::{called, ms, open, plan, run, server};
use crate::finding::{Experiment, Finding, Tolerance};

/// Rate and burst of the bucket, the offered rate, and the length of the run.
const RATE: f64 = 5_000.0;
const BURST: f64 = 100.0;
const OFFERED: f64 = 6_000.0;
const SECONDS: f64 = 10.0;

pub(super) fn all() -> Vec<Experiment> {
    vec![
        shaper(),
        policer(),
        arrivals(Process::Poisson),
        arrivals(Process::Constant),
    ]
}

fn bucket(drops: bool) -> Scenario {
    let mut scenario = server(ServiceTime::Constant(Nanos(1_000)), Queue::Parallel);
    scenario.server.bucket = Some(Bucket {
        interval: Nanos((1e9 / RATE) as u64),
        burst: BURST as u32,
        drops,
    });
    scenario
}

/// A queue that grows without bound, from the moment at which the burst is used up.
fn shaper() -> Experiment {
    let plan = plan(open(Process::Constant, OFFERED), 100, SECONDS as u64, 1);
    let result = run(&plan, bucket(false));
    // Messages are due evenly, so the quantile q is the delay of what was due at q·T.
    let delay = |q: f64| 1e3 * (((OFFERED - RATE) * q * SECONDS - BURST) / RATE).max(0.0);
    let quantiles = [0.5, 0.99, 1.0].map(|q| {
        let name = format!("response {}, ms", called(q));
        let tolerance = Tolerance::Share(0.02);
        Finding::new(
            name,
            delay(q),
            tolerance,
            ms(result.at(Series::Response), q),
        )
    });
    let mut findings = quantiles.to_vec();
    findings.push(Finding::new(
        "received in the window, msg/s",
        RATE + BURST / SECONDS,
        Tolerance::Share(0.001),
        result.messages.received_in_window as f64 / SECONDS,
    ));
    findings.push(Finding::new(
        "messages not among the response times",
        0.0,
        Tolerance::Exact,
        (result.messages.due - result.at(Series::Response).count()) as f64,
    ));
    Experiment {
        id: "V5",
        title: "token bucket of 5,000/s and 100, shaper, offered 6,000/s for 10 s".into(),
        formula: "delay(t) = max(0, ((λ − r)t − B)/r); received (rT + B)/T",
        findings,
    }
}

/// Experiment with a policer: what finds no token is lost, and counted.
fn policer() -> Experiment {
    let mut plan = plan(open(Process::Poisson, OFFERED), 100, SECONDS as u64, 1);
    plan.clients.timeout = Nanos::from_secs(1);
    let result = run(&plan, bucket(true));
    let (sent, answered) = (result.messages.sent as f64, result.messages.answered as f64);
    Experiment {
        id: "V5",
        title: "the same bucket as a policer".into(),
        formula: "lost: 1 − (rT + B)/λT",
        findings: vec![
            Finding::new(
                "never answered, % of messages",
                100.0 * (1.0 - (RATE * SECONDS + BURST) / (OFFERED * SECONDS)),
                Tolerance::By(2.0),
                100.0 * (1.0 - answered / sent),
            ),
            Finding::new(
                "messages neither timed nor counted as failed",
                0.0,
                Tolerance::Exact,
                // Those that were given up with their connection are both.
                (result.messages.due + given_up(&result)) as f64
                    - (result.at(Series::Response).count() + result.messages.failed) as f64,
            ),
        ],
    }
}

/// The load as the server saw it, from its own list of arrivals.
fn arrivals(process: Process) -> Experiment {
    let (rate, seconds) = (1_000.0, 100);
    let plan = plan(open(process, rate), 50, seconds, 1);
    let scenario = server(ServiceTime::Constant(Nanos(1_000)), Queue::Parallel);
    let seen = {
        let plan = plan.check().expect("a plan of our own making is right");
        witness(&plan, scenario, None).arrivals_at_server
    };
    let times: Vec<f64> = seen.iter().map(|at| at.as_secs_f64()).collect();
    let count = rate * seconds as f64;
    let variation = Gaps::between(&times).map_or(f64::NAN, |gaps| gaps.variation);
    let distance = Gaps::between(&times).map_or(f64::NAN, |gaps| gaps.from_exponential);
    let anderson = Gaps::between(&times).map_or(f64::NAN, |gaps| gaps.anderson_darling);
    let count_found = times.len() as f64;
    match process {
        Process::Poisson => Experiment {
            id: "V8",
            title: "arrivals at the server, Poisson, 1,000/s for 100 s".into(),
            formula: "count Poisson(λT); gaps exponential: variation 1, A² ≤ 1.959 (1 %)",
            findings: vec![
                Finding::new(
                    "messages",
                    count,
                    Tolerance::By(3.0 * count.sqrt()),
                    count_found,
                ),
                Finding::new("variation of the gaps", 1.0, Tolerance::By(0.02), variation),
                Finding::new(
                    "distance from exponential",
                    0.02,
                    Tolerance::AtMost,
                    distance,
                ),
                Finding::new("A² of 2,000 gaps", Gaps::LIMIT, Tolerance::AtMost, anderson),
            ],
        },
        Process::Constant => Experiment {
            id: "V8",
            title: "arrivals at the server, constant, 1,000/s for 100 s".into(),
            formula: "count λT; gaps all the same",
            findings: vec![
                Finding::new("messages", count, Tolerance::By(1.0), count_found),
                Finding::new("variation of the gaps", 0.05, Tolerance::AtMost, variation),
            ],
        },
    }
}

/// Messages that were given up with a silent connection before their own time was up.
fn given_up(result: &RunResult) -> u64 {
    let failures = result.failures.iter();
    let given_up = failures.filter(|failure| failure.kind == FailureKind::GivenUp);
    given_up.map(|failure| failure.count).sum()
}
