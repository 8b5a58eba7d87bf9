//! `wsbench collect RUN`: the result of a run whose coordinator is gone, from what the bus has kept.

use std::ffi::OsString;

use clap::Args;

use crate::exit::Exit;
use crate::fleet_args::BusArgs;
use crate::output_args::OutputArgs;

/// Puts a run together from what its agents have handed over.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  wsbench collect 20421-164512-3f9a01 --bus nats://ctl -o run.json

Exit codes: those of the run.")]
pub(crate) struct CollectArgs {
    /// Name of the run, as it was said when it began.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The NATS server with JetStream where the fleet meets.
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) bus: String,
    /// Identity towards the bus, and the fleet that is meant.
    #[command(flatten)]
    pub(crate) who: BusArgs,
    /// Destinations of the result.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Collects, keeps and shows the run.
///
/// # Errors
/// The bus refuses us, or has kept nothing of the run.
#[cfg(feature = "fleet")]
pub(crate) fn run(args: &CollectArgs, command_line: &[OsString]) -> anyhow::Result<Exit> {
    collecting::run(args, command_line)
}

/// Says that there are no fleets in this build.
///
/// # Errors
/// Always.
#[cfg(not(feature = "fleet"))]
pub(crate) fn run(_: &CollectArgs, _: &[OsString]) -> anyhow::Result<Exit> {
    Err(crate::usage::UsageError::NoFleet.into())
}

#[cfg(feature = "fleet")]
mod collecting {
    use std::ffi::OsString;
    use std::time::Duration;

    use wsbench::Bench;
    use wsbench_fleet::collecting::{Collected, collect};
    use wsbench_fleet::nats::{self, BusClient};
    use wsbench_record::document;

    use super::CollectArgs;
    use crate::advice;
    use crate::exit::{Exit, say};
    use crate::fleet;
    use crate::output::{self, OutputFile};
    use crate::rendering::render;
    use crate::run::concluded;
    use crate::shell_words::shell_words;
    use crate::spelling::Flags;
    use crate::terminal;

    /// A part that is not there after so long without anything new is not awaited any more.
    const QUIET: Duration = Duration::from_secs(3);

    pub(super) fn run(args: &CollectArgs, command_line: &[OsString]) -> anyhow::Result<Exit> {
        args.output.check_stdout()?;
        let file = args
            .output
            .file()
            .map(|path| OutputFile::check("--output", path));
        let file = file.transpose()?;
        let place = fleet::place(&args.bus, &args.who)?;
        let run = nats::name(&args.run).map_err(|error| fleet::no_name("RUN", &error))?;
        let line = nats::open(&place, BusClient::Coordinator(run.clone()))?;
        let (plan, kept) = collect(&run, &line, QUIET, &mut |words| say(words))?;
        let bench = Bench::of(plan.clone())
            .spelled(&Flags)
            .command(shell_words(command_line))
            .carried_by(Box::new(Collected::new(kept)));
        let (mut runner, plan) = bench.into_runner().map_err(advice::spelled)?;
        let resolved = runner.prepare(&plan).map_err(advice::spelled)?;
        let document = runner
            .carry_out(&plan, &resolved)
            .map_err(advice::spelled)?;
        let shown = args.output.shown();
        let kept = file.map_or(Ok(()), |file| {
            let view = args.output.view();
            file.write_naming(&render(
                &[&document],
                args.output.stored(),
                terminal::PLAIN,
                &view,
            ))
        });
        args.output.state.keep(|| document::write(&document));
        let view = args.output.view();
        output::print(&render(&[&document], shown, terminal::style(), &view))?;
        kept?;
        Ok(concluded(&document, args.output.strict, shown))
    }
}
