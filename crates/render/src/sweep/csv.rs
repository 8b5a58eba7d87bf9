//! The points of a sweep as comma-separated values, one line a point, unrounded.

use wsbench_record::sweep::{Point, Sweep};

use crate::csv::{CsvRow, table};

/// The header and one line for each point.
#[must_use]
pub fn render(sweep: &Sweep) -> String {
    table(sweep.points.iter().map(row))
}

fn row(point: &Point) -> CsvRow {
    let mut row = CsvRow::default();
    row.put("asked_per_s", &point.asked_per_s);
    row.put("received_per_s", &point.received_per_s);
    row.put_spans("response_ns", &point.response_ns);
    row.put("error_share", &point.error_share);
    row.put("overloaded", &point.overloaded);
    row.put("runs", &point.runs.len());
    row
}
