//! Threads, sockets and clocks of wsbench: the engines that carry a load out.
//!
//! The only crate besides the echo server that knows a socket. It moves bytes and reads clocks;
//! what the bytes mean is decided in `wsbench-load`.
#![deny(unsafe_code)]

pub mod address;
mod alarm;
pub mod clock;
mod collector;
pub mod dial;
pub mod engine;
pub mod examiner;
mod handover;
pub mod host;
mod line;
mod loss;
#[cfg(feature = "http2")]
mod multiplexed;
pub mod port;
mod pulse;
pub mod readiness;
pub mod resolve;
pub mod run;
mod schedule;
mod shared;
pub mod simulated;
mod slices;
mod slot;
pub mod stamps;
mod timer;
pub mod tls;
mod turns;
pub mod visit;
mod warming;
mod worker;
