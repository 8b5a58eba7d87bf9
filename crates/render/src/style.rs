//! How text is dressed for whoever reads it: colour or none, and how wide.
//!
//! Whether colour is wanted (`NO_COLOR`, a terminal or a file) is decided by the caller.

/// The dress of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Columns to keep within where prose can be wrapped.
    pub width: u16,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 80,
        }
    }
}

/// What a piece of text means, from which its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading.
    Heading,
    /// The figure that is looked for first.
    Headline,
    /// Of lesser weight.
    Quiet,
    /// As it should be.
    Good,
    /// To be read with care.
    Doubt,
    /// Wrong.
    Bad,
}

impl Style {
    /// The text in its tone; as it is without colour.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Heading => "1",
            Tone::Headline => "1;36",
            Tone::Quiet => "2",
            Tone::Good => "32",
            Tone::Doubt => "33",
            Tone::Bad => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
