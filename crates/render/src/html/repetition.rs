//! The page of several runs of one plan: how far they agree.

use wsbench_judge::figure::Figure;
use wsbench_record::document::Document;
use wsbench_record::repetition::{FigureOfRuns, Repetition};
use wsbench_setting::Spelling;

use super::conditions::conditions;
use super::grid::{Cell, Grid};
use super::page::{Page, recurring};
use super::plot::{Axis, Scale};
use super::ranges::{Range, Ranges};
use super::run;
use crate::plan_line::{plan_line, title};
use crate::repetition::{HEAD, LEGEND, row, runs};
use crate::summary::repeat_command;

/// The page of a repetition.
#[must_use]
pub fn render(repetition: &Repetition, spelling: &'static dyn Spelling) -> String {
    let first = repetition.runs.first();
    let name = first.map_or_else(String::new, |first| title(&first.plan));
    let mut page = Page::new("Repeated run", &name, spelling);
    if let Some(first) = first {
        page.prose(&plan_line(&first.plan));
    }
    page.prose(&format!("{}.", runs(repetition)));
    page.push(&recurring(&repetition.caveats));
    page.push(&conditions(&repetition.conditions));
    page.section("spread", "How far the runs agree");
    page.push(&table(repetition).markup());
    page.quiet(LEGEND);
    for of_runs in &repetition.figures {
        if let Some(spread) = spread(of_runs, &repetition.runs) {
            page.push(&spread.figure());
        }
    }
    let named: Vec<(String, &Document)> = repetition
        .runs
        .iter()
        .enumerate()
        .map(|(at, document)| (format!("run {}", at + 1), document))
        .collect();
    run::overlays(&mut page, &named);
    page.section("details", "Each run");
    for (at, (name, document)) in named.iter().enumerate() {
        run::folded(&mut page, &format!("run-{}", at + 1), name, document);
    }
    if let Some(first) = first {
        page.section("repeat", "To repeat it");
        page.command(&repeat_command(first, spelling));
    }
    page.html()
}

fn table(repetition: &Repetition) -> Grid {
    let mut grid = Grid::new().text("figure");
    for name in &HEAD[1..] {
        grid = grid.figures(name);
    }
    for words in repetition.figures.iter().filter_map(row) {
        grid.push(words.iter().map(|words| Cell::text(words)).collect());
    }
    grid
}

/// The runs of one figure on its own axis, which begins at zero.
fn spread(of_runs: &FigureOfRuns, runs: &[Document]) -> Option<Ranges> {
    let figure = Figure::recorded(&of_runs.name).filter(|figure| !figure.is_count())?;
    let mean = of_runs.mean?;
    let dots = runs
        .iter()
        .filter_map(|run| Some(figure.read(run).ok()?.value));
    let unit = figure.unit().into();
    let ends = of_runs.low.zip(of_runs.high);
    let words = match ends {
        Some((low, high)) => format!(
            "{} [{}, {}]",
            figure.written(mean),
            figure.written(low),
            figure.written(high)
        ),
        None => figure.written(mean),
    };
    Some(Ranges {
        title: figure.label(),
        caption: "Each run, their mean, and its 95 % interval between runs.".to_owned(),
        axis: Axis::new("", Scale::Linear, unit),
        reference: None,
        rows: vec![Range {
            name: figure.label(),
            value: Some(mean),
            ends,
            dots: dots.collect(),
            words,
            colour: Some(0),
        }],
    })
}
