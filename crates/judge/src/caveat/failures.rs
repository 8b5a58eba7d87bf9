//! What failed, by kind: named with its counts, and with what follows from the words and the ways in
//! which servers end connections.

use wsbench_load::failure::FailureKind;
use wsbench_load::tally::Phase;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Ended, Failure, Record};
use wsbench_record::units::{count, counted, seconds};
use wsbench_setting::{Field, Text, text};

use super::doubt::Doubt;
use super::share;

/// Failures by kind, named with their counts.
pub(super) fn caveat(record: &Record) -> Option<Doubt> {
    const NAMED: usize = 3;
    let failed = share::failed(record);
    let share = share::messages(record);
    let errors: Vec<&Failure> = record
        .errors
        .iter()
        .filter(|error| !is_as_promised(record, error))
        .collect();
    let is_nothing = errors.is_empty() && failed == 0 && share.is_none();
    if record.ended == Ended::NothingConnected || is_nothing {
        return None;
    }
    let mut words: Vec<String> = errors
        .iter()
        .take(NAMED)
        .map(|error| {
            let code = error
                .code
                .map_or_else(String::new, |code| format!(" {code}"));
            format!(
                "{} × {} {}{code}",
                count(error.count),
                error.phase,
                error.kind
            )
        })
        .collect();
    if errors.len() > NAMED {
        words.push(counted((errors.len() - NAMED) as u64, "other kind"));
    }
    if errors.is_empty() {
        let unnamed = failed.max(share::timed_out(record));
        words.push(format!("{}, of no kind named", counted(unnamed, "message")));
    }
    let named = words.join(", ");
    Some(match share {
        Some(share) => Doubt::new(
            Kind::Failures,
            Severity::Invalid,
            format!("{share}: {named}"),
            text![
                "times are of what succeeded; mend what is under errors, or ",
                Field::ToleratedFailures,
                " where so many are expected",
            ],
        ),
        None if failed == 0 && are_slow_readers(record, &errors) => Doubt::new(
            Kind::Failures,
            Severity::Note,
            format!("slow readers were ended: {named}"),
            "the server parts with who reads slowly; the figures are of the others",
        ),
        None => Doubt::new(
            Kind::Failures,
            Severity::Doubtful,
            format!("failures: {named}"),
            match record
                .errors
                .iter()
                .find_map(closed_for)
                .or_else(|| cut_when_idle(record))
            {
                Some(advice) => advice,
                None => {
                    "latencies are of what succeeded; the first of each kind is under errors".into()
                }
            },
        ),
    })
}

/// True of messages that did not come to all, or came twice, where the server promises no more.
fn is_as_promised(record: &Record, error: &Failure) -> bool {
    let may_come_twice = record.deliveries.is_some() && record.plan.expect.promise.may_repeat();
    let is_so = |kind: FailureKind| error.kind == kind.name();
    error.phase == Phase::Answers.name()
        && (share::may_lack_receivers(record) && is_so(FailureKind::TimedOut)
            || may_come_twice && is_so(FailureKind::Duplicated))
}

/// True where all that failed are connections of slow readers, which a server may well end.
fn are_slow_readers(record: &Record, errors: &[&Failure]) -> bool {
    let lost = record.slow.map_or(0, |slow| slow.lost);
    let ended = |error: &&Failure| (error.phase == Phase::Close.name()).then_some(error.count);
    lost > 0 && errors.iter().map(ended).sum::<Option<u64>>() == Some(lost)
}

/// What follows from the code with which the server has closed.
pub(super) fn closed_for(failure: &Failure) -> Option<Text> {
    let code = failure
        .code
        .filter(|_| failure.phase == Phase::Close.name())?;
    Some(match code {
        1003 => text![
            "the server does not take these messages: try ",
            Field::Encoding
        ],
        1007 => "the server takes the messages for no UTF-8: look at its log".into(),
        1008 => text![
            "the server's policy forbids it: check ",
            Field::Origin,
            " and the credentials ",
            Field::Credentials,
        ],
        1009 => text![
            "the messages are too large for the server: a smaller ",
            Field::MaxSize.brief()
        ],
        1011 => "the server failed within: look at its log".into(),
        1012 | 1013 => text![
            "the server is overloaded or starts anew: fewer ",
            Field::Connections.brief(),
            ", or a lower ",
            Field::ConnectRate,
        ],
        _ => return None,
    })
}

/// What follows where connections end that are idle for a second and more at a time.
pub(super) fn cut_when_idle(record: &Record) -> Option<Text> {
    const IDLE_S: f64 = 1.0;
    let clients = &record.plan.clients;
    let rate_per_s = record.asked_messages_per_s?;
    let idle_s = f64::from(clients.connections) / rate_per_s;
    let is_cut = |error: &Failure| {
        [FailureKind::FinWithoutClose, FailureKind::Reset]
            .iter()
            .any(|kind| error.kind == kind.name() && error.phase == Phase::Close.name())
    };
    let is_so = record.pings.is_none() && idle_s >= IDLE_S;
    (is_so && record.errors.iter().any(is_cut)).then(|| {
        text![
            format!(
                "a connection is idle for {} at a time here, and is cut: ",
                seconds(idle_s)
            ),
            Field::KeepAlive,
            " keeps it busy, or raise the limit of the server or of the proxy before it",
        ]
    })
}
