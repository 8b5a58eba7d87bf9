//! Patterns of messages.

use crate::words;

/// The messages that fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This one alone.
    Equals(Vec<u8>),
    /// Those that begin with this.
    Prefix(Vec<u8>),
    /// Those that have this anywhere.
    Contains(Vec<u8>),
}

impl Pattern {
    /// True of a message that fits.
    ///
    /// ```
    /// use wsbench_dialogue::Pattern;
    /// assert!(Pattern::Contains(b"ok".to_vec()).fits(br#"{"ok":true}"#));
    /// assert!(!Pattern::Equals(b"ok".to_vec()).fits(b"okay"));
    /// assert!(Pattern::Contains(Vec::new()).fits(b""));
    /// ```
    #[must_use]
    pub fn fits(&self, message: &[u8]) -> bool {
        match self {
            Self::Equals(whole) => message == whole,
            Self::Prefix(front) => message.starts_with(front),
            Self::Contains(part) if part.is_empty() => true,
            Self::Contains(part) => {
                let mut parts = message.windows(part.len());
                parts.any(|window| window == part)
            }
        }
    }

    /// The pattern in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Equals(whole) => words::payload(whole),
            Self::Prefix(front) => format!("one that begins with {}", words::payload(front)),
            Self::Contains(part) => format!("one with {} in it", words::payload(part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_fits_where_its_place_does() {
        let part = || b"ab".to_vec();
        for (message, equals, prefix, contains) in [
            (&b"ab"[..], true, true, true),
            (b"abc", false, true, true),
            (b"cab", false, false, true),
            (b"a b", false, false, false),
            (b"a", false, false, false),
            (b"", false, false, false),
        ] {
            let patterns = [
                Pattern::Equals(part()),
                Pattern::Prefix(part()),
                Pattern::Contains(part()),
            ];
            let fits = patterns.each_ref().map(|pattern| pattern.fits(message));
            assert_eq!(fits, [equals, prefix, contains], "{message:?}");
        }
    }
}
