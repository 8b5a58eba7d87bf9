//! `wsbench report FILE…`: stored results, rendered again.
//!
//! A stored result prints the same as a fresh one, and its exit code is the same, too.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use wsbench_report::document::{self, Document};

use crate::args::Report;
use crate::exit::Exit;
use crate::output::{self, OutputFile};
use crate::rendering::{percentile_table, render};
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
    let documents = report.files.iter().map(|path| stored(path));
    let documents: Vec<Document> = documents.collect::<anyhow::Result<_>>()?;
    let documents: Vec<&Document> = documents.iter().collect();
    if let (Some(table), Some(document)) = (&table, documents.first()) {
        table.write_naming(&percentile_table(document)?)?;
    }
    match &file {
        Some(file) => file.write_naming(&render(&documents, report.format, terminal::PLAIN))?,
        None => output::print(&render(&documents, report.format, terminal::style()))?,
    }
    let exits = documents
        .iter()
        .map(|document| document.outcome(report.strict));
    Ok(exits
        .map(Exit::from)
        .max_by_key(|exit| *exit as u8)
        .unwrap_or(Exit::Ok))
}

/// Reads the result stored at `path`, or on standard input for `-`.
fn stored(path: &Path) -> anyhow::Result<Document> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
    document::read(&text).with_context(|| format!("{} cannot be shown", path.display()))
}
