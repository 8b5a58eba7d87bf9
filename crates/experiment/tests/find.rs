//! Searches for a load whose greatest is known beforehand (METHOD section 10, V6).
//!
//! A single server that takes D = 200 µs a message, first in, first out, is M/D/1 under Poisson
//! arrivals, and its percentiles are a formula; so is M/M/1's.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulated;

use simulated::{Simulated, target};
use wsbench_drive::simulated::{Death, Outage, Queue, Scenario, Service};
use wsbench_experiment::find::{FindError, Settings, find};
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_report::objective::Objective;
use wsbench_report::search::{Cause, Ending, Limit, Over, Search};

const D: Nanos = Nanos::from_micros(200);

/// A server near enough that the way to it does not matter, with one queue for all.
fn server(service: Service) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos(100);
    (scenario.server.service, scenario.server.queue) = (service, Queue::Fifo);
    scenario
}

fn p99(limit: Nanos) -> Objective {
    Objective::ResponseTime {
        percentile: 99.0,
        at_most_ns: limit.0,
    }
}

fn settings(objective: Objective, seed: u64) -> Settings {
    Settings {
        plan: Plan {
            connections: 16,
            warmup: Nanos::from_secs(1),
            seed,
            ..Plan::against(target("a"))
        },
        over: Over::Rate,
        objectives: vec![objective],
        process: Process::Poisson,
        max_in_flight: 1 << 16,
        start: None,
        resolution: 1.05,
        length: Nanos::from_secs(5),
        longest: Nanos::from_secs(30),
        limit: Nanos::from_secs(600),
        most_trials: 40,
    }
}

fn search(scenario: Scenario, settings: &Settings) -> Search {
    let mut runner = Simulated::new([("a", scenario)]);
    let search = find(settings, &mut runner).unwrap();
    assert!(search.trials.len() <= settings.most_trials as usize);
    // The last trial began within the limit; its drain may end beyond it.
    assert!(search.took_s <= search.limit_s + 10.0, "{}", search.took_s);
    search
}

fn bracket(search: &Search) -> (f64, f64) {
    let low = search.holds.map_or(0.0, |edge| edge.load);
    let high = search.fails.map_or(f64::INFINITY, |edge| edge.load);
    (low, high)
}

/// Searches by `seeds`; all brackets are narrow, and at most one misses the truth.
fn assert_found(service: Service, limit: Nanos, truth_per_s: f64, seeds: std::ops::Range<u64>) {
    let mut missed = 0;
    for seed in seeds {
        let search = search(server(service), &settings(p99(limit), seed));
        let (low, high) = bracket(&search);
        assert_eq!(search.ended, Ending::Found, "{low}–{high}");
        assert!(high / low <= 1.052, "{low}–{high}");
        assert_eq!(search.limited_by, Limit::Server);
        missed += u32::from(truth_per_s < low || high < truth_per_s);
        // Not even a miss is far off.
        assert!(low / 1.03 <= truth_per_s && truth_per_s <= high * 1.03);
        assert!(search.recovery.unwrap().recovered, "a queue drains");
    }
    assert!(missed <= 1, "{missed} brackets miss {truth_per_s}");
}

#[test]
fn a_deterministic_server_at_one_millisecond() {
    assert_found(Service::Constant(D), Nanos::from_millis(1), 2804.0, 1..5);
}

#[test]
fn a_deterministic_server_at_two_milliseconds() {
    assert_found(Service::Constant(D), Nanos::from_millis(2), 3867.0, 1..11);
}

#[test]
fn a_deterministic_server_at_five_milliseconds() {
    assert_found(Service::Constant(D), Nanos::from_millis(5), 4542.0, 1..11);
}

/// Longer tails are known less well: the bracket may be wider, and holds the truth all the same.
#[test]
fn an_exponential_server_at_two_and_five_milliseconds() {
    let service = Service::Exponential(D);
    for (limit_ms, truth_per_s) in [(2, 2697.0), (5, 4079.0)] {
        let limit = p99(Nanos::from_millis(limit_ms));
        let search = search(server(service), &settings(limit, 1));
        let (low, high) = bracket(&search);
        assert!(low <= truth_per_s && truth_per_s <= high, "{low}–{high}");
        assert!(high / low <= 1.12, "{low}–{high}");
    }
}

/// Evenly spaced messages never meet: the server holds up to the rate that it can serve at all.
#[test]
fn constant_arrivals_hold_up_to_the_capacity() {
    for limit in [Nanos::from_micros(300), Nanos::from_millis(5)] {
        let settings = Settings {
            process: Process::Constant,
            ..settings(p99(limit), 3)
        };
        let search = search(server(Service::Constant(D)), &settings);
        let (low, high) = bracket(&search);
        assert!(low <= 5_000.0 && 5_000.0 <= high && high / low <= 1.052);
        assert_eq!(search.ended, Ending::Found);
    }
}

#[test]
fn bounds_in_trials_and_time_end_a_search_with_what_is_known() {
    let few = Settings {
        most_trials: 5,
        ..settings(p99(Nanos::from_millis(2)), 1)
    };
    let search_of_few = search(server(Service::Constant(D)), &few);
    assert_eq!(search_of_few.trials.len(), 5);
    assert_eq!(search_of_few.ended, Ending::OutOfTrials);
    let (low, high) = bracket(&search_of_few);
    assert!(low <= 3867.0 && 3867.0 <= high, "{low}–{high}");
    let short = Settings {
        limit: Nanos::from_secs(40),
        ..settings(p99(Nanos::from_millis(2)), 1)
    };
    let short = search(server(Service::Constant(D)), &short);
    assert_eq!(short.ended, Ending::OutOfTime);
    assert!(!short.trials.is_empty());
}

#[test]
fn a_limit_below_the_service_time_is_met_by_no_rate() {
    let settings = Settings {
        start: Some(2_000.0),
        ..settings(p99(Nanos::from_micros(150)), 1)
    };
    let search = search(server(Service::Constant(D)), &settings);
    assert_eq!(search.ended, Ending::NothingHolds);
    assert_eq!(search.holds, None);
}

/// The server dies in the middle of every trial.
#[test]
fn an_outage_is_told_as_what_it_is() {
    let mut scenario = server(Service::Constant(D));
    scenario.server.outages = vec![Outage {
        from: Nanos::from_secs(4),
        until: None,
        death: Death::Process,
    }];
    let search = search(scenario, &settings(p99(Nanos::from_millis(2)), 1));
    assert_eq!(search.holds, None);
    let cause = search.trials[0].cause;
    let told = [Some(Cause::ServerDied), Some(Cause::Connections)].contains(&cause);
    assert!(told, "{cause:?}");
}

#[test]
fn nothing_that_connects_is_no_search() {
    let mut scenario = server(Service::Constant(D));
    scenario.server.outages = vec![Outage {
        from: Nanos::ZERO,
        until: None,
        death: Death::Process,
    }];
    let mut runner = Simulated::new([("a", scenario)]);
    let refused = find(&settings(p99(Nanos::from_millis(2)), 1), &mut runner);
    assert!(matches!(refused, Err(FindError::Pilot(_))), "{refused:?}");
}

/// Each connection sends 10 messages a second, so 3867/s are 386 connections.
#[test]
fn connections_are_searched_for_as_rates_are() {
    let settings = Settings {
        over: Over::Connections {
            rate_per_connection: Some(10.0),
        },
        ..settings(p99(Nanos::from_millis(2)), 2)
    };
    let search = search(server(Service::Constant(D)), &settings);
    let (low, high) = bracket(&search);
    assert!(low <= 387.0 && 386.0 <= high, "{low}–{high}");
    assert_eq!((low.fract(), high.fract()), (0.0, 0.0));
}

/// The errors of one message in ten hold under no limit of one in a hundred.
#[test]
fn errors_fail_a_trial_beyond_their_limit() {
    use wsbench_drive::simulated::{AnswerFault, Every};
    let mut scenario = server(Service::Constant(D));
    scenario.server.answers = Some(Every {
        nth: 10,
        fault: AnswerFault::Late(Nanos::from_secs(20)),
    });
    let strict = Settings {
        start: Some(500.0),
        plan: Plan {
            timeout: Nanos::from_secs(1),
            ..settings(p99(D), 1).plan
        },
        objectives: vec![Objective::Errors { at_most: 0.01 }],
        ..settings(p99(D), 1)
    };
    let search_strict = search(scenario.clone(), &strict);
    assert_eq!(search_strict.holds, None);
    let generous = Settings {
        objectives: vec![Objective::Errors { at_most: 0.2 }],
        most_trials: 1,
        ..strict
    };
    let search_generous = search(scenario, &generous);
    assert_eq!(search_generous.holds.unwrap().load, 500.0);
}
