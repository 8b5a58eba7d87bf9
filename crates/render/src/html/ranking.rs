//! The page of a ranking: the questions that people ask with their answers, every server in one
//! table that is the chart, a chart a question, and everything that speaks against believing it.
//!
//! Without scripts the table is sorted by the first question, and its columns can be chosen. The
//! script searches, filters, asks the other questions, and draws a server when it is opened.

mod charts;
mod details;
mod questions;
mod score;
mod table;
mod told;

use wsbench_record::audit::Severity;
use wsbench_record::ranking::Ranking;
use wsbench_record::units::counted;
use wsbench_setting::Spelling;

use super::grid::{Grid, GridCell};
use super::markup::Markup;
use super::page::{Page, caveats};
use super::run;
use crate::ranking::words;
use crate::summary::seeded;
use questions::Question;

const STYLE: &str = include_str!("../../assets/ranking.css");
const SCRIPT: &str = include_str!("../../assets/ranking.js");

/// The page of a ranking.
#[must_use]
pub fn render(ranking: &Ranking, spelling: &'static dyn Spelling) -> String {
    let mut page = Page::new(&words::heading(ranking), spelling);
    page.extra(STYLE, SCRIPT);
    let origin = run::origin("ranking", &ranking.started_at, &ranking.tool_version);
    let links = [
        ("#workloads", "workloads"),
        ("#machine", "machine"),
        ("#repeat", "the command"),
    ];
    page.head(&ranking.suite.description, &origin, &links);
    page.push(&state(ranking));
    let questions = questions::all(ranking);
    page.push(&cards(&questions));
    page.push(&controls(ranking));
    page.push(&table::markup(ranking, &questions));
    page.columns();
    // The first question's chart is the table.
    for (at, question) in questions.iter().enumerate().skip(1) {
        page.push(&charts::chart(ranking, question, at));
    }
    page.end();
    doubts(&mut page, ranking);
    for (at, front) in ranking.tradeoffs.iter().enumerate().skip(1) {
        let title = format!("{} against {}", front.x, front.y);
        let gist = questions::beaten_by_none(front);
        page.fold(&format!("front-{at}"), &title, &gist);
        page.push(&charts::tradeoff(ranking, front, 10 + at, &title));
        page.unfold();
    }
    score::show(&mut page, ranking);
    leagues(&mut page, ranking);
    failures(&mut page, ranking);
    workloads(&mut page, ranking);
    page.fold("machine", "Machine and versions", "");
    page.quiet(&format!(
        "wsbench {}, from {} to {}",
        ranking.tool_version, ranking.started_at, ranking.ended_at
    ));
    if let Some(cores) = words::cores(ranking) {
        page.prose(&cores);
    }
    page.push(&run::machine(&ranking.host).markup()).unfold();
    page.fold("repeat", "To repeat it", "");
    page.command(&seeded(&ranking.command, ranking.seed, spelling));
    page.unfold();
    let mut data = Markup::new();
    data.open("div", &[("id", "details")]);
    data.data(&details::all(ranking)).close("div");
    page.push(&data);
    page.html()
}

/// The place of a server among the document's, from zero.
fn number(ranking: &Ranking, name: &str) -> usize {
    let mut servers = ranking.servers.iter();
    servers
        .position(|entry| entry.facts.name == name)
        .unwrap_or_default()
}

/// Completeness, and the first doubt.
fn state(ranking: &Ranking) -> Markup {
    let mut line = Markup::new();
    line.open("p", &[("class", "state")]);
    match &ranking.cut_short {
        None => {
            line.element("b", &[("class", "good")], "✓ complete");
        }
        Some(reason) => {
            line.element("b", &[("class", "doubt")], "▲ cut short");
            line.text(" ").prose(reason);
        }
    }
    if let Some(first) = ranking.doubts.first() {
        line.text(" ").element("b", &[("class", "doubt")], "▲");
        line.text(" ").prose(first).text(" ");
        line.element("a", &[("href", "#doubts")], "what may be doubted");
    }
    line.close("p");
    line
}

/// The questions, each with its answer; the script sorts by the one that is pressed.
fn cards(questions: &[Question<'_>]) -> Markup {
    let mut cards = Markup::new();
    cards.open("ol", &[("class", "cards")]);
    for (at, question) in questions.iter().enumerate() {
        let current: &[_] = if at == 0 { &[("class", "now")] } else { &[] };
        cards.open("li", current);
        cards.element("b", &[], &question.title);
        cards.element("p", &[], &question.answer).close("li");
    }
    cards.close("ol");
    cards
}

/// Search and filters, for the script.
fn controls(ranking: &Ranking) -> Markup {
    let mut languages: Vec<(&str, usize)> = Vec::new();
    for entry in ranking.servers.iter().filter(|one| !one.facts.is_control) {
        let language = entry.facts.language.as_str();
        match languages.iter_mut().find(|(name, _)| *name == language) {
            Some((_, number)) => *number += 1,
            None => languages.push((language, 1)),
        }
    }
    languages.sort_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
    let all: usize = languages.iter().map(|(_, number)| number).sum();
    let mut form = Markup::new();
    let attributes = [("class", "find"), ("hidden", ""), ("role", "search")];
    form.open("form", &attributes);
    let attributes = [
        ("type", "search"),
        ("id", "search"),
        ("placeholder", "server, library"),
        ("aria-label", "server or library"),
    ];
    form.open("input", &attributes);
    let attributes = [("id", "language"), ("aria-label", "language")];
    form.open("select", &attributes);
    form.element("option", &[("value", "")], &format!("all {all}"));
    for (name, number) in &languages {
        let words = format!("{name} {number}");
        form.element("option", &[("value", name)], &words);
    }
    form.close("select");
    form.open("label", &[]);
    form.open("input", &[("type", "checkbox"), ("id", "strict")]);
    form.text(" passes every RFC case").close("label");
    let attributes = [("id", "found"), ("role", "status")];
    form.open("output", &attributes).close("output");
    form.close("form");
    form
}

fn doubts(page: &mut Page, ranking: &Ranking) {
    let cut = ranking.cut_short.as_deref();
    let cut = cut.map(|reason| format!("cut short: {reason}"));
    let found: Vec<String> = cut.into_iter().chain(ranking.doubts.clone()).collect();
    if let Some(first) = found.first() {
        let heading = format!("What may be doubted ({})", found.len());
        page.fold_of("doubts", "doubts", &heading, first);
        let told = found.iter();
        page.push(&caveats(
            told.map(|words| (Severity::Doubtful, words.as_str(), "")),
        ));
        page.unfold();
    }
}

/// A sentence for each league, and how its places are meant.
fn leagues(page: &mut Page, ranking: &Ranking) {
    let number = counted(ranking.leagues.len() as u64, "league");
    page.fold("leagues", "Who leads where", &number);
    let mut list = Markup::new();
    list.open("ul", &[]);
    for headline in &ranking.headlines {
        list.element("li", &[], headline);
    }
    list.close("ul");
    page.push(&list);
    page.quiet(&format!("{}.", words::LEGEND)).unfold();
}

/// Servers that failed, and figures that are not known, with the reason.
fn failures(page: &mut Page, ranking: &Ranking) {
    let mut grid = Grid::new().text("server").text("what").text("why");
    for league in &ranking.leagues {
        for unranked in &league.unranked {
            grid.push(vec![
                GridCell::text(&unranked.server),
                GridCell::text(&league.key),
                GridCell::text(&unranked.reason),
            ]);
        }
    }
    let lines = words::failures(ranking);
    if lines.is_empty() && grid.is_empty() {
        return;
    }
    page.fold("failures", "What failed, and what is not known", "");
    for line in lines {
        page.prose(&line);
    }
    page.push(&grid.markup()).unfold();
}

fn workloads(page: &mut Page, ranking: &Ranking) {
    let number = counted(ranking.suite.workloads.len() as u64, "workload");
    page.fold("workloads", "Workloads", &number);
    let mut grid = Grid::new()
        .text("workload")
        .text("what it does")
        .text("by hand");
    for workload in &ranking.suite.workloads {
        let command = Markup::of("code", &[], &workload.command);
        grid.push(vec![
            GridCell::text(&workload.name),
            GridCell::text(&words::workload(workload)),
            GridCell::markup(command),
        ]);
    }
    page.push(&grid.markup());
    if let Some(objective) = &ranking.suite.objective {
        page.quiet(&format!("The objective of greatest rates: {objective}."));
    }
    page.unfold();
}
