//! The way from this machine to the server: where connections are made to in place of the target,
//! and from which addresses.
//!
//! It is data, like the plan that it is a part of. What the handshake says (`Host`, SNI, the name in
//! the certificate) is the target's whatever the way.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

pub use wsbench_wire::proxy::Login;

use crate::plan::Target;

/// The way to the server. By default the straight one: to the target's host and port, from whatever
/// address the kernel chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Where connections are made to in place of the target's host and port.
    pub connect_to: Option<Place>,
    /// Addresses of this machine that connections are spread over in turn; empty lets the kernel
    /// choose. All of one family.
    pub sources: Arc<[IpAddr]>,
    /// The proxy that connections go through.
    pub proxy: Option<Proxy>,
    /// URLs that were redirected, in order, the one that was given first; the last of them led to the
    /// target. Empty where nothing was followed.
    pub redirected_from: Vec<String>,
    /// The Unix domain socket that connections are made to, in place of any host and port.
    pub unix_socket: Option<Arc<Path>>,
}

impl Route {
    /// Host and port that connections to `target` are made to.
    #[must_use]
    pub fn place(&self, target: &Target) -> Place {
        self.connect_to.clone().unwrap_or_else(|| target.place())
    }

    /// How many addresses of this machine connections come from: at least 1.
    #[must_use]
    pub fn source_count(&self) -> u32 {
        u32::try_from(self.sources.len()).map_or(u32::MAX, |count| count.max(1))
    }
}

/// A proxy that connections go through: it is asked for a tunnel to the place of the target, also
/// where nothing is encrypted (RFC 6455 section 4.1 item 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// How it is spoken to.
    pub protocol: ProxyProtocol,
    /// Where it is.
    pub place: Place,
    /// Whom to say that we are.
    pub login: Option<Login>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// HTTP CONNECT; the proxy resolves the target's name.
    Http,
    /// SOCKS 5 with the target's address, which was resolved here.
    Socks5,
    /// SOCKS 5 with the target's name, which the proxy resolves.
    Socks5Name,
}

impl ProxyProtocol {
    /// The scheme of its URL, as curl has them.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Socks5 => "socks5",
            Self::Socks5Name => "socks5h",
        }
    }
}

impl std::fmt::Display for Proxy {
    /// Its URL without the login.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.protocol.scheme(), self.place)
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl std::fmt::Display for Place {
    /// As in a URL: brackets around an IPv6 literal (RFC 3986 section 3.2.2).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
