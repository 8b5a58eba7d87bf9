//! Checks of acknowledgements: was each message acknowledged, once and in time. And of what comes where
//! none is awaited.

use wsbench_load::plan::Flow;
use wsbench_load::tally::AckCounts;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::Record;
use wsbench_record::units::{count, counted};
use wsbench_setting::{Field, Text, text};

use super::doubt::Doubt;
use super::share;

/// Every doubt about acknowledgements.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let Some(counts) = &record.acks else {
        return unawaited(record).into_iter().collect();
    };
    let none = none_came(record, counts);
    let some = match none {
        Some(_) => [None, None],
        None => [missing(record, counts), in_flight(record, counts)],
    };
    let found = [conservation(counts), none, unasked(counts)];
    found.into_iter().chain(some).flatten().collect()
}

/// What to look at where a server seems to acknowledge nothing.
fn wrong_form() -> Text {
    text![
        "does the server confirm messages in this form? ",
        Field::Ack,
        " says which message does"
    ]
}

/// No acknowledgement at all, whether its time was over or the run was. Where nothing else answers messages
/// they are told of as unanswered.
fn none_came(record: &Record, counts: &AckCounts) -> Option<Doubt> {
    let is_told = record.plan.clients.exchange.is_answered_by_acks();
    if counts.received > 0 || counts.awaited == 0 || is_told {
        return None;
    }
    let words = format!(
        "none of {} was acknowledged",
        counted(counts.awaited, "message")
    );
    let severity = match record.plan.expect.promise.may_lose() {
        true => Severity::Doubtful,
        false => Severity::Invalid,
    };
    Some(Doubt::new(Kind::NoAck, severity, words, wrong_form()))
}

/// Every acknowledgement awaited has one fate.
fn conservation(counts: &AckCounts) -> Option<Doubt> {
    AckCounts::FATES.breach(counts).map(Doubt::unconserved)
}

/// Messages that were not acknowledged. Where nothing else answers them they are told of as unanswered.
fn missing(record: &Record, counts: &AckCounts) -> Option<Doubt> {
    if counts.missing == 0 || record.plan.clients.exchange.is_answered_by_acks() {
        return None;
    }
    let words = format!(
        "{} of {} were not acknowledged in time",
        count(counts.missing),
        counted(counts.awaited, "message")
    );
    if record.plan.expect.promise.may_lose() {
        let advice = "as expected";
        return Some(Doubt::new(Kind::NoAck, Severity::Note, words, advice));
    }
    let severity = match share::is_too_much(record, counts.missing, counts.awaited) {
        true => Severity::Invalid,
        false => Severity::Doubtful,
    };
    let advice = text![
        "the server does not confirm all that it gets, or later than the ",
        Field::Timeout
    ];
    Some(Doubt::new(Kind::NoAck, severity, words, advice))
}

/// Acknowledgements that were still out when the run was over: more than may be missing are as good as
/// missing.
fn in_flight(record: &Record, counts: &AckCounts) -> Option<Doubt> {
    let out = counts.in_flight_at_end;
    let severity = match share::is_too_much(record, out, counts.awaited) {
        true => Severity::Doubtful,
        false => Severity::Note,
    };
    (out > 0).then(|| {
        let words = format!(
            "{} still out at the end: longer than they had waited",
            counted(out, "acknowledgement")
        );
        let advice = text!["less load, or a longer run"];
        Doubt::new(Kind::NoAck, severity, words, advice)
    })
}

/// Acknowledgements of nothing that was out.
fn unasked(counts: &AckCounts) -> Option<Doubt> {
    (counts.unasked > 0).then(|| {
        let words = format!(
            "{} came again, too late or for nothing",
            counted(counts.unasked, "acknowledgement")
        );
        let advice = "without {seq}, {n} or {tag} in it an acknowledgement is taken for that of the \
                      oldest message of its connection";
        Doubt::new(Kind::Duplicated, Severity::Doubtful, words, advice)
    })
}

/// Messages that came although none was awaited. Of what was sent they may be acknowledgements; where
/// nothing was, the server spoke by itself.
fn unawaited(record: &Record) -> Option<Doubt> {
    let messages = &record.messages;
    let (number, words, advice): (u64, &str, Text) = match record.plan.clients.exchange.flow {
        Flow::Oneway => (
            messages.received_in_window,
            "came, which nobody awaited: answers, acknowledgements or the server's own",
            text![
                "where they acknowledge what was sent, ",
                Field::Ack,
                " times them"
            ],
        ),
        Flow::Idle | Flow::Storm => (
            messages.unasked,
            "came, though nothing was asked",
            text![
                "the server greets, or sends by itself: ",
                Field::Flow.with("push"),
                " is about that"
            ],
        ),
        Flow::Answered | Flow::Push(_) => return None,
    };
    (number > 0).then(|| {
        let words = format!("{} {words}", counted(number, "message"));
        Doubt::new(Kind::Unasked, Severity::Note, words, advice)
    })
}
