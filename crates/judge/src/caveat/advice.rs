//! What doubts of several kinds advise alike.

use wsbench_record::document::{Record, StopRule};

/// How to get more samples or a longer window, by the stop rule in use.
pub(super) fn how_to_run_longer(record: &Record) -> &'static str {
    match record.plan.stop {
        StopRule::Messages { .. } => "run longer: a greater -n",
        StopRule::Duration { .. } => "run longer: a greater -d",
        StopRule::Clients { .. } => "run longer: more --clients or more round trips -r",
    }
}
