//! `wsbench report [FILE…]`: stored results, rendered again; without a file the last one.
//!
//! A stored result prints the same as a fresh one, and its exit code is the same, too.

use std::io;
use std::path::Path;

use anyhow::Context;
use wsbench::bounded::{self, LARGEST_STORED};
use wsbench_judge::outcome::{outcome, worst};
use wsbench_record::stored::{self, Stored};
use wsbench_record::{document, ranking, search, sweep};
use wsbench_render::html;
use wsbench_render::style::Style;

use crate::args::Report;
use crate::commands::{self, compare};
use crate::exit::Exit;
use crate::html_args;
use crate::judge;
use crate::output::{self, OutputFile};
use crate::output_args::{Extent, Format};
use crate::rendering::render;
use crate::repeat;
use crate::spelling::Flags;
use crate::state;
use crate::terminal;
use crate::usage::UsageError;

/// Renders the stored results; the exit code is that of the worst of them.
///
/// # Errors
/// When a file cannot be read or is no result, or the rendering cannot be written.
pub(crate) fn run(report: &Report) -> anyhow::Result<Exit> {
    if report.files.is_empty() {
        let last = state::last().filter(|file| file.is_file());
        let last = last.ok_or(UsageError::NoLastRun)?;
        return run(&Report {
            files: vec![last],
            ..report.clone()
        });
    }
    if let Some(flag) = report.histograms.given().filter(|_| report.files.len() > 1) {
        let files = report.files.len();
        return Err(UsageError::HistogramOfMany { flag, files }.into());
    }
    let format = report.written();
    let file = report
        .file()
        .map(|path| OutputFile::check("--output", path));
    let file = file.transpose()?;
    let histograms = report.histograms.check()?;
    let page = report.html.check()?;
    let others = [&file, &page].into_iter().flatten();
    let all: Vec<&OutputFile> = others.chain(histograms.all()).collect();
    output::check_distinct(&all)?;
    let texts = report.files.iter().map(|path| stored(path));
    let texts: Vec<String> = texts.collect::<anyhow::Result<_>>()?;
    if let Some(rendered) = experiment(report, &texts)? {
        html_args::keep(page.as_ref(), || rendered(Format::Html, terminal::PLAIN))?;
        show(report, file.as_ref(), rendered)?;
        return Ok(Exit::Ok);
    }
    let named = report.files.iter().zip(&texts);
    let stored = named.map(|(path, text)| {
        stored::read(text).with_context(|| format!("{} cannot be shown", path.display()))
    });
    let stored: Vec<Stored> = stored.collect::<anyhow::Result<_>>()?;
    if let (Some(flag), Some(first)) = (report.histograms.given(), stored.first()) {
        let Stored::Run(document) = first else {
            return Err(UsageError::HistogramOfSeveralRuns { flag }.into());
        };
        histograms.keep(document)?;
    }
    let view = Extent {
        is_brief: report.brief && !report.verbose,
        shares: report.percentiles.clone(),
    };
    let is_page_asked = page.is_some() || format == Format::Html;
    if is_page_asked && html::stored(&stored, &Flags).is_none() {
        return Err(UsageError::PageOfMany.into());
    }
    html_args::keep(page.as_ref(), || {
        rendered(&stored, Format::Html, terminal::PLAIN, &view)
    })?;
    show(report, file.as_ref(), |format, style| {
        rendered(&stored, format, style, &view)
    })?;
    let exits = stored.iter().map(|one| match one {
        Stored::Run(document) => {
            let exit = outcome(document, report.strict).into();
            judge::exit(&document.conditions, exit)
        }
        Stored::Repetition(repetition) => {
            let exit = worst(&repetition.runs, report.strict).into();
            judge::exit(&repetition.conditions, exit)
        }
        Stored::Comparison(comparison) => judge::exit(&comparison.conditions, Exit::Ok),
    });
    Ok(exits.max_by_key(|exit| *exit as u8).unwrap_or(Exit::Ok))
}

/// Writes what was asked for to its file, or to standard output.
fn show(
    report: &Report,
    file: Option<&OutputFile>,
    rendered: impl Fn(Format, Style) -> String,
) -> anyhow::Result<()> {
    match file {
        Some(file) => file.write_naming(&rendered(report.written(), terminal::PLAIN)),
        None => output::print(&rendered(report.written(), terminal::style())),
    }
}

/// Stored documents, rendered: runs as one list, whatever else is among them each by itself.
fn rendered(stored: &[Stored], format: Format, style: Style, view: &Extent) -> String {
    let run = |one: &Stored| match one {
        Stored::Run(document) => Some(document.as_ref().clone()),
        Stored::Repetition(_) | Stored::Comparison(_) => None,
    };
    let runs: Option<Vec<_>> = stored.iter().map(run).collect();
    if let Some(runs) = runs {
        return render(&runs.iter().collect::<Vec<_>>(), format, style, view);
    }
    if format == Format::Html {
        return html::stored(stored, &Flags).unwrap_or_default();
    }
    let each = stored.iter().map(|one| match one {
        Stored::Run(document) => render(&[document], format, style, view),
        Stored::Repetition(repetition) => repeat::render(repetition, format, style),
        Stored::Comparison(comparison) => compare::render(comparison, format, style),
    });
    let each: Vec<String> = each.collect();
    match format {
        Format::Json if each.len() > 1 => format!("[\n{}]\n", each.join(",\n")),
        Format::Json | Format::Csv | Format::Quiet => each.concat(),
        Format::Text | Format::Markdown | Format::Github | Format::Html => each.join("\n"),
    }
}

/// Rendering of a document, once it is known for whom.
type Rendering = Box<dyn Fn(Format, Style) -> String>;

/// The rendering of a stored search or sweep; `None` when the files are results of runs.
fn experiment(report: &Report, texts: &[String]) -> anyhow::Result<Option<Rendering>> {
    let named = report.files.iter().zip(texts);
    for (path, text) in named {
        // A text that does not say what it is will be refused as a result that it is not.
        let Ok(schema) = document::schema_of(text) else {
            continue;
        };
        let shown = || format!("{} cannot be shown", path.display());
        let rendering: Rendering = if schema.starts_with("wsbench.find/") {
            let search = search::read(text).with_context(shown)?;
            Box::new(move |format, style| commands::find::render(&search, format, style))
        } else if schema.starts_with("wsbench.sweep/") {
            let sweep = sweep::read(text).with_context(shown)?;
            Box::new(move |format, style| commands::sweep::render(&sweep, format, style))
        } else if schema.starts_with("wsbench.ranking/") {
            let ranking = ranking::read(text).with_context(shown)?;
            commands::rank::check_format(report.written())?;
            Box::new(move |format, style| commands::rank::render(&ranking, format, style))
        } else {
            continue;
        };
        if texts.len() > 1 || report.histograms.given().is_some() {
            return Err(UsageError::MixedKinds { found: schema }.into());
        }
        return Ok(Some(rendering));
    }
    Ok(None)
}

/// Reads what is stored at `path`, or on standard input for `-`.
fn stored(path: &Path) -> anyhow::Result<String> {
    let text = if path == Path::new("-") {
        bounded::text(io::stdin(), LARGEST_STORED)
    } else {
        bounded::text_of(path, LARGEST_STORED)
    };
    text.with_context(|| format!("{} cannot be read", path.display()))
}
