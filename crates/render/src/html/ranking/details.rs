//! Everything that is known of one server.

use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::metric;
use wsbench_record::audit::Severity;
use wsbench_record::ranking::{Cell as OfServer, Entry, Ranking, Stage};
use wsbench_record::units::{count, seconds};

use super::names::{half, id};
use crate::html::grid::{Cell, Grid};
use crate::html::markup::Markup;
use crate::html::page::{Page, caveats, recurring};
use crate::ranking::words;

/// Shows a server, to be opened.
pub(super) fn show(page: &mut Page, ranking: &Ranking, entry: &Entry) {
    let facts = &entry.facts;
    let heading = format!(
        "{} — {}, {}",
        facts.name,
        facts.library_and_version(),
        facts.language
    );
    page.folded(&id(ranking, &facts.name), &heading);
    page.push(&what_it_is(entry).markup());
    for failed in &entry.failures {
        let stage = match failed.stage {
            Stage::LeftOut => "left out".to_owned(),
            stage => format!("{} failed", stage.word()),
        };
        page.push(&caveats([(Severity::Invalid, stage.as_str(), "")]));
        page.command(failed.words.trim_end());
    }
    if let Some(stamp) = entry.gate.as_ref().filter(|stamp| !stamp.failed.is_empty()) {
        page.heading("Failed cases of the conformance gate");
        page.prose(&stamp.failed.join(", "));
    }
    for cell in entry.cells.iter().filter(|cell| !cell.runs.is_empty()) {
        under(page, cell);
    }
    page.unfolded();
}

fn what_it_is(entry: &Entry) -> Grid {
    let facts = &entry.facts;
    let mut grid = Grid::new().text("").text("");
    let mut row = |name: &str, content: Markup| {
        grid.push(vec![Cell::text(name), Cell::markup(content)]);
    };
    let code = |words: &str| Markup::of("code", &[], words);
    row("library", Markup::words(&facts.library_and_version()));
    row("by default", Markup::words(&words::defaults(facts)));
    row("started by", code(&facts.start));
    if let Some(install) = &facts.install {
        row("installed by", code(install));
    }
    for (name, value) in &facts.environment {
        row("environment", code(&format!("{name}={value}")));
    }
    let gate = entry.gate.as_ref();
    let gate = gate.map_or_else(|| "not reached".to_owned(), |stamp| stamp.words());
    row("conformance", Markup::words(&gate));
    if let Some(ready_s) = entry.ready_s {
        row("ready after", Markup::words(&seconds(ready_s)));
    }
    for note in &facts.notes {
        row("note", Markup::words(note));
    }
    grid
}

/// Results of a server under one workload.
fn under(page: &mut Page, cell: &OfServer) {
    page.heading(&cell.workload);
    let mut grid = Grid::new()
        .text("")
        .figures("value")
        .figures("95 %")
        .figures("least–most")
        .figures("runs");
    for figure in &cell.figures {
        let Some(metric) = Figure::recorded(&figure.metric) else {
            continue;
        };
        let range = figure.least.zip(figure.most);
        let range = range.map(|(low, high)| {
            format!(
                "{}–{}",
                metric::words(metric, low),
                metric::words(metric, high)
            )
        });
        let value = match (figure.value, &figure.missing) {
            (Some(value), _) => metric::words(metric, value),
            (None, Some(reason)) => reason.clone(),
            (None, None) => "—".to_owned(),
        };
        let interval = figure
            .value
            .map(|value| half(value, figure.low.zip(figure.high)));
        grid.push(vec![
            Cell::text(&metric.title()),
            Cell::text(&value),
            Cell::text(&interval.unwrap_or_default()),
            Cell::text(&range.unwrap_or_default()),
            Cell::text(&figure.runs.to_string()),
        ]);
    }
    page.push(&grid.markup());
    page.push(&accounts(cell));
    page.push(&recurring(&cell.caveats));
}

/// Accounts of the messages of all runs, and the runs that failed.
fn accounts(cell: &OfServer) -> Markup {
    let mut markup = Markup::new();
    let accounts: Vec<_> = cell
        .runs
        .iter()
        .filter_map(|run| run.accounts.as_ref())
        .collect();
    let sum = |of: fn(&wsbench_load::tally::MessageCounts) -> u64| -> u64 {
        accounts.iter().map(|one| of(&one.messages)).sum()
    };
    if !accounts.is_empty() {
        let words = format!(
            "Over all runs {} sent, {} answered, {} timed out, {} failed, {} in flight at the end.",
            count(sum(|all| all.sent)),
            count(sum(|all| all.answered)),
            count(sum(|all| all.timed_out)),
            count(sum(|all| all.failed)),
            count(sum(|all| all.in_flight_at_end))
        );
        markup.element("p", &[("class", "quiet")], &words);
    }
    for run in cell.runs.iter().filter(|run| run.failed.is_some()) {
        let reason = run.failed.as_deref().unwrap_or_default();
        let words = format!("Round {}: {reason}", run.round);
        markup.element("p", &[("class", "quiet")], &words);
    }
    markup
}
