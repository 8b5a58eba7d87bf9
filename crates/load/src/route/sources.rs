//! Addresses of this machine that connections come from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// More addresses than this make no sense: each has tens of thousands of ports.
const MOST_SOURCES: u128 = 65_536;

/// A text that names no addresses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourcesError {
    /// No address where one has to be.
    #[error(
        "'{text}' is not an address, a range or a network; write it like 10.0.0.2,10.0.0.3, \
         10.0.0.2-10.0.0.9 or 127.0.0.0/28"
    )]
    Address {
        /// Text that was given.
        text: String,
    },
    /// A range that ends before it begins, or in the other family.
    #[error("'{text}' does not end behind its start; write the smaller one first")]
    Range {
        /// Text that was given.
        text: String,
    },
    /// More than make sense.
    #[error("'{text}' are more than {MOST_SOURCES} addresses; give fewer")]
    TooMany {
        /// Text that was given.
        text: String,
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

/// Addresses to come from, each once, in rising order, all of one family; none lets the kernel
/// choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Arc<[IpAddr]>);

impl Sources {
    /// The addresses.
    #[must_use]
    pub fn addresses(&self) -> &Arc<[IpAddr]> {
        &self.0
    }

    /// Number of them.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

impl std::ops::Deref for Sources {
    type Target = [IpAddr];

    fn deref(&self) -> &[IpAddr] {
        &self.0
    }
}

impl FromStr for Sources {
    type Err = SourcesError;

    /// Reads addresses, ranges and networks between commas.
    fn from_str(text: &str) -> Result<Self, SourcesError> {
        let mut all: Vec<IpAddr> = Vec::new();
        for word in text.split(',') {
            let (first, last) = span(word.trim())?;
            let (from, to) = (bits(first), bits(last));
            let many = to.checked_sub(from).ok_or_else(|| SourcesError::Range {
                text: word.to_owned(),
            })?;
            if many + all.len() as u128 >= MOST_SOURCES {
                return Err(SourcesError::TooMany {
                    text: text.to_owned(),
                });
            }
            all.extend((from..=to).map(|bits| address(bits, first.is_ipv4())));
        }
        if let Some(&first) = all.first()
            && let Some(&second) = all.iter().find(|it| it.is_ipv4() != first.is_ipv4())
        {
            return Err(SourcesError::Families { first, second });
        }
        all.sort_unstable();
        all.dedup();
        Ok(Self(all.into()))
    }
}

impl fmt::Display for Sources {
    /// Writes them as runs of neighbours: `127.0.0.2-127.0.0.9,127.0.0.20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(IpAddr, IpAddr)> = Vec::new();
        for &address in self.0.iter() {
            match runs.last_mut() {
                Some((_, last)) if bits(*last).checked_add(1) == Some(bits(address)) => {
                    *last = address;
                }
                _ => runs.push((address, address)),
            }
        }
        for (number, (first, last)) in runs.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{first}")?;
            if first != last {
                write!(f, "-{last}")?;
            }
        }
        Ok(())
    }
}

/// The first and last address that one word means.
fn span(word: &str) -> Result<(IpAddr, IpAddr), SourcesError> {
    let wrong = || SourcesError::Address {
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
        return Err(SourcesError::Range {
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

    fn sources(text: &str) -> Result<Sources, SourcesError> {
        text.parse()
    }

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
                matches!(wrong, Err(SourcesError::Address { .. })),
                "{text}: {wrong:?}"
            );
        }
        for text in ["10.0.0.9-10.0.0.2", "10.0.0.9-::1"] {
            assert!(
                matches!(sources(text), Err(SourcesError::Range { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            sources("10.0.0.0/8"),
            Err(SourcesError::TooMany { .. })
        ));
        assert!(matches!(sources("::/0"), Err(SourcesError::TooMany { .. })));
        assert!(matches!(
            sources("::1,10.0.0.1"),
            Err(SourcesError::Families { .. })
        ));
    }

    #[test]
    fn neighbours_are_written_as_runs_and_read_again() {
        let given = "127.0.0.9,127.0.0.2-127.0.0.4,127.0.0.5,127.0.0.20";
        let sources = sources(given).unwrap();
        assert_eq!(
            sources.to_string(),
            "127.0.0.2-127.0.0.5,127.0.0.9,127.0.0.20"
        );
        assert_eq!(sources.to_string().parse(), Ok(sources.clone()));
        assert_eq!(
            (sources.count(), Sources::default().to_string()),
            (6, String::new())
        );
        let six: Sources = "fd00::/126".parse().unwrap();
        assert_eq!(six.to_string(), "fd00::1-fd00::3");
    }
}
