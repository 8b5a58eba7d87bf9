//! Histograms that broke a reader once, or that fuzzing has found interesting, are tried by every run
//! of the tests.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../../fuzz/bodies/histogram.rs"]
mod histogram;

use std::fs;

#[test]
fn histograms_are_read_or_refused() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/histogram");
    let mut tried = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        histogram::attempt(&fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried >= 10, "{tried} inputs");
}
