//! The trials of a search as comma-separated values, one line a trial, unrounded.

use wsbench_record::objective::Objective;
use wsbench_record::search::{Cause, Search, Trial};

use crate::csv::{CsvRow, table};

/// The header and one line for each trial.
#[must_use]
pub fn render(search: &Search) -> String {
    table(search.trials.iter().map(|trial| row(search, trial)))
}

fn row(search: &Search, trial: &Trial) -> CsvRow {
    let mut row = CsvRow::default();
    row.put("number", &trial.number);
    row.put("purpose", &trial.purpose.word());
    row.put("load", &trial.load);
    row.put("length_s", &trial.length_s);
    row.put("seed", &trial.seed);
    row.put_known("asked_per_s", trial.asked_per_s);
    row.put_known("achieved_per_s", trial.achieved_per_s);
    row.put_known("error_share", trial.error_share);
    for (objective, reading) in search.objectives.iter().zip(&trial.readings) {
        let unit = match objective {
            Objective::Time { .. } => "ns",
            Objective::Errors { .. } | Objective::Reach { .. } => "share",
        };
        let name = format!("{}_{unit}", objective.name().replace('.', "_"));
        row.put_known(name.clone(), reading.figure);
        row.put_known(format!("{name}_low"), reading.low);
        row.put_known(format!("{name}_high"), reading.high);
    }
    row.put("verdict", &trial.verdict.word());
    row.put("marginal", &trial.marginal);
    row.put_known("cause", trial.cause.map(Cause::words));
    row
}
