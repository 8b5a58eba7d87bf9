//! What a ranking has on its ledger: each thing that came about, an entry, in order.
//!
//! Entries are what is stored while the ranking is under way, and all that it needs to continue:
//! what has been done, who has failed how often, is read off them alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wsbench_record::gate::Stamp;
use wsbench_record::ranking::{Failed, RunRecord, Stage};

/// So many failures on end, and a server, or a server under one workload, is left out from then on.
pub const MOST_FAILURES: u32 = 3;

/// One thing that came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum LedgerEntry {
    /// A server is installed.
    Installed {
        /// Its name.
        server: String,
        /// Its library's version; absent where it could not be asked.
        version: Option<String>,
    },
    /// A server was examined.
    Gate {
        /// Its name.
        server: String,
        /// Result of the gate.
        stamp: Stamp,
    },
    /// A server was started.
    Ready {
        /// Its name.
        server: String,
        /// From the start to the first accepted connection, s.
        ready_s: f64,
    },
    /// Something other than a run failed.
    Failed {
        /// Whose.
        server: String,
        /// Failure of it.
        failed: Failed,
    },
    /// A run is over, well or not.
    Run {
        /// Record of it.
        record: Box<RunRecord>,
    },
}

/// The entries, and what follows from them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The library's version, by server.
    pub versions: BTreeMap<String, String>,
    /// Results of the gate, by server.
    pub gates: BTreeMap<String, Stamp>,
    /// Time that each start took, s, by server.
    pub ready_s: BTreeMap<String, Vec<f64>>,
    /// Failures outside of a run, by server.
    pub failures: Vec<(String, Failed)>,
    /// The runs, in the order in which they were made.
    pub runs: Vec<RunRecord>,
    installed: BTreeSet<String>,
    /// Server, round and workload of every run.
    done: BTreeSet<(String, u32, String)>,
    /// Failures on end, by server.
    of_server: BTreeMap<String, u32>,
    /// Failures on end, by server and workload.
    of_workload: BTreeMap<(String, String), u32>,
}

impl Ledger {
    /// The ledger of an earlier session. Where it had not come to a single run, what failed before
    /// is forgotten: it may have been mended since, and nothing has been measured without it.
    #[must_use]
    pub fn of(entries: Vec<LedgerEntry>) -> Self {
        let is_run = |entry: &LedgerEntry| matches!(entry, LedgerEntry::Run { .. });
        let has_runs = entries.iter().any(is_run);
        let mut ledger = Self::default();
        for entry in entries {
            let is_failure = matches!(entry, LedgerEntry::Failed { .. });
            if has_runs || !is_failure {
                ledger.note(entry);
            }
        }
        ledger
    }

    /// Puts an entry on the ledger.
    pub fn note(&mut self, entry: LedgerEntry) {
        match entry {
            LedgerEntry::Installed { server, version } => {
                if let Some(version) = version {
                    self.versions.insert(server.clone(), version);
                }
                self.installed.insert(server);
            }
            LedgerEntry::Gate { server, stamp } => drop(self.gates.insert(server, stamp)),
            LedgerEntry::Ready { server, ready_s } => {
                self.ready_s.entry(server).or_default().push(ready_s);
            }
            LedgerEntry::Failed { server, failed } => {
                if failed.stage == Stage::Start {
                    *self.of_server.entry(server.clone()).or_default() += 1;
                }
                self.failures.push((server, failed));
            }
            LedgerEntry::Run { record } => self.note_run(*record),
        }
    }

    fn note_run(&mut self, record: RunRecord) {
        let (server, workload) = (record.server.clone(), record.workload.clone());
        let of_server = self.of_server.entry(server.clone()).or_default();
        let pair = (server.clone(), workload.clone());
        let of_workload = self.of_workload.entry(pair).or_default();
        if record.failed.is_some() {
            *of_server += 1;
            *of_workload += 1;
        } else {
            *of_server = 0;
            *of_workload = 0;
        }
        self.done.insert((server, record.round, workload));
        self.runs.push(record);
    }

    /// True if a server is installed.
    #[must_use]
    pub fn is_installed(&self, server: &str) -> bool {
        self.installed.contains(server)
    }

    /// True if a server, or a server under one workload, is left out by what was said before.
    #[must_use]
    pub fn is_left_out(&self, server: &str, workload: Option<&str>) -> bool {
        self.failures_of(server).any(|failed| match failed.stage {
            Stage::Install => workload.is_none(),
            Stage::LeftOut => failed.workload.as_deref() == workload,
            Stage::Start | Stage::Gate | Stage::Run => false,
        })
    }

    /// True if a run was made, or cannot be, for its server did not start in that round.
    #[must_use]
    pub fn is_done(&self, server: &str, round: u32, workload: &str) -> bool {
        let run = (server.to_owned(), round, workload.to_owned());
        let did_not_start =
            |failed: &Failed| failed.stage == Stage::Start && failed.round == Some(round);
        self.done.contains(&run) || self.failures_of(server).any(did_not_start)
    }

    /// Server that has failed so often that it should be left out, and is not yet: the server, or
    /// it under this workload.
    pub(super) fn to_leave_out(&self, server: &str, workload: &str) -> Option<Option<String>> {
        let too_often = |failures: Option<&u32>| failures.is_some_and(|it| *it >= MOST_FAILURES);
        if too_often(self.of_server.get(server)) && !self.is_left_out(server, None) {
            return Some(None);
        }
        let pair = (server.to_owned(), workload.to_owned());
        let by_workload = too_often(self.of_workload.get(&pair));
        (by_workload && !self.is_left_out(server, Some(workload)))
            .then(|| Some(workload.to_owned()))
    }

    fn failures_of<'a>(&'a self, server: &'a str) -> impl Iterator<Item = &'a Failed> {
        let of_it = self.failures.iter().filter(move |(of, _)| of == server);
        of_it.map(|(_, failed)| failed)
    }
}
