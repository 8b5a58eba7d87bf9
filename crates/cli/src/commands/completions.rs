//! `wsbench completions SHELL`: a completion script, generated from the flags themselves.

use clap::Command;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::output;

/// Prints the script of `command` for `shell`.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(mut command: Command, shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "wsbench", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
