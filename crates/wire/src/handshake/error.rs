//! What can go wrong in the opening handshake, by kind, with what to do about it.

use thiserror::Error;
use wsbench_setting::{Field, Text, Told, text};

use crate::deflate::NegotiationError;
use crate::excerpt::excerpt;

/// The opening handshake failed (RFC 6455 section 4).
///
/// The messages are written for whoever started the run: they end in what to try next. Where that
/// is a setting, [`Told`] has it as data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// The first bytes are not HTTP. `start` shows them, up to 16, with escapes.
    #[error(
        "the peer does not speak HTTP; it began with \"{start}\"{}",
        tls_advice(start)
    )]
    Garbage {
        /// The first bytes received, escaped as in a Rust byte string.
        start: String,
    },
    /// It began as HTTP, but is not a well-formed head.
    #[error("the HTTP head is malformed ({0}): check that the port is a WebSocket server's")]
    Malformed(String),
    /// No blank line within [`super::MAX_HEAD`] octets.
    #[error("the HTTP head did not end within {} octets", super::MAX_HEAD)]
    HeadTooLong,
    /// The head says HTTP/1.0, which knows no upgrade (section 4.1).
    #[error("the peer speaks HTTP/1.0, which knows no upgrade: look for a proxy in between")]
    OldHttp,
    /// The server answered with another status than 101 (section 4.1).
    #[error("{}", status(*code, reason, location.as_deref(), said))]
    Status {
        /// The status code.
        code: u16,
        /// The reason phrase, often empty.
        reason: String,
        /// The `Location` header of a redirection.
        location: Option<String>,
        /// What else the answer says, in brackets: headers that say why, and the beginning of the
        /// body. Empty where it says nothing.
        said: String,
        /// Whether more of the body is announced than has come, and would be told.
        is_cut: bool,
    },
    /// `Upgrade` is missing or does not say `websocket` (sections 4.1 and 4.2.1).
    #[error("no \"Upgrade: websocket\": the peer, or a proxy in between, does not upgrade")]
    MissingUpgrade,
    /// `Connection` is missing or does not contain `upgrade` (sections 4.1 and 4.2.1).
    #[error("no \"Connection: Upgrade\": the peer, or a proxy in between, does not upgrade")]
    MissingConnection,
    /// The response has no `Sec-WebSocket-Accept` (section 4.1).
    #[error("the response has no Sec-WebSocket-Accept: the server is not a WebSocket server")]
    MissingAccept,
    /// `Sec-WebSocket-Accept` does not belong to the key that was sent (section 4.1): a broken
    /// server, or a cache that replays another client's response.
    #[error("Sec-WebSocket-Accept is \"{received}\", expected \"{expected}\": broken or a replay")]
    WrongAccept {
        /// Value that the key demands.
        expected: String,
        /// Value that the server sent.
        received: String,
    },
    /// The server chose a subprotocol that was not offered (section 4.1).
    #[error("{}", unasked_subprotocol(.0))]
    UnaskedSubprotocol(String),
    /// The server granted an extension that was not asked for (section 4.1).
    #[error("the server granted extension \"{0}\", which was not asked for")]
    UnaskedExtension(String),
    /// The server answered the offer of compression with what is no answer to it (RFC 7692 section
    /// 7.1).
    #[error("{}", wrong_extension(.0))]
    WrongExtension(NegotiationError),
    /// A header that may be there once is there more often (sections 11.3.2 to 11.3.5).
    #[error("the header {0} appears more than once")]
    Repeated(&'static str),
    /// A request with another method than GET (section 4.2.1).
    #[error("the method is {0}; a WebSocket handshake is a GET")]
    Method(String),
    /// A request without `Host` (section 4.2.1).
    #[error("the request has no Host header")]
    MissingHost,
    /// A request without `Sec-WebSocket-Key` (section 4.2.1).
    #[error("the request has no Sec-WebSocket-Key")]
    MissingKey,
    /// `Sec-WebSocket-Key` is not the base64 of 16 octets (section 4.2.1).
    #[error("Sec-WebSocket-Key \"{0}\" is not the base64 of 16 octets")]
    WrongKey(String),
    /// `Sec-WebSocket-Version` is missing (empty here) or not 13 (section 4.4).
    #[error("Sec-WebSocket-Version is \"{0}\"; only 13 is spoken here")]
    WrongVersion(String),
}

impl HandshakeError {
    /// Whether more of what the server says is announced and would be told. Whoever has time for it
    /// reads on.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        matches!(self, Self::Status { is_cut: true, .. })
    }

    /// The status with which a server has refused.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The status with which a server refuses the request that is at fault (sections 4.2.2, 4.4).
    #[must_use]
    pub const fn rejection(&self) -> u16 {
        match self {
            Self::Method(_) => 405,
            Self::HeadTooLong => 431,
            Self::OldHttp => 505,
            Self::MissingUpgrade | Self::MissingConnection | Self::WrongVersion(_) => 426,
            _ => 400,
        }
    }
}

/// A TLS record begins with its type (an alert is 21) and major version 3.
fn tls_advice(start: &str) -> &'static str {
    if start.starts_with(r"\x15\x03") || start.starts_with(r"\x16\x03") {
        ", which is TLS: try wss:// in place of ws://"
    } else {
        ": check host and port"
    }
}

impl Told for HandshakeError {
    fn text(&self) -> Text {
        match self {
            Self::Status {
                code,
                reason,
                location,
                said,
                ..
            } => status(*code, reason, location.as_deref(), said),
            Self::UnaskedSubprotocol(name) => unasked_subprotocol(name),
            Self::WrongExtension(error) => wrong_extension(error),
            other => other.to_string().into(),
        }
    }
}

fn status(code: u16, reason: &str, location: Option<&str>, said: &str) -> Text {
    let arrow = location.map_or_else(String::new, |location| {
        format!(" → {}", excerpt(location.as_bytes()))
    });
    text![format!("the server answered {code} {reason}{arrow}{said}")]
        .then(status_advice(code, said))
}

fn status_advice(code: u16, said: &str) -> Text {
    let words = match code {
        400 if said.contains("HTTPS port") || said.contains("HTTPS server") => {
            ": a TLS port: try wss:// in place of ws://"
        }
        200..=299 => ": an ordinary web page; check the path",
        300..=399 => {
            return text![
                ": use the address that it redirects to, or ",
                Field::Redirects
            ];
        }
        401 => {
            let header = Field::Headers.brief().with("'Authorization: …'");
            return text![
                ": give credentials with ",
                Field::Credentials.brief(),
                ", ",
                Field::Bearer,
                " or ",
                header
            ];
        }
        403 => {
            return text![
                ": try ",
                Field::Origin,
                ", a browser's ",
                Field::Headers.brief().with("'User-Agent: …'"),
                ", or check the credentials",
            ];
        }
        404 => ": check the path",
        400 => {
            return text![
                ": check the path, and ",
                Field::Subprotocols,
                " and ",
                Field::Origin,
                " if the server wants them",
            ];
        }
        407 => ": the proxy wants credentials",
        421 => ": check the host name",
        426 => ": the server wants another protocol or version",
        429 => {
            let wait = match retry_after(said) {
                Some(time) => format!("wait {time} before the next run, and "),
                None => String::new(),
            };
            return text![
                format!(": the server limits the rate of connections; {wait}try "),
                Field::ConnectRate,
            ];
        }
        520..=530 => ": a proxy in front speaks, which cannot reach the server behind it",
        503 => ": the server is overloaded or at its limit of connections; try fewer",
        502 | 504 => ": a proxy answered, but the server behind it does not",
        500..=599 => ": look into the server's log",
        _ => "",
    };
    words.into()
}

/// The time after which a server wants to be asked again, from what it said (RFC 9110 section
/// 10.2.3): seconds, or a date.
fn retry_after(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("Retry-After: ")?;
    let value = rest.split([';', ')']).next()?.trim();
    Some(match value.parse::<u32>() {
        Ok(seconds) => format!("{seconds} s"),
        Err(_) => format!("until {value}"),
    })
}

fn unasked_subprotocol(name: &str) -> Text {
    let is_list = name.contains(',');
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    if name.is_empty() {
        return "the server's Sec-WebSocket-Protocol is empty, where it has to name one subprotocol \
                that was offered or be left out: the server is broken"
            .into();
    }
    if is_list {
        return format!(
            "the server chose \"{}\", where it has to choose one subprotocol: the server is broken, \
             and may have sent back what was offered",
            excerpt(name.as_bytes())
        )
        .into();
    }
    if !name.bytes().all(is_name) {
        return format!(
            "the server chose \"{}\", which is no name of a subprotocol: the server is broken",
            excerpt(name.as_bytes())
        )
        .into();
    }
    text![
        format!("the server chose subprotocol \"{name}\", which was not offered: try "),
        Field::Subprotocols.with(name.to_owned()),
    ]
}

fn wrong_extension(error: &NegotiationError) -> Text {
    text![
        format!("{error}: the server's permessage-deflate is broken; leave "),
        Field::Compression,
        " out",
    ]
}
