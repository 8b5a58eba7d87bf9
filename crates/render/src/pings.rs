//! Pings in words, for every text that tells of them.

use wsbench_load::series::Series;
use wsbench_record::document::{Document, Percentile, Pings};
use wsbench_record::units::count;

use crate::mark;

/// `20,000 sent, 20,000 answered; p50 40µs, p99 1ms, max 3ms`.
pub(crate) fn words(document: &Document, pings: &Pings) -> String {
    let spans = document.at(Series::Ping);
    format!(
        "{} sent, {} answered; p50 {}, p99 {}, max {}",
        count(pings.sent),
        count(spans.count),
        mark::percentile(spans, Percentile::P50),
        mark::percentile(spans, Percentile::P99),
        mark::exact(spans.max),
    )
}
