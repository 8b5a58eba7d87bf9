//! Messages from connections of one agent to those of others, and what flows without any, over a real bus and
//! the embedded server on loopback.

use serde_json::Value;

use crate::fleet::{Bus, Fleet};
use crate::{agent, number, words};

fn broadcast(seconds: u32) -> Vec<String> {
    words(&format!(
        "--mode broadcast -c 30 -R 60 -d {seconds}s --warmup 500ms -t 1 -s 160 --seed 7 --timeout 2s"
    ))
}

fn fleet(server: &[&str]) -> Fleet {
    Fleet::over(Bus::plain(), &["a1", "a2", "a3"], server)
}

fn of(document: &Value, name: &str) -> u64 {
    number(document, &format!("/deliveries/{name}"))
}

#[test]
#[ignore = "needs nats-server"]
fn every_delivery_between_agents_is_counted_and_times_are_told_as_far_as_clocks_are_known() {
    let fleet = fleet(&["--broadcast"]);
    let (document, said) = fleet.measured(3, &broadcast(3));
    let sent = number(&document, "/messages/sent");
    assert!(sent > 120, "{sent}: {said}");
    assert_eq!(of(&document, "expected"), sent * 30);
    assert_eq!(of(&document, "received"), sent * 30);
    assert_eq!(number(&document, "/messages/answered"), sent);
    assert_eq!(of(&document, "between_agents"), sent * 20);
    assert_eq!(number(&document, "/delivery_ns/count"), sent * 10);
    assert_eq!(document["senders_hear_themselves"], true);
    for name in [
        "duplicated",
        "reordered",
        "unasked",
        "corrupted",
        "uncertain",
    ] {
        assert_eq!(of(&document, name), 0, "{name}");
    }
    let between = &document["fleet"]["between"];
    let bound = number(between, "/bound_ns");
    let early = document["deliveries"]["from_the_future"]
        .as_u64()
        .unwrap_or(0);
    let withheld = between["withheld"].as_array();
    let is_withheld = |key: &str| {
        let mut all = withheld.into_iter().flatten();
        all.any(|it| it["series"] == key)
    };
    assert!(bound > 0);
    if is_withheld("delivery_between_ns") {
        assert!(document.get("delivery_between_ns").is_none());
    } else {
        let told = number(&document, "/delivery_between_ns/count");
        assert_eq!(told + early, sent * 20);
        assert!(10 * bound <= number(&document, "/delivery_between_ns/p50") + bound);
    }
    let caveats = document["audit"]["caveats"].as_array();
    let notes = caveats.into_iter().flatten();
    let mut notes = notes.filter(|it| it["kind"] == "fleet_between");
    assert_eq!(notes.next().is_some(), withheld.is_some());
}

#[test]
#[ignore = "needs nats-server"]
fn what_a_server_loses_or_repeats_is_told_whoever_sent_it() {
    for (fault, name) in [
        ("drop:every=40", "missing"),
        ("duplicate:every=40", "duplicated"),
    ] {
        let fleet = fleet(&["--broadcast", "--misbehave", fault]);
        let (document, _) = fleet.measure(3, &broadcast(2)).with_code(1);
        // What is dropped late is still awaited at the end.
        let faults = of(&document, name) + of(&document, "in_flight_at_end");
        // One of forty, of all deliveries of the window and some of the warm-up.
        let expected = of(&document, "expected") / 40;
        assert!(
            faults.abs_diff(expected) <= 2 + expected / 4,
            "{faults} of {expected}"
        );
        let caveats = document["audit"]["caveats"].as_array().unwrap();
        assert!(caveats.iter().any(|it| it["kind"] == name), "{caveats:?}");
    }
}

#[test]
#[ignore = "needs nats-server"]
fn an_agent_that_is_killed_makes_no_delivery_missing() {
    let flags = [broadcast(14), words("--on-agent-loss keep")].concat();
    let (fleet, run) = fleet(&["--broadcast"]).under(&flags);
    fleet.signal("a2", "KILL");
    let (document, said) = run.end().with_code(0);
    assert!(said.contains("agent a2 is lost"), "{said}");
    assert!(agent(&document, "a2")["lost"].is_string());
    assert_eq!(of(&document, "missing"), 0, "{}", document["deliveries"]);
    assert!(
        of(&document, "received") > 4_000,
        "{}",
        document["deliveries"]
    );
}

/// An agent may have receivers alone, or a sender of which nobody here hears anything.
#[test]
#[ignore = "needs nats-server"]
fn a_single_publisher_reaches_subscribers_on_all_agents() {
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fleet/one-publisher.toml"
    );
    let fleet = fleet(&["--broadcast"]);
    let flags = words(&format!("--scenario {scenario} -d 2s --warmup 500ms -t 1"));
    let (document, said) = fleet.measured(3, &flags);
    let sent = number(&document, "/messages/sent");
    assert!(sent > 40, "{said}");
    assert_eq!(of(&document, "received"), sent * 20);
    // Places 1 to 20 are subscribers; every third is on the publisher's agent.
    assert_eq!(of(&document, "between_agents"), sent * 14);
}

#[test]
#[ignore = "needs nats-server"]
fn pushes_and_storms_are_of_a_fleet_as_well() {
    let pushing = fleet(&["--push", "20"]);
    let flags = words("--mode push -c 12 -d 2s --warmup 500ms -t 1");
    let (document, said) = pushing.measured(3, &flags);
    let received = number(&document, "/pushes/received");
    assert!(received > 12 * 20, "{received}: {said}");
    let storm = words("--mode storm -c 60 -d 2s -t 1");
    let (document, said) = pushing.measured(3, &storm);
    assert_eq!(number(&document, "/storm_ns/count"), 60, "{said}");
}
