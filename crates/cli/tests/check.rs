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

/// A server that dies of a case is not examined further, and the case is named.
#[cfg(unix)]
#[test]
fn a_server_that_dies_has_died_at_a_case_and_the_rest_is_not_run() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("fragile.py");
    std::fs::write(&script, FRAGILE).unwrap();
    let mut server = std::process::Command::new("python3")
        .arg(&script)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = server.stdout.as_mut().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    let (code, document) = checked(&format!("ws://127.0.0.1:{}/", line.trim()));
    server.wait().unwrap();
    assert_eq!(code, 4);
    let failed = with_verdict(&document, "failed");
    let skipped = with_verdict(&document, "skipped");
    assert!(failed.len() <= 12, "{failed:?}");
    assert!(skipped.len() > 20, "{skipped:?}");
    let findings = document["findings"].as_array().unwrap();
    let seen = |id: &str| {
        let finding = findings.iter().find(|finding| finding["id"] == id).unwrap();
        finding["seen"].as_str().unwrap().to_owned()
    };
    let died = failed.last().unwrap();
    assert!(
        seen(died).ends_with("; then the server died"),
        "{}",
        seen(died)
    );
    let not_run = seen(&skipped[0]);
    assert_eq!(not_run, format!("not run: the server had died at {died}"));
}

/// Echoes what is short, and ends at the tenth connection.
#[cfg(unix)]
const FRAGILE: &str = r#"
import base64, hashlib, os, socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
for number in range(11):
    peer, _ = server.accept()
    peer.settimeout(5)
    head = b""
    while b"\r\n\r\n" not in head:
        more = peer.recv(4096)
        if not more:
            break
        head += more
    key = [l.split(b":", 1)[1].strip() for l in head.split(b"\r\n") if l.lower().startswith(b"sec-websocket-key")]
    if number == 10:
        os._exit(1)
    if not key:
        peer.close()
        continue
    accept = base64.b64encode(hashlib.sha1(key[0] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    peer.close()
"#;

/// A greeting is passed over, and that is said.
#[cfg(unix)]
#[test]
fn a_server_that_greets_is_examined_behind_its_greeting() {
    let server = crate::raw::Raw::start(|mut peer| {
        let request = peer.request();
        peer.send(crate::raw::switching(&request).as_bytes());
        peer.send(&crate::raw::encoded(0x81, b"Welcome"));
        while let Some(frame) = peer.frame() {
            match frame.opcode() {
                8 => peer.send(&crate::raw::encoded(0x88, &frame.payload)),
                9 => peer.send(&crate::raw::encoded(0x8a, &frame.payload)),
                _ => peer.send(&crate::raw::encoded(frame.first, &frame.payload)),
            }
        }
    });
    let (_, document) = checked(&server.url());
    let greeting = document["greeting"].as_str().unwrap();
    assert!(
        greeting.contains("1 message of its own, \"Welcome\""),
        "{greeting}"
    );
    let ok = with_verdict(&document, "ok");
    for id in ["size-0", "size-125", "ping"] {
        assert!(ok.contains(&id.to_owned()), "{id}: {ok:?}");
    }
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

/// The seed is told, and the same one asks the same again.
#[test]
fn a_check_says_its_seed() {
    let server = Embedded::start(&[]);
    let said = |words: &[&str]| {
        let words = [&["check"], words, &[server.url.as_str()]].concat();
        Process::start(&mut wsbench(&words)).ended().stdout
    };
    assert!(said(&["--seed", "42"]).contains("(seed 42)"));
    let first = said(&[]);
    let (_, rest) = first.split_once("(seed ").unwrap();
    assert!(
        rest.split(')').next().unwrap().parse::<u64>().is_ok(),
        "{first}"
    );
}

/// Of the embedded server, where none is named.
#[test]
fn a_check_is_written_in_each_of_its_forms() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |words: &[&str]| {
        let words = [&["check"], words].concat();
        let ended = Process::start(wsbench(&words).current_dir(folder.path())).ended();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        ended.stdout
    };
    assert!(shown(&["-o", "findings.json"]).contains("checking ws://"));
    let written = std::fs::read_to_string(folder.path().join("findings.json")).unwrap();
    let findings: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(findings["counts"]["failed"], 0);
    let printed: Value = serde_json::from_str(&shown(&["--format", "json"])).unwrap();
    assert_eq!(printed["counts"], findings["counts"]);
    for format in ["markdown", "github"] {
        assert!(shown(&["--format", format]).contains("| "), "{format}");
    }
    assert_eq!(shown(&["--format", "quiet"]), "");
    for format in ["csv", "html"] {
        let words = ["check", "--format", format];
        let refused = Process::start(&mut wsbench(&words)).ended();
        assert_eq!(refused.status.code(), Some(2), "{format}");
    }
}
