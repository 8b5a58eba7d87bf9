//! `--compress[=WORDS]`: what is wished for of permessage-deflate, as people write it.
//!
//! The same words on both ends: a client offers them, the embedded server adds them to what it is
//! offered. What comes of it is negotiated, and reported.

use thiserror::Error;
use wsbench_load::plan::{Compression, WindowBits};

/// Why a text is no wish.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum CompressError {
    /// A word that is none of those that are known.
    #[error(
        "'{0}' is none of takeover, no-takeover, client-no-takeover, server-no-takeover, 8 to 15, \
         client-bits=N, server-bits=N, level=N; write it like no-takeover,client-bits=12"
    )]
    UnknownWord(String),
    /// A window that there is not (RFC 7692 section 7.1.2).
    #[error("'{0}' is no size of a window: give 8 to 15, the power of two, like client-bits=12")]
    Bits(String),
    /// A level that there is not.
    #[error("'{0}' is no level of compression: give 0 (none) to 9 (smallest), like level=6")]
    Level(String),
}

/// Reads words between commas; none at all is the default, what browsers ask for.
///
/// # Errors
/// A word that is none of those that are known, or a number out of range.
pub(crate) fn parse(text: &str) -> Result<Compression, CompressError> {
    let mut compression = Compression::default();
    let words = text.split(',').map(str::trim);
    for word in words.filter(|_| !text.trim().is_empty()) {
        take(&mut compression, word)?;
    }
    Ok(compression)
}

fn take(compression: &mut Compression, word: &str) -> Result<(), CompressError> {
    let wish = &mut compression.wish;
    match word.split_once('=') {
        None if word == "takeover" => {
            (wish.client_no_takeover, wish.server_no_takeover) = (false, false);
        }
        None if word == "no-takeover" => {
            (wish.client_no_takeover, wish.server_no_takeover) = (true, true);
        }
        None if word == "client-no-takeover" => wish.client_no_takeover = true,
        None if word == "server-no-takeover" => wish.server_no_takeover = true,
        None if word.starts_with(|letter: char| letter.is_ascii_digit()) => {
            let both = Some(bits(word)?);
            (wish.client_bits, wish.server_bits) = (both, both);
        }
        Some(("client-bits", value)) => wish.client_bits = Some(bits(value)?),
        Some(("server-bits", value)) => wish.server_bits = Some(bits(value)?),
        Some(("level", value)) => {
            let level = value.parse().ok().filter(|level| *level <= 9);
            compression.level = level.ok_or_else(|| CompressError::Level(value.to_owned()))?;
        }
        _ => return Err(CompressError::UnknownWord(word.to_owned())),
    }
    Ok(())
}

fn bits(text: &str) -> Result<WindowBits, CompressError> {
    let bits = text.parse().ok().and_then(WindowBits::new);
    bits.ok_or_else(|| CompressError::Bits(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use wsbench_load::plan::Wish;

    use super::*;

    #[test]
    fn wishes_are_read_as_they_are_written() {
        let wish = |text: &str| parse(text).unwrap();
        assert_eq!(wish(""), Compression::default());
        assert_eq!(wish("takeover"), Compression::default());
        let both = wish("takeover,15");
        assert_eq!(both.wish.client_bits, WindowBits::new(15));
        assert_eq!(both.wish.server_bits, WindowBits::new(15));
        let forgetful = wish("no-takeover").wish;
        assert!(forgetful.client_no_takeover && forgetful.server_no_takeover);
        let mixed = wish("client-no-takeover, server-bits=10,level=1");
        let expected = Wish {
            client_no_takeover: true,
            server_bits: WindowBits::new(10),
            ..Wish::default()
        };
        assert_eq!((mixed.wish, mixed.level), (expected, 1));
    }

    #[test]
    fn what_cannot_be_wished_for_is_refused_by_name() {
        let refused = |text: &str| parse(text).unwrap_err();
        assert_eq!(refused("gzip"), CompressError::UnknownWord("gzip".into()));
        assert_eq!(
            refused("takeover,"),
            CompressError::UnknownWord(String::new())
        );
        assert_eq!(refused("16"), CompressError::Bits("16".into()));
        assert_eq!(refused("client-bits=7"), CompressError::Bits("7".into()));
        assert_eq!(refused("level=10"), CompressError::Level("10".into()));
    }
}
