//! What is tried is in `bodies/scenario.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/scenario.rs"]
mod scenario;

libfuzzer_sys::fuzz_target!(|data: &[u8]| scenario::attempt(data));
