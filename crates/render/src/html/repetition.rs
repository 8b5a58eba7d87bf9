//! The page of several runs of one plan: how far they agree.

use wsbench_judge::figure::Figure;
use wsbench_record::document::Document;
use wsbench_record::repetition::{FigureOfRuns, Repetition};
use wsbench_setting::Spelling;

use super::conditions::conditions;
use super::grid::{Grid, GridCell};
use super::page::{Page, Tile, recurring, severity_words, tiles};
use super::plot::{Axis, Scale};
use super::ranges::{Range, Ranges};
use super::run;
use crate::mark;
use crate::plan_line::{plan_line, title};
use crate::repetition::{HEAD, LEGEND, row, runs, written};
use crate::summary::repeat_command;

/// Figures in large print.
const LARGE: usize = 5;

/// The page of a repetition.
#[must_use]
pub fn render(repetition: &Repetition, spelling: &'static dyn Spelling) -> String {
    let first = repetition.runs.first();
    let name = first.map_or_else(String::new, |first| title(&first.plan));
    let mut page = Page::new(&name, spelling);
    let began = first.map_or("", |first| first.started_at.as_str());
    let origin = run::origin("repeated run", began, &repetition.tool_version);
    let done = first.map_or_else(String::new, |first| plan_line(&first.plan));
    page.head(&done, &origin, &[("#repeat", "the command")]);
    page.push(&tiles(&key_figures(repetition)));
    page.prose(&format!("{}.", runs(repetition)));
    page.push(&conditions(&repetition.conditions));
    page.columns();
    for of_runs in repetition.figures.iter().take(2 * LARGE) {
        if let Some(spread) = spread(of_runs, &repetition.runs) {
            page.push(&spread.figure());
        }
    }
    page.end();
    let named: Vec<(String, &Document)> = repetition
        .runs
        .iter()
        .enumerate()
        .map(|(at, document)| (format!("run {}", at + 1), document))
        .collect();
    run::overlays(&mut page, &named);
    let caveats = &repetition.caveats;
    if let Some(worst) = caveats.first() {
        let (sign, ..) = severity_words(worst.severity);
        let gist = format!("{sign} {}: {}", worst.how_often(), worst.message);
        let heading = format!("What may be doubted ({})", caveats.len());
        page.fold_of("doubts", "doubts", &heading, &gist);
        page.push(&recurring(caveats)).unfold();
    }
    page.fold("spread", "How far the runs agree", "every figure");
    page.push(&table(repetition).markup());
    page.quiet(LEGEND).unfold();
    for (at, (name, document)) in named.iter().enumerate() {
        run::folded(&mut page, &format!("run-{}", at + 1), name, document);
    }
    if let Some(first) = first {
        page.fold("repeat", "To repeat it", "");
        page.command(&repeat_command(first, spelling)).unfold();
    }
    page.html()
}

/// The figures that are looked for first, each with its interval between runs.
fn key_figures(repetition: &Repetition) -> Vec<Tile> {
    let tile = |of_runs: &FigureOfRuns| {
        let figure = Figure::recorded(&of_runs.name).filter(|figure| !figure.is_count())?;
        let ends = of_runs.low.zip(of_runs.high);
        let beside = match ends {
            Some((low, high)) => {
                format!("{}, 95 % between runs", mark::ends(figure, low, high))
            }
            None if of_runs.is_pooled => "no upper end: too few samples".to_owned(),
            None => "one run".to_owned(),
        };
        Some(Tile {
            name: figure.label(),
            figure: written(figure, of_runs, of_runs.mean?),
            beside,
            class: "",
        })
    };
    repetition
        .figures
        .iter()
        .filter_map(tile)
        .take(LARGE)
        .collect()
}

fn table(repetition: &Repetition) -> Grid {
    let mut grid = Grid::new().text("figure");
    let [_, figures @ .., words] = &HEAD;
    for name in figures {
        grid = grid.figures(name);
    }
    grid = grid.text(words);
    for words in repetition.figures.iter().filter_map(row) {
        grid.push(words.iter().map(|words| GridCell::text(words)).collect());
    }
    grid
}

/// The runs of one figure on its own axis, which begins at zero.
fn spread(of_runs: &FigureOfRuns, runs: &[Document]) -> Option<Ranges> {
    let figure = Figure::recorded(&of_runs.name).filter(|figure| !figure.is_count())?;
    // Where no run has a figure of its own there is nothing to be spread.
    let mean = of_runs.mean.filter(|_| !of_runs.is_pooled)?;
    let dots = runs
        .iter()
        .filter_map(|run| Some(figure.read(run).ok()?.value));
    let dots: Vec<f64> = dots.collect();
    let ends = of_runs.low.zip(of_runs.high);
    let held = ends.into_iter().flat_map(|(low, high)| [low, high]);
    let held = held.chain(dots.iter().copied()).chain([mean]).collect();
    Some(Ranges {
        title: figure.label(),
        beside: "each run, their mean, its 95 % interval between runs".to_owned(),
        before: vec![""],
        after: vec!["mean"],
        axis: Axis::new("", Scale::Linear, figure.unit().into()),
        held,
        reference: None,
        rows: vec![Range {
            name: "runs".to_owned(),
            value: Some(mean),
            ends,
            dots,
            after: vec![figure.written(mean)],
            look: Some(0),
            ..Range::default()
        }],
    })
}
