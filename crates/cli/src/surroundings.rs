//! What a plan depends on beside the flags.

use wsbench_drive::host;

/// Surroundings that a plan depends on beside the flags, so that the same flags can be tested on
/// any machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Cores that this process may use, in rising order; at least one.
    pub(crate) cpus: Vec<usize>,
    /// The seed when none is given.
    pub(crate) random_seed: u64,
}

impl Surroundings {
    /// This machine, and a fresh seed.
    pub(crate) fn here() -> Self {
        Self {
            cpus: host::cpus(),
            // 32 bits are enough to differ, short enough to be typed, exact in any JSON reader.
            random_seed: u64::from(fastrand::u32(..)),
        }
    }
}
