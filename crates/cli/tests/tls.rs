//! Servers behind TLS: what is measured of them, and what is wrong with their certificates by name.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod running;

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use running::embedded::Embedded;
use running::{Run, measured};
use serde_json::Value;
use tempfile::TempDir;

/// A directory with a certificate, its key, and a server that shows them.
struct Shown {
    directory: TempDir,
    server: Embedded,
}

impl Shown {
    /// A server whose certificate is for `name`, changed as `change` says.
    fn new(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut parameters);
        let certificate = parameters.self_signed(&key).unwrap();
        let place = |file: &str| directory.path().join(file);
        fs::write(place("cert.pem"), certificate.pem()).unwrap();
        fs::write(place("key.pem"), key.serialize_pem()).unwrap();
        let (cert, key) = (place("cert.pem"), place("key.pem"));
        let server = Embedded::start(&["--cert", text(&cert), "--key", text(&key)]);
        Self { directory, server }
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }

    /// A short run that trusts the certificate, with these flags.
    fn measured(&self, flags: &[&str]) -> Run {
        let certificate = self.certificate();
        let words = ["-n", "200", "-c", "4", "--cacert", text(&certificate)];
        measured(&[&words, flags, &[self.server.url.as_str()]].concat())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What was agreed upon, of all connections the same.
fn agreed(run: &Run) -> String {
    let agreed = run.document["tls_agreed"].as_object().unwrap();
    assert_eq!(agreed.len(), 1, "{agreed:?}");
    agreed.keys().next().unwrap().clone()
}

#[test]
fn a_server_that_is_trusted_is_measured_as_a_plain_one_is() {
    let shown = Shown::new("127.0.0.1", |_| {});
    assert!(shown.server.url.starts_with("wss://"));
    let run = shown.measured(&[]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), 200);
    let handshake = &run.document["handshake_ns"];
    assert_eq!(handshake["tls"]["count"], 4, "{handshake}");
    assert!(handshake["tls"]["max"].as_u64().unwrap() > 0);
    assert!(agreed(&run).starts_with("TLS 1.3, "));
    assert_eq!(run.document["close_codes"]["1000"], 4);
}

#[test]
fn large_messages_and_clients_that_are_replaced_go_through_tls() {
    let shown = Shown::new("127.0.0.1", |_| {});
    let run = shown.measured(&["-s", "200k", "-p", "4"]);
    assert_eq!(
        (run.exit, run.sent("answered")),
        (0, 200),
        "{}",
        run.story()
    );
    let certificate = shown.certificate();
    let words = ["--clients", "20", "-c", "4", "--cacert", text(&certificate)];
    let run = measured(&[&words[..], &[shown.server.url.as_str()]].concat());
    assert_eq!(
        (run.exit, run.sent("answered")),
        (0, 100),
        "{}",
        run.story()
    );
    assert_eq!(run.document["handshake_ns"]["tls"]["count"], 20);
}

#[test]
fn the_version_is_the_one_asked_for_and_sessions_are_resumed_on_request() {
    let shown = Shown::new("127.0.0.1", |_| {});
    let run = shown.measured(&["--tls", "1.2"]);
    assert!(agreed(&run).starts_with("TLS 1.2, "), "{}", run.story());
    let certificate = shown.certificate();
    let words = ["--clients", "20", "-c", "1", "--tls-resume", "--cacert"];
    let url = shown.server.url.as_str();
    let run = measured(&[&words[..], &[text(&certificate), url]].concat());
    let agreed = run.document["tls_agreed"].as_object().unwrap();
    let resumed = agreed.iter().find(|(name, _)| name.ends_with("resumed"));
    assert!(
        resumed.is_some_and(|(_, count)| count.as_u64() >= Some(10)),
        "{agreed:?}"
    );
}

#[test]
fn each_fault_of_a_certificate_has_a_name_and_an_end() {
    let good = Shown::new("127.0.0.1", |_| {});
    let untrusted = measured(&["-n", "10", "-c", "2", &good.server.url]);
    let expired = Shown::new("127.0.0.1", |parameters| {
        parameters.not_before = date_time_ymd(2019, 1, 1);
        parameters.not_after = date_time_ymd(2020, 1, 1);
    });
    let elsewhere = Shown::new("elsewhere.example", |_| {});
    for (kind, run) in [
        ("tls_untrusted", untrusted),
        ("tls_expired", expired.measured(&[])),
        ("tls_wrong_host", elsewhere.measured(&[])),
    ] {
        assert_eq!(run.exit, 1, "{kind}: {}", run.story());
        assert!(run.errors("tls", kind) > 0, "{kind}: {}", run.story());
        assert_eq!(run.document["handshake_ns"].get("tls"), None, "no samples");
    }
    for shown in [&expired, &elsewhere] {
        let run = measured(&["-k", "-n", "10", "-c", "2", &shown.server.url]);
        assert_eq!((run.exit, run.sent("answered")), (0, 10), "{}", run.story());
    }
    let run = elsewhere.measured(&["--server-name", "elsewhere.example"]);
    assert_eq!(run.exit, 0, "the name asked for: {}", run.story());
}

#[test]
fn a_plain_server_on_wss_and_tls_on_ws_are_told_apart() {
    let plain = Embedded::start(&[]);
    let run = measured(&[
        "-k",
        "-n",
        "10",
        "-c",
        "2",
        &plain.url.replace("ws:", "wss:"),
    ]);
    assert_eq!(run.exit, 1);
    let told = run.errors("tls", "tls_plain_server") + run.errors("tls", "tls_cut");
    assert!(told > 0, "{}", run.story());
    let secure = Shown::new("127.0.0.1", |_| {});
    let run = measured(&[
        "-n",
        "10",
        "-c",
        "2",
        &secure.server.url.replace("wss:", "ws:"),
    ]);
    assert_eq!(run.exit, 1);
    assert!(
        run.example("handshake", "garbage").contains("wss://"),
        "{}",
        run.story()
    );
    assert_eq!(run.document["audit"]["verdict"], Value::from("invalid"));
}

#[test]
fn nobody_there_is_refused_at_once_as_without_tls() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("wss://{}/", listener.local_addr().unwrap())
    };
    let run = measured(&["-k", "-n", "10", "-c", "2", &url]);
    assert_eq!(run.exit, 1);
    assert!(run.errors("connect", "refused") >= 2, "{}", run.story());
    assert_eq!(run.errors("connect", "timed_out"), 0, "{}", run.story());
}
