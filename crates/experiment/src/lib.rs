//! Many runs with a purpose: repeated, compared, searched, swept and ranked.
//!
//! An experiment decides which run is made next and what the runs amount to together. It makes
//! none itself: it asks a [`runner::Runner`], which is the kernel's sockets in the binary and
//! simulated time in tests (`wsbench-simulate`), so that every experiment can be held to a truth
//! that is known beforehand. How one run is measured and judged is `drive`'s and `judge`'s affair.
#![forbid(unsafe_code)]

pub mod compare;
pub mod find;
pub mod pilot;
pub mod rank;
pub mod repeat;
pub mod runner;
pub mod sweep;
pub mod target;
