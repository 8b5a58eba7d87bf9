//! A run from its flags to its exit code: checked, announced, carried out, kept, shown.
//!
//! Everything that can be refused is refused before anything is started. The measurement itself is
//! `drive`'s; what came of it is stored first and printed after.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::net::IpAddr;

use anyhow::Context;
use wsbench_drive::resolve::{Resolved, resolve};
use wsbench_drive::{host, run};
use wsbench_load::plan::Plan;
use wsbench_load::result::{LogRecord, Progress, RunResult};
use wsbench_report::document::{Document, Host, Order as PlanOnRecord, Outcome, RunContext};
use wsbench_report::plan_line::plan_line;

use crate::args::{Format, Measure, OutputArgs};
use crate::embedded::EmbeddedServer;
use crate::exit::{Exit, say};
use crate::interrupt::Interrupts;
use crate::output::{self, OutputFile};
use crate::plan::{self, ServerUnderTest, Surroundings};
use crate::preflight;
use crate::raw_log::RawLog;
use crate::rendering::{percentile_table, render};
use crate::shell_words::shell_words;
use crate::terminal::{self, Display};
use crate::usage::UsageError;

/// Carries out the run that `command_line` was parsed into.
///
/// # Errors
/// [`UsageError`] before anything was started; afterwards whatever kept the run from giving a
/// result, or the result from being kept.
pub(crate) fn measure(measure: &Measure, command_line: &[OsString]) -> anyhow::Result<Exit> {
    let surroundings = Surroundings {
        cpus: host::cpus(),
        // 32 bits are enough to differ, short enough to be typed, and exact in any JSON reader.
        random_seed: u64::from(fastrand::u32(..)),
    };
    let order = plan::order(measure, &surroundings)?;
    let places = Places::check(measure)?;
    let interrupts = Interrupts::watch().context("signals cannot be watched")?;
    let (plan, embedded) = match order.server.clone() {
        ServerUnderTest::At(target) => (order.plan_against(target), None),
        ServerUnderTest::Embedded(cores) => {
            let server = EmbeddedServer::start(&cores)?;
            (order.plan_against(server.target().clone()), Some(server))
        }
    };
    let shown = measure.output.shown();
    if shown == Format::Text {
        let url = plan.target.url();
        say(&format!(
            "plan: {} → {url}",
            plan_line(&PlanOnRecord::from(&plan))
        ));
    }
    preflight::check(&plan)?;
    let resolved = resolve(&plan.target, plan.connect.family)?;
    let context = RunContext {
        command: shell_words(command_line),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: this_host(),
        embedded_server: embedded.is_some(),
        loopback: resolved
            .addresses
            .first()
            .is_some_and(|at| is_loopback(at.ip())),
    };
    let Places { files, log } = places;
    let watched = watched(&plan, &resolved, log, &measure.output, &interrupts)?;
    drop(embedded);
    let document = Document::new(&watched.result, &plan, &context);
    // The result is kept first; where that fails, it is at least shown.
    let kept = files.keep(&document, &measure.output);
    output::print(&render(&[&document], shown, terminal::style()))?;
    kept?;
    if let Some(failure) = watched.log_failure {
        return Err(failure).context("--log: the run was stopped, for its log cannot be written");
    }
    Ok(concluded(&document, measure.output.strict, shown))
}

/// Where the results of a run go, all found to be writable.
struct Places {
    files: Files,
    log: Option<File>,
}

/// The files that are written after the run.
struct Files {
    output: Option<OutputFile>,
    hgrm: Option<OutputFile>,
}

impl Places {
    /// Makes sure of every place that the flags name. The log is opened last, for it is there from
    /// then on.
    fn check(measure: &Measure) -> Result<Self, UsageError> {
        let check = |flag, path: Option<&_>| path.map(|path| OutputFile::check(flag, path));
        let output = check("--output", measure.output.output.as_deref()).transpose()?;
        let hgrm = check("--hgrm", measure.output.hgrm.as_deref()).transpose()?;
        let log_path = measure.log.log.as_deref();
        let log = check("--log", log_path).transpose()?;
        let all: Vec<&OutputFile> = [&output, &hgrm, &log].into_iter().flatten().collect();
        output::check_distinct(&all)?;
        let log = log_path.map(|path| output::open_log("--log", path));
        Ok(Self {
            files: Files { output, hgrm },
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
        let hgrm = self.hgrm.as_ref().map_or(Ok(()), |file| {
            file.write_naming(&percentile_table(document).context("--hgrm: not written")?)
        });
        output.and(hgrm)
    }
}

/// A run that is over, the terminal the user's again.
struct Watched {
    result: RunResult,
    /// Why the log has ended before the run.
    log_failure: Option<io::Error>,
}

/// Carries the plan out, with the display and the log going along.
fn watched(
    plan: &Plan,
    resolved: &Resolved,
    log: Option<File>,
    flags: &OutputArgs,
    interrupts: &Interrupts,
) -> anyhow::Result<Watched> {
    let log = log.map(|file| RawLog::new(file, plan)).transpose();
    let mut watcher = Watcher {
        display: Display::open(plan, flags, interrupts),
        log: log.context("--log: not written")?,
        log_failure: None,
        interrupts,
    };
    let result = run::run(plan, resolved, interrupts.stop_signal(), &mut watcher)?;
    Ok(Watched {
        result,
        log_failure: watcher.log_failure,
    })
}

/// Looks on while a run is under way.
struct Watcher<'a> {
    display: Display,
    log: Option<RawLog>,
    /// Why the log has ended early.
    log_failure: Option<io::Error>,
    interrupts: &'a Interrupts,
}

impl run::Observer for Watcher<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.display.show(progress);
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
    let outcome = document.outcome(strict);
    if shown != Format::Text {
        match outcome {
            Outcome::Ok => {}
            Outcome::Failed(reason) => say(&format!("error: the run failed: {reason}")),
            Outcome::AuditFailed => say("error: the audit failed, and --strict was given"),
        }
        let first = document.errors.first().filter(|_| outcome != Outcome::Ok);
        if let Some(failure) = first {
            say(&format!("first error: {}", failure.example));
        }
    }
    Exit::from(outcome)
}

/// This machine, for the record.
fn this_host() -> Host {
    let facts = host::describe();
    // The driver says "unknown" with nothing; on record what is unknown is absent.
    let known = |text: String| (!text.is_empty()).then_some(text);
    Host {
        os: known(facts.os),
        kernel: known(facts.kernel),
        cpus: u32::try_from(facts.cpus).ok().filter(|cpus| *cpus > 0),
        cpu_model: known(facts.cpu_model),
        memory_bytes: (facts.memory_bytes > 0).then_some(facts.memory_bytes),
        congestion_control: known(facts.congestion_control),
        ..Host::default()
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
