//! The server under test, and the way from this machine to it: where connections are made to in
//! place of the target, and from which addresses.
//!
//! It is data, like the plan that it is a part of. What the handshake says (`Host`, SNI, the name in
//! the certificate) is the target's whatever the way.

mod sources;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

pub use sources::{Sources, SourcesError};
pub use wsbench_wire::proxy::Login;

use crate::secret::{Secret, shown_url};

/// The server under test. Written and stored as its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host as the user gave it: a name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Request target of the upgrade: path and query, beginning with `/`.
    pub resource: String,
    /// Over TLS (`wss://`).
    pub secure: bool,
}

impl Target {
    /// The `Host` header and the authority of the URL (RFC 3986 section 3.2): brackets around an
    /// IPv6 literal, no port when it is the scheme's default.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        if self.port == default_port(self.secure) {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Its host and port.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            host: self.host.clone(),
            port: self.port,
        }
    }

    /// The URL again, for people: without the values of parameters that are credentials.
    #[must_use]
    pub fn url(&self) -> String {
        shown_url(&self.revealed_url()).into_owned()
    }

    /// The URL with all that is in it, for whoever goes there. It is shown to nobody.
    #[must_use]
    pub fn revealed_url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.resource)
    }

    /// The same as results store it.
    pub(crate) fn redacted(&self) -> Self {
        Self {
            resource: shown_url(&self.resource).into_owned(),
            ..self.clone()
        }
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl FromStr for Target {
    type Err = NoPlace;

    /// Reads a URL as [`Target::url`] writes it: what users write in its place is another affair.
    fn from_str(url: &str) -> Result<Self, NoPlace> {
        let wrong = || NoPlace {
            text: shown_url(url).into_owned(),
            like: "ws://HOST[:PORT]/PATH or wss://HOST[:PORT]/PATH",
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let secure = match scheme {
            "ws" => false,
            "wss" => true,
            _ => return Err(wrong()),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = parted(authority).ok_or_else(wrong)?;
        let port = port.map_or(Ok(default_port(secure)), str::parse);
        Ok(Self {
            host: host.to_owned(),
            port: port.map_err(|_| wrong())?,
            resource: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
            secure,
        })
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.url())
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// Reads what is written as a text.
fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

/// A text that names no server, no place and no proxy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{text}' is not written like {like}")]
pub struct NoPlace {
    /// The text.
    pub text: String,
    /// The form that is wanted.
    pub like: &'static str,
}

/// The way to the server. By default the straight one: to the target's host and port, from whatever
/// address the kernel chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Place that connections are made to, in place of the target's host and port.
    pub connect_to: Option<Place>,
    /// Addresses of this machine that connections are spread over in turn; empty lets the kernel
    /// choose. All of one family.
    pub sources: Sources,
    /// The proxy that connections go through.
    pub proxy: Option<Proxy>,
    /// URLs that were redirected, in order, the one that was given first; the last of them led to the
    /// target. Empty where nothing was followed.
    pub redirected_from: Vec<String>,
    /// The Unix domain socket that connections are made to, in place of any host and port.
    pub unix_socket: Option<Arc<Path>>,
    /// True where connections are made to all addresses of the host in turn, and not to one.
    pub spread: bool,
}

impl Route {
    /// Host and port that connections to `target` are made to.
    #[must_use]
    pub fn place(&self, target: &Target) -> Place {
        self.connect_to.clone().unwrap_or_else(|| target.place())
    }

    /// Number of addresses of this machine that connections come from: at least 1.
    #[must_use]
    pub fn source_count(&self) -> u32 {
        self.sources.count().max(1)
    }
}

/// A proxy that connections go through: it is asked for a tunnel to the place of the target, also
/// where nothing is encrypted (RFC 6455 section 4.1 item 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Protocol in which it is spoken to.
    pub protocol: ProxyProtocol,
    /// Place at which it is.
    pub place: Place,
    /// Whom to say that we are.
    pub login: Option<Secret<Login>>,
}

impl Proxy {
    /// The login to send; `None` without one, and where it was withheld.
    #[must_use]
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()?.reveal()
    }
}

/// Protocol in which a proxy is spoken to.
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

impl fmt::Display for Proxy {
    /// Its URL without the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.protocol.scheme(), self.place)
    }
}

impl FromStr for Proxy {
    type Err = NoPlace;

    /// Reads a URL as `Display` writes it, which has no login.
    fn from_str(url: &str) -> Result<Self, NoPlace> {
        let wrong = || NoPlace {
            // What is no such URL may hold a login.
            text: "a proxy".to_owned(),
            like: "http://HOST:PORT, socks5://HOST:PORT or socks5h://HOST:PORT",
        };
        let (scheme, place) = url.split_once("://").ok_or_else(wrong)?;
        let protocol = match scheme {
            "http" => ProxyProtocol::Http,
            "socks5" => ProxyProtocol::Socks5,
            "socks5h" => ProxyProtocol::Socks5Name,
            _ => return Err(wrong()),
        };
        Ok(Self {
            protocol,
            place: place.parse().map_err(|_| wrong())?,
            login: None,
        })
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

impl fmt::Display for Place {
    /// As in a URL: brackets around an IPv6 literal (RFC 3986 section 3.2.2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    /// Reads a place as `Display` writes it.
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let read = parted(text).and_then(|(host, port)| Some((host, port?.parse().ok()?)));
        let (host, port) = read.ok_or_else(|| NoPlace {
            text: text.to_owned(),
            like: "HOST:PORT, IPv6 in brackets",
        })?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// Host, without brackets, and port, where there is one.
fn parted(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, behind) = match authority.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => authority.split_at(authority.rfind(':').unwrap_or(authority.len())),
    };
    // Brackets stand around an IPv6 address and nowhere else (RFC 3986 section 3.2.2).
    if host.contains(['[', ']']) {
        return None;
    }
    match behind.strip_prefix(':') {
        Some(port) => Some((host, Some(port))),
        None => behind.is_empty().then_some((host, None)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_host_with_half_a_bracket_is_none() {
        for url in ["wss://09:1]:8443/chat", "ws://[a[b]:1/", "ws://a[b/"] {
            assert!(url.parse::<Target>().is_err(), "{url}");
        }
        assert!("09:1]:8443".parse::<Place>().is_err());
    }

    proptest! {
        #[test]
        fn a_target_is_read_as_it_was_written(
            host in "[a-z][a-z0-9.-]{0,12}|[0-9a-f:]{2,9}:",
            port: u16,
            resource in "/[a-z0-9/?=&%:@]{0,12}",
            secure: bool,
        ) {
            let target = Target { host, port, resource, secure };
            prop_assert_eq!(target.revealed_url().parse::<Target>(), Ok(target.clone()));
            prop_assert_eq!(target.place().to_string().parse::<Place>(), Ok(target.place()));
        }
    }

    #[test]
    fn what_names_no_server_is_refused() {
        for url in [
            "",
            "h:1",
            "http://h/",
            "ws://[::1/",
            "ws://h:x/",
            "ws://h:70000/",
        ] {
            assert!(url.parse::<Target>().is_err(), "{url}");
        }
        let short: Target = "wss://h?q".parse().unwrap();
        assert_eq!((short.port, &*short.resource), (443, "/?q"));
    }

    #[test]
    fn a_proxy_is_read_as_it_was_written_and_its_login_repeated_nowhere() {
        for url in ["http://p:3128", "socks5://[::1]:9", "socks5h://p:1080"] {
            assert_eq!(url.parse::<Proxy>().unwrap().to_string(), url);
        }
        let wrong = "http//u:hidden@p:1".parse::<Proxy>().unwrap_err();
        assert!(!wrong.to_string().contains("hidden"), "{wrong}");
    }
}
