//! All that is known of a run, as text: its eight lines, and below them the rest.
//!
//! The order of the blocks is fixed: plan, audit, throughput, times and their parts, connections, errors, the
//! answers' integrity, the server's cost, and how to repeat the run. It judges nothing itself.

use std::fmt::Write as _;

use wsbench_load::series::Series;
use wsbench_record::audit::{Severity, Verdict};
use wsbench_record::document::{Distribution, Document, Percentile};
use wsbench_record::units::{bytes, count, counted, legacy_ms, percent, rate, seconds, span};
use wsbench_setting::{Field, Spelling};

use crate::brief::{self, Lead};
use crate::foreign::printable;
use crate::page::{CELL, LABEL, LabelledText};
use crate::parts::{self, Parts};
use crate::plan_line::plan_line;
use crate::prose::width;
use crate::sparkline::sparkline;
use crate::style::{Style, Tone};
use crate::table::Table;
use crate::times::{Tempo, TimeColumns, books, further};
use crate::{agents, conditions, mark, pings, server_cost};

/// The percentiles that a summary shows.
pub(crate) const PERCENTILES: [Percentile; 5] = [
    Percentile::P50,
    Percentile::P90,
    Percentile::P99,
    Percentile::P99_9,
    Percentile::P99_99,
];

/// Distributions beside each other in a table of times, each with its intervals.
const BESIDE: usize = 2;

/// The most columns that the sparkline takes.
const SPARKS: usize = 60;

/// The summary of a result, ending with a line end: its eight lines, with the percentiles that were
/// asked for, and below them all that is known.
#[must_use]
pub fn render(document: &Document, style: Style, shares: Option<&[f64]>) -> String {
    let mut page = LabelledText::new(style);
    page.text = brief::head(document, style, shares);
    page.gap();
    plan(&mut page, document);
    audit(&mut page, document);
    throughput(&mut page, document);
    compression(&mut page, document);
    times(&mut page, document);
    connections(&mut page, document);
    handshake(&mut page, document);
    keep_alive(&mut page, document);
    errors(&mut page, document);
    integrity(&mut page, document);
    costs(&mut page, document);
    agents::put(&mut page, document);
    conditions::put(&mut page, &document.conditions);
    let repeat = repeat_command(document, style.spelling);
    page.command("repeat", &repeat);
    page.text
}

/// The command line that repeats the run, the seed with it.
#[must_use]
pub fn repeat_command(document: &Document, spelling: &dyn Spelling) -> String {
    seeded(&document.command, document.seed, spelling)
}

/// A command with its seed, in the words that the command is written in.
pub(crate) fn seeded(command: &str, seed: u64, spelling: &dyn Spelling) -> String {
    let command = printable(command);
    let name = spelling.of(Field::Seed);
    let mut words = command.split_whitespace();
    let has_seed = words.any(|word| {
        let rest = word.strip_prefix(name.as_ref());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    if has_seed {
        command
    } else {
        let seed = spelling.mention(&Field::Seed.with(seed.to_string()));
        format!("{command} {seed}")
    }
}

fn plan(page: &mut LabelledText, document: &Document) {
    page.prose("plan", &plan_line(&document.plan), None);
    if let Some(outcome) = &document.until {
        page.line("until", &outcome.to_string());
    }
}

/// The audit with its gravest doubt, then whatever else it found.
fn audit(page: &mut LabelledText, document: &Document) {
    let tone = match document.audit.verdict {
        Verdict::Ok => Tone::Good,
        Verdict::Doubtful => Tone::Doubt,
        Verdict::Invalid => Tone::Bad,
    };
    page.prose(
        "audit",
        document.audit.to_string().trim_start_matches("audit: "),
        Some(tone),
    );
    let further = document.audit.doubts().skip(1);
    for caveat in further.chain(document.audit.notes()) {
        let (label, tone) = match caveat.severity {
            Severity::Note => ("  note", None),
            Severity::Doubtful => ("  doubtful", Some(Tone::Doubt)),
            Severity::Invalid => ("  invalid", Some(Tone::Bad)),
        };
        page.prose(label, &caveat.to_string(), tone);
    }
    page.gap();
}

fn throughput(page: &mut LabelledText, document: &Document) {
    let is_answered = document.plan.clients.exchange.flow.is_answered();
    let figure = match document.messages_per_s {
        Some(per_s) if is_answered => Some(format!("{} msg/s", rate(per_s))),
        None if is_answered => None,
        _ => Lead::of(document).figure,
    };
    let achieved = match figure {
        Some(figure) => {
            let figure = page.style.paint(Tone::Headline, &figure);
            match mark::rate_confidence(document).filter(|_| is_answered) {
                Some(half) => format!("{figure} {half}"),
                None => figure,
            }
        }
        None => mark::NO_SAMPLES.to_owned(),
    };
    let asked = match (document.asked_messages_per_s, document.messages_per_s) {
        (Some(asked), Some(per_s)) if asked > 0.0 && is_answered => {
            format!(
                "{} asked, {} of it achieved",
                rate(asked),
                percent(per_s / asked)
            )
        }
        (Some(asked), _) => format!("{} asked", rate(asked)),
        (None, _) => mark::no_rate(document, "no rate was asked: closed loop").to_owned(),
    };
    page.line("throughput", &format!("{achieved}  ({asked})"));
    if let (Some(_), Some(received), true) = (
        document.asked_messages_per_s,
        document.messages_per_s,
        is_answered,
    ) {
        // Never only one of them: each hides what another shows.
        let per_s = |number: u64| rate(number as f64 / document.duration_s);
        let (offered, sent) = (per_s(document.messages.due), per_s(document.messages.sent));
        let line = format!(
            "{offered} offered, {sent} sent, {} received",
            rate(received)
        );
        page.line("", &line);
    }
    if let (Some(sent), Some(received)) = (document.sent_bytes_per_s, document.received_bytes_per_s)
    {
        let line = format!("sent {}/s, received {}/s", bytes(sent), bytes(received));
        page.line("", &line);
    }
    if document.duration_s > 0.0 && is_answered {
        let line = format!(
            "{} answered of {} sent in {}",
            count(document.messages.answered),
            count(document.messages.sent),
            seconds(document.duration_s)
        );
        page.line("", &line);
    }
    course(page, document);
    page.gap();
}

/// Agreement on compression, and the messages beside what was left of them.
fn compression(page: &mut LabelledText, document: &Document) {
    let Some(compression) = &document.compression else {
        return;
    };
    let offered = format!("{} offered", compression.offered);
    page.prose("compression", &offered, None);
    for (terms, connections) in &compression.accepted {
        let on = counted(*connections, "connection");
        page.prose("", &format!("{terms} accepted on {on}"), None);
    }
    if compression.declined > 0 {
        let on = counted(compression.declined, "connection");
        page.prose("", &format!("not accepted on {on}"), Some(Tone::Doubt));
    }
    let directions = [
        ("sent", "compress", &compression.sent),
        ("received", "decompress", &compression.received),
    ];
    for (direction, verb, figures) in directions {
        let (Some(messages), Some(payload), Some(ratio)) = (
            figures.message_bytes_per_s,
            figures.payload_bytes_per_s,
            figures.ratio,
        ) else {
            continue;
        };
        let mut line = format!(
            "{direction} {}/s of messages as {}/s of payload, {ratio:.2}:1",
            bytes(messages),
            bytes(payload)
        );
        if let Some(ns) = figures.codec_ns_per_message {
            let _ = write!(line, ", {} of ours to {verb} each", span(ns));
        }
        page.prose("", &line, None);
    }
    page.gap();
}

/// The rate over time.
fn course(page: &mut LabelledText, document: &Document) {
    let counted = Tempo::of(&document.plan.clients);
    let intervals = document.intervals.iter();
    let rates: Vec<f64> = intervals
        .filter_map(|interval| counted.of_interval(interval))
        .collect();
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    if rates.len() < 2 || most <= 0.0 {
        return;
    }
    let [from, to] = [least, most].map(|figure| counted.words(figure));
    let legend = format!("{from}–{to} {} over time", counted.unit());
    let room = usize::from(page.style.width).saturating_sub(LABEL + legend.chars().count() + 2);
    let bars = sparkline(&rates, room.clamp(8, SPARKS), page.style.glyphs);
    let bars = page.style.paint(Tone::Headline, &bars);
    page.line("", &format!("{bars}  {legend}"));
}

fn times(page: &mut LabelledText, document: &Document) {
    let times = TimeColumns::of(document);
    if times.columns().is_empty() {
        return;
    }
    page.prose("latency", times.meaning(), None);
    if times.is_empty() {
        page.line("", mark::NO_SAMPLES);
    } else {
        let beside = TimesTable::beside(page.style);
        for columns in times.columns().chunks(beside) {
            let (names, spans): (Vec<&str>, Vec<&Distribution>) = columns
                .iter()
                .map(|(info, spans)| (info.title, *spans))
                .unzip();
            let table = TimesTable { columns: spans };
            page.table("", &table.whole(&names));
        }
        if let Some(line) = times.never() {
            page.prose("", &line, Some(Tone::Quiet));
        }
        further_times(page, document);
        legends(page, &times);
        parts(page, document);
        if let Some(floor) = parts::floor(document) {
            page.prose("", &floor, None);
        }
    }
    page.gap();
    if document.plan.replaces_clients() {
        legacy(page, document.at(Series::Service));
        page.gap();
    }
}

/// Part of the service time that passed outside, and part in which the answers waited for us.
fn parts(page: &mut LabelledText, document: &Document) {
    let Some(parts) = Parts::of(document) else {
        if let Some(words) = parts::undivided(document) {
            page.prose("", words, Some(Tone::Quiet));
        }
        return;
    };
    page.gap();
    let mut title = "parts";
    for columns in parts.divided_into().chunks(TimesTable::beside(page.style)) {
        let (names, columns) = columns.iter().copied().unzip::<_, _, Vec<&str>, Vec<_>>();
        let times = TimesTable { columns };
        let mut table = times.whole(&names);
        times.row(&mut table, "mean", |spans| {
            (parts::mean(spans), String::new())
        });
        page.table(title, &table);
        title = "";
    }
    page.prose("", &parts.legend(), Some(Tone::Quiet));
}

/// The table of times: a column a distribution, and beside it, where any is known, how sure the
/// run is of its percentiles.
struct TimesTable<'a> {
    columns: Vec<&'a Distribution>,
}

impl TimesTable<'_> {
    /// Columns of the names.
    const NAME: usize = 8;
    /// Columns of the confidence beside a figure.
    const CONFIDENCE: usize = 12;

    /// Distributions that stand beside each other: as many as there is room for.
    fn beside(style: Style) -> usize {
        let both = Self::NAME + BESIDE * (CELL + Self::CONFIDENCE + 3);
        if both + 2 <= usize::from(style.width) {
            BESIDE
        } else {
            1
        }
    }

    /// A figure with what stands beside it.
    fn cell(&self, figure: &str, beside: &str) -> String {
        if !self.columns.iter().any(|spans| mark::has_intervals(spans)) {
            return figure.to_owned();
        }
        let before = " ".repeat(CELL.saturating_sub(width(figure)));
        let behind = " ".repeat(Self::CONFIDENCE.saturating_sub(width(beside)));
        format!("{before}{figure} {beside}{behind}")
    }

    fn whole(&self, names: &[&str]) -> Table {
        let confidence = |spans: &Distribution| match mark::has_intervals(spans) {
            true => mark::CONFIDENCE,
            false => "",
        };
        let heads = names.iter().zip(&self.columns);
        let heads = heads.map(|(name, spans)| self.cell(name, confidence(spans)));
        let heads: Vec<String> = heads.collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let mut table = figures(Self::NAME, &heads);
        for percentile in PERCENTILES {
            self.row(&mut table, percentile.label(), |spans| {
                mark::words(spans.known(percentile))
            });
        }
        let alone = |figure: String| (figure, String::new());
        self.row(&mut table, "max", |spans| alone(mark::longest(spans)));
        self.row(&mut table, "samples", |spans| alone(count(spans.count)));
        table
    }

    fn row(
        &self,
        table: &mut Table,
        name: &str,
        figure: impl Fn(&Distribution) -> (String, String),
    ) {
        let cells = self.columns.iter().map(|spans| {
            let (figure, beside) = figure(spans);
            self.cell(&figure, &beside)
        });
        let cells: Vec<String> = cells.collect();
        push(table, name, &cells);
    }
}

/// A table of figures behind names that take so many columns.
fn figures(name: usize, heads: &[&str]) -> Table {
    let names: Vec<&str> = [""].into_iter().chain(heads.iter().copied()).collect();
    let mut least = vec![CELL; names.len()];
    least[0] = name;
    Table::new(&names).left(0).least(least)
}

fn push(table: &mut Table, name: &str, cells: &[String]) {
    let name = std::iter::once(name.to_owned());
    table.push(name.chain(cells.iter().cloned()).collect());
}

/// Times beside those that the load is about, a line each.
fn further_times(page: &mut LabelledText, document: &Document) {
    const NAME: usize = 32;
    let further = further(document);
    if further.is_empty() {
        return;
    }
    let mut table = figures(NAME, &["p50", "p99", "max"]);
    for (info, spans) in further {
        let cells = [
            mark::percentile(spans, Percentile::P50),
            mark::percentile(spans, Percentile::P99),
            mark::longest(spans),
        ];
        push(&mut table, info.caption, &cells);
    }
    page.table("", &table);
}

/// Meaning of the intervals and of the marks.
fn legends(page: &mut LabelledText, times: &TimeColumns<'_>) {
    if let Some(words) = mark::basis(&times.spans()) {
        page.prose("", &words, Some(Tone::Quiet));
    }
    for legend in mark::legends(&times.spans(), &PERCENTILES) {
        page.prose("", legend, Some(Tone::Quiet));
    }
}

/// The lines by which the older tool's readers find its figures: service time in milliseconds.
fn legacy(page: &mut LabelledText, service: &Distribution) {
    let figures = [
        ("Min", service.min.map(|ns| ns as f64)),
        ("Mean", service.mean),
        ("Max", service.max.map(|ns| ns as f64)),
    ];
    for (name, ns) in figures {
        let value = ns.map_or_else(|| mark::NO_SAMPLES.to_owned(), legacy_ms);
        let _ = writeln!(page.text, "{name}: {value}");
    }
}

fn connections(page: &mut LabelledText, document: &Document) {
    let connections = &document.connections;
    let line = format!(
        "{} asked, {} opened, {} upgraded, {} alive at the end",
        count(connections.asked),
        count(connections.opened),
        count(connections.upgraded),
        count(connections.alive_at_end)
    );
    let silent = match connections.never_answered {
        0 => String::new(),
        silent => format!(", {} never answered", count(silent)),
    };
    let gone = document.server_gone.as_ref();
    let gone = gone.map_or_else(String::new, |gone| {
        format!("; the server was {}", gone.words())
    });
    page.prose("connections", &format!("{line}{silent}{gone}"), None);
    if let Some(line) = addresses(document) {
        page.prose("", &line, None);
    }
    if document.plan.replaces_clients() {
        let line = format!(
            "{} completed, {} replaced, at most {} at a time",
            counted(connections.clients_completed, "client"),
            count(connections.replaced),
            count(connections.peak_concurrent)
        );
        page.line("", &line);
    }
}

/// The address that was measured, where the server's name has several.
fn addresses(document: &Document) -> Option<String> {
    let (first, others) = document.addresses.split_first()?;
    let others = (!others.is_empty()).then(|| others.join(", "))?;
    Some(match document.plan.connect.route.spread {
        true => format!("to {first}, {others} in turn"),
        false => format!("to {first}, which accepted first; the name has {others} as well"),
    })
}

fn handshake(page: &mut LabelledText, document: &Document) {
    const NAME: usize = 16;
    let parts = document.opening();
    if parts.iter().all(|(_, spans)| spans.is_empty()) {
        page.line("handshake", mark::NO_SAMPLES);
        page.gap();
        return;
    }
    let mut table = figures(NAME, &["p50", "p99", "max", "count"]);
    let legend = mark::by_ranks(parts.iter().map(|(_, spans)| *spans));
    for (name, spans) in parts {
        let cells = [
            mark::percentile(spans, Percentile::P50),
            mark::percentile(spans, Percentile::P99),
            mark::exact(spans.max),
            count(spans.count),
        ];
        push(&mut table, name, &cells);
    }
    page.table("handshake", &table);
    if let Some(words) = legend {
        page.prose("", words, Some(Tone::Quiet));
    }
    page.gap();
}

/// Pings beside the messages: what the library takes without the application.
fn keep_alive(page: &mut LabelledText, document: &Document) {
    if let Some(pings) = &document.pings {
        page.prose("pings", &pings::words(document, pings), None);
        page.gap();
    }
}

fn errors(page: &mut LabelledText, document: &Document) {
    if document.errors.is_empty() {
        page.line("errors", "none");
    }
    let mut label = "errors";
    for error in &document.errors {
        let mut line = format!("{} × {} {}", count(error.count), error.phase, error.kind);
        if !error.example.is_empty() {
            let _ = write!(line, ": {}", error.example);
        }
        page.prose(label, &line, Some(Tone::Bad));
        label = "";
    }
    if !document.close_codes.is_empty() {
        let codes: Vec<String> = document
            .close_codes
            .iter()
            .map(|(code, number)| format!("{code} × {}", count(*number)))
            .collect();
        page.prose("close codes", &codes.join(", "), None);
    }
}

fn integrity(page: &mut LabelledText, document: &Document) {
    let messages = &document.messages;
    let wrong = [
        messages.lost,
        messages.duplicated,
        messages.reordered,
        messages.corrupted,
        messages.unasked,
    ];
    let tone = wrong.iter().any(|number| *number > 0).then_some(Tone::Bad);
    let line = format!(
        "{} lost, {} duplicated, {} reordered, {} corrupted, {} unasked",
        count(messages.lost),
        count(messages.duplicated),
        count(messages.reordered),
        count(messages.corrupted),
        count(messages.unasked)
    );
    page.prose("answers", &line, tone);
    if messages.unanswered() > 0 {
        let line = format!(
            "{} timed out, {} failed, {} in flight at the end",
            count(messages.timed_out),
            count(messages.failed),
            count(messages.in_flight_at_end)
        );
        page.prose("", &line, Some(Tone::Doubt));
    }
    for (name, counts) in books(document) {
        let counts = counts.iter();
        let words = counts.map(|(name, number)| format!("{} {name}", count(*number)));
        let words: Vec<String> = words.collect();
        page.prose(&name.to_lowercase(), &words.join(", "), None);
    }
    if let Some(stamp) = &document.conformance {
        let tone = (!stamp.counts.pass()).then_some(Tone::Bad);
        page.prose("conformance", &stamp.words(), tone);
    }
    page.gap();
}

/// Use by the server, where known, and use by the generator.
fn costs(page: &mut LabelledText, document: &Document) {
    if let Some(server) = &document.server {
        let mut label = "server";
        for line in server_cost::lines(server) {
            page.prose(label, &line, None);
            label = "";
        }
    }
    // A thread without a window was not measured: its share is unknown, not 0 %.
    let shares: Vec<String> = document
        .generator
        .threads
        .iter()
        .filter(|thread| thread.wall_s > 0.0)
        .map(|thread| percent(thread.cpu_share))
        .collect();
    if shares.is_empty() {
        return;
    }
    let mut line = format!("CPU of each thread {}", shares.join(", "));
    if let Some(rss) = document.generator.max_rss_bytes {
        let _ = write!(line, "; {} resident at most", bytes(rss as f64));
    }
    if let Some(each) = document.generator.bytes_per_connection {
        let _ = write!(line, ", {} a connection", bytes(each));
    }
    page.prose("generator", &line, None);
}
