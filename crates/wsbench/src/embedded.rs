//! The embedded server: started, listened to, and never left behind.
//!
//! Where the program has a helper for it, it is a process of its own, on cores of its own, so that
//! its work is not mistaken for the generator's. It ends when its standard input closes, which the
//! kernel does for us whatever becomes of this process, SIGKILL included. Else it runs in threads
//! of this process, and what it costs cannot be told.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use thiserror::Error;
use wsbench_echo::{BindError, Certificate, CertificateError, Compression, Config, Server};
use wsbench_load::route::Target;

use crate::helpers::{Helpers, Serving};
use crate::machine::room_for_messages;
use crate::target::{self, TargetError};

/// The time that the server may take to end after its input has closed, before it is killed.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time between two looks at it meanwhile.
const GLANCE: Duration = Duration::from_millis(5);

/// The reason why there is no embedded server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The process, or the thread, could not be started. Give the URL of a server that runs
    /// already.
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
        /// The fault of its address.
        source: TargetError,
    },
    /// It cannot listen, or not on the cores that it is to have.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// There is no certificate to be had for it.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// The embedded echo server, while it runs; dropping it ends it.
#[derive(Debug)]
pub struct EmbeddedServer {
    runs: Runs,
    target: Target,
}

/// The place where it runs.
#[derive(Debug)]
enum Runs {
    /// In a process of its own.
    Process {
        child: Child,
        /// Kept open, so that the server never writes into a closed pipe.
        _output: BufReader<ChildStdout>,
    },
    /// In threads of this process.
    Here {
        stop: Arc<AtomicBool>,
        thread: Option<JoinHandle<()>>,
    },
}

impl EmbeddedServer {
    /// Starts a server on a free port of 127.0.0.1 and waits until it listens: a process where
    /// there are helpers, else threads of this process.
    ///
    /// # Errors
    /// [`EmbeddedError`] when it does not come up.
    pub fn start(how: &Serving, helpers: Option<&dyn Helpers>) -> Result<Self, EmbeddedError> {
        match helpers {
            Some(helpers) => Self::process(helpers.serve(how).map_err(EmbeddedError::Start)?),
            None => Self::here(how),
        }
    }

    fn process(mut command: Command) -> Result<Self, EmbeddedError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
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
                runs: Runs::Process {
                    child,
                    _output: output,
                },
                target,
            }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    fn here(how: &Serving) -> Result<Self, EmbeddedError> {
        let localhost = Ipv4Addr::LOCALHOST;
        let certificate = how
            .encrypts
            .then(|| Certificate::self_signed(&["localhost", &localhost.to_string()]));
        let server = Server::bind(&Config {
            threads: how.cores.threads as usize,
            cpus: how.cores.cpus.clone(),
            compression: Some(Compression::default()),
            certificate: certificate.transpose()?,
            max_unfinished: room_for_messages(),
            ..Config::new(SocketAddr::new(localhost.into(), 0))
        })?;
        let target = Target {
            host: localhost.to_string(),
            port: server.local_addr().port(),
            resource: "/".to_owned(),
            secure: how.encrypts,
        };
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = thread::Builder::new().name("embedded-server".to_owned());
        let thread = thread.spawn(move || drop(server.serve(&ends)));
        let thread = Some(thread.map_err(EmbeddedError::Start)?);
        let runs = Runs::Here { stop, thread };
        Ok(Self { runs, target })
    }

    /// The number of its process; `None` where that is this one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &self.runs {
            Runs::Process { child, .. } => Some(child.id()),
            Runs::Here { .. } => None,
        }
    }

    /// Its address, as a target of runs.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        match &mut self.runs {
            Runs::Process { child, .. } => end(child),
            Runs::Here { stop, thread } => {
                stop.store(true, Ordering::Relaxed);
                // A thread that has panicked has said so itself.
                let _ = thread.take().map(JoinHandle::join);
            }
        }
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
    // Any word may be a host; a server says its whole address.
    let target = match url.contains("://") {
        true => target::target(url),
        false => Err(TargetError::Malformed {
            text: url.to_owned(),
            reason: "no scheme".to_owned(),
        }),
    };
    target.map_err(|source| EmbeddedError::Address {
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
