//! What the machine says of itself, in files that are cheap to read. Nothing is measured here.
//!
//! Sources are Linux's `/proc` and `/sys` (kernel documentation: admin-guide/sysctl/net,
//! networking/ip-sysctl, admin-guide/pm/cpufreq). Where a file is missing the fact is absent.

use std::collections::BTreeSet;
use std::fs;

use super::cores::cpus;
use super::descriptors::descriptor_limits;
use super::figures::{field, kibibytes, number, word};

/// What the machine says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// Descriptors that this process may have open, and to how many it may raise that.
    pub descriptors: Option<(u64, u64)>,
    /// First and last local port, both included.
    pub ports: Option<(u16, u16)>,
    /// Longest queue of connections that a listener may have waiting.
    pub somaxconn: Option<u64>,
    /// Half-open connections that a listener may have.
    pub max_syn_backlog: Option<u64>,
    /// `tcp_tw_reuse`: 0 off, 1 on, 2 on loopback only.
    pub time_wait_reuse: Option<u64>,
    /// Sockets in TIME-WAIT now, whose ports are taken.
    pub time_wait: Option<u64>,
    /// Connections that the firewall tracks now, and how many it can.
    pub conntrack: Option<(u64, u64)>,
    /// What the kernel's clock reads, such as `tsc`.
    pub clock_source: Option<String>,
    /// Frequency governors in force on any core, in alphabetical order; empty where there are none.
    pub governors: Vec<String>,
    /// Whether cores may run above their nominal frequency for a while.
    pub turbo: Option<bool>,
    /// Whether two hardware threads share a core anywhere.
    pub smt: Option<bool>,
    /// Whether this is a virtual machine, by the processor's own flag.
    pub hypervisor: Option<bool>,
    /// Share of all CPU time since boot that the hypervisor gave to others, 0.0 to 1.0.
    pub steal_share: Option<f64>,
    /// Cores' worth of CPU that this process's control group may use; absent without a limit.
    pub cpu_quota: Option<f64>,
    /// Runnable tasks, averaged over the last minute.
    pub load_1m: Option<f64>,
    /// Memory that can still be had without swapping, bytes.
    pub memory_available_bytes: Option<u64>,
    /// Swap in use, bytes.
    pub swap_used_bytes: Option<u64>,
    /// Whether the processor promises fast string copies (`erms` and `fsrm`), which makes the C
    /// library copy with them; some are slow at it.
    pub fast_strings: Option<bool>,
}

/// What the machine says of itself.
#[must_use]
pub fn describe() -> HostFacts {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = nix::sys::utsname::uname()
        .map(|name| name.release().to_string_lossy().into_owned())
        .unwrap_or_default();
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let flags = processor_flags(&cpu);
    let flag = |name: &str| flags.as_ref().map(|flags| flags.contains(name));
    HostFacts {
        os: std::env::consts::OS.to_owned(),
        kernel,
        cpu_model: field(&cpu, "model name"),
        cpus: cpus().len(),
        memory_bytes: kibibytes(&field(&memory, "MemTotal")) * 1024,
        congestion_control: word("/proc/sys/net/ipv4/tcp_congestion_control").unwrap_or_default(),
        descriptors: descriptor_limits(),
        // The range serves IPv6 as well, whatever its name says.
        ports: port_range(&read("/proc/sys/net/ipv4/ip_local_port_range")),
        somaxconn: number("/proc/sys/net/core/somaxconn"),
        max_syn_backlog: number("/proc/sys/net/ipv4/tcp_max_syn_backlog"),
        time_wait_reuse: number("/proc/sys/net/ipv4/tcp_tw_reuse"),
        time_wait: time_wait(&read("/proc/net/sockstat")),
        conntrack: number("/proc/sys/net/netfilter/nf_conntrack_count")
            .zip(number("/proc/sys/net/netfilter/nf_conntrack_max")),
        clock_source: word("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        governors: governors(),
        turbo: turbo(),
        smt: number("/sys/devices/system/cpu/smt/active").map(|active| active == 1),
        hypervisor: flag("hypervisor"),
        steal_share: stolen_ticks()
            .filter(|(_, all)| *all > 0)
            .map(|(stolen, all)| stolen as f64 / all as f64),
        cpu_quota: cpu_quota(),
        load_1m: word("/proc/loadavg").and_then(|load| load.parse().ok()),
        memory_available_bytes: known_kibibytes(&memory, "MemAvailable"),
        swap_used_bytes: known_kibibytes(&memory, "SwapTotal")
            .zip(known_kibibytes(&memory, "SwapFree"))
            .map(|(total, free)| total.saturating_sub(free)),
        fast_strings: flag("erms").zip(flag("fsrm")).map(|(a, b)| a && b),
    }
}

/// The flags of the first processor; `None` where they are called otherwise.
fn processor_flags(cpu: &str) -> Option<BTreeSet<&str>> {
    let line = cpu.lines().find(|line| line.starts_with("flags"))?;
    let (_, flags) = line.split_once(':')?;
    Some(flags.split_whitespace().collect())
}

/// First and last port of a range as the kernel writes it, both included.
fn port_range(range: &str) -> Option<(u16, u16)> {
    let mut ends = range.split_whitespace().map(str::parse);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    (first <= last).then_some((first, last))
}

/// The figure `tw` of the line `TCP:`.
fn time_wait(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find(|line| line.starts_with("TCP:"))?;
    let mut words = line.split_whitespace().skip_while(|word| *word != "tw");
    words.nth(1)?.parse().ok()
}

/// The governors of all cores that have one.
fn governors() -> Vec<String> {
    let governor = |cpu| {
        word(&format!(
            "/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"
        ))
    };
    let distinct: BTreeSet<String> = cpus().into_iter().filter_map(governor).collect();
    distinct.into_iter().collect()
}

/// Intel's driver says when turbo is off, the others when boost is on.
fn turbo() -> Option<bool> {
    number("/sys/devices/system/cpu/intel_pstate/no_turbo")
        .map(|off| off == 0)
        .or_else(|| number("/sys/devices/system/cpu/cpufreq/boost").map(|on| on == 1))
}

/// CPU time of the whole machine since boot: stolen by the hypervisor, and in all, in ticks.
#[must_use]
pub fn stolen_ticks() -> Option<(u64, u64)> {
    stolen_of(&fs::read_to_string("/proc/stat").ok()?)
}

/// The figures of the line `cpu`, which is of all cores: user, nice, system, idle, iowait, irq,
/// softirq, steal (proc(5)). Those that follow are counted among them.
fn stolen_of(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .map_while(|figure| figure.parse().ok())
        .collect();
    (ticks.len() == 8).then(|| (ticks[7], ticks.iter().sum()))
}

/// The limit of the control group, by version 2 or 1. That of the group at the mount's root is
/// read, which is this process's own inside a container.
fn cpu_quota() -> Option<f64> {
    let group = "/sys/fs/cgroup";
    if let Ok(limit) = fs::read_to_string(format!("{group}/cpu.max")) {
        let (quota, period) = limit.trim().split_once(' ')?;
        return Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?);
    }
    // Minus one, which is no number here, stands for no limit.
    let quota = number(&format!("{group}/cpu/cpu.cfs_quota_us"))?;
    let period = number(&format!("{group}/cpu/cpu.cfs_period_us")).filter(|span| *span > 0)?;
    Some(quota as f64 / period as f64)
}

fn known_kibibytes(text: &str, name: &str) -> Option<u64> {
    let figure = field(text, name);
    (!figure.is_empty()).then(|| kibibytes(&figure) * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_described() {
        let facts = describe();
        assert_eq!(facts.cpus, cpus().len());
        if cfg!(target_os = "linux") {
            assert!(facts.memory_available_bytes <= Some(facts.memory_bytes));
            assert!(facts.ports.is_some_and(|(first, last)| first < last));
            assert!(facts.load_1m.is_some() && facts.somaxconn.is_some());
        }
    }

    #[test]
    fn the_kernels_words_are_read() {
        assert_eq!(port_range("32768\t60999\n"), Some((32_768, 60_999)));
        assert_eq!(port_range("5\n"), None);
        assert_eq!(port_range("9 5"), None);
        let sockstat = "sockets: used 90\nTCP: inuse 4 orphan 0 tw 17 alloc 5 mem 1\n";
        assert_eq!(time_wait(sockstat), Some(17));
        let stat = "cpu  10 0 20 60 0 0 5 5 9 0\ncpu0 1\n";
        assert_eq!(stolen_of(stat), Some((5, 100)));
        assert_eq!(stolen_of("cpu  10 0\n"), None);
        let flags = processor_flags("model\t: 1\nflags\t\t: fpu erms\n").unwrap();
        assert!(flags.contains("erms") && !flags.contains("fsrm"));
    }
}
