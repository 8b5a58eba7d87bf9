//! What was said, message by message, and what each message was found to be for.

use wsbench_drive::relay::transcript::{Conversation, Party, Transcribed, Transcript};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::MessageUnit;
use wsbench_wire::connection::MessageKind;

use super::leaves::{Leaf, LeafKind, LeafParts};

/// Connections and messages of each that are looked at.
const MOST_TALKS: usize = 64;
const MOST_LINES: usize = 2_000;
/// The end of a record (SignalR's).
const RECORD_END: char = '\u{1e}';
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
    /// Its text; `None` of a binary message, of one that is no text and of one that was cut.
    pub(super) text: Option<&'a str>,
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
    /// It cannot be said in a scenario.
    Unsaid,
}

/// A message by its connection and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) talk: usize,
    pub(super) line: usize,
}

/// A message's text; `None` of a binary one, of one that is no text and of one that was cut.
fn text_of(said: &Transcribed) -> Option<&str> {
    let text = str::from_utf8(&said.content).ok();
    text.filter(|_| said.kind == MessageKind::Text && !said.is_cut)
}

/// The unit of the protocol that was spoken, as far as all of its texts show it.
pub(super) fn unit_of(transcript: &Transcript) -> MessageUnit {
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

impl<'a> Talk<'a> {
    /// The connections of a transcript that went to the path of most messages, in messages of this unit.
    pub(super) fn all(transcript: &'a Transcript, unit: MessageUnit) -> Vec<Self> {
        let path = |it: &'a Conversation| it.resource.split('?').next().unwrap_or_default();
        let weight = |of: &str| -> usize {
            let those = transcript.conversations.iter().filter(|it| path(it) == of);
            those.map(|it| it.said.len() + 1).sum()
        };
        let paths = transcript.conversations.iter().map(path);
        let main = paths.max_by_key(|it| weight(it)).unwrap_or_default();
        let those = transcript.conversations.iter();
        let those = those.filter(|it| path(it) == main).take(MOST_TALKS);
        those.map(|it| Self::of(it, unit)).collect()
    }

    fn of(conversation: &'a Conversation, unit: MessageUnit) -> Self {
        let lines = conversation.said.iter().flat_map(|said| {
            let texts = text_of(said).map_or_else(
                || vec![None],
                |text| pieces(text, unit).into_iter().map(Some).collect(),
            );
            texts.into_iter().map(|text| SpokenLine {
                at: said.at,
                by: said.by,
                parts: text.map(LeafParts::of).unwrap_or_default(),
                purpose: match text {
                    Some(_) => Intent::Unknown,
                    None => Intent::Unsaid,
                },
                text,
            })
        });
        Self {
            conversation,
            lines: lines.take(MOST_LINES).collect(),
        }
    }
}

impl<'a> SpokenLine<'a> {
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
