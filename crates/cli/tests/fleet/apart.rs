//! The same on machines that are apart: network namespaces, each with an address of its own. Who may not make
//! any is told so, and nothing is tested.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::fleet::{Apart, Measured};
use crate::namespaces::Machines;
use crate::{by_agents, load, number, words};

const AGENTS: [&str; 3] = ["a1", "a2", "a3"];

/// Five machines, or the reason why there are none.
fn five() -> Option<Machines> {
    let machines = Machines::of(&["ctl", "srv", "a1", "a2", "a3"]);
    if machines.is_none() {
        println!("skipped: this user may make no network namespaces");
    }
    machines
}

/// The interval that a run gives for its rate.
fn rate(document: &Value) -> (f64, f64) {
    let of = |name: &str| document["messages_per_s_confidence"][name].as_f64();
    let whole = document["messages_per_s"].as_f64().unwrap();
    // Of a short run nothing is known of the noise: what a schedule of 300 messages may be off by chance.
    (
        of("low").unwrap_or(whole * 0.85),
        of("high").unwrap_or(whole * 1.15),
    )
}

/// The cable of one machine is out for four seconds.
#[test]
#[ignore = "needs nats-server and network namespaces"]
fn machines_that_are_apart_make_one_run_and_a_cable_that_was_out_costs_nothing() {
    let Some(machines) = five() else {
        return;
    };
    let fleet = Apart::of(&machines, &AGENTS, &[]);
    let (document, _) = fleet
        .measure(&load(12), || {
            sleep(Duration::from_secs(5));
            machines.plug("a2", false);
            sleep(Duration::from_secs(4));
            machines.plug("a2", true);
        })
        .with_code(0);
    assert_eq!(document["agents"].as_array().unwrap().len(), 3);
    assert_eq!(
        number(&document, "/messages/answered"),
        by_agents(&document)
    );
    let fleet = &document["fleet"];
    assert!(fleet.get("missing_parts").is_none(), "{fleet}");
    assert_eq!(document["loopback"], false);
}

/// Publishers and subscribers in rooms: what became of each delivery is exact, and the rate is that of one
/// process.
#[test]
#[ignore = "needs nats-server and network namespaces"]
fn a_fan_out_scenario_over_three_machines_is_that_of_one_process() {
    let Some(machines) = five() else {
        return;
    };
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fleet/roles.toml");
    let fleet = Apart::of(&machines, &AGENTS, &["--broadcast"]);
    let flags = words(&format!(
        "--scenario {scenario} -d 5s --warmup 500ms -t 1 --seed 7"
    ));
    let three = fleet.measure(&flags, || {}).with_code(0).0;
    let one = fleet.alone("a1", &flags).with_code(0).0;
    for (document, whose) in [(&three, "three"), (&one, "one")] {
        let of = |name: &str| number(document, &format!("/deliveries/{name}"));
        let sent = number(document, "/messages/sent");
        assert_eq!(of("expected"), sent * 24, "{whose}");
        assert_eq!((of("received"), of("missing")), (sent * 24, 0), "{whose}");
        assert!(sent > 200, "{whose}: {sent}");
    }
    // Each agent has two of the six senders and eight of the receivers.
    let between = number(&three, "/deliveries/between_agents");
    let received = number(&three, "/deliveries/received");
    assert_eq!(number(&three, "/delivery_ns/count"), received - between);
    let share = between as f64 / received as f64;
    assert!((0.6..0.73).contains(&share), "{share}");
    let ((least, most), (low, high)) = (rate(&three), rate(&one));
    assert!(
        least <= high && low <= most,
        "{least}–{most} and {low}–{high}"
    );
}

/// A search whose every run is the fleet's: it finds the limit of a server that answers so many a second.
#[test]
#[ignore = "needs nats-server and network namespaces"]
fn a_search_over_three_machines_finds_what_one_process_finds() {
    let Some(machines) = five() else {
        return;
    };
    // One at a time, 4 ms each: 250 a second at most, far below what any machine here makes.
    let fleet = Apart::of(&machines, &AGENTS, &["--service", "4ms"]);
    let flags = words(
        "find --slo p50<30ms --start 60 -d 2s --warmup 300ms --trials 8 --limit 90s -c 30 -t 1 --seed 7",
    );
    let found = |measured: Measured| {
        let document = measured.with_code(0).0;
        let trials = document["trials"].as_array().unwrap().len();
        (document["holds"]["load"].as_f64(), trials)
    };
    let three = found(fleet.measure(&flags, || {}));
    let one = found(fleet.alone("a1", &flags));
    for (holds, trials) in [three, one] {
        assert!(
            holds.is_some_and(|rate| rate > 50.0 && rate < 260.0),
            "{three:?} {one:?}"
        );
        assert!(trials > 2, "{trials}");
    }
}
