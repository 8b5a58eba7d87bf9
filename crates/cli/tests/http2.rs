//! The embedded server over HTTP/2 (RFC 8441): measured, checked, gated, on the port where it speaks
//! HTTP/1.1 as well; and the ways to it.
#![cfg(all(unix, feature = "http2"))]

use std::thread;
use std::time::Duration;

use crate::raw::Raw;
use crate::running::embedded::Embedded;
use crate::running::{Process, Run, measured, send_signal, start_measuring, wsbench};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server within TLS, and the file of its certificate.
fn encrypted() -> (Embedded, TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let certificate = directory.path().join("cert.pem");
    let certificate = certificate.to_str().unwrap().to_owned();
    let server = Embedded::start(&["--tls", "--write-cert", &certificate]);
    (server, directory, certificate)
}

fn assert_flawless(run: &Run, messages: u64, websockets: u64, connections: u64) {
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), messages, "{}", run.story());
    assert_eq!(run.connections("upgraded"), websockets, "{}", run.story());
    assert_eq!(run.connections("closed_cleanly"), websockets);
    assert_eq!(run.document["errors"], json!([]), "{}", run.story());
    let opened = &run.document["handshake_ns"]["tcp"]["count"];
    assert_eq!(*opened, connections, "{}", run.story());
}

#[test]
fn many_streams_share_few_connections() {
    let server = Embedded::start(&[]);
    let load = ["-n", "2000", "-c", "60", "-t", "1", "--http", "2"];
    let run = measured(&[&load[..], &["--streams", "25", &server.url]].concat());
    assert_flawless(&run, 2_000, 60, 3);
    // More than the server takes on one connection.
    let load = ["-n", "1100", "-c", "1100", "-t", "1", "--http", "2"];
    let run = measured(&[&load[..], &["--streams", "5000", &server.url]].concat());
    assert_flawless(&run, 1_100, 1_100, 2);
}

#[test]
fn http2_is_agreed_on_within_tls_and_http1_goes_on_beside() {
    let (server, _directory, certificate) = encrypted();
    let load = ["-n", "300", "-c", "10", "-t", "1", "--cacert", &certificate];
    let run = measured(&[&load[..], &["--http", "2", &server.url]].concat());
    assert_flawless(&run, 300, 10, 1);
    assert_eq!(run.document["handshake_ns"]["tls"]["count"], 1);
    let run = measured(&[&load[..], &[&server.url]].concat());
    assert_flawless(&run, 300, 10, 10);
    // Who would take either is given HTTP/1.1, in which libraries ask for an upgrade.
    let run = measured(&[&load[..], &["--alpn", "h2,http/1.1", &server.url]].concat());
    assert_flawless(&run, 300, 10, 10);
    let server = Embedded::start(&[]);
    let run = measured(&["-n", "50", "-c", "5", "-t", "1", &server.url]);
    assert_flawless(&run, 50, 5, 5);
}

/// More than a stream's window lets through at a time, on two streams at once.
#[test]
fn messages_larger_than_the_windows_of_http2_pass() {
    let server = Embedded::start(&[]);
    let load = ["-n", "4", "-c", "2", "-t", "1", "-s", "5m", "--binary"];
    let further = ["--timeout", "60s", "--http", "2", &server.url];
    let run = measured(&[&load[..], &further].concat());
    assert_flawless(&run, 4, 2, 1);
}

#[test]
fn clients_that_are_replaced_open_streams_on_the_same_connection() {
    let server = Embedded::start(&["--compress"]);
    let load = ["--clients", "200", "-r", "3", "-c", "8", "-t", "1"];
    let run = measured(&[&load[..], &["--http", "2", "--compress", &server.url]].concat());
    assert_flawless(&run, 600, 200, 1);
    assert_eq!(run.connections("clients_completed"), 200);
}

#[test]
fn delays_and_faults_are_the_same_on_streams() {
    let server = Embedded::start(&["--delay", "20ms"]);
    let load = ["-n", "40", "-c", "4", "-t", "1", "--http", "2"];
    let run = measured(&[&load[..], &[&server.url]].concat());
    assert_flawless(&run, 40, 4, 1);
    let least = run.document["service_ns"]["min"].as_u64();
    assert!(least >= Some(20_000_000), "{}", run.story());
    for (fault, phase, kind) in [
        ("status:code=503", "handshake", "status"),
        ("masked", "frames", "masked_by_server"),
        ("no-close-reply", "close", "no_close_reply"),
        ("garbage", "handshake", "http2_reset"),
        ("reset-after:messages=2", "close", "http2_reset"),
    ] {
        let server = Embedded::with(fault);
        let run = measured(&[
            "-d",
            "300ms",
            "-c",
            "3",
            "-t",
            "1",
            "--http",
            "2",
            &server.url,
        ]);
        assert!(run.errors(phase, kind) > 0, "{fault}: {}", run.story());
    }
}

/// The server ends in order: its clients are told so (GOAWAY), and not left with a reset.
#[test]
fn a_server_that_ends_says_goodbye() {
    let server = Embedded::start(&[]);
    let load = ["-d", "60s", "-c", "10", "-t", "1", "-R", "200"];
    let run = start_measuring(&[&load[..], &["--http", "2", &server.url]].concat());
    thread::sleep(Duration::from_millis(1_500));
    send_signal("-TERM", server.id());
    let run = Run::of(run.ended());
    assert_eq!(run.exit, 1, "{}", run.story());
    assert_eq!(run.errors("close", "http2_goaway"), 10, "{}", run.story());
    assert_eq!(run.errors("close", "http2_reset"), 0, "{}", run.story());
}

/// The cases that have a meaning over HTTP/2 pass there as over HTTP/1.1.
#[test]
fn a_check_over_http2_passes_and_leaves_out_what_http2_does_not_have() {
    let (server, _directory, certificate) = encrypted();
    let plain = Embedded::start(&["--compress"]);
    let within = ["--cacert", &certificate, &server.url];
    for way in [&[plain.url.as_str()][..], &within] {
        let words = ["check", "--format", "json", "--http", "2"];
        let checked = Process::start(&mut wsbench(&[&words[..], way].concat())).ended();
        let document: Value = serde_json::from_str(&checked.stdout).unwrap();
        assert_eq!(checked.status.code(), Some(0), "{}", checked.stdout);
        let findings = document["findings"].as_array().unwrap().iter();
        let asked: Vec<&str> = findings.map(|it| it["id"].as_str().unwrap()).collect();
        for of_http1 in [
            "header-case",
            "request-octet-by-octet",
            "no-key",
            "short-key",
            "no-upgrade",
        ] {
            assert!(!asked.contains(&of_http1), "{of_http1}");
        }
        assert!(asked.contains(&"old-version"), "{asked:?}");
        assert_eq!(document["counts"]["skipped"], 0, "{}", checked.stdout);
        assert!(document["counts"]["ok"].as_u64().unwrap() > 40);
    }
    let faulty = Embedded::with("masked");
    let words = ["check", "--http", "2", &faulty.url];
    let checked = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(checked.status.code(), Some(4), "{}", checked.stdout);
}

#[test]
fn the_gate_the_probe_for_redirects_and_the_floor_go_over_http2() {
    let (server, _directory, certificate) = encrypted();
    let load = ["-n", "1000", "-c", "1", "-t", "1", "--http", "2", "--gate"];
    let further = ["--follow-redirects", "--cacert", &certificate, &server.url];
    let run = measured(&[&load[..], &further].concat());
    assert_flawless(&run, 1000, 1, 1);
    assert_eq!(run.document["conformance"]["counts"]["failed"], 0);
    assert!(run.document["conformance"]["counts"]["ok"].as_u64() > Some(40));
    assert!(
        run.document["floor_ns"]["p50"].as_u64() > Some(0),
        "{}",
        run.story()
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let path = path.to_str().unwrap();
    let _server = Embedded::start(&["--unix-socket", path]);
    let load = ["-n", "30", "-c", "3", "-t", "1", "--http", "2", "--gate"];
    let run = measured(&[&load[..], &["--unix-socket", path, "ws://h/"]].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 30), "{}", run.story());
    assert_eq!(run.document["conformance"]["counts"]["failed"], 0);
}

#[test]
fn the_embedded_server_is_measured_over_http2_without_a_url() {
    let run = measured(&["-n", "20", "-c", "2", "-t", "1", "--http", "2"]);
    assert_flawless(&run, 20, 2, 1);
}

/// It accepts, and never says a word of HTTP/2.
#[test]
fn a_server_that_is_silent_is_told_to_be_so_of_http2() {
    let server = Raw::start(|mut peer| peer.drain());
    let words = ["--connect-timeout", "300ms", "-c", "2", "-d", "200ms"];
    let run = measured(&[&words[..], &["--http", "2", &server.url()]].concat());
    assert!(run.errors("handshake", "timed_out") > 0, "{}", run.story());
    let said = run.example("handshake", "timed_out");
    assert!(said.contains("did not begin HTTP/2"), "{said}");
    assert!(run.connections("opened") > 0, "{}", run.story());
    let words = ["check", "--patience", "200ms", "--http", "2", &server.url()];
    let checked = Process::start(&mut wsbench(&words)).ended();
    let said = "no connection: the server did not begin HTTP/2 with its settings within 200ms";
    assert!(checked.stdout.contains(said), "{}", checked.stdout);
}
