//! `--repeat N`: the same run several times over, kept and shown as one result.

use anyhow::Context;
use wsbench_experiment::repeat::repeat;
use wsbench_judge::repetition::repeated;
use wsbench_load::plan::Plan;
use wsbench_record::repetition::{self, Repetition};
use wsbench_render::build_check::{self, BuildCheck};
use wsbench_render::style::Style;
use wsbench_render::{csv, html};

use crate::build_args;
use crate::html_args;
use crate::judge::Judge;
use crate::output::{self, OutputFile};
use crate::output_args::{Format, OutputArgs};
use crate::spelling::Flags;
use crate::terminal;
use wsbench::LocalRunner;

/// RepeatFiles of the result, where they were asked for.
#[derive(Clone, Copy)]
pub(crate) struct RepeatFiles<'a> {
    /// The result.
    pub(crate) file: Option<&'a OutputFile>,
    /// The page.
    pub(crate) page: Option<&'a OutputFile>,
    /// JUnit's XML.
    pub(crate) junit: Option<&'a OutputFile>,
}

/// Makes the runs, keeps and shows them.
///
/// # Errors
/// A run cannot be made, none was whole, or the result cannot be kept.
pub(crate) fn measure(
    runner: &mut LocalRunner,
    plan: &Plan,
    runs: u32,
    flags: &OutputArgs,
    places: RepeatFiles<'_>,
    judge: &Judge,
) -> anyhow::Result<Repetition> {
    let documents = repeat(runner, plan, runs);
    // What comes next is the result, or the reason why there is none.
    terminal::restore();
    let repetition = repeated(documents?, runs);
    let mut repetition = repetition.context("interrupted before the first run was whole")?;
    repetition.conditions = judge.judged(&repetition.runs, flags.shown());
    let RepeatFiles { file, page, junit } = places;
    // The result is kept first; where that fails, it is at least shown.
    let kept = file.map_or(Ok(()), |file| {
        file.write_naming(&render(&repetition, flags.stored(), terminal::PLAIN))
    });
    let kept = kept.and(html_args::keep(page, || {
        html::repetition(&repetition, &Flags)
    }));
    let check = || BuildCheck::of_repetition(&repetition, flags.strict);
    let kept = kept.and(build_args::tell(junit, flags.is_for_github(), check));
    flags.state.keep(|| repetition::write(&repetition));
    output::print(&render(&repetition, flags.shown(), terminal::style()))?;
    kept?;
    Ok(repetition)
}

/// The repetition in `format`.
pub(crate) fn render(repetition: &Repetition, format: Format, style: Style) -> String {
    match format {
        Format::Text => wsbench_render::repetition::text(repetition, style),
        Format::Json => repetition::write(repetition),
        Format::Csv => csv::results(&repetition.runs.iter().collect::<Vec<_>>()),
        Format::Markdown => wsbench_render::repetition::markdown(repetition),
        Format::Github => build_check::summary(&BuildCheck::of_repetition(repetition, false)),
        Format::Html => html::repetition(repetition, &Flags),
        Format::Quiet => String::new(),
    }
}
