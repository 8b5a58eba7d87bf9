//! Rules on what the machine is built of: memory nodes, idle states, network interfaces.

use wsbench_record::doctor::{Asked, Level, Subject};
use wsbench_record::document::{Host, Interface};
use wsbench_record::units::counted;
use wsbench_setting::{Field, text};

use super::finding::Finding;

/// Waking a core may take so long before it shows in a round trip over loopback, µs.
const NOTED_EXIT_US: u64 = 10;
/// A network slower than this is itself the limit of many a run, Mbit/s.
const FAST_ENOUGH: u64 = 1_000;

/// Every check that the facts allow.
pub(super) fn checks(host: &Host, asked: &Asked) -> Vec<Finding> {
    let mut checks: Vec<Finding> = numa(host).into_iter().chain(idle(host)).collect();
    // Loopback uses no interface.
    if !asked.on_this_machine {
        checks.extend(host.interfaces.iter().map(|one| interface(one, host)));
    }
    checks
}

fn numa(host: &Host) -> Option<Finding> {
    let nodes = host.numa_nodes?;
    let level = if nodes > 1 { Level::Info } else { Level::Ok };
    let seen = counted(nodes.into(), "memory node");
    let rule = "memory of another node is slower: cores of one node measure alike";
    let fix = text![
        Field::Cpus,
        " and ",
        Field::ServerCpus,
        " with cores of one node: cat /sys/devices/system/node/node*/cpulist",
    ];
    Some(Finding::new(Subject::Numa, level, seen, rule).fix(fix))
}

/// A core that sleeps deeply answers the first message after a pause late.
fn idle(host: &Host) -> Option<Finding> {
    let driver = host.idle_driver.as_deref()?;
    let exit = host.idle_exit_us?;
    let level = if exit > NOTED_EXIT_US {
        Level::Info
    } else {
        Level::Ok
    };
    let seen = format!("{driver}: the deepest takes {exit} µs to leave");
    let rule = "a core that sleeps deeply answers late; with few connections that is the latency";
    let fix = text![
        "cpupower idle-set -D 10, or ",
        Field::BusyPoll,
        " for the generator's side of it",
    ];
    Some(Finding::new(Subject::Idle, level, seen, rule).fix(fix))
}

fn interface(of: &Interface, host: &Host) -> Finding {
    let speed = match of.mbit_per_s {
        Some(speed) => format!("{speed} Mbit/s"),
        None => "speed unknown".to_owned(),
    };
    let queues = of.receive_queues;
    let seen = format!(
        "{}: {speed}, {}",
        of.name,
        counted(queues.into(), "receive queue")
    );
    let is_slow = of.mbit_per_s.is_some_and(|speed| speed < FAST_ENOUGH);
    let is_narrow = queues == 1 && host.cpus.is_some_and(|cpus| cpus > 1);
    let (level, fix) = match (is_slow, is_narrow) {
        (true, _) => (
            Level::Warning,
            "a faster network, or watch MB/s beside the speed",
        ),
        (false, true) => (
            Level::Info,
            "ethtool -L or receive packet steering: one core takes every packet now",
        ),
        (false, false) => (Level::Ok, ""),
    };
    let rule = "every packet passes an interface, and an interrupt that may wait for more of them: \
                ethtool -c shows for how long";
    Finding::new(Subject::Interface, level, seen, rule).fix(fix)
}
