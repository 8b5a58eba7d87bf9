//! UTF-8 checked while it arrives (RFC 6455 section 8.1).
//!
//! A text message may be cut anywhere, inside a character too. The check fails at the first octet
//! that cannot be UTF-8 whatever follows, without waiting for the character to be complete. It
//! does not keep the text: only an unfinished character, three octets at most.

use std::str;

/// True if a whole text is UTF-8. By vector instructions: for 16 KiB of letters beyond ASCII the
/// standard library takes longer than the kernel takes to carry them.
#[inline]
pub(crate) fn is_utf8(text: &[u8]) -> bool {
    simdutf8::basic::from_utf8(text).is_ok()
}

/// The state between two pieces of one text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checker {
    /// The octets so far of a character that is not complete.
    unfinished: [u8; 4],
    /// Number of them: 0 to 3.
    count: u8,
}

/// An octet that no UTF-8 text has at its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

impl Checker {
    /// The state at the start of a text.
    pub(crate) const fn new() -> Self {
        Self {
            unfinished: [0; 4],
            count: 0,
        }
    }

    /// Checks the next piece.
    #[inline]
    pub(crate) fn push(&mut self, mut piece: &[u8]) -> Result<(), Invalid> {
        if self.count > 0 {
            piece = self.complete(piece)?;
        }
        match simdutf8::compat::from_utf8(piece) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(Invalid),
            Err(error) => {
                self.keep(&piece[error.valid_up_to()..]);
                Ok(())
            }
        }
    }

    /// True if the text may end here: no character is left unfinished.
    #[inline]
    pub(crate) const fn is_complete(self) -> bool {
        self.count == 0
    }

    /// Feeds the unfinished character octet by octet; returns what lies behind it.
    fn complete<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], Invalid> {
        for (i, &octet) in piece.iter().enumerate() {
            self.unfinished[usize::from(self.count)] = octet;
            self.count += 1;
            match str::from_utf8(&self.unfinished[..usize::from(self.count)]) {
                Ok(_) => {
                    self.count = 0;
                    return Ok(&piece[i + 1..]);
                }
                Err(error) if error.error_len().is_some() => return Err(Invalid),
                Err(_) => {}
            }
        }
        Ok(&[])
    }

    /// Keeps the start of a character; the standard library calls at most three octets unfinished.
    fn keep(&mut self, octets: &[u8]) {
        self.unfinished[..octets.len()].copy_from_slice(octets);
        self.count = octets.len() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "aé€😀 κόσμε \u{10ffff}\u{d7ff}\u{e000}";

    #[test]
    fn text_cut_anywhere_is_accepted() {
        let bytes = SAMPLE.as_bytes();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let mut checker = Checker::new();
                for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                    assert_eq!(checker.push(piece), Ok(()), "cut at {first} and {second}");
                }
                assert!(checker.is_complete(), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn every_sequence_of_two_octets_fails_where_the_whole_would() {
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                let mut checker = Checker::new();
                let cut = checker
                    .push(&[first])
                    .and_then(|()| checker.push(&[second]));
                let whole = match str::from_utf8(&[first, second]) {
                    Err(error) if error.error_len().is_some() => Err(Invalid),
                    _ => Ok(()),
                };
                assert_eq!(cut, whole, "{first:#x} {second:#x}");
            }
        }
    }

    #[test]
    fn an_impossible_octet_fails_at_once() {
        // Autobahn 6.4: U+110000 is impossible from its second octet on.
        let mut checker = Checker::new();
        assert_eq!(checker.push("κόσμε".as_bytes()), Ok(()));
        assert_eq!(checker.push(&[0xf4]), Ok(()));
        assert_eq!(checker.push(&[0x90]), Err(Invalid));
    }

    #[test]
    fn an_unfinished_character_is_not_complete() {
        let mut checker = Checker::new();
        assert_eq!(checker.push(&[b'a', 0xe2, 0x82]), Ok(()));
        assert!(!checker.is_complete());
        assert_eq!(checker.push(&[]), Ok(()));
        assert!(!checker.is_complete());
        assert_eq!(checker.push(&[0xac]), Ok(()));
        assert!(checker.is_complete());
    }
}
