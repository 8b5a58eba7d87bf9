//! Tables as wide as what stands in them, for a terminal and in Markdown.

use crate::foreign::{clipped, markdown as cell, printable};

/// A table of text. Columns are aligned on the right unless it is told otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    names: Vec<String>,
    /// Columns aligned on the left.
    left: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// The same with this column aligned on the left.
    pub(crate) fn left(mut self, column: usize) -> Self {
        self.left.push(column);
        self
    }

    /// Appends a row; it has a cell for each column.
    pub(crate) fn push(&mut self, row: Vec<String>) {
        let row = row.into_iter().map(|cell| printable(&cell));
        self.rows.push(row.collect());
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// True if a column is aligned on the left.
    pub(crate) fn is_left(&self, column: usize) -> bool {
        self.left.contains(&column)
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// The lines for a terminal: the names, then the rows.
    pub(crate) fn lines(&self) -> Vec<String> {
        let clip = |row: &Vec<String>| row.iter().map(|cell| clipped(cell)).collect();
        let rows: Vec<Vec<String>> = self.rows.iter().map(clip).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let cells = cells.chain(self.names.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.names.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, &width))| {
                if self.left.contains(&column) {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            let cells: Vec<String> = cells.collect();
            cells.join("  ").trim_end().to_owned()
        };
        std::iter::once(&self.names)
            .chain(&rows)
            .map(line)
            .collect()
    }

    /// The table in Markdown, ending with a line end.
    pub(crate) fn markdown(&self) -> String {
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().map(|words| cell(words)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut text = line(&self.names);
        let rule = (0..self.names.len()).map(|column| match self.left.contains(&column) {
            true => "---|",
            false => "--:|",
        });
        text.push('|');
        text.extend(rule);
        text.push('\n');
        text.extend(self.rows.iter().map(line));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["n", "what"]).left(1);
        table.push(vec!["1".into(), "a".into()]);
        table.push(vec!["100".into(), "b|c".into()]);
        assert_eq!(table.lines(), ["  n  what", "  1  a", "100  b|c"]);
        assert_eq!(
            table.markdown(),
            "| n | what |\n|--:|---|\n| 1 | a |\n| 100 | b\\|c |\n"
        );
    }
}
