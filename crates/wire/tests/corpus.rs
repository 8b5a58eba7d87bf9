//! What fuzzing has found interesting, or broken once, is tried by every run of the tests.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../../fuzz/bodies/frames.rs"]
mod frames;
#[path = "../../../fuzz/bodies/handshake.rs"]
mod handshake;
#[path = "../../../fuzz/bodies/inflate.rs"]
mod inflate;
#[path = "../../../fuzz/bodies/proxy.rs"]
mod proxy;

use std::fs;
use std::path::Path;

/// Tries each file of a target's corpus.
fn replay(target: &str, attempt: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut tried = 0;
    for entry in fs::read_dir(corpus.join(target)).unwrap() {
        attempt(&fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried >= 5, "{tried} inputs of {target}");
}

#[test]
fn frames_mean_the_same_however_they_are_cut() {
    replay("frames", frames::attempt);
}

#[test]
fn heads_are_read_alike_again() {
    replay("handshake", handshake::attempt);
}

#[test]
fn payloads_are_bounded_and_come_back() {
    replay("inflate", inflate::attempt);
}

#[test]
fn answers_of_proxies_are_read_alike_however_they_are_cut() {
    replay("proxy", proxy::attempt);
}
