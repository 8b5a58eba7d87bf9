//! `wsbench record`: a client and a server of our own, recorded, and the scenario that comes of it, run.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::running::embedded::Embedded;
use crate::running::recording::Recording;
use crate::running::{Process, send_signal, wsbench};

/// A credential is found by this part, which stands nowhere else.
const MARK: &str = "hunter2";

/// The document of a run, which ends well.
fn run(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Value {
    let usual = [
        "--warmup",
        "200ms",
        "--seed",
        "5",
        "--format",
        "json",
        "--no-state",
    ];
    let mut command = wsbench(&[words, &usual].concat());
    let command = command
        .current_dir(folder)
        .envs(environment.iter().copied());
    let ended = Process::start(command).ended();
    let said = &ended.stderr;
    assert_eq!(ended.status.code(), Some(0), "{words:?}: {said}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// A client of rooms: a scenario with a login that has a credential in it.
const CLIENT: &str = r#"
rooms = { names = ["news", "sport"] }
login = [{ send = '{"join":"{room}","password":"{env:PASS}"}', expect = { json = { "/joined" = "{room}" } } }]
[[clients]]
count = 4
roles = ["publish", "subscribe"]
rate = "40/s"
message = '{"room":"{room}","text":"{tag}{fill}"}'
size = 60
"#;

#[test]
fn a_recording_of_rooms_is_run_as_a_scenario_and_holds_no_credential() {
    let server = Embedded::start(&["--broadcast"]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("client.toml"), CLIENT).unwrap();
    let words = [&server.url, "-c", "4", "-o", "app.toml"];
    let recording = Recording::start(folder.path(), &words);
    let url = format!("{}chat?room=1&token=url-{MARK}", recording.url);
    let planted = [("PASS", "pass-hunter2-word")];
    let client = [
        "--scenario",
        "client.toml",
        "-d",
        "1s",
        "-H",
        "X-Tenant: seven",
        "--bearer",
        "bearer-hunter2",
        "--cookie",
        "sid=cookie-hunter2",
        &url,
    ];
    let document = run(folder.path(), &client, &planted);
    assert_eq!(document["connections"]["upgraded"], 4);
    let ended = recording.ended();
    let said = ended.stderr;
    let printed = (ended.status.code(), ended.stdout.as_str());
    assert_eq!(printed, (Some(0), ""), "{said}");
    assert!(
        said.contains("connection 4 closed") && said.contains("written: 4 connections"),
        "{said}"
    );
    let text = fs::read_to_string(folder.path().join("app.toml")).unwrap();
    for shown in [&text, &said] {
        assert!(!shown.contains(MARK), "{shown}");
    }
    for line in [
        "url = ",
        "token={env:TOKEN}",
        "X-Tenant = \"seven\"",
        "Bearer {env:AUTHORIZATION}",
        "{env:COOKIE}",
        "\"password\":\"{env:PASSWORD}\"",
        "\"room\":\"{room}\",\"text\":\"{tag}{fill}\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // As they were joined, and connections come in any order.
    let names = [r#"["news", "sport"]"#, r#"["sport", "news"]"#];
    assert!(names.iter().any(|names| text.contains(names)), "{text}");
    let set = ["TOKEN", "AUTHORIZATION", "COOKIE", "PASSWORD"].map(|name| (name, "again-hunter2"));
    let again = ["--scenario", "app.toml", "-d", "1s", "-R", "40"];
    let document = run(folder.path(), &again, &set);
    let count = |name: &str| document["deliveries"][name].as_u64().unwrap();
    assert!(count("expected") > 20, "{text}");
    assert_eq!(
        (count("received"), count("missing")),
        (count("expected"), 0),
        "{text}"
    );
    assert!(!document.to_string().contains(MARK), "{document}");
    assert_eq!(document["handshake_ns"]["login"]["count"], 4);
}

#[test]
fn an_echo_over_tls_is_recorded_and_printed() {
    let server = Embedded::start(&["--tls"]);
    let folder = tempfile::tempdir().unwrap();
    let recording = Recording::start(folder.path(), &["--insecure", &server.url]);
    run(folder.path(), &["-c", "1", "-n", "20", &recording.url], &[]);
    let ended = recording.ended();
    let text = ended.stdout;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(text.contains("roles = [\"echo\"]"), "{text}");
    fs::write(folder.path().join("echo.toml"), &text).unwrap();
    let words = ["--scenario", "echo.toml", "-n", "50", "-k"];
    let document = run(folder.path(), &words, &[]);
    assert_eq!(document["messages"]["answered"], 50);
}

#[test]
fn a_recording_that_is_interrupted_is_written_down() {
    let server = Embedded::start(&["--push", "50/s"]);
    let folder = tempfile::tempdir().unwrap();
    let words = [&server.url, "--for", "1h", "-o", "pushes.toml"];
    let recording = Recording::start(folder.path(), &words);
    let client = ["--mode", "push", "-c", "2", "-d", "1s", &recording.url];
    run(folder.path(), &client, &[]);
    send_signal("-INT", recording.id());
    let ended = recording.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let text = fs::read_to_string(folder.path().join("pushes.toml")).unwrap();
    for line in [
        "roles = [\"subscribe\"]",
        "sequence = \"json:/u\"",
        "stamp = \"json:/E:ms\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let document = run(
        folder.path(),
        &["--scenario", "pushes.toml", "-d", "1s"],
        &[],
    );
    assert_eq!(document["connections"]["upgraded"], 2, "{text}");
    assert!(
        document["push_gap_ns"]["count"].as_u64().unwrap() > 20,
        "{document}"
    );
}

#[test]
fn a_browsers_export_makes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let message = |by: &str, at: u32, text: &str| serde_json::json!({"type": by, "time": 1_700_000_000.0 + f64::from(at) / 1e3, "opcode": 1, "data": text});
    let mut messages = Vec::new();
    for number in 1..5 {
        let asked = format!("{{\"id\":{number},\"method\":\"sum\",\"key\":\"planted-{MARK}\"}}");
        messages.push(message("send", number * 100, &asked));
        messages.push(message("receive", number * 100 + 5, &asked));
    }
    let har = serde_json::json!({"log": {"entries": [{
        "request": {"url": "wss://example.com/ws?x=1", "headers": [{"name": "Cookie", "value": format!("a={MARK}-cookie")}]},
        "_webSocketMessages": messages,
    }]}});
    fs::write(folder.path().join("app.har"), har.to_string()).unwrap();
    let words = ["record", "--har", "app.har", "localhost:3999"];
    let ended = Process::start(wsbench(&words).current_dir(folder.path())).ended();
    let text = ended.stdout;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(
        text.contains("url = \"ws://localhost:3999/ws?x=1\""),
        "{text}"
    );
    assert!(!text.contains(MARK), "{text}");
    assert!(
        text.contains("{env:KEY}") && text.contains("{env:COOKIE}"),
        "{text}"
    );
}

/// At the place that was given, for as long as was said: who is still there is told to leave.
#[test]
fn clients_are_awaited_where_it_is_said() {
    let server = Embedded::start(&["--push", "50/s"]);
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let words = [&server.url, "--listen", &port.to_string(), "--for", "1s"];
    let recording = Recording::start(folder.path(), &words);
    assert_eq!(recording.url, format!("ws://127.0.0.1:{port}/"));
    let (mut client, _) = tungstenite::connect(&recording.url).unwrap();
    let ended = loop {
        match client.read() {
            Ok(tungstenite::Message::Close(close)) => break close,
            Ok(_) => {}
            Err(error) => panic!("no close frame: {error}"),
        }
    };
    assert!(ended.is_some());
    let ended = recording.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("roles = "), "{}", ended.stdout);
}

#[test]
fn what_cannot_be_recorded_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("no.har"), "{}").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases: &[(&[&str], i32, &str)] = &[
        (&[], 2, "required"),
        (
            &["localhost:1", "--listen", "here"],
            2,
            "write it like 4000",
        ),
        (
            &["localhost:1", "--listen", &taken],
            1,
            "nobody can be waited for there",
        ),
        (&["localhost:1", "--insecure"], 2, "--insecure"),
        (
            &["localhost:1", "--for", "100ms"],
            1,
            "no connection was opened",
        ),
        (&["--har", "no.har"], 1, "it is no HAR: missing field `log`"),
        (&["--har", "none.har"], 2, "--har none.har"),
        (
            &["--har", "no.har", "--listen", "4000"],
            2,
            "cannot be used with",
        ),
        (&["localhost:1", "-o", "/nowhere/x.toml"], 2, "--output"),
    ];
    for (words, code, told) in cases {
        let words = [&["record"], *words].concat();
        let ended = Process::start(wsbench(&words).current_dir(folder.path())).ended();
        let said = ended.stderr;
        assert_eq!(ended.status.code(), Some(*code), "{words:?}: {said}");
        assert!(said.contains(told), "{words:?}: {said}");
    }
}
