//! The embedded server as a process: where it says that it listens, that it echoes, how it ends.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use snapbox::cmd::cargo_bin;
use tungstenite::Message;

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
