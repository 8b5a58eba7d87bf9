//! Results in the format that was asked for: the one place where a `Format` meets its renderer.

use wsbench_record::document::{self, Document};
use wsbench_render::build_check::{self, BuildCheck};
use wsbench_render::style::Style;
use wsbench_render::{brief, csv, html, markdown, summary};

use crate::output_args::{Extent, Format};

/// Where the rest of a result is to be found, at length and shortly.
const MORE: [&str; 2] = ["more: -v, wsbench report", "more: -v"];

/// The results in `format`. Several in JSON are an array; a single one is the document itself.
pub(crate) fn render(
    documents: &[&Document],
    format: Format,
    style: Style,
    view: &Extent,
) -> String {
    let each = |renderer: &dyn Fn(&Document) -> String, between: &str| {
        let texts: Vec<String> = documents.iter().map(|one| renderer(one)).collect();
        texts.join(between)
    };
    let shares = view.shares.as_ref().map(|shares| shares.0.as_slice());
    match format {
        Format::Text if view.is_brief => {
            each(&|one| brief::render(one, style, shares, &MORE), "\n")
        }
        Format::Text => each(&|one| summary::render(one, style, shares), "\n"),
        Format::Markdown => each(&|one| markdown::render(one, style.spelling), "\n"),
        Format::Github => each(
            &|one| build_check::summary(&BuildCheck::of_run(one, false, style.spelling)),
            "\n",
        ),
        Format::Html => html::runs(documents, style.spelling),
        Format::Csv => csv::results(documents),
        Format::Json if documents.len() == 1 => each(&document::write, ""),
        Format::Json => format!("[\n{}]\n", each(&document::write, ",\n")),
        Format::Quiet => String::new(),
    }
}
