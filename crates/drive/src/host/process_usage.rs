//! What another process has used: CPU, switches, memory, threads; and whose child it is.
//!
//! From Linux's `/proc` (proc(5)) and the process's own CPU clock. The figures of `stat` come in
//! ticks of 10 ms; the clock counts nanoseconds, of all threads, ended ones included. Elsewhere
//! nothing is known of other processes.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use nix::unistd::{Pid, SysconfVar, sysconf};
use wsbench_load::nanos::Nanos;

use super::figures::{field, kibibytes};

/// Facts and use of a process, as far as one line of `/proc` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessStat {
    /// Its parent.
    pub parent: u32,
    /// CPU time in user mode, to the tick.
    pub user: Nanos,
    /// CPU time in the kernel, to the tick.
    pub system: Nanos,
    /// CPU time of its children that have ended and been waited for, and of theirs, to the tick.
    pub children: Nanos,
    /// Start of it, in ticks since boot: with its number it names one process for ever.
    pub began: u64,
}

/// Facts and use of a process; `None` when there is none of this number.
#[must_use]
pub fn process_stat(pid: u32) -> Option<ProcessStat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&text, tick())
}

/// CPU time of a process in all; `None` when there is none of this number.
#[cfg(target_os = "linux")]
#[must_use]
pub fn process_cpu(pid: u32) -> Option<Nanos> {
    use nix::time::{clock_getcpuclockid, clock_gettime};
    let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(pid).ok()?)).ok()?;
    Some(Duration::from(clock_gettime(clock).ok()?).into())
}

/// CPU time of a process in all; other systems are not asked.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn process_cpu(_pid: u32) -> Option<Nanos> {
    None
}

/// Work that the threads of a process have done since they began. Ended ones are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadsUsage {
    /// CPU time of each, by number.
    pub cpu: BTreeMap<u32, Nanos>,
    /// Times that they gave the core up.
    pub voluntary_switches: u64,
    /// Times that it was taken from them.
    pub involuntary_switches: u64,
}

/// Work that the threads of a process have done; empty when there is none of this number.
#[must_use]
pub fn threads_usage(pid: u32) -> ThreadsUsage {
    let mut usage = ThreadsUsage::default();
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    for task in tasks.flatten() {
        let Some(number) = task.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let on_core = read("schedstat");
        let on_core = on_core
            .split_whitespace()
            .next()
            .and_then(|ns| ns.parse().ok());
        usage.cpu.insert(number, Nanos(on_core.unwrap_or(0)));
        let status = read("status");
        let switches = |name| field(&status, name).parse::<u64>().unwrap_or(0);
        usage.voluntary_switches += switches("voluntary_ctxt_switches");
        usage.involuntary_switches += switches("nonvoluntary_ctxt_switches");
    }
    usage
}

/// Resident memory of a process, bytes, shared pages and all. Cheap to ask.
#[must_use]
pub fn process_rss(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    let page = sysconf(SysconfVar::PAGE_SIZE).ok()??;
    Some(pages * u64::try_from(page).ok()?)
}

/// Memory of a process, bytes, where a page that several share counts in part for each. Asking
/// walks its whole memory and holds it up meanwhile.
#[must_use]
pub fn process_pss(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let figure = field(&text, "Pss");
    (!figure.is_empty()).then(|| kibibytes(&figure) * 1024)
}

/// One tick of the kernel's accounting.
fn tick() -> Nanos {
    let per_s = sysconf(SysconfVar::CLK_TCK).ok().flatten();
    let per_s = per_s.and_then(|ticks| u64::try_from(ticks).ok());
    Nanos(1_000_000_000 / per_s.filter(|ticks| *ticks > 0).unwrap_or(100))
}

/// Fields are counted from 1, as proc(5) does; the second, the name in brackets, may hold anything.
fn parse_stat(text: &str, tick: Nanos) -> Option<ProcessStat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = |field| number(field).map(|ticks| Nanos(ticks * tick.0));
    Some(ProcessStat {
        parent: u32::try_from(number(4)?).ok()?,
        user: ticks(14)?,
        system: ticks(15)?,
        children: ticks(16)? + ticks(17)?,
        began: number(22)?,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let line = "7 (a) b (c) S 3 7 7 0 -1 4 1 2 0 0 11 12 13 14 20 0 5 0 900 1 2";
        let stat = parse_stat(line, Nanos::from_millis(10)).unwrap();
        let expected = ProcessStat {
            parent: 3,
            user: Nanos::from_millis(110),
            system: Nanos::from_millis(120),
            children: Nanos::from_millis(270),
            began: 900,
        };
        assert_eq!(stat, expected);
        assert_eq!(parse_stat("7 (a) S 3", tick()), None);
    }

    #[test]
    fn this_process_is_known_to_itself() {
        let me = std::process::id();
        let before = process_cpu(me).unwrap();
        // Other tests may have threads here as well: until one thread has so much, for ten seconds at most.
        let began = std::time::Instant::now();
        let busiest = || threads_usage(me).cpu.values().copied().max();
        let is_known = || process_cpu(me).unwrap() >= before + Nanos::from_millis(5);
        while !(is_known() && busiest() >= Some(Nanos::from_millis(4))) {
            assert!(began.elapsed() < std::time::Duration::from_secs(10));
        }
        let stat = process_stat(me).unwrap();
        assert!(stat.parent > 0 && stat.began > 0);
        let threads = threads_usage(me);
        assert!(threads.cpu.len() >= 2, "the test's thread is not the first");
        let (rss, pss) = (process_rss(me).unwrap(), process_pss(me).unwrap());
        assert!(rss > 1 << 20 && pss > 100 << 10, "{rss} {pss}");
        assert!(process_stat(u32::MAX).is_none() && process_cpu(u32::MAX).is_none());
    }
}
