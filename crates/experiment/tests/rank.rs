//! Rankings of servers whose conduct is known beforehand, on simulated time.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::collections::BTreeMap;

use wsbench_experiment::rank::{
    Ending, Ledger, LedgerEntry, MOST_FAILURES, Place, Planned, PlannedRun, Program, RankEvent,
    Testbed, Trouble, rank,
};
use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::failed_record;
use wsbench_record::gate::Stamp;
use wsbench_record::ranking::{RunRecord, Stage, Workload, WorkloadKind};

/// What a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conduct {
    Good,
    /// Its installation never ends.
    InstallHangs,
    NeverStarts,
    /// It dies in the middle of this workload, the first being 0.
    DiesUnder(usize),
    /// It dies in its first turns, and then no more.
    DiesUntilRound(u32),
}

/// How long things take, s.
const INSTALL_LIMIT_S: f64 = 600.0;
const START_S: f64 = 0.5;
const START_LIMIT_S: f64 = 20.0;
const RUN_S: f64 = 2.0;

/// A machine that is none.
struct Simulated {
    conducts: Vec<Conduct>,
    program: Program,
    now_s: f64,
    /// The server that is up.
    up: Option<usize>,
    /// Starts and runs, in order: server, and workload with its place.
    runs: Vec<(usize, PlannedRun, Place)>,
    starts: Vec<usize>,
    kept: Vec<LedgerEntry>,
    /// Somebody asks to stop in the middle of this run, counted from 1.
    interrupted_in: Option<usize>,
    is_interrupted: bool,
    /// How long each was said to be left, s.
    left_s: Vec<f64>,
    /// Nothing can be kept from this entry on.
    full_after: Option<usize>,
}

impl Simulated {
    fn new(program: &Program, conducts: &[Conduct]) -> Self {
        Self {
            conducts: conducts.to_vec(),
            program: program.clone(),
            now_s: 0.0,
            up: None,
            runs: Vec::new(),
            starts: Vec::new(),
            kept: Vec::new(),
            interrupted_in: None,
            is_interrupted: false,
            left_s: Vec::new(),
            full_after: None,
        }
    }

    fn is_dead(&self, server: usize, workload: usize, round: u32) -> bool {
        match self.conducts[server] {
            Conduct::DiesUnder(fatal) => workload == fatal,
            Conduct::DiesUntilRound(last) => round <= last,
            _ => false,
        }
    }
}

impl Testbed for Simulated {
    fn now_s(&self) -> f64 {
        self.now_s
    }

    fn is_interrupted(&self) -> bool {
        self.is_interrupted
    }

    fn install(&mut self, server: usize) -> Result<Option<String>, Trouble> {
        if self.conducts[server] == Conduct::InstallHangs {
            self.now_s += INSTALL_LIMIT_S;
            return Err(Trouble::Failed("it was not over".to_owned()));
        }
        Ok(Some("1.0".to_owned()))
    }

    fn start(&mut self, server: usize) -> Result<f64, Trouble> {
        assert_eq!(self.up, None, "one server is up at a time");
        self.starts.push(server);
        if self.conducts[server] == Conduct::NeverStarts {
            self.now_s += START_LIMIT_S;
            return Err(Trouble::Failed("it never listened".to_owned()));
        }
        self.now_s += START_S;
        self.up = Some(server);
        Ok(START_S)
    }

    fn gate(&mut self, server: usize) -> Result<Stamp, Trouble> {
        assert_eq!(self.up, Some(server));
        Ok(Stamp::default())
    }

    fn run(&mut self, server: usize, run: &PlannedRun, place: Place) -> Result<RunRecord, Trouble> {
        assert_eq!(self.up, Some(server));
        self.now_s += RUN_S;
        if self.interrupted_in == Some(self.runs.len() + 1) {
            self.is_interrupted = true;
            return Err(Trouble::Interrupted);
        }
        self.runs.push((server, *run, place));
        let name = &self.program.servers[server];
        let workload = &self.program.workloads[run.workload].workload;
        let Place { round, number } = place;
        let mut record = failed_record(name, workload, round, number, "the server died");
        if !self.is_dead(server, run.workload, round) {
            record.failed = None;
            record.seed = run.seed;
            let key = Figure::MESSAGES_PER_S.key();
            record.figures = BTreeMap::from([(key, 1_000.0)]);
        }
        Ok(record)
    }

    fn stop(&mut self) {
        self.up = None;
    }

    fn keep(&mut self, entry: &LedgerEntry) -> Result<(), String> {
        if self.full_after.is_some_and(|most| self.kept.len() >= most) {
            return Err("the disk is full".to_owned());
        }
        // As a file would give it back.
        let line = serde_json::to_string(entry).unwrap();
        self.kept.push(serde_json::from_str(&line).unwrap());
        Ok(())
    }

    fn told(&mut self, event: &RankEvent<'_>) {
        if let RankEvent::TurnOver { left_s } = event {
            self.left_s.push(*left_s);
        }
    }
}

fn program(servers: usize, workload_rounds: &[u32], rounds: u32, seed: u64) -> Program {
    let workloads = workload_rounds.iter().enumerate();
    let planned = |(at, rounds): (usize, &u32)| Planned {
        workload: Workload {
            name: format!("w{at}"),
            kind: WorkloadKind::Closed,
            connections: 1,
            depth: 1,
            size_bytes: 30,
            rate_per_s: None,
            duration_s: RUN_S,
            warmup_s: 0.0,
            rounds: *rounds,
            command: String::new(),
            scenario: None,
        },
        expected_s: RUN_S,
    };
    Program {
        servers: (0..servers).map(|at| format!("s{at}")).collect(),
        workloads: workloads.map(planned).collect(),
        rounds,
        seed,
        is_examined: true,
    }
}

/// A whole ranking of servers of this conduct.
fn ranked(program: &Program, conducts: &[Conduct]) -> (Simulated, Ledger) {
    let mut machine = Simulated::new(program, conducts);
    let mut ledger = Ledger::default();
    let ending = rank(program, &mut ledger, f64::INFINITY, &mut machine).unwrap();
    assert_eq!(ending, Ending::Complete);
    assert_eq!(machine.up, None, "nothing is left up");
    (machine, ledger)
}

#[test]
fn every_round_is_a_block_and_two_rounds_on_end_are_balanced() {
    let program = program(7, &[20, 20, 20], 20, 5);
    let mut firsts = Vec::new();
    for pair in (1..=20).step_by(2) {
        let [drawn, reverse] = [pair, pair + 1].map(|round| program.round(round));
        let of = |turns: &[wsbench_experiment::rank::Turn]| {
            turns.iter().map(|turn| turn.server).collect::<Vec<_>>()
        };
        let mut sorted = of(&drawn);
        firsts.push(sorted[0]);
        let mut backwards = of(&reverse);
        backwards.reverse();
        assert_eq!(sorted, backwards);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..7).collect::<Vec<_>>());
        for turn in &drawn {
            let mut workloads: Vec<_> = turn.runs.iter().map(|run| run.workload).collect();
            let later = reverse.iter().find(|it| it.server == turn.server).unwrap();
            let backwards: Vec<_> = later.runs.iter().rev().map(|run| run.workload).collect();
            assert_eq!(workloads, backwards);
            workloads.sort_unstable();
            assert_eq!(workloads, [0, 1, 2]);
        }
    }
    firsts.sort_unstable();
    firsts.dedup();
    assert!(firsts.len() >= 4, "who begins is drawn: {firsts:?}");
}

#[test]
fn the_order_is_the_seeds_and_no_two_runs_have_one_seed() {
    let orders = |seed| {
        let program = program(5, &[10, 10], 10, seed);
        (1..=10)
            .map(|round| program.round(round))
            .collect::<Vec<_>>()
    };
    assert_eq!(orders(1), orders(1));
    assert_ne!(orders(1), orders(2));
    // Nor have the runs of rankings whose seeds are next to each other.
    let all: Vec<_> = (1..=20).flat_map(orders).collect();
    let runs = all.iter().flatten().flat_map(|turn| &turn.runs);
    let mut seeds: Vec<u64> = runs.map(|run| run.seed).collect();
    assert_eq!(seeds.len(), 2_000);
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 2_000);
}

#[test]
fn a_workload_of_few_rounds_is_spread_over_all() {
    let program = program(1, &[10, 1, 3], 10, 1);
    let takes_part = |workload| -> Vec<u32> {
        let rounds = 1..=10;
        rounds
            .filter(|round| program.takes_part(workload, *round))
            .collect()
    };
    assert_eq!(takes_part(0).len(), 10);
    assert_eq!(takes_part(1), [1]);
    assert_eq!(takes_part(2), [1, 5, 8]);
    assert_eq!(program.runs_in_all(), 14);
    let (machine, ledger) = ranked(&program, &[Conduct::Good]);
    assert_eq!((machine.runs.len(), ledger.runs.len()), (14, 14));
}

#[test]
fn each_server_is_started_afresh_for_each_turn_and_measured_as_often_as_any_other() {
    let program = program(4, &[6, 6], 6, 9);
    let (machine, ledger) = ranked(&program, &[Conduct::Good; 4]);
    for server in 0..4 {
        let runs = machine.runs.iter().filter(|(of, ..)| *of == server);
        assert_eq!(runs.count(), 12);
        let starts = machine.starts.iter().filter(|of| **of == server);
        // One for the gate, one a turn.
        assert_eq!(starts.count(), 7);
    }
    let numbers: Vec<u32> = ledger.runs.iter().map(|run| run.number).collect();
    assert_eq!(numbers, (1..=48).collect::<Vec<_>>());
    assert!(ledger.failures.is_empty());
    assert_eq!(*machine.left_s.last().unwrap(), 0.0);
    assert!(
        machine.left_s.is_sorted_by(|a, b| a > b),
        "{:?}",
        machine.left_s
    );
    // Turns take 4.5 s and were thought to take 5 s; what is left is told as they go.
    assert!(
        (machine.left_s[0] - 23.0 * 4.5).abs() < 1e-6,
        "{}",
        machine.left_s[0]
    );
}

#[test]
fn whoever_fails_costs_bounded_time_and_has_a_row_that_says_so() {
    let program = program(4, &[10, 10], 10, 3);
    let conducts = [
        Conduct::Good,
        Conduct::InstallHangs,
        Conduct::NeverStarts,
        Conduct::DiesUnder(1),
    ];
    let (machine, ledger) = ranked(&program, &conducts);
    let failures = |server: &str| -> Vec<(Stage, Option<String>)> {
        let of_it = ledger.failures.iter().filter(|(of, _)| of == server);
        of_it
            .map(|(_, it)| (it.stage, it.workload.clone()))
            .collect()
    };
    let runs = |server: &str, workload: &str| {
        let of_it = |run: &&RunRecord| run.server == server && run.workload == workload;
        ledger.runs.iter().filter(of_it).count()
    };
    assert!(failures("s0").is_empty());
    assert_eq!((runs("s0", "w0"), runs("s0", "w1")), (10, 10));
    assert_eq!(failures("s1"), [(Stage::Install, None)]);
    assert_eq!(runs("s1", "w0"), 0);
    // At the gate and in two rounds, then never again.
    let starts = vec![(Stage::Start, None); MOST_FAILURES as usize];
    let left_out = vec![(Stage::LeftOut, None)];
    assert_eq!(failures("s2"), [starts, left_out].concat());
    // Only what kills it is left out, and it is started again for the rest.
    assert_eq!(failures("s3"), [(Stage::LeftOut, Some("w1".to_owned()))]);
    assert_eq!(
        (runs("s3", "w0"), runs("s3", "w1")),
        (10, MOST_FAILURES as usize)
    );
    assert!(
        machine.now_s < INSTALL_LIMIT_S + 3.0 * START_LIMIT_S + 33.0 * (RUN_S + START_S) + 60.0
    );
}

#[test]
fn a_server_that_recovers_before_it_is_left_out_stays() {
    let program = program(1, &[6], 6, 3);
    let (_, ledger) = ranked(&program, &[Conduct::DiesUntilRound(MOST_FAILURES - 1)]);
    assert_eq!(ledger.runs.len(), 6);
    assert!(ledger.failures.is_empty());
    let (_, ledger) = ranked(&program, &[Conduct::DiesUntilRound(MOST_FAILURES)]);
    assert_eq!(ledger.runs.len(), MOST_FAILURES as usize);
    assert_eq!(ledger.failures.len(), 1, "{:?}", ledger.failures);
}

#[test]
fn an_interrupted_ranking_continues_with_the_same_program_and_measures_nothing_twice() {
    let program = program(4, &[4, 2, 4], 4, 11);
    let conducts = [
        Conduct::Good,
        Conduct::DiesUnder(0),
        Conduct::Good,
        Conduct::NeverStarts,
    ];
    let (whole, undisturbed) = ranked(&program, &conducts);
    for interrupted_in in 1..=whole.runs.len() {
        let mut first = Simulated::new(&program, &conducts);
        first.interrupted_in = Some(interrupted_in);
        let mut ledger = Ledger::default();
        let ending = rank(&program, &mut ledger, f64::INFINITY, &mut first).unwrap();
        assert_eq!((ending, first.up), (Ending::Interrupted, None));
        assert_eq!(
            ledger.runs.len(),
            interrupted_in - 1,
            "what was cut short is no run"
        );
        let mut second = Simulated::new(&program, &conducts);
        let mut ledger = Ledger::of(first.kept);
        let ending = rank(&program, &mut ledger, f64::INFINITY, &mut second).unwrap();
        assert_eq!(ending, Ending::Complete);
        let made = [first.runs, second.runs].concat();
        assert_eq!(made, whole.runs, "interrupted in run {interrupted_in}");
        assert_eq!(ledger.runs, undisturbed.runs);
    }
}

#[test]
fn what_failed_before_the_first_run_is_tried_again() {
    let program = program(2, &[2], 2, 1);
    let mut machine = Simulated::new(&program, &[Conduct::InstallHangs, Conduct::Good]);
    machine.interrupted_in = Some(1);
    rank(
        &program,
        &mut Ledger::default(),
        f64::INFINITY,
        &mut machine,
    )
    .unwrap();
    let mut mended = Simulated::new(&program, &[Conduct::Good, Conduct::Good]);
    let mut ledger = Ledger::of(machine.kept);
    rank(&program, &mut ledger, f64::INFINITY, &mut mended).unwrap();
    assert_eq!((ledger.runs.len(), ledger.failures.len()), (4, 0));
}

#[test]
fn no_round_begins_that_would_not_be_over_in_time() {
    let program = program(2, &[10], 10, 1);
    let mut machine = Simulated::new(&program, &[Conduct::Good; 2]);
    // A round takes 5 s, the gate 1 s before.
    let ending = rank(&program, &mut Ledger::default(), 18.0, &mut machine).unwrap();
    assert_eq!(ending, Ending::OutOfTime);
    assert_eq!(machine.runs.len(), 6, "three whole rounds");
    // The first round is begun in any case, and its turns end with the time.
    let mut machine = Simulated::new(&program, &[Conduct::Good; 2]);
    let ending = rank(&program, &mut Ledger::default(), 2.0, &mut machine).unwrap();
    assert_eq!((ending, machine.runs.len()), (Ending::OutOfTime, 1));
}

#[test]
fn what_cannot_be_kept_is_not_measured_on() {
    let program = program(2, &[10], 10, 1);
    let mut machine = Simulated::new(&program, &[Conduct::Good; 2]);
    machine.full_after = Some(9);
    let error = rank(
        &program,
        &mut Ledger::default(),
        f64::INFINITY,
        &mut machine,
    )
    .unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!((machine.kept.len(), machine.up), (9, None));
}
