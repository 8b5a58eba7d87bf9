//! The clock of a server that sends messages with instants in them, beside ours, in words.

use wsbench_record::document::{ClockOffset, Document};
use wsbench_record::units::span;

/// The offsets by which ages are corrected, each behind its name: `less the server's clock`,
/// `−266 ns ±3.80 µs`. Empty where the server was not asked.
pub(crate) fn offsets(document: &Document) -> Vec<(&'static str, String)> {
    let Some(clock) = &document.push_clock else {
        return Vec::new();
    };
    let mut offsets = vec![("less the server's clock", offset(&clock.before))];
    offsets.extend(clock.after.iter().map(|it| ("at the end", offset(it))));
    offsets
}

/// The same as a sentence, where there are any.
pub(crate) fn sentence(document: &Document) -> Option<String> {
    let offsets = offsets(document).into_iter();
    let parts: Vec<_> = offsets
        .map(|(name, offset)| format!("{name} {offset}"))
        .collect();
    (!parts.is_empty()).then(|| format!("Ages are {}.", parts.join(", ")))
}

fn offset(of: &ClockOffset) -> String {
    let sign = if of.ahead_ns < 0 { "−" } else { "+" };
    let [ahead, within] = [of.ahead_ns.unsigned_abs(), of.within_ns].map(|ns| span(ns as f64));
    format!("{sign}{ahead} ±{within}")
}
