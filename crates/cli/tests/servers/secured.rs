//! Servers that other people wrote, behind TLS, compressed, and both: every message is answered, and
//! counted by the server as by us.

use std::fs;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use crate::assert_flawless;
use crate::running::{measured, workspace};
use crate::server::{Kind, Server};

/// A certificate for 127.0.0.1 and its key, as files.
pub(crate) fn certificate() -> (TempDir, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let place = |name: &str, content: String| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cert = place("cert.pem", certificate.pem());
    let key = place("key.pem", key.serialize_pem());
    (directory, cert, key)
}

fn every_message_is_answered(kind: Kind, is_secure: bool, compresses: bool) {
    let (_directory, cert, key) = certificate();
    let mut environment = vec![];
    if is_secure {
        environment.extend([("TLS_CERT", cert.as_str()), ("TLS_KEY", key.as_str())]);
    }
    if compresses {
        environment.push(("DEFLATE", "1"));
    }
    let server = Server::start_with(kind, &environment);
    let corpus = workspace().join("README.md");
    let scheme = if is_secure { "wss" } else { "ws" };
    let url = server.url().replace("ws", scheme);
    let mut words = vec![
        "-n",
        "2000",
        "-c",
        "8",
        "--corpus",
        corpus.to_str().unwrap(),
    ];
    if is_secure {
        words.extend(["--cacert", &cert]);
    }
    if compresses {
        words.push("--compress");
    }
    words.push(&url);
    let run = measured(&words);
    assert_flawless(&run);
    assert_eq!(run.sent("answered"), 2_000, "{}", run.story());
    assert_eq!(run.connections("closed_cleanly"), 8, "{}", run.story());
    if is_secure {
        assert_eq!(run.document["handshake_ns"]["tls"]["count"], 8);
    }
    if compresses {
        let accepted = run.document["compression"]["accepted"].as_object().unwrap();
        let connections: u64 = accepted.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(connections, 8, "{accepted:?}");
    }
    let seen = server.stats();
    assert_eq!((seen.messages, seen.connections), (2_000, 8));
}

#[test]
#[ignore = "needs scripts/servers"]
fn websockets_behind_tls_and_compressed() {
    every_message_is_answered(Kind::Websockets, true, false);
    every_message_is_answered(Kind::Websockets, false, true);
    every_message_is_answered(Kind::Websockets, true, true);
}

#[test]
#[ignore = "needs scripts/servers"]
fn ws_behind_tls_and_compressed() {
    every_message_is_answered(Kind::Ws, true, false);
    every_message_is_answered(Kind::Ws, false, true);
    every_message_is_answered(Kind::Ws, true, true);
}
