//! Errors of the library in the words of this command line: which flag is the way out.

use thiserror::Error;
use wsbench::BenchError;
use wsbench::header::{self, HeaderError};
use wsbench::redirects::RedirectError;
use wsbench::target::{self, TargetError};
use wsbench_experiment::target::exec::ExecError;
use wsbench_judge::condition::{self, Condition};
use wsbench_judge::objective;
use wsbench_load::plan::Header;
use wsbench_load::route::Target;
use wsbench_record::objective::Objective;
use wsbench_setting::Told;

use crate::spelling::Flags;
use crate::usage::UsageError;

/// An error and the flag that is the way out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Advised(String);

/// Reads a URL as the library does.
///
/// # Errors
/// A text that names no server.
pub(crate) fn target(text: &str) -> Result<Target, Advised> {
    target::target(text).map_err(|error| Advised(target_words(&error)))
}

/// Reads the older tool's way to write a server.
///
/// # Errors
/// A text that names no server.
pub(crate) fn host_port_path(text: &str) -> Result<Target, Advised> {
    target::host_port_path(text).map_err(|error| Advised(target_words(&error)))
}

fn target_words(error: &TargetError) -> String {
    match error {
        TargetError::Credentials => "the URL carries a user name or password; leave them out and \
             give them with -a USER:PASS"
            .to_owned(),
        error => error.to_string(),
    }
}

/// Reads a condition as `judge` does.
///
/// # Errors
/// A text that bounds no figure of a run.
pub(crate) fn condition(text: &str) -> Result<Condition, Advised> {
    condition::parse(text).map_err(|error| advised(&error))
}

/// Reads an objective as `judge` does.
///
/// # Errors
/// A text that is no limit of a response time or of errors.
pub(crate) fn objective(text: &str) -> Result<Objective, Advised> {
    objective::parse(text).map_err(|error| advised(&error))
}

/// The words of an error that tells its settings as data.
fn advised(error: &impl Told) -> Advised {
    Advised(error.text().spelled(&Flags))
}

/// Reads a header as the library does.
///
/// # Errors
/// A header that cannot be added to the handshake.
pub(crate) fn header(text: &str) -> Result<Header, Advised> {
    header::header(text).map_err(|error| match &error {
        HeaderError::Reserved { name } => Advised(format!("{error}{}", instead_of(name))),
        error => Advised(error.to_string()),
    })
}

/// Reads a subprotocol as the library does.
///
/// # Errors
/// A text that is no name of a subprotocol.
pub(crate) fn subprotocol(text: &str) -> Result<String, Advised> {
    let read = header::subprotocol(text);
    read.map_err(|error| Advised(format!("{error}; repeat the flag for several")))
}

/// The way to what a header that the handshake sets by itself would say.
fn instead_of(reserved: &str) -> &'static str {
    match reserved.to_ascii_lowercase().as_str() {
        "host" => ": it is the URL's host and port",
        "sec-websocket-extensions" => "; use --compress",
        "sec-websocket-protocol" => "; use --subprotocol",
        "origin" => "; use --origin",
        _ => "; leave it out",
    }
}

/// Words of a bench on why there is no result, as this command line has it.
pub(crate) fn spelled(error: BenchError) -> anyhow::Error {
    match error {
        BenchError::NoSuchProcess { pid } => UsageError::NoSuchProcess { pid }.into(),
        BenchError::Exec(ExecError::Occupied { address }) => {
            UsageError::ExecOccupied { address }.into()
        }
        BenchError::Redirect(error) => redirect(error),
        error => error.into(),
    }
}

fn redirect(error: RedirectError) -> anyhow::Error {
    let more = match &error {
        RedirectError::TooMany { at_most, .. } => format!(
            "; if this is no loop, allow more with --follow-redirects={}",
            at_most * 2
        ),
        RedirectError::ToPlain { .. } => "; --follow-to-plain follows it all the same".to_owned(),
        _ => return error.into(),
    };
    Advised(format!("{error}{more}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_named_that_is_the_way_out() {
        let refused = |text| header(text).unwrap_err().to_string();
        assert_eq!(
            refused("origin: https://example.com"),
            "origin is set by the handshake itself; use --origin"
        );
        let words = target("ws://u:p@h/").unwrap_err().to_string();
        assert!(words.ends_with("give them with -a USER:PASS"), "{words}");
    }
}
