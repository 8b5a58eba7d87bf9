//! What fuzzing has found interesting, or broken once, is tried by every run of the tests.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../../fuzz/bodies/har.rs"]
mod har;
#[path = "../../../fuzz/bodies/scenario.rs"]
mod scenario;
#[path = "../../../fuzz/bodies/suite.rs"]
mod suite;

use std::fs;

fn replay(target: &str, attempt: fn(&[u8])) {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
    let mut tried = 0;
    for entry in fs::read_dir(format!("{corpus}/{target}")).unwrap() {
        attempt(&fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried >= 5, "{tried} inputs");
}

#[test]
fn suites_are_read_or_refused() {
    replay("suite", suite::attempt);
}

#[test]
fn scenarios_are_read_or_refused() {
    replay("scenario", scenario::attempt);
}

#[test]
fn recordings_of_browsers_make_scenarios_or_are_refused() {
    replay("har", har::attempt);
}
