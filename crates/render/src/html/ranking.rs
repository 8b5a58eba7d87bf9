//! The page of a ranking: what is tied, who is where in each league and how surely, what each
//! server costs, and everything that speaks against believing it.

mod details;
mod leagues;
mod names;
mod plots;
mod score;

use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::metric;
use wsbench_record::audit::Severity;
use wsbench_record::ranking::{Entry, Ranking};
use wsbench_setting::Spelling;

use super::grid::{Cell, Grid};
use super::markup::Markup;
use super::page::{Page, caveats};
use super::run;
use crate::ranking::words;
use crate::summary::seeded;
use names::{gate, half, named};

/// Headlines that are told at once; the others are opened.
const HEADLINES: usize = 8;

/// The page of a ranking.
#[must_use]
pub fn render(ranking: &Ranking, spelling: &'static dyn Spelling) -> String {
    let mut page = Page::new("Ranking", &ranking.suite.name, spelling);
    page.contents();
    page.prose(&words::heading(ranking));
    if !ranking.suite.description.is_empty() {
        page.prose(&ranking.suite.description);
    }
    headlines(&mut page, ranking);
    page.section("overview", "All servers");
    page.push(&overview(ranking).markup());
    page.quiet(
        "Geometric means over the runs, ± half the 95 % interval between them. A heading sorts; a \
         name leads to its details. Workloads are described at the end.",
    );
    page.section("leagues", "Leagues");
    page.quiet(&format!("{}.", words::LEGEND));
    for league in &ranking.leagues {
        leagues::show(&mut page, ranking, league);
    }
    plots::latencies(&mut page, ranking);
    plots::curves(&mut page, ranking);
    plots::memory(&mut page, ranking);
    plots::tradeoffs(&mut page, ranking);
    score::show(&mut page, ranking);
    failures(&mut page, ranking);
    page.section("servers", "Each server");
    for entry in &ranking.servers {
        details::show(&mut page, ranking, entry);
    }
    workloads(&mut page, ranking);
    page.section("machine", "Machine and versions");
    page.quiet(&format!(
        "wsbench {}, from {} to {}",
        ranking.tool_version, ranking.started_at, ranking.ended_at
    ));
    if let Some(cores) = words::cores(ranking) {
        page.prose(&cores);
    }
    page.push(&run::machine(&ranking.host).markup());
    page.section("repeat", "To repeat it");
    page.command(&seeded(&ranking.command, ranking.seed, spelling));
    page.html()
}

/// Results of the ranking, and doubts about them.
fn headlines(page: &mut Page, ranking: &Ranking) {
    let told = |headlines: &[String]| {
        let mut list = Markup::new();
        list.open("ul", &[]);
        for headline in headlines {
            list.element("li", &[], headline);
        }
        list.close("ul");
        list
    };
    let (first, more) = ranking
        .headlines
        .split_at(ranking.headlines.len().min(HEADLINES));
    let mut all = Markup::new();
    all.open("div", &[("class", "verdict headlines")]);
    if first.is_empty() {
        all.text("No league has a server that could be placed.");
    } else {
        all.push(&told(first));
    }
    if !more.is_empty() {
        all.open("details", &[]);
        all.element("summary", &[], &format!("{} more leagues", more.len()));
        all.push(&told(more)).close("details");
    }
    all.close("div");
    page.push(&all);
    let cut = ranking.cut_short.as_deref();
    let cut = cut.map(|reason| (Severity::Doubtful, format!("cut short: {reason}")));
    let doubts = ranking.doubts.iter();
    let doubts = doubts.map(|words| (Severity::Doubtful, words.clone()));
    let found: Vec<(Severity, String)> = cut.into_iter().chain(doubts).collect();
    let found = found.iter();
    page.push(&caveats(
        found.map(|(severity, words)| (*severity, words.as_str(), "")),
    ));
}

/// Every server with the figure of every league: the table that this is all about.
fn overview(ranking: &Ranking) -> Grid {
    let mut grid = Grid::new().text("server").text("language").text("gate");
    let mut keys: Vec<(&str, Figure)> = Vec::new();
    for league in &ranking.leagues {
        let metric = Figure::recorded(&league.metric);
        let known = metric.map(|metric| (league.workload.as_str(), metric));
        keys.extend(known.filter(|known| !keys.contains(known)));
    }
    for (workload, metric) in &keys {
        grid = grid.figures(&format!("{workload}: {}", metric.title()));
    }
    let mut grid = grid.sortable();
    for entry in in_order(ranking) {
        let mut cells = vec![
            named(ranking, &entry.facts.name),
            Cell::text(&entry.facts.language),
            Cell::markup(gate(entry)),
        ];
        for (workload, metric) in &keys {
            cells.push(figure(entry, workload, *metric));
        }
        grid.push(cells);
    }
    grid
}

/// The servers as the first league has them, then those that it does not place, then the control.
fn in_order(ranking: &Ranking) -> Vec<&Entry> {
    let places = ranking.leagues.first();
    let places = places.map_or(&[][..], |league| league.places.as_slice());
    let place = |entry: &&Entry| {
        let mut all = places.iter();
        let at = all.position(|place| place.server == entry.facts.name);
        (entry.facts.is_control, at.unwrap_or(usize::MAX))
    };
    let mut servers: Vec<&Entry> = ranking.servers.iter().collect();
    servers.sort_by_key(place);
    servers
}

/// A server's figure with its interval, or why there is none.
fn figure(entry: &Entry, workload: &str, metric: Figure) -> Cell {
    let found = entry
        .cell(workload)
        .and_then(|cell| cell.figure(&metric.key()));
    match found.and_then(|figure| Some((figure, figure.value?))) {
        Some((figure, value)) => {
            let mut markup = Markup::words(&metric::words(metric, value));
            let half = half(value, figure.low.zip(figure.high));
            markup.text(" ").element("small", &[], &half);
            Cell::markup(markup).sorted_by(value)
        }
        None => {
            let why = found.and_then(|figure| figure.missing.as_deref());
            let title = [("title", why.unwrap_or("not run"))];
            Cell::markup(Markup::of("span", &title, "—"))
        }
    }
}

/// Servers that failed, with their words.
fn failures(page: &mut Page, ranking: &Ranking) {
    let lines = words::failures(ranking);
    if !lines.is_empty() {
        page.section("failures", "What failed");
        for line in lines {
            page.prose(&line);
        }
    }
}

fn workloads(page: &mut Page, ranking: &Ranking) {
    page.section("workloads", "Workloads");
    let mut grid = Grid::new()
        .text("workload")
        .text("what it does")
        .text("by hand");
    for workload in &ranking.suite.workloads {
        let command = Markup::of("code", &[], &workload.command);
        grid.push(vec![
            Cell::text(&workload.name),
            Cell::text(&words::workload(workload)),
            Cell::markup(command),
        ]);
    }
    page.push(&grid.markup());
    if let Some(objective) = &ranking.suite.objective {
        page.quiet(&format!("The objective of greatest rates: {objective}."));
    }
}
