//! What is tried is in `bodies/document.rs`, which an ordinary test replays the corpus through.
#![no_main]

#[path = "../bodies/document.rs"]
mod document;

libfuzzer_sys::fuzz_target!(|data: &[u8]| document::attempt(data));
