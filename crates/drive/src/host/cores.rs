//! Which cores this process may use, how a thread is tied to one, and that it wakes on time.

/// Cores that this process may use, by number.
#[cfg(target_os = "linux")]
#[must_use]
pub fn cpus() -> Vec<usize> {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;
    match sched_getaffinity(Pid::from_raw(0)) {
        Ok(set) => (0..CpuSet::count())
            .filter(|&cpu| set.is_set(cpu) == Ok(true))
            .collect(),
        Err(_) => counted_cpus(),
    }
}

/// Cores of this machine, by number.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn cpus() -> Vec<usize> {
    counted_cpus()
}

fn counted_cpus() -> Vec<usize> {
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

/// Pins the calling thread to one core; says whether that worked.
pub fn pin_thread(cpu: usize) -> bool {
    pin_thread_to(&[cpu])
}

/// Pins the calling thread, and what it will start, to these cores; says whether that worked.
#[cfg(target_os = "linux")]
pub fn pin_thread_to(cpus: &[usize]) -> bool {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;
    let mut set = CpuSet::new();
    cpus.iter().all(|cpu| set.set(*cpu).is_ok())
        && sched_setaffinity(Pid::from_raw(0), &set).is_ok()
}

/// Pins the calling thread to these cores; this system offers no such thing.
#[cfg(not(target_os = "linux"))]
pub fn pin_thread_to(_cpus: &[usize]) -> bool {
    false
}

/// Has the kernel wake the calling thread when its timers expire, and not up to 50 µs later
/// together with others (prctl(2), `PR_SET_TIMERSLACK`; zero would mean the default).
#[cfg(target_os = "linux")]
pub fn wake_on_time() {
    // Where it is refused the thread wakes later, and the send lag says so.
    let _ = nix::sys::prctl::set_timerslack(1);
}

/// This system wakes threads as it likes.
#[cfg(not(target_os = "linux"))]
pub fn wake_on_time() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_cores() {
        assert!(!cpus().is_empty());
    }
}
