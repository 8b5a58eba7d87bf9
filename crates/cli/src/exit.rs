//! What the process ends with: the documented exit codes, and how an error is told.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::sync::OnceLock;

use wsbench::story;
use wsbench_judge::outcome::RunStatus;
use wsbench_load::secret::Redactor;
use wsbench_render::foreign::{broken_lines, printable_lines};

use crate::held;
use crate::shell_words;
use crate::spelling::Flags;
use crate::usage::UsageError;
use crate::width;

/// The credentials of this process's command line, which nothing that is said repeats.
static SECRETS: OnceLock<Redactor> = OnceLock::new();

/// Learns from the command line what is to be said to nobody. Called before anything can be.
pub(crate) fn keep_secrets_of(command_line: &[OsString]) {
    let _ = SECRETS.set(shell_words::secrets(command_line));
}

/// Words without the credentials of the command line.
fn without_secrets(words: &str) -> String {
    match SECRETS.get() {
        Some(secrets) => secrets.clean(words).into_owned(),
        None => words.to_owned(),
    }
}

/// End of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing is known to be wrong.
    Ok = 0,
    /// The run failed: nothing connected, the server died, figures that cannot be believed.
    Failed = 1,
    /// The command line was refused; nothing was started.
    Usage = 2,
    /// The audit failed under `--strict`.
    AuditFailed = 3,
    /// The conformance gate failed.
    NonConforming = 4,
    /// What was asked cannot be judged by what was measured.
    NotJudged = 5,
    /// A `--fail-if` held.
    ConditionHeld = 99,
    /// Ended at once by a second interrupt: 128 + SIGINT, as shells count it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<RunStatus> for Exit {
    fn from(outcome: RunStatus) -> Self {
        match outcome {
            RunStatus::Ok => Self::Ok,
            RunStatus::Failed(_) => Self::Failed,
            RunStatus::NonConforming => Self::NonConforming,
            RunStatus::AuditFailed => Self::AuditFailed,
        }
    }
}

/// Tells the user what went wrong, on standard error, and chooses the code.
///
/// Help and version arrive here as well: to the parser they are errors that are none.
pub(crate) fn tell(error: &anyhow::Error) -> Exit {
    if let Some(parse) = error.downcast_ref::<clap::Error>() {
        let words = parse.render().to_string();
        // Help is the program's own words, and none of the user's are in it.
        if !parse.use_stderr() || without_secrets(&words) == words {
            // A closed standard error leaves nobody to be told.
            let _ = parse.print();
        } else {
            say(words.trim_end());
        }
        return match parse.exit_code() {
            0 => Exit::Ok,
            _ => Exit::Usage,
        };
    }
    if let Some(usage) = error.downcast_ref::<UsageError>() {
        say(&format!(
            "error: {usage}\n\nFor more information, try '--help'."
        ));
        return Exit::Usage;
    }
    say(&format!("error: {}", story(error.as_ref(), &Flags)));
    Exit::Failed
}

/// Writes words to standard error, cleaned of what would command a terminal; when that is closed,
/// nobody is listening, and that is fine. While a screen is up they wait for its end.
pub(crate) fn say(words: &str) {
    let words = without_secrets(words);
    if let Some(words) = held::hold(words) {
        write(&words);
    }
}

/// Writes what has waited for the end of the screen.
#[cfg(feature = "screen")]
pub(crate) fn say_held() {
    held::waited().iter().for_each(|words| write(words));
}

fn write(words: &str) {
    use io::Write;
    let words = printable_lines(words);
    // What is read by a program, or is kept in a file, has its lines whole.
    let words = match width::of_errors() {
        Some(width) => broken_lines(&words, width.into()),
        None => words,
    };
    let _ = writeln!(io::stderr(), "{words}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_choose_their_code() {
        assert_eq!(tell(&UsageError::BothFamilies.into()), Exit::Usage);
        assert_eq!(tell(&anyhow::anyhow!("the disk is full")), Exit::Failed);
        let help = clap::Command::new("x").error(clap::error::ErrorKind::DisplayVersion, "");
        assert_eq!(tell(&help.into()), Exit::Ok);
    }
}
