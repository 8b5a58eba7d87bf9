//! A page of text for people: labels on the left, lines, prose and tables beside them.
//!
//! What stands on it is the affair of whoever writes it; words of others are cleaned as they come.

use crate::foreign::printable;
use crate::prose::{self, wrapped};
use crate::style::{Style, Tone};
use crate::table::Table;

/// Columns that the labels on the left take.
pub(crate) const LABEL: usize = 13;
/// Columns of a figure in a table.
pub(crate) const CELL: usize = 10;
/// Columns that a table stands in where it would be too wide beside the labels.
const INDENT: usize = 2;
/// Text is not wrapped to fewer columns than this.
const NARROWEST: usize = 20;

/// A text of labelled lines.
pub(crate) struct LabelledText {
    /// Text that has been written.
    pub(crate) text: String,
    /// Style of the text.
    pub(crate) style: Style,
}

impl LabelledText {
    /// An empty page.
    pub(crate) fn new(style: Style) -> Self {
        Self {
            text: String::new(),
            style,
        }
    }

    /// A line under a label; the label may be empty. Where it is too wide it is broken as prose is,
    /// without colours.
    pub(crate) fn line(&mut self, label: &str, words: &str) {
        let bare = self.style.undressed(words);
        if LABEL + prose::width(&bare) > self.width() {
            self.prose(label, &bare, None);
        } else {
            self.put(label, words);
        }
    }

    fn put(&mut self, label: &str, words: &str) {
        self.put_at(LABEL, label, words);
    }

    /// Words that begin at a column, their label before them.
    fn put_at(&mut self, column: usize, label: &str, words: &str) {
        let padding = " ".repeat(column.saturating_sub(label.chars().count()));
        let label = self.style.paint(Tone::Heading, label);
        let line = format!("{label}{padding}{}", self.style.dressed(words));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Prose under a label, wrapped to the width.
    pub(crate) fn prose(&mut self, label: &str, words: &str, tone: Option<Tone>) {
        let width = self.width().saturating_sub(LABEL);
        let mut label = label;
        for line in wrapped(&printable(words), width.max(NARROWEST)) {
            let line = match tone {
                Some(tone) => self.style.paint(tone, &line),
                None => line,
            };
            self.put(label, &line);
            label = "";
        }
    }

    /// The columns that there are.
    fn width(&self) -> usize {
        usize::from(self.style.width)
    }

    /// A line without a label, from the left edge; broken as prose is where it is too wide.
    pub(crate) fn plain(&mut self, words: &str) {
        let bare = self.style.undressed(words);
        let is_too_wide = prose::width(&bare) > self.width();
        let lines = if is_too_wide {
            // A name in it may be somebody else's, with line ends of its own.
            wrapped(&printable(&bare), self.width().max(NARROWEST))
        } else {
            vec![words.to_owned()]
        };
        for line in lines {
            self.text.push_str(&self.style.dressed(&line));
            self.text.push('\n');
        }
    }

    /// A command under a label. What does not fit goes on below, so that a shell takes all of it.
    pub(crate) fn command(&mut self, label: &str, command: &str) {
        let room = self.width().saturating_sub(LABEL).max(NARROWEST);
        let mut label = label;
        for line in prose::command(&printable(command), room) {
            self.put(label, &line);
            label = "";
        }
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A table beside a label, or below it where there is no room beside it.
    pub(crate) fn table(&mut self, label: &str, table: &Table) {
        let is_beside = LABEL + table.columns() <= self.width();
        let indent = if is_beside { LABEL } else { INDENT };
        if !is_beside && !label.is_empty() {
            self.put(label, "");
        }
        self.rows(if is_beside { label } else { "" }, indent, table);
    }

    /// A table from the left edge.
    pub(crate) fn wide_table(&mut self, table: &Table) {
        self.rows("", 0, table);
    }

    fn rows(&mut self, label: &str, indent: usize, table: &Table) {
        let room = self.width().max(NARROWEST).saturating_sub(indent);
        for (at, line) in table.lines(room).into_iter().enumerate() {
            self.put_at(indent, if at == 0 { label } else { "" }, &line);
        }
    }
}
