//! Acknowledgements over the kernel, against the embedded server, which says how many it gives. Nothing
//! here asks for a time that a busy machine cannot keep.
#![cfg(unix)]

use serde_json::Value;

use crate::running::embedded::Embedded;
use crate::running::{assert_refused, caveat, count, documented, wsbench};

/// The exit code and the document of a run of two seconds.
fn measured(server: &Embedded, words: &[&str]) -> (Option<i32>, Value) {
    let usual = [
        "-c",
        "10",
        "-R",
        "50",
        "-d",
        "2s",
        "--warmup",
        "300ms",
        "--timeout",
        "1s",
    ];
    documented(&[&usual[..], words, &[&server.url]].concat())
}

fn has_caveat(document: &Value, kind: &str, severity: &str) -> bool {
    caveat(document, kind).is_some_and(|it| it["severity"] == severity)
}

const ACK: [&str; 2] = ["--ack", "json:/ack={n}"];

#[test]
fn messages_to_many_are_acknowledged_beside_their_deliveries() {
    let server = Embedded::start(&["--broadcast", "--ack"]);
    for threads in ["1", "2"] {
        let words = [&["--mode", "broadcast", "-t", threads][..], &ACK].concat();
        let (code, document) = measured(&server, &words);
        assert_eq!(code, Some(0), "{:#}", document["audit"]);
        let sent = count(&document["messages"], "sent");
        assert!(sent > 50, "{sent}");
        assert_eq!(count(&document["acks"], "awaited"), sent);
        assert_eq!(count(&document["acks"], "received"), sent);
        assert_eq!(count(&document["deliveries"], "received"), sent * 10);
        assert_eq!(count(&document["deliveries"], "unasked"), 0);
        assert_eq!(document["ack_ns"]["count"].as_u64(), Some(sent));
        assert_eq!(document["ack_service_ns"]["count"].as_u64(), Some(sent));
        assert_eq!(document["errors"], serde_json::json!([]));
        assert_eq!(document["plan"]["ack"]["content"], "{n}");
    }
}

#[test]
fn with_one_way_an_acknowledgement_is_the_answer() {
    let server = Embedded::start(&["--ack"]);
    for pattern in ["json:/ack={n}", "prefix:{\"ack\":"] {
        let words = ["--mode", "oneway", "--ack", pattern];
        let (code, document) = measured(&server, &words);
        assert_eq!(code, Some(0), "{:#}", document["audit"]);
        let sent = count(&document["messages"], "sent");
        assert!(sent > 50, "{sent}");
        assert_eq!(count(&document["messages"], "answered"), sent);
        assert_eq!(document["response_ns"]["count"].as_u64(), Some(sent));
        assert_eq!(document["ack_ns"]["count"].as_u64(), Some(sent));
        assert_eq!(document["plan"]["matched_by"], "ack");
    }
}

#[test]
fn acknowledgements_that_do_not_come_are_missing_and_judged_by_their_share() {
    let server = Embedded::start(&["--broadcast", "--ack", "--misbehave", "no-ack:every=10"]);
    let words = [&["--mode", "broadcast"][..], &ACK].concat();
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(1), "{:#}", document["audit"]);
    assert!(
        has_caveat(&document, "no_ack", "invalid"),
        "{:#}",
        document["audit"]
    );
    let counts = |name| count(&document["acks"], name);
    let lost = counts("missing") + counts("in_flight_at_end");
    assert!(counts("missing") > 0);
    assert_eq!(counts("awaited"), counts("received") + lost);
    // One of ten; where in the ten the window opens is chance.
    assert!(lost.abs_diff(counts("awaited") / 10) <= 1, "{lost}");
    let all = document["messages"]["answered"].as_u64();
    assert_eq!(
        all,
        document["messages"]["sent"].as_u64(),
        "all were delivered"
    );
    let tolerant = [&words[..], &["--tolerate-failures", "20%"]].concat();
    let (code, document) = measured(&server, &tolerant);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    assert!(has_caveat(&document, "no_ack", "doubtful"));
}

/// Whether or not their time was over: most runs are shorter than that.
#[test]
fn a_server_that_acknowledges_nothing_makes_the_run_invalid() {
    let server = Embedded::start(&["--broadcast"]);
    for timeout in ["1s", "30s"] {
        let words = ["-c", "5", "-R", "50", "-d", "1s", "--mode", "broadcast"];
        let words = [&words[..], &["--timeout", timeout, &server.url], &ACK].concat();
        let (code, document) = documented(&words);
        assert_eq!(code, Some(1), "{:#}", document["audit"]);
        assert!(has_caveat(&document, "no_ack", "invalid"));
        assert_eq!(count(&document["acks"], "received"), 0);
        let audit = document["audit"].to_string();
        assert!(audit.contains("was acknowledged"), "{audit}");
    }
}

/// A fault of acknowledgements that the server does not give would never be seen.
#[test]
fn faults_of_what_a_server_does_not_send_are_refused() {
    for (words, lacking) in [
        (
            &["--broadcast", "--misbehave", "no-ack:every=2"][..],
            "sends no acknowledgements",
        ),
        (
            &["--push", "10/s", "--misbehave", "cross-room:every=2"],
            "sends no messages to rooms",
        ),
        (
            &["--ack", "--misbehave", "drop:every=2"],
            "sends no messages to many",
        ),
    ] {
        let output = wsbench(&[&["serve", "--port", "0"], words].concat())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(lacking), "{said}");
    }
}

#[test]
fn figures_of_acknowledgements_are_held_to_conditions() {
    let server = Embedded::start(&["--broadcast", "--ack"]);
    let usual = [&["--mode", "broadcast"][..], &ACK].concat();
    for (condition, code) in [
        ("ack.p50>10s", Some(0)),
        ("ack.service.max>10s", Some(0)),
        ("ack.missing>0", Some(0)),
        ("ack.p50>1ns", Some(99)),
    ] {
        let words = [&usual[..], &["--fail-if", condition]].concat();
        let (ended, document) = measured(&server, &words);
        assert_eq!(ended, code, "{condition}: {:#}", document["conditions"]);
    }
}

/// What a server says in a run in which nobody asks for it is told of, and is no fault.
#[test]
fn what_a_server_says_where_nothing_is_awaited_is_a_note() {
    let server = Embedded::start(&["--ack"]);
    let (code, document) = measured(&server, &["--mode", "oneway"]);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    assert!(
        has_caveat(&document, "unasked", "note"),
        "{:#}",
        document["audit"]
    );
    assert_eq!(count(&document["messages"], "unasked"), 0);
    assert!(count(&document["messages"], "received_in_window") > 50);

    let pushing = Embedded::start(&["--push", "50/s"]);
    let words = ["--mode", "idle", "-c", "5", "-d", "1s", &pushing.url];
    let (code, document) = documented(&words);
    assert_eq!(code, Some(0));
    assert!(count(&document["messages"], "unasked") > 20);
    assert!(has_caveat(&document, "unasked", "note"));
}

#[test]
fn the_summary_and_the_table_for_spreadsheets_tell_of_acknowledgements() {
    let server = Embedded::start(&["--broadcast", "--ack"]);
    let usual = [
        "--mode",
        "broadcast",
        "-c",
        "5",
        "-R",
        "50",
        "-d",
        "1s",
        "--no-state",
    ];
    let words = [&usual[..], &ACK, &[server.url.as_str()]].concat();
    let output = wsbench(&words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.contains("acks p50"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains(" came"), "{line}");
    let words = [&usual[..], &ACK, &["--format", "csv", server.url.as_str()]].concat();
    let output = wsbench(&words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (names, row) = (lines.next().unwrap(), lines.next().unwrap());
    let of = |name: &str| row[names.iter().position(|it| *it == name).unwrap()];
    assert_eq!(of("acks_awaited"), of("messages_sent"));
    assert!(of("ack_ns_mean").parse::<f64>().unwrap() > 0.0);
}

#[test]
fn acknowledgements_that_cannot_be_are_refused_in_words() {
    for (words, said) in [
        (
            &["--ack", "ok"][..],
            "--ack is of messages that are for others or that nobody answers",
        ),
        (
            &["--mode", "oneway", "-R", "10", "--ack", "{now_ms}"],
            "--ack has a time",
        ),
        (
            &["--mode", "oneway", "-R", "10", "--ack", "{nothing}"],
            "'{nothing}' is not known",
        ),
        (
            &["--mode", "oneway", "-R", "10", "--ack", "m{seq}{n}"],
            "--ack has a digit or a number right behind {seq} or {n}",
        ),
        (
            &["--mode", "oneway", "-R", "10", "--ack", "json:/id={n}0"],
            "--ack has a digit or a number right behind {seq} or {n}",
        ),
    ] {
        assert_refused(words, said);
    }
}
