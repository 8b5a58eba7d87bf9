//! What was said, message by message, and what each message was found to be for.

use wsbench_drive::relay::transcript::{Conversation, Party, Transcript};
use wsbench_load::nanos::Nanos;
use wsbench_wire::connection::MessageKind;

use super::leaves::{Leaf, LeafKind, LeafParts};
use super::packets::Packet;
use super::script::{LineContent, SaidWords, Script, ScriptLine};

/// Connections and messages of each that are looked at.
const MOST_TALKS: usize = 64;
const MOST_LINES: usize = 2_000;
/// Names that numbers and texts go by which an answer repeats.
const IDS: [&str; 16] = [
    "id",
    "ref",
    "requestid",
    "reqid",
    "request",
    "seq",
    "msgid",
    "messageid",
    "invocationid",
    "correlationid",
    "receipt",
    "receiptid",
    "nonce",
    "rid",
    "cid",
    "ack",
];

/// One connection.
pub(super) struct Talk<'a> {
    pub(super) conversation: &'a Conversation,
    pub(super) lines: Vec<SpokenLine<'a>>,
}

/// A message.
pub(super) struct SpokenLine<'a> {
    pub(super) at: Nanos,
    pub(super) by: Party,
    /// Its text, which of a packet is that in the notation of bytes; `None` of what cannot be said.
    pub(super) text: Option<&'a str>,
    /// Kind of message that the text was sent in.
    kind: MessageKind,
    /// The packet, where it is one of MQTT.
    pub(super) packet: Option<&'a Packet>,
    pub(super) parts: LeafParts,
    pub(super) purpose: Intent,
}

/// Purpose of a message, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Unknown,
    /// A message of the server's that is answered always the same, or that answer.
    ReplyTable,
    /// A client's words by the clock, or the answer to them.
    BeatTable,
    /// A message of the client's of which there are many.
    MainLoad,
    /// One of those that has reached somebody.
    Delivery,
    /// The answer to one of those.
    Answer,
    /// A part of the login.
    Login,
    /// A part of the protocol that nobody has to say again, such as a farewell.
    Course,
    /// It cannot be said in a scenario.
    Unsaid,
}

/// A message by its connection and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) talk: usize,
    pub(super) line: usize,
}

impl<'a> Talk<'a> {
    /// The connections of a transcript that went to the path of most messages.
    pub(super) fn all(transcript: &'a Transcript, script: &'a Script<'_>) -> Vec<Self> {
        let path = |it: &'a Conversation| it.resource.split('?').next().unwrap_or_default();
        let weight = |of: &str| -> usize {
            let those = transcript.conversations.iter().filter(|it| path(it) == of);
            those.map(|it| it.said.len() + 1).sum()
        };
        let paths = transcript.conversations.iter().map(path);
        let main = paths.max_by_key(|it| weight(it)).unwrap_or_default();
        let those = transcript.conversations.iter().zip(&script.conversations);
        let those = those.filter(|(it, _)| path(it) == main).take(MOST_TALKS);
        those
            .map(|(conversation, lines)| Self {
                conversation,
                lines: lines.iter().take(MOST_LINES).map(SpokenLine::of).collect(),
            })
            .collect()
    }
}

impl<'a> SpokenLine<'a> {
    fn of(line: &'a ScriptLine<'_>) -> Self {
        let mut spoken = Self {
            at: line.at,
            by: line.by,
            text: None,
            kind: MessageKind::Text,
            packet: None,
            parts: LeafParts::default(),
            purpose: Intent::Unknown,
        };
        match &line.content {
            LineContent::Unsaid => spoken.purpose = Intent::Unsaid,
            LineContent::Text(text, kind) => {
                spoken.text = Some(text);
                spoken.kind = *kind;
                spoken.parts = LeafParts::of(text);
            }
            LineContent::Packet(packet) => {
                spoken.text = Some(&packet.text);
                spoken.packet = Some(packet);
                spoken.parts = packet.parts.clone();
                if packet.is_of_course(line.by) {
                    spoken.purpose = Intent::Course;
                }
            }
        }
        spoken
    }

    /// A text that was made of this one, said in the same kind of message.
    pub(super) fn words(&self, text: String) -> SaidWords {
        match self.packet {
            Some(_) => SaidWords::Binary(text),
            None => SaidWords::of_text(text, self.kind),
        }
    }

    /// True of a text that was sent as a binary message.
    pub(super) fn is_binary(&self) -> bool {
        self.kind == MessageKind::Binary
    }

    /// The text; nothing where there is none.
    pub(super) fn text(&self) -> &'a str {
        self.text.unwrap_or_default()
    }

    pub(super) fn is_open(&self, by: Party) -> bool {
        self.by == by && self.purpose == Intent::Unknown
    }

    /// The value of a leaf by its path.
    pub(super) fn value_at(&self, path: &str) -> Option<String> {
        let leaf = self.leaf_at(path)?;
        Some(leaf.value(self.text()).into_owned())
    }

    pub(super) fn leaf_at(&self, path: &str) -> Option<&Leaf> {
        self.parts.leaves.iter().find(|it| it.path == path)
    }
}

/// True of a name that ids go by.
pub(super) fn is_id_name(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    IDS.contains(&letters.to_ascii_lowercase().as_str())
}

/// True if an answer's leaf may be the id that is a message's leaf: both go by such names, or are at the
/// same place of a list or in front.
pub(super) fn may_be_one(asked: &Leaf, answered: &Leaf) -> bool {
    let by_name = is_id_name(&asked.name) && is_id_name(&answered.name);
    let in_list = asked.name.is_empty() && answered.name.is_empty() && asked.path == answered.path;
    let is_value = asked.kind != LeafKind::Constant && !asked.is_kind;
    is_value && (by_name || in_list || asked.name == answered.name && is_id_name(&asked.name))
}

/// The leaf of an answer that repeats an id of what was asked.
pub(super) fn repeated<'l>(asked: &SpokenLine<'_>, answer: &'l SpokenLine<'_>) -> Option<&'l Leaf> {
    let (asked_text, text) = (asked.text(), answer.text());
    answer.parts.leaves.iter().find(|leaf| {
        let value = leaf.value(text);
        let mut all = asked.parts.leaves.iter();
        !value.is_empty() && all.any(|it| may_be_one(it, leaf) && it.value(asked_text) == value)
    })
}
