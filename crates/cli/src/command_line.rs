//! The command line: what there is to do, and the way to who does it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::args::{Measure, Report};
use crate::commands::agent::{self, AgentArgs};
use crate::commands::check::{self, CheckArgs};
use crate::commands::collect::{self, CollectArgs};
use crate::commands::compare::{self, Compare};
use crate::commands::doctor::{self, Doctor};
use crate::commands::find::{self, FindArgs};
use crate::commands::fleet::{self, FleetLookArgs};
use crate::commands::preset::{self, PresetArgs};
use crate::commands::rank::{self, RankArgs};
use crate::commands::record::{self, RecordArgs};
use crate::commands::schema::{self, SchemaOf};
use crate::commands::serve::{self, Serve};
use crate::commands::supervise::{self, Supervise};
use crate::commands::sweep::{self, SweepArgs};
use crate::commands::{completions, man, report};
use crate::environment;
use crate::exit::Exit;
use crate::habits;
use crate::run;
use crate::shell_words::shown_value_of;
use crate::usage::UsageError;

/// Measures a WebSocket server, and says how far its own figures may be believed.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "wsbench",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Subcommands",
    override_usage = "wsbench [OPTIONS] [URL]\n       wsbench <SUBCOMMAND>",
    after_help = "Numbers: 10k, 1m. Times: 500ms, 2s, 1m30s. Sizes: 30, 4k (1024 bytes each k).\n\
                  Exit codes: 0 ok, 1 the run failed, 2 usage, 3 audit failed under --strict,\n\
                  4 gate failed, 5 cannot be judged, 99 a --fail-if held, 130 ended at once.\n\
                  In the environment WSBENCH_RATE=20k is --rate 20k, and so for every flag.\n\
                  More, with examples: wsbench --help",
    after_long_help = AFTER_LONG_HELP
)]
pub(crate) struct Cli {
    /// Task other than to measure.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The run, without a subcommand.
    #[command(flatten)]
    pub(crate) measure: Measure,
}

/// Text below the flags in the long help and in the man page.
const AFTER_LONG_HELP: &str = "\
Quantities:
  numbers   64, 10k (thousand), 1.5m (million)
  times     500ms, 2s, 1m30s; of -d and --limit a number alone is seconds
  sizes     30, 4k, 1m in bytes, where k is 1024; 64..4k is a range
  rates     1k/s, 10/ms; always a total over all connections

Examples:
  wsbench                                     measure the embedded echo server
  wsbench -c 256 -d 30s ws://localhost:3000/  256 connections for 30 seconds
  wsbench -n 1m -p 16 localhost:3000          a million messages, 16 in flight a connection
  wsbench --clients 1000 -r 5 -l log.csv localhost:3000
                                              1000 clients, each replaced after 5 round trips
  wsbench -s 64..4k --binary -o run.json localhost:3000
                                              mixed sizes; keep the result document
  wsbench report run.json --format markdown   render it again
  wsbench compare localhost:3000 localhost:3001
                                              two servers in rounds, with a verdict
  wsbench --repeat 5 --baseline old.json --fail-if 'messages_per_s<0.95*baseline' localhost:3000
                                              five runs; exit 99 if they are 5 % slower

The older command line is taken as it stands, by double dash (see wsbench --h=HOST --help):
  wsbench --h localhost:3000 --n 1000 --c 64 --r 5 --s 30 --l ./log.txt

Environment:
  WSBENCH_RATE=20k is --rate 20k, and so for every flag of every command; a flag outweighs it.
  1 or true sets a flag without a value; of one that is given several times each line is a value.
  WSBENCH_STATE_DIR is the folder of the last result, and NO_COLOR takes the colours away.

Signals:
  Ctrl-C, SIGTERM or SIGHUP once: no more is sent, the last answers are awaited, and what was
  measured is reported; the exit code is that of the report. Twice: the end at once, exit code
  130. Where SIGHUP is ignored (nohup) a run outlives its terminal.
  On the live screen q is the same as Ctrl-C once, however often it is pressed.

Exit codes:
  0   the run is complete and nothing is known to be wrong with it
  1   the run failed: nothing connected, nothing was measured, the server died, more failed than
      --tolerate-failures allows (1 % of the messages), or answers were wrong, lost or doubled
  2   usage: the command line was refused and nothing was started
  3   the audit failed under --strict
  4   the conformance gate failed (wsbench check)
  5   a --fail-if cannot be judged by what was measured; it says how long a run would suffice
  99  a --fail-if held
  130 ended at once by a second Ctrl-C or SIGTERM";

/// Task other than to measure.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the embedded echo server, with delays and faults that can be set.
    Serve(Serve),
    /// Compare two servers in rounds, or stored results: ratios, noise and a verdict.
    Compare(Box<Compare>),
    /// Hold a server against RFC 6455 and 7692: the conformance gate alone.
    Check(CheckArgs),
    /// Look for what of this machine would spoil a run, each with the exact fix.
    Doctor(Doctor),
    /// Find the greatest rate, or number of connections, that holds under objectives.
    Find(FindArgs),
    /// Draw the latency–load curve and tell where it bends.
    Sweep(SweepArgs),
    /// Start, examine, measure and rank many servers, as a suite says.
    Rank(RankArgs),
    /// Print a scenario to begin one's own from: socket.io, graphql, stomp and more.
    Preset(PresetArgs),
    /// Record what a client and its server say, and write a scenario to start from.
    Record(Box<RecordArgs>),
    /// Take shares of runs that others ask for: one machine of a fleet (a build with the feature fleet).
    Agent(AgentArgs),
    /// Show the agents of a fleet: programs, clocks, ports, health (a build with the feature fleet).
    Fleet(FleetLookArgs),
    /// Put a fleet's run together from what its bus has kept (a build with the feature fleet).
    Collect(Box<CollectArgs>),
    /// Render stored results again.
    Report(Report),
    /// Start a server and end it with who asked for it.
    #[command(hide = true)]
    Supervise(Supervise),
    /// Write a completion script for a shell to standard output.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the man page to standard output, or all man pages into a directory.
    Man {
        /// Directory for wsbench.1 and a page a subcommand; it must exist.
        directory: Option<PathBuf>,
    },
    /// Print the JSON Schema of a document.
    Schema {
        /// Document to describe.
        #[arg(value_enum, default_value_t = SchemaOf::Result)]
        of: SchemaOf,
    },
}

/// Carries out a command line, program name first.
///
/// # Errors
/// What clap refuses, and whatever keeps the request from being carried out.
pub(crate) fn run(command_line: &[OsString]) -> anyhow::Result<Exit> {
    let habit = habits::single_dash(command_line);
    if let Some(habit) = habit.or_else(|| habits::subcommand(command_line, Cli::command)) {
        return Err(habit.into());
    }
    environment::warn(Cli::command);
    let given = environment::parse::<Cli>(command_line).map_err(explained)?;
    let (cli, command_line) = (given.parsed, &given.words[..]);
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
        Some(Command::Preset(preset)) => preset::run(preset),
        Some(Command::Record(record)) => record::run(record),
        Some(Command::Agent(agent)) => agent::run(agent),
        Some(Command::Fleet(look)) => fleet::run(look),
        Some(Command::Collect(collect)) => collect::run(collect, command_line),
        Some(Command::Report(report)) => report::run(report),
        Some(Command::Completions { shell }) => completions::run(Cli::command(), *shell),
        Some(Command::Man { directory }) => man::run(Cli::command(), directory.as_deref()),
        Some(Command::Schema { of }) => schema::run(*of),
    }
}

/// What clap refuses, without a credential that it repeats: a flag of another tool is answered with
/// ours, and so is a value that is of one; a word after the URL is no subcommand that came too late,
/// as clap has it.
fn explained(mut error: clap::Error) -> anyhow::Error {
    if let (Some(ContextValue::String(flag)), Some(ContextValue::String(value))) = (
        error.get(ContextKind::InvalidArg),
        error.get(ContextKind::InvalidValue),
    ) {
        let (shown, tip) = (shown_value_of(flag, value), habits::tip(flag, value));
        error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
        if let Some(tip) = tip {
            let tips = ContextValue::StyledStrs(vec![tip.into()]);
            error.insert(ContextKind::Suggested, tips);
        }
    }
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) {
        let is_unknown = error.kind() == ErrorKind::UnknownArgument;
        if let Some(habit) = habits::flag(word).filter(|_| is_unknown) {
            return habit.into();
        }
    }
    // A URL begins with no dash: what does is a flag, and never a value.
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().contains("as a value"));
        if !tips.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
    }
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => UsageError::StrayWord { word: word.clone() }.into(),
        _ => error.into(),
    }
}
