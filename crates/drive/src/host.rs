//! The machine that the generator runs on: its cores, its limits, and what it has used.
//!
//! Facts only. Whether they spoil a run is judged by `report`; what a system does not tell is
//! left out, never guessed.

mod cores;
mod descriptors;
mod facts;
mod figures;
mod usage;

pub use cores::{cpus, pin_thread};
pub use descriptors::{descriptor_limit, raise_descriptor_limit};
pub use facts::{HostFacts, describe};
pub use usage::{max_rss_bytes, thread_usage};
