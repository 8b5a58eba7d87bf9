//! What a command line asks for, carried out: a run, or one of the subcommands, one file each.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod find;
pub(crate) mod man;
pub(crate) mod rank;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod supervise;
pub(crate) mod sweep;

use std::ffi::OsString;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::run;
use crate::usage::UsageError;

/// Carries out a command line, program name first.
///
/// # Errors
/// What clap refuses, and whatever keeps the request from being carried out.
pub(crate) fn run(command_line: &[OsString]) -> anyhow::Result<Exit> {
    let cli = Cli::try_parse_from(command_line).map_err(explained)?;
    match &cli.command {
        None => run::measure(&cli.measure, command_line),
        Some(Command::Serve(serve)) => serve::run(serve),
        Some(Command::Supervise(supervise)) => supervise::run(supervise),
        Some(Command::Compare(compare)) => compare::run(compare, command_line),
        Some(Command::Check(check)) => check::run(check),
        Some(Command::Doctor(doctor)) => doctor::run(doctor),
        Some(Command::Find(find)) => find::run(find, command_line),
        Some(Command::Sweep(sweep)) => sweep::run(sweep, command_line),
        Some(Command::Rank(rank)) => rank::run(rank, command_line),
        Some(Command::Report(report)) => report::run(report),
        Some(Command::Completions { shell }) => completions::run(*shell),
        Some(Command::Man { directory }) => man::run(directory.as_deref()),
        Some(Command::Schema { of }) => schema::run(*of),
    }
}

/// What clap refuses; a word after the URL is no subcommand that came too late, as clap has it.
fn explained(error: clap::Error) -> anyhow::Error {
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => UsageError::StrayWord { word: word.clone() }.into(),
        _ => error.into(),
    }
}
