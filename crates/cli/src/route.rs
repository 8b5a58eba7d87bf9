//! The way to the server from the words of flags: places to connect to, addresses to come from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use wsbench_load::route::Place;

/// More addresses than this make no sense: each has tens of thousands of ports.
const MOST_SOURCES: u128 = 65_536;

/// Why a word names no place or no addresses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum RouteError {
    /// Neither two parts nor four.
    #[error("'{text}' is not HOST:PORT, nor HOST1:PORT1:HOST2:PORT2; IPv6 in brackets: [::1]:3000")]
    Place {
        /// What was given.
        text: String,
    },
    /// A port that is none.
    #[error("'{port}' is not a port: a number from 1 to 65535")]
    Port {
        /// What was given.
        port: String,
    },
    /// No address where one has to be.
    #[error(
        "'{text}' is not an address, a range or a network; write it like 10.0.0.2,10.0.0.3, \
         10.0.0.2-10.0.0.9 or 127.0.0.0/28"
    )]
    Address {
        /// What was given.
        text: String,
    },
    /// A range that ends before it begins, or in the other family.
    #[error("'{text}' does not end behind its start; write the smaller one first")]
    Range {
        /// What was given.
        text: String,
    },
    /// More than make sense.
    #[error("'{text}' are more than {MOST_SOURCES} addresses; give fewer")]
    TooMany {
        /// What was given.
        text: String,
    },
    /// A path that no socket can have (unix(7)).
    #[error("the path of a Unix socket has 1 to {LONGEST_PATH} bytes, and this has {length}")]
    Path {
        /// How long it is.
        length: usize,
    },
    /// Both families.
    #[error("{first} and {second} are of different families; give addresses of one")]
    Families {
        /// One.
        first: IpAddr,
        /// One of the other family.
        second: IpAddr,
    },
}

/// Bytes of the longest path of a Unix domain socket: `sun_path` has 108, the last of them zero.
const LONGEST_PATH: usize = 107;

/// Reads the path of a Unix domain socket.
///
/// # Errors
/// Nothing, or more than such a path has.
pub(crate) fn unix_socket(text: &str) -> Result<Arc<Path>, RouteError> {
    match text.len() {
        1..=LONGEST_PATH => Ok(Path::new(text).into()),
        length => Err(RouteError::Path { length }),
    }
}

/// Where to connect, in place of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectTo {
    /// What the URL has to be for that; any where empty.
    of: (Option<String>, Option<u16>),
    /// Where to; the URL's where empty.
    to: (Option<String>, Option<u16>),
}

impl ConnectTo {
    /// Where to connect for a URL of this place; `None` when it is for another one.
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

/// What stands between the colons that are not within brackets; the brackets are taken off.
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

/// Addresses to come from, each once, all of one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources(pub(crate) Arc<[IpAddr]>);

impl Sources {
    /// How many they are.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

/// Reads addresses, ranges and networks between commas.
///
/// # Errors
/// Anything else, both families, more than make sense.
pub(crate) fn sources(text: &str) -> Result<Sources, RouteError> {
    let mut all: Vec<IpAddr> = Vec::new();
    for word in text.split(',') {
        let (first, last) = span(word.trim())?;
        let (from, to) = (bits(first), bits(last));
        let many = to.checked_sub(from).ok_or_else(|| RouteError::Range {
            text: word.to_owned(),
        })?;
        if many + all.len() as u128 >= MOST_SOURCES {
            return Err(RouteError::TooMany {
                text: text.to_owned(),
            });
        }
        all.extend((from..=to).map(|bits| address(bits, first.is_ipv4())));
    }
    if let Some(&first) = all.first()
        && let Some(&second) = all.iter().find(|it| it.is_ipv4() != first.is_ipv4())
    {
        return Err(RouteError::Families { first, second });
    }
    all.sort_unstable();
    all.dedup();
    Ok(Sources(all.into()))
}

/// The first and last address that one word means.
fn span(word: &str) -> Result<(IpAddr, IpAddr), RouteError> {
    let wrong = || RouteError::Address {
        text: word.to_owned(),
    };
    if let Some((address, length)) = word.split_once('/') {
        let address = address.parse().map_err(|_| wrong())?;
        let length = length.parse().map_err(|_| wrong())?;
        return hosts(address, length).ok_or_else(wrong);
    }
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let first: IpAddr = first.trim().parse().map_err(|_| wrong())?;
    let last: IpAddr = last.trim().parse().map_err(|_| wrong())?;
    if first.is_ipv4() != last.is_ipv4() {
        return Err(RouteError::Range {
            text: word.to_owned(),
        });
    }
    Ok((first, last))
}

/// The hosts of a network: not the network's own address, nor the one for all (RFC 4291 section
/// 2.6.1, RFC 922), where it has room for others.
fn hosts(address: IpAddr, length: u32) -> Option<(IpAddr, IpAddr)> {
    let width: u32 = if address.is_ipv4() { 32 } else { 128 };
    let free = width.checked_sub(length)?;
    let mask = if free >= 128 {
        u128::MAX
    } else {
        (1 << free) - 1
    };
    let (first, last) = (bits(address) & !mask, bits(address) | mask);
    let (first, last) = if free >= 2 {
        (first + 1, last - u128::from(address.is_ipv4()))
    } else {
        (first, last)
    };
    let is_v4 = address.is_ipv4();
    Some((self::address(first, is_v4), self::address(last, is_v4)))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(bits: u128, is_v4: bool) -> IpAddr {
    if is_v4 {
        Ipv4Addr::from_bits(bits as u32).into()
    } else {
        Ipv6Addr::from_bits(bits).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<String> {
        let sources = sources(text).unwrap();
        sources.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn addresses_ranges_and_networks_are_addresses() {
        assert_eq!(
            listed("127.0.0.3, 127.0.0.2,127.0.0.3"),
            ["127.0.0.2", "127.0.0.3"]
        );
        assert_eq!(listed("127.0.0.2-127.0.0.9").len(), 8);
        let network = listed("127.0.0.5/28");
        assert_eq!(network.len(), 14);
        assert_eq!((&*network[0], &*network[13]), ("127.0.0.1", "127.0.0.14"));
        assert_eq!(listed("10.0.0.4/31"), ["10.0.0.4", "10.0.0.5"]);
        assert_eq!(listed("10.0.0.4/32"), ["10.0.0.4"]);
        assert_eq!(listed("fd00::/126"), ["fd00::1", "fd00::2", "fd00::3"]);
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in [
            "",
            "localhost",
            "1.2.3",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "::/129",
            "1.2.3.4/",
        ] {
            let wrong = sources(text);
            assert!(
                matches!(wrong, Err(RouteError::Address { .. })),
                "{text}: {wrong:?}"
            );
        }
        for text in ["10.0.0.9-10.0.0.2", "10.0.0.9-::1"] {
            assert!(
                matches!(sources(text), Err(RouteError::Range { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            sources("10.0.0.0/8"),
            Err(RouteError::TooMany { .. })
        ));
        assert!(matches!(sources("::/0"), Err(RouteError::TooMany { .. })));
        assert!(matches!(
            sources("::1,10.0.0.1"),
            Err(RouteError::Families { .. })
        ));
    }

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
