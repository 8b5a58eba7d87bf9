//! The load and the measurement of wsbench, sans-IO and deterministic for a seed.
//!
//! Everything here is given bytes and `now`; it asks for neither. That is what lets a whole
//! benchmark run on simulated time in a test, and what keeps the figures independent of the
//! engine that carries the bytes.
#![forbid(unsafe_code)]

pub mod arrival;
pub mod bits;
pub mod compression;
pub mod context;
pub mod corpus;
pub mod exchange;
pub mod failure;
pub mod fanout;
pub mod histogram;
pub mod identity;
pub mod lag;
pub mod message;
pub mod meter;
pub mod nanos;
pub mod pairing;
pub mod plan;
pub mod quota;
pub mod result;
pub mod route;
mod seconds;
pub mod secret;
pub mod send_gaps;
pub mod series;
pub mod session;
pub mod settling;
pub mod speech;
pub mod splitter;
pub mod tally;
pub mod template;
mod upkeep;
