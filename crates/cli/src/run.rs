//! A run from its flags to its exit code: checked, announced, carried out, kept, shown.
//!
//! Everything that can be refused is refused before anything is started. The measurement itself is
//! `drive`'s; what came of it is stored first and printed after.

use std::ffi::OsString;
use std::fs::File;
use std::io;

use anyhow::Context;
use wsbench_drive::resolve::Resolved;
use wsbench_drive::run;
use wsbench_judge::judged;
use wsbench_judge::outcome::{Outcome, outcome, worst};
use wsbench_judge::until::Watch;
use wsbench_load::plan::Plan;
use wsbench_load::result::Progress;
use wsbench_load::tally::LogRecord;
use wsbench_record::document::Document;
use wsbench_render::html;
use wsbench_render::plan_line::plan_line;

use crate::args::{Format, Measure, OutputArgs};
use crate::exit::{Exit, say};
use crate::histogram_args::HistogramFiles;
use crate::html_args;
use crate::interrupt::Interrupts;
use crate::judge::Judge;
use crate::output::{self, OutputFile};
use crate::plan::{self, Surroundings};
use crate::raw_log::RawLog;
use crate::rendering::render;
use crate::repeat;
use crate::runner::KernelRunner;
use crate::terminal::{self, Display};
use crate::usage::UsageError;

/// Carries out the run that `command_line` was parsed into.
///
/// # Errors
/// [`UsageError`] before anything was started; afterwards whatever kept the run from giving a
/// result, or the result from being kept.
pub(crate) fn measure(measure: &Measure, command_line: &[OsString]) -> anyhow::Result<Exit> {
    let order = plan::order(measure, &Surroundings::here())?;
    let judge = Judge::prepare(&measure.judge)?;
    if measure.judge.repeat.is_some() {
        check_repeatable(measure)?;
    }
    let places = Places::check(measure)?;
    let (mut runner, plan) = KernelRunner::start(order, command_line)?;
    let shown = measure.output.shown();
    if shown == Format::Text {
        announce(&plan);
    }
    let resolved = runner.prepare(&plan)?;
    if measure.output.gate {
        runner.examine(&plan, &resolved)?;
    }
    runner.find_floor(&plan);
    let Places { files, log } = places;
    if let Some(runs) = measure.judge.repeat {
        let mut runner = runner.quiet(shown == Format::Quiet);
        let (file, page) = (files.output.as_ref(), files.html.as_ref());
        let repetition = repeat::measure(&mut runner, &plan, runs, &measure.output, file, page)?;
        let exit = Exit::from(worst(&repetition.runs, measure.output.strict));
        judge.show_baseline(&repetition.runs, shown)?;
        return Ok(judge.judged(&repetition.runs, exit));
    }
    let watched = watched(&runner, &plan, &resolved, log, measure)?;
    let document = &watched.document;
    // The result is kept first; where that fails, it is at least shown.
    let kept = files.keep(document, &measure.output);
    output::print(&render(&[document], shown, terminal::style()))?;
    kept?;
    if let Some(failure) = watched.log_failure {
        return Err(failure).context("--log: the run was stopped, for its log cannot be written");
    }
    let exit = concluded(document, measure.output.strict, shown);
    let runs = [watched.document];
    judge.show_baseline(&runs, shown)?;
    Ok(judge.judged(&runs, exit))
}

/// Makes sure that what is of a single run is not asked of several.
fn check_repeatable(measure: &Measure) -> Result<(), UsageError> {
    let of_one_run = [
        measure.log.log.as_ref().map(|_| "--log"),
        measure.output.histograms.given(),
        measure.ending.until.as_ref().map(|_| "--until"),
    ];
    match of_one_run.into_iter().flatten().next() {
        Some(flag) => Err(UsageError::RepeatAnd { flag }),
        None => Ok(()),
    }
}

/// Tells what is about to be done, so that a misunderstood flag is seen.
pub(crate) fn announce(plan: &Plan) {
    say(&format!(
        "plan: {} → {}",
        plan_line(plan),
        plan.target.url()
    ));
}

/// Where the results of a run go, all found to be writable.
struct Places {
    files: Files,
    log: Option<File>,
}

/// The files that are written after the run.
struct Files {
    output: Option<OutputFile>,
    histograms: HistogramFiles,
    html: Option<OutputFile>,
}

impl Places {
    /// Makes sure of every place that the flags name. The log is opened last, for it is there from
    /// then on.
    fn check(measure: &Measure) -> Result<Self, UsageError> {
        let check = |flag, path: Option<&_>| path.map(|path| OutputFile::check(flag, path));
        let output = check("--output", measure.output.output.as_deref()).transpose()?;
        let histograms = measure.output.histograms.check()?;
        let html = measure.output.html.check()?;
        let log_path = measure.log.log.as_deref();
        let log = check("--log", log_path).transpose()?;
        let others = [&output, &html, &log].into_iter().flatten();
        let all: Vec<&OutputFile> = others.chain(histograms.all()).collect();
        output::check_distinct(&all)?;
        let log = log_path.map(|path| output::open_log("--log", path));
        Ok(Self {
            files: Files {
                output,
                histograms,
                html,
            },
            log: log.transpose()?,
        })
    }
}

impl Files {
    /// Writes what the flags ask for; tries all, and tells the first failure.
    fn keep(&self, document: &Document, flags: &OutputArgs) -> anyhow::Result<()> {
        let output = self.output.as_ref().map_or(Ok(()), |file| {
            file.write_naming(&render(&[document], flags.stored(), terminal::PLAIN))
        });
        let histograms = self.histograms.keep(document);
        let html = html_args::keep(self.html.as_ref(), || html::run(document));
        output.and(histograms).and(html)
    }
}

/// A run that is over, the terminal the user's again.
struct Watched {
    document: Document,
    /// Why the log has ended before the run.
    log_failure: Option<io::Error>,
}

/// Carries the plan out, with the display and the log going along.
fn watched(
    runner: &KernelRunner,
    plan: &Plan,
    resolved: &Resolved,
    log: Option<File>,
    measure: &Measure,
) -> anyhow::Result<Watched> {
    let log = log.map(|file| RawLog::new(file, plan)).transpose();
    let interrupts = runner.interrupts();
    let mut watcher = Watcher {
        display: Display::open(plan, &measure.output, interrupts),
        until: measure.ending.until.map(Watch::new),
        log: log.context("--log: not written")?,
        log_failure: None,
        interrupts,
    };
    let document = runner.carry_out(plan, resolved, &mut watcher)?;
    let document = match &watcher.until {
        Some(until) => judged(document.record.with_until(until.outcome())),
        None => document,
    };
    Ok(Watched {
        document,
        log_failure: watcher.log_failure,
    })
}

/// Looks on while a run is under way.
struct Watcher<'a> {
    display: Display,
    /// Ends the run once its answer is known.
    until: Option<Watch>,
    log: Option<RawLog>,
    /// Why the log has ended early.
    log_failure: Option<io::Error>,
    interrupts: &'a Interrupts,
}

impl run::Observer for Watcher<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.display.show(progress);
        let until = self.until.as_mut();
        if until.is_some_and(|until| until.is_enough(&progress.so_far.slices)) {
            self.interrupts.stop_signal().suffice();
        }
    }

    fn log(&mut self, records: &[LogRecord]) {
        let Some(log) = &mut self.log else { return };
        if let Err(failure) = log.append(records) {
            // A log with a hole would be taken for a whole one.
            self.log = None;
            self.log_failure = Some(failure);
            self.interrupts.stop_signal().request();
        }
    }
}

/// The exit code; where no summary says so, why the run failed, on standard error.
fn concluded(document: &Document, strict: bool, shown: Format) -> Exit {
    let outcome = outcome(document, strict);
    if shown != Format::Text {
        match outcome {
            Outcome::Ok => {}
            Outcome::Failed(reason) => say(&format!("error: the run failed: {reason}")),
            Outcome::NonConforming => say("error: the server did not pass the conformance gate"),
            Outcome::AuditFailed => say("error: the audit failed, and --strict was given"),
        }
        let first = document.errors.first().filter(|_| outcome != Outcome::Ok);
        if let Some(failure) = first {
            say(&format!("first error: {}", failure.example));
        }
    }
    Exit::from(outcome)
}
