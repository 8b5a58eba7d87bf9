//! One command of a server's setting up: what installs it, what asks its version.
//!
//! It goes through a supervisor like the server itself (`supervisor`), so that it is bounded in
//! time and nothing that it has started is left, whatever becomes of this process.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::exec::{LastWords, end};
use super::supervisor::{ENDED, launch};

/// Time between two looks whether somebody asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// Why a command has not done what it was for.
#[derive(Debug, Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("it cannot be started: {0}")]
    Start(#[source] io::Error),
    /// It ended with something else than success.
    #[error("it ended with {}{said}", code.map_or("a signal".to_owned(), |code| format!("exit code {code}")))]
    Failed {
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// Words that it said last.
        said: LastWords,
    },
    /// It took too long, and was ended.
    #[error("it was not over after {:.0} s and was ended{said}", limit.as_secs_f64())]
    TooLong {
        /// Time that it might have taken.
        limit: Duration,
        /// Words that it said last.
        said: LastWords,
    },
    /// Somebody asked to stop meanwhile.
    #[error("interrupted")]
    Interrupted,
}

/// Carries a command out by `supervisor`, a command that runs
/// [`supervise`](super::supervisor::supervise), and gives what it said last. `said` takes what it
/// says; `limit` and `is_stopped` end it.
///
/// # Errors
/// [`CommandError`]; nothing that was started is left, neither then nor after success.
pub fn carry_out(
    supervisor: Command,
    said: &File,
    limit: Duration,
    is_stopped: impl Fn() -> bool,
) -> Result<LastWords, CommandError> {
    let mut child = launch(supervisor, said).map_err(CommandError::Start)?;
    let lines = lines_of(&mut child);
    let outcome = await_end(&lines, limit, is_stopped);
    end(&mut child);
    let said = LastWords::of(said);
    match outcome {
        CommandEnd::Ended(Some(0)) => Ok(said),
        CommandEnd::Ended(code) => Err(CommandError::Failed { code, said }),
        CommandEnd::TooLong => Err(CommandError::TooLong { limit, said }),
        CommandEnd::Stopped => Err(CommandError::Interrupted),
    }
}

/// End of the wait for a command.
enum CommandEnd {
    Ended(Option<i32>),
    TooLong,
    Stopped,
}

fn await_end(
    lines: &Receiver<String>,
    limit: Duration,
    is_stopped: impl Fn() -> bool,
) -> CommandEnd {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if is_stopped() {
            return CommandEnd::Stopped;
        }
        match lines.recv_timeout(GLANCE) {
            Ok(line) => {
                if let Some(code) = line.strip_prefix(ENDED) {
                    return CommandEnd::Ended(code.trim().parse().ok());
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // The supervisor itself has ended and said nothing.
            Err(RecvTimeoutError::Disconnected) => return CommandEnd::Ended(None),
        }
    }
    CommandEnd::TooLong
}

/// Words of the supervisor, line by line, for as long as it lives.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (to, lines) = channel();
    let output = child.stdout.take();
    thread::spawn(move || {
        let Some(output) = output else { return };
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
