//! From the target's host to an address, once and before the run.
//!
//! A run talks to one address, unless its plan spreads it. Where a name has several, the first that
//! accepts a connection is taken: `localhost` is often both `::1` and `127.0.0.1`, with a server on one of them only.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Connect, Family, Plan};
use wsbench_load::route::{Place, ProxyProtocol, Target};
use wsbench_setting::{Field, Text, Told, text};
use wsbench_transport::address::Address;
use wsbench_wire::proxy::{Destination, Tunnel};

/// Time that one of several addresses may take to accept, when choosing among them.
const CHOICE_TIMEOUT: Duration = Duration::from_secs(1);

/// Time between two looks whether somebody asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// How long the resolver may take where no plan says it.
const RESOLVED_WITHIN: Nanos = Nanos::from_secs(5);

/// Addresses of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Addresses, the one to use first. Empty only where other machines resolve them.
    pub addresses: Vec<Address>,
    /// Time that the resolver took; `None` for a literal address.
    pub took: Option<Nanos>,
    /// The target's address behind the proxy, where it is resolved here (`socks5://`).
    pub behind_proxy: Option<SocketAddr>,
}

impl Resolved {
    /// Nothing, of a target that other machines resolve.
    #[must_use]
    pub fn elsewhere() -> Self {
        Self {
            addresses: Vec::new(),
            took: None,
            behind_proxy: None,
        }
    }

    /// The opening of the tunnel to the target of `plan`; `None` without a proxy.
    #[must_use]
    pub fn tunnel(&self, plan: &Plan) -> Option<Tunnel> {
        let route = &plan.connect.route;
        let proxy = route.proxy.as_ref()?;
        let Place { host, port } = route.place(&plan.target);
        let destination = match self.behind_proxy {
            Some(address) => Destination::Address(address),
            None => Destination::Name { host, port },
        };
        Some(match proxy.protocol {
            ProxyProtocol::Http => Tunnel::http(&destination, proxy.login()),
            ProxyProtocol::Socks5 | ProxyProtocol::Socks5Name => {
                Tunnel::socks(destination, proxy.login().cloned())
            }
        })
    }
}

/// The host could not be turned into an address.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// The resolver knows no such host, or did not answer.
    #[error("cannot resolve host '{host}': {source}; check the spelling, or give an address")]
    Unknown {
        /// The host as given.
        host: String,
        /// Error of the resolver.
        source: std::io::Error,
    },
    /// The resolver was silent. It is not the spelling.
    #[error(
        "cannot resolve host '{host}': the resolver did not answer within {limit}; look at \
         /etc/resolv.conf, or give an address"
    )]
    Silent {
        /// The host as given.
        host: String,
        /// Time for which it was waited for.
        limit: Nanos,
    },
    /// Somebody asked to stop meanwhile.
    #[error("interrupted while the host's address was looked up")]
    Interrupted,
    /// The host has addresses, but none of the family asked for.
    #[error("{}", no_such_family(host, *asked, *has))]
    NoSuchFamily {
        /// The host as given.
        host: String,
        /// The family asked for: one of the two, and not any.
        asked: Family,
        /// An address that it does have, of the other family.
        has: SocketAddr,
    },
    /// The host has addresses, but none that can be reached from where connections are to come from.
    #[error("{}", other_family_than_source(host, *has, *source_ip))]
    OtherFamilyThanSource {
        /// The host as given.
        host: String,
        /// An address that it has.
        has: SocketAddr,
        /// Address that connections were to come from.
        source_ip: IpAddr,
    },
}

impl Told for ResolveError {
    fn text(&self) -> Text {
        match self {
            Self::NoSuchFamily { host, asked, has } => no_such_family(host, *asked, *has),
            Self::OtherFamilyThanSource {
                host,
                has,
                source_ip,
            } => other_family_than_source(host, *has, *source_ip),
            Self::Unknown { .. } | Self::Silent { .. } | Self::Interrupted => {
                self.to_string().into()
            }
        }
    }
}

fn no_such_family(host: &str, asked: Family, has: SocketAddr) -> Text {
    let (name, asked, other) = if asked == Family::V6 {
        ("IPv6", "v6", "v4")
    } else {
        ("IPv4", "v4", "v6")
    };
    text![
        format!("host '{host}' has no {name} address; it has {has}; drop "),
        Field::Family.with(asked),
        " or use ",
        Field::Family.with(other),
    ]
}

fn other_family_than_source(host: &str, has: SocketAddr, source_ip: IpAddr) -> Text {
    text![
        format!("host '{host}' is at {has}, which cannot be reached from {source_ip} ("),
        Field::Sources,
        "); give addresses of its family",
    ]
}

/// Finds where the connections of `plan` are made to; given up as soon as `is_stopped`.
///
/// # Errors
/// As [`resolve`], and [`ResolveError::Interrupted`].
pub fn find(plan: &Plan, is_stopped: &dyn Fn() -> bool) -> Result<Resolved, ResolveError> {
    let connect = &plan.connect;
    if let Some(path) = &connect.route.unix_socket {
        return Ok(Resolved {
            addresses: vec![Address::Unix(path.clone())],
            took: None,
            behind_proxy: None,
        });
    }
    let target = connect.route.place(&plan.target);
    let proxy = connect.route.proxy.as_ref();
    let behind_proxy = match proxy.map(|proxy| proxy.protocol) {
        Some(ProxyProtocol::Socks5) => {
            let (found, _) = look_up(&target, Family::Any, connect.timeout, is_stopped)?;
            found.first().copied()
        }
        _ => None,
    };
    let place = proxy.map_or(target, |proxy| proxy.place.clone());
    let resolved = locate_from(&place, connect, is_stopped)?;
    Ok(Resolved {
        behind_proxy,
        ..resolved
    })
}

/// Resolves a place for connections that come from where `connect` says.
fn locate_from(
    place: &Place,
    connect: &Connect,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Resolved, ResolveError> {
    let Some(&source) = connect.route.sources.first() else {
        return locate(place, connect.family, connect.timeout, is_stopped);
    };
    // An address to come from decides which addresses can be reached from it.
    let family = if source.is_ipv4() {
        Family::V4
    } else {
        Family::V6
    };
    locate(place, family, connect.timeout, is_stopped).map_err(|error| match error {
        ResolveError::NoSuchFamily { host, has, .. } => ResolveError::OtherFamilyThanSource {
            host,
            has,
            source_ip: source,
        },
        error => error,
    })
}

/// Resolves the target's host and chooses an address.
///
/// # Errors
/// The host is unknown, or has no address of the family asked for.
pub fn resolve(target: &Target, family: Family) -> Result<Resolved, ResolveError> {
    locate(&target.place(), family, RESOLVED_WITHIN, &|| false)
}

fn locate(
    place: &Place,
    family: Family,
    limit: Nanos,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Resolved, ResolveError> {
    let (addresses, took) = look_up(place, family, limit, is_stopped)?;
    let mut addresses: Vec<Address> = addresses.into_iter().map(Address::Tcp).collect();
    choose(&mut addresses);
    Ok(Resolved {
        addresses,
        took,
        behind_proxy: None,
    })
}

/// What `ask` says, or nothing where it says nothing for so long, or until `is_stopped`. The system's
/// resolver has limits of its own, which are longer than anybody waits, and cannot be called off: it is
/// left to itself.
fn within<A: Send + 'static, T: Send + 'static>(
    limit: Nanos,
    is_stopped: &dyn Fn() -> bool,
    about: A,
    ask: impl FnOnce(A) -> T + Send + 'static,
) -> Option<T> {
    let (say, hear) = mpsc::channel();
    thread::spawn(move || {
        // Nobody may be listening any more.
        let _ = say.send(ask(about));
    });
    let until = Instant::now() + Duration::from_nanos(limit.0);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match hear.recv_timeout(left.min(GLANCE)) {
            Ok(said) => return Some(said),
            Err(RecvTimeoutError::Timeout) if !left.is_zero() && !is_stopped() => {}
            Err(_) => return None,
        }
    }
}

/// The addresses of a place, at least one, and how long the resolver took.
fn look_up(
    place: &Place,
    family: Family,
    limit: Nanos,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(Vec<SocketAddr>, Option<Nanos>), ResolveError> {
    let begun = Instant::now();
    let unknown = |source| ResolveError::Unknown {
        host: place.host.clone(),
        source,
    };
    let all = within(limit, is_stopped, place.clone(), |place| {
        let addresses = (place.host.as_str(), place.port).to_socket_addrs();
        addresses.map(Iterator::collect::<Vec<SocketAddr>>)
    });
    let silent = || match is_stopped() {
        true => ResolveError::Interrupted,
        false => ResolveError::Silent {
            host: place.host.clone(),
            limit,
        },
    };
    let all = all.ok_or_else(silent)?.map_err(unknown)?;
    let took = place
        .host
        .parse::<std::net::IpAddr>()
        .is_err()
        .then(|| begun.elapsed().into());
    let Some(&any) = all.first() else {
        return Err(unknown(std::io::ErrorKind::NotFound.into()));
    };
    let wanted = |address: &SocketAddr| match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    };
    let mut addresses: Vec<SocketAddr> = all.into_iter().filter(wanted).collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(ResolveError::NoSuchFamily {
            host: place.host.clone(),
            asked: family,
            has: any,
        });
    }
    Ok((addresses, took))
}

/// Puts the first address that accepts a connection to the front. A single address is not tried:
/// the run itself will tell what is wrong with it.
fn choose(addresses: &mut [Address]) {
    if addresses.len() < 2 {
        return;
    }
    if let Some(index) = first_to_accept(addresses) {
        addresses.swap(0, index);
    }
}

/// Place of the first of the addresses at which somebody accepts a connection.
#[must_use]
pub fn first_to_accept(addresses: &[Address]) -> Option<usize> {
    let accepts = |address: &Address| address.try_out(CHOICE_TIMEOUT).is_ok();
    addresses.iter().position(accepts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_is_silent_is_not_waited_for() {
        let (keep, never) = mpsc::channel::<()>();
        let silent = within(Nanos::from_millis(20), &|| false, never, |never| {
            never.recv()
        });
        assert!(silent.is_none());
        drop(keep);
        let prompt = within(Nanos::from_secs(60), &|| false, 7, |number| number + 1);
        assert_eq!(prompt, Some(8));
    }

    #[test]
    fn whoever_asks_to_stop_does_not_wait_for_the_resolver() {
        let (keep, never) = mpsc::channel::<()>();
        let day = Nanos::from_secs(86_400);
        let silent = within(day, &|| true, never, |never| never.recv());
        assert!(silent.is_none());
        drop(keep);
    }

    use std::net::TcpListener;

    fn target(host: &str, port: u16) -> Target {
        Target {
            host: host.into(),
            port,
            resource: "/".into(),
            secure: false,
        }
    }

    #[test]
    fn localhost_leads_to_the_address_where_the_server_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let resolved = resolve(&target("localhost", port), Family::Any).unwrap();
        assert_eq!(resolved.addresses[0], listener.local_addr().unwrap().into());
        assert!(resolved.took.is_some());
    }

    #[test]
    fn a_literal_address_is_not_looked_up() {
        let resolved = resolve(&target("::1", 9), Family::Any).unwrap();
        assert_eq!(
            resolved.addresses,
            [Address::Tcp("[::1]:9".parse().unwrap())]
        );
        assert_eq!(resolved.took, None);
    }

    #[test]
    fn addresses_of_the_family_alone_are_used() {
        let of = |family| resolve(&target("localhost", 9), family);
        let is_4 = |it: &Address| it.tcp().is_some_and(|address| address.is_ipv4());
        let addresses = of(Family::V4).unwrap().addresses;
        assert!(!addresses.is_empty() && addresses.iter().all(is_4));
        // A machine may have none of the other.
        let of_6 = of(Family::V6).map_or_else(|_| Vec::new(), |it| it.addresses);
        assert!(!of_6.iter().any(is_4), "{of_6:?}");
    }

    #[test]
    fn a_family_that_the_host_lacks_is_named() {
        let error = resolve(&target("127.0.0.1", 9), Family::V6).unwrap_err();
        assert!(matches!(
            error,
            ResolveError::NoSuchFamily {
                asked: Family::V6,
                ..
            }
        ));
    }

    #[test]
    fn an_unknown_host_is_named() {
        let error = resolve(&target("no-such-host.invalid", 9), Family::Any).unwrap_err();
        assert!(matches!(error, ResolveError::Unknown { .. }), "{error}");
    }
}
