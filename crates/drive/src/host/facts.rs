//! What the machine says of itself, in files that are cheap to read. Nothing is measured here.

use std::fs;

use super::cores::cpus;
use super::figures::{field, kibibytes};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_described() {
        assert_eq!(describe().cpus, cpus().len());
    }
}
