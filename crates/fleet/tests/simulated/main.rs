//! Fleets on simulated time: agents, a coordinator and a bus that delays, doubles, drops and parts them,
//! over thousands of seeds.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod host;
mod world;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use wsbench_drive::crew::Part;
use wsbench_drive::run::RunObserver;
use wsbench_fleet::agent::{HEARTBEAT, PATIENCE};
use wsbench_fleet::bus::{BusEntry, LEASE, Of};
use wsbench_fleet::gathering::{Beside, Gathered, Gathering};
use wsbench_fleet::protocol::Task;
use wsbench_fleet::wire;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Plan, PlanSpec, StopRule, WarmUp};
use wsbench_load::result::{Ended, Progress};
use wsbench_load::series::Series;
use wsbench_load::tally::LogRecord;
use wsbench_simulate::{RunInParts, Scenario, handed};

use world::{Faults, Outcome, World};

/// Threads of each agent, and agents.
const THREADS: u32 = 2;
const AGENTS: u32 = 3;

/// Hears of nothing.
struct Deaf;

impl RunObserver for Deaf {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, _: &[LogRecord]) {}
}

/// The plan of all runs here, by as many workers as the fleet has.
fn plan(threads: u32) -> Plan {
    let spec = PlanSpec::against("ws://127.0.0.1:1/".parse().unwrap());
    let spec = spec.with(|spec| {
        spec.threads = threads;
        spec.clients.connections = 20;
        spec.clients.timeout = Nanos::from_secs(2);
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule {
                process: Process::Poisson,
                stretches: vec![Stretch::level(Nanos::from_secs(13), 60.0)],
            },
            max_in_flight: 4,
        };
        spec.stop = StopRule::Duration(Nanos::from_secs(12));
        spec.warmup = WarmUp::of(Nanos::from_secs(1));
        spec.interval = Nanos::from_secs(1);
    });
    spec.check().unwrap()
}

/// What one process makes of the plan with as many threads, and its parts, ready to be kept.
struct Truth {
    run: RunInParts,
    parts: Vec<(Part, std::sync::Arc<[u8]>)>,
}

fn truth() -> &'static Truth {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    TRUTH.get_or_init(|| {
        let run = handed(&plan(THREADS * AGENTS), Scenario::default(), None);
        let parts = run
            .parts
            .iter()
            .map(|part| (part.clone(), wire::packed(part).unwrap()));
        Truth {
            parts: parts.collect(),
            run,
        }
    })
}

/// Adds up what the bus has kept.
fn gathered<'a>(
    task: &'a Task,
    plan: &'a Plan,
    entries: impl Iterator<Item = &'a BusEntry>,
) -> Gathered {
    let mut gathering = Gathering::new(task, plan);
    for entry in entries {
        gathering
            .take(entry, &mut Deaf)
            .expect("what agents hand over can be read");
    }
    gathering.finish(None, &|_| Beside::default(), &mut Deaf)
}

/// The number of answers in the parts that the bus has kept, each once.
fn answers(outcome: &Outcome) -> u64 {
    let mut seen = BTreeSet::new();
    let mut sum = 0;
    for entry in &outcome.kept {
        if let Of::Part(..) = entry.key.of
            && seen.insert(entry.key.clone())
        {
            let part: Part = wire::unpacked(&entry.bytes).unwrap();
            sum += part.tally.messages.answered;
        }
    }
    sum
}

#[test]
fn a_fleet_makes_the_same_run_as_one_process_bin_for_bin() {
    for seed in 0..40 {
        let outcome = World::new(seed, Faults::default(), plan(1)).run();
        let (task, whole) = outcome.dealt.as_ref().expect("everybody is there");
        assert!(outcome.is_over, "seed {seed}: {:?}", outcome.told);
        let gathered = gathered(task, whole, outcome.kept.iter());
        let one = &truth().run.witness.result;
        assert_eq!(gathered.result.messages, one.messages, "seed {seed}");
        for series in Series::ALL {
            let (ours, theirs) = (gathered.result.at(series), one.at(series));
            let is_same = ours.to_hdr_v2() == theirs.to_hdr_v2();
            assert!(
                is_same,
                "seed {seed}: {series:?}, {} and {}",
                ours.count(),
                theirs.count()
            );
        }
        assert_eq!(gathered.result.intervals, one.intervals);
        assert_eq!(gathered.result.slices, one.slices);
        assert_eq!(gathered.result.ended, Ended::Complete);
        assert_eq!(gathered.fleet.missing_parts, [""; 0]);
        assert_eq!(gathered.agents.len(), AGENTS as usize);
        assert!(gathered.agents.iter().all(|agent| agent.lost.is_none()));
    }
}

/// The clocks of the agents are hours apart, and the bus takes up to 50 ms: the load begins on all of
/// them within what their clocks are known to be sure to.
#[test]
fn loads_begin_together_to_within_the_bounds_of_the_clocks() {
    for seed in 0..100 {
        let outcome = World::new(seed, Faults::default(), plan(1)).run();
        let begins: Vec<Nanos> = outcome.loads.iter().map(|load| load.from).collect();
        assert_eq!(begins.len(), AGENTS as usize, "seed {seed}");
        let spread = *begins.iter().max().unwrap() - *begins.iter().min().unwrap();
        let (task, _) = outcome.dealt.as_ref().unwrap();
        let worst = task
            .seats
            .iter()
            .map(|seat| seat.clock.bound_ns)
            .max()
            .unwrap();
        assert!(
            spread.0 <= 2 * worst,
            "seed {seed}: {spread:?} beyond twice {worst} ns"
        );
        assert!(worst < 30_000_000, "{worst}");
    }
}

/// Whatever happens: each run ends, no load goes on that nobody counts on, and nothing is counted twice.
fn whatever_happens(seeds: std::ops::Range<u64>) {
    let (mut whole, mut ended_early, mut failed) = (0, 0, 0);
    for seed in seeds {
        let faults = Faults::drawn(seed);
        let outcome = World::new(seed, faults.clone(), plan(1)).run();
        let context = || format!("seed {seed}: {faults:?}\n{}", outcome.told.join("\n"));
        if faults.coordinator_dies.is_none() {
            assert!(
                outcome.is_over || outcome.failed.is_some(),
                "no end: {}",
                context()
            );
        }
        assert!(outcome.all_idle, "an agent is left in a run: {}", context());
        for load in &outcome.loads {
            let until = load
                .until
                .unwrap_or_else(|| panic!("load goes on: {}", context()));
            if let Some(dead) = load.stood_still_until {
                assert!(
                    until <= dead + Nanos::from_millis(400),
                    "rogue: {}",
                    context()
                );
            }
            // The plan's own deadline: warm-up, window, time-out, grace.
            let longest = Nanos::from_secs(1 + 12 + 2 + 30) + HEARTBEAT;
            assert!(
                until <= load.from + longest,
                "beyond the plan: {}",
                context()
            );
            if let Some(lost) = load.given_up_at {
                let hears = lost.max(load.cut_off_until) + LEASE + HEARTBEAT;
                assert!(until <= hears, "{until:?} after {hears:?}: {}", context());
            }
        }
        if let Some((task, plan)) = &outcome.dealt {
            let gathered = gathered(task, plan, outcome.kept.iter().chain(&outcome.kept));
            assert_eq!(
                gathered.result.messages.answered,
                answers(&outcome),
                "{}",
                context()
            );
            match gathered.result.ended {
                Ended::Complete if gathered.fleet.missing_parts.is_empty() => whole += 1,
                _ => ended_early += 1,
            }
        } else {
            failed += 1;
        }
    }
    // The draw covers each way a run can go.
    assert!(
        whole > 100 && ended_early > 100 && failed > 10,
        "{whole}, {ended_early}, {failed}"
    );
}

#[test]
fn whatever_becomes_of_bus_and_agents_runs_end_and_no_load_is_left() {
    whatever_happens(0..1_000);
}

#[test]
fn whatever_becomes_of_them_a_second_thousand_of_runs_ends_as_well() {
    whatever_happens(1_000..2_000);
}

#[test]
fn whatever_becomes_of_them_a_third_thousand_of_runs_ends_as_well() {
    whatever_happens(2_000..3_000);
}

/// The coordinator is killed under load: agents end by the plan, and what the bus has kept makes the same
/// result as if it had lived.
#[test]
fn a_run_whose_coordinator_dies_is_collected_whole() {
    for seed in 0..60 {
        let faults = Faults {
            coordinator_dies: Some(Nanos::from_secs(8)),
            ..Faults::default()
        };
        let outcome = World::new(seed, faults, plan(1)).run();
        assert!(outcome.all_idle && !outcome.is_over, "seed {seed}");
        let (task, whole) = outcome.dealt.as_ref().unwrap();
        let gathered = gathered(task, whole, outcome.kept.iter());
        assert_eq!(
            gathered.result.messages,
            truth().run.witness.result.messages
        );
        assert_eq!(gathered.fleet.missing_parts, [""; 0]);
    }
}

/// The coordinator dies while agents wait for the beginning: they give up, and no load begins.
#[test]
fn agents_that_wait_for_a_dead_coordinator_give_up() {
    let mut waited = 0;
    for seed in 0..60 {
        let faults = Faults {
            coordinator_dies: Some(Nanos::from_millis(1_400)),
            ..Faults::default()
        };
        let outcome = World::new(seed, faults, plan(1)).run();
        assert!(outcome.all_idle, "seed {seed}: {:?}", outcome.told);
        if !outcome.loads.is_empty() {
            // It had said when the load begins.
            assert_eq!(outcome.loads.len(), AGENTS as usize);
            continue;
        }
        waited += 1;
        assert!(
            outcome.took < Nanos::from_secs(10) + PATIENCE + PATIENCE,
            "{:?}",
            outcome.took
        );
    }
    assert!(waited > 30, "{waited}");
}
