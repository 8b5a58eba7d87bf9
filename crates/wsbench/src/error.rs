//! Errors of a bench: why there is no result.

use std::io;

use thiserror::Error;
use wsbench_setting::{Text, Told};

pub use crate::embedded::EmbeddedError;
pub use crate::preflight::PreflightError;
pub use crate::redirects::RedirectError;
pub use crate::target::TargetError;
pub use wsbench_drive::resolve::ResolveError;
pub use wsbench_drive::run::RunError;
pub use wsbench_drive::tls::TlsError;
pub use wsbench_experiment::target::exec::ExecError;
pub use wsbench_load::plan::PlanError;

/// The reason why there is no result. A server that fails, refuses or answers wrongly is no error
/// here: the result tells of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The URL names no server that can be measured.
    #[error(transparent)]
    Url(#[from] TargetError),
    /// The settings make no run.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// This machine, as it is set up, is certain to make the run fail.
    #[error(transparent)]
    Machine(#[from] PreflightError),
    /// The server's host, or the proxy's, is not found.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A redirect was not followed.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// TLS cannot be had as the settings want it.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The embedded server does not come up.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The process that the server is said to be is not there.
    #[error("there is no process {pid}; is the server running?")]
    NoSuchProcess {
        /// Its number.
        pid: u32,
    },
    /// The server that was to be started does not come up.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// A server is to be started by a command line, and nothing here can end it again.
    #[error(
        "a server is started by a command line only with a program that ends it; give helpers, or \
         start it and name its process"
    )]
    NoHelpers,
    /// The program that stands beside the runs cannot be found.
    #[error("this program cannot be found")]
    Helper(#[source] io::Error),
    /// There is no file for what a server says.
    #[error("no file for what the server says")]
    NoFile(#[source] io::Error),
    /// The run could not be carried out.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Others, who were to carry it out, did not; in words, why.
    #[error("{0}")]
    Elsewhere(String),
}

impl Told for BenchError {
    fn text(&self) -> Text {
        match self {
            Self::Plan(error) => error.text(),
            Self::Resolve(error) => error.text(),
            Self::Redirect(error) => error.text(),
            Self::Tls(error) => error.text(),
            Self::Exec(error) => error.text(),
            Self::Run(error) => error.text(),
            other => other.to_string().into(),
        }
    }
}
