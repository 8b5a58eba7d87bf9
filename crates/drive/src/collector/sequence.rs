//! The order of the parts of one share: whatever order they come in, they are counted as they were
//! measured, each once.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::part::Part;

/// Parts of a share that are kept until those before them have come. Within a process none ever
/// comes early; from elsewhere this is an hour of intervals of a second.
const EARLY_AT_MOST: usize = 3_600;

/// A part is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// It has been taken in before.
    #[error("part {number} of share {share} has come twice; the second one is not counted")]
    Doubled {
        /// The share.
        share: u32,
        /// The number of the part.
        number: u32,
    },
    /// There is no such share.
    #[error("a part of share {0}, of which this run has none")]
    UnknownShare(u32),
    /// Its share has ended with a part before it, or it ends before parts that have come.
    #[error("part {number} of share {share} contradicts the end of that share")]
    BeyondTheEnd {
        /// The share.
        share: u32,
        /// The number of the part.
        number: u32,
    },
    /// Too many parts before it have not come.
    #[error("too many parts of share {0} have come before those that they follow")]
    TooEarly(u32),
}

/// Parts that have not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Their share.
    pub share: u32,
    /// The number of the first of them.
    pub from: u32,
    /// The number of the next one that has come; `None` where nothing did, the last part included.
    pub until: Option<u32>,
}

/// The parts of one share, in their order.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// Number of the next part to be counted.
    next: u32,
    /// Those that have come and follow others that have not.
    early: BTreeMap<u32, Part>,
    /// Number of the last part, once that has come.
    last: Option<u32>,
}

impl Sequence {
    /// Takes a part in. What is to be counted now is to be asked for by [`Sequence::next`].
    pub(super) fn admit(&mut self, part: Part) -> Result<(), Refused> {
        let Part { share, number, .. } = part;
        if number < self.next || self.early.contains_key(&number) {
            return Err(Refused::Doubled { share, number });
        }
        let newest = self.early.last_key_value().map(|(newest, _)| *newest);
        let is_last = part.last.is_some();
        let is_after_last = self.last.is_some_and(|last| number > last);
        let is_last_too_soon =
            is_last && (self.last.is_some() || newest.is_some_and(|newest| newest > number));
        if is_after_last || is_last_too_soon {
            return Err(Refused::BeyondTheEnd { share, number });
        }
        if number != self.next && self.early.len() >= EARLY_AT_MOST {
            return Err(Refused::TooEarly(share));
        }
        if is_last {
            self.last = Some(number);
        }
        self.early.insert(number, part);
        Ok(())
    }

    /// The next part to be counted, if it has come.
    pub(super) fn next(&mut self) -> Option<Part> {
        let part = self.early.remove(&self.next)?;
        self.next += 1;
        Some(part)
    }

    /// The next part that has come, with those before it left out: at the end of a run, when no more
    /// are awaited.
    pub(super) fn next_after_hole(&mut self) -> Option<Part> {
        let (number, part) = self.early.pop_first()?;
        self.next = number + 1;
        Some(part)
    }

    /// The parts of the share that have not come.
    pub(super) fn missing(&self, share: u32) -> Vec<Hole> {
        let mut missing = Vec::new();
        let mut from = self.next;
        for &number in self.early.keys() {
            if from < number {
                let until = Some(number);
                missing.push(Hole { share, from, until });
            }
            from = number + 1;
        }
        if self.last.is_none() {
            let until = None;
            missing.push(Hole { share, from, until });
        }
        missing
    }
}
