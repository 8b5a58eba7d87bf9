//! The flags of workloads beyond echo: rooms, joining them, and scenarios.

use std::path::PathBuf;

use clap::Args;
use wsbench::quantity;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Awaited, Expected, Expression, LoginStep, LoginSteps, MessageUnit, Pattern, Rooms, Spoken,
};
use wsbench_load::template::{Lookup, Template, TemplateError};

use crate::usage::UsageError;

/// Pause behind --join, where the server confirms nothing and nothing else is said.
const SETTLE: Nanos = Nanos::from_secs(1);

/// Rooms, joining them, and scenarios.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Workload")]
pub(crate) struct WorkloadArgs {
    /// With --mode pubsub, push, idle or request: rooms that connections are members of: so many, or names
    /// between commas.
    #[arg(long, value_name = "N|NAMES", value_parser = rooms)]
    pub(crate) rooms: Option<Rooms>,
    /// With --rooms: rooms that each connection is a member of, a number or all [default: 1].
    ///
    /// What is said to join, and what confirms it, is gone through for each of them. A message is for one
    /// of its sender's rooms, which have their turns.
    #[arg(long, value_name = "N|all", value_parser = rooms_each)]
    pub(crate) rooms_each: Option<RoomsEach>,
    /// Say this on each connection before its load (example: '{"join":"{room}"}').
    ///
    /// In it stand {conn}, {run}, {room}, {now_ms}, {rand:hex:16}, {env:NAME}, a variable of the
    /// environment, and {csv:FILE:COLUMN}, the connection's row of a file. No result shows these two.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = words)]
    pub(crate) join: Option<Template>,
    /// What the server answers to --join: a text that the answer holds, or json:/type=ok (a JSON
    /// pointer and its value), prefix:43, suffix:ok, equals:ok or regex:'^ok'.
    #[arg(long, value_name = "MESSAGE", value_parser = pattern)]
    pub(crate) joined: Option<Pattern>,
    /// With --mode broadcast, pubsub and oneway: message by which the server acknowledges each of ours to
    /// its sender, written like --joined (example: 'json:/ack={seq}'). In it {seq}, which counts the
    /// messages of a connection from 0, n in braces, which counts them from 1, or {tag} say which; without
    /// one of them they are taken in order.
    ///
    /// With --mode oneway the acknowledgement is the answer, and response times end with it.
    #[arg(long, value_name = "MESSAGE", value_parser = pattern)]
    pub(crate) ack: Option<Pattern>,
    /// Pause after --join, whatever comes [default: 1s without --joined].
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    pub(crate) settle: Option<Nanos>,
    /// One message of the server's protocol: a WebSocket message (frame), a line (lines),
    /// what ends in 0x1E (record) or in NUL (nul), or an MQTT packet (mqtt) [default: frame].
    #[arg(long, value_name = "UNIT", value_parser = str::parse::<MessageUnit>)]
    pub(crate) unit: Option<MessageUnit>,
    /// Read how clients log in, what they send and who receives it from a file (TOML). `wsbench preset`
    /// prints some to begin from.
    ///
    /// Flags of how much, how hard and where to outweigh what it says of that; one that says what
    /// clients send or how they log in is refused beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// The same from one of those by its name (example: socket.io).
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
}

/// Rooms of each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoomsEach {
    /// So many.
    Some(u32),
    /// All that there are.
    All,
}

impl WorkloadArgs {
    /// The rooms that flags and a scenario ask for, whose are `rooms`.
    ///
    /// # Errors
    /// Rooms of each connection where there are none.
    pub(crate) fn rooms_beside(&self, rooms: Option<Rooms>) -> Result<Option<Rooms>, UsageError> {
        let each = rooms.as_ref().map_or(1, |rooms| rooms.each);
        let Some(found) = self.rooms.clone().or(rooms) else {
            return match self.rooms_each {
                None => Ok(None),
                Some(_) => Err(UsageError::RoomsEachAlone),
            };
        };
        let each = match self.rooms_each {
            None => each.min(found.count),
            Some(RoomsEach::Some(each)) => each,
            Some(RoomsEach::All) => found.count,
        };
        Ok(Some(Rooms { each, ..found }))
    }

    /// Steps to join.
    ///
    /// # Errors
    /// Something is awaited and nothing said; something that a text names and that is not there.
    pub(crate) fn login(&self, find: &dyn Lookup) -> Result<LoginSteps, UsageError> {
        let Some(join) = &self.join else {
            return match (&self.joined, self.settle) {
                (None, None) => Ok(LoginSteps::default()),
                (Some(_), _) => Err(UsageError::WithoutJoin { flag: "--joined" }),
                (None, Some(_)) => Err(UsageError::WithoutJoin { flag: "--settle" }),
            };
        };
        let spoken = Spoken::text(looked_up("--join", join, find)?);
        let mut login = LoginSteps::default().then(LoginStep::Send(spoken));
        if let Some(joined) = &self.joined {
            login = login.then(LoginStep::Expect(Expected {
                awaited: awaited("--joined", joined, find)?,
                captures: Vec::new(),
                within: None,
            }));
        }
        Ok(match (self.settle, &self.joined) {
            (Some(settle), _) => login.then(LoginStep::Settle(settle)),
            (None, None) => login.then(LoginStep::Settle(SETTLE)),
            (None, Some(_)) => login,
        })
    }

    /// The first flag that a scenario says itself.
    pub(crate) fn beside_scenario(&self) -> Option<&'static str> {
        let flags = [
            (self.join.is_some(), "--join"),
            (self.joined.is_some(), "--joined"),
            (self.settle.is_some(), "--settle"),
            (self.ack.is_some(), "--ack"),
        ];
        let given = flags.into_iter().find(|(is_given, _)| *is_given);
        given.map(|(_, flag)| flag)
    }
}

/// The text of a flag with what it names.
///
/// # Errors
/// [`UsageError::NotFound`].
pub(crate) fn looked_up(
    flag: &'static str,
    text: &Template,
    find: &dyn Lookup,
) -> Result<Template, UsageError> {
    let mut text = text.clone();
    let found = text.look_up(find);
    found.map_err(|lacks| UsageError::NotFound { flag, lacks })?;
    Ok(text)
}

/// The awaited message of a flag with what its texts name.
///
/// # Errors
/// [`UsageError::NotFound`].
pub(crate) fn awaited(
    flag: &'static str,
    pattern: &Pattern,
    find: &dyn Lookup,
) -> Result<Awaited, UsageError> {
    let mut awaited = Awaited::new(None, pattern.clone());
    let found = awaited.look_up(find);
    found.map_err(|lacks| UsageError::NotFound { flag, lacks })?;
    Ok(awaited)
}

/// A variable of the environment.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn words(text: &str) -> Result<Template, TemplateError> {
    Template::for_words(text)
}

/// Rooms: a number of them, or their names.
fn rooms(text: &str) -> Result<Rooms, String> {
    if text.starts_with(|first: char| first.is_ascii_digit()) && !text.contains(',') {
        let count = quantity::positive_u32(text).map_err(|error| error.to_string())?;
        return Ok(Rooms::numbered(count));
    }
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err("a name is empty; write it like 100 or news,sport".to_owned());
    }
    Ok(Rooms::named(names))
}

/// Rooms of each connection: a number of them, or all.
fn rooms_each(text: &str) -> Result<RoomsEach, String> {
    if text == "all" {
        return Ok(RoomsEach::All);
    }
    let each = quantity::positive_u32(text);
    each.map(RoomsEach::Some)
        .map_err(|error| format!("{error}; or write all"))
}

/// A message by a part of it.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    let (pattern, texts) = match text.split_once(':') {
        Some(("equals", whole)) => (Pattern::Equals(whole.into()), whole),
        Some(("prefix", front)) => (Pattern::Prefix(front.into()), front),
        Some(("suffix", back)) => (Pattern::Suffix(back.into()), back),
        Some(("contains", part)) => (Pattern::Contains(part.into()), part),
        Some(("regex", expression)) => {
            let parsed = expression.parse::<Expression>();
            let parsed = parsed.map_err(|why| format!("no regular expression: {why}"))?;
            (Pattern::Matches(parsed), "")
        }
        Some(("json", place)) => {
            let (pointer, value) = place.split_once('=').unwrap_or((place, ""));
            if !pointer.starts_with('/') || value.is_empty() {
                return Err("write it like json:/type=joined".to_owned());
            }
            let pattern = Pattern::Json {
                pointer: pointer.to_owned(),
                value: value.to_owned(),
            };
            (pattern, value)
        }
        _ => (Pattern::Contains(text.into()), text),
    };
    Template::for_words(texts).map_err(|error| error.to_string())?;
    Ok(pattern)
}
