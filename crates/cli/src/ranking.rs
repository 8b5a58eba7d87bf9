//! A ranking on this machine: servers as processes, runs over the kernel, what is done in a file.
//!
//! Which run is made next is `experiment::rank`'s, what the runs amount to `judge::ranking`'s. Here
//! is what lies between: command lines, ports, cores, and a line for whoever waits.

mod install;
mod progress;
mod setting;
mod state;

use std::time::{SystemTime, UNIX_EPOCH};

use wsbench_record::document::rfc3339;

pub(crate) use progress::{Progress, plan_text};
pub(crate) use setting::{Here, preflight};
pub(crate) use state::{Found, StateError, StateFile, digest};

/// The wall clock, RFC 3339 in UTC.
pub(crate) fn now_rfc3339() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock that is set before 1970 is told as that.
    let ms = since.map_or(0, |since| since.as_millis());
    rfc3339(u64::try_from(ms).unwrap_or(u64::MAX))
}
