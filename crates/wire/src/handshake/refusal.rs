//! What a server says when it refuses: in its status line, in headers that say why, and in the body.

use super::HandshakeError;
use super::head::Headers;
use crate::excerpt::{LONGEST, excerpt};

/// Headers that say why, or by when.
const TELLING: [&str; 5] = [
    "Retry-After",
    "WWW-Authenticate",
    "Sec-WebSocket-Version",
    "Server",
    "Via",
];

/// The refusal in an answer whose body has come so far.
pub(super) fn told(
    code: u16,
    reason: Option<&str>,
    headers: Headers<'_>,
    body: &[u8],
) -> HandshakeError {
    let encoding = headers.first("Transfer-Encoding");
    let is_chunked = encoding.is_some_and(|it| it.to_ascii_lowercase().contains("chunked"));
    let is_readable = headers.first("Content-Encoding").is_none();
    let (chunks, is_whole) = match is_chunked {
        true => unchunked(body),
        false => (Vec::new(), true),
    };
    let content = if is_chunked { &chunks[..] } else { body };
    let announced = headers.first("Content-Length");
    let announced = announced.and_then(|length| length.parse::<usize>().ok());
    let wanted = match (is_chunked, is_whole) {
        (true, true) => 0,
        // The first chunk is enough.
        (true, false) => 1,
        (false, _) => announced.unwrap_or(0).min(LONGEST),
    };
    let mut parts = Vec::new();
    for name in TELLING {
        if let Some(value) = headers.first(name) {
            parts.push(format!("{name}: {}", excerpt(value.as_bytes())));
        }
    }
    let text = if is_readable {
        excerpt(content)
    } else {
        String::new()
    };
    if !text.is_empty() {
        parts.push(format!("\"{text}\""));
    }
    HandshakeError::Status {
        code,
        reason: excerpt(reason.unwrap_or_default().as_bytes()),
        location: headers.first("Location"),
        said: match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join("; ")),
        },
        is_cut: is_readable && content.len() < wanted,
    }
}

/// The beginning of a body in chunks, as much of it as is told and has come, and whether no more comes
/// (RFC 9112 section 7.1): each chunk has its length in hexadecimal digits before it, in a line of its
/// own; the last has none.
fn unchunked(mut body: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    while let Some(line) = body.iter().position(|octet| *octet == b'\n') {
        let digits = body[..line].split(|octet| *octet == b';').next();
        let digits = digits.and_then(|it| std::str::from_utf8(it).ok());
        let length = digits.and_then(|it| usize::from_str_radix(it.trim(), 16).ok());
        let rest = &body[line + 1..];
        let Some(length) = length.filter(|length| *length > 0) else {
            return (content, true);
        };
        content.extend_from_slice(&rest[..length.min(rest.len())]);
        if content.len() > LONGEST || length > rest.len() {
            break;
        }
        // A line end stands behind each chunk.
        body = &rest[length..];
        body = body.strip_prefix(b"\r\n").unwrap_or(body);
    }
    (content, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_told_without_what_is_between_them() {
        for (body, content, is_whole) in [
            (&b"5\r\nhello\r\n0\r\n\r\n"[..], &b"hello"[..], true),
            (b"5;x=y\r\nhello\r\n6\r\n world\r\n", b"hello world", false),
            (b"5\r\nhel", b"hel", false),
            (b"5\r\n", b"", false),
            (b"5", b"", false),
            (b"", b"", false),
            (b"0\r\n\r\n", b"", true),
            (b"no number\r\nhello", b"", true),
            (b"fffffffffffffffff\r\nhello", b"", true),
            (b"ffffffffffffffff\r\nhello", b"hello", false),
        ] {
            assert_eq!(unchunked(body), (content.to_vec(), is_whole));
        }
        let long = [
            &b"fff\r\n"[..],
            &[b'x'; 0xfff],
            b"\r\nfff\r\n",
            &[b'y'; 0xfff],
        ]
        .concat();
        assert_eq!(unchunked(&long).0.len(), 0xfff, "more is not told");
    }
}
