//! What fuzzing has found interesting, or broken once, is tried by every run of the tests.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../../fuzz/bodies/suite.rs"]
mod suite;

use std::fs;

#[test]
fn suites_are_read_or_refused() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/suite");
    let mut tried = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        suite::attempt(&fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried >= 5, "{tried} inputs");
}
