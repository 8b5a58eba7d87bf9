//! Out of descriptors: the server waits for some to come free, and loses nobody.
//!
//! A file of its own, for the limit is the whole process's.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use wsbench_echo::{Config, Server};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// A ping, masked with zeros, and its pong.
const PING: &[u8] = b"\x89\x82\0\0\0\0hi";
const PONG: &[u8] = b"\x8a\x02hi";

/// The number that the next descriptor gets: the lowest that is free (open(2)). The limit is on that
/// number, not on how many there are.
fn next_descriptor() -> u64 {
    let probe = std::fs::File::open("/dev/null").unwrap();
    u64::try_from(probe.as_raw_fd()).unwrap()
}

#[test]
fn connections_beyond_the_limit_are_served_once_there_is_room() {
    let server = Server::bind(&Config::new("127.0.0.1:0".parse().unwrap())).unwrap();
    let address = server.local_addr();
    // They connect before the server runs: the kernel keeps them until they are accepted.
    let clients: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut client = TcpStream::connect(address).unwrap();
            client
                .set_read_timeout(Some(Duration::from_secs(30)))
                .unwrap();
            client.write_all(REQUEST).unwrap();
            client.write_all(PING).unwrap();
            client
        })
        .collect();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, next_descriptor() + 4, hard).unwrap();
    let stop = AtomicBool::new(false);
    let stats = std::thread::scope(|scope| {
        let running = scope.spawn(|| server.run(&stop));
        for mut client in clients {
            let mut received = Vec::new();
            while !received.ends_with(PONG) {
                let mut piece = [0; 512];
                let count = client.read(&mut piece).unwrap();
                assert_ne!(count, 0, "the server ended the connection");
                received.extend_from_slice(&piece[..count]);
            }
        }
        stop.store(true, Ordering::Relaxed);
        running.join().unwrap()
    });
    assert_eq!((stats.connections, stats.upgraded), (20, 20));
    assert!(
        stats.accept_pauses > 0,
        "the limit was never met: {stats:?}"
    );
    assert!(stats.peak_connections < 20, "{stats:?}");
}
