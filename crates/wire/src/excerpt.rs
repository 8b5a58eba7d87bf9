//! Words of a peer, as much of them as a line holds.

/// Octets of the longest excerpt, its ellipsis not counted.
pub const LONGEST: usize = 200;

/// The beginning of what a peer said, on one line: blanks, line ends and control characters in a row are
/// one space, what is no UTF-8 is replaced, and beyond [`LONGEST`] octets there is an ellipsis.
///
/// ```
/// use wsbench_wire::excerpt::excerpt;
/// assert_eq!(excerpt(b" too\r\n\tmany \x1b[31mconnections\x00 "), "too many [31mconnections");
/// ```
#[must_use]
pub fn excerpt(said: &[u8]) -> String {
    // As much as can become the excerpt and one octet more, however many blanks there are.
    let said = &said[..said.len().min(16 * LONGEST)];
    let text = String::from_utf8_lossy(said);
    let blank = |c: char| c.is_whitespace() || c.is_control();
    let mut words = String::new();
    for word in text.split(blank).filter(|word| !word.is_empty()) {
        let gap = if words.is_empty() { "" } else { " " };
        if words.len() + gap.len() + word.len() <= LONGEST {
            words.push_str(gap);
            words.push_str(word);
            continue;
        }
        let mut end = LONGEST
            .saturating_sub(words.len() + gap.len())
            .min(word.len());
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        words.push_str(gap);
        words.push_str(&word[..end]);
        words.push('…');
        break;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_said_becomes_a_line_of_bounded_length() {
        let endless = "é".repeat(100_000);
        let blanks = " \n".repeat(1_000_000);
        for said in [
            &endless,
            &blanks,
            "",
            "\u{7f}\u{9b}31m",
            &format!("{blanks}x"),
        ] {
            let line = excerpt(said.as_bytes());
            assert!(line.len() <= LONGEST + '…'.len_utf8(), "{}", line.len());
            assert!(!line.contains(char::is_control), "{line:?}");
        }
        assert_eq!(excerpt(&[0xff, b'a', 0xc3]), "\u{fffd}a\u{fffd}");
        let long = excerpt("ab ".repeat(100).as_bytes());
        assert!(long.ends_with('…') && long.len() > 190, "{long}");
    }
}
