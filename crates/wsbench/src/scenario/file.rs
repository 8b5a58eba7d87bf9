//! Scenarios as files: what may stand in them, key by key.
//!
//! This is the format and nothing else; what it means is `scenario`'s affair. The JSON Schema for
//! editors is generated from here.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use wsbench_load::plan::MessageUnit;

use crate::amount::Amount;

/// Name and version of the format.
pub(super) const SCHEMA: &str = "wsbench.scenario/1";

/// A scenario: how clients log in, what they send, and who receives it.
///
/// Texts that are sent or awaited may have places in braces: {conn}, {seq}, {n}, {run}, {room}, {tag},
/// {fill}, {now_ms}, {now_ns}, {rand:hex:16}, {env:NAME}, {csv:FILE:COLUMN}, {cap.NAME},
/// {hmac:sha256:env:KEY:TEXT} and {jwt:hs256:env:KEY:CLAIMS}. Binary messages are written as
/// pairs of hexadecimal digits, texts in quotation marks with places in them, and {u16: …} or {var: …}
/// for what stands behind its length. Times are written with their unit (500ms, 2s, 1m30s), rates as 5k
/// or 500/s, sizes as 30 or 16k (1024 bytes each k).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "wsbench scenario")]
pub struct ScenarioFile {
    /// Name and version of this format: `wsbench.scenario/1`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) schema: Option<Spanned<String>>,
    /// Purpose of it.
    #[serde(default)]
    #[expect(dead_code, reason = "for who reads the file")]
    pub(super) description: String,
    /// The server: ws://HOST[:PORT][/PATH], or wss:// for TLS. {env:NAME} may be the value of a parameter
    /// whose name says that it is a credential.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) url: Option<Spanned<String>>,
    /// Subprotocol to offer, or several in order of preference.
    #[serde(default)]
    #[schemars(with = "Option<Texts>")]
    pub(super) subprotocol: Option<Spanned<Texts>>,
    /// The Origin header.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) origin: Option<Spanned<String>>,
    /// Further headers of the request, by name. {env:NAME} in a value is a variable of the environment,
    /// {csv:FILE:COLUMN} the connection's row of a file; either makes a credential of the value.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    /// Length of the measured window.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) duration: Option<Spanned<String>>,
    /// Connections that are cut at a time of the measurement, to see their clients come back: "cut 50% at
    /// 10s".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) drill: Option<Spanned<String>>,
    /// Pause of clients whose connections are lost: "immediate", "fixed:1s" or "exponential:100ms..10s".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) reconnect: Option<Spanned<String>>,
    /// One message of the protocol: a WebSocket message ("frame", the default), a line ("lines"), what
    /// ends in 0x1E ("record") or in NUL ("nul"), or an MQTT packet ("mqtt"). Records and what ends in
    /// NUL get that end where a text does not have it.
    #[serde(default)]
    pub(super) unit: MessageUnit,
    /// Rooms that clients are members of: so many, or with names.
    #[serde(default)]
    #[schemars(with = "Option<RoomsFile>")]
    pub(super) rooms: Option<Spanned<RoomsFile>>,
    /// Steps of each client before its load.
    #[serde(default)]
    #[schemars(with = "Vec<StepFile>")]
    pub(super) login: Vec<Spanned<StepFile>>,
    /// Messages of the server's own, and what is said to them.
    #[serde(default)]
    #[schemars(with = "Vec<ReplyFile>")]
    pub(super) reply: Vec<Spanned<ReplyFile>>,
    /// Words by the clock, such as heartbeats.
    #[serde(default)]
    #[schemars(with = "Vec<EveryFile>")]
    pub(super) every: Vec<Spanned<EveryFile>>,
    /// Messages of a server's own that are taken: so many at the beginning of a connection, or a text
    /// that each of them holds.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(super) greeting: Option<Spanned<Amount>>,
    /// The clients: connections that do the same.
    #[schemars(with = "Vec<ClientsFile>", length(min = 1))]
    pub(super) clients: Vec<Spanned<ClientsFile>>,
}

/// A text, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "neither a text nor a list of texts")]
pub(super) enum Texts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// Rooms: a number of them, or how they are called and spread.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "neither a number of rooms nor a table with count or names, zipf and each"
)]
pub(super) enum RoomsFile {
    /// So many, of one size: room-1, room-2 and so on.
    Count(u32),
    /// More of them.
    Table(RoomsTable),
}

/// Rooms in more words.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomsTable {
    /// So many: room-1, room-2 and so on.
    #[serde(default)]
    pub(super) count: Option<u32>,
    /// Those with these names.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Sizes by Zipf's law: the r-th has members in proportion to r^-s. Without it all have as many.
    #[serde(default)]
    pub(super) zipf: Option<f64>,
    /// Rooms that each client is a member of, a number or "all"; 1 unless it is given. Steps with {room} in
    /// them are gone through for each.
    #[serde(default)]
    pub(super) each: Option<EachFile>,
}

/// Rooms of each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "neither a number of rooms nor \"all\"")]
pub(super) enum EachFile {
    /// So many.
    Some(u32),
    /// All that there are.
    Word(AllFile),
}

/// All of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AllFile {
    /// All.
    All,
}

/// A step of a login: something is sent, and then something has to come, or one of the two; or a pause.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StepFile {
    /// Text that is sent.
    #[schemars(with = "Option<String>")]
    pub(super) send: Option<Spanned<String>>,
    /// Binary message that is sent: 10 {var: 0004 "MQTT" 04}.
    #[schemars(with = "Option<String>")]
    pub(super) binary: Option<Spanned<String>>,
    /// Message that has to come.
    #[schemars(with = "Option<MatchFile>")]
    pub(super) expect: Option<Spanned<MatchFile>>,
    /// Time within which it has to come; that of the time-out of messages unless it is given.
    #[schemars(with = "Option<String>")]
    pub(super) within: Option<Spanned<String>>,
    /// Values to take from it, by name: json:/POINTER, prefix:TEXT or regex:EXPRESSION (its first
    /// group). {cap.NAME} has them in what is said later.
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) take: BTreeMap<String, Spanned<String>>,
    /// A pause in which whatever comes is passed over.
    #[schemars(with = "Option<String>")]
    pub(super) settle: Option<Spanned<String>>,
}

/// A message of the server's own, and what is said to it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyFile {
    /// The message.
    #[schemars(with = "MatchFile")]
    pub(super) on: Spanned<MatchFile>,
    /// The answer; without it the message is taken, and nothing is said.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) send: Option<Spanned<String>>,
    /// The answer as a binary message.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) binary: Option<Spanned<String>>,
}

/// Words by the clock.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EveryFile {
    /// From one to the next.
    #[schemars(with = "String")]
    pub(super) period: Spanned<String>,
    /// Text that is sent; {n} is its number on the connection.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) send: Option<Spanned<String>>,
    /// Binary message that is sent in its place.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) binary: Option<Spanned<String>>,
    /// Message that has to come within the time-out; without it none is awaited.
    #[serde(default)]
    #[schemars(with = "Option<MatchFile>")]
    pub(super) expect: Option<Spanned<MatchFile>>,
}

/// A message that is known by a part of it: a text that it holds, or a table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "neither a text that a message holds nor a table of equals, prefix, contains, json, \
                 regex, hex or hex_prefix"
)]
pub(super) enum MatchFile {
    /// It holds this text.
    Holding(String),
    /// All that the table says is so.
    Table(MatchTable),
}

/// Parts by which a message is known: all that are given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MatchTable {
    /// All of it.
    pub(super) equals: Option<String>,
    /// Its beginning.
    pub(super) prefix: Option<String>,
    /// Its end.
    pub(super) suffix: Option<String>,
    /// Some part, anywhere.
    pub(super) contains: Option<String>,
    /// Values in its JSON, by JSON pointer: { "/type" = "ack" }.
    pub(super) json: BTreeMap<String, Scalar>,
    /// A regular expression that matches it somewhere.
    pub(super) regex: Option<String>,
    /// All of its bytes, as pairs of hexadecimal digits: "20020000".
    pub(super) hex: Option<String>,
    /// Its first bytes, as pairs of hexadecimal digits.
    pub(super) hex_prefix: Option<String>,
}

/// A value of JSON.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "neither a text, nor a number, nor true or false"
)]
pub(super) enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Truth(bool),
}

/// Connections that do the same.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientsFile {
    /// The number of them; not of clients that come by a schedule.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(super) count: Option<Spanned<Amount>>,
    /// In the place of their number: so many come a second, whatever the server does, and are not replaced.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(super) arrive: Option<Spanned<Amount>>,
    /// Time that each of those stays.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) live: Option<Spanned<String>>,
    /// Round trips of each of those, where they do not stay for a time: 5 unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(super) round_trips: Option<Spanned<Amount>>,
    /// Those that are there at the same time at most; who comes due beyond it waits.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(super) max_sessions: Option<Spanned<Amount>>,
    /// Way in which they read, of slow readers, who subscribe and do nothing else. No figure but those of
    /// slow readers is of them.
    #[serde(default)]
    #[schemars(with = "Option<ReadFile>")]
    pub(super) read: Option<Spanned<ReadFile>>,
    /// Task of each: "publish" sends messages for others, "subscribe" receives them; "request" sends
    /// messages that are answered each, "echo" those that come back; "idle" does nothing.
    #[schemars(with = "Vec<RoleFile>", length(min = 1))]
    pub(super) roles: Spanned<Vec<RoleFile>>,
    /// Messages a second over all of them.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(super) rate: Option<Spanned<Amount>>,
    /// Messages in flight on each, of requests and echoes without a rate: 1 unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub(super) depth: Option<Spanned<u32>>,
    /// Text of each message: of "publish" with {tag} in it, of "request" with {id}.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) message: Option<Spanned<String>>,
    /// The same as a binary message, of "publish": 30 {var: {u16: "{room}"} "{tag}{fill}"}.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) message_binary: Option<Spanned<String>>,
    /// Bytes of {tag} and {fill} together, or a range to draw from: "64..4k".
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(super) size: Option<Spanned<Amount>>,
    /// Receivers of a message: the members of its sender's "room", or "all".
    #[serde(default)]
    #[schemars(with = "Option<AudienceFile>")]
    pub(super) audience: Option<Spanned<AudienceFile>>,
    /// Message by which the server acknowledges each of these to its sender, of "publish". {seq}, {n} or
    /// {tag} in it say which; without one of them they are taken in order.
    #[serde(default)]
    #[schemars(with = "Option<MatchFile>")]
    pub(super) ack: Option<Spanned<MatchFile>>,
    /// Words of these behind the login, to join their room or to subscribe: a text, or steps.
    #[serde(default)]
    #[schemars(with = "Option<JoinFile>")]
    pub(super) join: Option<Spanned<JoinFile>>,
    /// Message by which the server confirms that.
    #[serde(default)]
    #[schemars(with = "Option<MatchFile>")]
    pub(super) joined: Option<Spanned<MatchFile>>,
    /// A pause behind it, where the server confirms nothing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) settle: Option<Spanned<String>>,
    /// Place of a request's number in its answer: json:/id unless it is given. With "order" answers are
    /// for requests in their order.
    #[serde(default, rename = "match")]
    #[schemars(with = "Option<String>")]
    pub(super) at: Option<Spanned<String>>,
    /// Part of an answer that says that its request has failed: json:/error.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) failed: Option<Spanned<String>>,
    /// The last answer to a request that has several: { json = { "/type" = "complete" } }.
    #[serde(default)]
    #[schemars(with = "Option<MatchFile>")]
    pub(super) end: Option<Spanned<MatchFile>>,
    /// Place of the instant in what the server sends by itself, and its unit, of "subscribe" alone:
    /// json:/E:ms.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) stamp: Option<Spanned<String>>,
    /// Place of its number there, which grows by one: json:/u.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) sequence: Option<Spanned<String>>,
    /// Text that the server answers by its time, where `stamp` is given: its clock's offset is taken out of
    /// the ages.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) clock: Option<Spanned<String>>,
    /// Place of the server's time in that answer, and its unit: json:/now:us.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) clock_stamp: Option<Spanned<String>>,
}

/// Way in which a slow reader reads: one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadFile {
    /// Bytes a second.
    #[serde(default)]
    pub(super) rate: Option<Amount>,
    /// Length of a stall, in which nothing is read, and the time from one to the next: "100ms/1s".
    #[serde(default)]
    pub(super) stall: Option<String>,
}

/// Task of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleFile {
    /// Sends messages for others.
    Publish,
    /// Receives what others send.
    Subscribe,
    /// Sends messages that are answered each.
    Request,
    /// Sends messages that come back.
    Echo,
    /// Nothing.
    Idle,
}

/// Receivers of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AudienceFile {
    /// All that subscribe.
    All,
    /// Those of them that are in its sender's room.
    Room,
    /// Those of them that are in a room drawn for each message, which its sender is not in: one, of as many
    /// rooms as there are clients that subscribe.
    One,
}

/// Words to join.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum JoinFile {
    /// A text.
    Text(String),
    /// Steps.
    Steps(Vec<StepFile>),
}

impl<'de> Deserialize<'de> for JoinFile {
    /// Without the buffer of an untagged enum, in which the places of the steps' keys would be lost.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(JoinVisitor)
    }
}

struct JoinVisitor;

impl<'de> Visitor<'de> for JoinVisitor {
    type Value = JoinFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of steps")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<JoinFile, E> {
        Ok(JoinFile::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<JoinFile, A::Error> {
        let mut steps = Vec::new();
        while let Some(step) = from.next_element()? {
            steps.push(step);
        }
        Ok(JoinFile::Steps(steps))
    }
}
