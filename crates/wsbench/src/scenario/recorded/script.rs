//! A transcript, parted into the messages of the protocol that was spoken: texts, in whatever kind of
//! WebSocket messages they were sent, or packets of MQTT.

use wsbench_drive::relay::transcript::{Conversation, Party, Transcribed, Transcript};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::MessageUnit;
use wsbench_wire::connection::MessageKind;

use super::packets::{Packet, escaped, packets};

/// The end of a record (SignalR's).
const RECORD_END: char = '\u{1e}';

/// All that was said.
pub(super) struct Script<'t> {
    /// Unit of the protocol.
    pub(super) unit: MessageUnit,
    /// Messages of each conversation.
    pub(super) conversations: Vec<Vec<ScriptLine<'t>>>,
}

/// A message.
pub(super) struct ScriptLine<'t> {
    pub(super) at: Nanos,
    pub(super) by: Party,
    pub(super) content: LineContent<'t>,
}

/// Content of a message.
pub(super) enum LineContent<'t> {
    /// A text, and the kind of message that it was sent in.
    Text(&'t str, MessageKind),
    Packet(Box<Packet>),
    /// Words that no scenario can say.
    Unsaid,
}

/// Words that a scenario says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SaidWords {
    Text(String),
    /// In the notation of bytes.
    Binary(String),
}

impl SaidWords {
    /// A text in the kind of message that it was sent in.
    pub(super) fn of_text(text: String, kind: MessageKind) -> Self {
        match kind {
            MessageKind::Text => Self::Text(text),
            MessageKind::Binary => Self::Binary(format!("\"{}\"", escaped(&text))),
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Binary(text) => text,
        }
    }

    /// The key of a step, a reply or a beat, and its value.
    pub(super) fn step(&self) -> (&'static str, &str) {
        match self {
            Self::Text(text) => ("send", text),
            Self::Binary(text) => ("binary", text),
        }
    }

    /// The key of a message for many.
    pub(super) fn message_key(&self) -> &'static str {
        match self {
            Self::Text(_) => "message",
            Self::Binary(_) => "message_binary",
        }
    }
}

impl<'t> Script<'t> {
    pub(super) fn of(transcript: &'t Transcript) -> Self {
        let all = transcript.conversations.iter();
        let of_mqtt = all.clone().map(|it| packets(it).unwrap_or_default());
        let of_mqtt: Vec<_> = of_mqtt.collect();
        if of_mqtt.iter().any(|it| !it.is_empty()) {
            let conversations = of_mqtt.into_iter().zip(all).map(|(packets, conversation)| {
                if packets.is_empty() {
                    return conversation.said.iter().map(unsaid).collect();
                }
                let lines = packets.into_iter().map(|it| ScriptLine {
                    at: it.at,
                    by: it.by,
                    content: LineContent::Packet(Box::new(it.packet)),
                });
                lines.collect()
            });
            return Self {
                unit: MessageUnit::Mqtt,
                conversations: conversations.collect(),
            };
        }
        let of_nats: Vec<_> = all.clone().map(commands).collect();
        if of_nats.iter().any(Option::is_some) {
            let conversations = of_nats.into_iter().zip(all).map(|(lines, conversation)| {
                lines.unwrap_or_else(|| conversation.said.iter().map(unsaid).collect())
            });
            return Self {
                unit: MessageUnit::Lines,
                conversations: conversations.collect(),
            };
        }
        let unit = unit_of(transcript);
        let lines = |it: &'t Conversation| {
            let lines = it.said.iter().flat_map(|said| match text_of(said) {
                None => vec![unsaid(said)],
                Some(text) => {
                    let pieces = pieces(text, unit).into_iter();
                    pieces.map(|text| line(said, text)).collect()
                }
            });
            lines.collect()
        };
        Self {
            unit,
            conversations: all.map(lines).collect(),
        }
    }
}

fn line<'t>(said: &Transcribed, text: &'t str) -> ScriptLine<'t> {
    ScriptLine {
        at: said.at,
        by: said.by,
        content: LineContent::Text(text, said.kind),
    }
}

fn unsaid<'t>(said: &Transcribed) -> ScriptLine<'t> {
    ScriptLine {
        at: said.at,
        by: said.by,
        content: LineContent::Unsaid,
    }
}

/// A message's text; `None` of one that was cut and of one that is no text, which a binary message is none
/// of either that has signs in it that nobody writes.
fn text_of(said: &Transcribed) -> Option<&str> {
    let text = str::from_utf8(&said.content).ok();
    let text = text.filter(|_| !said.is_cut)?;
    let is_ended = |it: char| matches!(it, '\r' | '\n' | '\0' | RECORD_END);
    let is_written = |it: char| !it.is_control() || matches!(it, '\r' | '\n' | '\t');
    let is_text = match said.kind {
        MessageKind::Text => true,
        MessageKind::Binary => text.trim_end_matches(is_ended).chars().all(is_written),
    };
    is_text.then_some(text)
}

/// The unit of the protocol that was spoken, as far as all of its texts show it.
fn unit_of(transcript: &Transcript) -> MessageUnit {
    let said = transcript.conversations.iter().flat_map(|it| &it.said);
    let texts: Vec<&str> = said
        .filter_map(text_of)
        .filter(|text| !text.trim().is_empty())
        .collect();
    let is_all =
        |is_it: fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| is_it(text));
    let is_line = |line: &str| line.starts_with('{') && line.ends_with('}');
    let is_several = |text: &&str| pieces(text, MessageUnit::Lines).len() > 1;
    let are_lines = |text: &&str| pieces(text, MessageUnit::Lines).into_iter().all(is_line);
    match () {
        () if is_all(|text| text.ends_with(RECORD_END)) => MessageUnit::Record,
        () if is_all(|text| text.trim_end_matches(['\r', '\n']).ends_with('\0')) => {
            MessageUnit::Nul
        }
        () if texts.iter().any(is_several) && texts.iter().all(are_lines) => MessageUnit::Lines,
        () => MessageUnit::Frame,
    }
}

/// The messages of the protocol that a WebSocket message holds.
pub(super) fn pieces(text: &str, unit: MessageUnit) -> Vec<&str> {
    let all: Vec<&str> = match unit {
        MessageUnit::Frame | MessageUnit::Mqtt => return vec![text],
        MessageUnit::Lines => text.lines().collect(),
        MessageUnit::Record => text.split(RECORD_END).collect(),
        MessageUnit::Nul => {
            let parts = text.split('\0');
            parts
                .map(|part| part.trim_start_matches(['\r', '\n']))
                .collect()
        }
    };
    all.into_iter().filter(|piece| !piece.is_empty()).collect()
}

/// The messages of a conversation in NATS' protocol: a client's commands, each with its payload, and the
/// lines of the server, as they are units; `None` where it is none.
fn commands(conversation: &Conversation) -> Option<Vec<ScriptLine<'_>>> {
    let begins = |by, word| {
        let mut said = conversation.said.iter().filter(|it| it.by == by);
        said.next()
            .and_then(text_of)
            .is_some_and(|it| it.starts_with(word))
    };
    if !begins(Party::Server, "INFO {") || !begins(Party::Client, "CONNECT {") {
        return None;
    }
    let mut lines = Vec::new();
    for said in &conversation.said {
        let mut rest = text_of(said)?;
        while !rest.is_empty() {
            let (command, behind) = rest.split_at_checked(command_len(rest)?)?;
            rest = behind;
            match said.by {
                Party::Client => lines.push(line(said, command)),
                Party::Server => {
                    let pieces = pieces(command, MessageUnit::Lines).into_iter();
                    lines.extend(pieces.map(|text| line(said, text)));
                }
            }
        }
    }
    Some(lines)
}

/// Octets of the command of NATS at the front of a text, with its payload and the line ends.
fn command_len(text: &str) -> Option<usize> {
    let head = text.find("\r\n")?;
    let words = &text[..head];
    let verb = words.split([' ', '\t']).next()?;
    match verb {
        "PUB" | "HPUB" | "MSG" | "HMSG" => {
            let payload: usize = words.rsplit([' ', '\t']).next()?.parse().ok()?;
            let end = (head + 2).checked_add(payload)?;
            text.get(end..)?.starts_with("\r\n").then_some(end + 2)
        }
        "CONNECT" | "INFO" | "SUB" | "UNSUB" | "PING" | "PONG" | "+OK" | "-ERR" => Some(head + 2),
        _ => None,
    }
}
