//! How searches go and end, and what they tell of servers that do not let them.
//!
//! A single server that takes D = 200 µs a message, first in, first out, is M/D/1 under Poisson
//! arrivals, and the greatest rate is a formula: p99 is 2 ms at 3867/s. That searches find it, and
//! others like it, is an experiment of `truth` (METHOD section 10, V6).
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_experiment::find::{FindError, Settings, find};
use wsbench_experiment::runner::{Runner, RunnerError};
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Drill, Flow, Plan, PlanSpec, Reconnect, Returns, Stay,
};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_record::audit::{Caveat, Kind, Severity};
use wsbench_record::document::Document;
use wsbench_record::objective::Objective;
use wsbench_record::search::{Cause, Ending, Limit, Over, Purpose, Search, Trial, TrialVerdict};
use wsbench_render::style::Style;
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Death, Outage, Queue, Scenario, ServiceTime, ToAll};

const D: Nanos = Nanos::from_micros(200);

/// A server near enough that the way to it does not matter, with one queue for all.
fn server(service: ServiceTime) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos(100);
    (scenario.server.service, scenario.server.queue) = (service, Queue::Fifo);
    scenario
}

fn p99(limit: Nanos) -> Objective {
    Objective::Time {
        series: None,
        percentile: 99.0,
        at_most_ns: limit.0,
    }
}

fn settings(objective: Objective, seed: u64) -> Settings {
    Settings {
        plan: PlanSpec::against(target("a"))
            .with(|spec| {
                spec.clients.connections = 16;
                spec.warmup.least = Nanos::from_secs(1);
                spec.seed = seed;
            })
            .check()
            .unwrap(),
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

#[test]
fn bounds_in_trials_and_time_end_a_search_with_what_is_known() {
    let few = Settings {
        most_trials: 5,
        ..settings(p99(Nanos::from_millis(2)), 1)
    };
    let search_of_few = search(server(ServiceTime::Constant(D)), &few);
    assert_eq!(search_of_few.trials.len(), 5);
    assert_eq!(search_of_few.ended, Ending::OutOfTrials);
    let (low, high) = bracket(&search_of_few);
    assert!(low <= 3867.0 && 3867.0 <= high, "{low}–{high}");
    let short = Settings {
        limit: Nanos::from_secs(40),
        ..settings(p99(Nanos::from_millis(2)), 1)
    };
    let short = search(server(ServiceTime::Constant(D)), &short);
    assert_eq!(short.ended, Ending::OutOfTime);
    assert!(!short.trials.is_empty());
}

#[test]
fn a_limit_below_the_service_time_is_met_by_no_rate() {
    let settings = Settings {
        start: Some(2_000.0),
        ..settings(p99(Nanos::from_micros(150)), 1)
    };
    let search = search(server(ServiceTime::Constant(D)), &settings);
    assert_eq!(search.ended, Ending::NothingHolds);
    assert_eq!(search.holds, None);
}

/// The server dies in the middle of every trial.
#[test]
fn an_outage_is_told_as_what_it_is() {
    let mut scenario = server(ServiceTime::Constant(D));
    scenario.server.outages = vec![Outage {
        from: Nanos::from_secs(2),
        until: None,
        death: Death::Process,
    }];
    let settings = Settings {
        start: Some(1_000.0),
        ..settings(p99(Nanos::from_millis(2)), 1)
    };
    let search = search(scenario, &settings);
    assert_eq!(search.holds, None);
    let cause = search.trials[0].cause;
    let told = [Some(Cause::ServerDied), Some(Cause::Connections)].contains(&cause);
    assert!(told, "{cause:?}");
}

#[test]
fn nothing_that_connects_is_no_search() {
    let mut scenario = server(ServiceTime::Constant(D));
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
            rate_per_s: None,
        },
        ..settings(p99(Nanos::from_millis(2)), 2)
    };
    let search = search(server(ServiceTime::Constant(D)), &settings);
    let (low, high) = bracket(&search);
    assert!(low <= 387.0 && 386.0 <= high, "{low}–{high}");
    assert_eq!((low.fract(), high.fract()), (0.0, 0.0));
}

/// A server that grants a connection each 10 ms opens a hundred sessions a second, and evenly spaced ones
/// without a wait up to there, whatever they do once they are open.
#[test]
fn sessions_are_searched_for_by_the_time_that_they_take_to_open() {
    let mut scenario = server(ServiceTime::Constant(Nanos::from_micros(10)));
    scenario.server.accept = Some(Nanos::from_millis(10));
    for (flow, stay) in [
        (Flow::Answered, Stay::RoundTrips(3)),
        (Flow::Idle, Stay::Time(Nanos::from_millis(500))),
    ] {
        let plan = settings(p99(D), 5).plan;
        let settings = Settings {
            plan: plan
                .edited(|spec| spec.clients.exchange.flow = flow.clone())
                .unwrap(),
            over: Over::Sessions { stay },
            objectives: vec![Objective::Time {
                series: Some(Series::Opening),
                percentile: 99.0,
                at_most_ns: 50_000_000,
            }],
            process: Process::Constant,
            limit: Nanos::from_secs(3_600),
            ..settings(p99(D), 5)
        };
        let search = search(scenario.clone(), &settings);
        let (low, high) = bracket(&search);
        assert!(low <= 100.0 && 100.0 <= high, "{flow:?}: {low}–{high}");
        assert!(high / low <= 1.06, "{flow:?}: {low}–{high}");
        assert_eq!(search.limited_by, Limit::Server, "{:?}", search.trials);
        let text = wsbench_render::search::text(&search, Style::default());
        assert!(text.contains("sessions/s"), "{text}");
    }
}

/// A broadcast server that takes 1 ms from one receiver to the next.
fn to_all() -> Scenario {
    let mut scenario = server(ServiceTime::Constant(Nanos::from_micros(10)));
    scenario.server.broadcast = Some(ToAll {
        each: Nanos::from_millis(1),
        ..ToAll::default()
    });
    scenario
}

fn of_last(settings: &Settings, limit: Nanos) -> Settings {
    let plan = settings.plan.edited(|spec| {
        spec.clients.exchange.audience = Audience::All;
        spec.clients.connections = 10;
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(Process::Constant, 1.0),
            max_in_flight: 1 << 16,
        };
    });
    Settings {
        plan: plan.unwrap(),
        objectives: vec![Objective::Time {
            series: Some(Series::DeliveryLast),
            percentile: 99.0,
            at_most_ns: limit.0,
        }],
        process: Process::Constant,
        limit: Nanos::from_secs(3_600),
        ..settings.clone()
    }
}

/// The last of N receivers has a message after 10 µs, the way, and N − 1 ms: of 20 ms that is kept
/// with 20 receivers, and missed with 21.
#[test]
fn receivers_are_searched_for_by_the_last_of_each_message() {
    let settings = Settings {
        over: Over::Connections {
            rate_per_connection: None,
            rate_per_s: Some(40.0),
        },
        ..of_last(&settings(p99(D), 3), Nanos::from_millis(20))
    };
    let search = search(to_all(), &settings);
    assert_eq!(bracket(&search), (20.0, 21.0), "{:?}", search.ended);
    assert_eq!(search.ended, Ending::Found);
    let asked = search.trials.iter().map(|trial| trial.asked_per_s);
    assert!(asked.into_iter().all(|asked| asked == Some(40.0)));
}

/// Of ten receivers each message keeps the server for 10 ms: a hundred a second are the most, and a
/// schedule without chance is held up to there. There is no pilot, for there is no closed loop.
#[test]
fn rates_of_messages_to_many_are_searched_for_without_a_pilot() {
    let settings = of_last(&settings(p99(D), 4), Nanos::from_millis(50));
    let search = search(to_all(), &settings);
    assert_eq!(search.capacity_per_s, None);
    assert_eq!(search.trials[0].load, 200.0, "2,000 deliveries a second");
    let (low, high) = bracket(&search);
    assert!(low <= 100.0 && 100.0 <= high, "{low}–{high}");
    assert!(high / low <= 1.06, "{low}–{high}");
}

/// The errors of one message in ten hold under no limit of one in a hundred.
#[test]
fn errors_fail_a_trial_beyond_their_limit() {
    use wsbench_simulate::{AnswerFault, Every};
    let mut scenario = server(ServiceTime::Constant(D));
    scenario.server.answers = Some(Every {
        nth: 10,
        fault: AnswerFault::Late(Nanos::from_secs(20)),
    });
    let strict = Settings {
        start: Some(500.0),
        plan: settings(p99(D), 1)
            .plan
            .edited(|spec| {
                spec.clients.timeout = Nanos::from_secs(1);
            })
            .unwrap(),
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

/// Of deliveries one in a hundred is lost: one in ten messages of ten receivers lacks one, and all the same 98 %
/// are reached, and 99.9 % are not.
#[test]
fn a_reach_holds_by_deliveries_and_not_by_messages() {
    for (at_least, holds) in [(0.98, true), (0.999, false)] {
        let mut scenario = to_all();
        scenario.server.broadcast = Some(ToAll {
            loss_ppm: 10_000,
            ..ToAll::default()
        });
        let of_last = of_last(&settings(p99(D), 5), Nanos::from_secs(5));
        let settings = Settings {
            start: Some(50.0),
            most_trials: 1,
            objectives: vec![Objective::Reach { at_least }],
            plan: of_last
                .plan
                .edited(|spec| spec.clients.timeout = Nanos::from_secs(1))
                .unwrap(),
            ..of_last
        };
        let search = search(scenario, &settings);
        let trial = &search.trials[0];
        assert_eq!(search.holds.is_some(), holds, "{at_least}: {trial:?}");
        assert_eq!(trial.cause, (!holds).then_some(Cause::Reach), "{trial:?}");
        let reach = trial.readings[0].figure.unwrap();
        assert!((reach - 0.99).abs() < 0.005, "{reach}");
    }
}

/// Above `from_per_s` the generator is in the way: in the first run at a load, or in every one.
struct Spoiling {
    runner: Simulated,
    from_per_s: f64,
    always: bool,
    spoilt: Vec<u64>,
}

impl Runner for Spoiling {
    fn run(&mut self, plan: &Plan) -> Result<Document, RunnerError> {
        self.run_until(plan, &mut |_| false)
    }

    fn run_until(
        &mut self,
        plan: &Plan,
        is_enough: &mut dyn FnMut(&RunResult) -> bool,
    ) -> Result<Document, RunnerError> {
        let mut document = self.runner.run_until(plan, is_enough)?;
        let asked = document.asked_messages_per_s.unwrap_or(0.0);
        let load = asked.round() as u64;
        if asked < self.from_per_s || !self.always && self.spoilt.contains(&load) {
            return Ok(document);
        }
        self.spoilt.push(load);
        document.record.times.get_mut(Series::Response).p99 = Some(80_000_000);
        document.audit.caveats.push(Caveat {
            kind: Kind::GeneratorCpu,
            severity: Severity::Doubtful,
            message: "a thread had no core to spare".into(),
            advice: String::new(),
        });
        Ok(document)
    }

    fn now_s(&self) -> f64 {
        self.runner.now_s()
    }
}

fn spoilt(from_per_s: f64, always: bool) -> Search {
    let mut runner = Spoiling {
        runner: Simulated::new([("a", server(ServiceTime::Constant(D)))]),
        from_per_s,
        always,
        spoilt: Vec::new(),
    };
    let settings = Settings {
        start: Some(500.0),
        limit: Nanos::from_secs(120),
        ..settings(p99(Nanos::from_millis(2)), 1)
    };
    find(&settings, &mut runner).unwrap()
}

#[test]
fn what_the_generator_spoils_once_is_tried_again_and_forgotten() {
    let search = spoilt(1_500.0, false);
    let verdict = |at: usize| (search.trials[at].purpose, search.trials[at].verdict);
    assert_eq!(search.trials[2].load, 2_000.0);
    assert_eq!(
        verdict(2),
        (Purpose::Bracket, TrialVerdict::GeneratorLimited)
    );
    assert_eq!(verdict(3), (Purpose::Retry, TrialVerdict::Holds));
    let (low, high) = bracket(&search);
    let held = (2_000.0..=3_867.0).contains(&low) && 3_867.0 <= high;
    assert!(held, "{low}–{high}: {:#?}", search.trials);
    assert_eq!(search.limited_by, Limit::Server);
}

#[test]
fn what_the_generator_spoils_twice_is_no_limit_of_the_server() {
    let search = spoilt(1_500.0, true);
    let (low, high) = bracket(&search);
    assert!(low < 1_500.0 && 1_500.0 <= high, "{low}–{high}");
    assert_eq!(search.limited_by, Limit::Generator);
    let of_it = |trial: &&Trial| trial.verdict == TrialVerdict::GeneratorLimited;
    assert!(search.trials.iter().filter(of_it).count() >= 2);
    let causes: Vec<_> = search.trials.iter().filter_map(|it| it.cause).collect();
    assert!(causes.iter().all(|cause| *cause == Cause::Generator));
    let text = wsbench_render::search::text(&search, Style::default());
    assert!(text.contains("at least"), "{text}");
}

/// More and more messages wait: that is the reason, whatever the percentiles are.
#[test]
fn an_overload_is_told_as_what_it_is() {
    let settings = Settings {
        start: Some(6_000.0),
        most_trials: 1,
        ..settings(p99(Nanos::from_secs(60)), 1)
    };
    let search = search(server(ServiceTime::Constant(D)), &settings);
    assert_eq!(search.trials[0].cause, Some(Cause::Overloaded));
    assert_eq!(search.fails.map(|edge| edge.load), Some(6_000.0));
}

/// A slow server and a short search: the bracket may be wide, has two ends, holds the truth, and what
/// there was of the time was used. M/D/1 whose p99 is ten services at 77.3 % of what it can do.
#[test]
fn a_slow_server_has_a_bracket_within_a_minute() {
    for (mean, seeds) in [(Nanos::from_millis(5), 12), (Nanos::from_micros(500), 4)] {
        let truth = 0.7734 / mean.as_secs_f64();
        let mut held = 0;
        for seed in 1..=seeds {
            let settings = Settings {
                limit: Nanos::from_secs(60),
                ..settings(p99(Nanos(10 * mean.0)), seed)
            };
            let search = search(server(ServiceTime::Constant(mean)), &settings);
            let (low, high) = bracket(&search);
            eprintln!(
                "{mean:?} {seed}: {low:.0}–{high:.0} of {truth:.0}, {} trials in {:.0} s, {:?} {:?}",
                search.trials.len(),
                search.took_s,
                search.ended,
                search.longer_s,
            );
            assert!(low > 0.0 && high.is_finite(), "{low}–{high}");
            let is_used = search.ended == Ending::Found || search.took_s > 50.0;
            assert!(is_used, "{:?} after {} s", search.ended, search.took_s);
            held += u64::from(low <= truth && truth <= high);
        }
        assert!(held + 1 >= seeds, "{held} of {seeds}");
    }
}

/// Where no load is seen for long enough to hold for certain, the bracket is open below, and how long
/// it would take is told.
#[test]
fn a_search_that_is_too_short_tells_what_it_knows() {
    let mean = Nanos::from_millis(50);
    let settings = Settings {
        limit: Nanos::from_secs(40),
        ..settings(p99(Nanos(10 * mean.0)), 3)
    };
    let search = search(server(ServiceTime::Constant(mean)), &settings);
    assert_eq!(search.ended, Ending::OutOfTime);
    assert!(search.took_s > 30.0, "{}", search.took_s);
    let text = wsbench_render::search::text(&search, Style::default());
    assert!(text.contains("to hold for certain"), "{text}");
}

/// Where nobody says how many errors are allowed, one in a thousand are too many, and one in fourteen
/// thousand are not.
#[test]
fn without_an_objective_of_errors_one_in_ten_thousand_is_allowed() {
    use wsbench_simulate::{AnswerFault, Every};
    let first_trial = |nth: u64, further: Option<Objective>| {
        let mut scenario = server(ServiceTime::Constant(D));
        scenario.server.answers = Some(Every {
            nth,
            fault: AnswerFault::Late(Nanos::from_secs(20)),
        });
        let mut settings = Settings {
            start: Some(3_000.0),
            most_trials: 1,
            ..settings(p99(Nanos::from_millis(50)), 1)
        };
        settings.objectives.extend(further);
        settings.plan = settings
            .plan
            .edited(|spec| spec.clients.timeout = Nanos::from_secs(1))
            .unwrap();
        let search = search(scenario, &settings);
        (search.trials[0].verdict, search.trials[0].cause)
    };
    let fails = (TrialVerdict::Fails, Some(Cause::Errors));
    assert_eq!(first_trial(1_000, None), fails);
    let allowed = Objective::Errors { at_most: 0.01 };
    assert_eq!(first_trial(1_000, Some(allowed)).0, TrialVerdict::Holds);
    assert_eq!(first_trial(14_000, None).0, TrialVerdict::Holds);
}

#[test]
fn a_search_begins_where_it_is_said() {
    let first = |settings: &Settings| {
        let search = search(server(ServiceTime::Constant(D)), settings);
        (search.trials[0].load, search.capacity_per_s)
    };
    let one = |settings: Settings| Settings {
        most_trials: 1,
        ..settings
    };
    let by_pilot = one(settings(p99(Nanos::from_millis(2)), 1));
    let (load, capacity) = first(&by_pilot);
    assert!(
        (load / capacity.unwrap() - 0.5).abs() < 0.01,
        "{load} of {capacity:?}"
    );
    let given = Settings {
        start: Some(700.0),
        ..by_pilot.clone()
    };
    assert_eq!(first(&given), (700.0, None));
    let connections = Settings {
        over: Over::Connections {
            rate_per_connection: Some(10.0),
            rate_per_s: None,
        },
        ..by_pilot
    };
    assert_eq!(first(&connections), (16.0, None));
    let sessions = Settings {
        over: Over::Sessions {
            stay: Stay::RoundTrips(1),
        },
        ..connections
    };
    assert_eq!(first(&sessions), (20.0, None));
}

/// A first trial has the length that was asked for, and others six times that at most, but for those of a
/// percentile that needs more.
#[test]
fn a_trial_is_as_long_as_it_is_said() {
    let fast = settings(p99(Nanos::from_millis(2)), 1);
    let found = search(server(ServiceTime::Constant(D)), &fast);
    let lengths = |search: &Search| {
        search
            .trials
            .iter()
            .map(|it| it.length_s)
            .collect::<Vec<_>>()
    };
    let of_fast = lengths(&found);
    assert!(of_fast[0] <= 5.1, "{of_fast:?}");
    assert!(of_fast.iter().all(|it| *it <= 30.1), "{of_fast:?}");
    assert!(of_fast.iter().any(|it| *it > 5.1), "{of_fast:?}");
    // Ten messages a second have 25 beyond their p99 in 250 s, and three tenths of the limit are 180 s.
    let slow = settings(p99(Nanos::from_millis(500)), 1);
    let found = search(server(ServiceTime::Constant(Nanos::from_millis(50))), &slow);
    let of_slow = lengths(&found);
    assert!(of_slow.iter().any(|it| *it > 30.1), "{of_slow:?}");
    assert!(of_slow.iter().all(|it| *it <= 180.1), "{of_slow:?}");
}

/// However short: where a second trial fits at all, one of its ends is certain; where none does, what would
/// suffice is said.
#[test]
fn a_short_search_ends_with_a_bracket_or_says_what_would_suffice() {
    for (mean, limits) in [(D, 12..40), (Nanos::from_millis(5), 16..40)] {
        for limit_s in limits {
            let short = Settings {
                limit: Nanos::from_secs(limit_s),
                ..settings(p99(Nanos(10 * mean.0)), limit_s)
            };
            let search = search(server(ServiceTime::Constant(mean)), &short);
            let is_known = search.holds.is_some() || search.fails.is_some();
            assert!(is_known, "{mean} within {limit_s} s: {search:?}");
        }
    }
    let hopeless = Settings {
        limit: Nanos::from_secs(6),
        ..settings(p99(Nanos::from_millis(500)), 1)
    };
    let search = search(
        server(ServiceTime::Constant(Nanos::from_millis(50))),
        &hopeless,
    );
    assert_eq!((search.holds, search.fails), (None, None));
    let text = wsbench_render::search::text(&search, Style::default());
    assert!(text.contains("has room for a bracket"), "{text}");
}

/// Half of N clients are cut off at once, and the server takes one of them a millisecond: so p90 of when they
/// are back is 0.9 · N/2 ms, and 100 ms are kept by 222 clients and missed by 223 and more, whatever the
/// rest of the load does.
#[test]
fn clients_that_are_cut_off_are_back_in_time_up_to_so_many() {
    let mut scenario = server(ServiceTime::Constant(Nanos::from_micros(1)));
    scenario.server.accept = Some(Nanos::from_millis(1));
    let back = Objective::Time {
        series: Some(Series::Back),
        percentile: 90.0,
        at_most_ns: Nanos::from_millis(100).0,
    };
    let mut settings = settings(back, 1);
    settings.over = Over::Connections {
        rate_per_connection: None,
        rate_per_s: Some(200.0),
    };
    settings.start = Some(120.0);
    settings.plan = settings
        .plan
        .edited(|spec| {
            let drill = Drill {
                share: 0.5,
                at: Nanos::from_secs(1),
            };
            spec.clients.returns = Returns::of(Some(Reconnect::Immediate), Some(drill));
        })
        .unwrap();
    let search = search(scenario, &settings);
    let (low, high) = bracket(&search);
    assert!((200.0..=226.0).contains(&low), "{low}–{high}");
    assert!((220.0..=250.0).contains(&high), "{low}–{high}");
    assert_eq!(search.limited_by, Limit::Server);
    // Trials that hold one event each are certain, once there are enough of them.
    assert!(search.trials.iter().all(|trial| !trial.marginal));
    assert!(search.trials.iter().all(|trial| trial.length_s >= 5.0));
}

/// Whatever is left of the time is spent on an upper end where none is known.
#[test]
fn a_search_that_runs_out_of_time_below_the_limit_still_has_both_ends() {
    let brief = Settings {
        start: Some(2_000.0),
        limit: Nanos::from_secs(20),
        ..settings(p99(Nanos::from_millis(2)), 1)
    };
    let search = search(server(ServiceTime::Constant(D)), &brief);
    let (low, high) = bracket(&search);
    assert!(
        low < 3867.0 && 3867.0 < high && high.is_finite(),
        "{low}–{high}"
    );
}
