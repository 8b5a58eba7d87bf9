//! What doubts of several kinds advise alike.

use wsbench_load::plan::StopRule;
use wsbench_record::document::Record;
use wsbench_setting::{Field, Text, text};

/// Advice for when the figures contradict each other: no server can bring that about.
pub(super) const REPORT_FAULT: &str =
    "this is a fault of wsbench: please report it with this document";

/// Ways to get more samples or a longer window, by the stop rule in use.
pub(super) fn how_to_run_longer(record: &Record) -> Text {
    match record.plan.stop {
        StopRule::Messages(_) => text!["run longer: a greater ", Field::Messages.brief()],
        StopRule::Duration(_) => text!["run longer: a greater ", Field::Duration.brief()],
        StopRule::Clients(_) => text![
            "run longer: more ",
            Field::Clients,
            " or more round trips ",
            Field::RoundTrips.brief(),
        ],
    }
}
