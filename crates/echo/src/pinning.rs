//! Threads held on cores, where the system can.

use std::io;

/// Holds the calling thread on one core.
#[cfg(target_os = "linux")]
pub(crate) fn pin_to(cpu: usize) -> io::Result<()> {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;

    let mut cores = CpuSet::new();
    cores.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cores)?)
}

/// Holds the calling thread on one core: not on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin_to(_: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
