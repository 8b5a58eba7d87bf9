//! What flowed where nothing is answered, in a line or two: pushes, messages sent, connections held.

use wsbench_load::series::Series;
use wsbench_record::document::{Document, Percentile};
use wsbench_record::units::{bytes, count, counted};

use crate::{mark, push_clock};

use super::sheet::{Piece, Sheet};
use super::{attempts, percentiles, some};

/// Messages sent a second, whatever became of them.
pub(super) fn sent_per_s(document: &Document) -> Option<f64> {
    let sent = document.messages.sent as f64;
    (document.duration_s > 0.0).then(|| sent / document.duration_s)
}

/// `5,000 received`, `each once and in order, by its number`, `2 duplicated`.
pub(super) fn pushes(document: &Document) -> Vec<String> {
    let counts = document.pushes.unwrap_or_default();
    let mut parts = vec![format!("{} received", count(counts.received))];
    let flow = &document.plan.clients.exchange.flow;
    let is_numbered = flow.pushes().is_some_and(|it| it.sequence.is_some());
    let is_whole = (counts.missing, counts.duplicated, counts.reordered) == (0, 0, 0);
    if is_numbered && is_whole && counts.unnumbered == 0 {
        parts.extend(["each once and in order", "by its number"].map(str::to_owned));
    }
    parts.extend(some(&[
        (counts.missing, "missing"),
        (counts.duplicated, "duplicated"),
        (counts.reordered, "reordered"),
        (counts.unnumbered, "without a number"),
        (counts.unstamped, "without an instant"),
        (counts.from_the_future, "from the future"),
    ]));
    parts
}

/// `5,000 sent, nothing awaited`, `120 kB/s`.
pub(super) fn sent(document: &Document) -> Vec<String> {
    let messages = &document.messages;
    let blocked = document.blocked_by.map_or(0, |by| by.socket);
    let mut parts = vec![format!("{} sent, nothing awaited", count(messages.sent))];
    let volume = document.sent_bytes_per_s;
    parts.extend(volume.map(|per_s| format!("{}/s", bytes(per_s))));
    parts.extend(some(&[
        (messages.unsent, "never sent"),
        (blocked, "waited for their socket"),
        (messages.received_in_window, "messages came"),
    ]));
    parts
}

/// `of 1,000`, `2 closed by the server`.
pub(super) fn held(document: &Document) -> Vec<String> {
    let connections = &document.connections;
    let closed = document.closed_by_server();
    let mut parts = vec![format!("of {}", count(connections.asked))];
    let mine = document.generator.bytes_per_connection;
    parts.extend(mine.map(|each| format!("{} each in wsbench", bytes(each))));
    parts.extend(some(&[
        (closed, "closed by the server"),
        (connections.failed, "ended before their time"),
        (document.messages.unasked, "messages came unasked"),
    ]));
    parts
}

/// The sessions that came, or the connections of a storm or beside the load: how many were open, and when.
pub(super) fn sessions(sheet: &mut Sheet, document: &Document) {
    let Some(counts) = &document.sessions else {
        return;
    };
    let is_storm = document.plan.clients.is_storm();
    let is_beside = document.plan.clients.churn.is_some();
    let due = match (is_storm, is_beside) {
        (_, true) => format!("{} due beside", counted(counts.due, "connection")),
        (true, false) => format!("{} due", counted(counts.due, "connection")),
        (false, false) => format!("{} due", counted(counts.due, "session")),
    };
    let mut parts = vec![due];
    parts.push(if counts.opened == counts.due {
        "all opened".to_owned()
    } else {
        format!("{} opened", count(counts.opened))
    });
    parts.extend(some(&[
        (counts.turned_away, "turned away"),
        (counts.under_way, "under way at the end"),
        (counts.crowded, "waited for a place"),
        (attempts::refused(document), "attempts refused"),
        (attempts::timed_out(document), "attempts timed out"),
    ]));
    if !is_storm && !is_beside {
        let most = document.connections.peak_concurrent;
        parts.push(format!("{} there at a time at most", count(most)));
    }
    sheet.put(2, &Piece::listed(&parts));
    let series = if is_storm {
        Series::OpeningService
    } else {
        Series::Opening
    };
    let name = if is_storm {
        "from connect to open p50"
    } else {
        "open from due p50"
    };
    let spans = document.at(series);
    let pieces = [
        Piece::new(mark::percentile(spans, Percentile::P50)).named(name),
        Piece::new(mark::percentile(spans, Percentile::P99)).named("p99"),
        Piece::new(mark::longest(spans)).named("max"),
    ];
    sheet.put(2, &pieces);
}

/// Connections that were lost, and when their clients were back.
pub(super) fn returns(sheet: &mut Sheet, document: &Document) {
    let Some(counts) = document.returns.as_ref().filter(|counts| counts.lost > 0) else {
        return;
    };
    let mut parts = vec![format!("{} lost", counted(counts.lost, "connection"))];
    parts.extend(some(&[(counts.cut, "cut by the drill")]));
    parts.push(if counts.back == counts.lost {
        "all back".to_owned()
    } else {
        format!("{} back", count(counts.back))
    });
    parts.extend(some(&[
        (counts.refused, "attempts refused"),
        (counts.timed_out, "timed out"),
        (counts.failed, "failed otherwise"),
    ]));
    sheet.put(2, &Piece::listed(&parts));
    let spans = document.at(Series::Back);
    let pieces = [
        Piece::new(percentiles::instant(spans, 0.5)).named("back 50 % after"),
        Piece::new(percentiles::instant(spans, 0.99)).named("99 % after"),
        Piece::new(mark::longest(spans)).named("all after"),
    ];
    sheet.put(2, &pieces);
}

/// The server's clock beside ours, by which ages are corrected.
pub(super) fn clock(sheet: &mut Sheet, document: &Document) {
    let offsets = push_clock::offsets(document).into_iter();
    let pieces: Vec<_> = offsets
        .map(|(name, offset)| Piece::new(offset).named(name))
        .collect();
    if !pieces.is_empty() {
        sheet.put(2, &pieces);
    }
}

/// Slow readers, and what became of them.
pub(super) fn slow(sheet: &mut Sheet, document: &Document) {
    let Some(counts) = &document.slow else {
        return;
    };
    let clients = &document.plan.clients;
    let number = clients.slow_readers();
    let others = clients.connections - number;
    let mut parts = vec![format!(
        "{} (above are the other {})",
        count(number.into()),
        count(others.into())
    )];
    parts.push(format!("{} received", counted(counts.received, "message")));
    parts.push(match counts.lost {
        0 => "none cut off".to_owned(),
        lost => format!(
            "{} cut off, {} with a close frame",
            count(lost),
            count(counts.closed)
        ),
    });
    let mut pieces = Piece::listed(&parts);
    if let Some(first) = pieces.first_mut() {
        *first = first.clone().named("slow readers");
    }
    if counts.lost > 0 {
        let after = mark::percentile(document.at(Series::SlowLost), Percentile::P50);
        pieces.push(Piece::new(after).named("after p50"));
    }
    sheet.put(2, &pieces);
}
