//! When answers leave: the seam between the loop that moves bytes and the times kept on purpose.
//!
//! The plain [`Immediate`] reads no clock and holds nothing; the times are kept in `paced`. Which of
//! the two is a type parameter of the loop.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::answering::Next;

/// Connection that an answer is for. A place is used again once its connection is gone; the serial
/// tells the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionKey {
    pub(crate) place: usize,
    pub(crate) serial: u64,
}

/// Answers that are held back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) key: ConnectionKey,
    pub(crate) bytes: Box<[u8]>,
    pub(crate) next: Next,
}

/// Fate of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerFate {
    /// It leaves with the others of its read.
    AtOnce,
    /// It was taken, and will be released when due.
    Later,
    /// It never leaves.
    Never,
}

/// Pace at which answers leave.
pub(crate) trait Pace {
    /// True where every answer leaves at once and whole, so that the caller need not ask.
    const IMMEDIATE: bool;

    /// A read has just returned: what it brought counts as received now.
    fn arrived(&mut self);

    /// A whole message was received, and `bytes` is the answer to it; empty if there is none.
    fn message(&mut self, key: ConnectionKey, bytes: &[u8], next: Next) -> AnswerFate;

    /// Something that answers no message is to be sent: a pong, a close. It takes no time of its
    /// own, and keeps its place behind the answers.
    fn aside(&mut self, key: ConnectionKey, bytes: &[u8], next: Next) -> AnswerFate;

    /// The next answers that are due.
    fn release(&mut self) -> Option<Held>;

    /// Instant at which the next answers are due.
    fn next_due(&self) -> Option<Instant>;

    /// Stands still, if a stall is under way, until it is over.
    fn stall(&mut self, stop: &AtomicBool);

    /// Octets of the front of `bytes` that are written apart from the rest.
    fn cut(&self, bytes: &[u8]) -> usize;

    /// Instants at which messages were read, since the run began, in order; nothing where that is
    /// not kept.
    fn into_arrivals(self) -> Vec<Duration>;
}

/// At once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Immediate;

impl Pace for Immediate {
    const IMMEDIATE: bool = true;

    #[inline]
    fn arrived(&mut self) {}

    #[inline]
    fn message(&mut self, _: ConnectionKey, _: &[u8], _: Next) -> AnswerFate {
        AnswerFate::AtOnce
    }

    #[inline]
    fn aside(&mut self, _: ConnectionKey, _: &[u8], _: Next) -> AnswerFate {
        AnswerFate::AtOnce
    }

    #[inline]
    fn release(&mut self) -> Option<Held> {
        None
    }

    #[inline]
    fn next_due(&self) -> Option<Instant> {
        None
    }

    #[inline]
    fn stall(&mut self, _: &AtomicBool) {}

    #[inline]
    fn cut(&self, _: &[u8]) -> usize {
        0
    }

    fn into_arrivals(self) -> Vec<Duration> {
        Vec::new()
    }
}
