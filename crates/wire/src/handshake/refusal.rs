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
    // The first chunk is enough: it begins behind its length (RFC 9112 section 7.1).
    let content = match body.iter().position(|octet| *octet == b'\n') {
        Some(line) if is_chunked => &body[line + 1..],
        _ if is_chunked => &[],
        _ => body,
    };
    let announced = headers.first("Content-Length");
    let announced = announced.and_then(|length| length.parse::<usize>().ok());
    let wanted = if is_chunked {
        1
    } else {
        announced.unwrap_or(0).min(LONGEST)
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
