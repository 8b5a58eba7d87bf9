//! The terminal, held by a screen or not, and words that wait until it is given back.
//!
//! It knows neither screens nor who speaks, so that both may ask it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// True where the terminal is ours now, and has to be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Words that wait.
static WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// True while a screen has the terminal.
pub(crate) fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Notes that a screen has the terminal.
#[cfg(feature = "screen")]
pub(crate) fn take() {
    TAKEN.store(true, Ordering::SeqCst);
}

/// Notes that it is given back; true for whoever asks first.
#[cfg(feature = "screen")]
pub(crate) fn give_back() -> bool {
    TAKEN.swap(false, Ordering::SeqCst)
}

/// Keeps words until the terminal is given back; they come back where no screen has it. Who gives it
/// back asks for what has waited after that, so none is kept for ever.
pub(crate) fn hold(words: String) -> Option<String> {
    let mut held = words_held();
    if !is_taken() {
        return Some(words);
    }
    held.push(words);
    None
}

/// The words that have waited.
#[cfg(feature = "screen")]
pub(crate) fn waited() -> Vec<String> {
    std::mem::take(&mut *words_held())
}

fn words_held() -> MutexGuard<'static, Vec<String>> {
    // A list of words is whole whatever happened to whoever held it.
    WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}
