//! What a coordinator knows of one agent that takes part.

use std::collections::{BTreeMap, BTreeSet};

use wsbench_load::nanos::Nanos;

use crate::bus::{BusEntry, EntryKey, Of};
use crate::clock::{Estimate, Probes, drift_ppm};
use crate::protocol::{EndWord, Facts, Final, Standing, WarmTick, Word};
use crate::wire;

/// A probe that has not come back within this is followed by another all the same.
const PROBE_LOST: Nanos = Nanos::from_millis(250);

/// An agent that takes part.
#[derive(Debug)]
pub(super) struct Enrolled {
    pub(super) name: String,
    pub(super) life: u64,
    pub(super) facts: Facts,
    /// Time at which it was last heard of.
    pub(super) heard: Nanos,
    /// Its clock before the run, and the newest estimates since.
    pub(super) before: Probes,
    pub(super) since: Probes,
    pub(super) is_under_way: bool,
    pub(super) probe_sent_at: Option<Nanos>,
    pub(super) standing: Option<Standing>,
    pub(super) upgraded: Option<u64>,
    pub(super) heard_of_beginning: Option<Nanos>,
    pub(super) ended: Option<EndWord>,
    pub(super) ticks: BTreeMap<u64, WarmTick>,
    /// Parts that have come, by worker and number.
    parts: BTreeSet<(u32, u32)>,
    /// Parts that it says it has handed over, by worker.
    told: Vec<(u32, u32)>,
    /// Time at which the last of its books came.
    pub(super) final_at: Option<Nanos>,
    /// True of one of which nothing more is awaited.
    pub(super) is_lost: bool,
    /// Reason why it left before the end, which is also known of one that has stopped itself and hands its
    /// books over.
    pub(super) left: Option<String>,
    /// Another process says to be it.
    pub(super) is_another_process: bool,
    /// Time since when its words are of no run, or of another one, though it had taken its share of this.
    pub(super) out_since: Option<Nanos>,
}

/// An agent of a run as it is by now.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentState {
    /// Its name.
    pub name: String,
    /// Step of the run; `None` before it has one.
    pub standing: Option<Standing>,
    /// Reason why it left before the end, if it did.
    pub left: Option<String>,
    /// Its clock before the run.
    pub clock: Option<Estimate>,
    /// Drift of its clock since, parts in a million, where that is known.
    pub drift_ppm: Option<f64>,
    /// Time at which it heard of the beginning of the load, of the run's clock.
    pub heard_of_beginning: Option<Nanos>,
    /// Words that it said of itself.
    pub facts: Facts,
}

impl Enrolled {
    pub(super) fn new(word: Word, heard: Nanos) -> Self {
        Self {
            name: word.agent,
            life: word.life,
            facts: word.facts,
            heard,
            before: Probes::default(),
            since: Probes::default(),
            is_under_way: false,
            probe_sent_at: None,
            standing: None,
            upgraded: None,
            heard_of_beginning: None,
            ended: None,
            ticks: BTreeMap::new(),
            parts: BTreeSet::new(),
            told: Vec::new(),
            final_at: None,
            is_lost: false,
            left: None,
            is_another_process: false,
            out_since: None,
        }
    }

    pub(super) fn state(&self) -> AgentState {
        let clock = self.before.best();
        let both = clock.zip(self.since.best());
        AgentState {
            name: self.name.clone(),
            standing: self.standing.clone(),
            left: self.left.clone(),
            clock,
            drift_ppm: both.and_then(|(before, since)| drift_ppm(&before, &since)),
            heard_of_beginning: self.heard_of_beginning,
            facts: self.facts.clone(),
        }
    }

    pub(super) fn probed(&mut self, estimate: Estimate) {
        if self.is_under_way {
            // The newest tells of drift; each time it is the fastest of a few that went together.
            let is_new = self
                .since
                .best()
                .is_none_or(|it| estimate.at - it.at > PROBE_LOST);
            if is_new {
                self.since = Probes::default();
            }
            self.since.add(estimate);
        } else {
            self.before.add(estimate);
            self.probe_sent_at = None;
        }
    }

    /// True if it is to be probed again, of `probes` that are wanted.
    pub(super) fn is_next_probe_due(&self, now: Nanos, probes: u32) -> bool {
        self.before.answered() < probes
            && self
                .probe_sent_at
                .is_none_or(|sent| now - sent >= PROBE_LOST)
    }

    pub(super) fn take_word(&mut self, now: Nanos, word: Word, run: &str) {
        if word.life != self.life {
            self.is_another_process = true;
            return;
        }
        self.heard = now;
        let Some(said) = word.run.filter(|said| said.run == run) else {
            // It may have given the run up while the bus was away, and the words of that were lost.
            if self.standing.is_some() {
                self.out_since.get_or_insert(now);
            }
            return;
        };
        self.out_since = None;
        // Words may overtake each other: what was reached stays reached.
        if self
            .standing
            .as_ref()
            .is_none_or(|known| *known < said.standing)
        {
            self.standing = Some(said.standing);
        }
        self.upgraded = self.upgraded.or(said.upgraded);
        self.heard_of_beginning = self.heard_of_beginning.or(said.heard_of_beginning);
        self.ended = self.ended.or(said.ended);
        self.ticks
            .extend(said.warmed.into_iter().map(|it| (it.tick, it)));
    }

    pub(super) fn is_author(&self, key: &EntryKey) -> bool {
        matches!(&key.of, Of::Part(agent, ..) | Of::Final(agent) if *agent == self.name)
    }

    pub(super) fn stored(&mut self, now: Nanos, entry: &BusEntry) {
        match &entry.key.of {
            Of::Part(_, worker, number) => {
                self.parts.insert((*worker, *number));
            }
            Of::Final(_) => {
                self.final_at.get_or_insert(now);
                if let Ok(said) = wire::unpacked::<Final>(&entry.bytes) {
                    self.told = said.parts;
                }
            }
            Of::Task => {}
        }
    }

    /// True once its books are closed, and all parts have come that they name, or were awaited for
    /// `patience`.
    pub(super) fn is_whole(&self, now: Nanos, patience: Nanos) -> bool {
        let Some(closed) = self.final_at else {
            return false;
        };
        let has = |&(worker, parts): &(u32, u32)| {
            (0..parts).all(|number| self.parts.contains(&(worker, number)))
        };
        now - closed >= patience || self.told.iter().all(has)
    }
}
