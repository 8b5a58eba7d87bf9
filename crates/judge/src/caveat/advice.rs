//! What doubts of several kinds advise alike.

use wsbench_load::plan::StopRule;
use wsbench_record::document::Record;

/// How to get more samples or a longer window, by the stop rule in use.
pub(super) fn how_to_run_longer(record: &Record) -> &'static str {
    match record.plan.stop {
        StopRule::Messages(_) => "run longer: a greater -n",
        StopRule::Duration(_) => "run longer: a greater -d",
        StopRule::Clients(_) => "run longer: more --clients or more round trips -r",
    }
}
