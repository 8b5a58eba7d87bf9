//! What is tried is in `bodies/suite.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/suite.rs"]
mod suite;

libfuzzer_sys::fuzz_target!(|data: &[u8]| suite::attempt(data));
