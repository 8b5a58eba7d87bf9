//! Checks of what was exchanged: do the messages add up, did the connections hold, were the
//! answers right. Not of how long anything took.

use wsbench_load::failure::FailureKind;
use wsbench_load::plan::{Matching, Verify};
use wsbench_load::series::Series;
use wsbench_load::tally::Phase;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Ended, Failure, Record};
use wsbench_record::units::{count, counted};
use wsbench_setting::{Field, Text, text};

use super::advice::how_to_run_longer;
use super::doubt::Doubt;
use super::{answers, failures, presence, share};
use crate::outcome::has_results;

/// Every doubt about the exchange.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let mut found = Vec::new();
    found.extend(ending(record));
    found.extend(conservation(record));
    found.extend(samples_kept(record));
    found.extend(answers::caveats(record));
    found.extend(unanswered(record));
    found.extend(never_answered(record));
    found.extend(connections(record));
    found.extend(unopened(record));
    found.extend(subprotocol(record));
    found.extend(failures::caveat(record));
    found.extend(looseness(record));
    found
}

/// Words of the first that failed.
fn first_words(record: &Record) -> String {
    record.errors.first().map_or_else(String::new, |error| {
        format!(
            "; first: {}",
            if error.example.is_empty() {
                &error.kind
            } else {
                &error.example
            }
        )
    })
}

/// Doubt about how the run ended, where that alone says what the figures are worth.
fn ending(record: &Record) -> Option<Doubt> {
    let first = first_words(record);
    match record.ended {
        Ended::Complete => None,
        Ended::Interrupted if !was_measured(record) => Some(Doubt::new(
            Kind::Interrupted,
            Severity::Invalid,
            "interrupted before anything was measured: there are no samples",
            "let it run on into its measurement, behind the connects and the warm-up",
        )),
        Ended::Interrupted => Some(Doubt::new(
            Kind::Interrupted,
            Severity::Note,
            format!(
                "interrupted after {} of measurement",
                wsbench_record::units::seconds(record.duration_s)
            ),
            "the figures cover what was measured until then",
        )),
        Ended::NothingConnected => Some(Doubt::new(
            Kind::NothingConnected,
            Severity::Invalid,
            format!(
                "none of {} {}{first}",
                counted(record.connections.asked, "connection"),
                match is_of_login(record) {
                    true => "was logged in",
                    false => "reached a WebSocket",
                }
            ),
            advice_for_none(record),
        )),
        Ended::ServerDied if is_local(record) => Some(Doubt::new(
            Kind::ServerDied,
            Severity::Invalid,
            format!("this machine opened no further connection, and the run was given up{first}"),
            text![
                "it is not the server: ports of closed connections wait a minute (TIME_WAIT); fewer ",
                Field::Clients,
                ", or more addresses to come from: ",
                Field::Sources,
            ],
        )),
        Ended::ServerDied if record.messages.answered == 0 && record.error_answers() > 0 => {
            Some(Doubt::new(
                Kind::ServerDied,
                Severity::Invalid,
                format!("every answer was an error and no connection stayed open{first}"),
                SEE_ITS_WORDS,
            ))
        }
        Ended::ServerDied if !has_results(record) => Some(Doubt::new(
            Kind::ServerDied,
            Severity::Invalid,
            format!("no connection lasted until an answer, and the run was given up{first}"),
            advice_by_words(record).unwrap_or_else(|| {
                "look at the server's log: does it take WebSocket connections here, and from us?"
                    .into()
            }),
        )),
        Ended::ServerDied => Some(Doubt::new(
            Kind::ServerDied,
            Severity::Invalid,
            format!("the server went away and stayed away{first}"),
            "look at the server's log; the figures end where it did",
        )),
    }
}

/// Advice where the server answers requests with errors.
const SEE_ITS_WORDS: &str = "the server refuses these requests: see `errors` for its words";

/// Advice that follows from what the server has said: before it closed, or by the code with which it did.
fn advice_by_words(record: &Record) -> Option<Text> {
    if speaks_first(record) {
        return Some(text![
            "the server speaks first and closes: where it awaits a login, a scenario with ",
            Field::Login,
            " says it; else look at its log",
        ]);
    }
    record.errors.iter().find_map(failures::closed_for)
}

/// True where the server said something of its own before it answered anything.
fn speaks_first(record: &Record) -> bool {
    let greeting = FailureKind::Greeting.name();
    record.errors.iter().any(|error| error.kind == greeting)
}

/// True where connections came about, and failed in the login.
fn is_of_login(record: &Record) -> bool {
    let first = record.errors.first();
    first.is_some_and(|error| error.phase == Phase::Login.name())
}

/// The advice where nothing connected. Whether somebody listens is the question only where no TCP
/// connection came about; what a server has refused says by itself what to do.
fn advice_for_none(record: &Record) -> Text {
    if is_of_login(record) {
        return "the server says something else than the login awaits, or nothing: see `errors`"
            .into();
    }
    let is_above_tcp = |error: &Failure| {
        [Phase::Tls, Phase::Handshake]
            .iter()
            .any(|phase| error.phase == phase.name())
    };
    if record.errors.first().is_some_and(is_above_tcp) {
        return Text::default();
    }
    format!("is the server listening at {}?", record.plan.target.url()).into()
}

/// True where it was this machine that failed, and not the server: it had no ports, descriptors or
/// memory left.
fn is_local(record: &Record) -> bool {
    let local = record
        .errors
        .iter()
        .filter(|error| error.phase == Phase::Local.name());
    let local = local.map(|error| error.count).max();
    let others = record
        .errors
        .iter()
        .filter(|error| error.phase == Phase::Connect.name());
    local > others.map(|error| error.count).max()
}

/// True where the window held anything by which the server could be judged.
fn was_measured(record: &Record) -> bool {
    record.messages.sent > 0 || record.messages.due > 0 || has_results(record)
}

/// Every message sent has exactly one fate.
fn conservation(record: &Record) -> Option<Doubt> {
    let messages = &record.messages;
    (!messages.is_conserved()).then(|| {
        Doubt::unconserved(format!(
            "{} sent, but {} answered + {} timed out + {} failed + {} in flight + {} that nobody \
             answers make {}",
            count(messages.sent),
            count(messages.answered),
            count(messages.timed_out),
            count(messages.failed),
            count(messages.in_flight_at_end),
            count(messages.unawaited),
            messages.accounted(),
        ))
    })
}

/// Every right answer is a sample: none lost, none invented.
fn samples_kept(record: &Record) -> Option<Doubt> {
    if let Some(deliveries) = &record.deliveries {
        let spans = record.at(Series::Delivery);
        let sampled = spans.count.saturating_sub(spans.censored);
        // Those between agents are in a series of their own, which has no negative times and is left out
        // where the clocks are not known well enough.
        let kept = sampled.saturating_add(deliveries.between_agents);
        return (kept < deliveries.received).then(|| {
            Doubt::unconserved(format!(
                "{} received, but {} were kept",
                count(deliveries.received),
                counted(kept, "delivery time"),
            ))
        });
    }
    let answered = record.messages.answered;
    // Response times hold the messages that were never answered, too: as a censored tail.
    let sampled = record
        .at(Series::Response)
        .count
        .saturating_sub(record.at(Series::Response).censored);
    (answered != sampled || record.at(Series::Service).count != sampled).then(|| {
        Doubt::unconserved(format!(
            "{} answered, but {} and {} were kept",
            count(answered),
            counted(sampled, "response time"),
            counted(record.at(Series::Service).count, "service time"),
        ))
    })
}

/// Messages that were still open at their deadline or at the end: the tail is cut off there.
fn unanswered(record: &Record) -> Option<Doubt> {
    let messages = &record.messages;
    if !record.plan.clients.exchange.flow.is_answered() {
        return None;
    }
    if messages.answered == 0 {
        // With no connection there is nothing further to say about answers, nor where the run was
        // interrupted before any was awaited.
        let was_asked = messages.sent > 0 || record.ended != Ended::Interrupted;
        let was_there = messages.sent > 0 || record.connections.upgraded > 0;
        if record.deliveries.is_some() && was_asked && was_there {
            return Some(Doubt::new(
                Kind::NothingAnswered,
                Severity::Invalid,
                format!(
                    "none of {} reached all of its receivers",
                    counted(messages.sent, "message")
                ),
                "does the server send what it gets to all its connections? see `errors`",
            ));
        }
        // Where it has closed with words of its own, they say more than that nothing came.
        let is_told = record.errors.iter().any(|error| error.code.is_some());
        let first = match is_told {
            true => first_words(record),
            false => String::new(),
        };
        return (was_asked && was_there).then(|| {
            Doubt::new(
                Kind::NothingAnswered,
                Severity::Invalid,
                match record.pongs_unasked {
                    _ if record.error_answers() > 0 => format!(
                        "none of {} was answered without an error",
                        counted(messages.sent, "message")
                    ),
                    None => format!(
                        "none of {} was answered{first}",
                        counted(messages.sent, "message")
                    ),
                    Some(pongs) => format!(
                        "none of {} was answered; {} came that answer no ping, and a pong is no echo",
                        counted(messages.sent, "message"),
                        counted(pongs, "pong"),
                    ),
                },
                if record.error_answers() > 0 {
                    SEE_ITS_WORDS.into()
                } else if is_told {
                    advice_by_words(record).unwrap_or_else(|| {
                        "the server turned connections away: see `errors` for its words".into()
                    })
                } else if let Some(items) = record.items.filter(|items| items.received > 0) {
                    text![
                        format!("{} came, and no end: ", counted(items.received, "item")),
                        Field::End,
                        " says what the last answer to a request has; or give it more time, ",
                        Field::Timeout,
                    ]
                } else if record.acks.is_some() {
                    "does the server acknowledge messages in this form? see `errors` for what came".into()
                } else {
                    "is the server an echo server, and is the path of the URL right?".into()
                },
            )
        });
    }
    let open = messages.timed_out.saturating_add(messages.in_flight_at_end);
    (open > 0).then(|| {
        Doubt::new(
            Kind::Unanswered,
            Severity::Doubtful,
            format!(
                "{} timed out and {} in flight at the end: longer than they had waited",
                count(messages.timed_out),
                count(messages.in_flight_at_end),
            ),
            text![
                "read the percentiles as lower bounds; less load, or a greater ",
                Field::Timeout,
            ],
        )
    })
}

/// Connections that were upgraded and never once answered.
fn never_answered(record: &Record) -> Option<Doubt> {
    let connections = &record.connections;
    let silent = connections.never_answered;
    // That no message was answered is said by itself.
    (silent > 0 && record.messages.answered > 0).then(|| {
        let advice = if silent >= connections.upgraded {
            Text::from("look at the server's log")
        } else {
            text![
                "the others carried the load; fewer connections ",
                Field::Connections.brief(),
                ", or look at the server",
            ]
        };
        // Of one that was opened in the place of another, being cut off at once is part of what ended
        // the other. One that was held from the beginning starved.
        let was_cut =
            connections.replaced > 0 && !share::is_too_much(record, silent, connections.upgraded);
        let severity = if was_cut {
            Severity::Doubtful
        } else {
            Severity::Invalid
        };
        Doubt::new(
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
fn connections(record: &Record) -> Option<Doubt> {
    let connections = &record.connections;
    if record.ended == Ended::NothingConnected {
        return None;
    }
    if connections.upgraded == 0 {
        return Some(Doubt::new(
            Kind::NothingConnected,
            Severity::Invalid,
            format!(
                "none of {} reached a WebSocket",
                counted(connections.asked, "connection")
            ),
            format!("is {} a WebSocket endpoint?", record.plan.target.url()),
        ));
    }
    // In the replacement model connections end when their client is done: how many are alive at
    // the end says nothing, how many clients finished does.
    if record.plan.replaces_clients() {
        return unfinished_clients(record);
    }
    // So many as are due come. Those that carry the load are held, where others come and go beside them.
    if record.sessions.is_some() && record.plan.clients.churn.is_none() {
        return None;
    }
    if let Some(doubt) = record.returns.as_ref().and_then(presence::away) {
        return Some(doubt);
    }
    if let Some(words) = share::connections(record).filter(|_| record.returns.is_none()) {
        let replaced = || {
            text![
                Field::Clients,
                " measures connections that are replaced; ",
                Field::ToleratedFailures,
                " takes their end as it is",
            ]
        };
        let advice = failures::cut_when_idle(record).unwrap_or_else(replaced);
        return Some(Doubt::new(
            Kind::Connections,
            Severity::Invalid,
            words,
            advice,
        ));
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
    // A connection that the server has just ended is opened again at once: how many are open at one
    // moment is chance, unless the server cannot be reached any more.
    let severity = if connections.alive_at_end == 0 && is_out_of_reach(record) {
        Severity::Invalid
    } else {
        Severity::Doubtful
    };
    Some(Doubt::new(
        Kind::Connections,
        severity,
        words,
        "the load was less than asked for; see `errors` for why",
    ))
}

/// Those that come by a schedule and were not open in time, of a run in which anything was.
fn unopened(record: &Record) -> Option<Doubt> {
    let is_anything = record.ended != Ended::NothingConnected && record.connections.upgraded > 0;
    presence::unopened(record).filter(|_| is_anything)
}

/// True where the server was gone at the end: none of the connections was open and opening one has
/// failed, and not for want of something on this machine. That none was open by itself is chance: one
/// that the server has just ended is opened again at once.
#[must_use]
pub fn is_server_gone(record: &Record) -> bool {
    let is_out = record.connections.alive_at_end == 0 && is_out_of_reach(record);
    (is_out || record.ended == Ended::ServerDied) && !is_local(record)
}

/// True where opening a connection has failed.
fn is_out_of_reach(record: &Record) -> bool {
    let opening = [
        Phase::Local,
        Phase::Connect,
        Phase::Proxy,
        Phase::Tls,
        Phase::Handshake,
    ];
    let mut failed = record.errors.iter();
    failed.any(|error| opening.iter().any(|phase| error.phase == phase.name()))
}

/// Connections on which the server chose none of the subprotocols, as it may (RFC 6455 section
/// 4.2.2): what is said on them is said in another protocol, or in none.
fn subprotocol(record: &Record) -> Option<Doubt> {
    let without = record.connections.without_subprotocol;
    (without > 0).then(|| {
        Doubt::new(
            Kind::Subprotocol,
            Severity::Note,
            format!(
                "the server chose none of the subprotocols offered ({}) on {} of {}",
                record.plan.upgrade.subprotocols.join(", "),
                count(without),
                counted(record.connections.upgraded, "connection")
            ),
            text![
                "does it know them by these names? (",
                Field::Subprotocols,
                ")",
            ],
        )
    })
}

/// Clients of the replacement model that did not make all their round trips.
fn unfinished_clients(record: &Record) -> Option<Doubt> {
    let clients = record.plan.clients_in_all()?;
    let completed = record.connections.clients_completed;
    (completed < clients && record.ended == Ended::Complete).then(|| {
        let severity = if share::is_too_much(record, clients - completed, clients) {
            Severity::Invalid
        } else {
            Severity::Doubtful
        };
        Doubt::new(
            Kind::Connections,
            severity,
            format!(
                "{} of {} made all their round trips",
                count(completed),
                counted(clients, "client")
            ),
            "see `errors` for what stopped the others",
        )
    })
}

/// Options that look less closely than the default does.
fn looseness(record: &Record) -> Vec<Doubt> {
    let mut found = Vec::new();
    let compared = match record.plan.clients.exchange.verify {
        _ if record.plan.clients.exchange.request.is_some() => None,
        _ if record.plan.clients.exchange.is_answered_by_acks() => None,
        Verify::Full => None,
        Verify::Contains => Some("answers were searched for what was sent, and may hold more"),
        Verify::Length => Some("only the length and opcode of answers were compared"),
        Verify::None => Some("answers were not compared with what was sent"),
    };
    if let Some(words) = compared {
        found.push(Doubt::new(
            Kind::Verification,
            Severity::Note,
            words,
            text![Field::Verify.with("full"), " compares every byte"],
        ));
    }
    if record.plan.clients.exchange.matching() == Matching::Order {
        found.push(Doubt::new(
            Kind::Matching,
            Severity::Note,
            "answers were matched in order: the messages carry no tag",
            text![
                "a generated payload of ",
                Field::MaxSize.with("22"),
                " or more (16 with ",
                Field::Encoding.with("binary"),
                ") is matched by identity",
            ],
        ));
    }
    if record.plan.clients.exchange.matching() == Matching::Turn {
        found.push(Doubt::new(
            Kind::Matching,
            Severity::Note,
            "answers were taken in the order of the requests: what says so is the server's promise alone",
            text![Field::Request, " knows answers by the number of their request, where they have one"],
        ));
    }
    let answered = record.messages.answered;
    let needed = wsbench_record::document::Percentile::P99.samples_needed();
    if answered > 0 && answered < needed {
        found.push(Doubt::new(
            Kind::Samples,
            Severity::Note,
            format!(
                "{}: p99 is not known below {}",
                counted(answered, "sample"),
                count(needed)
            ),
            how_to_run_longer(record),
        ));
    }
    found
}
