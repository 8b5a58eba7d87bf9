//! A run from its flags to its exit code: checked, announced, carried out, kept, shown.
//!
//! Everything that can be refused is refused before anything is started. The measurement itself is
//! `drive`'s; what came of it is stored first and printed after.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use anyhow::Context;
use wsbench::{LogError, RawLog};
use wsbench_drive::resolve::Resolved;
use wsbench_judge::outcome::{RunStatus, outcome, worst};
use wsbench_load::plan::Plan;
use wsbench_record::document::{self, Document};
use wsbench_render::build_check::BuildCheck;
use wsbench_render::html;
use wsbench_render::live::experiment::ExperimentKind;
use wsbench_render::plan_line::plan_line;
use wsbench_transport::address::Address;

use crate::advice;
use crate::args::Measure;
use crate::build_args;
use crate::exit::{Exit, say};
use crate::habits;
use crate::histogram_args::HistogramFiles;
use crate::html_args;
use crate::judge::{self, Judge};
use crate::measuring::{PreparedRuns, show_on_screen};
use crate::output::{self, OutputFile};
use crate::output_args::{Format, OutputArgs};
use crate::plan;
use crate::rendering::render;
use crate::repeat;
use crate::spelling::Flags;
use crate::surroundings::Surroundings;
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
    let places = Places::check(measure, &order.plan)?;
    let shown = measure.output.shown();
    let until = measure.ending.until;
    let mut ready = PreparedRuns::for_runs(order, until, &measure.output, command_line)?;
    if shown == Format::Text {
        for note in habits::notes(measure) {
            say(&format!("note: {note}"));
        }
        announce(&ready.plan);
    }
    let (runner, plan) = (&mut ready.runner, &ready.plan);
    let resolved = runner.prepare(plan).map_err(advice::spelled)?;
    if shown == Format::Text {
        for doubt in runner.foretold(plan, &resolved) {
            say(&format!("ports may run out: {doubt}"));
        }
        tell_address(plan, &resolved);
    }
    if measure.output.gate {
        runner.examine(plan, &resolved).map_err(advice::spelled)?;
    }
    runner.find_floor(plan);
    let Places { files, log } = places;
    if let Some(runs) = measure.judge.repeat {
        let experiment = (ExperimentKind::Repeat, plan, None);
        show_on_screen(runner, &ready.interrupts, experiment, &measure.output);
        let places = repeat::RepeatFiles {
            file: files.output.as_ref(),
            page: files.html.as_ref(),
            junit: files.junit.as_ref(),
        };
        let repetition = repeat::measure(runner, plan, runs, &measure.output, places, &judge)?;
        let exit = Exit::from(worst(&repetition.runs, measure.output.strict));
        judge.show_baseline(&repetition.runs, shown)?;
        return Ok(judge::exit(&repetition.conditions, exit));
    }
    let (mut document, log_failure) = watched(&mut ready, &resolved, log, &measure.output)?;
    let conditions = judge.judged(std::slice::from_ref(&document), shown);
    document.record.conditions = conditions;
    // The result is kept first; where that fails, it is at least shown.
    let kept = files.keep(&document, &measure.output);
    measure.output.state.keep(|| document::write(&document));
    let view = measure.output.view();
    output::print(&render(&[&document], shown, terminal::style(), &view))?;
    // That nothing was measured comes before what could not be written of it.
    let exit = concluded(&document, measure.output.strict, shown);
    kept?;
    if let Some(failure) = log_failure {
        return Err(failure).context("--log: the run was stopped, for its log cannot be written");
    }
    let exit = judge::exit(&document.conditions, exit);
    judge.show_baseline(&[document], shown)?;
    Ok(exit)
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

/// Tells which address is measured, where the name has several that lead to different machines.
fn tell_address(plan: &Plan, resolved: &Resolved) {
    let addresses = &resolved.addresses;
    let is_here = addresses.iter().all(Address::is_loopback);
    if addresses.len() < 2 || is_here {
        return;
    }
    let number = addresses.len();
    say(&match plan.connect.route.spread {
        true => format!("the name has {number} addresses; connections go to each in turn"),
        false => format!(
            "the name has {number} addresses; {} is measured (--spread-addresses takes all)",
            addresses[0]
        ),
    });
}

/// Places where the results of a run go, all found to be writable.
struct Places {
    files: Files,
    log: Option<RawLog>,
}

/// The files that are written after the run.
struct Files {
    output: Option<OutputFile>,
    histograms: HistogramFiles,
    html: Option<OutputFile>,
    junit: Option<OutputFile>,
}

impl Places {
    /// Makes sure of every place that the flags name. The log is opened last, for it is there from
    /// then on.
    fn check(measure: &Measure, plan: &Plan) -> anyhow::Result<Self> {
        measure.output.check_stdout()?;
        let check = |flag, path: Option<&_>| path.map(|path| OutputFile::check(flag, path));
        let output = check("--output", measure.output.file()).transpose()?;
        let histograms = measure.output.histograms.check()?;
        let html = measure.output.html.check()?;
        let junit = measure.output.build.check()?;
        let log_path = measure.log.log.as_deref();
        let log = check("--log", log_path).transpose();
        let log = log.map_err(|error| log_path.and_then(habits::as_log).unwrap_or(error))?;
        let stream = measure.output.live.file()?;
        let others = [&output, &html, &junit, &log, &stream]
            .into_iter()
            .flatten();
        let all: Vec<&OutputFile> = others.chain(histograms.all()).collect();
        output::check_distinct(&all)?;
        let log = log_path.map(|path| begun_log(path, plan));
        Ok(Self {
            files: Files {
                output,
                histograms,
                html,
                junit,
            },
            log: log.transpose()?,
        })
    }
}

/// The log of a run by `plan`, open at its end.
fn begun_log(path: &Path, plan: &Plan) -> anyhow::Result<RawLog> {
    let file = output::open_log("--log", path)?;
    RawLog::new(file, plan).map_err(|error| match error {
        LogError::Io(source) => anyhow::Error::new(source).context("--log: not written"),
        error => {
            let path = path.to_owned();
            UsageError::OtherLog { path, error }.into()
        }
    })
}

impl Files {
    /// Writes what the flags ask for; tries all, and tells the first failure.
    fn keep(&self, document: &Document, flags: &OutputArgs) -> anyhow::Result<()> {
        let output = self.output.as_ref().map_or(Ok(()), |file| {
            file.write_naming(&render(
                &[document],
                flags.stored(),
                terminal::PLAIN,
                &flags.view(),
            ))
        });
        let histograms = self.histograms.keep(document);
        let html = html_args::keep(self.html.as_ref(), || html::run(document, &Flags));
        let check = || BuildCheck::of_run(document, flags.strict, &Flags);
        let told = build_args::tell(self.junit.as_ref(), flags.is_for_github(), check);
        output.and(histograms).and(html).and(told)
    }
}

/// Carries the plan out, with the display and the log going along.
fn watched(
    ready: &mut PreparedRuns,
    resolved: &Resolved,
    log: Option<RawLog>,
    output: &OutputArgs,
) -> anyhow::Result<(Document, Option<io::Error>)> {
    let PreparedRuns {
        runner,
        plan,
        interrupts,
        ..
    } = ready;
    let around = runner.surroundings(plan, resolved);
    runner.observe(Display::open(plan, around, output, interrupts));
    let failure = log.as_ref().map(RawLog::failure);
    if let Some(log) = log {
        runner.observe(log);
    }
    let document = runner.carry_out(plan, resolved).map_err(advice::spelled)?;
    Ok((document, failure.and_then(|failure| failure.take())))
}

/// The exit code; where no summary says so, why the run failed, on standard error.
pub(crate) fn concluded(document: &Document, strict: bool, shown: Format) -> Exit {
    let outcome = outcome(document, strict);
    if shown != Format::Text {
        match outcome {
            RunStatus::Ok => {}
            RunStatus::Failed(reason) => say(&format!("error: the run failed: {reason}")),
            RunStatus::NonConforming => say("error: the server did not pass the conformance gate"),
            RunStatus::AuditFailed => say("error: the audit failed, and --strict was given"),
        }
        let first = document.errors.first().filter(|_| outcome != RunStatus::Ok);
        if let Some(failure) = first {
            say(&format!("first error: {}", failure.example));
        }
    }
    Exit::from(outcome)
}
