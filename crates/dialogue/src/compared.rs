//! What came beside what was awaited.

use wsbench_wire::connection::MessageKind;

use crate::{ConnectionEnd, Expectation, Pattern, ReceivedMessage, Seen, Upshot, words};

/// Meaning of a thing that came to the step that awaits one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It is what was awaited.
    Met,
    /// It is, but not as it should be.
    MetWith(String),
    /// It is neither what was awaited nor wrong.
    PassedOver,
    /// It decides the dialogue.
    Over(Upshot),
}

fn failed(words: impl Into<String>) -> Compared {
    Compared::Over(Upshot::Failed(words.into()))
}

/// Compares a thing that came with what is awaited.
#[must_use]
pub fn compare(expect: &Expectation, seen: &Seen) -> Compared {
    if let Seen::Violation(words) = seen {
        return failed(words);
    }
    match expect {
        Expectation::Message(kind, pattern) => message(*kind, pattern, seen),
        Expectation::MessageOfNoise(kind, noise) => {
            let packed_in = match seen {
                Seen::Message(message) => message.packed_in,
                _ => None,
            };
            match packed_in {
                Some(payload) if (1..noise.len() / 4 * 3).contains(&payload) => failed(format!(
                    "{payload} octets: it refers back beyond the window"
                )),
                _ => message(*kind, &Pattern::Equals(noise.clone()), seen),
            }
        }
        Expectation::Pong(payload) => match seen {
            Seen::Pong(found) if found == payload => Compared::Met,
            Seen::Pong(_) => Compared::PassedOver,
            other => otherwise("no pong", other),
        },
        Expectation::Failure { codes, demanded } => failure(codes, *demanded, seen),
        Expectation::CloseReply(sent) => match seen {
            Seen::Close(found) if found == sent => Compared::Met,
            // A server may choose its own code (section 5.5.1: "typically echos").
            Seen::Close(found) => Compared::MetWith(format!("closed with {}", words::code(*found))),
            Seen::Pong(_) => Compared::PassedOver,
            other => otherwise("no close frame", other),
        },
        Expectation::End => match seen {
            Seen::End(ConnectionEnd::Fin) => Compared::Met,
            Seen::End(ConnectionEnd::Reset) => {
                Compared::MetWith("reset in place of closed".to_owned())
            }
            Seen::Silence(_) => Compared::MetWith("the TCP connection was left open".to_owned()),
            _ => Compared::PassedOver,
        },
    }
}

fn message(kind: MessageKind, pattern: &Pattern, seen: &Seen) -> Compared {
    match seen {
        Seen::Message(message) if pattern.fits(&message.content) => {
            if message.kind == kind {
                return Compared::Met;
            }
            let (found, kind) = (words::kind(message.kind), words::kind(kind));
            failed(format!("{kind} came back as {found}"))
        }
        Seen::Message(ReceivedMessage { kind, content, .. }) => {
            let (found, content) = (words::kind(*kind), words::payload(content));
            let other_than = match pattern {
                // That is in the words of whoever asks for it.
                Pattern::Equals(_) => String::new(),
                other => format!(", not {}", other.words()),
            };
            failed(format!("another message: {found}, {content}{other_than}"))
        }
        Seen::Pong(_) => Compared::PassedOver,
        Seen::Close(Some(1009)) => Compared::Over(Upshot::Lenient(
            "refused with 1009: a limit of the server's, smaller than the message".to_owned(),
        )),
        other => otherwise("no answer", other),
    }
}

fn failure(codes: &[u16], demanded: bool, seen: &Seen) -> Compared {
    match seen {
        Seen::Close(Some(code)) if codes.contains(code) => Compared::Met,
        Seen::Close(code) => Compared::MetWith(format!("closed with {}", words::code(*code))),
        // Section 7.1.7: a close frame should be sent, the connection has to be dropped.
        Seen::End(ConnectionEnd::Fin) => {
            Compared::MetWith("closed without a close frame".to_owned())
        }
        Seen::End(ConnectionEnd::Reset) => Compared::MetWith("reset".to_owned()),
        Seen::Pong(_) | Seen::Violation(_) => Compared::PassedOver,
        Seen::Message(ReceivedMessage { kind, content, .. }) => {
            let (kind, content) = (words::kind(*kind), words::payload(content));
            let seen = format!("it was answered: {kind}, {content}");
            Compared::Over(match demanded {
                true => Upshot::Failed(seen),
                false => Upshot::Lenient(seen),
            })
        }
        Seen::Silence(_) => failed("the connection was left open"),
    }
}

/// Something else came.
fn otherwise(what: &str, seen: &Seen) -> Compared {
    let how = match seen {
        Seen::Message(ReceivedMessage { kind, content, .. }) => {
            let (kind, content) = (words::kind(*kind), words::payload(content));
            format!("a {kind} message, {content}")
        }
        Seen::Pong(payload) => format!("a pong, {}", words::payload(payload)),
        Seen::Close(code) => format!("a close frame with {}", words::code(*code)),
        Seen::End(ConnectionEnd::Fin) => "the connection was closed".to_owned(),
        Seen::End(ConnectionEnd::Reset) => "the connection was reset".to_owned(),
        Seen::Violation(words) => words.clone(),
        Seen::Silence(length) => format!("nothing within {} s", length.as_secs_f64()),
    };
    failed(format!("{what}: {how}"))
}
