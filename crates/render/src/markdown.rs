//! A result in Markdown, for an issue, a pull request or a wiki: the summary's figures as tables.

use std::fmt::Write as _;

use wsbench_record::document::{Distribution, Document, Percentile};
use wsbench_record::units::{self, bytes, count, rate, seconds, span};
use wsbench_setting::Spelling;

use crate::foreign::{markdown as cell, markdown_block};
use crate::parts::{self, Parts};
use crate::plan_line::{plan_line, title};
use crate::summary::{PERCENTILES, repeat_command};
use crate::times::{TimeColumns, books, further};
use crate::{conditions, mark, pings, server_cost};

/// The result as a section of its own.
#[must_use]
pub fn render(document: &Document, spelling: &dyn Spelling) -> String {
    let mut text = format!("## {}\n\n", cell(&title(&document.plan)));
    let _ = writeln!(text, "{}\n", cell(&plan_line(&document.plan)));
    let _ = writeln!(text, "**{}**\n", cell(&document.audit.to_string()));
    let mut listed = false;
    for caveat in document
        .audit
        .doubts()
        .skip(1)
        .chain(document.audit.notes())
    {
        let _ = writeln!(text, "- {}", cell(&caveat.to_string()));
        listed = true;
    }
    if listed {
        text.push('\n');
    }
    text.push_str(&conditions::markdown(&document.conditions));
    throughput(&mut text, document);
    compression(&mut text, document);
    times(&mut text, document);
    counts(&mut text, document);
    errors(&mut text, document);
    server(&mut text, document);
    text.push_str(&markdown_block(&repeat_command(document, spelling)));
    text
}

fn throughput(text: &mut String, document: &Document) {
    text.push_str("| throughput | |\n|---|--:|\n");
    let per_s = |value: Option<f64>| value.map_or_else(|| units::UNKNOWN.to_owned(), rate);
    let bytes_per_s = |value: Option<f64>| {
        value.map_or_else(
            || units::UNKNOWN.to_owned(),
            |amount| format!("{}/s", bytes(amount)),
        )
    };
    let rows = [
        (
            "messages/s",
            match mark::rate_confidence(document) {
                Some(half) => format!("{} {half}", per_s(document.messages_per_s)),
                None => per_s(document.messages_per_s),
            },
        ),
        (
            "asked messages/s",
            document
                .asked_messages_per_s
                .map_or_else(|| mark::no_rate(document, "closed loop").to_owned(), rate),
        ),
        ("sent", bytes_per_s(document.sent_bytes_per_s)),
        ("received", bytes_per_s(document.received_bytes_per_s)),
        ("measured", seconds(document.duration_s)),
    ];
    let until = document.until.as_ref();
    let until = until.map(|outcome| ("until", cell(&outcome.to_string())));
    for (name, value) in rows.into_iter().chain(until) {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text.push('\n');
}

fn compression(text: &mut String, document: &Document) {
    let Some(compression) = &document.compression else {
        return;
    };
    text.push_str("| compression | connections |\n|---|--:|\n");
    for (terms, connections) in &compression.accepted {
        let _ = writeln!(text, "| {} | {} |", cell(terms), count(*connections));
    }
    if compression.declined > 0 {
        let _ = writeln!(text, "| not accepted | {} |", count(compression.declined));
    }
    let _ = writeln!(text, "\nOffered: {}\n", cell(&compression.offered));
    text.push_str("| messages | message bytes | payload bytes | ratio | our codec, each |\n");
    text.push_str("|---|--:|--:|--:|--:|\n");
    let directions = [
        ("sent", &compression.sent),
        ("received", &compression.received),
    ];
    let known = |figure: Option<String>| figure.unwrap_or_else(|| units::UNKNOWN.to_owned());
    for (direction, figures) in directions {
        let _ = writeln!(
            text,
            "| {direction} | {} | {} | {} | {} |",
            bytes(figures.message_bytes as f64),
            bytes(figures.payload_bytes as f64),
            known(figures.ratio.map(|ratio| format!("{ratio:.2}:1"))),
            known(figures.codec_ns_per_message.map(span))
        );
    }
    text.push('\n');
}

fn times(text: &mut String, document: &Document) {
    let times = TimeColumns::of(document);
    if times.columns().is_empty() {
        return;
    }
    if times.is_empty() {
        let _ = writeln!(text, "Latency: {}\n", mark::NO_SAMPLES);
        return;
    }
    let columns = times.columns();
    let names: Vec<&str> = columns.iter().map(|(info, _)| info.caption).collect();
    let _ = writeln!(
        text,
        "| latency, {} | {} |",
        times.model(),
        names.join(" | ")
    );
    let _ = writeln!(text, "|---|{}", "--:|".repeat(columns.len()));
    let mut row = |name: &str, figure: &dyn Fn(&Distribution) -> String| {
        let cells: Vec<String> = columns.iter().map(|(_, spans)| figure(spans)).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    };
    for percentile in PERCENTILES {
        row(percentile.label(), &|spans| {
            mark::percentile(spans, percentile)
        });
    }
    row("max", &|spans| mark::exact(spans.max));
    row("samples", &|spans| count(spans.count));
    text.push('\n');
    if let Some(words) = mark::basis(&times.spans()) {
        let _ = writeln!(text, "± {words}\n");
    }
    let further = further(document);
    if !further.is_empty() {
        text.push_str("| further times | p50 | p99 | max |\n|---|--:|--:|--:|\n");
    }
    for (info, spans) in &further {
        let [p50, p99] = [Percentile::P50, Percentile::P99].map(|at| mark::percentile(spans, at));
        let longest = mark::longest(spans);
        let _ = writeln!(text, "| {} | {p50} | {p99} | {longest} |", info.caption);
    }
    if !further.is_empty() {
        text.push('\n');
    }
    for legend in mark::legends(&times.spans(), &PERCENTILES) {
        let _ = writeln!(text, "{legend}\n");
    }
    service_parts(text, document);
    if let Some(floor) = parts::floor(document) {
        let _ = writeln!(text, "{}\n", cell(&floor));
    }
}

/// Part of the service time that passed outside, and part in which the answers waited for us.
fn service_parts(text: &mut String, document: &Document) {
    let Some(parts) = Parts::of(document) else {
        if let Some(words) = parts::undivided(document) {
            let _ = writeln!(text, "{words}\n");
        }
        return;
    };
    let columns = Parts::COLUMNS.join(" | ");
    let _ = writeln!(text, "| parts | {columns} |\n|---|--:|--:|--:|--:|");
    for (name, cells) in parts.rows() {
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    let _ = writeln!(text, "\n{}\n", parts.legend());
}

fn counts(text: &mut String, document: &Document) {
    let connections = &document.connections;
    let _ = writeln!(
        text,
        "| connections | asked | opened | upgraded | alive at the end | replaced |\n\
         |---|--:|--:|--:|--:|--:|\n| | {} | {} | {} | {} | {} |\n",
        count(connections.asked),
        count(connections.opened),
        count(connections.upgraded),
        count(connections.alive_at_end),
        count(connections.replaced)
    );
    if let Some(gone) = &document.server_gone {
        let _ = writeln!(text, "The server was {}.\n", gone.words());
    }
    text.push_str("| handshake | p50 | p99 | max | count |\n|---|--:|--:|--:|--:|\n");
    for (name, spans) in document.opening() {
        let _ = writeln!(text, "| {name} | {} |", handshake_cells(spans).join(" | "));
    }
    let opening = document.opening().into_iter();
    if let Some(words) = mark::by_ranks(opening.map(|(_, spans)| spans)) {
        let _ = writeln!(text, "\n± {words}");
    }
    if let Some(pings) = &document.pings {
        let _ = writeln!(text, "\nPings: {}.", pings::words(document, pings));
    }
    let messages = &document.messages;
    let _ = writeln!(
        text,
        "\n| messages | sent | answered | timed out | failed | in flight at the end | lost | \
         duplicated | reordered | corrupted | unasked |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n\
         | | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        count(messages.sent),
        count(messages.answered),
        count(messages.timed_out),
        count(messages.failed),
        count(messages.in_flight_at_end),
        count(messages.lost),
        count(messages.duplicated),
        count(messages.reordered),
        count(messages.corrupted),
        count(messages.unasked)
    );
    for (name, counts) in books(document) {
        let (names, numbers): (Vec<String>, Vec<String>) = counts
            .into_iter()
            .map(|(name, number)| (name, count(number)))
            .unzip();
        let _ = writeln!(text, "| {} | {} |", name.to_lowercase(), names.join(" | "));
        let _ = writeln!(text, "|---|{}", "--:|".repeat(names.len()));
        let _ = writeln!(text, "| | {} |\n", numbers.join(" | "));
    }
}

/// Use by the server, where known.
fn server(text: &mut String, document: &Document) {
    let lines = document.server.as_ref().map(server_cost::lines);
    let lines = lines.filter(|lines| !lines.is_empty());
    if let Some(lines) = lines {
        let _ = writeln!(text, "Server: {}\n", lines.join("; "));
    }
}

fn handshake_cells(spans: &Distribution) -> [String; 4] {
    [
        mark::percentile(spans, Percentile::P50),
        mark::percentile(spans, Percentile::P99),
        mark::exact(spans.max),
        count(spans.count),
    ]
}

fn errors(text: &mut String, document: &Document) {
    if !document.errors.is_empty() {
        text.push_str("| errors | phase | kind | the first |\n|--:|---|---|---|\n");
        for error in &document.errors {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                count(error.count),
                cell(&error.phase),
                cell(&error.kind),
                cell(&error.example)
            );
        }
        text.push('\n');
    }
    if !document.close_codes.is_empty() {
        text.push_str("| close code | count |\n|--:|--:|\n");
        for (code, number) in &document.close_codes {
            let _ = writeln!(text, "| {code} | {} |", count(*number));
        }
        text.push('\n');
    }
}
