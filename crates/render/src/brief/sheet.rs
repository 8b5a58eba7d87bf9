//! Lines made of pieces that are not broken, at most so many columns wide.

use crate::foreign::printable;
use crate::prose;
use crate::style::{Style, Tone};

/// Fewer columns than this are not kept within.
const NARROWEST: usize = 30;
/// What stands at the right end stands here where there are more columns.
const WIDEST: usize = 80;

/// Words that stay on one line.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// The words.
    pub(super) text: String,
    /// Words before them, shown plainly and on the same line.
    pub(super) name: String,
    /// How they are shown.
    tone: Option<Tone>,
    /// Words behind them, shown plainly and on the same line.
    beside: String,
    /// True where one space stands before them, not two.
    pub(super) is_close: bool,
    /// The column that they begin at where the line leaves room for it.
    pub(super) column: Option<usize>,
}

impl Piece {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            name: String::new(),
            tone: None,
            beside: String::new(),
            is_close: false,
            column: None,
        }
    }

    pub(super) fn toned(self, tone: Tone) -> Self {
        Self {
            tone: Some(tone),
            ..self
        }
    }

    pub(super) fn close(self) -> Self {
        Self {
            is_close: true,
            ..self
        }
    }

    /// The same with plain words behind it.
    pub(super) fn beside(self, beside: impl Into<String>) -> Self {
        Self {
            beside: beside.into(),
            ..self
        }
    }

    /// Pieces with commas between them.
    pub(super) fn listed(parts: &[String]) -> Vec<Self> {
        let pieces = parts.iter().enumerate().map(|(at, part)| {
            let comma = if at + 1 < parts.len() { "," } else { "" };
            let piece = Self::new(format!("{part}{comma}"));
            if at > 0 { piece.close() } else { piece }
        });
        pieces.collect()
    }

    /// Pieces of prose, broken wherever it may be.
    pub(super) fn prose(text: &str) -> Vec<Self> {
        let words = prose::wrapped(&printable(text), 1).into_iter();
        words.map(|word| Self::new(word).close()).collect()
    }

    /// Prose in one tone.
    pub(super) fn toned_prose(text: &str, tone: Tone) -> Vec<Self> {
        let words = Self::prose(text).into_iter();
        words.map(|word| word.toned(tone)).collect()
    }

    /// The same with its name before it, shown plainly.
    pub(super) fn named(self, name: &str) -> Self {
        Self {
            name: format!("{name} "),
            ..self
        }
    }

    /// The columns that it takes.
    pub(super) fn columns(&self) -> usize {
        prose::width(&self.name) + prose::width(&self.text) + prose::width(&self.beside)
    }
}

/// A text of such lines.
pub(super) struct Sheet {
    /// Text that has been written.
    pub(super) text: String,
    /// Style of the text.
    pub(super) style: Style,
}

/// A line that is being put together: words of one tone after the other.
#[derive(Default)]
struct Strip {
    runs: Vec<(Option<Tone>, String)>,
    used: usize,
}

impl Strip {
    fn push(&mut self, tone: Option<Tone>, words: &str) {
        if words.is_empty() {
            return;
        }
        self.used += prose::width(words);
        match self.runs.last_mut() {
            Some((last, text)) if *last == tone => text.push_str(words),
            _ => self.runs.push((tone, words.to_owned())),
        }
    }

    /// Spaces, in the tone of what stands before them where the same comes next.
    fn space(&mut self, columns: usize, next: Option<Tone>) {
        let before = self.runs.last().and_then(|(tone, _)| *tone);
        let tone = next.filter(|next| Some(*next) == before);
        self.push(tone, &" ".repeat(columns));
    }

    fn painted(&self, style: Style) -> String {
        let runs = self.runs.iter();
        let runs = runs.map(|(tone, words)| match tone {
            Some(tone) => style.paint(*tone, words),
            None => words.clone(),
        });
        runs.collect::<String>().trim_end().to_owned()
    }
}

impl Sheet {
    pub(super) fn new(style: Style) -> Self {
        Self {
            text: String::new(),
            style,
        }
    }

    /// The columns that there are.
    pub(super) fn width(&self) -> usize {
        usize::from(self.style.width).max(NARROWEST)
    }

    /// Puts pieces on a line that begins at a column, and on further ones where they do not fit.
    pub(super) fn put(&mut self, indent: usize, pieces: &[Piece]) {
        self.put_hanging(indent, 4, pieces);
    }

    /// The same with another column for the further lines. The column behind the last piece.
    pub(super) fn put_hanging(&mut self, indent: usize, hanging: usize, pieces: &[Piece]) -> usize {
        let mut line = Strip::default();
        line.space(indent, None);
        let mut is_first = true;
        for piece in pieces {
            let least = match (is_first, piece.is_close) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            let to_column = piece.column.unwrap_or(0).saturating_sub(line.used);
            let fits = |between: usize| line.used + between + piece.columns() <= self.width();
            let between = least.max(to_column);
            let between = if fits(between) { between } else { least };
            if is_first || fits(between) {
                // A name before the figure parts the two tones.
                line.space(between, piece.tone.filter(|_| piece.name.is_empty()));
            } else {
                self.end(&line);
                line = Strip::default();
                line.space(hanging, None);
            }
            line.push(None, &printable(&piece.name));
            line.push(piece.tone, &printable(&piece.text));
            line.push(None, &printable(&piece.beside));
            is_first = false;
        }
        self.end(&line);
        line.used
    }

    /// Puts the first of these texts that one line has room for, else the last, broken as prose is.
    pub(super) fn put_fitting(&mut self, indent: usize, texts: &[String], tone: Tone) {
        let room = self.width().saturating_sub(indent);
        let fits = |text: &&String| prose::width(text) <= room;
        let Some(text) = texts.iter().find(fits).or(texts.last()) else {
            return;
        };
        self.put_hanging(indent, 4, &Piece::toned_prose(text, tone));
    }

    fn end(&mut self, line: &Strip) {
        self.text.push_str(&line.painted(self.style));
        self.text.push('\n');
    }

    /// Puts the first of these pieces that fits at the right end of the line that was put last, whose
    /// end is at a column; the last of them on a line of its own where there is no room for any.
    pub(super) fn put_right(&mut self, used: usize, pieces: &[Piece]) {
        let edge = self.width().min(WIDEST);
        let fits = |piece: &&Piece| used + 2 + piece.columns() <= edge;
        let mut line = Strip::default();
        let fitting = pieces.iter().find(fits);
        let Some(piece) = fitting.or(pieces.last()) else {
            return;
        };
        if fitting.is_some() {
            self.text.pop();
            line.space(edge - used - piece.columns(), None);
        } else {
            line.space(2, None);
        }
        line.push(piece.tone, &printable(&piece.text));
        self.end(&line);
    }
}
