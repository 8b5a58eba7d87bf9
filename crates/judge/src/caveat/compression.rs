//! Checks of compression: was it accepted, was it used, and does its ratio mean anything.

use wsbench_load::plan::PayloadFacts;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Compression, Record};
use wsbench_record::units::{count, counted};
use wsbench_setting::{Field, text};

use super::doubt::Doubt;

/// Every doubt about the compression; none where none was offered.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let Some(compression) = &record.compression else {
        return Vec::new();
    };
    let mut found = Vec::new();
    found.extend(acceptance(compression));
    if compression.accepted_connections() > 0 {
        found.extend(unused(compression));
        found.extend(constant_payload(record));
    }
    found
}

/// Doubt about what the server made of the offer.
fn acceptance(compression: &Compression) -> Option<Doubt> {
    let accepted = compression.accepted_connections();
    let (severity, message) = match (compression.declined, accepted) {
        (0, _) => return None,
        (_, 0) => (
            Severity::Note,
            "deflate offered, not accepted: all messages went uncompressed".to_owned(),
        ),
        (declined, accepted) => (
            Severity::Doubtful,
            format!(
                "compression was accepted on {} and declined on {}: the figures mix the two",
                counted(accepted, "connection"),
                count(declined)
            ),
        ),
    };
    let advice = "look at the server's settings of permessage-deflate";
    Some(Doubt::new(Kind::Compression, severity, message, advice))
}

/// A server may accept and then send uncompressed what it likes (RFC 7692 section 6).
fn unused(compression: &Compression) -> Option<Doubt> {
    let received = &compression.received;
    let plain = received.messages.saturating_sub(received.compressed);
    (plain > 0).then(|| {
        Doubt::new(
            Kind::Compression,
            Severity::Note,
            format!(
                "{} of {} came uncompressed although compression was agreed upon",
                count(plain),
                counted(received.messages, "answer")
            ),
            "many servers compress only beyond a size: try larger messages",
        )
    })
}

/// The same filling again and again compresses to nothing as soon as it is remembered.
fn constant_payload(record: &Record) -> Option<Doubt> {
    (!matches!(
        record.plan.clients.exchange.payload.facts(),
        PayloadFacts::Corpus { .. }
    ))
    .then(|| {
        Doubt::new(
            Kind::Compression,
            Severity::Note,
            "the messages are alike but for their tags: the ratio is none of real data",
            text![
                Field::Corpus.with("builtin"),
                ", or ",
                Field::Corpus.with("FILE"),
                " with lines of your own, sends what changes",
            ],
        )
    })
}
