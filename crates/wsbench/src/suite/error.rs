//! Why there is no suite.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::lines::Fault;

/// The end of what is said of a file that cannot be read.
pub(super) const ADVICE: &str =
    "; `wsbench schema suite` and `wsbench schema server` tell every key";

/// The text of a suite, or of a server's file.
pub(super) type Source<'a> = crate::lines::Source<'a, SuiteError>;

/// The reason why a suite cannot be run.
#[derive(Debug, Error)]
pub enum SuiteError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}; {advice}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
        /// The way out.
        advice: &'static str,
    },
    /// A line of a file is wrong.
    #[error(transparent)]
    Line(Box<Fault>),
    /// A server was chosen that is none of the suite's.
    #[error("the suite has no server '{name}'; it has {}", known.join(", "))]
    NoSuchServer {
        /// The word.
        name: String,
        /// Their names.
        known: Vec<String>,
    },
}

impl From<Box<Fault>> for SuiteError {
    fn from(fault: Box<Fault>) -> Self {
        Self::Line(fault)
    }
}
