//! The page of a run, and of several runs beside each other.
//!
//! The order is the summary's: what speaks against the figures stands before them.

mod books;
mod course;
mod words;

use super::conditions::conditions;
use super::grid::{Cell, Grid};
use super::latency;
use super::markup::Markup;
use super::page::{Page, caveats, tiles, verdict};
use super::plot::{COLOURS, Trace};
use super::ranges::swatched;
use crate::mark;
use crate::parts::{self, Parts};
use crate::plan_line::{plan_line, title};
use crate::summary::{PERCENTILES, repeat_command};
pub(super) use books::machine;
use wsbench_load::series::Series;
use wsbench_record::audit::Verdict;
use wsbench_record::document::{Distribution, Document, Percentile};
use wsbench_record::units::{self, count, counted, rate, seconds};
use wsbench_setting::Spelling;

/// The page of one run.
#[must_use]
pub fn render(document: &Document, spelling: &'static dyn Spelling) -> String {
    let mut page = Page::new("Run", &title(&document.plan), spelling);
    head(&mut page, document);
    page.push(&key_figures(document));
    details(&mut page, document, Section::Page);
    page.html()
}

/// The page of several runs, one above the other in the plots.
#[must_use]
pub fn several(documents: &[&Document], spelling: &'static dyn Spelling) -> String {
    if let [document] = documents {
        return render(document, spelling);
    }
    let heading = counted(documents.len() as u64, "run");
    let mut page = Page::new("Runs", &heading, spelling);
    let named: Vec<(String, &Document)> = documents
        .iter()
        .enumerate()
        .map(|(at, document)| (format!("{} {}", at + 1, title(&document.plan)), *document))
        .collect();
    page.section("overview", "Overview");
    page.push(&overview(&named).markup());
    page.quiet("A click on a heading sorts. Figures of closed loops are of different loads.");
    overlays(&mut page, &named);
    page.section("details", "Each run");
    for (at, (name, document)) in named.iter().enumerate() {
        folded(&mut page, &format!("run-{}", at + 1), name, document);
    }
    page.html()
}

/// A run within a page of others, to be opened.
pub(super) fn folded(page: &mut Page, id: &str, name: &str, document: &Document) {
    let words = format!("{name} — audit: {}", document.audit.verdict.word());
    page.folded(id, &words);
    head(page, document);
    details(page, document, Section::Folded);
    page.unfolded();
}

/// Latencies and the course of several runs in the same plots.
pub(super) fn overlays(page: &mut Page, named: &[(String, &Document)]) {
    page.section("latency", "Latency");
    let coloured = || named.iter().enumerate().map(|(at, one)| (colour(at), one));
    let lines =
        coloured().map(|(colour, (name, document))| latency::line(name, colour, times(document).1));
    let kinds: Vec<&str> = named
        .iter()
        .map(|(_, document)| times(document).0)
        .collect();
    let kind = match kinds.first() {
        Some(first) if kinds.iter().all(|kind| kind == first) => first,
        _ => "response time (open loop) or service time (closed loop)",
    };
    page.plot(&latency::plot(
        "Latency by percentile",
        kind,
        lines.collect(),
    ));
    page.section("course", "Over time");
    let runs: Vec<course::Named<'_>> = coloured()
        .map(|(colour, (name, document))| course::Named {
            name,
            colour,
            document,
        })
        .collect();
    for plot in course::of_several(&runs) {
        page.plot(&plot);
    }
}

/// The times that a run is about, with their name.
pub(super) fn times(document: &Document) -> (&'static str, &Distribution) {
    if document.plan.clients.is_open_loop() {
        ("response time", document.at(Series::Response))
    } else {
        ("service time", document.at(Series::Service))
    }
}

/// A colour, as far as there are any.
pub(super) fn colour(at: usize) -> Option<usize> {
    (at < COLOURS).then_some(at)
}

/// Place of the headings of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// On a page of its own.
    Page,
    /// Within one of others.
    Folded,
}

fn heading(page: &mut Page, section: Section, id: &str, words: &str) {
    match section {
        Section::Page => page.section(id, words),
        Section::Folded => page.heading(words),
    };
}

/// Plan and audit.
fn head(page: &mut Page, document: &Document) {
    let mut words = plan_line(&document.plan);
    if let Some(until) = &document.until {
        words.push_str(&format!("; until {until}"));
    }
    page.prose(&words);
    page.quiet(&format!(
        "Measured {} by wsbench {}",
        document.started_at, document.tool_version
    ));
    let class = match document.audit.verdict {
        Verdict::Ok => "good",
        Verdict::Doubtful => "doubt",
        Verdict::Invalid => "bad",
    };
    let words = match document.audit.verdict {
        Verdict::Ok => "Audit: ok. Nothing was found that speaks against these figures.",
        Verdict::Doubtful => "Audit: doubtful. The figures hold with these reservations.",
        Verdict::Invalid => "Audit: invalid. These are not figures of what was to be measured.",
    };
    page.push(&verdict(class, words));
    let found = document.audit.doubts().chain(document.audit.notes());
    page.push(&caveats(found.map(|caveat| {
        (
            caveat.severity,
            caveat.message.as_str(),
            caveat.advice.as_str(),
        )
    })));
    page.push(&conditions(&document.conditions));
}

/// The figures that are looked for first.
fn key_figures(document: &Document) -> Markup {
    let (kind, spans) = times(document);
    let tile = |name: &str, figure: String, beside: String| (name.to_owned(), figure, beside);
    let throughput = document.messages_per_s;
    let asked = match document.asked_messages_per_s {
        Some(asked) => format!("{} asked", rate(asked)),
        None => mark::no_rate(document, "closed loop: no rate asked").to_owned(),
    };
    let beside = match mark::rate_confidence(document) {
        Some(half) => format!("{half}, {asked}"),
        None => asked,
    };
    let mut list = vec![tile(
        "messages/s",
        throughput.map_or_else(|| units::UNKNOWN.to_owned(), rate),
        beside,
    )];
    for percentile in [Percentile::P50, Percentile::P99] {
        let confidence = mark::confidence(spans, percentile);
        let beside = format!("{kind} {confidence}");
        list.push(tile(
            percentile.label(),
            mark::percentile(spans, percentile),
            beside.trim_end().to_owned(),
        ));
    }
    let unanswered = document.messages.unanswered();
    list.push(tile(
        "unanswered",
        count(unanswered),
        format!("of {} sent", count(document.messages.sent)),
    ));
    tiles(&list)
}

/// All that is known of a run, below its head.
fn details(page: &mut Page, document: &Document, section: Section) {
    heading(page, section, "throughput", "Throughput");
    page.push(&books::throughput(document).markup());
    heading(page, section, "latency", "Latency");
    latencies(page, document);
    heading(page, section, "course", "Over time");
    for plot in course::of_one(document) {
        page.plot(&plot);
    }
    if document.intervals.len() < 2 {
        page.quiet("Too short for a course over time.");
    }
    heading(page, section, "parts", "Where the time went");
    where_the_time_went(page, document);
    heading(page, section, "connections", "Connections");
    page.push(&books::connections(document).markup());
    let handshake = books::handshake(document);
    if !handshake.is_empty() {
        page.push(&handshake.markup());
    }
    heading(page, section, "messages", "Messages and errors");
    page.push(&books::messages(document).markup());
    page.push(&books::errors(document));
    if let Some(compression) = &document.compression {
        heading(page, section, "compression", "Compression");
        page.push(&books::compression(compression));
    }
    heading(page, section, "cost", "What it cost");
    let costs = books::costs(document, page.spelling());
    page.push(&costs);
    heading(page, section, "machine", "Machine and versions");
    page.push(&books::machine(&document.host).markup());
    heading(page, section, "repeat", "To repeat it");
    page.command(&repeat_command(document, page.spelling()));
}

fn latencies(page: &mut Page, document: &Document) {
    page.prose(if document.plan.clients.is_open_loop() {
        "Open loop: response time is from the moment a message was due, whoever kept it waiting; \
         service time begins with the write."
    } else {
        "Closed loop: a slow server throttles its own load, so this is not latency at a fixed \
         rate. Service time begins with the write."
    });
    let (response, service) = (document.at(Series::Response), document.at(Series::Service));
    if response.is_empty() && service.is_empty() {
        page.quiet(mark::NO_SAMPLES);
        return;
    }
    page.push(&times_table(document).markup());
    if response.censored > 0 {
        let never = counted(response.censored, "message");
        page.quiet(&format!(
            "{never} never answered: counted as longer than they waited."
        ));
    }
    let batches = response.confidence.as_ref().or(service.confidence.as_ref());
    if let Some(known) = batches {
        page.quiet(&format!(
            "{}: confidence within this run, from {} batches; other runs may differ more.",
            mark::CONFIDENCE,
            known.batches
        ));
    }
    for legend in mark::legends(&[response, service], &PERCENTILES) {
        page.quiet(legend);
    }
    // In the closed loop the two lie upon each other: the dashes show both.
    let dashed = Trace {
        is_dashed: true,
        ..latency::line("response time", colour(0), response)
    };
    let lines = vec![latency::line("service time", colour(1), service), dashed];
    page.plot(&latency::plot("Latency by percentile", "latency", lines));
}

/// Response beside service time.
fn times_table(document: &Document) -> Grid {
    let columns = [
        ("response", document.at(Series::Response)),
        ("service", document.at(Series::Service)),
    ];
    let mut grid = Grid::new().text("");
    for (name, spans) in columns {
        grid = grid.figures(&format!("{name} time"));
        if spans.confidence.is_some() {
            grid = grid.figures(mark::CONFIDENCE);
        }
    }
    let mut row = |name: &str, figure: &dyn Fn(&Distribution) -> (String, String)| {
        let mut cells = vec![Cell::text(name)];
        for (_, spans) in columns {
            let (words, beside) = figure(spans);
            cells.push(Cell::text(&words));
            if spans.confidence.is_some() {
                cells.push(Cell::text(&beside));
            }
        }
        grid.push(cells);
    };
    for percentile in PERCENTILES {
        row(percentile.label(), &|spans| {
            let figure = mark::percentile(spans, percentile);
            (figure, mark::confidence(spans, percentile))
        });
    }
    row("max", &|spans| (mark::longest(spans), String::new()));
    row("samples", &|spans| (count(spans.count), String::new()));
    grid
}

/// Part of the service time that passed outside, and part in which the answers waited for us.
fn where_the_time_went(page: &mut Page, document: &Document) {
    match Parts::of(document) {
        Some(parts) => {
            let mut grid = Grid::new().text("");
            for name in Parts::COLUMNS {
                grid = grid.figures(name);
            }
            for (name, cells) in parts.rows() {
                let cells = cells.iter().map(|cell| Cell::text(cell));
                grid.push(std::iter::once(Cell::text(name)).chain(cells).collect());
            }
            page.push(&grid.markup());
            page.quiet(&parts.legend());
            let lines = parts.all().enumerate();
            let lines =
                lines.map(|(at, (info, spans))| latency::line(info.caption, colour(at + 1), spans));
            let plot = latency::plot("Service time and its parts", "time", lines.collect());
            page.plot(&plot);
        }
        None => {
            let words = parts::undivided(document);
            page.quiet(words.unwrap_or("Not known: the run did not tell the parts apart."));
        }
    }
    let mut grid = Grid::new()
        .text("")
        .figures("p50")
        .figures("p99")
        .figures("max");
    let lags = std::iter::once(Series::SendLag).chain(Series::SendLag.parts());
    for lag in lags {
        if let Some(spans) = document.known(lag).filter(|spans| !spans.is_empty()) {
            grid.push(vec![
                Cell::text(lag.info().caption),
                Cell::text(&mark::percentile(spans, Percentile::P50)),
                Cell::text(&mark::percentile(spans, Percentile::P99)),
                Cell::text(&mark::longest(spans)),
            ]);
        }
    }
    if !grid.is_empty() && document.plan.clients.is_open_loop() {
        page.push(&grid.markup());
    }
    if let Some(floor) = parts::floor(document) {
        page.quiet(&floor);
    }
    if let Some(gap) = document.gaps.first().filter(|gap| gap.length_s > 0.0) {
        page.quiet(&format!(
            "The longest time without any answer: {}, beginning {} into the window.",
            seconds(gap.length_s),
            seconds(gap.start_s)
        ));
    }
}

/// Several runs, a row each.
fn overview(named: &[(String, &Document)]) -> Grid {
    let mut grid = Grid::new()
        .text("run")
        .text("audit")
        .figures("asked/s")
        .figures("messages/s")
        .figures("p50")
        .figures("p99")
        .figures("p99.9")
        .figures("max")
        .figures("unanswered")
        .figures("server CPU/msg")
        .sortable();
    for (at, (name, document)) in named.iter().enumerate() {
        let (_, spans) = times(document);
        let latency = |percentile| {
            let key = spans.at(percentile).map(|ns| ns as f64);
            Cell::known(&mark::percentile(spans, percentile), key)
        };
        let known = |value: Option<f64>, words: &dyn Fn(f64) -> String| {
            let text = value.map_or_else(|| units::UNKNOWN.to_owned(), words);
            Cell::known(&text, value)
        };
        let cost = document.server.and_then(|server| server.cpu_us_per_message);
        grid.push(vec![
            swatched(name, colour(at)),
            Cell::text(document.audit.verdict.word()),
            known(document.asked_messages_per_s, &rate),
            known(document.messages_per_s, &rate),
            latency(Percentile::P50),
            latency(Percentile::P99),
            latency(Percentile::P99_9),
            Cell::known(&mark::longest(spans), spans.max.map(|ns| ns as f64)),
            Cell::figure(
                &count(document.messages.unanswered()),
                document.messages.unanswered() as f64,
            ),
            known(cost, &|us| format!("{us:.2}µs")),
        ]);
    }
    grid
}
