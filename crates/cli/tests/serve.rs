//! The embedded server as a process: where it says that it listens, that it echoes, how it ends.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use snapbox::cmd::cargo_bin;
use tungstenite::Message;

use crate::running::embedded::Embedded;
use crate::running::measured;

/// A server that is killed when the test fails.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(cargo_bin!("wsbench"))
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self { child, url }
    }

    /// Awaits the end; the limit is far beyond what a busy machine needs.
    fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_echoes_until_it_is_told_to_end() {
    let mut server = Server::start(&[]);
    let (mut socket, _) = tungstenite::connect(&server.url).unwrap();
    socket.send(Message::text("héllo")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("héllo"));
    drop(socket);
    server.signal("-TERM");
    assert!(server.ended().success());
    let mut said = String::new();
    let errors = server.child.stderr.as_mut().unwrap();
    errors.read_to_string(&mut said).unwrap();
    assert_eq!(
        said,
        "served 1 message over 1 connection, 1 at most at a time\n"
    );
}

#[test]
fn an_embedded_server_ends_with_its_input() {
    let mut server = Server::start(&["--until-stdin-closes"]);
    assert!(server.child.try_wait().unwrap().is_none());
    drop(server.child.stdin.take());
    assert!(server.ended().success());
}

#[test]
fn it_misbehaves_as_it_is_told() {
    let server = Server::start(&["--misbehave", "wrong-bytes:every=2"]);
    let (mut socket, _) = tungstenite::connect(&server.url).unwrap();
    let mut answer = |text: &'static str| {
        socket.send(Message::text(text)).unwrap();
        socket.read().unwrap().into_text().unwrap().to_string()
    };
    assert_eq!(answer("one"), "one");
    assert_ne!(answer("two"), "two");
}

/// An address and a port that are asked for are those where it listens.
#[test]
fn it_listens_where_it_is_told() {
    let first = Server::start(&["--host", "127.0.0.3"]);
    assert!(first.url.starts_with("ws://127.0.0.3:"), "{}", first.url);
    let port = first.url.trim_end_matches('/').rsplit(':').next().unwrap();
    // The same port at another address is free.
    let second = Server::start(&["--host", "127.0.0.4", "--port", port]);
    assert_eq!(second.url, format!("ws://127.0.0.4:{port}/"));
    let (mut socket, _) = tungstenite::connect(&second.url).unwrap();
    socket.send(Message::text("there")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("there"));
}

#[test]
fn a_message_that_is_too_large_is_refused_with_its_code() {
    let server = Server::start(&["--max-message", "1k"]);
    let (mut socket, _) = tungstenite::connect(&server.url).unwrap();
    socket.send(Message::binary(vec![7; 1024])).unwrap();
    assert_eq!(socket.read().unwrap().len(), 1024);
    socket.send(Message::binary(vec![7; 1025])).unwrap();
    let Message::Close(Some(close)) = socket.read().unwrap() else {
        panic!("no close frame");
    };
    assert_eq!(u16::from(close.code), 1009);
}

/// What a client is told next, as text.
fn heard(
    socket: &mut tungstenite::WebSocket<tungstenite::stream::MaybeTlsStream<std::net::TcpStream>>,
) -> String {
    socket.read().unwrap().into_text().unwrap().to_string()
}

#[test]
fn rooms_are_joined_one_after_the_other_and_the_last_is_meant() {
    let server = Server::start(&["--broadcast"]);
    let mut clients = [&["a", "b"][..], &["a"], &["b"], &[]].map(|rooms| {
        let (mut socket, _) = tungstenite::connect(&server.url).unwrap();
        for room in rooms {
            socket
                .send(Message::text(format!("{{\"join\":\"{room}\"}}")))
                .unwrap();
            assert_eq!(heard(&mut socket), format!("{{\"joined\":\"{room}\"}}"));
        }
        socket
    });
    let of_a = "{\"room\":\"a\",\"text\":1}";
    let of_b = "for whom its sender has joined last";
    for text in [of_a, of_b] {
        clients[0].send(Message::text(text)).unwrap();
    }
    let [both, a, b, _] = &mut clients;
    assert_eq!([heard(both), heard(both)], [of_a, of_b]);
    assert_eq!((heard(a), heard(b)), (of_a.to_owned(), of_b.to_owned()));
}

/// The numbers of the first pushes that one client hears.
fn numbers(flags: &[&str], count: usize) -> Vec<u64> {
    let server = Server::start(&[&["--push", "500/s"], flags].concat());
    let (mut socket, _) = tungstenite::connect(&server.url).unwrap();
    let pushes = std::iter::from_fn(|| {
        let push: serde_json::Value = serde_json::from_str(&heard(&mut socket)).unwrap();
        Some(push["u"].as_u64().unwrap())
    });
    pushes.take(count).collect()
}

#[test]
fn the_same_seed_loses_the_same_deliveries() {
    // A push that is due while a connection is being opened has a number already: which is the first depends on
    // the machine, by how much the others lie behind it does not.
    let lossy = |seed| {
        let heard = numbers(&["--loss", "30%", "--seed", seed], 60);
        let behind_first = heard.iter().map(|number| number - heard[0]);
        behind_first.collect::<Vec<u64>>()
    };
    let first = lossy("3");
    assert!(first.last().unwrap() > &60, "{first:?}");
    assert_eq!(first, lossy("3"));
    assert_ne!(first, lossy("4"));
}

#[test]
fn pushes_are_what_the_help_says() {
    let all = numbers(&[], 20);
    assert!(all.windows(2).all(|pair| pair[1] == pair[0] + 1), "{all:?}");
    let server = Server::start(&["--push", "100/s"]);
    let (mut socket, _) = tungstenite::connect(&server.url).unwrap();
    let push: serde_json::Value = serde_json::from_str(&heard(&mut socket)).unwrap();
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let at = |key: &str| push[key].as_u64().unwrap();
    assert_eq!(push.as_object().unwrap().len(), 3, "{push}");
    assert_eq!(at("T") / 1_000, at("E"), "{push}");
    let age = now.abs_diff(Duration::from_micros(at("T")));
    assert!(age < Duration::from_secs(60), "{push}");
}

#[test]
fn what_broadcasts_runs_on_one_thread() {
    for mode in [&["--broadcast"][..], &["--push", "1/s"]] {
        let words = [&["serve", "-t", "2"], mode].concat();
        let ended = Command::new(cargo_bin!("wsbench"))
            .args(&words)
            .output()
            .unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{told}");
        assert!(told.contains("runs on one thread"), "{told}");
    }
}

/// Each fault that the help names is taken with the numbers that it has there, by those that know it.
#[test]
fn each_fault_of_the_help_is_taken_with_its_numbers() {
    const EACH: [&str; 6] = [
        "drop",
        "duplicate",
        "swap",
        "wrong-bytes",
        "silent-connections",
        "unasked",
    ];
    const OF_ITS_OWN: [&str; 17] = [
        "fragments:pieces=2",
        "status:503",
        "close-after:messages=2,code=1011",
        "reset-after:messages=2",
        "ping-every:n=2",
        "wrong-opcode",
        "empty-pong",
        "split",
        "merge",
        "wrong-accept",
        "masked",
        "unasked-extension",
        "no-close-reply",
        "garbage",
        "silent-accept",
        "accept-then-close",
        "no-ack:every=5",
    ];
    let each = EACH.map(|fault| format!("{fault}:every=5"));
    let is_taken = |flags: &[&str], fault: &str| {
        let mut command = Command::new(cargo_bin!("wsbench"));
        let words = [
            &["serve", "--until-stdin-closes", "--misbehave", fault],
            flags,
        ]
        .concat();
        let ended = command.args(&words).stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        (ended.status.code() == Some(0), told)
    };
    for fault in each.iter().map(String::as_str).chain(OF_ITS_OWN) {
        let flags: &[&str] = if fault.starts_with("no-ack") {
            &["--ack"]
        } else {
            &[]
        };
        let (taken, told) = is_taken(flags, fault);
        assert!(taken, "{fault}: {told}");
    }
    for fault in ["drop", "duplicate", "swap", "wrong-bytes", "cross-room"] {
        let fault = format!("{fault}:every=5");
        assert!(is_taken(&["--broadcast"], &fault).0, "{fault}");
        let of_pushes = is_taken(&["--push", "1/s"], &fault).0;
        assert_eq!(of_pushes, !fault.starts_with("cross-room"), "{fault}");
    }
    for flags in [&["--broadcast"][..], &["--push", "1/s"], &["--ack"]] {
        assert!(!is_taken(flags, "split").0, "{flags:?}");
    }
}

/// What is granted of compression is what a server was told to grant.
#[test]
fn what_is_granted_is_as_narrow_as_it_is_told() {
    for (words, granted) in [
        ("--compress", "permessage-deflate"),
        (
            "--compress=no-takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        (
            "--compress=server-bits=10,level=9",
            "permessage-deflate; server_max_window_bits=10",
        ),
    ] {
        let server = Embedded::start(&[words]);
        let run = measured(&["-n", "50", "-c", "2", "--compress", &server.url]);
        assert_eq!(run.exit, 0, "{}", run.story());
        let accepted = run.document["compression"]["accepted"].as_object().unwrap();
        let terms: Vec<&String> = accepted.keys().collect();
        assert_eq!(terms, [granted], "{words}");
    }
}

#[test]
fn times_of_arrival_are_written_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("arrivals");
    let mut server = Server::start(&["--arrivals", file.to_str().unwrap()]);
    let (mut socket, _) = tungstenite::connect(&server.url).unwrap();
    for _ in 0..50 {
        socket.send(Message::text("now")).unwrap();
        socket.read().unwrap();
    }
    drop(socket);
    server.signal("-TERM");
    assert!(server.ended().success());
    let written = std::fs::read_to_string(file).unwrap();
    let times: Vec<u64> = written.lines().map(|it| it.parse().unwrap()).collect();
    assert!(times.len() == 50 && times.is_sorted(), "{written}");
    let mut said = String::new();
    let errors = server.child.stderr.as_mut().unwrap();
    errors.read_to_string(&mut said).unwrap();
    assert!(said.contains("gaps"), "{said}");
}
