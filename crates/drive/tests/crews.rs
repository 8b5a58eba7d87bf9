//! Runs of several workers on simulated time, each on a core of its own: the sums hold as they do of
//! one, what the workers measured adds up to the result, and the same seed yields the same run.

mod simulation;

use std::collections::{BTreeMap, HashSet};
use std::panic;

use simulation::chance::draw_crew as draw;
use simulation::{checked, plan, prints, replaced, sums};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_load::result::{Ended, RunResult};
use wsbench_load::series::Series;
use wsbench_load::tally::{ConnectionCounts, LogRecord, MessageCounts};
use wsbench_simulate::{Pause, Scenario, ServiceTime, Witness, run, witness};

/// How many seeds are run, unless `WSBENCH_SEEDS` asks for a longer hunt.
const SEEDS: u64 = 1_000;

fn run_seeds(seeds: impl Iterator<Item = u64>) {
    let mut failed = Vec::new();
    for seed in seeds {
        let outcome = panic::catch_unwind(|| {
            let (plan, scenario, stop_at) = draw(seed);
            let run = witness(&checked(&plan), scenario, stop_at);
            sums::check(&plan, &run);
            check_parts(&plan, &run);
        });
        if outcome.is_err() {
            eprintln!("^^^ seed {seed} failed");
            failed.push(seed);
        }
    }
    assert!(
        failed.is_empty(),
        "{} seeds failed: {failed:?}",
        failed.len()
    );
}

fn seeds() -> u64 {
    let asked = std::env::var("WSBENCH_SEEDS").ok();
    asked.map_or(SEEDS, |count| count.parse().expect("a number of seeds"))
}

#[test]
fn the_sums_hold_for_even_seeds() {
    run_seeds((0..seeds()).step_by(2));
}

#[test]
fn the_sums_hold_for_odd_seeds() {
    run_seeds((1..seeds()).step_by(2));
}

#[test]
fn the_same_seed_yields_the_same_run_and_another_seed_another() {
    let mut prints = HashSet::new();
    for seed in 0..100 {
        let (plan, scenario, stop_at) = draw(seed);
        let first = prints::whole(&witness(&checked(&plan), scenario.clone(), stop_at));
        let again = prints::whole(&witness(&checked(&plan), scenario, stop_at));
        assert_eq!(first, again, "seed {seed}");
        prints.insert(first);
    }
    assert_eq!(prints.len(), 100);
}

/// What the workers measured, each for itself, is what the result says.
fn check_parts(plan: &PlanSpec, run: &Witness) {
    let (parts, whole) = (&run.parts, &run.result);
    assert_eq!(parts.len(), plan.threads as usize);
    assert_eq!(whole.generator.threads.len(), parts.len());
    let mut messages = MessageCounts::default();
    let mut connections = ConnectionCounts::default();
    let mut failures = BTreeMap::new();
    for part in parts {
        messages.merge(&part.messages);
        connections.merge(&part.connections);
        assert!(part.messages.is_conserved(), "{:?}", part.messages);
        for failure in &part.failures {
            *failures.entry((failure.phase, failure.kind)).or_insert(0) += failure.count;
        }
    }
    assert_eq!(messages, whole.messages);
    // Gauges are no sums.
    let gauges = |of: &ConnectionCounts| ConnectionCounts {
        alive_at_end: 0,
        peak_concurrent: 0,
        most_running: None,
        least_running: None,
        ..*of
    };
    assert_eq!(gauges(&connections), gauges(&whole.connections));
    let mut of_whole = BTreeMap::new();
    for failure in &whole.failures {
        *of_whole.entry((failure.phase, failure.kind)).or_insert(0) += failure.count;
    }
    assert_eq!(failures, of_whole);
    let sum = |of: fn(&RunResult) -> u128| parts.iter().map(of).sum::<u128>() == of(whole);
    assert!(sum(|result| u128::from(result.bytes.sent)));
    assert!(sum(|result| u128::from(result.bytes.received)));
    assert!(sum(|result| result.offered_in_flight_ns));
    assert!(sum(|result| result.service_in_window_ns));
    assert!(sum(|result| result.thought_in_window_ns));
    for series in Series::ALL {
        let mut merged = Histogram::new();
        for part in parts {
            merged.merge(part.at(series));
        }
        let ends = |of: &Histogram| (of.min(), of.max(), of.sum_ns());
        assert_eq!(ends(&merged), ends(whole.at(series)));
        assert!(merged.bins().eq(whole.at(series).bins()));
    }
    check_quotas(plan, run);
}

/// Each worker has its share of the connections, and together they take no more than there is.
fn check_quotas(plan: &PlanSpec, run: &Witness) {
    let workers = u64::from(plan.threads);
    for (worker, part) in (0_u64..).zip(&run.parts) {
        let share = (u64::from(plan.clients.connections) + workers - 1 - worker) / workers;
        assert_eq!(part.connections.asked, share);
        assert!(run.most_present[worker as usize] as u64 <= share);
    }
    let sent: u64 = run.parts.iter().map(|part| part.messages.sent).sum();
    let begun: u64 = run.parts.iter().map(|p| p.connections.attempted).sum();
    match plan.stop {
        StopRule::Messages(most) => assert!(sent <= most),
        StopRule::Clients(clients) => assert!(begun <= clients),
        StopRule::Duration(length) => {
            // Workers open their windows within a turn of each other.
            let slack = Nanos::from_secs(1);
            assert!(run.result.measured <= length + slack);
        }
    }
}

fn of_workers(threads: u32, connections: u32, stop: StopRule) -> PlanSpec {
    plan(connections, 1, stop).with(|spec| {
        spec.threads = threads;
    })
}

#[test]
fn all_workers_measure_the_same_window() {
    let length = Nanos::from_secs(2);
    let plan = of_workers(4, 10, StopRule::Duration(length)).with(|spec| {
        spec.warmup.least = Nanos::from_millis(300);
    });
    let run = witness(&checked(&plan), Scenario::default(), None);
    assert_eq!(run.result.ended, Ended::Complete);
    let a_turn = Nanos::from_millis(1);
    assert!(run.result.measured >= length && run.result.measured < length + a_turn);
    for (thread, part) in run.result.generator.threads.iter().zip(&run.parts) {
        assert!(thread.wall.0.abs_diff(length.0) < a_turn.0, "{thread:?}");
        assert!(part.messages.warmup > 0 && part.messages.answered > 0);
    }
    // 110 µs a round trip and what the worker takes: as many on each connection as on any other.
    let rates = run.parts.iter();
    let rates = rates.map(|part| part.messages.answered / part.connections.asked);
    let (least, most) = (rates.clone().min(), rates.max());
    let (least, most) = (least.expect("four workers"), most.expect("four workers"));
    assert!(most - least <= most / 100, "{least} to {most}");
}

#[test]
fn a_warm_up_that_is_found_ends_for_all_workers_at_once() {
    let plan = of_workers(3, 6, StopRule::Duration(Nanos::from_secs(1))).with(|spec| {
        spec.warmup.least = Nanos::from_millis(500);
        spec.warmup.at_most = Some(Nanos::from_secs(10));
    });
    let run = witness(&checked(&plan), Scenario::default(), None);
    let found = run.result.warmup_found.expect("a window has opened");
    assert!(
        found >= plan.warmup.least && found < Nanos::from_secs(2),
        "{found}"
    );
    let a_turn = Nanos::from_millis(1);
    assert!(run.result.measured < Nanos::from_secs(1) + a_turn);
    for part in &run.parts {
        assert!(part.messages.warmup > 0 && part.messages.answered > 0);
    }
}

#[test]
fn a_quota_of_messages_is_used_up_to_the_last_and_no_further() {
    for messages in [1, 2, 7, 1_000, 4_321] {
        let plan = of_workers(4, 4, StopRule::Messages(messages));
        let run = witness(&checked(&plan), Scenario::default(), None);
        assert_eq!(run.result.messages.answered, messages);
        assert_eq!(run.messages_at_server, messages);
    }
    let clients = replaced(8, 101, 3).with(|spec| spec.threads = 3);
    let run = witness(&checked(&clients), Scenario::default(), None);
    assert_eq!(run.result.connections.clients_completed, 101);
    assert_eq!(run.result.messages.answered, 303);
}

/// A number says which worker's connection it is, and depends on no other worker.
#[test]
fn connections_are_numbered_in_strides() {
    let plan = of_workers(3, 8, StopRule::Duration(Nanos::from_millis(50))).with(|spec| {
        spec.raw_log = true;
    });
    let run = witness(&checked(&plan), Scenario::default(), None);
    let mut numbers = BTreeMap::new();
    for record in &run.log {
        let LogRecord::RoundTrip { connection, .. } = record else {
            panic!("held connections have round trips: {record:?}");
        };
        *numbers.entry(*connection).or_insert(0) += 1;
    }
    assert!(numbers.keys().copied().eq(0..8));
    for (worker, part) in (0..3).zip(&run.parts) {
        let own = numbers.iter().filter(|(number, _)| *number % 3 == worker);
        let own: u64 = own.map(|(_, count)| count).sum();
        assert_eq!(own, part.messages.answered, "worker {worker}");
    }
}

/// With kernel stamps a service time's part outside is the server's and the network's to the
/// nanosecond, however many workers share the world.
#[test]
fn what_passes_outside_is_the_same_for_several_workers_as_for_one() {
    let outside = |threads| {
        let plan = of_workers(threads, 8, StopRule::Messages(2_000));
        let result = run(&checked(&plan), Scenario::default(), None);
        (
            result.at(Series::Outside).min(),
            result.at(Series::Outside).max(),
        )
    };
    let exact = Nanos::from_micros(50 + 10 + 50);
    assert_eq!(outside(1).0, Some(exact));
    for threads in 2..=4 {
        assert_eq!(outside(threads), outside(1), "{threads} workers");
    }
}

#[test]
fn a_machine_that_stands_still_stands_still_for_all_workers() {
    let mut scenario = Scenario::default();
    scenario.server.service = ServiceTime::Constant(Nanos::from_micros(10));
    scenario.machine.pause = Some(Pause {
        at: Nanos::from_millis(400),
        length: Nanos::from_millis(250),
    });
    let plan = of_workers(3, 3, StopRule::Duration(Nanos::from_secs(1)));
    let run = witness(&checked(&plan), scenario, None);
    for part in &run.parts {
        let waited = part
            .at(Series::ReceiveWait)
            .max()
            .expect("there are stamps");
        assert!(waited > Nanos::from_millis(249), "{waited}");
    }
}
