//! The embedded server with the faults that it can be told to have.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::wsbench;

/// `wsbench serve`, killed when the test is over.
pub struct Embedded {
    child: Child,
    pub url: String,
}

impl Embedded {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = wsbench(&[&["serve", "--until-stdin-closes"], arguments].concat())
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
