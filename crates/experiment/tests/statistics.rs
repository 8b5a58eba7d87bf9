//! What one run says of how sure it is, held to servers whose times are known.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_experiment::runner::Runner;
use wsbench_judge::judged;
use wsbench_judge::until::{self, Watch};
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Plan, PlanSpec, StopRule};
use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Document, Ended, Percentile, Record, RunContext, Support};
use wsbench_setting::Paths;
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Queue, Scenario, Server, ServiceTime, run_until as run_on};

/// A queue with exponential service times of 1 ms, loaded by half.
fn queue() -> Scenario {
    Scenario {
        server: Server {
            service: ServiceTime::Exponential(Nanos::from_millis(1)),
            queue: Queue::Fifo,
            ..Server::default()
        },
        ..Scenario::default()
    }
}

/// An open loop of 500 messages a second for `seconds`, in intervals of which there are `points`.
fn plan(seconds: u64, points: u64, seed: u64) -> Plan {
    PlanSpec::against(target("queue"))
        .with(|spec| {
            spec.clients.connections = 8;
            spec.clients.arrival = Arrival::Open {
                schedule: Schedule {
                    process: Process::Poisson,
                    stretches: vec![Stretch::level(Nanos::MAX, 500.0)],
                },
                max_in_flight: 1_024,
            };
            spec.stop = StopRule::Duration(Nanos::from_secs(seconds));
            spec.warmup.least = Nanos::from_secs(1);
            spec.interval = Nanos(Nanos::from_secs(seconds).0 / points);
            spec.seed = seed;
        })
        .check()
        .unwrap()
}

fn run(plan: &Plan) -> Document {
    Simulated::new([("queue", queue())]).run(plan).unwrap()
}

#[test]
fn the_slices_of_a_run_add_up_to_it() {
    let document = run(&plan(20, 20, 1));
    assert_eq!(document.slices.len(), 20);
    let received: u64 = document.slices.iter().map(|slice| slice.messages).sum();
    assert_eq!(received, document.messages.received_in_window);
    let mut service = Histogram::new();
    let mut response = Histogram::new();
    for slice in &document.slices {
        service.merge(&slice.at(Series::Service).unwrap());
        response.merge(&slice.at(Series::Response).unwrap());
    }
    let whole = document.at(Series::Service).histogram().unwrap();
    assert!(whole.bins().eq(service.bins()), "in the drain as well");
    let whole = document.at(Series::Response).histogram().unwrap();
    assert!(whole.bins().eq(response.bins()));
}

#[test]
fn intervals_of_confidence_of_a_queue_hold_the_truth() {
    // Response times of M/M/1 are exponential with mean s / (1 − ρ); two ways of 50 µs each.
    let truth = |q: f64| -(1.0 - q).ln() * 2e6 + 100_000.0;
    let mut held = 0;
    for seed in 0..20 {
        let document = run(&plan(60, 30, seed));
        let known = document
            .at(Series::Response)
            .confidence(Percentile::P90)
            .unwrap();
        let (low, high) = (known.low.unwrap() as f64, known.high.unwrap() as f64);
        held += u32::from(low <= truth(0.9) && truth(0.9) <= high);
        assert!(known.n_eff < document.at(Series::Response).count as f64 / 2.0);
        let rate = document.messages_per_s_confidence.unwrap();
        assert!(rate.low < 500.0 + 25.0 && rate.high > 500.0 - 25.0);
    }
    assert!(held >= 17, "{held} of 20 at 95 %");
}

#[test]
fn what_cannot_be_known_is_absent() {
    let few = run(&plan(20, 19, 1));
    assert_eq!(
        few.at(Series::Response).confidence,
        None,
        "too few intervals"
    );
    assert!(few.at(Series::Response).is_by_ranks());
    assert_eq!(few.messages_per_s_confidence, None);

    // 10,000 messages: ten above p99.9, and they are not independent.
    let document = run(&plan(20, 20, 1));
    let known = document
        .at(Series::Response)
        .confidence(Percentile::P99_9)
        .unwrap();
    assert!(known.n_eff < 10_000.0);
    assert!(known.low.is_some(), "a bound, at least");
    assert_eq!(known.high, None);
    assert_eq!(
        document.at(Series::Response).support(Percentile::P99_9),
        Support::Unknown
    );
}

/// Carries a plan out until the rule holds, in the queue.
fn run_until(plan: &Plan, rule: &str) -> Document {
    let mut watch = Watch::new(until::parse(rule).unwrap());
    let result = run_on(plan, queue(), &mut |so_far| watch.is_enough(&so_far.slices));
    judged(
        Record::of(&result, plan, &RunContext::default(), &Paths).with_until(watch.outcome()),
        &Paths,
    )
}

#[test]
fn a_run_ends_when_its_answer_is_known() {
    let limit = 600;
    let document = run_until(&plan(limit, 2_400, 3), "p50+-10%");
    let outcome = document.until.clone().unwrap();
    assert!(outcome.reached, "{outcome}");
    assert!(outcome.half_width.unwrap() < 0.12, "{outcome}");
    assert_eq!(document.ended, Ended::Complete);
    assert!(
        (5.0..100.0).contains(&document.duration_s),
        "{}",
        document.duration_s
    );
    assert!(
        document.messages.sent == document.messages.answered,
        "nothing is cut off"
    );
    assert_eq!(document.audit.of_kind(Kind::Until).count(), 0);
    // The median of an exponential with mean 2 ms, and two ways of 50 µs.
    let truth = 2e6 * 2.0_f64.ln() + 100_000.0;
    let found = document.at(Series::Response).p50.unwrap() as f64;
    assert!((found / truth - 1.0).abs() < 0.15, "{found} for {truth}");
}

#[test]
fn a_run_goes_to_its_limit_when_its_answer_stays_unknown() {
    let document = run_until(&plan(10, 40, 3), "p99.9±1%");
    let outcome = document.until.clone().unwrap();
    assert!(!outcome.reached);
    assert_eq!(document.ended, Ended::Complete);
    assert!((document.duration_s - 10.0).abs() < 0.1);
    let caveat = document.audit.of_kind(Kind::Until).next().unwrap();
    assert_eq!(caveat.severity, Severity::Doubtful);
}

#[test]
fn a_rate_is_known_sooner_the_less_is_asked() {
    let length = |rule| run_until(&plan(300, 1_200, 4), rule).duration_s;
    let (coarse, fine) = (length("rate±5%"), length("rate±1%"));
    assert!(coarse < fine / 2.0, "{coarse} s, {fine} s");
}
