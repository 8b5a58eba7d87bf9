//! The server to run, as whoever starts it says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use wsbench_wire::deflate::Wish;

use crate::calibration::Calibration;
use crate::certificate::Certificate;

/// The server to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address to listen at; port 0 takes a free one.
    pub address: SocketAddr,
    /// The Unix domain socket to listen on in place of any address. A file that is left there from a
    /// server that is gone gives way, and the server removes its own in the end.
    pub unix_socket: Option<PathBuf>,
    /// Threads, each with a loop and connections of its own. At least 1.
    pub threads: usize,
    /// Cores to hold the threads on, in turn; empty when the scheduler chooses.
    pub cpus: Vec<usize>,
    /// Connections that may wait to be accepted; the system lowers it to its own limit.
    pub backlog: u32,
    /// Octets of the longest message accepted; longer ones end the connection with code 1009.
    pub max_message: u64,
    /// Octets that messages which are not complete may take, over all connections; whoever sends more
    /// is turned away with code 1013.
    pub max_unfinished: u64,
    /// Time within which a client has to have asked for the upgrade, TLS included; whoever has not is
    /// dropped.
    pub handshake_timeout: Duration,
    /// Compression to grant where a client offers it; `None` declines.
    pub compression: Option<Compression>,
    /// Certificate that the server shows over TLS; `None` is a plain server.
    pub certificate: Option<Certificate>,
    /// Deviations from a plain echo.
    pub calibration: Calibration,
}

/// Compression to grant (permessage-deflate, RFC 7692).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// Wish that is asked of both sides beside what the client asks for.
    pub wish: Wish,
    /// Level at which answers are compressed, 0 (not at all) to 9 (smallest).
    pub level: u32,
}

impl Default for Compression {
    /// Whatever the client asks for, at zlib's default level.
    fn default() -> Self {
        Self {
            wish: Wish::default(),
            level: 6,
        }
    }
}

impl Config {
    /// A plain echo on one thread, for messages of up to 64 MiB.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            unix_socket: None,
            threads: 1,
            cpus: Vec::new(),
            backlog: 16 * 1024,
            max_message: 64 << 20,
            max_unfinished: 1 << 30,
            handshake_timeout: Duration::from_secs(10),
            compression: None,
            certificate: None,
            calibration: Calibration::default(),
        }
    }
}
