//! Threads, sockets and clocks of wsbench: the engines that carry a load out.
//!
//! It moves bytes by way of `wsbench-transport` and reads clocks; what the bytes mean is decided in
//! `wsbench-load`.
#![deny(unsafe_code)]

mod alarm;
pub mod blocking_client;
pub mod clock;
mod collector;
pub mod coordination;
pub mod crew;
pub mod engine;
pub mod examiner;
mod handover;
pub mod host;
mod loop_statistics;
mod loss;
#[cfg(feature = "http2")]
mod multiplexed;
mod part;
pub mod port;
mod pulse;
pub mod readiness;
pub mod relay;
pub mod resolve;
pub mod run;
mod running;
mod schedule;
mod share;
mod shared;
mod slices;
mod slot;
pub mod stamps;
mod timer;
pub mod tls;
mod warming;
mod worker;
