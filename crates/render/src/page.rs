//! A page of text for people: labels on the left, lines, prose and tables beside them.
//!
//! What stands on it is the affair of whoever writes it; words of others are cleaned as they come.

use std::fmt::Write as _;

use crate::foreign::printable;
use crate::prose::wrapped;
use crate::style::{Style, Tone};

/// Columns that the labels on the left take.
pub(crate) const LABEL: usize = 13;
/// Columns of a figure in a table.
pub(crate) const CELL: usize = 11;
/// Text is not wrapped to fewer columns than this.
const NARROWEST: usize = 30;

/// A text of labelled lines.
pub(crate) struct Page {
    /// Text that has been written.
    pub(crate) text: String,
    /// Style of the text.
    pub(crate) style: Style,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(style: Style) -> Self {
        Self {
            text: String::new(),
            style,
        }
    }

    /// A line under a label; the label may be empty.
    pub(crate) fn line(&mut self, label: &str, words: &str) {
        let padding = " ".repeat(LABEL.saturating_sub(label.chars().count()));
        let label = self.style.paint(Tone::Heading, label);
        let line = format!("{label}{padding}{}", self.style.dressed(words));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Prose under a label, wrapped to the width.
    pub(crate) fn prose(&mut self, label: &str, words: &str, tone: Option<Tone>) {
        let width = usize::from(self.style.width).saturating_sub(LABEL);
        let mut label = label;
        for line in wrapped(&printable(words), width.max(NARROWEST)) {
            let line = match tone {
                Some(tone) => self.style.paint(tone, &line),
                None => line,
            };
            self.line(label, &line);
            label = "";
        }
    }

    /// A line without a label, from the left edge.
    pub(crate) fn plain(&mut self, words: &str) {
        self.text.push_str(&self.style.dressed(words));
        self.text.push('\n');
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A row of a table: its name, then figures aligned on the right.
    pub(crate) fn row(&mut self, name: &str, name_width: usize, cells: &[String]) {
        let mut row = format!("{name:<name_width$}");
        for cell in cells {
            let _ = write!(row, " {cell:>CELL$}");
        }
        self.line("", &row);
    }

    /// The heading of a table.
    pub(crate) fn head(&mut self, label: &str, name_width: usize, names: &[&str]) {
        let mut row = " ".repeat(name_width);
        for name in names {
            let _ = write!(row, " {name:>CELL$}");
        }
        let row = self.style.paint(Tone::Quiet, &row);
        self.line(label, &row);
    }
}
