//! The machine that a run was measured on, as far as it bears on the figures.
//!
//! It is told, never asked: finding these facts out is the driver's affair.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The generator's machine. Whatever is unknown is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Host {
    /// Operating system and architecture, such as `linux x86_64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Release of its kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Logical cores that the generator may run on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Processor's name as it gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// Main memory, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// TCP congestion control in force, such as `cubic` or `bbr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub congestion_control: Option<String>,
    /// Descriptors that the generator might have open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptors: Option<u64>,
    /// First local port of the range that connections take theirs from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_port: Option<u16>,
    /// Last local port of that range, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_port: Option<u16>,
    /// True if each connection can come from a small part of that range (`IP_LOCAL_PORT_RANGE`, Linux
    /// 6.3), so that the kernel finds a port soon however many are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parted_ports: Option<bool>,
    /// `net.core.somaxconn`: connections that may wait for any one listener here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub somaxconn: Option<u64>,
    /// `net.ipv4.tcp_max_syn_backlog`: half-open connections of any one listener here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_syn_backlog: Option<u64>,
    /// `net.ipv4.tcp_tw_reuse`: 0 off, 1 on, 2 on loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_tw_reuse: Option<u64>,
    /// Sockets in TIME-WAIT before the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_wait: Option<u64>,
    /// Connections that the firewall tracked before the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conntrack_count: Option<u64>,
    /// Connections that it can track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conntrack_max: Option<u64>,
    /// Source that the kernel's clock reads, such as `tsc` or `hpet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_source: Option<String>,
    /// True where cores might run above their nominal frequency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turbo: Option<bool>,
    /// True where hardware threads shared cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smt: Option<bool>,
    /// True where it is a virtual machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypervisor: Option<bool>,
    /// Share of all CPU time since boot that the hypervisor gave to others, 0.0 to 1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_share: Option<f64>,
    /// CPU that the control group may use, in cores; absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_quota: Option<f64>,
    /// Share of that limit's periods in which the group stood still until the next, since it was
    /// made, 0.0 to 1.0; absent where it is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled_share: Option<f64>,
    /// Memory nodes (NUMA).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numa_nodes: Option<u32>,
    /// The kernel's driver of idle states, such as `intel_idle` or `haltpoll`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_driver: Option<String>,
    /// Time that leaving the deepest idle state takes, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_exit_us: Option<u64>,
    /// Network interfaces that were up, without loopback.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<Interface>,
    /// Runnable tasks before the run, averaged over a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_1m: Option<f64>,
    /// Memory to be had without swapping, before the run, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_available_bytes: Option<u64>,
    /// Swap in use before the run, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_used_bytes: Option<u64>,
    /// Frequency governors in force on any core.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub governors: Vec<String>,
    /// Further facts by name, in words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl Host {
    /// True if both tell of one and the same machine and system, whatever it was doing.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let lasting = |host: &Self| {
            (
                host.os.clone(),
                host.kernel.clone(),
                host.cpus,
                host.cpu_model.clone(),
                host.memory_bytes,
            )
        };
        lasting(self) == lasting(other)
    }
}

/// A network interface of the generator's machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its speed, Mbit/s; absent where it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mbit_per_s: Option<u64>,
    /// Queues that it receives into, each with an interrupt of its own.
    pub receive_queues: u32,
}
