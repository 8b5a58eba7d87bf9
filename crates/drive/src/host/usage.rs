//! What this process and its threads have used: CPU, waiting for it, memory.

use std::fs::{self, File};
use std::io::Read;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;

use super::figures::{field, kibibytes};

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
        involuntary_switches: u64::try_from(usage.involuntary_context_switches()).ok(),
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
    let mut file = File::open("/proc/thread-self/schedstat").ok()?;
    // Three numbers of 20 digits at most; read at once, for a generator asks in mid-run.
    let mut text = [0; 64];
    let length = file.read(&mut text).ok()?;
    let text = str::from_utf8(&text[..length]).ok()?;
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
    fn this_process_has_memory() {
        assert!(max_rss_bytes() > 0);
    }
}
