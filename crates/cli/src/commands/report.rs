//! `wsbench report FILE…`: stored results, rendered again.
//!
//! A stored result prints the same as a fresh one, and its exit code is the same, too.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use wsbench_report::document;
use wsbench_report::stored::{self, Stored};
use wsbench_report::style::Style;
use wsbench_report::{ranking, search, sweep};

use crate::args::{Format, Report};
use crate::commands::{self, compare};
use crate::exit::Exit;
use crate::output::{self, OutputFile};
use crate::rendering::{percentile_table, render};
use crate::repeat;
use crate::terminal;
use crate::usage::UsageError;

/// Renders the stored results; the exit code is that of the worst of them.
///
/// # Errors
/// When a file cannot be read or is no result, or the rendering cannot be written.
pub(crate) fn run(report: &Report) -> anyhow::Result<Exit> {
    if report.hgrm.is_some() && report.files.len() > 1 {
        let files = report.files.len();
        return Err(UsageError::HgrmOfMany { files }.into());
    }
    let check = |flag, path: &Option<_>| path.as_deref().map(|path| OutputFile::check(flag, path));
    let file = check("--output", &report.output).transpose()?;
    let table = check("--hgrm", &report.hgrm).transpose()?;
    let both: Vec<&OutputFile> = [&file, &table].into_iter().flatten().collect();
    output::check_distinct(&both)?;
    let texts = report.files.iter().map(|path| stored(path));
    let texts: Vec<String> = texts.collect::<anyhow::Result<_>>()?;
    if let Some(rendered) = experiment(report, &texts)? {
        match &file {
            Some(file) => file.write_naming(&rendered(terminal::PLAIN))?,
            None => output::print(&rendered(terminal::style()))?,
        }
        return Ok(Exit::Ok);
    }
    let named = report.files.iter().zip(&texts);
    let stored = named.map(|(path, text)| {
        stored::read(text).with_context(|| format!("{} cannot be shown", path.display()))
    });
    let stored: Vec<Stored> = stored.collect::<anyhow::Result<_>>()?;
    if let (Some(table), Some(first)) = (&table, stored.first()) {
        let Stored::Run(document) = first else {
            return Err(UsageError::HgrmOfSeveralRuns.into());
        };
        table.write_naming(&percentile_table(document)?)?;
    }
    match &file {
        Some(file) => file.write_naming(&rendered(&stored, report.format, terminal::PLAIN))?,
        None => output::print(&rendered(&stored, report.format, terminal::style()))?,
    }
    let exits = stored.iter().map(|one| match one {
        Stored::Run(document) => document.outcome(report.strict).into(),
        Stored::Repetition(repetition) => repetition.outcome(report.strict).into(),
        Stored::Comparison(_) => Exit::Ok,
    });
    Ok(exits.max_by_key(|exit| *exit as u8).unwrap_or(Exit::Ok))
}

/// What is stored, rendered: runs as one list, whatever else is among them each by itself.
fn rendered(stored: &[Stored], format: Format, style: Style) -> String {
    let run = |one: &Stored| match one {
        Stored::Run(document) => Some(document.as_ref().clone()),
        Stored::Repetition(_) | Stored::Comparison(_) => None,
    };
    let runs: Option<Vec<_>> = stored.iter().map(run).collect();
    if let Some(runs) = runs {
        return render(&runs.iter().collect::<Vec<_>>(), format, style);
    }
    let each = stored.iter().map(|one| match one {
        Stored::Run(document) => render(&[document], format, style),
        Stored::Repetition(repetition) => repeat::render(repetition, format, style),
        Stored::Comparison(comparison) => compare::render(comparison, format, style),
    });
    let each: Vec<String> = each.collect();
    match format {
        Format::Json if each.len() > 1 => format!("[\n{}]\n", each.join(",\n")),
        Format::Json | Format::Csv | Format::Quiet => each.concat(),
        Format::Text | Format::Markdown => each.join("\n"),
    }
}

/// How a document is rendered, once it is known for whom.
type Rendering = Box<dyn Fn(Style) -> String>;

/// The rendering of a stored search or sweep; `None` when the files are results of runs.
fn experiment(report: &Report, texts: &[String]) -> anyhow::Result<Option<Rendering>> {
    let named = report.files.iter().zip(texts);
    for (path, text) in named {
        // A text that does not say what it is will be refused as a result that it is not.
        let Ok(schema) = document::schema_of(text) else {
            continue;
        };
        let shown = || format!("{} cannot be shown", path.display());
        let format = report.format;
        let rendering: Rendering = if schema.starts_with("wsbench.find/") {
            let search = search::read(text).with_context(shown)?;
            Box::new(move |style| commands::find::render(&search, format, style))
        } else if schema.starts_with("wsbench.sweep/") {
            let sweep = sweep::read(text).with_context(shown)?;
            let glyphs = commands::sweep::glyphs();
            Box::new(move |style| commands::sweep::render(&sweep, format, style, glyphs))
        } else if schema.starts_with("wsbench.ranking/") {
            let ranking = ranking::read(text).with_context(shown)?;
            commands::rank::check_format(format)?;
            Box::new(move |style| commands::rank::render(&ranking, format, style))
        } else {
            continue;
        };
        if texts.len() > 1 || report.hgrm.is_some() {
            return Err(UsageError::MixedKinds { found: schema }.into());
        }
        return Ok(Some(rendering));
    }
    Ok(None)
}

/// Reads what is stored at `path`, or on standard input for `-`.
fn stored(path: &Path) -> anyhow::Result<String> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    text.with_context(|| format!("{} cannot be read", path.display()))
}
