//! The embedded echo server of wsbench: something to measure that is known to be fast, and something
//! to measure with that is known to be wrong.
//!
//! Plain, it answers each message with the same message, at about the cost of a bare echo loop over
//! TCP: then what a run shows is the floor of instrument and kernel. With a [`Calibration`] it holds
//! answers back for an exact time, stands still, or misbehaves in one of many ways, counted exactly,
//! so that tests can hold the instrument's findings against the truth. It is not a server for
//! production: there is no limit on connections but the system's.
//!
//! The two do not meet: which answering and which pace a thread runs is a type parameter of its loop,
//! chosen once, and the plain one reads no clock and keeps no count of faults.
//!
//! ```
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use wsbench_echo::{Config, Server};
//!
//! let server = Server::bind(&Config::new("127.0.0.1:0".parse().unwrap())).unwrap();
//! assert_ne!(server.local_addr().port(), 0);
//! let stop = AtomicBool::new(false);
//! std::thread::scope(|scope| {
//!     let running = scope.spawn(|| server.run(&stop));
//!     stop.store(true, Ordering::Relaxed);
//!     assert_eq!(running.join().unwrap().connections, 0);
//! });
//! ```
#![forbid(unsafe_code)]

mod answering;
mod broadcasting;
mod bucket;
mod burn;
mod calibration;
mod census;
mod certificate;
mod compression;
mod conduit;
mod config;
mod distribution;
mod fate;
mod fault_injection;
mod in_place;
mod pace;
mod paced;
mod parcel;
mod peer;
mod pinning;
#[cfg(feature = "http2")]
mod preface;
mod server;
mod stats;
mod timer;
mod unfinished;
mod worker;

pub use calibration::{
    BroadcastMode, Calibration, Misbehaviour, ParseMisbehaviourError, Stall, StreamMode,
    TokenBucket,
};
pub use certificate::{Certificate, CertificateError};
pub use config::{Compression, Config};
pub use distribution::TimeDistribution;
pub use server::{BindError, Server};
pub use stats::{Served, ServerStats};
