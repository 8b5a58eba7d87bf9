//! How many descriptors this process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that a run needs beside its connections and what each thread takes.
const OTHER_DESCRIPTORS: u64 = 32;

/// Descriptors that this process may have open; `None` where the system does not say.
#[must_use]
pub fn descriptor_limit() -> Option<u64> {
    descriptor_limits().map(|(soft, _)| soft)
}

/// Descriptors that this process may have open, and to how many it may raise that itself.
#[must_use]
pub fn descriptor_limits() -> Option<(u64, u64)> {
    getrlimit(Resource::RLIMIT_NOFILE).ok()
}

/// Descriptors that a run of so many connections and threads needs beside whatever is open
/// already: the connections, and event queues, timers, files and the terminal.
#[must_use]
pub fn descriptors_needed(connections: u32, threads: u32) -> u64 {
    u64::from(connections) + OTHER_DESCRIPTORS + u64::from(threads) * 4
}

/// Raises the soft limit of descriptors to the hard one and returns what is then in force.
pub fn raise_descriptor_limit() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if soft < hard {
        // A refusal leaves the soft limit in force, which is what is returned then.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
    descriptor_limit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_limit_of_descriptors() {
        assert!(descriptor_limit().is_some_and(|limit| limit > 0));
    }
}
