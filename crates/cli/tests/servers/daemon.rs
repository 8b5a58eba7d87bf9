//! Servers that are programs of the system, with a configuration of the test's own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::running::LIMIT;

/// One under way, killed when the test fails.
pub(crate) struct Daemon {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Daemon {
    /// Starts a program, before whose path to a configuration this word stands, and which listens for
    /// WebSockets on the port that the configuration is made with. It may keep files in the folder.
    pub(crate) fn start(
        program: &str,
        before: &str,
        configuration: impl Fn(u16, &Path) -> String,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let path = folder.path().join("server.conf");
        std::fs::write(&path, configuration(port, folder.path())).unwrap();
        let search = std::env::var("PATH").unwrap_or_default();
        let child = Command::new(program)
            .arg(before)
            .arg(&path)
            // Where Debian puts servers, which an ordinary user has no path to.
            .env("PATH", format!("{search}:/usr/sbin"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; run scripts/servers"));
        let server = Self {
            child,
            port,
            _folder: folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < LIMIT, "{program} does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }
}

/// A port that is free when it is looked for; nobody else here takes ports by number.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
