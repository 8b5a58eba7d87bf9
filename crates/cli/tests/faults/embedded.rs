//! The embedded server with the faults that it can be told to have.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::running::wsbench;

/// `wsbench serve`, killed when the test is over.
pub(crate) struct Embedded {
    child: Child,
    pub(crate) url: String,
}

impl Embedded {
    pub(crate) fn start(arguments: &[&str]) -> Self {
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
    pub(crate) fn with(fault: &str) -> Self {
        Self::start(&["--misbehave", fault])
    }

    /// Kills it, as a crash or the kernel does (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn port(&self) -> &str {
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
