//! Results of many runs with a purpose, on simulated time.

use std::collections::BTreeMap;
use std::fs;

use wsbench_experiment::compare::{Rounds, compare};
use wsbench_experiment::repeat::repeat;
use wsbench_experiment::{find, sweep};
use wsbench_judge::comparison::Terms;
use wsbench_judge::ranking::{RankingInput, rank};
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, PlanSpec, StopRule};
use wsbench_record::comparison;
use wsbench_record::objective::Objective;
use wsbench_record::ranking::{self, Ranking};
use wsbench_record::repetition;
use wsbench_record::search::{self, Over};
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Queue, Scenario, ServiceTime};

use super::flags::Flags;

/// Servers `a` and `b`, of which the second takes half as long again.
fn servers() -> Simulated<Flags> {
    Simulated::new([("a", server(200)), ("b", server(300))]).spelled(Flags)
}

fn server(mean_us: u64) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos::from_micros(1);
    scenario.server.queue = Queue::Fifo;
    scenario.server.service = ServiceTime::Exponential(Nanos::from_micros(mean_us));
    scenario
}

fn plan(messages: u64) -> Plan {
    PlanSpec::against(target("a"))
        .with(|spec| {
            spec.stop = StopRule::Messages(messages);
            spec.interval = Nanos::from_secs(1);
            spec.seed = 11;
        })
        .check()
        .expect("a plan of ours is right")
}

fn terms() -> Terms {
    Terms {
        command: "wsbench compare ws://a/ ws://b/".to_owned(),
        tool_version: "0.1.0".to_owned(),
        seed: Some(11),
        asked_rounds: Some(5),
        is_forced: false,
    }
}

fn p99(at_most: Nanos) -> Vec<Objective> {
    vec![Objective::Time {
        series: None,
        percentile: 99.0,
        at_most_ns: at_most.0,
    }]
}

/// The documents by name, as texts.
pub(crate) fn results() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("comparison", compared()),
        ("comparison_forced", compared_by_force()),
        ("find_connections", found_connections()),
        ("find_nothing", found(Nanos::from_micros(100))),
        ("find_rate", found(Nanos::from_millis(3))),
        ("ranking", ranked()),
        ("repetition", repeated()),
        ("sweep", swept()),
    ])
}

fn repeated() -> String {
    let runs = repeat(&mut servers(), &plan(1_000), 4).expect("four runs");
    repetition::write(&wsbench_judge::repetition::repeated(runs, 5).expect("runs of one plan"))
}

fn rounds() -> Rounds {
    Rounds {
        a: plan(800),
        b: plan(800)
            .edited(|spec| {
                spec.target = target("b");
            })
            .expect("a plan of ours is right"),
        rounds: 5,
        limit_s: f64::INFINITY,
    }
}

fn compared() -> String {
    let compared = compare(&mut servers(), &rounds(), &terms());
    comparison::write(&compared.expect("a comparison"))
}

/// Of plans that differ in more than their server.
fn compared_by_force() -> String {
    let mut rounds = rounds();
    let two = rounds.b.edited(|spec| spec.clients.connections = 2);
    rounds.b = two.expect("a plan of ours is right");
    let terms = Terms {
        is_forced: true,
        ..terms()
    };
    let compared = compare(&mut servers(), &rounds, &terms);
    comparison::write(&compared.expect("a comparison"))
}

fn search() -> find::Settings {
    find::Settings {
        plan: plan(1)
            .edited(|spec| {
                spec.clients.connections = 8;
                spec.warmup.least = Nanos::from_millis(500);
            })
            .expect("a plan of ours is right"),
        over: Over::Rate,
        objectives: p99(Nanos::from_millis(3)),
        process: Process::Poisson,
        max_in_flight: 1 << 16,
        start: None,
        resolution: 1.1,
        length: Nanos::from_secs(2),
        longest: Nanos::from_secs(10),
        limit: Nanos::from_secs(90),
        most_trials: 14,
    }
}

fn found(limit: Nanos) -> String {
    let settings = find::Settings {
        objectives: p99(limit),
        ..search()
    };
    let found = find::find(&settings, &mut servers());
    search::write(&found.expect("a search"))
}

fn found_connections() -> String {
    let settings = find::Settings {
        over: Over::Connections {
            rate_per_connection: None,
            rate_per_s: None,
        },
        ..search()
    };
    let found = find::find(&settings, &mut servers());
    search::write(&found.expect("a search"))
}

fn swept() -> String {
    let settings = sweep::Settings {
        plan: search().plan,
        rates: Some((500.0, 9_000.0)),
        points: 7,
        rounds: 2,
        objectives: p99(Nanos::from_millis(3)),
        process: Process::Poisson,
        max_in_flight: 1 << 16,
        length: Nanos::from_secs(3),
        limit: Nanos::from_secs(600),
    };
    let swept = sweep::sweep(&settings, &mut servers());
    wsbench_record::sweep::write(&swept.expect("a sweep"))
}

/// A published ranking, cut short to a few servers and workloads: its leagues are made again of its
/// runs.
fn ranked() -> String {
    let path = super::documents().join("ranking.json");
    let stored = fs::read_to_string(path).expect("a stored ranking");
    let stored = ranking::read(&stored).expect("a ranking");
    ranking::write(&rank(gathered(&stored)))
}

/// What a ranking was made of.
fn gathered(of: &Ranking) -> RankingInput {
    let named = |entry: &ranking::Entry| entry.facts.name.clone();
    let servers = of.servers.iter();
    let failures = servers.clone().flat_map(|entry| {
        let failures = entry.failures.iter().cloned();
        failures.map(move |failed| (named(entry), failed))
    });
    let gates = servers
        .clone()
        .filter_map(|entry| Some((named(entry), entry.gate.clone()?)));
    let ready_s = servers
        .clone()
        .filter_map(|entry| Some((named(entry), vec![entry.ready_s?])));
    let cells = servers.clone().flat_map(|entry| &entry.cells);
    RankingInput {
        tool_version: of.tool_version.clone(),
        command: of.command.clone(),
        started_at: of.started_at.clone(),
        ended_at: of.ended_at.clone(),
        seed: of.seed,
        suite: of.suite.clone(),
        host: of.host.clone(),
        cut_short: of.cut_short.clone(),
        servers: servers.clone().map(|entry| entry.facts.clone()).collect(),
        gates: gates.collect(),
        ready_s: ready_s.collect(),
        failures: failures.collect(),
        runs: cells.flat_map(|cell| cell.runs.iter().cloned()).collect(),
        doubts: of.doubts.clone(),
    }
}
