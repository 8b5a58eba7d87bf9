//! The synthetic runs of `record`'s tests, judged.
#![allow(
    dead_code,
    unused_imports,
    reason = "every test binary uses its own part of the collection"
)]

#[path = "../../../record/tests/runs/mod.rs"]
mod made;

#[path = "../../../cli/src/spelling/flags.rs"]
mod flags;

use wsbench_judge::judged;
use wsbench_load::plan::PlanSpec;
use wsbench_load::result::RunResult;
use wsbench_record::document::Document;

pub(crate) use flags::Flags;
pub(crate) use made::*;

/// Every synthetic run's document by name.
pub(crate) fn all() -> Vec<(&'static str, Document)> {
    let runs = made::all().into_iter();
    runs.map(|(name, run)| (name, document(&run))).collect()
}

/// The document of a run, in the usual surroundings and in the words of a command line.
pub(crate) fn document(run: &(RunResult, PlanSpec)) -> Document {
    judged(record(run), &Flags)
}
