//! Servers that other people wrote and that take WebSockets over HTTP/2 (RFC 8441): Python's
//! Hypercorn, Rust's axum.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::assert_flawless;
use crate::running::{LIMIT, Run, measured, start_measuring, workspace};
use crate::secured::certificate;
use crate::server::{Kind, Server, installed};

/// Hypercorn, which tells nothing of itself; killed when the test fails.
struct Hypercorn {
    child: Child,
    port: u16,
}

impl Hypercorn {
    fn start(arguments: &[&str]) -> Self {
        let folder = workspace().join("servers/hypercorn");
        // Free when looked for, and nobody else here takes ports by number.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let program = installed(folder.join(".venv/bin/hypercorn"));
        let child = Command::new(program.canonicalize().unwrap())
            // One process, which is the one that is ended.
            .args(["--workers", "0", "--log-level", "warning"])
            .args(["--bind", &format!("127.0.0.1:{port}")])
            .args(arguments)
            .arg("app:app")
            .current_dir(folder)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < LIMIT, "it does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for Hypercorn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// WebSockets on as many TCP connections as were wanted, all messages answered.
fn assert_shared(run: &Run, messages: u64, websockets: u64, connections: u64) {
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), messages, "{}", run.story());
    assert_eq!(run.sent("sent"), messages, "{}", run.story());
    assert_eq!(run.connections("upgraded"), websockets);
    assert_eq!(run.connections("closed_cleanly"), websockets);
    assert_eq!(run.document["handshake_ns"]["tcp"]["count"], connections);
    assert_eq!(run.document["plan"]["http2_streams"], 10);
}

/// Hypercorn forgets a stream after the closing handshake without ending it (RFC 8441 section 5
/// wants what TCP's FIN is, END_STREAM); nothing else is wrong.
fn assert_left_open(run: &Run, websockets: u64) {
    let errors = run.document["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{}", run.story());
    assert_eq!(run.errors("close", "no_fin"), websockets);
    let words = run.example("close", "no_fin");
    assert!(words.contains("did not end its HTTP/2 stream"), "{words}");
}

const LOAD: [&str; 8] = ["-n", "3000", "-c", "30", "--http", "2", "--streams", "10"];

#[test]
#[ignore = "needs scripts/servers"]
fn hypercorn_takes_many_on_each_connection() {
    let server = Hypercorn::start(&[]);
    let url = format!("ws://127.0.0.1:{}/", server.port);
    let run = measured(&[&LOAD[..], &["-t", "1", &url]].concat());
    assert_shared(&run, 3_000, 30, 3);
    assert_left_open(&run, 30);
}

#[test]
#[ignore = "needs scripts/servers"]
fn hypercorn_agrees_on_http2_within_tls() {
    let (_directory, cert, key) = certificate();
    let server = Hypercorn::start(&["--certfile", &cert, "--keyfile", &key]);
    let url = format!("wss://127.0.0.1:{}/", server.port);
    let run = measured(&[&LOAD[..], &["-t", "1", "--cacert", &cert, &url]].concat());
    assert_shared(&run, 3_000, 30, 3);
    assert_left_open(&run, 30);
    assert_eq!(run.document["handshake_ns"]["tls"]["count"], 3);
}

#[test]
#[ignore = "needs scripts/servers"]
fn axum_takes_many_on_each_connection() {
    let server = Server::start(Kind::AxumHttp2);
    let url = server.url();
    let run = measured(&[&LOAD[..], &["-t", "1", "-s", "100..20k", &url]].concat());
    assert_shared(&run, 3_000, 30, 3);
    assert_flawless(&run);
    let seen = server.stats();
    assert_eq!((seen.messages, seen.connections), (3_000, 30));
}

#[test]
#[ignore = "needs scripts/servers"]
fn axum_keeps_replaced_clients_on_the_same_connection() {
    let server = Server::start(Kind::AxumHttp2);
    let url = server.url();
    let clients = ["--clients", "300", "-r", "4", "-c", "10", "-t", "1"];
    let run = measured(&[&clients[..], &["--http", "2", &url]].concat());
    assert_flawless(&run);
    assert_eq!(run.connections("clients_completed"), 300);
    assert_eq!(run.document["handshake_ns"]["tcp"]["count"], 1);
    let seen = server.stats();
    assert_eq!((seen.messages, seen.connections), (1_200, 300));
}

#[test]
#[ignore = "needs scripts/servers"]
fn a_killed_server_of_http2_ends_the_run() {
    let mut server = Server::start(Kind::AxumHttp2);
    let url = server.url();
    let run = start_measuring(&["-d", "60s", "-c", "20", "--http", "2", "-R", "500", &url]);
    thread::sleep(Duration::from_secs(2));
    server.kill();
    let run = Run::of(run.ended());
    assert_eq!(run.exit, 1, "{}", run.story());
    assert!(run.took < Duration::from_secs(30), "{:?}", run.took);
    assert!(run.sent("answered") > 0, "what was measured is kept");
}

#[test]
#[ignore = "needs scripts/servers"]
fn a_server_of_http1_alone_is_named() {
    let server = Server::start(Kind::Ws);
    let url = server.url();
    let run = measured(&["-d", "2s", "-c", "2", "--http", "2", &url]);
    assert_eq!(run.exit, 1, "{}", run.story());
    let kinds = run.document["errors"].as_array().unwrap();
    let kinds: Vec<&str> = kinds
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"http2_not_spoken"), "{}", run.story());
}
