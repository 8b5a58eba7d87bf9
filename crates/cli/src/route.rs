//! The way to the server from the words of flags: places to connect to.

use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use wsbench_load::plan::LONGEST_SOCKET_PATH;
use wsbench_load::route::Place;

/// Why a word names no place or no addresses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum RouteError {
    /// Neither two parts nor four.
    #[error("'{text}' is not HOST:PORT, nor HOST1:PORT1:HOST2:PORT2; IPv6 in brackets: [::1]:3000")]
    Place {
        /// Text that was given.
        text: String,
    },
    /// A port that is none.
    #[error("'{port}' is not a port: a number from 1 to 65535")]
    Port {
        /// Text that was given.
        port: String,
    },
    /// A path that no socket can have (unix(7)).
    #[error(
        "the path of a Unix socket has 1 to {LONGEST_SOCKET_PATH} bytes, and this has {length}"
    )]
    Path {
        /// Length of it, bytes.
        length: usize,
    },
}

/// Reads the path of a Unix domain socket.
///
/// # Errors
/// Nothing, or more than such a path has.
pub(crate) fn unix_socket(text: &str) -> Result<Arc<Path>, RouteError> {
    match text.len() {
        1..=LONGEST_SOCKET_PATH => Ok(Path::new(text).into()),
        length => Err(RouteError::Path { length }),
    }
}

/// Place to connect to, in place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectTo {
    /// Host and port that the URL has to have for that; any where empty.
    of: (Option<String>, Option<u16>),
    /// Host and port to connect to; the URL's where empty.
    to: (Option<String>, Option<u16>),
}

impl ConnectTo {
    /// Place to connect to for a URL of this place; `None` when it is for another one.
    pub(crate) fn place(&self, url: &Place) -> Option<Place> {
        let (host, port) = &self.of;
        let is_it = host
            .as_ref()
            .is_none_or(|host| host.eq_ignore_ascii_case(&url.host))
            && port.is_none_or(|port| port == url.port);
        is_it.then(|| Place {
            host: self.to.0.as_ref().unwrap_or(&url.host).clone(),
            port: self.to.1.unwrap_or(url.port),
        })
    }
}

/// Reads `HOST:PORT` or `HOST1:PORT1:HOST2:PORT2`.
///
/// # Errors
/// Anything else.
pub(crate) fn connect_to(text: &str) -> Result<ConnectTo, RouteError> {
    let wrong = || RouteError::Place {
        text: text.to_owned(),
    };
    let parts = parts(text).ok_or_else(wrong)?;
    match parts.as_slice() {
        [host, port] if !host.is_empty() && !port.is_empty() => Ok(ConnectTo {
            of: (None, None),
            to: (named(host), self::port(port)?),
        }),
        [host, port, to_host, to_port] => Ok(ConnectTo {
            of: (named(host), self::port(port)?),
            to: (named(to_host), self::port(to_port)?),
        }),
        _ => Err(wrong()),
    }
}

/// Parts between the colons that are not within brackets; the brackets are taken off.
fn parts(text: &str) -> Option<Vec<&str>> {
    let mut rest = text;
    let mut parts = Vec::new();
    loop {
        let (part, behind) = match rest.strip_prefix('[') {
            Some(inside) => {
                let (address, behind) = inside.split_once(']')?;
                address.parse::<Ipv6Addr>().ok()?;
                (address, behind)
            }
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        parts.push(part);
        match behind.strip_prefix(':') {
            Some(next) => rest = next,
            None => return behind.is_empty().then_some(parts),
        }
    }
}

fn named(host: &str) -> Option<String> {
    (!host.is_empty()).then(|| host.to_owned())
}

fn port(text: &str) -> Result<Option<u16>, RouteError> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(port @ 1..) => Ok(Some(port)),
        _ => Err(RouteError::Port {
            port: text.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_longer_than_a_socket_can_have() {
        assert!(unix_socket(&"x".repeat(107)).is_ok());
        assert_eq!(unix_socket(""), Err(RouteError::Path { length: 0 }));
        assert!(unix_socket(&"x".repeat(108)).is_err());
    }

    #[test]
    fn places_are_read_as_curl_reads_them() {
        let url = Place {
            host: "h".to_owned(),
            port: 80,
        };
        let place = |text: &str| {
            connect_to(text)
                .unwrap()
                .place(&url)
                .map(|it| it.to_string())
        };
        assert_eq!(place("127.0.0.1:9").as_deref(), Some("127.0.0.1:9"));
        assert_eq!(place("[::1]:9").as_deref(), Some("[::1]:9"));
        assert_eq!(place("H:80:[::1]:9").as_deref(), Some("[::1]:9"));
        assert_eq!(place(":::9").as_deref(), Some("h:9"));
        assert_eq!(place("h:81:x:9"), None);
        for text in ["", "h", ":9", "h:", "a:1:b", "[::1:9", "[x]:9", "a:1:b:2:c"] {
            let wrong = connect_to(text);
            assert!(
                matches!(wrong, Err(RouteError::Place { .. })),
                "{text}: {wrong:?}"
            );
        }
        for text in ["h:0", "h:65536", "h:http"] {
            assert!(
                matches!(connect_to(text), Err(RouteError::Port { .. })),
                "{text}"
            );
        }
    }
}
