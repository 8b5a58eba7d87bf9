//! Files that somebody else has written, read no further than they may be long: a device without an
//! end, or a file that was taken by mistake, is refused before it has taken the memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Longest file that a person writes (a suite, a server, a scenario, a certificate), octets.
pub const LARGEST_WRITTEN: u64 = 16 << 20;
/// Longest document that wsbench has stored, octets; a ranking of 42 servers has some 10 MB.
pub const LARGEST_STORED: u64 = 256 << 20;

/// The octets of what is read from `source`, `most` of them at most.
///
/// # Errors
/// The system's; and of the kind `FileTooLarge` where there are more.
pub fn octets(source: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    // One more tells enough.
    source
        .take(most.saturating_add(1))
        .read_to_end(&mut octets)?;
    if octets.len() as u64 > most {
        let told = format!(
            "it is longer than {} MiB, the most that is read",
            most >> 20
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, told));
    }
    Ok(octets)
}

/// The text of what is read from `source`, `most` octets at most.
///
/// # Errors
/// As [`octets`]; and of the kind `InvalidData` where it is not UTF-8.
pub fn text(source: impl Read, most: u64) -> io::Result<String> {
    String::from_utf8(octets(source, most)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text (UTF-8)"))
}

/// The octets of a file.
///
/// # Errors
/// As [`octets`].
pub fn octets_of(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    octets(File::open(path)?, most)
}

/// The text of a file.
///
/// # Errors
/// As [`text`].
pub fn text_of(path: &Path, most: u64) -> io::Result<String> {
    text(File::open(path)?, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_long_as_it_may_be_is_read_whole_and_what_is_longer_is_refused() {
        assert_eq!(octets(&b"abc"[..], 3).unwrap(), b"abc");
        let refused = octets(&b"abcd"[..], 3).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
        // A source without an end.
        let refused = text(io::repeat(b'a'), 2 << 20).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "it is longer than 2 MiB, the most that is read"
        );
    }

    #[test]
    fn what_is_no_text_is_told_as_that() {
        let refused = text(&b"\xff"[..], 10).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        assert_eq!(text("ä".as_bytes(), 10).unwrap(), "ä");
    }
}
