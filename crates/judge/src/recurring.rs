//! The doubts about several runs as one: which recur, and in how many.

use wsbench_record::audit::{Audit, Caveat, Kind, Recurring};
use wsbench_record::document::Document;

/// The doubts (no mere notes) of these runs, the gravest first, then the most frequent.
pub(crate) fn recurring(runs: &[Document]) -> Vec<Recurring> {
    let audits: Vec<&Audit> = runs.iter().map(|run| &run.audit).collect();
    recurring_in(&audits)
}

/// The same of audits whose runs are at hand no more.
pub(crate) fn recurring_in(audits: &[&Audit]) -> Vec<Recurring> {
    let mut found: Vec<Recurring> = Vec::new();
    for audit in audits {
        let mut of_this_run: Vec<Kind> = Vec::new();
        for caveat in audit.doubts() {
            // A kind may have several caveats in one run; it is one run all the same.
            let is_again = of_this_run.contains(&caveat.kind);
            of_this_run.push(caveat.kind);
            match found.iter_mut().find(|known| known.kind == caveat.kind) {
                Some(known) => join(known, caveat, is_again),
                None => found.push(first(caveat, audits.len())),
            }
        }
    }
    found.sort_by_key(|known| std::cmp::Reverse((known.severity, known.runs)));
    found
}

/// A doubt as the first run that has it tells it.
fn first(caveat: &Caveat, of: usize) -> Recurring {
    Recurring {
        kind: caveat.kind,
        severity: caveat.severity,
        runs: 1,
        of: of as u64,
        message: caveat.message.clone(),
        advice: caveat.advice.clone(),
    }
}

/// A further caveat of a known kind: the worst one is told.
fn join(known: &mut Recurring, caveat: &Caveat, is_again: bool) {
    known.runs += u64::from(!is_again);
    if caveat.severity > known.severity {
        known.severity = caveat.severity;
        known.message.clone_from(&caveat.message);
        known.advice.clone_from(&caveat.advice);
    }
}
