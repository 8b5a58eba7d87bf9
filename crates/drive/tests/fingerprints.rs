//! Runs drawn at random are, figure by figure, what they were when their hashes were stored: who
//! changes the inside of the instrument sees whether it still measures the same.
//!
//! Where a difference is meant, `WSBENCH_BLESS=1` stores the hashes anew.

mod simulation;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use simulation::{chance, checked, prints, sums};
use wsbench_load::exchange::Exchange;
use wsbench_load::exchange::echo::Echo;
use wsbench_load::exchange::mixed::Mixed;
use wsbench_load::series::Series;
use wsbench_simulate::{Witness, witness_of};

/// How many seeds are stored.
const SEEDS: u64 = 400;

fn stored() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fingerprints.txt")
}

fn run<X: Exchange>(seed: u64) -> Witness {
    let (plan, scenario, stop_at) = chance::draw_any(seed);
    let run = witness_of::<X>(&checked(&plan), scenario, stop_at);
    sums::check(&plan, &run);
    run
}

/// A line of the stored file: the seed and a hash of each group.
fn line(seed: u64, run: &Witness) -> String {
    let mut line = format!("{seed}");
    for group in prints::groups(run) {
        let _ = write!(line, " {:016x}", prints::hash(&group));
    }
    line
}

/// The groups in which two lines differ, in words.
fn differing(stored: &str, found: &str) -> String {
    let pairs = stored.split(' ').zip(found.split(' ')).skip(1);
    let groups = prints::GROUPS.iter().zip(pairs);
    let differing = groups.filter(|(_, (stored, found))| stored != found);
    let names: Vec<&str> = differing.map(|(group, _)| *group).collect();
    names.join(", ")
}

/// Whether a run has something of each kind: hashes of what is never there would hold whatever the
/// code did.
fn seen_in(run: &Witness) -> Vec<(&'static str, bool)> {
    let result = &run.result;
    let messages = &result.messages;
    vec![
        ("service", !result.at(Series::Service).is_empty()),
        ("response", !result.at(Series::Response).is_empty()),
        ("censored", !result.at(Series::Censored).is_empty()),
        ("send lag", !result.at(Series::SendLag).is_empty()),
        ("generator lag", !result.at(Series::GeneratorLag).is_empty()),
        ("blocked", !result.at(Series::Blocked).is_empty()),
        ("receive wait", !result.at(Series::ReceiveWait).is_empty()),
        ("outside", !result.at(Series::Outside).is_empty()),
        ("tcp", !result.at(Series::Tcp).is_empty()),
        ("upgrade", !result.at(Series::Upgrade).is_empty()),
        ("first message", !result.at(Series::FirstMessage).is_empty()),
        ("pings", !result.at(Series::Ping).is_empty()),
        ("failures", !result.failures.is_empty()),
        ("gaps", !result.gaps.is_empty()),
        ("send gaps", !result.send_gaps.is_empty()),
        ("intervals", result.intervals.len() > 1),
        ("slices", result.slices.len() > 1),
        ("close codes", result.close_codes.len() > 1),
        (
            "accepted compression",
            !result.compression.accepted.is_empty(),
        ),
        ("declined compression", result.compression.declined > 0),
        ("warm-up found", result.warmup_found.is_some()),
        ("absences", result.absences.times > 0),
        ("log", !run.log.is_empty()),
        ("unsent", messages.unsent > 0),
        ("timed out", messages.timed_out > 0),
        ("in flight at end", messages.in_flight_at_end > 0),
        ("lost", messages.lost > 0),
        ("duplicated", messages.duplicated > 0),
        ("reordered", messages.reordered > 0),
        ("corrupted", messages.corrupted > 0),
        ("unasked", messages.unasked > 0),
        ("warmup", messages.warmup > 0),
        ("replaced", result.connections.replaced > 0),
        (
            "clients completed",
            result.connections.clients_completed > 0,
        ),
        ("never answered", result.connections.never_answered > 0),
        ("blocked by absence", result.blocked_by.absence > 0),
        ("blocked by limit", result.blocked_by.limit > 0),
        ("blocked by socket", result.blocked_by.socket > 0),
        ("thought", result.thought_in_window_ns > 0),
    ]
}

/// With `WSBENCH_PRINT=SEED` that run is written out whole, for comparing it with another version's.
#[test]
fn every_seed_yields_the_run_that_is_stored() {
    if let Ok(seed) = env::var("WSBENCH_PRINT") {
        let seed = seed.parse().expect("WSBENCH_PRINT is a seed");
        eprintln!("{}", prints::whole(&run::<Echo>(seed)));
    }
    let is_blessed = env::var("WSBENCH_BLESS").is_ok_and(|blessed| blessed == "1");
    let text = fs::read_to_string(stored()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let (mut found, mut never_seen) = (Vec::new(), seen_in(&run::<Echo>(0)));
    for seed in 0..SEEDS {
        let run = run::<Echo>(seed);
        let line = line(seed, &run);
        let stored = lines.get(seed as usize).copied().unwrap_or_default();
        assert!(
            is_blessed || stored == line,
            "seed {seed} differs in: {}; where that is meant, store it with WSBENCH_BLESS=1",
            differing(stored, &line)
        );
        found.push(line);
        let seen = seen_in(&run);
        never_seen.retain(|(name, is_seen)| !is_seen && !seen.contains(&(*name, true)));
    }
    assert!(never_seen.is_empty(), "in no run: {never_seen:?}");
    if is_blessed {
        fs::write(stored(), found.join("\n") + "\n").expect("a writable file");
    }
    assert!(
        is_blessed || lines.len() == found.len(),
        "more is stored than is run"
    );
}

/// Workers that are made for exchanges that differ make of one echo what those made for it do.
#[test]
fn every_seed_yields_the_same_run_where_exchanges_may_differ() {
    let text = fs::read_to_string(stored()).expect("the stored hashes");
    let mut count = 0;
    for (seed, stored) in text.lines().enumerate() {
        let line = line(seed as u64, &run::<Mixed>(seed as u64));
        assert_eq!(line, stored, "in: {}", differing(stored, &line));
        count += 1;
    }
    assert_eq!(count, SEEDS);
}
