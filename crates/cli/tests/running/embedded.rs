//! The embedded server with the faults that it can be told to have.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use super::{LIMIT, ended_within, wsbench};

/// `wsbench serve`, killed when the test is over.
pub struct Embedded {
    child: Child,
    pub url: String,
}

impl Embedded {
    pub fn start(arguments: &[&str]) -> Self {
        Self::of(&mut wsbench(
            &[&["serve", "--until-stdin-closes"], arguments].concat(),
        ))
    }

    /// The server that this command starts; it was told to end when its input closes.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let said = child.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { child, url }
    }

    /// A server with this fault.
    pub fn with(fault: &str) -> Self {
        Self::start(&["--misbehave", fault])
    }

    /// Kills it, as a crash or the kernel does (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it in order: its input closes.
    pub fn end(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        ended_within(&mut self.child, Instant::now(), LIMIT)
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is still there.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Host and port, as the older command line takes them.
    pub fn authority(&self) -> &str {
        self.url.trim_start_matches("ws://").trim_end_matches('/')
    }

    pub fn port(&self) -> &str {
        let authority = self.url.trim_end_matches('/');
        authority.rsplit(':').next().unwrap()
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
