//! Streams in a line.

use wsbench_load::series::Series;
use wsbench_load::tally::ItemCounts;
use wsbench_record::document::{Document, Percentile};
use wsbench_record::units::{counted, rate};

use crate::mark;

use super::sheet::{Piece, Sheet};

/// The items of streams: when the first came, how far they were apart, and how many there were.
pub(super) fn line(sheet: &mut Sheet, document: &Document, counts: &ItemCounts) {
    let (first, gap) = (document.at(Series::ItemFirst), document.at(Series::ItemGap));
    let mut pieces = vec![
        Piece::new(mark::percentile(first, Percentile::P50)).named("first item p50"),
        Piece::new(mark::percentile(first, Percentile::P99)).named("p99"),
    ];
    if !gap.is_empty() {
        pieces.extend([
            Piece::new(mark::percentile(gap, Percentile::P50)).named("to the next p50"),
            Piece::new(mark::percentile(gap, Percentile::P99)).named("p99"),
        ]);
    }
    let mut told = vec![counted(counts.received, "item")];
    told.extend(
        document
            .items_per_s
            .map(|per_s| format!("{} items/s", rate(per_s))),
    );
    if counts.empty_streams > 0 {
        told.push(counted(counts.empty_streams, "stream") + " without any");
    }
    pieces.extend(Piece::listed(&told));
    sheet.put(2, &pieces);
}
