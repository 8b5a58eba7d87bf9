//! The rules of `wsbench doctor`: what is seen, how it is judged, and that every finding says what
//! to do.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../cli/src/spelling/flags.rs"]
mod flags;

use flags::Flags;
use wsbench_judge::doctor::{examine, settings};
use wsbench_record::doctor::{
    Asked, Check, Copied, Examination, Level, Measured, ServerSide, Subject,
};
use wsbench_record::document::{Host, Interface};
use wsbench_setting::{Field, Paths, Spelling as _};

fn asked(connections: u32) -> Asked {
    Asked {
        connections,
        descriptors: u64::from(connections) + 36,
        opened: connections.into(),
        on_this_machine: true,
        ..Asked::default()
    }
}

/// A machine without fault.
fn sound() -> Host {
    Host {
        cpus: Some(8),
        descriptors: Some(20_000),
        first_port: Some(32_768),
        last_port: Some(60_999),
        somaxconn: Some(4_096),
        max_syn_backlog: Some(2_048),
        tcp_tw_reuse: Some(1),
        clock_source: Some("tsc".to_owned()),
        governors: vec!["performance".to_owned()],
        turbo: Some(false),
        smt: Some(false),
        hypervisor: Some(false),
        load_1m: Some(0.2),
        memory_available_bytes: Some(8 << 30),
        swap_used_bytes: Some(0),
        ..Host::default()
    }
}

fn of(checks: &[Check], subject: Subject) -> &Check {
    let found = checks.iter().find(|check| check.subject == subject);
    found.unwrap_or_else(|| panic!("{subject:?} is not among {checks:#?}"))
}

/// Sees that fixes made with paths for names hold no flag of wsbench: the rules have no words for
/// settings. Those of other programs may be there.
fn spells_nothing(checks: &[Check]) {
    let flags: Vec<_> = Field::ALL.iter().map(|field| Flags.of(*field)).collect();
    let is_flag = |word: &str| word.starts_with("--") && flags.iter().any(|flag| flag == word);
    for check in checks {
        let mut words = check.fix.split([' ', '(', ')', ',', ';']);
        assert!(!words.any(is_flag), "{check:?}");
    }
}

#[test]
fn a_sound_machine_passes() {
    let checks = settings(&sound(), &asked(64), &Flags);
    assert!(checks.len() >= 11, "{checks:#?}");
    for check in checks {
        assert_eq!(check.level, Level::Ok, "{check:?}");
        assert_eq!(check.fix, "", "there is nothing to mend");
    }
}

#[test]
fn what_a_machine_does_not_say_is_not_judged() {
    assert_eq!(settings(&Host::default(), &asked(64), &Flags), []);
}

/// A change of a machine for the worse.
type Spoil = fn(&mut Host);

#[test]
#[expect(clippy::too_many_lines, reason = "one table of faults")]
fn each_fault_is_found_and_comes_with_its_fix() {
    let faults: [(Spoil, Subject, Level, &str); 12] = [
        (
            |h| h.descriptors = Some(135),
            Subject::Descriptors,
            Level::Error,
            "ulimit -Hn 136",
        ),
        (
            |h| h.last_port = Some(32_800),
            Subject::Ports,
            Level::Error,
            "ip_local_port_range=",
        ),
        (
            |h| h.last_port = Some(32_880),
            Subject::Ports,
            Level::Warning,
            "ip_local_port_range=",
        ),
        // More than half of the ports.
        (
            |h| h.last_port = Some(32_966),
            Subject::Ports,
            Level::Warning,
            "several addresses to come from",
        ),
        (
            |h| h.somaxconn = Some(99),
            Subject::Backlog,
            Level::Warning,
            "somaxconn=100",
        ),
        (
            |h| h.clock_source = Some("hpet".into()),
            Subject::ClockSource,
            Level::Warning,
            "echo tsc",
        ),
        (
            |h| h.governors.push("powersave".into()),
            Subject::Governor,
            Level::Warning,
            "cpupower",
        ),
        (
            |h| h.turbo = Some(true),
            Subject::Turbo,
            Level::Info,
            "no_turbo",
        ),
        (
            |h| h.cpus = Some(2),
            Subject::Cores,
            Level::Warning,
            "4 cores",
        ),
        (
            |h| h.cpu_quota = Some(1.5),
            Subject::Quota,
            Level::Warning,
            "--cpuset-cpus",
        ),
        (
            |h| h.load_1m = Some(8.1),
            Subject::Load,
            Level::Warning,
            "top",
        ),
        (
            |h| h.swap_used_bytes = Some(1),
            Subject::Memory,
            Level::Warning,
            "swapoff",
        ),
    ];
    for (spoil, subject, level, fix) in faults {
        let mut host = sound();
        spoil(&mut host);
        let checks = settings(&host, &asked(100), &Flags);
        let check = of(&checks, subject);
        assert_eq!(check.level, level, "{check:?}");
        assert!(check.fix.contains(fix), "{check:?}");
        spells_nothing(&settings(&host, &asked(100), &Paths));
        assert!(!check.rule.is_empty() && !check.seen.is_empty());
    }
}

/// The same machine with one interface.
fn behind(mbit_per_s: u64, receive_queues: u32) -> Host {
    Host {
        interfaces: vec![Interface {
            name: "eth0".to_owned(),
            mbit_per_s: Some(mbit_per_s),
            receive_queues,
        }],
        ..sound()
    }
}

#[test]
fn hardware_is_told_and_what_slows_it_is_named() {
    let mut host = Host {
        numa_nodes: Some(1),
        idle_driver: Some("intel_idle".to_owned()),
        idle_exit_us: Some(10),
        ..sound()
    };
    let of_host = |host: &Host, subject| of(&settings(host, &asked(64), &Flags), subject).clone();
    assert_eq!(of_host(&host, Subject::Numa).level, Level::Ok);
    assert_eq!(of_host(&host, Subject::Idle).level, Level::Ok);
    host.numa_nodes = Some(2);
    host.idle_exit_us = Some(133);
    let (numa, idle) = (of_host(&host, Subject::Numa), of_host(&host, Subject::Idle));
    assert_eq!((numa.level, idle.level), (Level::Info, Level::Info));
    assert!(numa.fix.contains("cpulist") && idle.fix.contains("--busy-poll"));
    assert!(idle.seen.contains("133 µs"), "{idle:?}");
    host.cpu_quota = Some(2.0);
    host.throttled_share = Some(0.25);
    assert!(of_host(&host, Subject::Quota).seen.contains("25 %"));
}

#[test]
fn interfaces_matter_where_the_server_is_elsewhere() {
    let is_seen = |check: &Check| check.subject == Subject::Interface;
    assert!(
        !settings(&behind(100, 1), &asked(64), &Flags)
            .iter()
            .any(is_seen)
    );
    let elsewhere = Asked {
        on_this_machine: false,
        ..asked(64)
    };
    let level = |host: &Host| of(&settings(host, &elsewhere, &Flags), Subject::Interface).level;
    assert_eq!(level(&behind(10_000, 8)), Level::Ok);
    assert_eq!(level(&behind(10_000, 1)), Level::Info);
    assert_eq!(level(&behind(100, 8)), Level::Warning);
}

#[test]
fn ports_in_time_wait_matter_where_they_are_not_taken_again() {
    let churn = Asked {
        opened: 100_000,
        on_this_machine: false,
        ..asked(64)
    };
    for (reuse, level) in [(0, Level::Warning), (2, Level::Warning), (1, Level::Ok)] {
        let host = Host {
            tcp_tw_reuse: Some(reuse),
            ..sound()
        };
        assert_eq!(
            of(&settings(&host, &churn, &Flags), Subject::TimeWait).level,
            level
        );
    }
}

#[test]
fn the_servers_side_is_held_against_the_same_run() {
    let server = ServerSide {
        pid: Some(7),
        name: Some("echo".to_owned()),
        listens: true,
        backlog: Some(5),
        descriptors: Some(128),
        cpus: vec![0, 1],
        generator_cpus: vec![1],
    };
    spells_nothing(&examine(sound(), asked(100), Some(server.clone()), None, &Paths).checks);
    let examination = examine(sound(), asked(100), Some(server.clone()), None, &Flags);
    let check = |subject| of(&examination.checks, subject);
    assert_eq!(check(Subject::ServerDescriptors).level, Level::Error);
    assert_eq!(
        check(Subject::ServerDescriptors).fix,
        "prlimit --pid 7 --nofile=164:164 as root"
    );
    assert_eq!(check(Subject::ServerBacklog).level, Level::Warning);
    assert_eq!(
        check(Subject::ServerCores).seen,
        "shared with the generator: 1"
    );
    assert_eq!(
        check(Subject::ServerCores).fix,
        "taskset -acp 4-7 7, and wsbench with --pin 0-3"
    );
    assert_eq!(examination.level(), Level::Error);
    assert_eq!(
        examination.checks[0].level,
        Level::Error,
        "the gravest first"
    );
    let apart = ServerSide {
        cpus: vec![0],
        backlog: Some(100),
        descriptors: Some(164),
        ..server
    };
    let examination = examine(sound(), asked(100), Some(apart), None, &Flags);
    assert_eq!(examination.level(), Level::Ok, "{examination:#?}");
}

#[test]
fn what_was_measured_is_judged_by_its_bars() {
    let copies = |library_ns| {
        let loop_ns = 180.0;
        let copied = |bytes| Copied {
            bytes,
            library_ns,
            loop_ns,
        };
        vec![copied(1_024), copied(16_384)]
    };
    let sound_ones = Measured {
        clock_ns: Some(9.0),
        copies: copies(190.0),
        sleep_late_p50_ns: Some(55_000),
        sleep_late_p99_ns: Some(90_000),
        send_lag_p99_ns: Some(99_000),
        floor_p50_ns: Some(20_000),
        steal_share: Some(0.0),
        ..Measured::default()
    };
    let examination = examine(sound(), asked(64), None, Some(sound_ones.clone()), &Flags);
    assert_eq!(examination.level(), Level::Info, "{examination:#?}");
    let poor = Measured {
        clock_ns: Some(900.0),
        copies: copies(5_300.0),
        sleep_late_p50_ns: Some(900_000),
        send_lag_p99_ns: Some(101_000),
        steal_share: Some(0.02),
        ..sound_ones
    };
    spells_nothing(&examine(sound(), asked(64), None, Some(poor.clone()), &Paths).checks);
    let examination = examine(sound(), asked(64), None, Some(poor), &Flags);
    assert_eq!(examination.count(Level::Warning), 5, "{examination:#?}");
    let memcpy = of(&examination.checks, Subject::Memcpy);
    assert!(
        memcpy
            .seen
            .contains("16,384 bytes in 5.30 µs, a plain loop 180 ns"),
        "{memcpy:?}"
    );
}

#[test]
fn an_examination_is_written_and_read_again() {
    let examination = examine(sound(), asked(64), None, Some(Measured::default()), &Flags);
    let json = serde_json::to_string(&examination).unwrap();
    let read: Examination = serde_json::from_str(&json).unwrap();
    assert_eq!(read, examination);
    assert!(json.contains("\"schema\":\"wsbench.doctor/1\""));
}

#[test]
fn half_of_the_ports_is_no_limit_where_each_connection_comes_from_a_part_of_them() {
    let host = Host {
        last_port: Some(32_880),
        parted_ports: Some(true),
        ..sound()
    };
    let checks = settings(&host, &asked(100), &Flags);
    let ports = of(&checks, Subject::Ports);
    assert_eq!(ports.level, Level::Ok, "{ports:?}");
    assert!(!ports.seen.contains("looks through"), "{ports:?}");
    let too_few = Host {
        last_port: Some(32_800),
        ..host
    };
    let checks = settings(&too_few, &asked(100), &Flags);
    assert_eq!(of(&checks, Subject::Ports).level, Level::Error);
}
