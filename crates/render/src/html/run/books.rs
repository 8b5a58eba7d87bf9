//! The books of a run as tables: what was asked and what came of it, what it cost, on what machine.

use wsbench_record::document::{Compression, Document, Host, Percentile};
use wsbench_record::units::{self, bytes, count, counted, percent, rate, seconds, span};
use wsbench_setting::{Field, Spelling, text};

use super::words::{bytes_per_s, line, share_of};
use crate::html::grid::{Grid, GridCell};
use crate::html::markup::Markup;
use crate::{mark, pings, server_cost};

/// A table of names and words.
fn facts(rows: Vec<(String, String)>) -> Grid {
    let mut grid = Grid::new().text("").text("");
    for (name, words) in rows {
        grid.push(vec![GridCell::text(&name), GridCell::text(&words)]);
    }
    grid
}

/// Asked beside achieved.
pub(super) fn throughput(document: &Document) -> Grid {
    let mut rows = Vec::new();
    let mut row = |name: &str, words: String| rows.push((name.to_owned(), words));
    let achieved = document.messages_per_s;
    let half = mark::rate_confidence(document).unwrap_or_default();
    row(
        "achieved",
        match achieved {
            Some(per_s) => format!("{} messages/s {half}", rate(per_s))
                .trim_end()
                .to_owned(),
            None => mark::NO_SAMPLES.to_owned(),
        },
    );
    match document.asked_messages_per_s {
        Some(asked) => {
            row("asked", format!("{} messages/s", rate(asked)));
            if let Some(per_s) = achieved {
                row("achieved of asked", share_of(per_s, asked));
            }
            if document.duration_s > 0.0 {
                let per_s = |number: u64| rate(number as f64 / document.duration_s);
                let (offered, sent) = (document.messages.due, document.messages.sent);
                let received = document.messages.received_in_window;
                row(
                    "offered, sent, received",
                    format!(
                        "{}, {}, {} a second",
                        per_s(offered),
                        per_s(sent),
                        per_s(received)
                    ),
                );
            }
        }
        None => row(
            "asked",
            mark::no_rate(document, "no rate: closed loop").to_owned(),
        ),
    }
    if let (Some(sent), Some(received)) = (document.sent_bytes_per_s, document.received_bytes_per_s)
    {
        let words = format!(
            "{} sent, {} received",
            bytes_per_s(sent),
            bytes_per_s(received)
        );
        row("bytes on the wire", words);
    }
    if document.duration_s > 0.0 {
        row("measured", seconds(document.duration_s));
    }
    facts(rows)
}

/// Connections over the whole run.
pub(super) fn connections(document: &Document) -> Grid {
    let all = &document.connections;
    let columns = [
        ("asked", all.asked),
        ("opened", all.opened),
        ("upgraded", all.upgraded),
        ("alive at the end", all.alive_at_end),
        ("replaced", all.replaced),
        ("at a time, most", all.peak_concurrent),
        ("closed cleanly", all.closed_cleanly),
        ("never answered", all.never_answered),
        ("failed", all.failed),
    ];
    counts(&columns)
}

/// A row of counts; the first cell says of what.
fn counts(columns: &[(&str, u64)]) -> Grid {
    let mut grid = Grid::new();
    for (name, _) in columns {
        grid = grid.figures(name);
    }
    let cells = columns
        .iter()
        .map(|(_, number)| GridCell::text(&count(*number)));
    grid.push(cells.collect());
    grid
}

/// The opening of connections by part.
pub(super) fn handshake(document: &Document) -> Grid {
    let mut grid = Grid::new()
        .text("handshake")
        .figures("p50")
        .figures("p99")
        .figures("max")
        .figures("count");
    for (name, spans) in document.opening() {
        if !spans.is_empty() {
            grid.push(vec![
                GridCell::text(name),
                GridCell::text(&mark::percentile(spans, Percentile::P50)),
                GridCell::text(&mark::percentile(spans, Percentile::P99)),
                GridCell::text(&mark::exact(spans.max)),
                GridCell::text(&count(spans.count)),
            ]);
        }
    }
    grid
}

/// Fate of every message.
pub(super) fn messages(document: &Document) -> Grid {
    let all = &document.messages;
    let columns = [
        ("sent", all.sent),
        ("answered", all.answered),
        ("timed out", all.timed_out),
        ("failed", all.failed),
        ("in flight at the end", all.in_flight_at_end),
        ("lost", all.lost),
        ("duplicated", all.duplicated),
        ("reordered", all.reordered),
        ("corrupted", all.corrupted),
        ("unasked", all.unasked),
    ];
    counts(&columns)
}

/// A book of counts, each with its name.
pub(super) fn book(all: &[(String, u64)]) -> Grid {
    let columns = all.iter().map(|(name, number)| (name.as_str(), *number));
    counts(&columns.collect::<Vec<_>>())
}

/// Failures, and close codes.
pub(super) fn errors(document: &Document) -> Markup {
    let mut markup = Markup::new();
    if document.errors.is_empty() {
        markup.element("p", &[("class", "quiet")], "No errors.");
    } else {
        let mut grid = Grid::new()
            .figures("errors")
            .text("phase")
            .text("kind")
            .text("the first");
        for error in &document.errors {
            grid.push(vec![
                GridCell::text(&count(error.count)),
                GridCell::text(&error.phase),
                GridCell::text(&error.kind),
                GridCell::text(&error.example),
            ]);
        }
        markup.push(&grid.markup());
    }
    if !document.close_codes.is_empty() {
        let codes = document.close_codes.iter();
        let codes = codes.map(|(code, number)| format!("{code} × {}", count(*number)));
        let codes: Vec<String> = codes.collect();
        let words = format!("Close codes: {}", codes.join(", "));
        markup.element("p", &[("class", "quiet")], &words);
    }
    if let Some(stamp) = &document.conformance {
        let words = format!("Conformance: {}", stamp.words());
        markup.element("p", &[("class", "quiet")], &words);
    }
    markup
}

/// Agreement on compression, and the messages beside what was left of them.
pub(super) fn compression(compression: &Compression) -> Markup {
    let mut rows = vec![("offered".to_owned(), compression.offered.clone())];
    for (terms, connections) in &compression.accepted {
        let words = format!("{terms} on {} connections", count(*connections));
        rows.push(("accepted".to_owned(), words));
    }
    if compression.declined > 0 {
        let words = format!("on {} connections", count(compression.declined));
        rows.push(("not accepted".to_owned(), words));
    }
    let mut markup = facts(rows).markup();
    let mut grid = Grid::new()
        .text("messages")
        .figures("message bytes")
        .figures("payload bytes")
        .figures("ratio")
        .figures("our codec, each");
    let known = |words: Option<String>| words.unwrap_or_else(|| units::UNKNOWN.to_owned());
    for (name, figures) in [
        ("sent", &compression.sent),
        ("received", &compression.received),
    ] {
        grid.push(vec![
            GridCell::text(name),
            GridCell::text(&bytes(figures.message_bytes as f64)),
            GridCell::text(&bytes(figures.payload_bytes as f64)),
            GridCell::text(&known(figures.ratio.map(|ratio| format!("{ratio:.2}:1")))),
            GridCell::text(&known(figures.codec_ns_per_message.map(span))),
        ]);
    }
    markup.push(&grid.markup());
    markup
}

/// Use by the server, where known, and use by the generator.
pub(super) fn costs(document: &Document, spelling: &dyn Spelling) -> Markup {
    let mut rows = Vec::new();
    let lines = document.server.as_ref().map(server_cost::lines);
    for words in lines.unwrap_or_default() {
        rows.push(("server".to_owned(), words));
    }
    if rows.is_empty() {
        let text = text![
            "not known: its process was not watched (",
            Field::ServerPid,
            ", ",
            Field::Exec,
            ")",
        ];
        rows.push(("server".to_owned(), text.spelled(spelling)));
    }
    let threads = document.generator.threads.iter();
    // A thread without a window was not measured: its share is unknown, not 0 %.
    let measured = threads.filter(|thread| thread.wall_s > 0.0);
    let shares: Vec<String> = measured.map(|thread| percent(thread.cpu_share)).collect();
    if !shares.is_empty() {
        let words = format!("CPU of each thread {}", shares.join(", "));
        rows.push(("generator".to_owned(), words));
    }
    if let Some(rss) = document.generator.max_rss_bytes {
        let each = document.generator.bytes_per_connection;
        let each = each.map_or_else(String::new, |each| {
            format!(", {} a connection", bytes(each))
        });
        let words = format!("{} resident at most{each}", bytes(rss as f64));
        rows.push(("generator".to_owned(), words));
    }
    if let Some(pings) = &document.pings {
        rows.push(("pings".to_owned(), pings::words(document, pings)));
    }
    facts(rows).markup()
}

/// The gist of what it cost and where: `95 % of a core, 6.05 MB; 2 cores, Linux 6.18`.
pub(super) fn gist(document: &Document) -> String {
    let mut server = Vec::new();
    if let Some(used) = &document.server {
        server.extend(
            used.cpu_share
                .map(|share| format!("{} of a core", percent(share))),
        );
        let memory = used.pss_bytes.or(used.rss_bytes);
        server.extend(memory.map(|amount| bytes(amount as f64)));
    }
    let host = &document.host;
    let mut machine = Vec::new();
    machine.extend(host.cpus.map(|cpus| counted(cpus.into(), "core")));
    machine.extend(host.os.clone());
    machine.extend(host.kernel.clone());
    let parts = [server.join(", "), machine.join(", ")].into_iter();
    let parts: Vec<String> = parts.filter(|words| !words.is_empty()).collect();
    line(&parts.join("; "))
}

/// The machine, as far as it bears on the figures.
pub(in crate::html) fn machine(host: &Host) -> Grid {
    let mut rows = Vec::new();
    let mut row = |name: &str, words: Option<String>| {
        rows.extend(words.map(|words| (name.to_owned(), line(&words))));
    };
    row("processor", host.cpu_model.clone());
    row("cores", host.cpus.map(|cpus| cpus.to_string()));
    row(
        "memory",
        host.memory_bytes.map(|amount| bytes(amount as f64)),
    );
    row("system", host.os.clone());
    row("kernel", host.kernel.clone());
    row("virtual", host.hypervisor.map(|is| yes(is).to_owned()));
    row("stolen since boot", host.steal_share.map(percent));
    row(
        "cores of its control group",
        host.cpu_quota.map(|cores| format!("{cores:.2}")),
    );
    row("turbo", host.turbo.map(|is| yes(is).to_owned()));
    row(
        "hardware threads share cores",
        host.smt.map(|is| yes(is).to_owned()),
    );
    let governors = (!host.governors.is_empty()).then(|| host.governors.join(", "));
    row("frequency governors", governors);
    row("clock", host.clock_source.clone());
    row("congestion control", host.congestion_control.clone());
    row("descriptors", host.descriptors.map(count));
    row("connections that may wait", host.somaxconn.map(count));
    let tasks = host
        .load_1m
        .map(|tasks| format!("{tasks:.2} runnable tasks"));
    row("load before the run", tasks);
    for (name, fact) in &host.facts {
        row(name, Some(fact.clone()));
    }
    if rows.is_empty() {
        rows.push(("machine".to_owned(), "not known".to_owned()));
    }
    facts(rows)
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
