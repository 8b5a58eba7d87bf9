//! The looks of the screen, by meaning: the sixteen colours of the reader's own palette. Nothing
//! rests on them alone; without colour, signs, dashes and weight tell things apart.

use ratatui::style::{Color, Modifier, Style};

use crate::style::Glyphs;

/// A look for each meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    /// Of no special meaning.
    pub(super) plain: Style,
    /// Figures, and names that are looked at first.
    pub(super) figure: Style,
    /// Of lesser weight: frames, labels, weak figures.
    pub(super) quiet: Style,
    /// The rate, the median, the histogram.
    pub(super) middle: Style,
    /// The tail.
    pub(super) tail: Style,
    /// As it should be.
    pub(super) good: Style,
    /// To be read with care.
    pub(super) doubt: Style,
    /// Wrong, or gone.
    pub(super) bad: Style,
    /// A limit, and what is going on.
    pub(super) fact: Style,
    /// A key.
    pub(super) key: Style,
    /// Characters of drawings.
    pub(super) glyphs: Glyphs,
}

impl Theme {
    /// The looks with or without colour, in these characters.
    pub(super) fn new(style: crate::style::Style) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let tinted = |tint: Color| {
            if style.colour { plain.fg(tint) } else { plain }
        };
        Self {
            plain,
            figure: bold,
            quiet: plain.add_modifier(Modifier::DIM),
            middle: tinted(Color::Blue),
            tail: tinted(Color::Magenta),
            good: tinted(Color::Green),
            doubt: tinted(Color::Yellow),
            bad: tinted(Color::Red),
            fact: tinted(Color::Cyan),
            key: plain.add_modifier(Modifier::REVERSED),
            glyphs: style.glyphs,
        }
    }

    /// One of two words for the same, by the characters that there are.
    pub(super) fn pick<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        match self.glyphs {
            Glyphs::Unicode => unicode,
            Glyphs::Ascii => ascii,
        }
    }
}
