//! Messages to many over the kernel, against the embedded broadcast server, whose deliveries and faults
//! are known. Nothing here asks for a time that a busy machine cannot keep.
#![cfg(unix)]

use serde_json::Value;

use crate::running::embedded::Embedded;
use crate::running::{assert_refused, caveat, count, documented};

/// The document of a run of 20 connections with 50 messages a second over two seconds.
fn measured(server: &Embedded, words: &[&str]) -> (Option<i32>, Value) {
    let usual = [
        "--mode",
        "broadcast",
        "-c",
        "20",
        "-R",
        "50",
        "-d",
        "2s",
        "--warmup",
        "300ms",
        "-s",
        "160",
        "--seed",
        "5",
        "--timeout",
        "1s",
    ];
    documented(&[&usual[..], words, &[&server.url]].concat())
}

#[test]
fn every_delivery_of_a_right_server_is_counted_and_timed() {
    let server = Embedded::start(&["--broadcast"]);
    for threads in ["1", "2"] {
        let (code, document) = measured(&server, &["-t", threads]);
        assert_eq!(code, Some(0), "{:#}", document["audit"]);
        let sent = document["messages"]["sent"].as_u64().unwrap();
        assert!(sent > 50, "{sent}");
        assert_eq!(count(&document["deliveries"], "expected"), sent * 20);
        assert_eq!(count(&document["deliveries"], "received"), sent * 20);
        assert_eq!(document["messages"]["answered"].as_u64(), Some(sent));
        assert_eq!(document["senders_hear_themselves"], true);
        assert_eq!(document["delivery_ns"]["count"].as_u64(), Some(sent * 20));
        assert_eq!(document["delivery_last_ns"]["count"].as_u64(), Some(sent));
        let first = document["delivery_first_ns"]["max"].as_u64().unwrap();
        let last = document["delivery_last_ns"]["max"].as_u64().unwrap();
        assert!(first <= last);
        let tenths = document["delivery_p50_by_decile_ns"].as_array().unwrap();
        assert_eq!(tenths.len(), 10);
    }
}

#[test]
fn a_server_that_spares_the_sender_is_found_out() {
    let server = Embedded::start(&["--broadcast", "--to-others"]);
    let (code, document) = measured(&server, &[]);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let sent = document["messages"]["sent"].as_u64().unwrap();
    assert_eq!(document["senders_hear_themselves"], false);
    assert_eq!(count(&document["deliveries"], "received"), sent * 19);
}

#[test]
fn losses_repetitions_and_spoilt_deliveries_are_told_and_make_the_run_invalid() {
    for (fault, counter, kind, promise) in [
        ("drop:every=40", "missing", "missing", Some("at-most-once")),
        (
            "duplicate:every=40",
            "duplicated",
            "duplicated",
            Some("at-least-once"),
        ),
        ("wrong-bytes:every=40", "corrupted", "corrupted", None),
    ] {
        let server = Embedded::start(&["--broadcast", "--misbehave", fault]);
        let (code, document) = measured(&server, &[]);
        assert_eq!(code, Some(1), "{fault}");
        let told = count(&document["deliveries"], counter)
            + count(&document["deliveries"], "in_flight_at_end");
        // One of 40, warm-up and drain apart.
        let expected = count(&document["deliveries"], "expected") / 40;
        assert!(
            told.abs_diff(expected) <= 25,
            "{fault}: {told} of {expected}"
        );
        assert!(caveat(&document, kind).is_some(), "{:#}", document["audit"]);
        if let Some(promise) = promise {
            // Most messages lack a receiver or two, and none of them is a failure.
            let (code, document) = measured(&server, &["--expect", promise]);
            assert_eq!(code, Some(0), "{fault}: {:#}", document["audit"]);
            let blames = caveat(&document, "failures");
            assert!(blames.is_none(), "{blames:?}");
        }
    }
}

#[test]
fn a_serial_writer_shows_its_skew_and_its_order() {
    let server = Embedded::start(&["--broadcast", "--each", "400us"]);
    let (_, document) = measured(&server, &[]);
    // The last of 20 is 19 × 400 µs behind the first; of a server that is kept from its core some
    // copies leave together, but not those of all messages.
    let skew = document["skew_ns"]["max"].as_u64().unwrap();
    assert!(skew >= 7_500_000, "{skew}");
    let tenths = document["delivery_p50_by_decile_ns"].as_array().unwrap();
    let tenths: Vec<u64> = tenths.iter().map(|it| it.as_u64().unwrap()).collect();
    assert!(tenths[9] > tenths[0], "{tenths:?}");
}

#[test]
fn figures_of_deliveries_are_judged_by_name() {
    let server = Embedded::start(&["--broadcast"]);
    for (condition, code) in [
        ("delivery.last.p50>60s", 0),
        ("delivery.p50>1ns", 99),
        ("delivery.reach<100%", 0),
        ("deliveries_per_s>1", 99),
    ] {
        let (found, _) = measured(&server, &["--fail-if", condition]);
        assert_eq!(found, Some(code), "{condition}");
    }
}

#[test]
fn what_makes_no_broadcast_is_refused() {
    for (words, told) in [
        (&["--mode", "broadcast"][..], "--mode needs --rate"),
        (
            &["--mode", "broadcast", "-R", "5", "-s", "10"],
            "--size is below 22",
        ),
        (
            &["--mode", "broadcast", "-R", "5", "-m", "text"],
            "does not go with --mode",
        ),
        (&["--match", "json:/id"], "--match is of requests"),
        (
            &["--mode", "request", "--template", "{seq}"],
            "has no {id} in it",
        ),
        (&["--match", "id"], "no place in a message"),
    ] {
        assert_refused(words, told);
    }
}
