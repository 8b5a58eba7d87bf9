//! The page of a run, and of several runs beside each other.
//!
//! The order is that of every page: the figures, how far they may be believed and what limited
//! them, the charts, and folded behind them everything else, each fold with its gist.

mod books;
mod course;
mod figures;
mod limit;
mod words;

use super::conditions::conditions;
use super::grid::{Grid, GridCell};
use super::latency;
use super::markup::Markup;
use super::page::{Page, caveats, severity_words, tiles};
use super::plot::{LOOKS, Plot, Trace};
use super::ranges::swatched;
use crate::brief::{Lead, died, nothing_words, trust};
use crate::mark;
use crate::parts::{self, Parts};
use crate::plan_line::{plan_line, title};
use crate::push_clock;
use crate::summary::{PERCENTILES, repeat_command};
use crate::times::{TimeColumns, books, further, headline};
pub(super) use books::machine;
use wsbench_load::plan::Flow;
use wsbench_load::series::Series;
use wsbench_record::audit::{Severity, Verdict};
use wsbench_record::document::{Distribution, Document, Percentile};
use wsbench_record::units::{self, count, counted, rate, seconds, span};
use wsbench_setting::Spelling;

/// A line of fewer points shows nothing.
const LEAST_POINTS: usize = 3;

/// The page of one run.
#[must_use]
pub fn render(document: &Document, spelling: &'static dyn Spelling) -> String {
    let mut page = Page::new(&title(&document.plan), spelling);
    let mut done = plan_line(&document.plan);
    if let Some(until) = &document.until {
        done.push_str(&format!("; until {until}"));
    }
    let origin = origin("run", &document.started_at, &document.tool_version);
    let links = [("#times", "all times"), ("#repeat", "the command")];
    page.head(&done, &origin, &links);
    page.push(&tiles(&figures::key_figures(document)));
    page.push(&trusted(document));
    page.push(&conditions(&document.conditions));
    charts(&mut page, document);
    folds(&mut page, document);
    page.html()
}

/// The kind of a page, when it was measured and by what: `run, 2026-11-28 21:53 UTC, wsbench 0.1.0`.
pub(super) fn origin(kind: &str, started_at: &str, version: &str) -> String {
    let at = match (started_at.get(..10), started_at.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => started_at.to_owned(),
    };
    format!("{kind}, {at}, wsbench {version}")
}

/// The page of several runs, one above the other in the charts.
#[must_use]
pub fn several(documents: &[&Document], spelling: &'static dyn Spelling) -> String {
    if let [document] = documents {
        return render(document, spelling);
    }
    let heading = counted(documents.len() as u64, "run");
    let mut page = Page::new(&heading, spelling);
    let named: Vec<(String, &Document)> = documents
        .iter()
        .enumerate()
        .map(|(at, document)| (format!("{} {}", at + 1, title(&document.plan)), *document))
        .collect();
    if let Some(first) = documents.first() {
        let origin = origin("runs", &first.started_at, &first.tool_version);
        page.head(
            "Figures of closed loops are of different loads.",
            &origin,
            &[],
        );
    }
    page.push(&overview(&named).markup());
    overlays(&mut page, &named);
    for (at, (name, document)) in named.iter().enumerate() {
        folded(&mut page, &format!("run-{}", at + 1), name, document);
    }
    page.html()
}

/// A run within a page of others, to be opened: its books without charts.
pub(super) fn folded(page: &mut Page, id: &str, name: &str, document: &Document) {
    let (sign, word, _) = trust::sign(document.audit.verdict);
    let spans = headline(document);
    let figure = Lead::of(document).figure;
    let gist = format!(
        "{sign} {word}, {}, p50 {}, p99 {}",
        figure.unwrap_or_else(|| units::UNKNOWN.to_owned()),
        mark::percentile(spans, Percentile::P50),
        mark::percentile(spans, Percentile::P99),
    );
    page.fold(id, name, &gist);
    doubts(page, document);
    page.push(&books::throughput(document).markup());
    page.push(&times_table(&TimeColumns::of(document)).markup());
    page.push(&books::connections(document).markup());
    page.push(&books::messages(document).markup());
    page.push(&books::errors(document));
    let costs = books::costs(document, page.spelling());
    page.push(&costs).unfold();
}

/// Latencies and the course of several runs in the same charts.
pub(super) fn overlays(page: &mut Page, named: &[(String, &Document)]) {
    // Names at the ends of lines have room for a number alone.
    let numbers: Vec<String> = (1..=named.len())
        .map(|number| format!("run {number}"))
        .collect();
    let looks = || {
        let numbered = numbers.iter().zip(named).enumerate();
        numbered.map(|(at, (number, (_, document)))| (look(at), (number, *document)))
    };
    let is_many = named.len() > LOOKS;
    let lines: Vec<Trace> = looks()
        .map(|(look, (name, document))| Trace {
            is_thin: is_many,
            look: if is_many { Some(0) } else { look },
            ..latency::line(name, look, headline(document))
        })
        .collect();
    let kinds: Vec<&str> = named.iter().map(|(_, document)| kind(document)).collect();
    let kind = match kinds.first() {
        Some(first) if kinds.iter().all(|kind| kind == first) => first,
        _ => "response time (open loop) or service time (closed loop)",
    };
    page.columns();
    let beside = format!("{kind} by percentile, a line each run");
    page.chart(&latency::plot(
        named.first().map_or("", |(_, document)| question(document)),
        &beside,
        lines,
    ));
    let runs: Vec<course::NamedRun<'_>> = looks()
        .map(|(look, (name, document))| course::NamedRun {
            name,
            look: if is_many { Some(0) } else { look },
            is_thin: is_many,
            document,
        })
        .collect();
    if let Some(plot) = course::of_several(&runs) {
        page.chart(&plot);
    }
    page.end();
}

/// Name of the times that a run is about.
pub(super) fn kind(document: &Document) -> &'static str {
    document.plan.clients.headline().info().caption
}

/// A look, as far as there are any.
pub(super) fn look(at: usize) -> Option<usize> {
    (at < LOOKS).then_some(at)
}

/// How far the figures may be believed, in one sentence, and what limited them.
fn trusted(document: &Document) -> Markup {
    let (sign, word, _) = trust::sign(document.audit.verdict);
    let class = match document.audit.verdict {
        Verdict::Ok => "good",
        Verdict::Doubtful => "doubt",
        Verdict::Invalid => "bad",
    };
    // Of nothing nothing is verified, no rate is held, and no age is corrected.
    let nothing = nothing_words(document);
    let ages = push_clock::sentence(document).filter(|_| nothing.is_none());
    let grounds = match &nothing {
        Some(_) => String::new(),
        None => trust::grounds(document).join("; "),
    };
    let fates = nothing.unwrap_or_else(|| Lead::of(document).fates.join(", "));
    let mut markup = Markup::new();
    markup.open("div", &[("class", "trust")]);
    markup.open("p", &[]);
    markup.element("b", &[("class", class)], &format!("{sign} {word}"));
    match document.audit.doubts().next() {
        Some(gravest) => {
            let number = document.audit.caveats.len() as u64;
            let end = if gravest.message.ends_with('?') {
                " "
            } else {
                ". "
            };
            markup.text(" ").prose(&gravest.message).text(end);
            let all = format!("{} in all", counted(number, "remark"));
            markup.element("a", &[("href", "#doubts")], &all);
            markup.close("p").open("p", &[]);
            let said = [fates, grounds]
                .into_iter()
                .filter(|words| !words.is_empty());
            markup
                .prose(&said.collect::<Vec<_>>().join("; "))
                .close("p");
        }
        None => {
            markup.text(&format!(" {fates}; {grounds}")).close("p");
        }
    }
    if let Some(ages) = ages {
        markup.element("p", &[], &ages);
    }
    if let (Some(limit), true) = (&document.audit.limit, class == "good") {
        markup.open("p", &[("class", "is-fact")]);
        let by = format!("◆ limited by {}", limit.by.words());
        markup.element("b", &[("class", "fact")], &by);
        markup.text(" ").prose(&limit.message).close("p");
    }
    markup.close("div");
    markup
}

/// The charts, each a question.
fn charts(page: &mut Page, document: &Document) {
    page.columns();
    if let Some(plot) = answers(document) {
        page.chart(&plot);
    }
    match course::of_one(document) {
        Some(plot) => {
            page.chart(&plot);
        }
        // Why nothing was answered, in words: there is nothing to draw.
        None if nothing_words(document).is_some() => {
            if let Some(cause) = died::cause(&document.errors, died::FURTHER) {
                page.prose(&format!("✕ {cause}"));
            }
        }
        None => {
            page.quiet("Too short for a course over time.");
        }
    }
    let shares = limit::shares(document);
    page.push(&shares);
    let advice = limit::advice(document);
    page.push(&advice);
    page.end();
}

/// How long an answer takes: by percentile, with what of it passed where.
fn answers(document: &Document) -> Option<Plot> {
    let clients = &document.plan.clients;
    let about = clients.headline();
    let (kind, spans) = (about.info().caption, headline(document));
    let mut lines = vec![latency::told(about.info().title, Some(0), spans)];
    let others = clients.told_series().iter().filter(|told| {
        // What a closed loop's response time is beside its service time is no further answer.
        **told != about && (clients.is_open_loop() || **told != Series::Response)
    });
    let parts = Series::Service.parts();
    // Where most was never answered, a line of the whole would end before it had begun.
    let is_of_answered = spans.censored > 0 && lines[0].points.len() < LEAST_POINTS;
    let draw = if is_of_answered {
        latency::answered
    } else {
        latency::line
    };
    for (at, beside) in others.copied().chain(parts).enumerate() {
        if let Some(spans) = document.known(beside) {
            lines.push(draw(beside.info().title, Some(at + 1), spans));
        }
    }
    let (unknown, beside) = if is_of_answered {
        lines.remove(0);
        (None, "of the answered only, by percentile".to_owned())
    } else {
        // What the whole is not known beyond the others are not either.
        let end = lines[0].points.last().map_or(0.0, |last| last.x);
        for line in &mut lines[1..] {
            line.points.retain(|point| point.x <= end + 1e-9);
        }
        let unknown = latency::unknown(&lines[..1], spans);
        (unknown, format!("{kind} by percentile, 95 % band"))
    };
    lines.retain(|line| !line.points.is_empty());
    // What is drawn first lies below: the whole is on top of its parts.
    lines.reverse();
    let answer = figures::QUOTED.map(|percentile| {
        let words = mark::percentile(spans, percentile);
        format!("{} {words}", percentile.label())
    });
    let plot = Plot {
        answer: format!("{}.", answer.join(", ")),
        unknown,
        ..latency::plot(question(document), &beside, lines)
    };
    (!plot.is_empty()).then_some(plot)
}

/// The question that the chart of times answers.
fn question(document: &Document) -> &'static str {
    match document.plan.clients.exchange.flow {
        Flow::Answered if document.plan.clients.is_fanned_out() => "How long does a delivery take?",
        Flow::Answered => "How long does an answer take?",
        Flow::Oneway => "How late do messages leave?",
        Flow::Push(_) => "How old are pushes, and how far apart?",
        Flow::Idle => "How long does a ping take?",
        Flow::Storm => "How long until connections are open?",
    }
}

/// The doubts as a list, each with what to do about it.
fn doubts(page: &mut Page, document: &Document) {
    let found = document.audit.doubts().chain(document.audit.notes());
    page.push(&caveats(found.map(|caveat| {
        (
            caveat.severity,
            caveat.message.as_str(),
            caveat.advice.as_str(),
        )
    })));
}

/// Everything else, folded, each fold with its gist.
fn folds(page: &mut Page, document: &Document) {
    let caveats = &document.audit.caveats;
    let gist = match document.audit.doubts().chain(document.audit.notes()).next() {
        Some(worst) => {
            let (sign, ..) = severity_words(worst.severity);
            let more = match caveats.len() {
                0 | 1 => String::new(),
                number => format!(" (+{} more)", number - 1),
            };
            let sign = if worst.severity == Severity::Note {
                ""
            } else {
                sign
            };
            format!("{sign} {}{more}", worst.message)
        }
        None => "nothing was found that speaks against these figures".to_owned(),
    };
    let heading = format!("What may be doubted ({})", caveats.len());
    page.fold_of("doubts", "doubts", &heading, &gist);
    doubts(page, document);
    page.unfold();
    let samples = counted(headline(document).count, "sample");
    let gist = format!("{}, {samples}", kind(document));
    page.fold("times", "All times", &gist);
    page.push(&books::throughput(document).markup());
    latencies(page, document);
    where_the_time_went(page, document);
    if let Some(plot) = course::in_flight(document) {
        page.chart(&plot);
    }
    page.unfold();
    page.fold(
        "connections",
        "Connections, handshake",
        &connected(document),
    );
    page.push(&books::connections(document).markup());
    let handshake = books::handshake(document);
    if !handshake.is_empty() {
        page.push(&handshake.markup());
        let opening = document.opening().into_iter();
        if let Some(words) = mark::by_ranks(opening.map(|(_, spans)| spans)) {
            page.quiet(&format!("{words}."));
        }
    }
    page.unfold();
    let gist = match document.errors.iter().map(|error| error.count).sum() {
        0 => "no errors".to_owned(),
        errors => counted(errors, "error"),
    };
    page.fold("messages", "Messages and errors", &gist);
    page.push(&books::messages(document).markup());
    for (name, book) in books(document) {
        page.heading(name);
        page.push(&books::book(&book).markup());
    }
    page.push(&books::errors(document));
    if let Some(compression) = &document.compression {
        page.heading("Compression");
        page.push(&books::compression(compression));
    }
    page.unfold();
    page.fold("cost", "Server and machine", &books::gist(document));
    let costs = books::costs(document, page.spelling());
    page.push(&costs);
    page.push(&books::machine(&document.host).markup()).unfold();
    page.fold("repeat", "To repeat it", "");
    page.command(&repeat_command(document, page.spelling()));
    page.unfold();
}

/// The gist of the connections.
fn connected(document: &Document) -> String {
    let all = &document.connections;
    let upgrade = document.at(Series::Upgrade);
    let mut gist = format!(
        "{} opened, {} upgraded",
        count(all.opened),
        count(all.upgraded)
    );
    if !upgrade.is_empty() {
        let p50 = mark::percentile(upgrade, Percentile::P50);
        gist.push_str(&format!("; upgrade p50 {p50}"));
    }
    if all.failed > 0 {
        gist.push_str(&format!("; {} failed", count(all.failed)));
    }
    gist
}

fn latencies(page: &mut Page, document: &Document) {
    let times = TimeColumns::of(document);
    if times.columns().is_empty() {
        return;
    }
    page.prose(&sentence(times.meaning()));
    if times.is_empty() {
        page.quiet(mark::NO_SAMPLES);
        return;
    }
    page.push(&times_table(&times).markup());
    further_times(page, document);
    if let Some(never) = times.never() {
        page.quiet(&format!("{never}."));
    }
    if let Some(words) = mark::basis(&times.spans()) {
        page.quiet(&format!("{words}."));
    }
    for legend in mark::legends(&times.spans(), &PERCENTILES) {
        page.quiet(legend);
    }
}

/// Times beside those that the load is about, a row each.
fn further_times(page: &mut Page, document: &Document) {
    let mut grid = Grid::new()
        .text("")
        .figures("p50")
        .figures("p99")
        .figures("max");
    for (info, spans) in further(document) {
        grid.push(vec![
            GridCell::text(info.caption),
            GridCell::text(&mark::percentile(spans, Percentile::P50)),
            GridCell::text(&mark::percentile(spans, Percentile::P99)),
            GridCell::text(&mark::longest(spans)),
        ]);
    }
    if !grid.is_empty() {
        page.push(&grid.markup());
    }
}

/// Words with a capital at their beginning and a stop at their end.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase());
    format!(
        "{}{}.",
        first.into_iter().flatten().collect::<String>(),
        letters.as_str()
    )
}

/// The times that the load is about beside each other.
fn times_table(times: &TimeColumns<'_>) -> Grid {
    let columns = times.columns();
    let mut grid = Grid::new().text("");
    for (info, spans) in columns {
        grid = grid.figures(info.caption);
        if mark::has_intervals(spans) {
            grid = grid.figures(mark::CONFIDENCE);
        }
    }
    let mut row = |name: &str, figure: &dyn Fn(&Distribution) -> (String, String)| {
        let mut cells = vec![GridCell::text(name)];
        for (_, spans) in columns {
            let (words, beside) = figure(spans);
            cells.push(GridCell::text(&words));
            if mark::has_intervals(spans) {
                cells.push(GridCell::text(&beside));
            }
        }
        grid.push(cells);
    };
    for percentile in PERCENTILES {
        row(percentile.label(), &|spans| {
            mark::words(spans.known(percentile))
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
                let cells = cells.iter().map(|cell| GridCell::text(cell));
                grid.push(std::iter::once(GridCell::text(name)).chain(cells).collect());
            }
            page.push(&grid.markup());
            page.quiet(&parts.legend());
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
                GridCell::text(lag.info().caption),
                GridCell::text(&mark::percentile(spans, Percentile::P50)),
                GridCell::text(&mark::percentile(spans, Percentile::P99)),
                GridCell::text(&mark::longest(spans)),
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
        let spans = headline(document);
        let latency = |percentile| {
            let key = spans.known(percentile).at_least();
            GridCell::known(&mark::percentile(spans, percentile), key)
        };
        let known = |value: Option<f64>, words: &dyn Fn(f64) -> String| {
            let text = value.map_or_else(|| units::UNKNOWN.to_owned(), words);
            GridCell::known(&text, value)
        };
        let cost = document.server.and_then(|server| server.cpu_us_per_message);
        let (sign, word, _) = trust::sign(document.audit.verdict);
        grid.push(vec![
            swatched(name, look(at)),
            GridCell::text(&format!("{sign} {word}")),
            known(document.asked_messages_per_s, &rate),
            known(document.messages_per_s, &rate),
            latency(Percentile::P50),
            latency(Percentile::P99),
            latency(Percentile::P99_9),
            GridCell::known(&mark::longest(spans), spans.max.map(|ns| ns as f64)),
            GridCell::figure(
                &count(document.messages.unanswered()),
                document.messages.unanswered() as f64,
            ),
            known(cost, &|us| span(us * 1e3)),
        ]);
    }
    grid
}
