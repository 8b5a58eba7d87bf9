//! Starting a server for the time of the runs: by a command line, on cores of its own, ready when
//! it accepts a connection, gone when this is dropped.
//!
//! It is started by a supervisor, a process of our own (`supervisor`), so that it is ended with all
//! that it has started even when this process is killed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Child, ChildStdout, Command};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use wsbench_drive::resolve::first_to_accept;
use wsbench_setting::{Field, Text, Told, text};
use wsbench_transport::address::Address;

use super::supervisor::{STARTED, launch};

/// Time that a server may take until it accepts a connection, where nobody says otherwise.
pub const READY_WITHIN: Duration = Duration::from_secs(15);
/// Between two attempts.
const GLANCE: Duration = Duration::from_millis(20);
/// Time that the supervisor may take to end everything: longer than it is patient itself.
const ENDED_WITHIN: Duration = Duration::from_secs(5);
/// Size of what is told of the server's words when it fails, bytes.
const LAST_WORDS: u64 = 2_000;

/// Why the server is not there.
#[derive(Debug, Error)]
pub enum ExecError {
    /// Something listens there already, and would be measured in its place.
    #[error("{}", occupied(address))]
    Occupied {
        /// Address of the server.
        address: Address,
    },
    /// The supervisor could not be started.
    #[error("the server's process cannot be started: {0}")]
    Start(#[source] io::Error),
    /// The command has ended before it listened.
    #[error("{}", ended(command, address, said))]
    Ended {
        /// The command line.
        command: String,
        /// Addresses at which it was awaited.
        address: Listed,
        /// Words that it said last.
        said: LastWords,
    },
    /// It did not listen in time.
    #[error("{}", not_ready(*within, command, address, said))]
    NotReady {
        /// Time for which it was awaited.
        within: Duration,
        /// The command line.
        command: String,
        /// Addresses at which it was awaited.
        address: Listed,
        /// Words that it said last.
        said: LastWords,
    },
    /// Somebody asked to stop meanwhile.
    #[error("interrupted before the server was ready")]
    Interrupted,
}

impl Told for ExecError {
    fn text(&self) -> Text {
        match self {
            Self::Occupied { address } => occupied(address),
            Self::Ended {
                command,
                address,
                said,
            } => ended(command, address, said),
            Self::NotReady {
                within,
                command,
                address,
                said,
            } => not_ready(*within, command, address, said),
            Self::Start(_) | Self::Interrupted => self.to_string().into(),
        }
    }
}

fn occupied(address: &Address) -> Text {
    text![
        format!("something listens on {address} already and would be measured instead of "),
        Field::Exec,
        "; end it (`ss -ltnp` shows it), or give another port",
    ]
}

fn ended(command: &str, address: &Listed, said: &LastWords) -> Text {
    text![
        Field::Exec,
        format!(": '{command}' ended before it listened on {address}{said}"),
    ]
}

fn not_ready(within: Duration, command: &str, address: &Listed, said: &LastWords) -> Text {
    text![
        Field::Exec,
        format!(
            ": '{command}' does not listen on {address} after {:.0} s; make both agree{said}",
            within.as_secs_f64()
        ),
    ]
}

/// Addresses, printed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed(pub Vec<Address>);

impl std::fmt::Display for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, address) in self.0.iter().enumerate() {
            let before = if number > 0 { " or " } else { "" };
            write!(f, "{before}{address}")?;
        }
        Ok(())
    }
}

/// Words that a server said last; prints as nothing when it said nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords(pub String);

impl LastWords {
    /// The end of what stands in a file.
    #[must_use]
    pub fn of(mut said: &File) -> Self {
        let mut bytes = Vec::new();
        let length = said.seek(SeekFrom::End(0)).unwrap_or(0);
        let from = length.saturating_sub(LAST_WORDS);
        if said.seek(SeekFrom::Start(from)).is_ok() {
            // What cannot be read is not told; the error that it belongs to is.
            let _ = said.read_to_end(&mut bytes);
        }
        Self(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl std::fmt::Display for LastWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.trim_end() {
            "" => f.write_str("; it said nothing"),
            said => write!(f, "; it said:\n{said}"),
        }
    }
}

/// A server that was started; dropping it ends it and all that it has started.
#[derive(Debug)]
pub struct StartedServer {
    supervisor: Child,
    /// Kept open, so that the supervisor never writes into a closed pipe.
    _output: BufReader<ChildStdout>,
    /// File of what the server says.
    said: File,
    pid: u32,
}

impl StartedServer {
    /// Starts the server by `supervisor`, a command that runs
    /// [`supervise`](super::supervisor::supervise), and waits until one of the addresses accepts.
    /// `said` takes what the server says; `ready_within` and `is_stopped` end the wait.
    ///
    /// # Errors
    /// [`ExecError`]; nothing that was started is left then.
    pub fn start(
        supervisor: Command,
        command: &str,
        addresses: &[Address],
        said: File,
        ready_within: Duration,
        is_stopped: impl Fn() -> bool,
    ) -> Result<Self, ExecError> {
        if let Some(taken) = first_to_accept(addresses) {
            let address = addresses[taken].clone();
            return Err(ExecError::Occupied { address });
        }
        let mut child = launch(supervisor, &said).map_err(ExecError::Start)?;
        let output = child.stdout.take();
        let mut output = BufReader::new(output.expect("standard output was asked to be a pipe"));
        let mut line = String::new();
        let told = output.read_line(&mut line);
        let pid = line.trim_end().strip_prefix(STARTED);
        let mut server = Self {
            supervisor: child,
            _output: output,
            said,
            pid: pid.and_then(|pid| pid.parse().ok()).unwrap_or(0),
        };
        if told.is_err() || server.pid == 0 {
            return Err(server.ended(command, addresses));
        }
        server.await_ready(command, addresses, ready_within, is_stopped)?;
        Ok(server)
    }

    /// The process that has started the server and all that belongs to it, and is not one of them.
    #[must_use]
    pub fn supervisor(&self) -> u32 {
        self.supervisor.id()
    }

    /// The server's own process: the shell's, where the shell has not given way to it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    fn await_ready(
        &mut self,
        command: &str,
        addresses: &[Address],
        ready_within: Duration,
        is_stopped: impl Fn() -> bool,
    ) -> Result<(), ExecError> {
        let begun = Instant::now();
        while begun.elapsed() < ready_within {
            if is_stopped() {
                return Err(ExecError::Interrupted);
            }
            // The supervisor ends when nothing is left of the server.
            if !matches!(self.supervisor.try_wait(), Ok(None)) {
                return Err(self.ended(command, addresses));
            }
            if first_to_accept(addresses).is_some() {
                return Ok(());
            }
            thread::sleep(GLANCE);
        }
        Err(ExecError::NotReady {
            within: ready_within,
            command: command.to_owned(),
            address: Listed(addresses.to_vec()),
            said: self.last_words(),
        })
    }

    fn ended(&self, command: &str, addresses: &[Address]) -> ExecError {
        ExecError::Ended {
            command: command.to_owned(),
            address: Listed(addresses.to_vec()),
            said: self.last_words(),
        }
    }

    /// The end of what the server has said until now.
    #[must_use]
    pub fn last_words(&self) -> LastWords {
        LastWords::of(&self.said)
    }
}

impl Drop for StartedServer {
    fn drop(&mut self) {
        end(&mut self.supervisor);
    }
}

/// Ends a supervisor, and with it all that it has started.
pub(super) fn end(supervisor: &mut Child) {
    drop(supervisor.stdin.take());
    let begun = Instant::now();
    while begun.elapsed() < ENDED_WITHIN {
        // An error means that there is no such child any more: nothing is left to end.
        match supervisor.try_wait() {
            Ok(Some(_)) | Err(_) => return,
            Ok(None) => thread::sleep(GLANCE / 4),
        }
    }
    // It may end in between; then there is nothing to kill, and the wait collects it.
    let _ = supervisor.kill();
    let _ = supervisor.wait();
}
