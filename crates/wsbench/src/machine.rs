//! This machine: for the record of every run, and as what a run asks of it.
//!
//! Only a carrying over: the facts are `drive`'s, the judgement on them `judge`'s.

use std::net::IpAddr;

use wsbench_drive::host;
use wsbench_load::plan::{Http, Plan};
use wsbench_record::doctor::Asked;
use wsbench_record::document::{Host, Interface, RunContext};

/// This machine, for the record. The limit of descriptors is raised first as far as it may be, so
/// that what is on record is what is in force.
pub fn this_host() -> Host {
    let _ = host::raise_descriptor_limit();
    let facts = host::describe();
    // The driver says "unknown" with nothing; on record what is unknown is absent.
    let known = |text: String| (!text.is_empty()).then_some(text);
    Host {
        os: known(facts.os),
        kernel: known(facts.kernel),
        cpus: u32::try_from(facts.cpus).ok().filter(|cpus| *cpus > 0),
        cpu_model: known(facts.cpu_model),
        memory_bytes: (facts.memory_bytes > 0).then_some(facts.memory_bytes),
        congestion_control: known(facts.congestion_control),
        descriptors: facts.descriptors.map(|(in_force, _)| in_force),
        first_port: facts.ports.map(|(first, _)| first),
        last_port: facts.ports.map(|(_, last)| last),
        parted_ports: facts.parted_ports,
        somaxconn: facts.somaxconn,
        max_syn_backlog: facts.max_syn_backlog,
        tcp_tw_reuse: facts.time_wait_reuse,
        time_wait: facts.time_wait,
        conntrack_count: facts.conntrack.map(|(now, _)| now),
        conntrack_max: facts.conntrack.map(|(_, most)| most),
        clock_source: facts.clock_source,
        turbo: facts.turbo,
        smt: facts.smt,
        hypervisor: facts.hypervisor,
        steal_share: facts.steal_share,
        cpu_quota: facts.cpu_quota,
        throttled_share: facts
            .throttled
            .filter(|counts| counts.periods > 0)
            .map(|counts| counts.throttled as f64 / counts.periods as f64),
        numa_nodes: facts.numa_nodes,
        idle_exit_us: facts.idle.as_ref().map(|idle| idle.slowest_exit_us),
        idle_driver: facts.idle.map(|idle| idle.driver),
        interfaces: facts.interfaces.into_iter().map(interface).collect(),
        load_1m: facts.load_1m,
        memory_available_bytes: facts.memory_available_bytes,
        swap_used_bytes: facts.swap_used_bytes,
        governors: facts.governors,
        ..Host::default()
    }
}

/// Memory that a server here may give to messages that are not complete, bytes: half of what is
/// available, and a gibibyte where nobody knows.
#[must_use]
pub fn room_for_messages() -> u64 {
    host::memory_available().map_or(1 << 30, |available| available / 2)
}

/// The surroundings that the documents of all runs on this machine have in common.
#[must_use]
pub fn run_context() -> RunContext {
    RunContext {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: this_host(),
        // Neither address nor process nor plan is known yet.
        ..RunContext::default()
    }
}

fn interface(of: host::NetworkInterface) -> Interface {
    Interface {
        name: of.name,
        mbit_per_s: of.mbit_per_s,
        receive_queues: of.receive_queues,
    }
}

/// The needs of `plan`, as far as the machine has to meet them.
pub fn asked(plan: &Plan, on_this_machine: bool) -> Asked {
    Asked {
        connections: plan.tcp_connections(),
        descriptors: host::descriptors_needed(plan.tcp_connections(), plan.threads),
        opened: match plan.connect.http {
            Http::One => plan.connections_in_all(),
            Http::Two { .. } => plan.tcp_connections().into(),
        },
        on_this_machine,
        over_unix_socket: plan.connect.route.unix_socket.is_some(),
        source_addresses: plan.connect.route.sources.count(),
    }
}

/// True of an address that is this machine's own and reached by no network.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
