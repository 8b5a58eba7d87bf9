//! What is tried is in `bodies/words.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|data: &[u8]| words::attempt(data));
