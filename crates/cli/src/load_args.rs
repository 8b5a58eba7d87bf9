//! The flags that `find` and `sweep` have in common: the server, what is sent to it, and where the
//! result goes. The load itself is theirs to choose.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::route::Target;
use wsbench_record::objective::Objective;
use wsbench_render::live::experiment::ExperimentKind;
use wsbench_render::style::Style;

use crate::advice;
use crate::args::{
    AmountArgs, ArrivalArg, Ending, ExpectArgs, JudgeArgs, LogArgs, MachineArgs, Measure, ModeArg,
    PayloadArgs, PressureArgs, ServerArgs,
};
use crate::build_args;
use crate::connect_args::ConnectArgs;
use crate::exit::say;
use crate::html_args::{self, HtmlArgs};
use crate::live_args::LiveArgs;
use crate::measuring::{PreparedRuns, show_on_screen};
use crate::output::{self, OutputFile};
use crate::output_args::{Format, OutputArgs};
use crate::plan;
use crate::return_args::ReturnArgs;
use crate::session_args::SessionArgs;
use crate::state::StateArgs;
use crate::surroundings::Surroundings;
use crate::terminal;
use crate::usage::UsageError;
use wsbench::defaults;
use wsbench::quantity::{self, WarmUpLength};

/// Load before each measurement, where nothing is said.
const WARMUP: Nanos = Nanos::from_secs(1);

/// Server that is loaded, and the load.
#[derive(Clone, Debug, Args)]
pub(crate) struct LoadArgs {
    /// The server: ws://HOST[:PORT][/PATH] or HOST:PORT[/PATH]; without it the embedded one.
    #[arg(value_name = "URL", value_parser = advice::target)]
    pub(crate) url: Option<Target>,
    /// Connections held open at the same time [default: 64].
    #[arg(short, long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) connections: Option<u32>,
    /// Distribution of the gaps between messages.
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ArrivalArg::Poisson)]
    pub(crate) arrival: ArrivalArg,
    /// Messages in flight on one connection at most; beyond it they wait [default: 1024].
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) max_in_flight: Option<u32>,
    /// Load this long before each measurement [default: 1s, none of a storm].
    #[arg(long, value_name = "TIME", value_parser = quantity::span)]
    pub(crate) warmup: Option<Nanos>,
    /// Return of clients whose connections are lost.
    #[command(flatten)]
    pub(crate) returns: ReturnArgs,
    /// Content of the messages.
    #[command(flatten)]
    pub(crate) payload: PayloadArgs,
    /// Way in which connections are opened.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    /// Use of this machine.
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    /// What is expected of the server.
    #[command(flatten)]
    pub(crate) expect: ExpectArgs,
    /// Destination of the result.
    #[command(flatten)]
    pub(crate) output: ExperimentOutput,
}

/// Destination of the result of an experiment.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ExperimentOutput {
    /// Write the result to F: the JSON document that `wsbench report` reads, or what --format
    /// names. The file appears whole or not at all.
    #[arg(short, long, value_name = "F")]
    pub(crate) output: Option<PathBuf>,
    /// Format printed (and written by --output) [default: text].
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
    /// The page.
    #[command(flatten)]
    pub(crate) html: HtmlArgs,
    /// A label for the reports.
    #[arg(long, value_name = "LABEL")]
    pub(crate) name: Option<String>,
    /// Permission to keep the result.
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Destinations of figures while the runs are under way.
    #[command(flatten)]
    pub(crate) live: LiveArgs,
}

/// The files that the result goes to, found to be writable.
pub(crate) struct ResultFiles {
    output: Option<OutputFile>,
    html: Option<OutputFile>,
}

impl ExperimentOutput {
    /// The same rules as those of a single run: what goes to a file is not printed twice.
    fn flags(&self) -> OutputArgs {
        OutputArgs {
            output: self.output.clone(),
            format: self.format,
            name: self.name.clone(),
            live: self.live.clone(),
            ..OutputArgs::default()
        }
    }
}

impl LoadArgs {
    /// The distribution of the gaps.
    pub(crate) fn process(&self) -> Process {
        self.arrival.into()
    }

    /// The load before each measurement.
    pub(crate) fn warmup(&self) -> Nanos {
        self.asked_warmup().unwrap_or(Nanos::ZERO)
    }

    /// The same where there may be one: a storm has none that could be asked for.
    fn asked_warmup(&self) -> Option<Nanos> {
        let is_storm = self.payload.mode() == ModeArg::Storm;
        self.warmup.or((!is_storm).then_some(WARMUP))
    }

    /// The bound on messages in flight on a connection.
    pub(crate) fn max_in_flight(&self) -> u32 {
        self.max_in_flight.unwrap_or(defaults::MAX_IN_FLIGHT)
    }

    /// Refuses loads that nobody answers, which have no rate to find.
    ///
    /// # Errors
    /// [`UsageError::NothingToFind`].
    pub(crate) fn check_answered(&self) -> Result<(), UsageError> {
        match self.payload.mode().is_answered() {
            true => Ok(()),
            false => Err(UsageError::NothingToFind),
        }
    }

    /// Gets ready to measure, each run `length` long: the runner with the plan of a run, and the files
    /// that are to be written.
    ///
    /// # Errors
    /// What cannot be asked for, a file that cannot be written, a server that does not come up.
    pub(crate) fn start(
        &self,
        length: Nanos,
        command_line: &[OsString],
    ) -> anyhow::Result<(PreparedRuns, ResultFiles)> {
        let order = plan::order(&self.measure(length), &Surroundings::here())?;
        let flags = self.output.flags();
        let file = flags.file().map(|path| OutputFile::check("--output", path));
        let (output, html) = (file.transpose()?, self.output.html.check()?);
        let stream = flags.live.file()?;
        let all: Vec<&OutputFile> = [&output, &html, &stream].into_iter().flatten().collect();
        output::check_distinct(&all)?;
        flags.check_stdout()?;
        let ready = PreparedRuns::for_runs(order, None, &flags, command_line)?;
        Ok((ready, ResultFiles { output, html }))
    }

    /// Tells what is about to be done, unless quiet was asked for.
    pub(crate) fn announce(&self, words: &str) {
        if self.output.flags().shown() != Format::Quiet {
            say(words);
        }
    }

    /// Shows the experiment on a screen of its own, where there is one.
    pub(crate) fn show(&self, ready: &mut PreparedRuns, kind: ExperimentKind, limit: Nanos) {
        let PreparedRuns {
            runner,
            plan,
            interrupts,
            ..
        } = ready;
        let experiment = (kind, &*plan, Some(limit));
        show_on_screen(runner, interrupts, experiment, &self.output.flags());
    }

    /// Keeps and prints a result, which `render` writes in a format.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(
        &self,
        files: &ResultFiles,
        render: impl Fn(Format, Style) -> String,
    ) -> anyhow::Result<()> {
        let flags = self.output.flags();
        let kept = files.output.as_ref().map_or(Ok(()), |file| {
            file.write_naming(&render(flags.stored(), terminal::PLAIN))
        });
        let page = || render(Format::Html, terminal::PLAIN);
        let kept = kept.and(html_args::keep(files.html.as_ref(), page));
        self.output
            .state
            .keep(|| render(Format::Json, terminal::PLAIN));
        output::print(&render(flags.shown(), terminal::style()))?;
        kept.and(build_args::tell_step(|| {
            render(Format::Markdown, terminal::PLAIN)
        }))
    }

    /// The run that these flags describe, for want of a rate in the closed loop, where there is one.
    pub(crate) fn measure(&self, length: Nanos) -> Measure {
        Measure {
            url: self.url.clone(),
            amount: AmountArgs {
                connections: self.connections,
                messages: None,
                duration: Some(length),
                clients: None,
                roundtrips: None,
            },
            ending: Ending::default(),
            pressure: PressureArgs {
                warmup: self.asked_warmup().map(WarmUpLength::Given),
                sessions: SessionArgs {
                    returns: self.returns.clone(),
                    ..SessionArgs::default()
                },
                // Stands for that of each run where there is no closed loop to stand for it.
                rate: self.payload.mode().is_scheduled().then_some(1.0),
                ..PressureArgs::default()
            },
            payload: self.payload.clone(),
            connect: self.connect.clone(),
            machine: self.machine.clone(),
            server: ServerArgs::default(),
            expect: self.expect.clone(),
            judge: JudgeArgs::default(),
            log: LogArgs { log: None },
            output: self.output.flags(),
        }
    }
}

/// Refuses objectives of what such a load does not have.
///
/// # Errors
/// [`UsageError::NotOfLoad`].
pub(crate) fn check_objectives(objectives: &[Objective], plan: &Plan) -> Result<(), UsageError> {
    let mut others = objectives.iter().filter(|it| !it.is_of(&plan.clients));
    others.next().map_or(Ok(()), |objective| {
        Err(UsageError::NotOfLoad {
            flag: "--slo",
            name: objective.name(),
        })
    })
}

/// Refuses a length of which the limit has not room for a handful.
///
/// # Errors
/// [`UsageError::LimitTooShort`].
pub(crate) fn check_limit(limit: Nanos, length: Nanos, warmup: Nanos) -> Result<(), UsageError> {
    if limit < length + warmup {
        return Err(UsageError::LimitTooShort);
    }
    Ok(())
}
