//! A search in Markdown, for an issue or a wiki.

use std::fmt::Write as _;

use wsbench_record::search::Search;
use wsbench_setting::Spelling;

use super::text;
use crate::foreign::{markdown as cell, markdown_block};
use crate::plan_line::title;

/// The search as a section of its own.
#[must_use]
pub fn render(search: &Search, spelling: &dyn Spelling) -> String {
    let plan = &search.provenance.plan;
    let mut page = format!("## {}\n\n", cell(&title(plan)));
    let _ = writeln!(page, "{}\n", cell(&text::over_words(search.over)));
    let _ = writeln!(page, "**sustainable: {}**\n", cell(&text::answer(search)));
    for line in text::remarks(search, spelling) {
        let _ = writeln!(page, "- {}", cell(&line));
    }
    let _ = writeln!(page, "\n{}", text::table(search).markdown());
    page.push_str(&markdown_block(&text::repeat(search, spelling)));
    page
}
