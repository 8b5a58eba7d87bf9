//! What is tried is in `bodies/histogram.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/histogram.rs"]
mod histogram;

libfuzzer_sys::fuzz_target!(|data: &[u8]| histogram::attempt(data));
