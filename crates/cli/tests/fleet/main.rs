//! Fleets over a real NATS server on loopback: agents, the embedded server, and what becomes of a run when
//! one of them, or the bus, or the coordinator goes. Ignored unless asked for, since they need
//! `nats-server` (scripts/servers installs it).

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod apart;
mod fanout;
mod fleet;
mod namespaces;
mod secured;
mod slowed;

use std::thread::sleep;
use std::time::{Duration, Instant};

use fleet::{Bus, Fleet, Measured, command, until};
use serde_json::Value;

/// Flags, as they are typed.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// An open loop that takes so many seconds.
fn load(seconds: u32) -> Vec<String> {
    words(&format!(
        "-c 30 -R 300 -d {seconds}s --warmup 500ms -t 1 --seed 7"
    ))
}

fn number(value: &Value, path: &str) -> u64 {
    value
        .pointer(path)
        .and_then(Value::as_u64)
        .unwrap_or_else(|| panic!("no {path}"))
}

/// Messages that the agents say were answered, added up.
fn by_agents(document: &Value) -> u64 {
    let agents = document["agents"].as_array().unwrap();
    agents
        .iter()
        .map(|agent| number(agent, "/messages/answered"))
        .sum()
}

fn agent<'a>(document: &'a Value, name: &str) -> &'a Value {
    let agents = document["agents"].as_array().unwrap();
    agents.iter().find(|agent| agent["name"] == name).unwrap()
}

#[test]
#[ignore = "needs nats-server"]
fn three_agents_make_one_run_whose_books_add_up() {
    let fleet = Fleet::of(&["a1", "a2", "a3"]);
    let (document, said) = fleet.measured(3, &load(2));
    assert_eq!(document["agents"].as_array().unwrap().len(), 3);
    let answered = number(&document, "/messages/answered");
    assert!(answered > 300, "{answered}");
    assert_eq!(answered, number(&document, "/messages/sent"));
    assert_eq!(answered, by_agents(&document));
    let threads = document["generator"]["threads"].as_array().unwrap();
    assert_eq!(threads.len(), 3);
    assert_eq!(number(&document, "/plan/threads"), 3);
    assert_eq!(number(&document, "/connections/upgraded"), 30);
    assert!(
        document["fleet"].get("missing_parts").is_none(),
        "{}",
        document["fleet"]
    );
    for name in ["a1", "a2", "a3"] {
        let agent = agent(&document, name);
        assert_eq!(number(agent, "/connections_asked"), 10);
        assert!(number(agent, "/clock/bound_ns") > 0);
        assert!(number(agent, "/times_ns/count") > 0);
        assert!(agent["host"]["kernel"].is_string());
    }
    // The times of all are the times of each, in one histogram.
    let times = number(&document, "/response_ns/count");
    let each = ["a1", "a2", "a3"].map(|name| number(agent(&document, name), "/times_ns/count"));
    assert_eq!(times, each.iter().sum::<u64>());
    assert!(said.contains("fleet: run "), "{said}");
}

#[test]
#[ignore = "needs nats-server"]
fn an_agent_awaits_its_bus_and_ends_when_nobody_has_asked_for_it() {
    let mut fleet = Fleet::of(&[]);
    fleet.bus.stop();
    fleet.begin_with("a1", &["--idle-exit", "12s"]);
    sleep(Duration::from_secs(1));
    fleet.bus.start();
    fleet.await_words("a1", "agent a1 of fleet default");
    fleet.measured(1, &load(1));
    let idle = Instant::now();
    fleet.await_end("a1");
    assert!(
        idle.elapsed() > Duration::from_secs(8),
        "{:?}",
        idle.elapsed()
    );
}

#[test]
#[ignore = "needs nats-server"]
fn an_agent_that_is_pinned_has_a_thread_on_each_of_its_cores() {
    let mut fleet = Fleet::of(&[]);
    fleet.begin_with("a1", &["--pin", "0"]);
    fleet.await_words("a1", "agent a1 of fleet default");
    let run = fleet.begin(1, &words("-c 4 -R 100 -d 12s --warmup 500ms --seed 7"));
    fleet.await_load();
    assert_eq!(fleet.cores_of_generators("a1"), ["0"]);
    let (document, _) = run.end().with_code(0);
    assert_eq!(number(&document, "/plan/threads"), 1);
}

/// Clocks of machines begin when they are switched on: one that has been up for a day longer is none the worse.
#[test]
#[ignore = "needs nats-server and time namespaces"]
fn a_machine_that_has_been_up_for_a_day_longer_makes_the_same_run() {
    let mut fleet = Fleet::over(Bus::plain(), &["a1"], &["--broadcast"]);
    if !fleet.add_after(86_400, "a2") {
        println!("skipped: this user may make no time namespaces");
        return;
    }
    let flags = words("--mode broadcast -c 20 -R 50 -d 3s -t 1 --seed 7");
    let (document, _) = fleet.measured(2, &flags);
    // Where the machine is so busy that the clocks are known to some tenths of a second alone, who was there
    // already when the first messages left is uncertain, and the last deliveries may be late.
    let of = |name: &str| number(&document, &format!("/deliveries/{name}"));
    let sent = number(&document, "/messages/sent");
    let late = of("uncertain") + of("in_flight_at_end");
    assert_eq!(of("received") + late, sent * 20);
    assert_eq!(of("missing"), 0);
    assert!(of("received") > sent * 10, "{late} of {sent} × 20");
    assert!(document["fleet"].get("missing_parts").is_none());
    for name in ["a1", "a2"] {
        let clock = &agent(&document, name)["clock"];
        assert!(number(clock, "/bound_ns") < 1_000_000_000, "{clock}");
        let offset = clock["offset_ns"].as_i64().unwrap();
        assert!(offset.abs() < 3_600_000_000_000, "{name}: {offset}");
    }
}

#[test]
#[ignore = "needs nats-server"]
fn a_number_of_messages_is_divided_without_a_remainder() {
    let fleet = Fleet::of(&["a1", "a2", "a3"]);
    let words = ["-c", "7", "-n", "1001", "--warmup", "0s", "-t", "1"].map(str::to_owned);
    let (document, _) = fleet.measured(3, &words);
    assert_eq!(number(&document, "/messages/sent"), 1_001);
    assert_eq!(number(&document, "/messages/answered"), 1_001);
}

#[test]
#[ignore = "needs nats-server"]
fn clients_are_replaced_until_the_number_has_run() {
    let fleet = Fleet::of(&["a1", "a2"]);
    let words = ["--clients", "41", "-c", "4", "-r", "2", "-t", "1"].map(str::to_owned);
    let (document, _) = fleet.measured(2, &words);
    assert_eq!(number(&document, "/connections/clients_completed"), 41);
    assert_eq!(number(&document, "/messages/answered"), 82);
}

#[test]
#[ignore = "needs nats-server"]
fn a_fleet_is_shown_with_its_builds_and_clocks() {
    let fleet = Fleet::of(&["a1", "a2"]);
    let shown = fleet.command(&["fleet"]).output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success(), "{text}");
    for words in [
        "a1: free, ",
        "a2: free, ",
        "clock ±",
        "ports ",
        "2 agents, ",
    ] {
        assert!(text.contains(words), "no '{words}' in {text}");
    }
}

#[test]
#[ignore = "needs nats-server"]
fn fewer_agents_than_asked_for_are_told_by_name() {
    let fleet = Fleet::of(&["a1"]);
    let (_, said) = fleet.measure(2, &load(1)).with_code(1);
    assert!(
        said.contains("1 of the 2 agents asked for are there (a1)"),
        "{said}"
    );
}

#[test]
#[ignore = "needs nats-server"]
fn a_second_agent_of_a_name_leaves() {
    let fleet = Fleet::of(&["a1"]);
    let output = fleet.command(&["agent", "--name", "a1"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("another agent of fleet default is called a1"),
        "{said}"
    );
}

/// Its own lease is the one that it waits for.
#[test]
#[ignore = "needs nats-server"]
fn an_agent_that_was_killed_is_back_under_its_name_when_it_is_started_again() {
    let mut fleet = Fleet::of(&["a1"]);
    fleet.measured(1, &load(1));
    fleet.signal("a1", "KILL");
    fleet.start_again("a1");
    let there = || {
        let shown = fleet.command(&["fleet"]).output().unwrap();
        String::from_utf8(shown.stdout).unwrap()
    };
    until("a1 is there again", || there().contains("1 agent, "));
    fleet.measured(1, &load(1));
}

/// The load is never begun where one of those that had a share was told to leave before.
#[test]
#[ignore = "needs nats-server"]
fn an_agent_that_is_told_to_leave_before_the_load_ends_the_run_at_once() {
    let mut fleet = Fleet::of(&["a1", "a2"]);
    let run = fleet.begin(2, &load(60));
    fleet.await_words("a2", "a share of it is taken");
    fleet.signal("a2", "TERM");
    let (_, said) = run.end().with_code(1);
    assert!(said.contains("it was told to leave"), "{said}");
    fleet.await_end("a2");
}

#[test]
#[ignore = "needs nats-server"]
fn an_agent_that_is_killed_ends_the_run_and_what_was_measured_is_kept() {
    let (fleet, run) = Fleet::of(&["a1", "a2", "a3"]).under(&load(60));
    fleet.signal("a2", "KILL");
    let (document, said) = run.end().with_code(1);
    assert!(
        said.contains("agent a2 is lost: not heard of for 8 s; the run ends"),
        "{said}"
    );
    assert_eq!(document["ended"], "interrupted");
    assert!(number(&document, "/messages/answered") > 100);
    assert!(
        agent(&document, "a2")["lost"]
            .as_str()
            .unwrap()
            .starts_with("not heard of")
    );
    assert!(agent(&document, "a1").get("lost").is_none());
    assert_eq!(document["audit"]["verdict"], "invalid");
    fleet.await_free(&["a1", "a3"]);
}

#[test]
#[ignore = "needs nats-server"]
fn a_run_that_is_to_go_on_does_so_without_the_agent_that_was_killed() {
    let words = [load(14), words("--on-agent-loss keep")].concat();
    let (fleet, run) = Fleet::of(&["a1", "a2", "a3"]).under(&words);
    fleet.signal("a2", "KILL");
    let (document, said) = run.end().with_code(0);
    assert!(
        said.contains("agent a2 is lost: not heard of for 8 s; 2 go on"),
        "{said}"
    );
    assert_eq!(
        (&document["ended"], &document["audit"]["verdict"]),
        (&"complete".into(), &"doubtful".into())
    );
    let last = document["intervals"].as_array().unwrap().last().unwrap();
    assert_eq!(
        number(last, "/alive"),
        20,
        "ten connections went with the agent"
    );
}

#[test]
#[ignore = "needs nats-server"]
fn an_agent_that_stood_still_stops_itself_when_it_runs_again() {
    let mut fleet = Fleet::of(&["a1", "a2"]);
    let mut words = load(60);
    words.extend(["--on-agent-loss", "keep"].map(str::to_owned));
    let run = fleet.begin(2, &words);
    fleet.await_load();
    fleet.signal("a2", "STOP");
    sleep(Duration::from_secs(10));
    fleet.signal("a2", "CONT");
    fleet.await_words("a2", "the load ends: it stood still for ");
    fleet.await_free(&["a2"]);
    run.interrupt();
    let Measured { document, said, .. } = run.end();
    assert!(agent(&document, "a2")["lost"].is_string(), "{said}");
    assert!(agent(&document, "a1").get("lost").is_none());
}

#[test]
#[ignore = "needs nats-server"]
fn a_bus_that_is_started_again_costs_nothing() {
    let mut fleet = Fleet::of(&["a1", "a2"]);
    let run = fleet.begin(2, &load(12));
    fleet.await_load();
    fleet.bus.stop();
    sleep(Duration::from_secs(3));
    fleet.bus.start();
    let began = Instant::now();
    let (document, _) = run.end().with_code(0);
    // What was kept is passed on as soon as the bus is back, and not when its client looks for it.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(
        number(&document, "/messages/answered"),
        by_agents(&document)
    );
    assert!(
        document["fleet"].get("missing_parts").is_none(),
        "{}",
        document["fleet"]
    );
    assert!(number(&document, "/messages/answered") > 2_000);
}

#[test]
#[ignore = "needs nats-server"]
fn a_run_whose_coordinator_was_killed_is_collected() {
    let mut fleet = Fleet::of(&["a1", "a2"]);
    let run = fleet.begin(2, &load(6));
    fleet.await_load();
    let name = run.kill_and_name();
    fleet.await_free(&["a1", "a2"]);
    let (document, _) = fleet.collect(&name).with_code(0);
    assert_eq!(document["fleet"]["collected"], true);
    assert_eq!(document["ended"], "complete");
    assert_eq!(
        number(&document, "/messages/answered"),
        by_agents(&document)
    );
    assert!(number(&document, "/messages/answered") > 1_000);
    let again = fleet.collect(&name);
    assert_eq!(
        again.document["messages"], document["messages"],
        "it is kept"
    );
    let other = fleet.collect("20000-000000-000000");
    assert_eq!(other.code, 1);
    assert!(
        other
            .said
            .contains("has kept nothing of run 20000-000000-000000"),
        "{}",
        other.said
    );
}

#[test]
#[ignore = "needs nats-server"]
fn an_agent_of_another_build_is_told_with_both() {
    let mut fleet = Fleet::of(&["a1"]);
    fleet.add_of_another_build("a2");
    let (_, said) = fleet.measure(2, &load(1)).with_code(1);
    assert!(
        said.contains("agent a2 is of another build: it is wsbench 0.1.0, build "),
        "{said}"
    );
    assert!(said.contains(", and this is 0.1.0, build "), "{said}");
}

#[test]
#[ignore = "needs nats-server"]
fn credentials_that_the_bus_does_not_know_are_refused_at_once() {
    let bus = Bus::with_login("fleet", "right");
    for (login, expected) in [("", "refuses us"), ("fleet:wrong@", "refuses us")] {
        let url = bus.url().replace("nats://", &format!("nats://{login}"));
        let output = command(&["agent", "--name", "a", "--bus", &url])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(expected) && said.contains("give the credentials that it knows"),
            "{said}"
        );
        assert!(!said.contains("wrong@"), "{said}");
    }
}

#[test]
#[ignore = "needs nats-server"]
fn nobody_at_the_bus_is_told() {
    let words = [
        "ws://127.0.0.1:9/",
        "--bus",
        "nats://127.0.0.1:9",
        "--agents",
        "1",
    ];
    let output = command(&words).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("no bus answers at nats://127.0.0.1:9"),
        "{said}"
    );
}

#[test]
#[ignore = "needs nats-server"]
fn a_reference_that_an_agent_cannot_resolve_is_told_by_name() {
    let fleet = Fleet::of(&["a1"]);
    let mut words = load(1);
    words.extend(["-H", "Authorization: Bearer {env:WSB_TOKEN_NOT_SET}"].map(str::to_owned));
    let (_, said) = fleet.measure(1, &words).with_code(1);
    assert!(
        said.contains("WSB_TOKEN_NOT_SET is not set in this agent's environment"),
        "{said}"
    );
    let mut words = load(1);
    words.extend(["-H", "Authorization: Bearer hidden-token"].map(str::to_owned));
    let (_, said) = fleet.measure(1, &words).with_code(1);
    assert!(
        said.contains("the header Authorization holds a credential"),
        "{said}"
    );
    assert!(!said.contains("hidden-token"), "{said}");
}

#[test]
#[ignore = "needs nats-server"]
fn repeated_runs_and_searches_are_given_to_the_fleet_as_well() {
    let fleet = Fleet::of(&["a1", "a2"]);
    let mut words = load(1);
    words.extend(["--repeat", "2"].map(str::to_owned));
    let (document, _) = fleet.measured(2, &words);
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert!(
        runs.iter()
            .all(|run| run["agents"].as_array().unwrap().len() == 2)
    );
    let search = [
        "--slo", "p50<10s", "--start", "50", "-d", "1s", "--warmup", "200ms", "--trials", "2",
        "--limit", "20s", "-c", "8", "-t", "1",
    ]
    .map(str::to_owned);
    let Measured { document, said, .. } = fleet.experiment("find", 2, &search);
    assert!(!document["trials"].as_array().unwrap().is_empty(), "{said}");
}

#[test]
#[ignore = "needs nats-server"]
fn what_is_of_one_machine_is_refused_before_anything_is_started() {
    for (words, expected) in [
        (
            &["--agents", "2", "--bus", "nats://h"][..],
            "the embedded server",
        ),
        (
            &[
                "ws://h/", "--agents", "2", "--bus", "nats://h", "--pin", "0",
            ],
            "--pin",
        ),
        (
            &[
                "ws://h/", "--agents", "2", "--bus", "nats://h", "--fleet", "a.b",
            ],
            "is no name",
        ),
    ] {
        let output = command(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}
