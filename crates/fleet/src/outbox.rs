//! Entries that the bus has not kept yet. Nothing measured is dropped here: what is not kept is asked for
//! again, and an agent whose box is full ends its load.

use std::collections::{BTreeMap, VecDeque};

use wsbench_load::nanos::Nanos;

use crate::bus::{Bus, BusEntry, EntryKey};

/// An entry that was not kept within this is asked for again. The bus knows it by its key.
const AGAIN: Nanos = Nanos::from_secs(4);
/// Bytes of entries that wait at most.
const FULL: usize = 256 << 20;
/// Runs whose tasks are not taken a second time.
const REMEMBERED: usize = 64;

/// Entries on their way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// With when each is to be asked for again.
    waiting: BTreeMap<EntryKey, (BusEntry, Nanos)>,
    bytes: usize,
    /// The newest runs that were begun.
    runs: VecDeque<String>,
    /// The latest refusal, which is told once.
    refusal: Option<String>,
}

impl Outbox {
    /// A run begins, whose task is not to be taken again.
    pub(crate) fn begin(&mut self, run: &str) {
        self.runs.push_back(run.to_owned());
        if self.runs.len() > REMEMBERED {
            self.runs.pop_front();
        }
    }

    pub(crate) fn knows(&self, run: &str) -> bool {
        self.runs.iter().any(|known| known == run)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes > FULL
    }

    /// Has an entry kept.
    pub(crate) fn keep(&mut self, now: Nanos, entry: BusEntry, bus: &mut dyn Bus) {
        bus.keep(&entry);
        self.bytes += entry.bytes.len();
        self.waiting.insert(entry.key.clone(), (entry, now + AGAIN));
    }

    /// An entry is kept.
    pub(crate) fn kept(&mut self, key: &EntryKey) {
        if let Some((entry, _)) = self.waiting.remove(key) {
            self.bytes -= entry.bytes.len();
        }
    }

    /// An entry was refused, and is asked for again: words for whoever looks on, once for each reason.
    pub(crate) fn not_kept(&mut self, key: &EntryKey, why: String) -> Option<String> {
        let is_new = self.waiting.contains_key(key) && self.refusal.as_ref() != Some(&why);
        let words = format!("the bus does not keep what is handed over: {why}; it is asked again");
        is_new.then(|| {
            self.refusal = Some(why);
            words
        })
    }

    /// All that waits is asked for again at the next look at the clock.
    pub(crate) fn ask_again(&mut self) {
        self.waiting
            .values_mut()
            .for_each(|(_, at)| *at = Nanos::ZERO);
    }

    pub(crate) fn look_at_the_clock(&mut self, now: Nanos, bus: &mut dyn Bus) {
        for (entry, at) in self.waiting.values_mut().filter(|(_, at)| *at <= now) {
            bus.keep(entry);
            *at = now + AGAIN;
        }
    }
}
