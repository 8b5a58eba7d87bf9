//! Checks of messages that are for many: did each reach all whom it was for, once, as it was sent.

use wsbench_load::tally::DeliveryCounts;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::Record;
use wsbench_record::units::{count, counted, percent};
use wsbench_setting::{Field, Text, text};

use super::doubt::Doubt;
use super::wait;

/// Share of deliveries that came in one read with others from which that is worth a note.
const SHARED: f64 = 0.1;

/// Every doubt about deliveries; none where messages come back to their sender alone.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let Some(counts) = &record.deliveries else {
        return Vec::new();
    };
    let mut found = Vec::new();
    found.extend(conservation(counts));
    found.extend(missing(record, counts));
    found.extend(wrong(record, counts));
    found.extend(reordered(record, counts));
    found.extend(uncertain(record, counts));
    found.extend(reading(record, counts));
    found
}

/// Every delivery expected has one fate.
fn conservation(counts: &DeliveryCounts) -> Option<Doubt> {
    DeliveryCounts::FATES.breach(counts).map(Doubt::unconserved)
}

/// Deliveries that did not take place in time.
fn missing(record: &Record, counts: &DeliveryCounts) -> Option<Doubt> {
    let (severity, advice) = if record.plan.expect.promise.may_lose() {
        (Severity::Note, Text::from("as expected"))
    } else {
        let advice = text![
            "the server loses deliveries, or is later with them than the ",
            Field::Timeout,
            "; ",
            Field::Promise.with("at-most-once"),
            " where it promises no more",
        ];
        (Severity::Invalid, advice)
    };
    (counts.missing > 0).then(|| {
        let words = format!(
            "{} of {} deliveries did not come in time",
            count(counts.missing),
            count(counts.expected)
        );
        Doubt::new(Kind::Missing, severity, words, advice)
    })
}

/// Deliveries that are not what was to be delivered.
fn wrong(record: &Record, counts: &DeliveryCounts) -> Vec<Doubt> {
    let mut found = Vec::new();
    if counts.out_of_room > 0 {
        found.push(Doubt::new(
            Kind::OutOfRoom,
            Severity::Invalid,
            format!(
                "{} outside of their room",
                counted(counts.out_of_room, "delivery")
            ),
            "the server mixes up its rooms; see `errors` for the first",
        ));
    }
    if counts.corrupted > 0 {
        found.push(Doubt::new(
            Kind::Corrupted,
            Severity::Invalid,
            format!(
                "{} with other bytes or another opcode than were sent",
                counted(counts.corrupted, "delivery")
            ),
            text![
                "a server that writes texts anew is compared by tag alone with ",
                Field::Verify.with("none"),
            ],
        ));
    }
    if counts.duplicated > 0 {
        let (severity, advice) = if record.plan.expect.promise.may_repeat() {
            (Severity::Note, Text::from("as expected"))
        } else {
            let advice = text![
                "the server repeats itself; ",
                Field::Promise.with("at-least-once"),
                " where that is meant",
            ];
            (Severity::Invalid, advice)
        };
        let words = format!("{} made once more", counted(counts.duplicated, "delivery"));
        found.push(Doubt::new(Kind::Duplicated, severity, words, advice));
    }
    if counts.unasked > 0 {
        found.push(Doubt::new(
            Kind::Unasked,
            Severity::Doubtful,
            format!(
                "{} received that is no delivery of ours",
                counted(counts.unasked, "message")
            ),
            text![
                "greetings, acknowledgements or other users' messages: ",
                Field::Greeting,
                " takes what is meant",
            ],
        ));
    }
    found
}

/// Deliveries behind a later message of the same sender.
fn reordered(record: &Record, counts: &DeliveryCounts) -> Option<Doubt> {
    let (severity, advice) = if record.plan.expect.unordered {
        (Severity::Note, Text::from("as expected"))
    } else {
        let advice = text![
            "the server does not keep the order of a sender; ",
            Field::Unordered,
            " where that is meant",
        ];
        (Severity::Doubtful, advice)
    };
    (counts.reordered > 0).then(|| {
        let number = counted(counts.reordered, "delivery");
        let words = format!("{number} behind a later message of the same sender");
        Doubt::new(Kind::Reordered, severity, words, advice)
    })
}

/// Deliveries of which nobody can say whether they were to be made.
fn uncertain(record: &Record, counts: &DeliveryCounts) -> Option<Doubt> {
    (counts.uncertain > 0).then(|| {
        Doubt::new(
            Kind::Uncertain,
            Severity::Note,
            format!(
                "{} to receivers that joined or left meanwhile: neither expected nor missing",
                counted(counts.uncertain, "delivery")
            ),
            match record.plan.clients.sessions() {
                None => "see `errors` for why connections ended",
                Some(_) => "sessions come and go; the longer they stay, the fewer there are",
            },
        )
    })
}

/// The generator's own order of reading, as far as it is in the times.
fn reading(record: &Record, counts: &DeliveryCounts) -> Option<Doubt> {
    if counts.received > 0 && wait::waits(record).is_none() {
        return Some(Doubt::new(
            Kind::ReadingOrder,
            Severity::Doubtful,
            "deliveries are told by when they were read: the skew has the order of reading in it",
            "the kernel's times of receipt, where it gives them, take that out",
        ));
    }
    let share = counts.in_shared_reads as f64 / counts.received.max(1) as f64;
    (share > SHARED).then(|| {
        Doubt::new(
            Kind::ReadingOrder,
            Severity::Note,
            format!(
                "{} of the deliveries came in one read with later ones, by whose stamp they are told: \
                 late at most, never early",
                percent(share)
            ),
            text![
                "a lower ",
                Field::Arrival,
                " for each connection, or more ",
                Field::Threads,
            ],
        )
    })
}
