//! Listening sockets of this machine, asked of the kernel: how many connections may wait to be
//! accepted is in no file of `/proc`.
//!
//! The question is one of `sock_diag` (sock_diag(7), `linux/inet_diag.h`), put as bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A listening TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListeningSocket {
    /// Address at which it listens.
    pub address: SocketAddr,
    /// Connections that wait to be accepted.
    pub waiting: u32,
    /// Connections that may wait: the least of what the server asked for and `somaxconn`.
    pub backlog: u32,
    /// The socket's inode, by which its process is found.
    pub inode: u32,
}

/// The listening sockets that a connection to `address` may end up at; empty where there are none
/// or the kernel does not tell.
#[must_use]
pub fn listeners_at(address: SocketAddr) -> Vec<ListeningSocket> {
    let families = [AddressFamily::V4, AddressFamily::V6];
    let mut found: Vec<ListeningSocket> = families
        .into_iter()
        .flat_map(|family| ask(family).unwrap_or_default())
        .collect();
    let target = address.ip().to_canonical();
    found.retain(|listener| {
        let at = listener.address.ip().to_canonical();
        listener.address.port() == address.port() && (at == target || at.is_unspecified())
    });
    found
}

#[derive(Clone, Copy)]
enum AddressFamily {
    V4,
    V6,
}

/// A header of netlink (`struct nlmsghdr`), bytes.
const HEADER: usize = 16;
/// Type of the question and of each part of the answer: `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// A request for all that fits: `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// `TCP_LISTEN` as a bit of a set of states.
const LISTEN: u32 = 1 << 10;

/// The question for all listeners: `struct nlmsghdr`, then `struct inet_diag_req_v2`.
fn question(family: AddressFamily) -> Vec<u8> {
    const LENGTH: usize = HEADER + 8 + 48;
    let family = match family {
        AddressFamily::V4 => 2,  // AF_INET
        AddressFamily::V6 => 10, // AF_INET6
    };
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend((LENGTH as u32).to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(DUMP.to_ne_bytes());
    bytes.extend([0; 8]); // sequence number and port: any
    bytes.extend([family, 6, 0, 0]); // IPPROTO_TCP, nothing beside the fixed part
    bytes.extend(LISTEN.to_ne_bytes());
    bytes.resize(LENGTH, 0); // any address, any port
    bytes
}

#[cfg(target_os = "linux")]
fn ask(family: AddressFamily) -> nix::Result<Vec<ListeningSocket>> {
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
    };
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    )?;
    send(socket.as_raw_fd(), &question(family), MsgFlags::empty())?;
    let mut listeners = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        if !take_answers(&buffer[..length], &mut listeners) {
            return Ok(listeners);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn ask(_family: AddressFamily) -> nix::Result<Vec<ListeningSocket>> {
    Ok(Vec::new())
}

/// Reads the parts of an answer; says whether more are to come.
fn take_answers(mut bytes: &[u8], listeners: &mut Vec<ListeningSocket>) -> bool {
    if bytes.is_empty() {
        return false;
    }
    while let Some(length) = u32_at(bytes, 0).map(|length| length as usize) {
        // The end, an error, or what is no netlink.
        let kind = bytes
            .get(4..6)
            .map(|kind| u16::from_ne_bytes([kind[0], kind[1]]));
        if kind != Some(BY_FAMILY) || length < HEADER || length > bytes.len() {
            return false;
        }
        listeners.extend(listener(&bytes[HEADER..length]));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    true
}

/// Reads one `struct inet_diag_msg`: family, state, timer, retransmissions, the socket's identity
/// of 48 bytes, expiry, both queues, user and inode.
fn listener(bytes: &[u8]) -> Option<ListeningSocket> {
    const ADDRESS: usize = 8;
    let port = u16::from_be_bytes([*bytes.get(4)?, *bytes.get(5)?]);
    let ip = if bytes[0] == 2 {
        let octets: [u8; 4] = bytes.get(ADDRESS..ADDRESS + 4)?.try_into().ok()?;
        IpAddr::V4(Ipv4Addr::from(octets))
    } else {
        let octets: [u8; 16] = bytes.get(ADDRESS..ADDRESS + 16)?.try_into().ok()?;
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    Some(ListeningSocket {
        address: SocketAddr::new(ip, port),
        waiting: u32_at(bytes, 56)?,
        backlog: u32_at(bytes, 60)?,
        inode: u32_at(bytes, 68)?,
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_found_with_its_backlog() {
        use socket2::{Domain, Socket, Type};

        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any_port: SocketAddr = "127.0.0.1:0".parse().unwrap();
        socket.bind(&any_port.into()).unwrap();
        socket.listen(17).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let found = listeners_at(address);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].address, found[0].backlog), (address, 17));
        assert_eq!(found[0].waiting, 0);
        drop(socket);
        assert_eq!(listeners_at(address), []);
    }

    #[test]
    fn what_is_cut_short_is_no_listener() {
        assert_eq!(listener(&[2; 20]), None);
        let mut none = Vec::new();
        assert!(!take_answers(&[0; 10], &mut none));
        assert!(!take_answers(&[255; 40], &mut none));
        assert!(none.is_empty());
    }
}
