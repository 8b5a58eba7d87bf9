//! Answers that are not what an echo is, and messages that answer nothing.

use wsbench_load::failure::FailureKind;
use wsbench_load::tally::Phase;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Failure, Record};
use wsbench_record::units::counted;
use wsbench_setting::{Field, Text, text};

use super::doubt::Doubt;

/// Answers that are not what an echo is.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let messages = &record.messages;
    let checks = [
        (
            messages.corrupted,
            Kind::Corrupted,
            Severity::Invalid,
            "came back with other bytes or another opcode",
            "is the server an echo server?",
        ),
        (
            messages.lost,
            Kind::Lost,
            Severity::Invalid,
            "never answered although later ones on the connection were",
            "the server drops messages: its speed is not that of an echo",
        ),
        (
            messages.duplicated,
            Kind::Duplicated,
            Severity::Invalid,
            "answered more than once",
            "the server repeats itself, or several clients share its room",
        ),
    ];
    let wrong = checks.into_iter().filter(|(number, ..)| *number > 0);
    let wrong = wrong.map(|(number, kind, severity, words, advice)| {
        let first = match kind {
            Kind::Corrupted => first_wrong(record),
            _ => String::new(),
        };
        let message = format!("{} {words}{first}", counted(number, "message"));
        Doubt::new(kind, severity, message, advice)
    });
    wrong
        .chain(unasked(record))
        .chain(reordered(record))
        .collect()
}

/// The first wrong answer as it was booked, with what is told about it; empty where none was kept.
fn first_wrong(record: &Record) -> String {
    let wrong = [
        FailureKind::WrongLength,
        FailureKind::WrongBytes,
        FailureKind::WrongOpcode,
        FailureKind::MergedAnswers,
        FailureKind::SplitAnswer,
        FailureKind::InvalidUtf8,
    ];
    let is_wrong = |error: &&Failure| {
        error.phase == Phase::Answers.name() && wrong.iter().any(|kind| error.kind == kind.name())
    };
    match record.errors.iter().find(is_wrong) {
        Some(error) if !error.example.is_empty() => format!("; first: {}", error.example),
        _ => String::new(),
    }
}

/// Messages that answer nothing. The server's own traffic, which no request is settled by, leaves the
/// answers what they are; messages of other connections do not.
fn unasked(record: &Record) -> Option<Doubt> {
    let exchange = &record.plan.clients.exchange;
    if !exchange.flow.is_answered() {
        return None; // nothing was asked, so nothing could be answered
    }
    let number = record.messages.unasked;
    let own = [FailureKind::Untagged, FailureKind::Greeting].map(FailureKind::name);
    let errors = record.errors.iter();
    let own = errors.filter(|error| own.contains(&error.kind.as_str()));
    let is_own = own.map(|error| error.count).sum::<u64>() >= number;
    let message = format!(
        "{} received in answer to nothing sent on that connection",
        counted(number, "message")
    );
    let (severity, advice) = if is_own {
        let advice = text![
            "the server greets, or sends heartbeats or broadcasts: ",
            Field::Greeting,
            " takes what is meant; where it awaits a login, a scenario with ",
            Field::Login,
            " says it",
        ];
        (Severity::Doubtful, advice)
    } else {
        let advice = "does the server greet, broadcast or cross its connections?";
        (Severity::Invalid, advice.into())
    };
    (number > 0).then(|| Doubt::new(Kind::Unasked, severity, message, advice))
}

/// Answers in another order than their messages. A server that works on several messages of a
/// connection at a time does so by design; then it is worth a note and no more.
fn reordered(record: &Record) -> Option<Doubt> {
    let number = record.messages.reordered;
    let is_request = record.plan.clients.exchange.request.is_some();
    let (severity, advice) = if is_request {
        (
            Severity::Note,
            Text::from("requests may be answered in any order"),
        )
    } else if record.plan.expect.unordered {
        (Severity::Note, Text::from("as expected"))
    } else {
        let advice = text![
            "the server does not keep the order of a connection; ",
            Field::Unordered,
            " where that is meant",
        ];
        (Severity::Invalid, advice)
    };
    let message = format!("{} answered after a later one", counted(number, "message"));
    (number > 0).then(|| Doubt::new(Kind::Reordered, severity, message, advice))
}
