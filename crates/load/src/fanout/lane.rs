//! A lane of the board: a ring of the latest messages of one worker.
//!
//! Entries are atomics, and each says which message it is before and after it was read, so that half an
//! entry is none.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use crate::nanos::Nanos;
use crate::plan::VOICES_AT_MOST;

/// The version of an entry that is being written.
const TORN: u64 = u64::MAX;
/// Bits of the number of connections that had joined a room.
const JOINS: u64 = (1 << 26) - 1;
/// Bits that say which voice a message is of, behind those two and those of the joins.
const VOICES: u64 = (VOICES_AT_MOST - 1) as u64;

/// The messages of one worker.
#[derive(Debug)]
pub(super) struct Lane {
    entries: Box<[Notice]>,
    /// The position behind the latest message that was put on it.
    head: AtomicU32,
}

/// A message on the board. The version is its position and one, zero before the first.
#[derive(Debug, Default)]
pub(super) struct Notice {
    version: AtomicU64,
    due: AtomicU64,
    sent: AtomicU64,
    /// Connection above, room below, 32 bits each.
    origin: AtomicU64,
    /// Number of members above, and below it the number that had joined, in 26 bits, four of its voice, one
    /// of whether its sender is a member and one of whether it is measured.
    facts: AtomicU64,
    /// Position and one of the next message of the same connection, zero while there is none.
    next: AtomicU64,
}

/// A message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Number of the connection that sent it.
    pub publisher: u32,
    /// Instant at which it was due.
    pub due: Nanos,
    /// Instant at which the write that carries it began.
    pub sent: Nanos,
    /// Its room.
    pub room: u32,
    /// Members of that when it was sent, its sender among them where it is one.
    pub members: u32,
    /// Connections that had ever joined the room by then: which of those that join at about the same time
    /// are among the members. 26 bits of it are kept.
    pub joins: u32,
    /// Number of the voice that it is of, 0 where there is one.
    pub voice: u8,
    /// True where its sender is a member.
    pub is_member: bool,
    /// True of one that was due within the measured window.
    pub is_measured: bool,
}

impl Publication {
    /// True where the connection that joined its room as number `order`, from 0, is among its members.
    pub(crate) fn counts(&self, order: u32) -> bool {
        let behind = u64::from(self.joins.wrapping_sub(order)) & JOINS;
        (1..=JOINS / 2).contains(&behind)
    }
}

impl Lane {
    /// Bytes of one of its entries.
    pub(super) const ENTRY_BYTES: u64 = size_of::<Notice>() as u64;

    /// An empty one with room for so many messages, a power of two of them.
    pub(super) fn new(length: usize) -> Self {
        Self {
            entries: std::iter::repeat_with(Notice::default)
                .take(length)
                .collect(),
            head: AtomicU32::new(0),
        }
    }

    /// The entry of a position.
    #[inline]
    pub(super) fn at(&self, position: u32) -> &Notice {
        &self.entries[position as usize & (self.entries.len() - 1)]
    }

    /// Messages that it has room for.
    pub(super) fn length(&self) -> u32 {
        self.entries.len() as u32
    }

    /// The position behind the latest message.
    pub(super) fn head(&self) -> u32 {
        self.head.load(Ordering::Acquire)
    }

    /// A message is on it that may be the latest.
    pub(super) fn reach(&self, position: u32) {
        self.head
            .fetch_max(position.wrapping_add(1), Ordering::AcqRel);
    }

    /// Puts a message on it that follows all that are. `previous` is the position of the one that the
    /// same connection sent before.
    #[inline]
    pub(super) fn publish(&self, position: u32, it: &Publication, previous: Option<u32>) {
        let version = u64::from(position) + 1;
        if let Some(previous) = previous {
            let before = self.at(previous);
            if before.version.load(Ordering::Relaxed) == u64::from(previous) + 1 {
                before.precede(version);
            }
        }
        self.at(position).write(version, it, 0);
        self.head.store(position.wrapping_add(1), Ordering::Release);
    }

    /// The message at a position; `None` where it is not there yet, or no more.
    #[inline]
    pub(super) fn look_up(&self, position: u32) -> Option<Publication> {
        self.at(position).read(u64::from(position) + 1)
    }

    /// The position of the next message of the same connection, once it has sent one.
    #[inline]
    pub(super) fn next_of(&self, position: u32) -> Option<u32> {
        let entry = self.at(position);
        let next = entry.next.load(Ordering::Relaxed).checked_sub(1)?;
        fence(Ordering::Acquire);
        let is_there = entry.version.load(Ordering::Relaxed) == u64::from(position) + 1;
        is_there.then_some(next as u32)
    }
}

impl Notice {
    /// Writes a message over what was there; `next` is the version of its sender's next one.
    #[inline]
    pub(super) fn write(&self, version: u64, it: &Publication, next: u64) {
        self.version.store(TORN, Ordering::Relaxed);
        fence(Ordering::Release);
        let origin = u64::from(it.publisher) << 32 | u64::from(it.room);
        let bits = u64::from(it.is_member) << 1 | u64::from(it.is_measured);
        let joins = u64::from(it.joins) & JOINS;
        let voice = u64::from(it.voice) & VOICES;
        let facts = u64::from(it.members) << 32 | joins << 6 | voice << 2 | bits;
        self.due.store(it.due.0, Ordering::Relaxed);
        self.sent.store(it.sent.0, Ordering::Relaxed);
        self.origin.store(origin, Ordering::Relaxed);
        self.facts.store(facts, Ordering::Relaxed);
        self.next.store(next, Ordering::Relaxed);
        self.version.store(version, Ordering::Release);
    }

    /// The message of a version; `None` where that is not there.
    #[inline]
    fn read(&self, version: u64) -> Option<Publication> {
        if self.version.load(Ordering::Acquire) != version {
            return None;
        }
        let due = Nanos(self.due.load(Ordering::Relaxed));
        let sent = Nanos(self.sent.load(Ordering::Relaxed));
        let origin = self.origin.load(Ordering::Relaxed);
        let facts = self.facts.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        (self.version.load(Ordering::Relaxed) == version).then_some(Publication {
            publisher: (origin >> 32) as u32,
            due,
            sent,
            room: origin as u32,
            members: (facts >> 32) as u32,
            joins: (facts >> 6 & JOINS) as u32,
            voice: (facts >> 2 & VOICES) as u8,
            is_member: facts & 2 == 2,
            is_measured: facts & 1 == 1,
        })
    }

    /// The version and the sender of what is there.
    pub(super) fn known(&self) -> (u64, u32) {
        let version = self.version.load(Ordering::Relaxed);
        (version, (self.origin.load(Ordering::Relaxed) >> 32) as u32)
    }

    /// Says which message of the same sender follows it, by its version.
    pub(super) fn precede(&self, next: u64) {
        self.next.store(next, Ordering::Relaxed);
    }
}
