//! Verdicts for a build: `--junit F`, and GitHub's runner by `$GITHUB_STEP_SUMMARY`.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use wsbench_render::build_check::{BuildCheck, annotations, junit, summary};

use crate::exit::say;
use crate::output::OutputFile;
use crate::usage::UsageError;

/// The file that GitHub's runner shows below a step; it names it in the environment.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Destination of JUnit's XML.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct BuildArgs {
    /// Write to F, as JUnit's XML, whether the figures are valid, and each --fail-if as a test.
    #[arg(long, value_name = "F")]
    pub(crate) junit: Option<PathBuf>,
}

impl BuildArgs {
    /// The file, found to be writable.
    ///
    /// # Errors
    /// [`UsageError::Unwritable`].
    pub(crate) fn check(&self) -> Result<Option<OutputFile>, UsageError> {
        let path = self.junit.as_deref();
        path.map(|path| OutputFile::check("--junit", path))
            .transpose()
    }
}

/// Tells a build: in its file, where one was asked for, and to GitHub, where its runner has said
/// where, or it `is_asked`.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn tell(
    file: Option<&OutputFile>,
    is_asked: bool,
    check: impl FnOnce() -> BuildCheck,
) -> anyhow::Result<()> {
    let step = step_summary();
    let is_for_github = step.is_some() || is_asked;
    if file.is_none() && !is_for_github {
        return Ok(());
    }
    let check = check();
    let kept = file.map_or(Ok(()), |file| file.write_naming(&junit(&check)));
    if is_for_github {
        // Standard output may be a document; the runner reads both.
        annotations(&check).iter().for_each(|line| say(line));
    }
    let shown = step.map_or(Ok(()), |path| append(&path, &summary(&check)));
    kept.and(shown)
}

/// Appends a section to the summary of the step that this is a part of, where GitHub runs it.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn tell_step(section: impl FnOnce() -> String) -> anyhow::Result<()> {
    step_summary().map_or(Ok(()), |path| append(&path, &section()))
}

/// The file of the step's summary; `None` outside of GitHub's runner.
fn step_summary() -> Option<PathBuf> {
    let path = env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty());
    path.map(PathBuf::from)
}

fn append(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    let written = OpenOptions::new().create(true).append(true).open(path);
    let written = written.and_then(|mut file| writeln!(file, "{text}"));
    written.with_context(|| format!("${STEP_SUMMARY} {}: not written", path.display()))
}
