//! What is tried is in `bodies/frames.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/frames.rs"]
mod frames;

libfuzzer_sys::fuzz_target!(|data: &[u8]| frames::attempt(data));
