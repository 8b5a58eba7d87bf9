//! `wsbench check`: the embedded server passes, and each fault of a server makes it fail where it
//! should.

use crate::running::embedded::Embedded;
use crate::running::{Process, measured, wsbench};
use serde_json::Value;

/// The exit code of a check, and its document.
fn checked(url: &str) -> (i32, Value) {
    let words = ["check", "--format", "json", "--patience", "1s", url];
    let ended = Process::start(&mut wsbench(&words)).ended();
    let document = serde_json::from_str(&ended.stdout).unwrap();
    (ended.status.code().unwrap(), document)
}

/// The names of the cases with this verdict.
fn with_verdict(document: &Value, verdict: &str) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    let of_verdict = findings.filter(|finding| finding["verdict"] == verdict);
    of_verdict
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_embedded_server_passes_every_case() {
    let server = Embedded::start(&["--compress"]);
    let (code, document) = checked(&server.url);
    for verdict in ["failed", "non_strict", "declined", "skipped"] {
        assert_eq!(with_verdict(&document, verdict), [""; 0]);
    }
    assert_eq!(code, 0);
    assert!(document["counts"]["ok"].as_u64().unwrap() >= 65);
}

#[test]
fn a_server_without_compression_passes_and_is_not_asked_for_it() {
    let server = Embedded::start(&[]);
    let (code, document) = checked(&server.url);
    assert_eq!(code, 0);
    let declined = with_verdict(&document, "declined");
    assert!(declined.len() >= 12, "{declined:?}");
    assert!(declined.iter().all(|id| id.starts_with("deflate-")));
    assert_eq!(with_verdict(&document, "skipped"), [""; 0]);
}

#[test]
fn a_server_that_changes_the_opcode_fails_in_all_that_is_echoed() {
    let server = Embedded::with("wrong-opcode");
    let (code, document) = checked(&server.url);
    assert_eq!(code, 4);
    let failed = with_verdict(&document, "failed");
    assert!(failed.contains(&"size-125".to_owned()), "{failed:?}");
    assert!(!failed.contains(&"ping".to_owned()), "{failed:?}");
}

#[test]
fn a_server_that_does_not_answer_a_close_fails_in_that_alone() {
    let server = Embedded::with("no-close-reply");
    let (code, document) = checked(&server.url);
    assert_eq!(code, 4);
    let failed = with_verdict(&document, "failed");
    assert!(
        failed.iter().all(|id| id.contains("close")) && failed.len() >= 5,
        "{failed:?}"
    );
}

#[test]
fn nobody_there_fails_the_first_case_and_skips_the_others() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("ws://{}/", listener.local_addr().unwrap())
    };
    let (code, document) = checked(&url);
    assert_eq!(code, 4);
    assert_eq!(with_verdict(&document, "failed"), ["upgrade"]);
    assert_eq!(with_verdict(&document, "ok"), [""; 0]);
}

#[test]
fn a_measurement_carries_the_stamp_of_the_gate() {
    let server = Embedded::start(&[]);
    let run = measured(&["--gate", "-n", "100", "-c", "2", &server.url]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["conformance"]["counts"]["failed"], 0);
    let server = Embedded::with("no-close-reply");
    let run = measured(&["--gate", "-n", "100", "-c", "2", &server.url]);
    assert_eq!(run.exit, 4, "measured, and not let pass: {}", run.story());
    assert_eq!(run.sent("answered"), 100);
    let failed = run.document["conformance"]["failed"].as_array().unwrap();
    assert!(failed.contains(&Value::from("close-1000")), "{failed:?}");
}
