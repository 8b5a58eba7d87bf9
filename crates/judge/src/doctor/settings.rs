//! Rules on how the generator's machine is set up. Each looks at one setting; nothing is measured.

use wsbench_record::doctor::{Asked, Level, Subject};
use wsbench_record::document::Host;
use wsbench_record::units::{bytes, count, counted, percent};
use wsbench_setting::{Field, Text, text};

use super::finding::Finding;

/// Above this share of a range or table, it may run out under bad luck.
const NEARLY_ALL: f64 = 0.8;
/// Above this share of time stolen, times measured are partly the hypervisor's.
const STEAL_NOTED: f64 = 0.005;
/// Kernel clocks that are read without a system call.
const FAST_CLOCKS: [&str; 4] = [
    "tsc",
    "kvm-clock",
    "arch_sys_counter",
    "hyperv_clocksource_tsc_page",
];
/// With fewer cores than this, server and generator cannot both have two.
const CORES_FOR_TWO: u32 = 4;
/// Memory that both ends of a connection may take in the kernel and here, bytes.
const PER_CONNECTION: u64 = 32 << 10;

/// Every check that the facts allow, in the order in which they bite.
pub(super) fn checks(host: &Host, asked: &Asked) -> Vec<Finding> {
    [
        descriptors(host, asked),
        ports(host, asked),
        time_wait(host, asked),
        backlog(host, asked),
        conntrack(host, asked),
        memory(host, asked),
        clock_source(host),
        governor(host),
        turbo(host),
        cores(host, asked),
        smt(host),
        quota(host),
        virtualisation(host),
        load(host),
    ]
    .into_iter()
    .flatten()
    .chain(super::hardware::checks(host, asked))
    .collect()
}

fn descriptors(host: &Host, asked: &Asked) -> Option<Finding> {
    let limit = host.descriptors?;
    let needed = asked.descriptors;
    let level = if limit < needed {
        Level::Error
    } else {
        Level::Ok
    };
    let seen = format!(
        "{} need {} file descriptors, and this process may open {}",
        counted(asked.connections.into(), "connection"),
        count(needed),
        count(limit)
    );
    let rule = "every connection takes one";
    let fix = text![
        format!(
            "ulimit -Hn {needed} && ulimit -n {needed} as root and wsbench from the same shell, \
             or fewer connections ("
        ),
        Field::Connections.brief(),
        ")",
    ];
    Some(Finding::new(Subject::Descriptors, level, seen, rule).fix(fix))
}

fn ports(host: &Host, asked: &Asked) -> Option<Finding> {
    let first = host.first_port.filter(|_| !asked.over_unix_socket)?;
    let last = host.last_port?;
    let an_address = u64::from(last).saturating_sub(first.into()) + 1;
    let sources = u64::from(asked.source_addresses.max(1));
    let ports = an_address * sources;
    // Left to itself, Linux takes a port of one parity as long as it finds one
    // (`__inet_hash_connect`), and looks through all of them before it takes the others.
    let easily_found = ports / 2;
    let connections = u64::from(asked.connections);
    let level = if connections > ports {
        Level::Error
    } else if connections > easily_found && host.parted_ports != Some(true) {
        Level::Warning
    } else {
        Level::Ok
    };
    let each = if sources > 1 {
        format!(
            "{} on each of {} addresses, ",
            count(an_address),
            count(sources)
        )
    } else {
        String::new()
    };
    let mut seen = format!(
        "{} to one address need as many local ports, and there are {} ({each}{first}–{last})",
        counted(connections, "connection"),
        count(ports)
    );
    if level == Level::Warning {
        seen.push_str(&format!(
            ", of which the kernel finds {} at once: for each more it looks through all of those first",
            count(easily_found)
        ));
    }
    let rule = "every connection to one address takes a local port";
    let fix = text![
        "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\", several addresses to come from (",
        Field::Sources,
        "), or fewer connections (",
        Field::Connections.brief(),
        ")",
    ];
    Some(Finding::new(Subject::Ports, level, seen, rule).fix(fix))
}

/// Connections that one core opens, has answered once and closes within a second, about.
const OPENED_A_SECOND: u64 = 20_000;

/// A side that closes first keeps its port for a minute, unless it may be taken again.
fn time_wait(host: &Host, asked: &Asked) -> Option<Finding> {
    let reuse = host.tcp_tw_reuse.filter(|_| !asked.over_unix_socket)?;
    let an_address = u64::from(host.last_port?).saturating_sub(host.first_port?.into()) + 1;
    let ports = an_address * u64::from(asked.source_addresses.max(1));
    let waiting = host.time_wait.unwrap_or(0);
    let reused = reuse == 1 || (reuse == 2 && asked.on_this_machine);
    let taken = waiting + asked.opened;
    // Where it may be taken again, it may after a second.
    let is_scarce =
        asked.opened > u64::from(asked.connections) && taken > ports && ports < OPENED_A_SECOND;
    let level = if !reused && taken as f64 > ports as f64 * NEARLY_ALL || is_scarce {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!(
        "tcp_tw_reuse is {reuse}, {} waiting now, {} to be opened in all over {}",
        counted(waiting, "port"),
        counted(asked.opened, "connection"),
        counted(ports, "local port")
    );
    let rule = "a port whose connection we closed first is kept for 60 s (TIME_WAIT) unless it may be \
                reused";
    let fix = text![
        "sysctl -w net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range=\"1024 65535\", or several \
         addresses to come from (",
        Field::Sources,
        ")",
    ];
    Some(Finding::new(Subject::TimeWait, level, seen, rule).fix(fix))
}

/// The kernel's limit for any listener here; a server may have asked for less.
fn backlog(host: &Host, asked: &Asked) -> Option<Finding> {
    let somaxconn = host.somaxconn.filter(|_| asked.on_this_machine)?;
    if asked.over_unix_socket {
        return None; // its queue is told by the connect call itself
    }
    let half_open = host.max_syn_backlog.unwrap_or(u64::MAX);
    let least = somaxconn.min(half_open);
    let connections = u64::from(asked.connections);
    let level = if least < connections {
        Level::Warning
    } else {
        Level::Ok
    };
    let mut seen = format!("somaxconn is {}", count(somaxconn));
    if let Some(half_open) = host.max_syn_backlog {
        seen.push_str(&format!(", tcp_max_syn_backlog {}", count(half_open)));
    }
    let rule = "connections opened at once wait to be accepted; where they cannot, they connect \
                1, 3 or 7 s late";
    let fix = text![
        format!(
            "sysctl -w net.core.somaxconn={connections} \
             net.ipv4.tcp_max_syn_backlog={connections} and restart the server; or spread them \
             with "
        ),
        Field::ConnectRate,
    ];
    Some(Finding::new(Subject::Backlog, level, seen, rule).fix(fix))
}

fn conntrack(host: &Host, asked: &Asked) -> Option<Finding> {
    let now = host.conntrack_count.filter(|_| !asked.over_unix_socket)?;
    let most = host.conntrack_max?;
    let expected = now + asked.opened;
    let level = if expected as f64 > most as f64 * NEARLY_ALL {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!("{} of {} tracked now", count(now), count(most));
    let rule = "a full table of tracked connections drops packets without a word";
    let room = (expected * 2).next_power_of_two();
    let fix = format!("sysctl -w net.netfilter.nf_conntrack_max={room}");
    Some(Finding::new(Subject::Conntrack, level, seen, rule).fix(fix))
}

fn memory(host: &Host, asked: &Asked) -> Option<Finding> {
    let available = host.memory_available_bytes?;
    let swapped = host.swap_used_bytes.unwrap_or(0);
    let ends = if asked.on_this_machine { 2 } else { 1 };
    let wanted = u64::from(asked.connections) * PER_CONNECTION * ends;
    let level = if wanted > available || swapped > 0 {
        Level::Warning
    } else {
        Level::Ok
    };
    let mut seen = format!("{} available", bytes(available as f64));
    if swapped > 0 {
        seen.push_str(&format!(", {} swapped out", bytes(swapped as f64)));
    }
    let rule = "what is swapped out takes milliseconds to come back";
    let fix = if swapped > 0 && wanted <= available {
        Text::from("swapoff -a && swapon -a, or stop what needs the memory")
    } else {
        text![
            "stop what needs the memory, or fewer connections (",
            Field::Connections.brief(),
            ")",
        ]
    };
    Some(Finding::new(Subject::Memory, level, seen, rule).fix(fix))
}

fn clock_source(host: &Host) -> Option<Finding> {
    let source = host.clock_source.as_deref()?;
    let level = if FAST_CLOCKS.contains(&source) {
        Level::Ok
    } else {
        Level::Warning
    };
    let rule = "a clock that is read by a system call costs more than a round trip's own work";
    let fix = "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource \
               (kvm-clock in a virtual machine)";
    Some(Finding::new(Subject::ClockSource, level, source, rule).fix(fix))
}

fn governor(host: &Host) -> Option<Finding> {
    if host.governors.is_empty() {
        return host.hypervisor.filter(|is_virtual| *is_virtual).map(|_| {
            let seen = "none here: the host of this virtual machine decides";
            Finding::new(Subject::Governor, Level::Info, seen, "")
        });
    }
    let steady = host
        .governors
        .iter()
        .all(|governor| governor == "performance");
    let level = if steady { Level::Ok } else { Level::Warning };
    let seen = host.governors.join(", ");
    let rule = "a core that slows down when idle answers its first message late";
    let fix = "cpupower frequency-set -g performance";
    Some(Finding::new(Subject::Governor, level, seen, rule).fix(fix))
}

fn turbo(host: &Host) -> Option<Finding> {
    let on = host.turbo?;
    let level = if on { Level::Info } else { Level::Ok };
    let seen = if on {
        "on: speed depends on heat and on how many cores are busy"
    } else {
        "off"
    };
    let rule = "only a fixed frequency gives the same figure twice";
    let fix = "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or \
               echo 0 > /sys/devices/system/cpu/cpufreq/boost";
    Some(Finding::new(Subject::Turbo, level, seen, rule).fix(fix))
}

/// Cores for two on one machine.
fn cores(host: &Host, asked: &Asked) -> Option<Finding> {
    let cpus = host.cpus?;
    let level = if asked.on_this_machine && cpus < CORES_FOR_TWO {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!("{} for this process", counted(cpus.into(), "core"));
    let rule = "server and generator on one machine need two cores each; on fewer, compare runs \
                made here with each other and with nothing else";
    Some(
        Finding::new(Subject::Cores, level, seen, rule)
            .fix("a machine with 4 cores or more, or the server on another machine"),
    )
}

fn smt(host: &Host) -> Option<Finding> {
    let shared = host.smt?;
    let level = if shared { Level::Info } else { Level::Ok };
    let seen = if shared {
        "two to a core: pin server and generator to different cores"
    } else {
        "one to a core"
    };
    let rule = "two hardware threads of a core take from each other";
    let fix = text![
        Field::Cpus,
        " and ",
        Field::ServerCpus,
        " with threads of different cores: \
         cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
    ];
    Some(Finding::new(Subject::Smt, level, seen, rule).fix(fix))
}

fn quota(host: &Host) -> Option<Finding> {
    let quota = host.cpu_quota?;
    let mut seen = format!("{quota:.2} cores at most");
    if let Some(share) = host.throttled_share {
        let share = percent(share);
        seen.push_str(&format!(
            "; stood still in {share} of its periods until now"
        ));
    }
    let rule = "a control group that has used its share up stands still until the next period";
    let fix = "start the container without a CPU limit (--cpus), with --cpuset-cpus instead";
    Some(Finding::new(Subject::Quota, Level::Warning, seen, rule).fix(fix))
}

fn virtualisation(host: &Host) -> Option<Finding> {
    let is_virtual = host.hypervisor?;
    if !is_virtual {
        return Some(Finding::new(Subject::Virtualisation, Level::Ok, "no", ""));
    }
    let stolen = host.steal_share.unwrap_or(0.0);
    let level = if stolen > STEAL_NOTED {
        Level::Warning
    } else {
        Level::Info
    };
    let seen = format!(
        "yes; {} of its time since boot went to others",
        percent(stolen)
    );
    let rule = "what the hypervisor gives to others is seen as latency";
    let check = Finding::new(Subject::Virtualisation, level, seen, rule);
    Some(match level {
        Level::Warning => {
            check.fix("measure on a machine of your own, or repeat the run and look at the spread")
        }
        _ => check,
    })
}

fn load(host: &Host) -> Option<Finding> {
    let load = host.load_1m?;
    let cpus = f64::from(host.cpus?);
    let level = if load > cpus {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!("{load:.2} runnable tasks over the last minute, {cpus:.0} cores");
    let rule = "what else runs here delays generator and server";
    let fix = "stop it (top -o %CPU shows it), or wait until it is done";
    Some(Finding::new(Subject::Load, level, seen, rule).fix(fix))
}
