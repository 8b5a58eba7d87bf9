//! What goes wrong between a WebSocket and the HTTP/2 connection that carries it.

use thiserror::Error;
use wsbench_setting::{Field, Text, Told, text};
use wsbench_wire::excerpt::excerpt;

/// Why a carrier or one of its sockets is over. It can be told to each of the sockets.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Http2Error {
    /// The server took the preface of HTTP/2 for a request of HTTP/1.1 and answered that.
    #[error("{}", not_spoken())]
    Http1,
    /// The server's settings lack `SETTINGS_ENABLE_CONNECT_PROTOCOL` (RFC 8441 section 3).
    #[error("{}", no_websockets())]
    NoWebSockets,
    /// The server broke HTTP/2, or talks something else.
    #[error("what the server says is not HTTP/2: {0}")]
    Violation(String),
    /// The server has ended the connection with a GOAWAY (RFC 9113 section 6.8).
    #[error("the server ended the HTTP/2 connection: {0}")]
    GoAway(String),
    /// The TCP connection ended without a farewell of HTTP/2.
    #[error("the TCP connection below HTTP/2 ended")]
    Cut,
    /// The server has reset this stream (RFC 9113 section 6.4).
    #[error("the server reset the HTTP/2 stream: {0}")]
    Reset(String),
    /// The opening handshake cannot be put into a request of HTTP/2.
    #[error("the opening handshake cannot be sent over HTTP/2: {0}")]
    Request(String),
}

impl Http2Error {
    /// True if it is of the connection as such, before any WebSocket was asked for.
    #[must_use]
    pub const fn is_before_websockets(&self) -> bool {
        matches!(self, Self::Http1 | Self::NoWebSockets)
    }
}

impl Told for Http2Error {
    fn text(&self) -> Text {
        match self {
            Self::Http1 => not_spoken(),
            Self::NoWebSockets => no_websockets(),
            other => other.to_string().into(),
        }
    }
}

fn not_spoken() -> Text {
    text![
        "the server answered in HTTP/1.1: it does not speak HTTP/2 here; leave out ",
        Field::Http.with("2"),
    ]
}

fn no_websockets() -> Text {
    text![
        "the server speaks HTTP/2 but takes no WebSockets over it (its settings lack \
         SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441); leave out ",
        Field::Http.with("2"),
    ]
}

/// The text that came with a GOAWAY (RFC 9113 section 6.8), for people. The library shows it, as a
/// literal of bytes behind its own words, and gives it by no other way.
fn debug_data(shown: &str) -> Option<String> {
    let (_, rest) = shown.split_once("(b\"")?;
    let (literal, _) = rest.rsplit_once("\")")?;
    let mut bytes = Vec::new();
    let mut letters = literal.bytes();
    while let Some(letter) = letters.next() {
        bytes.push(match letter {
            b'\\' => match letters.next()? {
                b'x' => {
                    let digits = [letters.next()?, letters.next()?];
                    u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
                }
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'0' => 0,
                other => other,
            },
            letter => letter,
        });
    }
    let said = excerpt(&bytes);
    (!said.is_empty()).then_some(said)
}

impl From<h2::Error> for Http2Error {
    fn from(error: h2::Error) -> Self {
        let reason = error.reason().map(|reason| reason.description().to_owned());
        let words = reason.unwrap_or_else(|| error.to_string());
        if error.is_io() {
            Self::Cut
        } else if error.is_go_away() && error.is_remote() {
            Self::GoAway(match debug_data(&error.to_string()) {
                Some(said) => format!("{words} (\"{said}\")"),
                None => words,
            })
        } else if error.is_reset() && error.is_remote() {
            Self::Reset(words)
        } else {
            Self::Violation(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_with_a_goaway_is_read_from_what_the_library_shows() {
        let said = |bytes: &[u8]| {
            debug_data(&format!("connection error received: calm down ({:?})", {
                bytes::Bytes::copy_from_slice(bytes)
            }))
        };
        assert_eq!(said(b"too_many_pings").as_deref(), Some("too_many_pings"));
        assert_eq!(
            said("a \"b\") \\ µ".as_bytes()).as_deref(),
            Some("a \"b\") \\ µ")
        );
        assert_eq!(said(b""), None);
        assert_eq!(
            debug_data("connection error received: not a result of an error"),
            None
        );
    }
}
