//! How text is dressed for whoever reads it: colour or none, how wide, and in which words settings
//! are named.
//!
//! Whether colour is wanted (`NO_COLOR`, a terminal or a file) is decided by the caller.

use wsbench_setting::{Paths, Spelling};

use crate::foreign::printable;

/// Characters that drawings are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Braille, blocks and geometric marks.
    #[default]
    Unicode,
    /// Letters, dashes and `.:|#`: for a locale that is not UTF-8.
    Ascii,
}

impl Glyphs {
    /// Bars of a chart from the lowest to the highest.
    #[must_use]
    pub fn bars(self) -> &'static [char] {
        match self {
            Self::Unicode => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => &['.', ':', '|', '#'],
        }
    }

    /// The bar of a share of the highest; a space for nothing.
    #[must_use]
    pub fn bar(self, share: f64) -> char {
        if share.is_nan() || share <= 0.0 {
            return ' ';
        }
        let bars = self.bars();
        let step = (share * bars.len() as f64).ceil() as usize;
        bars[step.clamp(1, bars.len()) - 1]
    }
}

/// The dress of a text.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// True where ANSI colours are used.
    pub colour: bool,
    /// Columns to keep within where prose can be wrapped.
    pub width: u16,
    /// The words for settings, where something is advised.
    pub spelling: &'static dyn Spelling,
    /// Characters of drawings.
    pub glyphs: Glyphs,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 80,
            spelling: &Paths,
            glyphs: Glyphs::Unicode,
        }
    }
}

/// Meaning of a piece of text, from which its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading.
    Heading,
    /// The figure that is looked for first.
    Headline,
    /// A fact that a run is explained by.
    Fact,
    /// A chart.
    Chart,
    /// Of lesser weight.
    Quiet,
    /// As it should be.
    Good,
    /// To be read with care.
    Doubt,
    /// Wrong.
    Bad,
}

/// Beginning of a change of colour, and its end.
const ESCAPE: &str = "\x1b[";
const END: &str = "\x1b[0m";

impl Tone {
    const ALL: [Self; 8] = [
        Self::Heading,
        Self::Headline,
        Self::Fact,
        Self::Chart,
        Self::Quiet,
        Self::Good,
        Self::Doubt,
        Self::Bad,
    ];

    /// The terminal's code of it.
    const fn code(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Headline => "1;36",
            Self::Fact => "36",
            Self::Chart => "34",
            Self::Quiet => "2",
            Self::Good => "32",
            Self::Doubt => "33",
            Self::Bad => "1;31",
        }
    }
}

impl Style {
    /// The text in its tone; as it is without colour.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = tone.code();
        format!("\x1b[{code}m{text}{END}")
    }

    /// A line without the colours that its words may be painted in.
    pub(crate) fn undressed(self, line: &str) -> String {
        if !self.colour {
            return line.to_owned();
        }
        let codes = Tone::ALL.map(|tone| format!("{ESCAPE}{}m", tone.code()));
        let bare = line.replace(END, "");
        codes
            .iter()
            .fold(bare, |bare, code| bare.replace(code.as_str(), ""))
    }

    /// A line whose words may be painted, with every other letter that commands made visible.
    pub(crate) fn dressed(self, line: &str) -> String {
        if !self.colour {
            return printable(line);
        }
        let mut parts = line.split(ESCAPE);
        let mut text = printable(parts.next().unwrap_or_default());
        for part in parts {
            let is_ours = |code: &str| part.strip_prefix(code)?.strip_prefix('m').map(|_| ());
            let is_ours = Tone::ALL.iter().any(|tone| is_ours(tone.code()).is_some())
                || part.starts_with(&END[ESCAPE.len()..]);
            text.push_str(if is_ours { ESCAPE } else { "\u{fffd}[" });
            text.push_str(&printable(part));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_colours_stay() {
        let style = Style {
            colour: true,
            ..Style::default()
        };
        let painted = style.paint(Tone::Bad, "a");
        assert_eq!(
            style.dressed(&format!("{painted}\x1b[2J\x1b]0;b\x1b[")),
            format!("{painted}�[2J�]0;b�[")
        );
        assert_eq!(Style::default().dressed(&painted), "�[1;31ma�[0m");
        assert_eq!(style.undressed(&format!("{painted} b")), "a b");
    }
}
