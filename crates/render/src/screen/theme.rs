//! The looks of the screen, by meaning. Without colour, weight alone tells things apart.

use ratatui::style::{Color, Modifier, Style};

/// A look for each meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    /// Of no special meaning.
    pub(super) plain: Style,
    /// Names of panels and columns.
    pub(super) heading: Style,
    /// Words that are looked at first.
    pub(super) headline: Style,
    /// Of lesser weight: borders, labels.
    pub(super) quiet: Style,
    /// The median.
    pub(super) middle: Style,
    /// The tail.
    pub(super) tail: Style,
    /// As it should be.
    pub(super) good: Style,
    /// To be read with care.
    pub(super) doubt: Style,
    /// Wrong.
    pub(super) bad: Style,
    /// True where lines of a plot are told apart by colour; otherwise they need different marks.
    pub(super) colour: bool,
}

impl Theme {
    /// The looks with or without colour.
    pub(super) fn new(colour: bool) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let tinted = |base: Style, tint: Color| if colour { base.fg(tint) } else { base };
        Self {
            plain,
            heading: bold,
            headline: tinted(bold, Color::Cyan),
            quiet: plain.add_modifier(Modifier::DIM),
            middle: tinted(plain, Color::Green),
            tail: tinted(plain, Color::Yellow),
            good: tinted(plain, Color::Green),
            doubt: tinted(bold, Color::Yellow),
            bad: tinted(bold, Color::Red),
            colour,
        }
    }
}
