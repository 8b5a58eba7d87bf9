//! The doubts about several runs as one: which recur, and in how many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Audit, Caveat, Kind, Severity};
use crate::document::Document;

/// A doubt that one or more of several runs have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recurring {
    /// What was checked.
    pub kind: Kind,
    /// How much it weighs at worst.
    pub severity: Severity,
    /// Runs that have it.
    pub runs: u64,
    /// Runs in all.
    pub of: u64,
    /// What is wrong, in the numbers of the run that has it worst, or first.
    pub message: String,
    /// What to do about it.
    #[serde(default)]
    pub advice: String,
}

/// The doubts (no mere notes) of these runs, the gravest first, then the most frequent.
#[must_use]
pub fn recurring(runs: &[Document]) -> Vec<Recurring> {
    let audits: Vec<&Audit> = runs.iter().map(|run| &run.audit).collect();
    recurring_in(&audits)
}

/// The same of audits whose runs are at hand no more.
#[must_use]
pub fn recurring_in(audits: &[&Audit]) -> Vec<Recurring> {
    let mut found: Vec<Recurring> = Vec::new();
    for audit in audits {
        let mut of_this_run: Vec<Kind> = Vec::new();
        for caveat in audit.doubts() {
            // A kind may have several caveats in one run; it is one run all the same.
            let is_again = of_this_run.contains(&caveat.kind);
            of_this_run.push(caveat.kind);
            match found.iter_mut().find(|known| known.kind == caveat.kind) {
                Some(known) => known.joined_by(caveat, is_again),
                None => found.push(Recurring::first(caveat, audits.len())),
            }
        }
    }
    found.sort_by_key(|known| std::cmp::Reverse((known.severity, known.runs)));
    found
}

impl Recurring {
    fn first(caveat: &Caveat, of: usize) -> Self {
        Self {
            kind: caveat.kind,
            severity: caveat.severity,
            runs: 1,
            of: of as u64,
            message: caveat.message.clone(),
            advice: caveat.advice.clone(),
        }
    }

    fn joined_by(&mut self, caveat: &Caveat, is_again: bool) {
        self.runs += u64::from(!is_again);
        if caveat.severity > self.severity {
            self.severity = caveat.severity;
            self.message.clone_from(&caveat.message);
            self.advice.clone_from(&caveat.advice);
        }
    }

    /// How often: `in each of 10 runs`, `in 3 of 10 runs`.
    #[must_use]
    pub fn how_often(&self) -> String {
        match (self.runs, self.of) {
            (1, 1) => "in the run".to_owned(),
            (runs, of) if runs == of => format!("in each of {of} runs"),
            (runs, of) => format!("in {runs} of {of} runs"),
        }
    }
}
