//! Clients that other people wrote, recorded against servers that other people wrote; and then the scenario
//! that came of it, run against the same server.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::running::{LIMIT, workspace, wsbench};
use crate::server::{Kind, Server, installed};

/// A recording under way, killed when the test fails.
struct Recording {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Recording {
    /// Records what goes to `url`, of so many connections.
    fn start(url: &str, connections: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = wsbench(&["record", url, "-c", connections, "-o", "app.toml"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        // What else it says is read, so that it never waits to say it.
        thread::spawn(move || said.read_to_string(&mut String::new()));
        let url = line
            .trim()
            .strip_prefix("listening at ")
            .expect(&line)
            .to_owned();
        Self { child, url, folder }
    }

    /// The file, once all connections have come and gone.
    fn written(&mut self) -> (PathBuf, String) {
        let begun = Instant::now();
        let status = loop {
            assert!(begun.elapsed() < LIMIT, "it does not end");
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            thread::sleep(std::time::Duration::from_millis(20));
        };
        assert!(status.success(), "{status}");
        let path = self.folder.path().join("app.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the client `script` against `url` to its end.
fn client(script: &str, url: &str) {
    let folder = workspace().join("servers/clients");
    installed(folder.join("node_modules/socket.io-client"));
    let output = Command::new("node")
        .arg(folder.join(script))
        .arg(url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
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
    let output = wsbench(&[words, &usual].concat())
        .arg(path)
        .env("TOKEN", "planted-token-of-graphql")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}\n{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Everything that was sent has arrived, everywhere and once.
fn assert_delivered(document: &Value, text: &str) {
    let count = |name: &str| document["deliveries"][name].as_u64().unwrap();
    assert!(count("expected") > 20, "{document}\n{text}");
    assert_eq!(count("received"), count("expected"), "{document}\n{text}");
    for name in [
        "missing",
        "duplicated",
        "out_of_room",
        "corrupted",
        "unasked",
    ] {
        assert_eq!(count(name), 0, "{name}: {document}\n{text}");
    }
    assert_eq!(document["errors"], serde_json::json!([]), "{text}");
}

#[test]
#[ignore = "needs scripts/servers"]
fn socket_io_client() {
    let server = Server::start(Kind::SocketIo);
    let mut recording = Recording::start(&server.url(), "3");
    client("socket.io.js", &recording.url);
    let (path, text) = recording.written();
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
    let mut recording = Recording::start(&url, "3");
    client("graphql.js", &format!("{}graphql", recording.url));
    let (path, text) = recording.written();
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
    let mut recording = Recording::start(&server.url(), "1");
    client("rpc.js", &recording.url);
    let (path, text) = recording.written();
    let document = run(&path, &text, &["-n", "300", "-c", "3", "--warmup", "0s"]);
    assert_eq!(document["messages"]["answered"], 300, "{text}");
    assert_eq!(document["errors"], serde_json::json!([]), "{text}");
}
