//! The machine that the generator runs on: its cores, its limits, and what it has used.
//!
//! Facts only. Whether they spoil a run is judged by `report`; what a system does not tell is
//! left out, never guessed.

use std::fs;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeVal;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;

/// What the machine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// Operating system, such as `linux`.
    pub os: String,
    /// Kernel release.
    pub kernel: String,
    /// Processor model; empty where the system does not say.
    pub cpu_model: String,
    /// Cores that this process may use.
    pub cpus: usize,
    /// Memory in bytes; 0 where the system does not say.
    pub memory_bytes: u64,
    /// TCP congestion control in force; empty where the system does not say.
    pub congestion_control: String,
}

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
#[cfg(target_os = "linux")]
pub fn pin_thread(cpu: usize) -> bool {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;
    let mut set = CpuSet::new();
    set.set(cpu).is_ok() && sched_setaffinity(Pid::from_raw(0), &set).is_ok()
}

/// Pins the calling thread to one core; this system offers no such thing.
#[cfg(not(target_os = "linux"))]
pub fn pin_thread(_cpu: usize) -> bool {
    false
}

/// What the machine says of itself.
#[must_use]
pub fn describe() -> HostFacts {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = nix::sys::utsname::uname()
        .map(|name| name.release().to_string_lossy().into_owned())
        .unwrap_or_default();
    HostFacts {
        os: std::env::consts::OS.to_owned(),
        kernel,
        cpu_model: field(&read("/proc/cpuinfo"), "model name"),
        cpus: cpus().len(),
        memory_bytes: kibibytes(&field(&read("/proc/meminfo"), "MemTotal")) * 1024,
        congestion_control: read("/proc/sys/net/ipv4/tcp_congestion_control")
            .trim()
            .to_owned(),
    }
}

/// Descriptors that this process may have open; `None` where the system does not say.
#[must_use]
pub fn descriptor_limit() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE)
        .ok()
        .map(|(soft, _)| soft)
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

/// CPU time of the calling thread since it began, and how long it was runnable but not running.
#[must_use]
pub fn thread_usage() -> ThreadUsage {
    let Ok(usage) = getrusage(THREAD) else {
        return ThreadUsage::default();
    };
    let (user, system) = (span(usage.user_time()), span(usage.system_time()));
    // The kernel splits by ticks and may lag by one; the thread's own clock is exact.
    let total = thread_clock().unwrap_or(user + system);
    ThreadUsage {
        user: user.min(total),
        system: total - user.min(total),
        run_wait: run_wait(),
        ..ThreadUsage::default()
    }
}

/// CPU time of the calling thread in all, by its own clock; `None` where there is none.
fn thread_clock() -> Option<Nanos> {
    use nix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok()?;
    Some(Duration::from(time).into())
}

#[cfg(target_os = "linux")]
const THREAD: UsageWho = UsageWho::RUSAGE_THREAD;
/// Systems without figures for a thread give those of the process: an upper bound.
#[cfg(not(target_os = "linux"))]
const THREAD: UsageWho = UsageWho::RUSAGE_SELF;

/// The second field of schedstat: nanoseconds spent waiting on a run queue.
fn run_wait() -> Option<Nanos> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok().map(Nanos)
}

/// Peak resident memory of this process in bytes; 0 where the system does not say.
///
/// On Linux from `/proc`, since what `getrusage` gives there begins with the peak of the process
/// that started this one.
#[must_use]
pub fn max_rss_bytes() -> u64 {
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        return kibibytes(&field(&status, "VmHWM")) * 1024;
    }
    // macOS counts bytes here.
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0))
}

/// The value of the first line `name: value`; empty when there is none.
fn field(text: &str, name: &str) -> String {
    text.lines()
        .find(|line| line.starts_with(name))
        .and_then(|line| line.split_once(':'))
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

/// The number of a figure such as `1024 kB`.
fn kibibytes(figure: &str) -> u64 {
    figure
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0)
}

fn span(time: TimeVal) -> Nanos {
    let micros = i128::from(time.tv_sec()) * 1_000_000 + i128::from(time.tv_usec());
    Nanos(u64::try_from(micros * 1_000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_uses_cpu() {
        let before = thread_usage();
        let mut sum = 0_u64;
        while (thread_usage().user + thread_usage().system).0
            < (before.user + before.system).0 + 2_000_000
        {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }

    #[test]
    fn the_machine_has_cores_and_a_limit_of_descriptors() {
        assert!(!cpus().is_empty());
        assert!(descriptor_limit().is_some_and(|limit| limit > 0));
        assert!(max_rss_bytes() > 0);
        assert_eq!(describe().cpus, cpus().len());
    }
}
