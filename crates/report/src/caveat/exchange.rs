//! Checks of what was exchanged: do the messages add up, did the connections hold, were the
//! answers right. Not of how long anything took.

use super::{Caveat, Kind, Severity, how_to_run_longer};
use crate::document::{Document, Ended, Matching, Verify};
use crate::units::{count, counted};

/// What to do when the figures contradict each other: no server can bring that about.
const REPORT_FAULT: &str = "this is a fault of wsbench: please report it with this document";

/// Every doubt about the exchange.
pub(super) fn caveats(document: &Document) -> Vec<Caveat> {
    let mut found = Vec::new();
    found.extend(ending(document));
    found.extend(conservation(document));
    found.extend(samples_kept(document));
    found.extend(wrong_answers(document));
    found.extend(unanswered(document));
    found.extend(never_answered(document));
    found.extend(connections(document));
    found.extend(failures(document));
    found.extend(looseness(document));
    found
}

/// How the run ended, where that alone says what the figures are worth.
fn ending(document: &Document) -> Option<Caveat> {
    let first = document.errors.first().map_or_else(String::new, |error| {
        format!(
            "; first: {}",
            if error.example.is_empty() {
                &error.kind
            } else {
                &error.example
            }
        )
    });
    match document.ended {
        Ended::Complete => None,
        Ended::Interrupted => Some(Caveat::new(
            Kind::Interrupted,
            Severity::Note,
            format!(
                "interrupted after {} of measurement",
                crate::units::seconds(document.duration_s)
            ),
            "the figures cover what was measured until then",
        )),
        Ended::NothingConnected => Some(Caveat::new(
            Kind::NothingConnected,
            Severity::Invalid,
            format!(
                "none of {} reached a WebSocket{first}",
                counted(document.connections.asked, "connection")
            ),
            format!("is the server listening at {}?", document.plan.url),
        )),
        Ended::ServerDied if document.messages.answered == 0 => Some(Caveat::new(
            Kind::ServerDied,
            Severity::Invalid,
            format!("no connection lasted until an answer, and the run was given up{first}"),
            "look at the server's log: does it take WebSocket connections here, and from us?",
        )),
        Ended::ServerDied => Some(Caveat::new(
            Kind::ServerDied,
            Severity::Invalid,
            format!("the server went away and stayed away{first}"),
            "look at the server's log; the figures end where it did",
        )),
    }
}

/// Every message sent has exactly one fate.
fn conservation(document: &Document) -> Option<Caveat> {
    let messages = &document.messages;
    (u128::from(messages.sent) != messages.accounted()).then(|| {
        Caveat::new(
            Kind::Conservation,
            Severity::Invalid,
            format!(
                "{} sent, but {} answered + {} timed out + {} failed + {} in flight make {}",
                count(messages.sent),
                count(messages.answered),
                count(messages.timed_out),
                count(messages.failed),
                count(messages.in_flight_at_end),
                messages.accounted(),
            ),
            REPORT_FAULT,
        )
    })
}

/// Every right answer is a sample: none lost, none invented.
fn samples_kept(document: &Document) -> Option<Caveat> {
    let answered = document.messages.answered;
    // Response times hold the messages that were never answered, too: as a censored tail.
    let sampled = document
        .response_ns
        .count
        .saturating_sub(document.response_ns.censored);
    (answered != sampled || document.service_ns.count != sampled).then(|| {
        Caveat::new(
            Kind::Conservation,
            Severity::Invalid,
            format!(
                "{} answered, but {} and {} were kept",
                count(answered),
                counted(sampled, "response time"),
                counted(document.service_ns.count, "service time"),
            ),
            REPORT_FAULT,
        )
    })
}

/// Answers that are not what an echo is.
fn wrong_answers(document: &Document) -> Vec<Caveat> {
    let messages = &document.messages;
    let checks = [
        (
            messages.corrupted,
            Kind::Corrupted,
            Severity::Invalid,
            "came back with other bytes or another opcode",
            "is the server an echo server? see `errors` for the first one",
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
        (
            messages.unasked,
            Kind::Unasked,
            Severity::Invalid,
            "received in answer to nothing sent on that connection",
            "does the server greet, broadcast or cross its connections?",
        ),
        (
            messages.reordered,
            Kind::Reordered,
            Severity::Invalid,
            "answered after a later one",
            "the server does not keep the order of a connection",
        ),
    ];
    checks
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, kind, severity, words, advice)| {
            let message = format!("{} {words}", counted(number, "message"));
            Caveat::new(kind, severity, message, advice)
        })
        .collect()
}

/// Messages that were still open at their deadline or at the end: the tail is cut off there.
fn unanswered(document: &Document) -> Option<Caveat> {
    let messages = &document.messages;
    if messages.answered == 0 {
        // With no connection there is nothing further to say about answers, nor where the run was
        // interrupted before any was awaited.
        let was_asked = messages.sent > 0 || document.ended != Ended::Interrupted;
        let was_there = messages.sent > 0 || document.connections.upgraded > 0;
        return (was_asked && was_there).then(|| {
            Caveat::new(
                Kind::NothingAnswered,
                Severity::Invalid,
                format!("none of {} was answered", counted(messages.sent, "message")),
                "is the server an echo server, and is the path of the URL right?",
            )
        });
    }
    let open = messages.timed_out.saturating_add(messages.in_flight_at_end);
    (open > 0).then(|| {
        Caveat::new(
            Kind::Unanswered,
            Severity::Doubtful,
            format!(
                "{} timed out and {} in flight at the end: longer than they had waited",
                count(messages.timed_out),
                count(messages.in_flight_at_end),
            ),
            "read the percentiles as lower bounds; less load, or a greater --timeout",
        )
    })
}

/// Connections that were upgraded and never once answered.
fn never_answered(document: &Document) -> Option<Caveat> {
    let connections = &document.connections;
    let silent = connections.never_answered;
    (silent > 0).then(|| {
        let (severity, advice) = if silent >= connections.upgraded {
            (Severity::Invalid, "look at the server's log")
        } else {
            (
                Severity::Invalid,
                "the others carried the load; fewer connections -c, or look at the server",
            )
        };
        Caveat::new(
            Kind::NeverAnswered,
            severity,
            format!(
                "{} of {} were never answered",
                count(silent),
                counted(connections.upgraded, "connection")
            ),
            advice,
        )
    })
}

/// Fewer connections than asked for, at the beginning or at the end.
fn connections(document: &Document) -> Option<Caveat> {
    let connections = &document.connections;
    if document.ended == Ended::NothingConnected {
        return None;
    }
    if connections.upgraded == 0 {
        return Some(Caveat::new(
            Kind::NothingConnected,
            Severity::Invalid,
            format!(
                "none of {} reached a WebSocket",
                counted(connections.asked, "connection")
            ),
            format!("is {} a WebSocket endpoint?", document.plan.url),
        ));
    }
    // In the replacement model connections end when their client is done: how many are alive at
    // the end says nothing, how many clients finished does.
    if document.plan.replaces_clients() {
        return unfinished_clients(document);
    }
    let words = if connections.upgraded < connections.asked {
        format!(
            "{} of {} were upgraded",
            count(connections.upgraded),
            counted(connections.asked, "connection")
        )
    } else if connections.alive_at_end < connections.asked {
        format!(
            "{} of {} were alive at the end",
            count(connections.alive_at_end),
            counted(connections.asked, "connection")
        )
    } else {
        return None;
    };
    let severity = if connections.alive_at_end == 0 {
        Severity::Invalid
    } else {
        Severity::Doubtful
    };
    Some(Caveat::new(
        Kind::Connections,
        severity,
        words,
        "the load was less than asked for; see `errors` for why",
    ))
}

/// Clients of the replacement model that did not make all their round trips.
fn unfinished_clients(document: &Document) -> Option<Caveat> {
    let crate::document::StopRule::Clients { clients, .. } = document.plan.stop else {
        return None;
    };
    let completed = document.connections.clients_completed;
    (completed < clients && document.ended == Ended::Complete).then(|| {
        Caveat::new(
            Kind::Connections,
            Severity::Doubtful,
            format!(
                "{} of {} made all their round trips",
                count(completed),
                counted(clients, "client")
            ),
            "see `errors` for what stopped the others",
        )
    })
}

/// Failures by kind, named with their counts.
fn failures(document: &Document) -> Option<Caveat> {
    const NAMED: usize = 3;
    let failed = document.messages.failed;
    if document.ended == Ended::NothingConnected || (document.errors.is_empty() && failed == 0) {
        return None;
    }
    let mut words: Vec<String> = document
        .errors
        .iter()
        .take(NAMED)
        .map(|error| format!("{} × {} {}", count(error.count), error.phase, error.kind))
        .collect();
    if document.errors.len() > NAMED {
        words.push(counted(
            (document.errors.len() - NAMED) as u64,
            "other kind",
        ));
    }
    if document.errors.is_empty() {
        words.push(format!("{}, of no kind named", counted(failed, "message")));
    }
    Some(Caveat::new(
        Kind::Failures,
        Severity::Doubtful,
        format!("failures: {}", words.join(", ")),
        "latencies are of what succeeded; the first of each kind is under errors",
    ))
}

/// Options that look less closely than the default does.
fn looseness(document: &Document) -> Vec<Caveat> {
    let mut found = Vec::new();
    let compared = match document.plan.verify {
        Verify::Full => None,
        Verify::Length => Some("only the length and opcode of answers were compared"),
        Verify::None => Some("answers were not compared with what was sent"),
    };
    if let Some(words) = compared {
        found.push(Caveat::new(
            Kind::Verification,
            Severity::Note,
            words,
            "--verify full compares every byte",
        ));
    }
    if document.plan.matched_by == Matching::Order {
        found.push(Caveat::new(
            Kind::Matching,
            Severity::Note,
            "answers were matched in order: the messages carry no tag",
            "a generated payload of --size 22 or more (16 with --binary) is matched by identity",
        ));
    }
    let answered = document.messages.answered;
    let needed = crate::document::Percentile::P99.samples_needed();
    if answered > 0 && answered < needed {
        found.push(Caveat::new(
            Kind::Samples,
            Severity::Note,
            format!(
                "{}: p99 is not known below {}",
                counted(answered, "sample"),
                count(needed)
            ),
            how_to_run_longer(document),
        ));
    }
    found
}
