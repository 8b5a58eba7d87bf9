//! Orders on their way to a runner, and what is said to the user while it makes runs.

use std::ffi::OsString;
use std::sync::Arc;

use anyhow::Context;
use wsbench::{Bench, LocalRunner, Observer};
use wsbench_experiment::runner::Step;
use wsbench_judge::until::Until;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_record::gate::Stamp;
use wsbench_render::live::experiment::ExperimentKind;
use wsbench_render::step_line::step_line;

use crate::advice;
use crate::exit::say;
use crate::held;
use crate::helpers::ThisProgram;
use crate::interrupt::Interrupts;
use crate::live_args::LiveData;
use crate::output_args::{Format, OutputArgs};
use crate::plan::{RunOrder, ServerUnderTest};
use crate::shell_words::shell_words;
#[cfg(feature = "fleet")]
use crate::shell_words::shell_words_for_others;
use crate::spelling::Flags;
use crate::terminal;

/// All that is needed to make runs by an order.
pub(crate) struct PreparedRuns {
    /// It makes them.
    pub(crate) runner: LocalRunner,
    /// Of a run, with its target.
    pub(crate) plan: Plan,
    /// The requests to stop that every run heeds.
    pub(crate) interrupts: Interrupts,
    /// Destinations of figures, open until the runs are over.
    pub(crate) live: LiveData,
}

impl PreparedRuns {
    /// Gets ready for runs by `order`, each of which ends when `until` is known. Of the steps of an
    /// experiment nothing is said where `output` is quiet.
    ///
    /// # Errors
    /// Signals cannot be watched, the server does not come up, the settings make no run.
    pub(crate) fn for_runs(
        order: RunOrder,
        until: Option<Until>,
        output: &OutputArgs,
        command_line: &[OsString],
    ) -> anyhow::Result<Self> {
        let (exporter, live) = output.live.open()?;
        let is_quiet = output.shown() == Format::Quiet;
        let interrupts = watch_signals()?;
        let bench = Bench::of(order.plan);
        let bench = match order.server {
            ServerUnderTest::At(_) => bench,
            ServerUnderTest::Embedded(cores) => bench.on_embedded(cores),
        };
        let bench = bench
            .server(order.process)
            .follow(order.follow)
            .until(until)
            .stopped_by(interrupts.stop_signal().clone())
            .helpers(Arc::new(ThisProgram))
            .spelled(&Flags)
            .command(shell_words(command_line))
            .observe(Announcer { is_quiet });
        #[cfg(feature = "fleet")]
        let bench = match &order.fleet {
            Some(fleet) => {
                let command = shell_words_for_others(command_line);
                let carrier = crate::fleet::carrier(fleet, &command)?;
                bench.carried_by(Box::new(carrier))
            }
            None => bench,
        };
        let bench = match exporter {
            Some(exporter) => bench.observe(exporter),
            None => bench,
        };
        let (runner, plan) = bench.into_runner().map_err(advice::spelled)?;
        Ok(Self {
            runner,
            plan,
            interrupts,
            live,
        })
    }
}

/// Shows an experiment on a screen of its own, where there is one, from the next run of `runner` on.
pub(crate) fn show_on_screen(
    runner: &mut LocalRunner,
    interrupts: &Interrupts,
    experiment: (ExperimentKind, &Plan, Option<Nanos>),
    output: &OutputArgs,
) {
    let (kind, plan, limit) = experiment;
    #[cfg(feature = "screen")]
    if let Some(screen) = terminal::Experiments::open(kind, plan, limit, output, interrupts) {
        runner.observe(screen);
    }
    #[cfg(not(feature = "screen"))]
    let _ = (runner, interrupts, kind, plan, limit, output);
}

/// Watches for signals, which give the terminal back before an end at once.
///
/// # Errors
/// The system refuses.
pub(crate) fn watch_signals() -> anyhow::Result<Interrupts> {
    Interrupts::watch(terminal::restore).context("signals cannot be watched")
}

/// Words that are said of runs and of the server, a line each.
struct Announcer {
    /// True where nothing is said of an experiment's steps.
    is_quiet: bool,
}

impl Observer for Announcer {
    fn gate(&mut self, stamp: &Stamp) {
        say(&format!("gate: {}", stamp.words()));
    }

    fn step(&mut self, step: &Step<'_>) {
        // On a screen of its own the experiment's table says it.
        if !self.is_quiet && !held::is_taken() {
            say(&step_line(&step.name, step.document, step.left_s));
        }
    }

    fn server_died(&mut self, last_words: &str) {
        say(&format!("the server of --exec has failed{last_words}"));
    }
}
