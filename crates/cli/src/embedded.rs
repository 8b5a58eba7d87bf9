//! The embedded server as a process of its own: started, listened to, and never left behind.
//!
//! It is this very program with `serve`, on cores of its own, so that its work is not mistaken
//! for the generator's. It ends when its standard input closes, which the kernel does for us
//! whatever becomes of this process, SIGKILL included.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use wsbench_load::route::Target;

use crate::plan::EmbeddedCores;
use crate::quantity::CpuList;
use crate::target::{self, TargetError};

/// How long the server may take to end after its input has closed, before it is killed.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(5);

/// Why there is no embedded server.
#[derive(Debug, Error)]
pub(crate) enum EmbeddedError {
    /// The process could not be started. Give the URL of a server that runs already.
    #[error("the embedded server cannot be started: {0}; give the URL of another server")]
    Start(#[source] io::Error),
    /// The process ended, or closed its output, before it had said where it listens. What it says
    /// stands above.
    #[error("the embedded server ended before it listened; `wsbench serve` shows why")]
    Ended,
    /// It said something else than where it listens.
    #[error("the embedded server said '{line}' where its address was awaited: {source}")]
    Address {
        /// The line.
        line: String,
        /// What is wrong with it.
        source: TargetError,
    },
}

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct EmbeddedServer {
    child: Child,
    /// Kept open, so that the server never writes into a closed pipe.
    _output: BufReader<ChildStdout>,
    target: Target,
}

impl EmbeddedServer {
    /// Starts a server on a free port of 127.0.0.1 and waits until it listens. With `compresses` it
    /// grants whatever compression it is offered.
    ///
    /// # Errors
    /// [`EmbeddedError`] when the process does not come up.
    pub(crate) fn start(cores: &EmbeddedCores, compresses: bool) -> Result<Self, EmbeddedError> {
        let further: &[&str] = if compresses { &["--compress"] } else { &[] };
        Self::start_with(cores, further)
    }

    /// The same, with further flags of `serve`.
    ///
    /// # Errors
    /// As [`EmbeddedServer::start`].
    pub(crate) fn start_with(
        cores: &EmbeddedCores,
        further: &[&str],
    ) -> Result<Self, EmbeddedError> {
        let program = std::env::current_exe().map_err(EmbeddedError::Start)?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--port", "0", "--until-stdin-closes", "--threads"])
            .arg(cores.threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if !cores.cpus.is_empty() {
            command
                .arg("--pin")
                .arg(CpuList(cores.cpus.clone()).to_string());
        }
        command.args(further);
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // Ctrl-C goes to the whole foreground group; the server has to outlive the drain.
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(EmbeddedError::Start)?;
        let output = child
            .stdout
            .take()
            .expect("standard output was asked to be a pipe");
        let mut output = BufReader::new(output);
        match listening_at(&mut output) {
            Ok(target) => Ok(Self {
                child,
                _output: output,
                target,
            }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Reads the line in which the server says where it listens: its last word is the URL.
fn listening_at(output: &mut impl BufRead) -> Result<Target, EmbeddedError> {
    let mut line = String::new();
    match output.read_line(&mut line) {
        Ok(0) | Err(_) => return Err(EmbeddedError::Ended),
        Ok(_) => {}
    }
    let line = line.trim_end();
    let url = line.rsplit(' ').next().unwrap_or(line);
    target::target(url).map_err(|source| EmbeddedError::Address {
        line: line.to_owned(),
        source,
    })
}

/// Closes the server's input, awaits its end, and insists if it does not come.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        // An error means that there is no such child any more: nothing is left to end.
        match child.try_wait() {
            Ok(Some(_)) | Err(_) => return,
            Ok(None) => thread::sleep(GLANCE),
        }
    }
    // It may end in between; then there is nothing to kill, and the wait collects it.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_last_word_of_the_first_line() {
        let mut said = "listening on ws://127.0.0.1:4000/\nmore\n".as_bytes();
        let target = listening_at(&mut said).unwrap();
        assert_eq!((target.host.as_str(), target.port), ("127.0.0.1", 4000));
    }

    #[test]
    fn a_server_that_does_not_say_is_no_server() {
        assert!(matches!(
            listening_at(&mut "".as_bytes()),
            Err(EmbeddedError::Ended)
        ));
        let said = listening_at(&mut "out of luck\n".as_bytes());
        assert!(
            matches!(said, Err(EmbeddedError::Address { .. })),
            "{said:?}"
        );
    }
}
