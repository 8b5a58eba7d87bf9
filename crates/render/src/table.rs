//! Tables as wide as what stands in them, for a terminal and in Markdown.
//!
//! A terminal may have less room than that. Then columns that can be done without are left out, the
//! words of the last column are broken, or stand below their row; where even the figures do not fit,
//! each row is a line of figures with their names.

use crate::foreign::{clipped, markdown as cell, printable};
use crate::prose::{GLUE, width, wrapped};

/// Columns between two cells.
const GAP: usize = 2;
/// Columns that words of the last column are broken to at least.
const WORDS: usize = 16;
/// Columns by which further lines of a row stand in.
const HANGING: usize = 2;

/// A table of text. Columns are aligned on the right unless it is told otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    names: Vec<String>,
    /// Columns aligned on the left.
    left: Vec<usize>,
    /// Columns that are left out where there is no room for all, the first of them first.
    spare: Vec<usize>,
    /// Columns that each column takes at least.
    least: Vec<usize>,
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

    /// The same, of which these columns may be left out where there is no room for all, the first of
    /// them first.
    pub(crate) fn spare(self, columns: &[usize]) -> Self {
        Self {
            spare: columns.to_vec(),
            ..self
        }
    }

    /// The same with columns of this width at least.
    pub(crate) fn least(self, widths: Vec<usize>) -> Self {
        Self {
            least: widths,
            ..self
        }
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

    /// The columns that its lines take where nothing is left out.
    pub(crate) fn columns(&self) -> usize {
        let columns: Vec<usize> = (0..self.names.len()).collect();
        self.laid(&columns, &self.clipped()).columns()
    }

    /// The rows as a terminal has them: endless cells are cut.
    fn clipped(&self) -> Vec<Vec<String>> {
        let clip = |row: &Vec<String>| row.iter().map(|cell| clipped(cell)).collect();
        self.rows.iter().map(clip).collect()
    }

    /// The lines for a terminal of so many columns: the names, then the rows.
    pub(crate) fn lines(&self, room: usize) -> Vec<String> {
        let rows = self.clipped();
        let mut columns: Vec<usize> = (0..self.names.len()).collect();
        let mut spare = self.spare.iter();
        let laid = loop {
            let laid = self.laid(&columns, &rows);
            if laid.columns() <= room {
                return laid.whole();
            }
            match spare.next() {
                Some(left_out) => columns.retain(|column| column != left_out),
                None => break laid,
            }
        };
        let has_words = columns.last().is_some_and(|last| self.is_left(*last));
        let figures = laid.columns_but_the_last();
        if has_words && figures + GAP + WORDS <= room && laid.has_brief_words(room) {
            laid.with_broken_words(room)
        } else if has_words && figures <= room {
            laid.with_words_below(room)
        } else {
            laid.as_rows_of_figures(room)
        }
    }

    /// The cells of some columns, with the widths that they take.
    fn laid<'a>(&'a self, columns: &'a [usize], rows: &'a [Vec<String>]) -> Laid<'a> {
        let widths = columns.iter().map(|&column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let cells = cells.chain(self.names.get(column));
            let least = self.least.get(column).copied().unwrap_or(0);
            cells.map(|cell| width(cell)).fold(least, usize::max)
        });
        Laid {
            table: self,
            columns,
            rows,
            widths: widths.collect(),
        }
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

/// A table whose columns have a width each.
struct Laid<'a> {
    table: &'a Table,
    columns: &'a [usize],
    rows: &'a [Vec<String>],
    widths: Vec<usize>,
}

impl Laid<'_> {
    /// The columns that a whole line takes.
    fn columns(&self) -> usize {
        self.widths.iter().sum::<usize>() + GAP * self.widths.len().saturating_sub(1)
    }

    /// The columns that a line takes without its last cell.
    fn columns_but_the_last(&self) -> usize {
        let last = self.widths.last().copied().unwrap_or(0);
        self.columns().saturating_sub(last + GAP)
    }

    /// The names, then the rows.
    fn all(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.table.names).chain(self.rows)
    }

    /// The first cells of a row, so many of them, each in its place.
    fn line(&self, row: &[String], cells: usize) -> String {
        let mut line = String::new();
        for (at, (&column, &room)) in self.columns.iter().zip(&self.widths).enumerate() {
            if at == cells {
                break;
            }
            let cell = row.get(column).map_or("", String::as_str);
            let padding = " ".repeat(room.saturating_sub(width(cell)));
            let gap = if at > 0 { GAP } else { 0 };
            line.extend(std::iter::repeat_n(' ', gap));
            if self.table.is_left(column) {
                line.push_str(cell);
                line.push_str(&padding);
            } else {
                line.push_str(&padding);
                line.push_str(cell);
            }
        }
        line
    }

    fn whole(&self) -> Vec<String> {
        let lines = self.all().map(|row| self.line(row, self.columns.len()));
        lines.map(|line| line.trim_end().to_owned()).collect()
    }

    /// The words in the last column of a row.
    fn words<'a>(&self, row: &'a [String]) -> &'a str {
        let last = self.columns.last().and_then(|last| row.get(*last));
        last.map_or("", String::as_str)
    }

    /// True where two lines are enough for the words of each row.
    fn has_brief_words(&self, room: usize) -> bool {
        let room = room - self.columns_but_the_last() - GAP;
        let mut rows = self.rows.iter().map(|row| self.words(row));
        rows.all(|words| wrapped(words, room).len() <= 2)
    }

    /// The last column as a column of prose.
    fn with_broken_words(&self, room: usize) -> Vec<String> {
        let before = self.columns_but_the_last() + GAP;
        let mut lines = Vec::new();
        for row in self.all() {
            let mut front = self.line(row, self.columns.len() - 1) + &" ".repeat(GAP);
            for words in wrapped(self.words(row), room - before) {
                lines.push((front + &words).trim_end().to_owned());
                front = " ".repeat(before);
            }
        }
        lines
    }

    /// The words of the last column below their row.
    fn with_words_below(&self, room: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, row) in self.all().enumerate() {
            lines.push(self.line(row, self.columns.len() - 1).trim_end().to_owned());
            let words = self.words(row);
            if at > 0 && !words.is_empty() {
                let broken = wrapped(words, room.saturating_sub(2 * HANGING)).into_iter();
                lines.extend(broken.map(|line| " ".repeat(2 * HANGING) + &line));
            }
        }
        lines
    }

    /// Each row by itself: its first cell, then every other with the name of its column.
    fn as_rows_of_figures(&self, room: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for row in self.rows {
            let mut text = String::new();
            for (at, &column) in self.columns.iter().enumerate() {
                let squeezed = |words: &str| words.split_whitespace().collect::<Vec<_>>().join(" ");
                let cell = row
                    .get(column)
                    .map_or_else(String::new, |cell| squeezed(cell));
                if cell.is_empty() {
                    continue;
                }
                let name = squeezed(&self.table.names[column]);
                let is_figure = cell.starts_with(|first: char| first.is_ascii_digit());
                let is_last = at + 1 == self.columns.len() && self.table.is_left(column);
                let is_words = is_last && !is_figure;
                if !text.is_empty() {
                    text.push_str("  ");
                }
                // A figure stays with its name, words are broken wherever it may be.
                if is_words {
                    text.push_str(&cell);
                } else if name.is_empty() || at == 0 && self.table.is_left(column) {
                    text.push_str(&cell.replace(' ', GLUE));
                } else {
                    text.push_str(&format!("{name} {cell}").replace(' ', GLUE));
                }
            }
            let mut indent = 0;
            for line in wrapped(&text, room.saturating_sub(HANGING)) {
                lines.push(" ".repeat(indent) + line.trim());
                indent = HANGING;
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, width};

    fn trials() -> Table {
        let mut table = Table::new(&["trial", "msg/s", "p99", "of runs", "verdict"]);
        table = table.left(4).spare(&[3]);
        for (number, verdict) in [("1", "holds"), ("12", "~fails: rate not achieved")] {
            let cells = [number, "12,640", "10.4 ms", "9.91 ms–10.4 ms", verdict];
            table.push(cells.map(str::to_owned).to_vec());
        }
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["n", "what"]).left(1);
        table.push(vec!["1".into(), "a".into()]);
        table.push(vec!["100".into(), "b|c".into()]);
        assert_eq!(table.lines(80), ["  n  what", "  1  a", "100  b|c"]);
        assert_eq!(
            table.markdown(),
            "| n | what |\n|--:|---|\n| 1 | a |\n| 100 | b\\|c |\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out_broken_or_put_below() {
        assert_eq!(
            trials().lines(40),
            [
                "trial   msg/s      p99  verdict",
                "    1  12,640  10.4 ms  holds",
                "   12  12,640  10.4 ms  ~fails: rate not",
                "                        achieved",
            ]
        );
        assert_eq!(
            trials().lines(32),
            [
                "trial   msg/s      p99",
                "    1  12,640  10.4 ms",
                "    holds",
                "   12  12,640  10.4 ms",
                "    ~fails: rate not achieved",
            ]
        );
        assert_eq!(
            trials().lines(20),
            [
                "trial 1",
                "  msg/s 12,640",
                "  p99 10.4 ms  holds",
                "trial 12",
                "  msg/s 12,640",
                "  p99 10.4 ms",
                "  ~fails: rate not",
                "  achieved",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for room in 20..120 {
            for line in trials().lines(room) {
                assert!(width(&line) <= room, "{room}: {line}");
            }
        }
    }
}
