//! Many servers in one ranking: V10, servers that are alike, and servers whose order is known.

use std::collections::BTreeMap;

use wsbench_experiment::rank::{
    Ledger, LedgerEntry, Place, Planned, PlannedRun, Program, Testbed, Trouble, rank,
};
use wsbench_experiment::runner::Runner;
use wsbench_judge::ranking::{RankingInput, run_record};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_record::document::Host;
use wsbench_record::gate::Stamp;
use wsbench_record::ranking::{
    Cores, Deflate, Nodelay, Ranking, RunRecord, ServerFacts, SuiteFacts, Workload, WorkloadKind,
};
use wsbench_simulate::Scenario;
use wsbench_simulate::runner::{Simulated, target};

use super::{at_least, steady};
use crate::finding::{Experiment, Finding, Tolerance};

/// Rounds of a ranking.
const ROUNDS: u32 = 10;
/// Rankings of either kind.
const RANKINGS: u32 = 40;

/// Five servers that are one and the same. With a tenth of each message left to chance, a run of six
/// is off by so much that differences too small to matter are not what keeps them together.
pub(super) fn alike() -> Vec<Experiment> {
    vec![experiment(
        "five servers alike, a run off by 4 %",
        "each 1–5, but for one ranking in twenty (Holm over its pairs), less two deviations",
        &[100; 5],
        &[(1, 5); 5],
        (6, 10_000),
    )]
}

/// Five servers of which two are the same.
pub(super) fn unlike() -> Vec<Experiment> {
    vec![experiment(
        "servers that take 100, 100, 110, 130 and 200 µs, a run off by 2 %",
        "1–2, 1–2, 3, 4, 5, but for one ranking in twenty, less two deviations",
        &[100, 100, 110, 130, 200],
        &[(1, 2), (1, 2), (3, 3), (4, 4), (5, 5)],
        (25, 20_000),
    )]
}

/// Rankings of servers that take so many µs a message, by runs of so many messages, and how many
/// give just these ranks.
fn experiment(
    servers: &str,
    formula: &'static str,
    times_us: &[u64],
    truth: &[(u32, u32)],
    (messages, first_seed): (u64, u64),
) -> Experiment {
    let rankings = (0..RANKINGS).map(|at| ranked(times_us, messages, first_seed + u64::from(at)));
    let right = rankings.filter(|ranking| ranks(ranking, times_us.len()) == truth);
    Experiment {
        id: "V10",
        title: format!("rank: {servers}, {ROUNDS} rounds; {RANKINGS} times"),
        formula,
        findings: vec![Finding::new(
            "rankings with just these ranks",
            at_least(RANKINGS, 0.95),
            Tolerance::AtLeast,
            right.count() as f64,
        )],
    }
}

fn name(server: usize) -> String {
    format!("s{server}")
}

/// The rank interval of each server; empty where they were not ranked.
fn ranks(ranking: &Ranking, servers: usize) -> Vec<(u32, u32)> {
    let places = ranking.leagues.first().map(|league| &league.places);
    let rank_of = |server| {
        let name = name(server);
        let place = places?.iter().find(|place| place.server == name)?;
        place.rank_low.zip(place.rank_high)
    };
    let ranks: Option<Vec<_>> = (0..servers).map(rank_of).collect();
    ranks.unwrap_or_default()
}

/// A whole ranking of servers that take so many µs a message.
fn ranked(times_us: &[u64], messages: u64, seed: u64) -> Ranking {
    let servers = times_us.iter().enumerate();
    let servers = servers.map(|(at, us)| (name(at), steady(Nanos::from_micros(*us))));
    let mut there = There::of(servers.collect(), messages, seed);
    let mut ledger = Ledger::default();
    let program = there.program.clone();
    rank(&program, &mut ledger, f64::INFINITY, &mut there)
        .expect("nothing is kept that might fail");
    wsbench_judge::ranking::rank(RankingInput {
        tool_version: String::new(),
        command: String::new(),
        started_at: String::new(),
        ended_at: String::new(),
        seed,
        suite: SuiteFacts {
            server_core_count: Some(1),
            rounds: ROUNDS,
            workloads: vec![workload()],
            ..SuiteFacts::default()
        },
        host: Host::default(),
        cut_short: None,
        servers: program.servers.iter().map(|name| facts(name)).collect(),
        gates: ledger.gates,
        ready_s: ledger.ready_s,
        failures: ledger.failures,
        runs: ledger.runs,
        doubts: Vec::new(),
    })
}

/// One message after the other.
fn workload() -> Workload {
    Workload {
        name: "in turn".into(),
        kind: WorkloadKind::Closed,
        connections: 1,
        depth: 1,
        size_bytes: 30,
        rate_per_s: None,
        duration_s: 0.0,
        warmup_s: 0.0,
        rounds: ROUNDS,
        command: String::new(),
        scenario: None,
    }
}

fn facts(name: &str) -> ServerFacts {
    ServerFacts {
        name: name.into(),
        library: String::new(),
        language: String::new(),
        version: None,
        cores: Cores::One,
        nodelay: Nodelay::Unknown,
        deflate: Deflate::Unknown,
        is_control: false,
        start: String::new(),
        install: None,
        environment: BTreeMap::new(),
        notes: Vec::new(),
    }
}

/// Servers on simulated time, always installed and always up.
struct There {
    program: Program,
    runner: Simulated,
    /// Messages of a run.
    messages: u64,
}

impl There {
    fn of(servers: Vec<(String, Scenario)>, messages: u64, seed: u64) -> Self {
        let workload = workload();
        Self {
            program: Program {
                servers: servers.iter().map(|(name, _)| name.clone()).collect(),
                workloads: vec![Planned {
                    workload,
                    expected_s: 0.0,
                }],
                rounds: ROUNDS,
                seed,
                is_examined: true,
            },
            runner: Simulated::new(servers),
            messages,
        }
    }
}

impl Testbed for There {
    fn now_s(&self) -> f64 {
        self.runner.now_s()
    }

    fn is_interrupted(&self) -> bool {
        false
    }

    fn install(&mut self, _server: usize) -> Result<Option<String>, Trouble> {
        Ok(None)
    }

    fn start(&mut self, _server: usize) -> Result<f64, Trouble> {
        Ok(0.0)
    }

    fn gate(&mut self, _server: usize) -> Result<Stamp, Trouble> {
        Ok(Stamp::default())
    }

    fn run(&mut self, server: usize, run: &PlannedRun, place: Place) -> Result<RunRecord, Trouble> {
        let name = &self.program.servers[server];
        let workload = &self.program.workloads[run.workload].workload;
        let plan = PlanSpec::against(target(name))
            .with(|spec| {
                spec.stop = StopRule::Messages(self.messages);
                spec.seed = run.seed;
            })
            .check()
            .expect("a plan of our own making is right");
        let document = self.runner.run(&plan);
        let document = document.map_err(|error| Trouble::Failed(error.to_string()))?;
        let Place { round, number } = place;
        Ok(run_record(&document, name, workload, round, number))
    }

    fn stop(&mut self) {}

    fn keep(&mut self, _entry: &LedgerEntry) -> Result<(), String> {
        Ok(())
    }
}
