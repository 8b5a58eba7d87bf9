//! Checks of streams: were there items, and is what ends them told right.

use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::Record;
use wsbench_record::units::counted;
use wsbench_setting::{Field, text};

use super::doubt::Doubt;

/// Every doubt about streams.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let Some(items) = &record.items else {
        return Vec::new();
    };
    let answered = record.messages.answered;
    let none = (answered > 0 && items.received == 0).then(|| {
        Doubt::new(
            Kind::Streams,
            Severity::Doubtful,
            format!("none of {} had an item", counted(answered, "stream")),
            text![
                "the first answer to a request was its end: ",
                Field::End,
                " says what the last one alone has"
            ],
        )
    });
    let some = (items.received > 0 && items.empty_streams > 0).then(|| {
        let empty = counted(items.empty_streams, "stream");
        Doubt::new(
            Kind::Streams,
            Severity::Note,
            format!("{empty} ended without an item; times to the first are of the others"),
            "",
        )
    });
    let shared = (items.in_shared_reads.saturating_mul(10) > items.received).then(|| {
        let shared = counted(items.in_shared_reads, "item");
        Doubt::new(
            Kind::Streams,
            Severity::Note,
            format!(
                "{shared} came in one read with the item before, and no gap is told between them"
            ),
            "",
        )
    });
    none.into_iter().chain(some).chain(shared).collect()
}
