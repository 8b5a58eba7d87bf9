//! `wsbench doctor` as a user meets it: on this machine, whatever it is like, with servers whose
//! faults are known.

use std::process::Command;

use crate::running::{Ended, Process, wsbench};
use serde_json::Value;
use snapbox::cmd::cargo_bin;
use socket2::{Domain, Socket, Type};

fn examined(arguments: &[&str]) -> (Value, Ended) {
    let words = [&["doctor", "--format", "json"], arguments].concat();
    let ended = Process::start(&mut wsbench(&words)).ended();
    let document = serde_json::from_str(&ended.stdout);
    (
        document.unwrap_or_else(|error| panic!("{error}: {}", ended.stderr)),
        ended,
    )
}

fn check<'a>(document: &'a Value, subject: &str) -> &'a Value {
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["subject"] == subject);
    found.unwrap_or_else(|| panic!("no {subject}: {checks:#?}"))
}

#[test]
fn a_run_that_would_fail_is_exit_code_1_and_any_other_is_0() {
    let (document, ended) = examined(&["--quick", "-c", "1"]);
    assert_eq!(ended.status.code(), Some(0), "{document:#}");
    assert_eq!(check(&document, "descriptors")["level"], "ok");
    assert!(
        document.get("measured").is_none(),
        "nothing was to be measured"
    );
    let script = "ulimit -n 60 && exec \"$0\" doctor --quick -c 64";
    let mut limited = Command::new("sh");
    limited.args(["-c", script]).arg(cargo_bin!("wsbench"));
    let ended = Process::start(&mut limited).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("this process may open 60"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("fix: ulimit -Hn"), "{}", ended.stdout);
}

#[test]
fn a_server_on_this_machine_is_found_with_its_queue_and_its_process() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(7).unwrap();
    let address = socket
        .local_addr()
        .unwrap()
        .as_socket()
        .unwrap()
        .to_string();
    let (document, ended) = examined(&["--quick", "-c", "8", &address]);
    assert_eq!(ended.status.code(), Some(0), "{document:#}");
    assert_eq!(document["server"]["pid"], std::process::id());
    assert_eq!(document["server"]["backlog"], 7);
    assert_eq!(check(&document, "server_backlog")["level"], "warning");
    drop(socket);
    let (document, ended) = examined(&["--quick", "-c", "8", &address]);
    assert_eq!(ended.status.code(), Some(1), "{document:#}");
    assert_eq!(check(&document, "server")["level"], "error");
}

#[test]
fn clocks_copies_timers_pacing_and_the_floor_are_measured() {
    let (document, ended) = examined(&[]);
    assert_eq!(ended.status.code(), Some(0), "{document:#}");
    let measured = &document["measured"];
    for figure in [
        "clock_ns",
        "system_clock_ns",
        "sleep_late_p50_ns",
        "send_lag_p99_ns",
    ] {
        assert!(
            measured[figure].as_f64().unwrap() > 0.0,
            "{figure}: {measured:#}"
        );
    }
    assert!(
        measured["floor_p50_ns"].as_u64().unwrap() > 1_000,
        "{measured:#}"
    );
    assert_eq!(measured["copies"].as_array().unwrap().len(), 2);
    for subject in ["clock_cost", "memcpy", "timers", "pacing", "floor"] {
        let level = &check(&document, subject)["level"];
        assert_ne!(level, "error", "measuring finds warnings at most");
    }
}

#[test]
fn a_process_that_is_not_there_is_refused() {
    let words = ["doctor", "127.0.0.1:1", "--server-pid", "4294967295"];
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("there is no such process"),
        "{}",
        ended.stderr
    );
}

/// More connections than one address has ports to a server are borne by several.
#[test]
fn more_addresses_have_more_ports_by_the_doctor() {
    let level = |words: &[&str]| {
        let (document, _) = examined(&[&["--quick", "-c", "100000"], words].concat());
        check(&document, "ports")["level"].clone()
    };
    assert_eq!(level(&[]), "error");
    assert_eq!(level(&["--source-ip", "127.0.0.2-127.0.0.9"]), "ok");
}

#[test]
fn the_doctor_takes_the_server_that_it_is_told() {
    let pid = std::process::id().to_string();
    let words = ["--quick", "--server-pid", &pid, "127.0.0.1:1"];
    let (document, _) = examined(&words);
    assert_eq!(document["server"]["pid"], std::process::id());
}
