//! Stored files that fuzzing has found interesting, or that broke the reader once, are tried by
//! every run of the tests.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../../fuzz/bodies/document.rs"]
mod document;

use std::fs;

#[test]
fn files_are_shown_or_refused() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/document");
    let mut tried = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        document::attempt(&fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried >= 5, "{tried} inputs");
}
