//! What the machine says of itself, in files that are cheap to read. Nothing is measured here.
//!
//! Sources are Linux's `/proc` and `/sys` (kernel documentation: admin-guide/sysctl/net,
//! networking/ip-sysctl, admin-guide/pm/cpufreq). Where a file is missing the fact is absent.

use std::collections::BTreeSet;
use std::fs;

use wsbench_transport::dial::can_part_ports;

use super::cores::cpus;
use super::descriptors::descriptor_limits;
use super::figures::{field, kibibytes, number, word};

/// Facts that the machine tells of itself.
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
    /// True if each connection can come from a small part of them ([`can_part_ports`]); absent where
    /// no socket was to be had.
    pub parted_ports: Option<bool>,
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
    /// Source that the kernel's clock reads, such as `tsc`.
    pub clock_source: Option<String>,
    /// Frequency governors in force on any core, in alphabetical order; empty where there are none.
    pub governors: Vec<String>,
    /// True where cores may run above their nominal frequency for a while.
    pub turbo: Option<bool>,
    /// True where two hardware threads share a core anywhere.
    pub smt: Option<bool>,
    /// True where this is a virtual machine, by the processor's own flag.
    pub hypervisor: Option<bool>,
    /// Share of all CPU time since boot that the hypervisor gave to others, 0.0 to 1.0.
    pub steal_share: Option<f64>,
    /// Cores' worth of CPU that this process's control group may use; absent without a limit.
    pub cpu_quota: Option<f64>,
    /// Enforcement periods of that limit, and in how many of them the group stood still, since the
    /// group was made; absent where the system does not count them.
    pub throttled: Option<Throttled>,
    /// Memory nodes (NUMA); absent where the system does not say.
    pub numa_nodes: Option<u32>,
    /// Idle states that a core may sleep in; absent where none are told.
    pub idle: Option<IdleStates>,
    /// Network interfaces that are up, without loopback.
    pub interfaces: Vec<NetworkInterface>,
    /// Runnable tasks, averaged over the last minute.
    pub load_1m: Option<f64>,
    /// Memory that can still be had without swapping, bytes.
    pub memory_available_bytes: Option<u64>,
    /// Swap in use, bytes.
    pub swap_used_bytes: Option<u64>,
    /// True where the processor promises fast string copies (`erms` and `fsrm`), which makes the C
    /// library copy with them; some are slow at it.
    pub fast_strings: Option<bool>,
}

/// Number of times that a control group has used its share of CPU up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttled {
    /// Periods in which it wanted to run.
    pub periods: u64,
    /// Periods of those in which it was stopped until the next.
    pub throttled: u64,
}

/// The idle states of the first core.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdleStates {
    /// The kernel's driver for them, such as `intel_idle`.
    pub driver: String,
    /// Time that leaving the deepest one that is enabled takes, µs.
    pub slowest_exit_us: u64,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its speed, Mbit/s; absent where it does not say, as virtual ones do not.
    pub mbit_per_s: Option<u64>,
    /// Queues that it receives into, each with an interrupt of its own.
    pub receive_queues: u32,
}

/// Facts that the machine tells of itself.
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
        ports: local_ports(),
        parted_ports: can_part_ports().ok(),
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
        throttled: throttled(),
        numa_nodes: word("/sys/devices/system/node/online").and_then(|list| members(&list)),
        idle: idle_states(),
        interfaces: interfaces(),
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

/// First and last of the ports that connections of this machine come from, both included; none where
/// the system does not say. The range serves IPv6 as well, whatever its name says.
#[must_use]
pub fn local_ports() -> Option<(u16, u16)> {
    port_range(&fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?)
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

/// The counts of the same group, whose names both versions share.
fn throttled() -> Option<Throttled> {
    let group = "/sys/fs/cgroup";
    let paths = [format!("{group}/cpu.stat"), format!("{group}/cpu/cpu.stat")];
    let stat = paths
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())?;
    throttled_of(&stat)
}

fn throttled_of(stat: &str) -> Option<Throttled> {
    let of = |name: &str| {
        let mut lines = stat.lines().filter_map(|line| line.split_once(' '));
        let (_, figure) = lines.find(|(key, _)| *key == name)?;
        figure.trim().parse().ok()
    };
    Some(Throttled {
        periods: of("nr_periods")?,
        throttled: of("nr_throttled")?,
    })
}

/// Number of members that a list of the kernel's names: `0-3,8` are five.
fn members(list: &str) -> Option<u32> {
    list.trim()
        .split(',')
        .map(|part| match part.split_once('-') {
            Some((first, last)) => {
                let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
                last.checked_sub(first)?.checked_add(1)
            }
            None => part.parse::<u32>().ok().map(|_| 1),
        })
        .sum()
}

/// The idle states of the first core (admin-guide/pm/cpuidle): `POLL` is none, for it is left at
/// once.
fn idle_states() -> Option<IdleStates> {
    let driver = word("/sys/devices/system/cpu/cpuidle/current_driver")?;
    let states = fs::read_dir("/sys/devices/system/cpu/cpu0/cpuidle").ok()?;
    let exits = states.flatten().filter_map(|state| {
        let state = state.path().display().to_string();
        let is_disabled = number(&format!("{state}/disable")) == Some(1);
        number(&format!("{state}/latency")).filter(|_| !is_disabled)
    });
    Some(IdleStates {
        driver,
        slowest_exit_us: exits.max()?,
    })
}

/// The interfaces that are up, by name.
fn interfaces() -> Vec<NetworkInterface> {
    let Ok(all) = fs::read_dir("/sys/class/net") else {
        return Vec::new();
    };
    let mut up: Vec<NetworkInterface> = all
        .flatten()
        .filter_map(|entry| {
            let path = entry.path().display().to_string();
            let name = entry.file_name().to_string_lossy().into_owned();
            word(&format!("{path}/operstate")).filter(|state| state == "up")?;
            let queues = fs::read_dir(format!("{path}/queues")).ok()?.flatten();
            let receiving =
                queues.filter(|queue| queue.file_name().to_string_lossy().starts_with("rx-"));
            Some(NetworkInterface {
                name,
                mbit_per_s: number(&format!("{path}/speed")),
                receive_queues: receiving.count() as u32,
            })
        })
        .collect();
    up.sort_by(|a, b| a.name.cmp(&b.name));
    up
}

/// The speed of a card in each direction, Mbit/s; `None` of interfaces that are no card (bridges, tunnels and
/// pairs may tell a speed that nothing holds them to), and of cards that do not tell it.
#[must_use]
pub fn card_speed(name: &str) -> Option<u64> {
    let path = format!("/sys/class/net/{name}");
    fs::metadata(format!("{path}/device")).ok()?;
    number(&format!("{path}/speed")).filter(|speed| *speed > 0)
}

/// Memory that processes may take without anything else giving way, bytes; `None` where the system does
/// not say.
#[must_use]
pub fn memory_available() -> Option<u64> {
    let memory = std::fs::read_to_string("/proc/meminfo").ok()?;
    known_kibibytes(&memory, "MemAvailable")
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
        let stat = "nr_periods 40\nnr_throttled 7\nthrottled_usec 12\n";
        let throttled = Throttled {
            periods: 40,
            throttled: 7,
        };
        assert_eq!(throttled_of(stat), Some(throttled));
        assert_eq!(throttled_of("usage_usec 1\n"), None);
        assert_eq!(members("0-3,8\n"), Some(5));
        assert_eq!(members("3-1"), None);
        let flags = processor_flags("model\t: 1\nflags\t\t: fpu erms\n").unwrap();
        assert!(flags.contains("erms") && !flags.contains("fsrm"));
    }
}
