//! Requests with several answers over the kernel, against the embedded server, whose items are known.
//! Nothing here asks for a time that a busy machine cannot keep.
#![cfg(unix)]

use serde_json::Value;

use crate::running::embedded::Embedded;
use crate::running::{assert_refused, caveat, count, documented};

const STREAM: [&str; 8] = [
    "--mode",
    "request",
    "--template",
    r#"{"id":{id}}"#,
    "--end",
    "json:/end=true",
    "-c",
    "4",
];

fn measured(server: &Embedded, words: &[&str]) -> (Option<i32>, Value) {
    documented(&[&STREAM[..], words, &[&server.url]].concat())
}

#[test]
fn items_are_counted_and_timed_up_to_the_end_of_their_stream() {
    let server = Embedded::start(&["--items", "5,each=3ms"]);
    let (code, document) = measured(&server, &["-n", "200"]);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let items = &document["items"];
    assert_eq!(count(items, "received"), 1_000);
    assert_eq!(count(items, "empty_streams"), 0);
    let at = |series: &str, figure: &str| document[series][figure].as_u64().unwrap();
    assert_eq!(at("item_first_ns", "count"), 200);
    assert_eq!(at("item_gap_ns", "count"), 800);
    // The server's times are exact or late: the end is five gaps behind the first item.
    let mean = document["item_gap_ns"]["mean"].as_f64().unwrap();
    assert!((2.5e6..30e6).contains(&mean), "{mean}");
    assert!(
        at("service_ns", "min") >= 14_000_000,
        "{}",
        document["service_ns"]
    );
    assert!(at("item_first_ns", "min") < at("service_ns", "min"));
    let per_s = document["items_per_s"].as_f64().unwrap();
    let streams_per_s = document["messages_per_s"].as_f64().unwrap();
    assert!(
        (per_s / streams_per_s - 5.0).abs() < 0.5,
        "{per_s} {streams_per_s}"
    );
}

#[test]
fn figures_of_streams_are_conditions() {
    let server = Embedded::start(&["--items", "2"]);
    let conditions = [
        "--fail-if",
        "item.first.p50>10s",
        "--fail-if",
        "item.gap.p50>10s",
    ];
    let (code, document) = measured(&server, &[&["-n", "2k"], &conditions[..]].concat());
    assert_eq!(code, Some(0), "{:#}", document["conditions"]);
    let words = ["-n", "2k", "--fail-if", "items_per_s>0.001/s"];
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(99), "{:#}", document["conditions"]);
}

#[test]
fn answers_without_a_number_are_taken_in_order() {
    let server = Embedded::start(&["--items", "3"]);
    let words = [
        "--mode",
        "request",
        "--template",
        r#"{"ask":"something"}"#,
        "--match",
        "order",
        "--end",
        "json:/end=true",
        "-c",
        "3",
        "-n",
        "300",
        &server.url,
    ];
    let (code, document) = documented(&words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    assert_eq!(count(&document["items"], "received"), 900);
    assert_eq!(document["plan"]["matched_by"], "turn");
    assert_eq!(document["plan"]["request"]["match"], "order");
}

#[test]
fn a_wrong_end_is_told() {
    // One that never comes: the time that a stream may take is over.
    let server = Embedded::start(&["--items", "3"]);
    let words = [
        "--mode",
        "request",
        "--template",
        r#"{"id":{id}}"#,
        "--timeout",
        "300ms",
    ];
    let rest = [
        "--end",
        "json:/done=true",
        "-c",
        "2",
        "-d",
        "1s",
        &server.url,
    ];
    let (code, document) = documented(&[&words[..], &rest].concat());
    assert_eq!(code, Some(1));
    let told = caveat(&document, "nothing_answered").unwrap();
    let advice = told["advice"].as_str().unwrap();
    assert!(advice.contains("--end"), "{advice}");
    // One that each answer has: there are no items, and what comes behind is a further answer.
    let server = Embedded::start(&["--items", "1"]);
    let rest = ["--end", "contains:{", "-c", "2", "-n", "100", &server.url];
    let (_, document) = documented(&[&words[..], &rest].concat());
    let told = caveat(&document, "streams").unwrap();
    assert!(told["advice"].as_str().unwrap().contains("--end"), "{told}");
    assert!(count(&document["messages"], "duplicated") > 0);
}

#[test]
fn an_end_without_requests_is_refused() {
    for (words, told) in [
        (&["--end", "json:/end=true"][..], "--end is of requests"),
        (
            &[
                "--mode",
                "request",
                "--template",
                "{id}",
                "--end",
                "json:end",
            ],
            "json:/type=joined",
        ),
        (
            &["--mode", "request", "--template", "{id}", "--end", "{room}"],
            "--rooms",
        ),
        (
            &["--mode", "request", "--template", "{id}", "--end", "{tag}"],
            "--end",
        ),
        (&["--mode", "request", "--template", "{\"a\":1}"], "{id}"),
    ] {
        assert_refused(words, told);
    }
}
