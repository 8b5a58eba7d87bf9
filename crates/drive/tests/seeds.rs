//! Thousands of runs, each with a plan and a scenario drawn at random: the sums hold in every one,
//! and the same seed yields the same run.

mod simulation;

use std::collections::HashSet;
use std::panic;

use simulation::{chance, checked, prints, sums};
use wsbench_load::exchange::echo::Echo;
use wsbench_load::exchange::mixed::Mixed;
use wsbench_simulate::{witness, witness_of};

/// How many seeds are run, unless `WSBENCH_SEEDS` asks for a longer hunt.
const SEEDS: u64 = 4_000;

fn seeds() -> u64 {
    let asked = std::env::var("WSBENCH_SEEDS").ok();
    asked.map_or(SEEDS, |count| count.parse().expect("a number of seeds"))
}

fn run_seeds(seeds: impl Iterator<Item = u64>) {
    let mut failed = Vec::new();
    for seed in seeds {
        let outcome = panic::catch_unwind(|| {
            let (plan, scenario, stop_at) = chance::draw(seed);
            let plain = witness_of::<Echo>(&checked(&plan), scenario.clone(), stop_at);
            sums::check(&plan, &plain);
            let mixed = witness_of::<Mixed>(&checked(&plan), scenario, stop_at);
            assert_eq!(prints::whole(&plain), prints::whole(&mixed));
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
    for seed in 0..300 {
        let (plan, scenario, stop_at) = chance::draw(seed);
        let first = prints::whole(&witness(&checked(&plan), scenario.clone(), stop_at));
        let again = prints::whole(&witness(&checked(&plan), scenario, stop_at));
        assert_eq!(first, again, "seed {seed}");
        prints.insert(first);
    }
    assert_eq!(prints.len(), 300);
}
