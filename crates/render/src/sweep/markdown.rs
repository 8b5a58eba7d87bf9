//! A sweep in Markdown, for an issue or a wiki.

use std::fmt::Write as _;

use wsbench_record::provenance::Provenance;
use wsbench_record::sweep::Sweep;
use wsbench_setting::Spelling;

use super::text;
use crate::foreign::{markdown as cell, markdown_block};
use crate::plan_line::title;
use crate::summary::seeded;

/// The sweep as a section of its own.
#[must_use]
pub fn render(sweep: &Sweep, spelling: &dyn Spelling) -> String {
    let mut page = format!("## {}\n\n", cell(&title(&sweep.provenance.plan)));
    for line in text::knee(sweep) {
        let _ = writeln!(page, "- knee: {}", cell(&line));
    }
    for line in text::remarks(sweep) {
        let _ = writeln!(page, "- {}", cell(&line));
    }
    let _ = writeln!(page, "\n{}", text::table(sweep).markdown());
    let Provenance { command, seed, .. } = &sweep.provenance;
    let command = seeded(command, *seed, spelling);
    page.push_str(&markdown_block(&command));
    page
}
