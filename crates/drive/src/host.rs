//! The machine that the generator runs on: its cores, its limits, and what it has used.
//!
//! Facts only. Whether they spoil a run is judged by `judge`; what a system does not tell is
//! left out, never guessed.

mod cores;
mod descriptors;
mod facts;
mod figures;
mod listener;
mod pressure;
mod probes;
mod process;
mod process_usage;
mod usage;

pub use cores::{cpus, pin_thread, pin_thread_to, wake_on_time};
pub use descriptors::{
    descriptor_limit, descriptor_limits, descriptors_needed, raise_descriptor_limit,
};
pub use facts::{
    HostFacts, IdleStates, NetworkInterface, Throttled, card_speed, describe, local_ports,
    memory_available, stolen_ticks,
};
pub use listener::{ListeningSocket, listeners_at};
pub(crate) use pressure::Counters;
pub use probes::{ClockCost, CopyCost, clock_cost, copy_cost, sleep_lateness};
pub use process::{ProcessFacts, owner_of_socket, process, processes};
pub use process_usage::{
    ProcessStat, ThreadsUsage, process_cpu, process_pss, process_rss, process_stat, threads_usage,
};
pub use usage::{max_rss_bytes, thread_usage};
