//! What is tried is in `bodies/inflate.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/inflate.rs"]
mod inflate;

libfuzzer_sys::fuzz_target!(|data: &[u8]| inflate::attempt(data));
