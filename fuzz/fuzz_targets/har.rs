//! What is tried is in `bodies/har.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/har.rs"]
mod har;

libfuzzer_sys::fuzz_target!(|data: &[u8]| har::attempt(data));
