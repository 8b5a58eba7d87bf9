//! Every figure of a ranking as comma-separated values, one line a server, workload and metric,
//! unrounded.

use wsbench_record::ranking::{CellFigure, Entry, Ranking};

use crate::csv::{CsvRow, table};

/// The header and one line for each figure.
#[must_use]
pub fn render(ranking: &Ranking) -> String {
    let rows = ranking.servers.iter().flat_map(|entry| {
        let cells = entry.cells.iter();
        cells.flat_map(move |cell| {
            let figures = cell.figures.iter();
            figures.map(move |figure| row(entry, &cell.workload, figure))
        })
    });
    table(rows)
}

fn row(entry: &Entry, workload: &str, figure: &CellFigure) -> CsvRow {
    let mut row = CsvRow::default();
    row.put("server", &entry.facts.name);
    row.put("library", &entry.facts.library);
    row.put_known("version", entry.facts.version.as_ref());
    row.put("language", &entry.facts.language);
    row.put("workload", &workload);
    row.put("metric", &figure.metric);
    row.put_known("value", figure.value);
    row.put_known("low", figure.low);
    row.put_known("high", figure.high);
    row.put_known("least", figure.least);
    row.put_known("most", figure.most);
    row.put("runs", &figure.runs);
    row.put("pooled", &figure.is_pooled);
    row.put_known("missing", figure.missing.as_ref());
    row
}
