//! Clients that other people wrote, recorded against servers that other people wrote; and then the scenario
//! that came of it, run against the same server.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::running::recording::Recording;
use crate::running::{Process, wsbench};
use crate::scenarios::assert_none_lost;
use crate::server::{Kind, Server, node};

/// The scenario that a recording makes.
const FILE: &str = "app.toml";

/// Records what goes to `url`, of so many connections, into a folder.
fn start(folder: &TempDir, url: &str, connections: &str) -> Recording {
    let words = [url, "-c", connections, "-o", FILE];
    Recording::start(folder.path(), &words)
}

/// The file, once all connections have come and gone.
fn written(recording: Recording, folder: &TempDir) -> (PathBuf, String) {
    let ended = recording.ended();
    assert!(ended.status.success(), "{}", ended.stderr);
    let path = folder.path().join(FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

/// Runs the client `script` against `url` to its end.
fn client(script: &str, url: &str) {
    let ended = Process::start(node("clients", "socket.io-client", script).arg(url)).ended();
    assert!(ended.status.success(), "{script}: {}", ended.stderr);
}

/// The document of a run by the scenario, against the server that it names.
fn run(path: &PathBuf, text: &str, words: &[&str]) -> Value {
    let usual = [
        "--seed",
        "3",
        "--format",
        "json",
        "--no-state",
        "--scenario",
    ];
    let mut command = wsbench(&[words, &usual].concat());
    let command = command
        .arg(path)
        .env("TOKEN", "planted-token-of-graphql")
        .env("PASSCODE", "guest")
        .env("PASSWORD", "planted-password-of-mqtt")
        .env("AUTH_TOKEN", "planted-token-of-nats");
    let ended = Process::start(command).ended();
    let said = &ended.stderr;
    assert_eq!(ended.status.code(), Some(0), "{text}\n{said}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Everything that was sent has arrived, everywhere and once, and it was not little.
fn assert_delivered(document: &Value, text: &str) {
    let expected = document["deliveries"]["expected"].as_u64().unwrap();
    assert!(expected > 20, "{document}\n{text}");
    assert_none_lost(document, text);
}

#[test]
#[ignore = "needs scripts/servers"]
fn socket_io_client() {
    let server = Server::start(Kind::SocketIo);
    let folder = tempfile::tempdir().unwrap();
    let recording = start(&folder, &server.url(), "3");
    client("socket.io.js", &recording.url);
    let (path, text) = written(recording, &folder);
    let document = run(&path, &text, &["-d", "2s", "-R", "30", "--warmup", "300ms"]);
    assert_delivered(&document, &text);
    assert_eq!(
        document["plan"]["rooms"]["names"],
        serde_json::json!(["red", "blue", "green"])
    );
    assert_eq!(document["handshake_ns"]["login"]["count"], 3);
}

#[test]
#[ignore = "needs scripts/servers"]
fn graphql_ws_client() {
    let server = Server::start(Kind::GraphqlWs);
    let url = format!("{}graphql", server.url());
    let folder = tempfile::tempdir().unwrap();
    let recording = start(&folder, &url, "3");
    client("graphql.js", &format!("{}graphql", recording.url));
    let (path, text) = written(recording, &folder);
    assert!(!text.contains("planted"), "{text}");
    let document = run(&path, &text, &["-d", "2s", "-R", "30", "--warmup", "300ms"]);
    assert_delivered(&document, &text);
    let of_one = document["deliveries"]["expected"].as_u64().unwrap() / 2;
    assert_eq!(
        document["messages"]["sent"], of_one,
        "two subscribe: {text}"
    );
}

#[test]
#[ignore = "needs scripts/servers"]
fn rpc_websockets_client() {
    let server = Server::start(Kind::WsRpc);
    let folder = tempfile::tempdir().unwrap();
    let recording = start(&folder, &server.url(), "1");
    client("rpc.js", &recording.url);
    let (path, text) = written(recording, &folder);
    let document = run(&path, &text, &["-n", "300", "-c", "3", "--warmup", "0s"]);
    assert_eq!(document["messages"]["answered"], 300, "{text}");
    assert_eq!(document["errors"], serde_json::json!([]), "{text}");
}

/// A recording of an official client that talks in rooms, and a run by what it wrote: each message reaches so
/// many.
fn assert_talk(kind: Kind, folder: &str, module: &str, path: &str, clients: &str, hear: u64) {
    let server = Server::start(kind);
    let directory = tempfile::tempdir().unwrap();
    let recording = start(&directory, &format!("{}{path}", server.url()), clients);
    let port = recording
        .url
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap();
    let mut client = node(folder, module, "talk.js");
    let ended = Process::start(client.arg(port)).ended();
    assert!(ended.status.success(), "{module}: {}", ended.stderr);
    let (path, text) = written(recording, &directory);
    let document = run(&path, &text, &["-d", "2s", "-R", "30", "--warmup", "300ms"]);
    assert_delivered(&document, &text);
    let sent = document["messages"]["sent"].as_u64().unwrap();
    let expected = document["deliveries"]["expected"].as_u64().unwrap();
    assert_eq!(expected, sent * hear, "{text}");
}

#[test]
#[ignore = "needs scripts/servers"]
fn phoenix_client() {
    let path = "socket/websocket?vsn=2.0.0";
    assert_talk(Kind::Phoenix, "phoenix", "phoenix", path, "3", 1);
}

#[test]
#[ignore = "needs scripts/servers"]
fn signalr_client() {
    assert_talk(
        Kind::SignalR,
        "signalr",
        "@microsoft/signalr",
        "hub",
        "3",
        1,
    );
}

#[test]
#[ignore = "needs scripts/servers"]
fn centrifugo_client() {
    let path = "connection/websocket";
    assert_talk(Kind::Centrifugo, "centrifugo", "centrifuge", path, "3", 1);
}

#[test]
#[ignore = "needs scripts/servers"]
fn pusher_client() {
    let path = "app/key?protocol=7";
    assert_talk(Kind::Pusher, "pusher", "pusher-js", path, "4", 1);
}

#[test]
#[ignore = "needs scripts/servers"]
fn actioncable_client() {
    assert_talk(
        Kind::ActionCable,
        "actioncable",
        "@rails/actioncable",
        "cable",
        "3",
        1,
    );
}

#[test]
#[ignore = "needs scripts/servers"]
fn stomp_client() {
    let server = Daemon::rabbitmq();
    let directory = tempfile::tempdir().unwrap();
    let recording = start(&directory, &server.url("/ws"), "3");
    client("stomp.js", &format!("{}ws", recording.url));
    let (path, text) = written(recording, &directory);
    assert!(text.contains("unit = \"nul\""), "{text}");
    let document = run(&path, &text, &["-d", "2s", "-R", "30", "--warmup", "300ms"]);
    assert_delivered(&document, &text);
}

#[test]
#[ignore = "needs scripts/servers"]
fn mqtt_client() {
    let server = Daemon::mosquitto();
    let directory = tempfile::tempdir().unwrap();
    let recording = start(&directory, &server.url("/mqtt"), "3");
    client("mqtt.js", &format!("{}mqtt", recording.url));
    let (path, text) = written(recording, &directory);
    assert!(!text.contains("planted"), "{text}");
    for line in [
        "unit = \"mqtt\"",
        "{u16: \"mqttjs-{run}-{conn}\"} {u16: \"guest\"} {u16: \"{env:PASSWORD}\"}}', expect = { hex = \"20020000\" }",
        "{ period = \"1s\", binary = \"c000\", expect = { hex = \"d000\" } }",
        "message_binary = '30 {var: {u16: \"{room}\"} \"{tag}{fill}\"}'",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let document = run(&path, &text, &["-d", "2s", "-R", "30", "--warmup", "300ms"]);
    assert_delivered(&document, &text);
    assert_eq!(
        document["plan"]["rooms"]["names"].as_array().unwrap().len(),
        3
    );
    assert_eq!(document["handshake_ns"]["login"]["count"], 3);
}

#[test]
#[ignore = "needs scripts/servers"]
fn nats_client() {
    let server = Daemon::nats("authorization { token: \"planted-token-of-nats\" }");
    let directory = tempfile::tempdir().unwrap();
    let recording = start(&directory, &server.url("/"), "3");
    client("nats.js", &recording.url);
    let (path, text) = written(recording, &directory);
    assert!(!text.contains("planted"), "{text}");
    for line in [
        "unit = \"lines\"",
        "\\\"auth_token\\\":\\\"{env:AUTH_TOKEN}\\\"",
        "{ binary = '\"SUB {room} 1\\r\\n\"' }",
        "message_binary = '\"PUB {room} 30\\r\\n{tag}{fill}\\r\\n\"'",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let document = run(&path, &text, &["-d", "2s", "-R", "30", "--warmup", "300ms"]);
    assert_delivered(&document, &text);
    assert_eq!(
        document["plan"]["rooms"]["names"].as_array().unwrap().len(),
        3
    );
}
