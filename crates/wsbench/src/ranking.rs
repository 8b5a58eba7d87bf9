//! A ranking on this machine: servers as processes, runs over the kernel, what is done in a file.
//!
//! Which run is made next is `experiment::rank`'s, what the runs amount to `judge::ranking`'s. Here
//! is what lies between: command lines, ports, cores.

mod install;
mod state;
mod testbed;

use std::time::{SystemTime, UNIX_EPOCH};

use wsbench_record::document::rfc3339;

pub use install::Installing;
pub use state::{InterruptedRanking, StateError, StateFile, digest};
pub use testbed::{Circumstances, LocalTestbed, preflight};

/// The wall clock, RFC 3339 in UTC.
pub fn now_rfc3339() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock that is set before 1970 is told as that.
    let ms = since.map_or(0, |since| since.as_millis());
    rfc3339(u64::try_from(ms).unwrap_or(u64::MAX))
}
