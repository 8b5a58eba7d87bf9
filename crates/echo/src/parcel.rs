//! Messages on their way to other connections than their sender's, and their copies.

use std::time::{Duration, Instant};

use wsbench_wire::connection::MessageKind;

/// A message to all of a room.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) from: u64,
    pub(crate) room: Box<[u8]>,
    pub(crate) kind: MessageKind,
    pub(crate) bytes: Box<[u8]>,
    /// When the first copy of it leaves.
    pub(crate) begins: Instant,
    /// Copies so far.
    pub(crate) copies: u32,
    /// A copy more goes to a connection of another room.
    pub(crate) strays: bool,
}

/// A copy of a message for one connection.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// Instant at which it leaves.
    pub(crate) at: Instant,
    /// Its frames; none of one that is lost.
    pub(crate) frames: Vec<u8>,
}

/// Copies that are not due yet, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Departures(Vec<Late>);

/// A copy that is not due yet.
#[derive(Debug)]
pub(crate) struct Late {
    pub(crate) at: Instant,
    /// The connection's place, and the number that tells it from others that had the place.
    pub(crate) place: usize,
    pub(crate) serial: u64,
    pub(crate) frames: Vec<u8>,
}

impl Departures {
    /// Adds a copy behind those that are due no later.
    pub(crate) fn add(&mut self, late: Late) {
        let at = self.0.partition_point(|other| other.at <= late.at);
        self.0.insert(at, late);
    }

    /// Instant at which the first is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.0.first().map(|late| late.at)
    }

    /// The copies that are due by `now`.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Late> {
        let count = self.0.partition_point(|late| late.at <= now);
        self.0.drain(..count).collect()
    }
}

/// A copy leaves at once if it is due within this time.
pub(crate) const AT_ONCE: Duration = Duration::from_micros(1);
