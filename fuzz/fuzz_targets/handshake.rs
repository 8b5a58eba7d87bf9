//! What is tried is in `bodies/handshake.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/handshake.rs"]
mod handshake;

libfuzzer_sys::fuzz_target!(|data: &[u8]| handshake::attempt(data));
