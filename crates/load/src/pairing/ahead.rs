//! Requests of one connection that are over while an older one is not: a bit for each.

use std::collections::VecDeque;

/// Bits of a word.
const WORD: u64 = 64;

/// Numbers of the requests that are over before an older one is.
#[derive(Debug, Default)]
pub(super) struct SettledAhead {
    /// A bit for each number, from a multiple of [`WORD`] on.
    words: VecDeque<u64>,
    /// The number of the first bit, in words.
    begins: u64,
    /// Number of bits that are set.
    count: u64,
}

impl SettledAhead {
    /// Whether a number is among them.
    pub(super) fn contains(&self, number: u64) -> bool {
        let word = self.at(number).and_then(|at| self.words.get(at));
        word.is_some_and(|word| word >> (number % WORD) & 1 == 1)
    }

    /// Adds a number that is not among them; none is below `oldest`, now or later.
    pub(super) fn insert(&mut self, number: u64, oldest: u64) {
        if self.count == 0 {
            self.words.clear();
            self.begins = oldest / WORD;
        }
        let Some(at) = self.at(number) else {
            return;
        };
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= 1 << (number % WORD);
        self.count += 1;
    }

    /// The first number from `oldest` on that is not among them; forgets those before it.
    pub(super) fn pass(&mut self, mut oldest: u64) -> u64 {
        while self.count > 0 && self.contains(oldest) {
            self.count -= 1;
            oldest += 1;
        }
        while self.begins < oldest / WORD && self.words.pop_front().is_some() {
            self.begins += 1;
        }
        oldest
    }

    fn at(&self, number: u64) -> Option<usize> {
        usize::try_from((number / WORD).checked_sub(self.begins)?).ok()
    }
}
