//! How a connection is begun: to one address or several in turn, from addresses of this machine in
//! turn, or to a Unix domain socket.
//!
//! One address of this machine has as many connections to one server as there are local ports; with
//! several, each has as many. What becomes of the connection is `link`'s affair.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mio::net::{TcpStream, UnixStream};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use thiserror::Error;
use wsbench_setting::{Field, Text, Told, text};
use wsbench_wire::proxy::Tunnel;

use crate::address::Address;
use crate::ports::{self, PortRange};
use crate::stream::Stream;
use crate::tls::TlsClient;

/// Addresses to come from that are none of this machine's. Found before anything is started.
#[derive(Debug, Error)]
#[error("{}", self.text())]
pub struct SourceError {
    /// The first that is none.
    address: IpAddr,
    source: io::Error,
}

impl Told for SourceError {
    fn text(&self) -> Text {
        let Self { address, source } = self;
        text![
            Field::Sources,
            format!(
                ": connections cannot come from {address} ({source}); `ip addr` lists the \
                 addresses of this machine, and `ip addr add {address}/32 dev lo` adds one"
            ),
        ]
    }
}

/// Makes sure that connections can come from every one of `sources`.
///
/// # Errors
/// [`SourceError`] with the first from which they cannot.
pub fn check_sources(sources: &[IpAddr]) -> Result<(), SourceError> {
    for &address in sources {
        let bound = Socket::new(Domain::for_address((address, 0).into()), Type::STREAM, None)
            .and_then(|socket| bind(&socket, address));
        bound.map_err(|source| SourceError { address, source })?;
    }
    Ok(())
}

/// True if the kernel lets each socket come from a part of the local ports alone, so that it finds one
/// in a short search ([`Dialer::from_ports`]).
///
/// # Errors
/// No socket is to be had.
pub fn can_part_ports() -> io::Result<bool> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    Ok(ports::restrict(&socket, (u16::MAX - 1, u16::MAX)))
}

/// Begins connections, all to one place and by one way.
#[derive(Clone, Debug)]
pub struct Dialer {
    /// Never empty.
    addresses: Vec<Address>,
    /// Index of the next of them.
    next_address: usize,
    sources: Arc<[IpAddr]>,
    next: usize,
    /// The local ports, where they are not left to the kernel's search.
    ports: Option<PortRange>,
    /// With it each connection begins with the opening of a tunnel.
    pub(crate) tunnel: Option<Tunnel>,
    /// With it connections are encrypted.
    pub(crate) tls: Option<TlsClient>,
}

impl Dialer {
    /// Plain connections to `address`, from wherever the kernel chooses.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            addresses: vec![address],
            next_address: 0,
            sources: Arc::new([]),
            next: 0,
            ports: None,
            tunnel: None,
            tls: None,
        }
    }

    /// The same, and to these addresses of the host in turn, for dialer `index` of `count`.
    #[must_use]
    pub fn and_to(mut self, others: &[Address], index: usize, count: usize) -> Self {
        self.addresses.extend_from_slice(others);
        let next_address = index * self.addresses.len() / count.max(1);
        Self {
            next_address,
            ..self
        }
    }

    /// The same from these addresses of this machine in turn, for dialer `index` of `count`: they
    /// begin at different ones, so that few connections are spread as well.
    #[must_use]
    pub fn from_sources(self, sources: Arc<[IpAddr]>, index: usize, count: usize) -> Self {
        let next = index * sources.len() / count.max(1);
        Self {
            sources,
            next,
            ..self
        }
    }

    /// The same from the local ports of `range` (first and last, both included; none: wherever the
    /// kernel finds one), for dialer `index` of `count`. The kernel finds each in a short search,
    /// however many are taken.
    #[must_use]
    pub fn from_ports(self, range: Option<(u16, u16)>, index: usize, count: usize) -> Self {
        let ports = range.map(|range| PortRange::new(range, index, count));
        Self { ports, ..self }
    }

    /// The same through a proxy, which is at the address.
    #[must_use]
    pub fn through(self, tunnel: Option<Tunnel>) -> Self {
        Self { tunnel, ..self }
    }

    /// The same, encrypted.
    #[must_use]
    pub fn encrypted(self, tls: Option<TlsClient>) -> Self {
        Self { tls, ..self }
    }

    /// True if connections are encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Begins a connection.
    ///
    /// # Errors
    /// It could not even be begun: no descriptor, no local port, no route.
    pub(crate) fn dial(&mut self) -> io::Result<Stream> {
        let at = self.next_address;
        self.next_address = (at + 1) % self.addresses.len();
        let address = match &self.addresses[at] {
            Address::Tcp(address) => *address,
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).map_err(UnixError::explained)?;
                return Ok(Stream::Unix(stream));
            }
        };
        let source = self.sources.get(self.next).copied();
        if source.is_some() {
            self.next = (self.next + 1) % self.sources.len();
        }
        let stream = connect(source, &mut self.ports, address)?;
        // A benchmark of round trips must never wait for Nagle's algorithm on its own side.
        stream.set_nodelay(true)?;
        Ok(Stream::Tcp(stream))
    }
}

/// A Unix domain socket that cannot be connected to, in words that fit it: there is no port, and
/// the connect call itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnixError {
    /// The file is there, and nobody listens on it.
    #[error("nobody listens on the socket file: it is left from a server that is gone")]
    Stale,
    /// There is no such file.
    #[error("there is no such socket file; does the server listen at this path?")]
    Missing,
    /// The file may not be written to.
    #[error("permission denied for the socket file; run as its owner, or change its mode")]
    Denied,
    /// Connections wait to be accepted, as many as may (listen(2)).
    #[error("the server's queue is full: it accepts more slowly than connections are opened")]
    Full,
}

impl UnixError {
    /// The error of a connect call with what it means for a Unix domain socket.
    fn explained(error: io::Error) -> io::Error {
        let known = match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Stale,
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::WouldBlock => Self::Full,
            _ => return error,
        };
        io::Error::other(known)
    }
}

/// Parts of the range of ports that are tried before the kernel is let loose on all of it. Only a
/// range that is nearly used up has that many full ones side by side.
const PARTS_TRIED: u16 = 4;

/// Begins a connection to `address`, from `source` if there is one, and from a part of `ports`, of which
/// nothing is left where the kernel cannot tell them apart.
fn connect(
    source: Option<IpAddr>,
    ports: &mut Option<PortRange>,
    address: SocketAddr,
) -> io::Result<TcpStream> {
    if let Some(range) = ports {
        for _ in 0..PARTS_TRIED.min(range.parts()) {
            let socket = socket_for(source, address)?;
            if !ports::restrict(&socket, range.next_part()) {
                // The kernel does not know how, and is not asked again.
                *ports = None;
                return begin(socket, address);
            }
            match begin(socket, address) {
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
                begun => return begun,
            }
        }
    }
    begin(socket_for(source, address)?, address)
}

/// A socket that does not block, bound to `source` if there is one.
fn socket_for(source: Option<IpAddr>, address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    if let Some(source) = source {
        bind(&socket, source)?;
    }
    Ok(socket)
}

fn begin(socket: Socket, address: SocketAddr) -> io::Result<TcpStream> {
    match socket.connect(&SockAddr::from(address)) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

fn is_under_way(error: &io::Error) -> bool {
    let in_progress = nix::errno::Errno::EINPROGRESS as i32;
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(in_progress)
}

/// Binds the socket to the address but to no port yet: the port is then chosen when it connects,
/// where it is enough that the pair of both ends is unique (`IP_BIND_ADDRESS_NO_PORT`, ip(7)).
fn bind(socket: &Socket, source: IpAddr) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
        setsockopt(socket, IpBindAddressNoPort, &true)?;
    }
    socket.bind(&SockAddr::from(SocketAddr::from((source, 0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn sources(addresses: &[&str]) -> Arc<[IpAddr]> {
        addresses.iter().map(|it| it.parse().unwrap()).collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn connections_come_from_each_address_in_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sources = sources(&["127.0.0.2", "127.0.0.3"]);
        check_sources(&sources).unwrap();
        let dialer = Dialer::new(listener.local_addr().unwrap().into());
        let mut dialer = dialer.from_sources(sources, 0, 1);
        let streams: Vec<Stream> = (0..4).map(|_| dialer.dial().unwrap()).collect();
        let from: Vec<String> = streams
            .iter()
            .map(|_| listener.accept().unwrap().1.ip().to_string())
            .collect();
        assert_eq!(from, ["127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn connections_come_from_the_ports_that_were_given() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let given = (40_000, 41_023);
        let sources = sources(&["127.0.0.4"]);
        let dialer = Dialer::new(address.into()).from_sources(sources, 0, 1);
        let mut dialer = dialer.from_ports(Some(given), 0, 1);
        let knows = ports::restrict(&socket_for(None, address).unwrap(), given);
        let streams: Vec<Stream> = (0..8).map(|_| dialer.dial().unwrap()).collect();
        let mut from: Vec<u16> = streams
            .iter()
            .map(|_| listener.accept().unwrap().1.port())
            .collect();
        from.sort_unstable();
        if knows {
            // Four parts of 256 ports, two of each: none has another's turn.
            let parts: Vec<u16> = from.iter().map(|port| (port - given.0) / 256).collect();
            assert_eq!(parts, [0, 0, 1, 1, 2, 2, 3, 3], "{from:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn where_all_of_a_range_is_taken_the_kernel_chooses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let dialer = Dialer::new(listener.local_addr().unwrap().into());
        let dialer = dialer.from_sources(sources(&["127.0.0.5"]), 0, 1);
        let mut dialer = dialer.from_ports(Some((45_000, 45_001)), 0, 1);
        let streams: Vec<Stream> = (0..6).map(|_| dialer.dial().unwrap()).collect();
        let from: std::collections::BTreeSet<u16> = streams
            .iter()
            .map(|_| listener.accept().unwrap().1.port())
            .collect();
        assert_eq!(from.len(), 6, "{from:?}");
    }

    #[test]
    fn workers_begin_at_different_addresses() {
        let sources = sources(&["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]);
        let begin = |worker| {
            let dialer = Dialer::new(Address::Tcp(([127, 0, 0, 1], 1).into()));
            dialer.from_sources(sources.clone(), worker, 2).next
        };
        assert_eq!((begin(0), begin(1)), (0, 2));
    }

    #[test]
    fn connections_go_to_each_address_in_turn() {
        let listeners: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let addresses = listeners.iter().map(|it| it.local_addr().unwrap().into());
        let addresses: Vec<Address> = addresses.collect();
        let dialer = |index| Dialer::new(addresses[0].clone()).and_to(&addresses[1..], index, 2);
        let (mut first, mut second) = (dialer(0), dialer(1));
        let mut streams: Vec<Stream> = (0..3).map(|_| first.dial().unwrap()).collect();
        assert_eq!(second.next_address, 1, "another dialer begins at another");
        streams.extend((0..3).map(|_| second.dial().unwrap()));
        for listener in &listeners {
            listener.set_nonblocking(true).unwrap();
            let accepted = std::iter::from_fn(|| listener.accept().ok()).count();
            assert_eq!(accepted, 2, "of {}", streams.len());
        }
    }

    #[test]
    fn a_unix_socket_tells_at_once_what_is_wrong_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let path: Arc<std::path::Path> = directory.path().join("s").into();
        let mut dialer = Dialer::new(Address::Unix(path.clone()));
        let told = |dialer: &mut Dialer| {
            let error = dialer.dial().unwrap_err();
            *error
                .get_ref()
                .unwrap()
                .downcast_ref::<UnixError>()
                .unwrap()
        };
        assert_eq!(told(&mut dialer), UnixError::Missing);
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(dialer.dial().unwrap().is_connected().unwrap());
        drop(listener);
        assert_eq!(told(&mut dialer), UnixError::Stale);
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        // TEST-NET-3 (RFC 5737) is nobody's.
        let error = check_sources(&sources(&["127.0.0.1", "203.0.113.9"])).unwrap_err();
        assert!(error.to_string().contains("203.0.113.9"), "{error}");
    }
}
