//! The opening of a tunnel through a proxy, the client's end: HTTP CONNECT (RFC 9110 section 9.3.6)
//! and SOCKS version 5 (RFC 1928) with user name and password (RFC 1929).
//!
//! A state machine: it is given what has been read and says what is to be written. Behind it the
//! connection is the server's, and TLS or the upgrade begin. Time limits are the caller's affair.

mod error;
mod socks;

use std::fmt;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use httparse::{EMPTY_HEADER, Response, Status};

pub use error::{ProxyError, SocksFailure};
use socks::Socks;

use crate::handshake::MAX_HEAD;

/// Headers that a proxy's answer may have.
const MAX_HEADERS: usize = 128;

/// A user name and a password for a proxy. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name; for SOCKS at most 255 bytes.
    pub user: String,
    /// The password; for SOCKS at most 255 bytes.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(withheld)")
    }
}

/// Destination that the proxy is to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A host that the proxy resolves. For SOCKS the name has at most 255 bytes; a literal address is
    /// sent as one.
    Name {
        /// A name, an IPv4 address, or an IPv6 address without brackets.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// An address.
    Address(SocketAddr),
}

impl fmt::Display for Destination {
    /// As the authority of a URL (RFC 3986 section 3.2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// One tunnel that is being opened.
///
/// ```
/// use wsbench_wire::proxy::{Destination, Tunnel};
///
/// let to = Destination::Name { host: "example.com".into(), port: 80 };
/// let mut tunnel = Tunnel::http(&to, None);
/// let asked = tunnel.pending().len();
/// assert!(tunnel.pending().starts_with(b"CONNECT example.com:80 HTTP/1.1\r\n"));
/// tunnel.wrote(asked);
/// assert!(!tunnel.is_open());
/// tunnel.on_bytes(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
/// assert!(tunnel.is_open());
/// ```
#[derive(Clone, Debug)]
pub struct Tunnel {
    out: Vec<u8>,
    inbox: Vec<u8>,
    dialogue: ProxyDialogue,
    is_open: bool,
}

#[derive(Clone, Debug)]
enum ProxyDialogue {
    Http { with_login: bool },
    Socks(Socks),
}

impl Tunnel {
    /// Through an HTTP proxy.
    #[must_use]
    pub fn http(to: &Destination, login: Option<&Login>) -> Self {
        let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        if let Some(Login { user, password }) = login {
            let credentials = STANDARD.encode(format!("{user}:{password}"));
            request.push_str(&format!("Proxy-Authorization: Basic {credentials}\r\n"));
        }
        request.push_str("\r\n");
        Self {
            out: request.into_bytes(),
            inbox: Vec::new(),
            dialogue: ProxyDialogue::Http {
                with_login: login.is_some(),
            },
            is_open: false,
        }
    }

    /// Through a SOCKS 5 proxy.
    #[must_use]
    pub fn socks(to: Destination, login: Option<Login>) -> Self {
        let mut out = Vec::new();
        let socks = Socks::begin(to, login, &mut out);
        Self {
            out,
            inbox: Vec::new(),
            dialogue: ProxyDialogue::Socks(socks),
            is_open: false,
        }
    }

    /// Bytes that are to be written.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.out
    }

    /// So many bytes of it have been written.
    pub fn wrote(&mut self, len: usize) {
        self.out.drain(..len.min(self.out.len()));
    }

    /// True if the tunnel is open: what follows on the connection is between us and the server.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open && self.out.is_empty()
    }

    /// Bytes have been read.
    ///
    /// # Errors
    /// The proxy refuses, or is none. Bytes behind the opening are an error as well: the server has
    /// not been asked anything yet.
    pub fn on_bytes(&mut self, bytes: &[u8]) -> Result<(), ProxyError> {
        self.inbox.extend_from_slice(bytes);
        let consumed = match &mut self.dialogue {
            ProxyDialogue::Http { with_login } => read_head(&self.inbox, *with_login)?,
            ProxyDialogue::Socks(socks) => socks.advance(&self.inbox, &mut self.out)?,
        };
        self.inbox.drain(..consumed);
        self.is_open = match &self.dialogue {
            ProxyDialogue::Http { .. } => consumed > 0,
            ProxyDialogue::Socks(socks) => socks.is_done(),
        };
        if self.is_open && !self.inbox.is_empty() {
            return Err(ProxyError::Trailing {
                bytes: self.inbox.len(),
            });
        }
        Ok(())
    }
}

/// The length of the head that opens the tunnel; zero while it has not ended.
fn read_head(bytes: &[u8], with_login: bool) -> Result<usize, ProxyError> {
    let prefix = b"HTTP/1.";
    if bytes.iter().zip(prefix).any(|(have, want)| have != want) {
        return Err(ProxyError::no_http(bytes));
    }
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut response = Response::new(&mut headers);
    let malformed = |error: httparse::Error| ProxyError::Malformed(error.to_string());
    match response.parse(bytes).map_err(malformed)? {
        Status::Partial if bytes.len() >= MAX_HEAD => {
            let words = format!("the head did not end within {MAX_HEAD} bytes");
            Err(ProxyError::Malformed(words))
        }
        Status::Partial => Ok(0),
        Status::Complete(consumed) => match response.code.unwrap_or(0) {
            200..=299 => Ok(consumed),
            407 => Err(ProxyError::AuthRequired { with_login }),
            code => Err(ProxyError::Status {
                code,
                reason: response.reason.unwrap_or_default().to_owned(),
            }),
        },
    }
}
