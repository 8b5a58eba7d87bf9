//! The last line: in one sentence, how far the figures may be believed.

use wsbench_judge::limit::is_rate_missed;
use wsbench_judge::littles_share;
use wsbench_record::audit::{Severity, Verdict};
use wsbench_record::document::Document;
use wsbench_record::units::{count, counted};

use crate::style::Tone;

use crate::times::headline;

use super::sheet::{Piece, Sheet};

/// Puts the line, and behind it the first words of `more` that fit.
pub(super) fn line(sheet: &mut Sheet, document: &Document, more: &[&str]) {
    let (sign, word, tone) = sign(document.audit.verdict);
    let mut pieces = vec![Piece::new(format!("{sign} {word}:")).toned(tone)];
    let grounds = match document.audit.doubts().next() {
        Some(gravest) => doubts(document, &gravest.message),
        None => grounds(document).join(", "),
    };
    pieces.extend(Piece::prose(&grounds));
    let used = sheet.put_hanging(0, 2, &pieces);
    let more = more
        .iter()
        .map(|words| Piece::new(*words).toned(Tone::Quiet));
    sheet.put_right(used, &more.collect::<Vec<_>>());
}

/// The sign, the word and the tone of a verdict.
pub(crate) fn sign(verdict: Verdict) -> (&'static str, &'static str, Tone) {
    match verdict {
        Verdict::Ok => ("✓", "good", Tone::Good),
        Verdict::Doubtful => ("▲", "doubtful", Tone::Doubt),
        Verdict::Invalid => ("✕", "invalid", Tone::Bad),
    }
}

/// The gravest doubt, and how many more there are.
fn doubts(document: &Document, gravest: &str) -> String {
    match document.audit.doubts().count() - 1 {
        0 => gravest.to_owned(),
        more => format!("{gravest} (+{more} more)"),
    }
}

/// What speaks for the figures.
pub(crate) fn grounds(document: &Document) -> Vec<String> {
    let mut grounds = Vec::new();
    if document.plan.clients.is_open_loop() && !is_rate_missed(document) {
        grounds.push("rate held".to_owned());
    }
    if let Some(share) = littles_share(document) {
        grounds.push(format!("Little's law {share:.2}"));
    }
    let connections = &document.connections;
    let clients = &document.plan.clients;
    if clients.round_trips().is_none() && clients.sessions().is_none() {
        let (alive, asked) = (connections.alive_at_end, connections.asked);
        grounds.push(format!("{} of {} alive", count(alive), count(asked)));
    }
    let times = headline(document);
    if times.confidence.is_none() && !times.is_empty() {
        grounds.push("± as if independent".to_owned());
    }
    let notes = document.audit.caveats.iter();
    let notes = notes
        .filter(|caveat| caveat.severity == Severity::Note)
        .count();
    if notes > 0 {
        grounds.push(counted(notes as u64, "note"));
    }
    grounds
}
