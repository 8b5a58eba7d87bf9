//! `wsbench record` as a process: started, found where it listens, awaited no longer than a limit.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;
use std::time::Instant;

use super::{Ended, LIMIT, ended_within, reader, text, wsbench};

/// A recording under way, killed when the test fails.
pub struct Recording {
    child: Child,
    /// Address at which clients find it.
    pub url: String,
    begun: Instant,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Recording {
    /// Records with these arguments, in a folder; it listens.
    pub fn start(folder: &Path, words: &[&str]) -> Self {
        let begun = Instant::now();
        let mut child = wsbench(&[&["record"], words].concat())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening at ");
        Self {
            url: url.expect(&line).to_owned(),
            begun,
            stdout: child.stdout.take().map(reader),
            // What else it says is read, so that it never waits to say it.
            stderr: Some(reader(said)),
            child,
        }
    }

    /// Process id, for signals.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Outcome of it; no end within [`LIMIT`] is a hang.
    pub fn ended(mut self) -> Ended {
        let status = ended_within(&mut self.child, self.begun, LIMIT);
        Ended {
            status,
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
            took: self.begun.elapsed(),
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
