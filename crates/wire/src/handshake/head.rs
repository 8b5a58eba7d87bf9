//! What the heads of requests and responses have in common: where they end, and how their headers
//! are asked for. Lists in headers follow RFC 9110 section 5.6.1.

use httparse::Header;

use super::{HandshakeError, MAX_HEAD};
use crate::excerpt::excerpt;

/// Headers that a head may have; more are refused as malformed.
pub(super) const MAX_HEADERS: usize = 128;

/// The length of the head at the front of `bytes`, its blank line included; `None` while it has
/// not ended.
///
/// The caller gives everything received so far, each time anew. A head that trickles in is scanned
/// again with every read; the scan looks at every other octet, so that even the longest head in
/// reads of one octet costs less than the reads themselves.
pub(super) fn end_of_head(bytes: &[u8]) -> Result<Option<usize>, HandshakeError> {
    end_of_head_from(bytes, 0)
}

/// The end in `bytes` of the head that begins at `from`, which heads before it have left to read.
/// All of them together are bounded by [`MAX_HEAD`].
pub(super) fn end_of_head_from(bytes: &[u8], from: usize) -> Result<Option<usize>, HandshakeError> {
    let scanned = &bytes[..bytes.len().min(MAX_HEAD)];
    match scanned.get(from..).and_then(blank_line) {
        Some(end) => Ok(Some(from + end)),
        None if bytes.len() >= MAX_HEAD => Err(HandshakeError::HeadTooLong),
        None => Ok(None),
    }
}

/// End of the first blank line. A line may end in LF alone (RFC 9112 section 2.2).
///
/// What is looked for is `LF LF` or `LF CR LF`: of any two neighbours in such a row each is part of a
/// line end, so that looking at every other octet is enough to notice it.
fn blank_line(bytes: &[u8]) -> Option<usize> {
    (1..bytes.len())
        .step_by(2)
        .filter(|&at| matches!(bytes[at], b'\r' | b'\n'))
        .find_map(|at| blank_line_around(bytes, at))
}

/// End of a blank line of which the octet at `at` is the first or second.
fn blank_line_around(bytes: &[u8], at: usize) -> Option<usize> {
    let from = at - 1;
    let window = &bytes[from..bytes.len().min(at + 3)];
    (0..window.len()).find_map(|start| match &window[start..] {
        [b'\n', b'\n', ..] => Some(from + start + 2),
        [b'\n', b'\r', b'\n', ..] => Some(from + start + 3),
        _ => None,
    })
}

/// The first bytes, up to 16, for a message.
pub(super) fn start_of(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(16)].escape_ascii().to_string()
}

/// Fault that the parser found, as an error of ours.
pub(super) fn malformed(error: httparse::Error) -> HandshakeError {
    HandshakeError::Malformed(error.to_string())
}

/// The same of a head, with the line in which it is.
pub(super) fn malformed_at(error: httparse::Error, head: &[u8]) -> HandshakeError {
    if error == httparse::Error::TooManyHeaders {
        return HandshakeError::Malformed(format!("more than {MAX_HEADERS} headers"));
    }
    let lines = head.split(|octet| *octet == b'\n');
    let mut lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status = lines.next().unwrap_or_default();
    let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    let is_wrong = |line: &&[u8]| match line.iter().position(|octet| *octet == b':') {
        Some(colon) => colon == 0 || !line[..colon].iter().all(is_name) || line.contains(&0),
        None => !line.is_empty(),
    };
    let line = lines.find(is_wrong).unwrap_or(status);
    HandshakeError::Malformed(format!("{error}, in \"{}\"", excerpt(line)))
}

/// The headers of one head.
#[derive(Clone, Copy)]
pub(super) struct Headers<'a>(pub(super) &'a [Header<'a>]);

impl<'a> Headers<'a> {
    /// The values of all headers of this name, whatever its case, without surrounding blanks.
    /// Octets that are not UTF-8 are replaced: no value that is compared here has any.
    fn values(self, name: &str) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| String::from_utf8_lossy(header.value).trim().to_owned())
    }

    /// The elements of the comma-separated lists in all headers of this name.
    pub(super) fn list(self, name: &str) -> Vec<String> {
        self.values(name)
            .flat_map(|value| {
                let elements = value.split(',').map(|element| element.trim().to_owned());
                elements.collect::<Vec<_>>()
            })
            .filter(|element| !element.is_empty())
            .collect()
    }

    /// True if such a list has this element, whatever its case.
    pub(super) fn list_has(self, name: &str, element: &str) -> bool {
        self.list(name)
            .iter()
            .any(|found| found.eq_ignore_ascii_case(element))
    }

    /// The value of a header that may be there at most once.
    pub(super) fn single(self, name: &'static str) -> Result<Option<String>, HandshakeError> {
        let mut values = self.values(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(HandshakeError::Repeated(name)),
            None => Ok(first),
        }
    }

    /// The value of the first header of this name.
    pub(super) fn first(self, name: &str) -> Option<String> {
        self.values(name).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blank_line_is_found_wherever_it_begins() {
        for blank in [&b"\r\n\r\n"[..], b"\n\n", b"\r\n\n", b"\n\r\n"] {
            for before in 0..9 {
                for behind in 0..9 {
                    let head = [&vec![b'x'; before][..], blank].concat();
                    let all = [&head[..], &vec![b'x'; behind]].concat();
                    assert_eq!(blank_line(&all), Some(head.len()), "{all:?}");
                    let all = [&head[..], &vec![b'\r'; behind]].concat();
                    assert_eq!(blank_line(&all), Some(head.len()), "{all:?}");
                    for cut in 0..head.len() {
                        assert_eq!(blank_line(&all[..cut]), None, "{:?}", &all[..cut]);
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_of_two_blank_lines_counts() {
        assert_eq!(blank_line(b"a\r\n\r\n\r\n\r\n"), Some(5));
        assert_eq!(blank_line(b"a\n\n\n\n"), Some(3));
        assert_eq!(blank_line(b"\r\r\n\r\r\n\r\n"), Some(8));
    }

    #[test]
    fn a_head_may_be_as_long_as_the_limit_and_no_longer() {
        let mut head = vec![b'x'; MAX_HEAD - 4];
        head.extend_from_slice(b"\r\n\r\n");
        assert_eq!(end_of_head(&head), Ok(Some(MAX_HEAD)));
        assert_eq!(end_of_head(&head[..MAX_HEAD - 1]), Ok(None));
        head.insert(0, b'x');
        assert_eq!(end_of_head(&head), Err(HandshakeError::HeadTooLong));
    }
}
