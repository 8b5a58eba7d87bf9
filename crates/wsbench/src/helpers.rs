//! Programs that stand beside runs as processes of their own.

use std::fmt::Debug;
use std::io;
use std::process::Command;

use crate::cores::EmbeddedCores;

/// A command that stands beside runs: the server that is embedded, and who ends a server that was
/// started. A program that is both gives itself, as the command `wsbench` does.
///
/// Without them the embedded server runs in threads of the measuring process, and no server can be
/// started by a command line.
pub trait Helpers: Debug + Send + Sync {
    /// The command that serves on a free port of 127.0.0.1, says where in its first line of output
    /// (the URL is the last word), and ends when its input closes.
    ///
    /// # Errors
    /// The program is not found.
    fn serve(&self, how: &Serving) -> io::Result<Command>;

    /// The command that carries out the shell's command line `line` as
    /// [`supervise`](crate::supervise()) does, on these cores; on
    /// any where there are none.
    ///
    /// # Errors
    /// The program is not found.
    fn supervise(&self, line: &str, cpus: &[usize]) -> io::Result<Command>;
}

/// The way in which the embedded server is to serve. It grants whatever compression it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serving {
    /// Its share of the machine.
    pub cores: EmbeddedCores,
    /// True of one that speaks TLS, with a certificate that it makes itself.
    pub encrypts: bool,
    /// True of one that sends each message to all connections, on one thread, and is no echo.
    pub broadcasts: bool,
}

impl Serving {
    /// A plain server on these cores.
    #[must_use]
    pub fn on(cores: EmbeddedCores) -> Self {
        Self {
            cores,
            encrypts: false,
            broadcasts: false,
        }
    }

    /// The same, as a server of broadcasts or of echoes.
    #[must_use]
    pub fn broadcasting(self, broadcasts: bool) -> Self {
        Self { broadcasts, ..self }
    }

    /// The same, with TLS or without.
    #[must_use]
    pub fn encrypting(self, encrypts: bool) -> Self {
        Self { encrypts, ..self }
    }
}
