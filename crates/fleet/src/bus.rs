//! The bus, as the two state machines see it: words that may be lost, entries that are kept, and leases.

use std::sync::Arc;

use crate::protocol::{Order, ProbeAnswer, Word};

/// A lease lapses so long after it was last renewed.
pub const LEASE: wsbench_load::nanos::Nanos = wsbench_load::nanos::Nanos::from_secs(5);

/// Carries what the state machines say. None of it waits: what comes of it is told later.
pub trait Bus {
    /// Says a word, which may be lost, doubled or late.
    fn say(&mut self, said: Said);

    /// Has an entry kept, once however often it is asked for. That it is kept is told later by
    /// [`Heard::Kept`]; until then the asker holds it and asks again.
    fn keep(&mut self, entry: &BusEntry);

    /// Asks for the lease of an agent in a run. It is granted to whoever holds it already, which renews
    /// it, and to anybody where it was not given or has lapsed. The answer comes as [`Heard::Lease`],
    /// or not at all.
    fn lease(&mut self, ask: LeaseAsk);
}

/// A word for the other side.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// By an agent about itself.
    Word(Box<Word>),
    /// By an agent: its time.
    Echo(ProbeAnswer),
    /// By the coordinator.
    Order(Box<Order>),
}

/// Something that is kept by the bus until somebody has collected it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusEntry {
    /// Subject of it.
    pub key: EntryKey,
    /// Its content.
    pub bytes: Arc<[u8]>,
}

/// Subject of an entry; there is one entry of each key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The run.
    pub run: String,
    /// The kind, with what tells it from others of that kind.
    pub of: Of,
}

/// Kind of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// The task, which says what run this is.
    Task,
    /// A part of the books: of this agent, its worker's number over the run, and the number of the part.
    Part(String, u32, u32),
    /// The last of an agent's books.
    Final(String),
}

/// A wish for the lease of an agent in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseAsk {
    /// The run.
    pub run: String,
    /// The agent.
    pub agent: String,
    /// Asker: an agent's process, or the coordinator of the run.
    pub holder: u64,
}

/// Something that came over the bus, or that it says of itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A word.
    Said(Said),
    /// An entry that somebody had kept.
    Stored(BusEntry),
    /// An entry of ours is kept.
    Kept(EntryKey),
    /// An entry of ours was refused; in words, why.
    NotKept(EntryKey, String),
    /// The lease was granted, or somebody else holds it.
    Lease(LeaseAsk, Result<(), LeaseTaken>),
    /// Nothing can be heard or said by now.
    Down(String),
    /// It can again.
    Up,
}

/// Somebody else holds the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTaken;
