//! What can go wrong with a proxy, by kind, with what to do about it.

use thiserror::Error;
use wsbench_setting::{Field, Text, Told, text};

/// A tunnel through a proxy could not be opened.
///
/// The messages are written for whoever started the run. Where a setting is the way out, [`Told`]
/// has it as data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProxyError {
    /// Nobody listens where the proxy should be.
    #[error("the proxy refused the connection; is it listening on this port?")]
    Refused,
    /// It ended the connection before the tunnel was open.
    #[error("the proxy ended the connection before the tunnel was open")]
    Cut,
    /// An HTTP proxy wants credentials (RFC 9110 section 15.5.8).
    #[error("{}", auth_required(*with_login))]
    AuthRequired {
        /// True where we had sent some.
        with_login: bool,
    },
    /// An HTTP proxy does not open the tunnel.
    #[error("the proxy answered {code} {reason}{}", status_advice(*code))]
    Status {
        /// The status code.
        code: u16,
        /// The reason phrase, often empty.
        reason: String,
    },
    /// Answer of something that is no proxy of the kind that was asked for.
    #[error("{}", no_http(*first, start))]
    NoHttp {
        /// The very first byte, which tells what it may be; `None` where there was none.
        first: Option<u8>,
        /// The first bytes, escaped.
        start: String,
    },
    /// The answer cannot be read.
    #[error("the proxy's answer is malformed: {0}")]
    Malformed(String),
    /// The first byte of a SOCKS proxy is not the version.
    #[error("{}", wrong_version(*got))]
    WrongVersion {
        /// The byte that came in place of 5 (or of 1, within the login).
        got: u8,
    },
    /// A SOCKS proxy takes none of the ways to log in that were offered (RFC 1928 section 3).
    #[error("{}", no_method(*with_login))]
    NoMethod {
        /// True where user name and password were offered.
        with_login: bool,
    },
    /// A SOCKS proxy chose a way to log in that was not offered.
    #[error("the proxy chose login method {0:#04x}, which was not offered")]
    UnaskedMethod(u8),
    /// A SOCKS proxy does not take user name and password (RFC 1929 section 2).
    #[error("the proxy does not accept user name and password (status {0})")]
    LoginRefused(u8),
    /// A SOCKS proxy did not connect (RFC 1928 section 6).
    #[error("the proxy did not connect: {0}")]
    Socks(SocksFailure),
    /// Bytes that nobody has asked for.
    #[error("{bytes} bytes came behind the proxy's answer, before the server was asked anything")]
    Trailing {
        /// Number of bytes.
        bytes: usize,
    },
}

/// Why a SOCKS proxy did not connect (RFC 1928 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SocksFailure {
    /// 1
    #[error("general failure of the proxy")]
    General,
    /// 2
    #[error("its rules do not allow it")]
    NotAllowed,
    /// 3
    #[error("the network is unreachable from it")]
    NetworkUnreachable,
    /// 4
    #[error("the host is unreachable from it, or it cannot resolve the name")]
    HostUnreachable,
    /// 5
    #[error("the server refused the connection")]
    ConnectionRefused,
    /// 6
    #[error("the connection timed out (TTL expired)")]
    TtlExpired,
    /// 7
    #[error("it does not know CONNECT")]
    CommandUnsupported,
    /// 8
    #[error("it does not know this type of address; try socks5h:// for names, socks5:// else")]
    AddressUnsupported,
    /// Anything else.
    #[error("unassigned reply {0}")]
    Unassigned(u8),
}

impl SocksFailure {
    /// Meaning of a reply other than 0.
    pub(super) const fn of(reply: u8) -> Self {
        match reply {
            1 => Self::General,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TtlExpired,
            7 => Self::CommandUnsupported,
            8 => Self::AddressUnsupported,
            other => Self::Unassigned(other),
        }
    }
}

impl ProxyError {
    /// The first bytes are no HTTP.
    pub(super) fn no_http(bytes: &[u8]) -> Self {
        Self::NoHttp {
            first: bytes.first().copied(),
            start: bytes[..bytes.len().min(16)].escape_ascii().to_string(),
        }
    }
}

impl Told for ProxyError {
    fn text(&self) -> Text {
        match self {
            Self::AuthRequired { with_login } => auth_required(*with_login),
            Self::NoHttp { first, start } => no_http(*first, start),
            Self::WrongVersion { got } => wrong_version(*got),
            Self::NoMethod { with_login } => no_method(*with_login),
            other => other.to_string().into(),
        }
    }
}

fn auth_required(with_login: bool) -> Text {
    let begin = "the proxy answered 407: it ";
    if with_login {
        text![begin, "does not accept the credentials of ", Field::Proxy]
    } else {
        let login = Field::Proxy.brief().with("http://USER:PASS@HOST:PORT");
        text![begin, "wants credentials; give them with ", login]
    }
}

fn no_http(first: Option<u8>, start: &str) -> Text {
    let begin = text![format!(
        "the proxy does not speak HTTP; it began with \"{start}\""
    )];
    let advice = match first {
        Some(5) => text![
            ", as SOCKS does: try ",
            Field::Proxy.brief().with("socks5://…")
        ],
        Some(0x15 | 0x16) => ", as TLS does: a proxy behind TLS is not known here".into(),
        _ => ": check host and port".into(),
    };
    begin.then(advice)
}

fn wrong_version(got: u8) -> Text {
    let begin = text![format!(
        "the proxy does not speak SOCKS 5; it began with {got:#04x}"
    )];
    if got == b'H' {
        let http = Field::Proxy.brief().with("http://…");
        begin.then(text![", as HTTP does: try ", http])
    } else {
        begin
    }
}

fn no_method(with_login: bool) -> Text {
    if with_login {
        "the proxy takes neither no login nor user name and password".into()
    } else {
        let login = Field::Proxy.brief().with("socks5://USER:PASS@HOST:PORT");
        text!["the proxy wants a login; give it with ", login]
    }
}

fn status_advice(code: u16) -> &'static str {
    match code {
        403 => ": its rules do not allow this host or port",
        405 | 501 => ": it does not know CONNECT",
        400..=499 => ": look into what it allows",
        502..=504 => ": it did not reach the server",
        _ => "",
    }
}
