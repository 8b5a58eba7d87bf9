//! What is tried is in `bodies/proxy.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/proxy.rs"]
mod proxy;

libfuzzer_sys::fuzz_target!(|data: &[u8]| proxy::attempt(data));
