//! The text of the file.

use std::fmt::Write as _;

use toml_writer::{ToTomlKey as _, ToTomlValue as _, TomlKeyBuilder, TomlStringBuilder};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::MessageUnit;

use super::awaited::{LeafValue, MessageForm};
use super::login::SentStep;
use super::script::SaidWords;

/// Content of the file.
#[derive(Default)]
pub(super) struct Draft {
    /// Comments at the top.
    pub(super) head: Vec<String>,
    pub(super) url: String,
    pub(super) unit: MessageUnit,
    pub(super) subprotocols: Vec<String>,
    pub(super) origin: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) rooms: Vec<String>,
    pub(super) login: Vec<SentStep>,
    pub(super) replies: Vec<ReplyTable>,
    pub(super) beats: Vec<BeatTable>,
    pub(super) tables: Vec<TomlTable>,
    /// Comments at the end.
    pub(super) foot: Vec<String>,
}

/// A reply; without `send` the message is taken.
pub(super) struct ReplyTable {
    pub(super) comment: Option<String>,
    pub(super) on: MessageForm,
    pub(super) send: Option<SaidWords>,
}

/// Words by the clock.
pub(super) struct BeatTable {
    pub(super) comment: Option<String>,
    pub(super) period: Nanos,
    pub(super) send: SaidWords,
    pub(super) expect: Option<MessageForm>,
}

/// Clients.
#[derive(Default)]
pub(super) struct TomlTable {
    pub(super) comments: Vec<String>,
    pub(super) count: usize,
    pub(super) roles: Vec<&'static str>,
    /// Keys whose values are texts.
    pub(super) texts: Vec<(&'static str, String)>,
    pub(super) size: Option<usize>,
    pub(super) join: Vec<SentStep>,
}

impl Draft {
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        comments(&mut out, &self.head);
        line(&mut out, "schema", &text(super::super::SCHEMA));
        line(&mut out, "url", &text(&self.url));
        if !self.unit.is_frame() {
            line(&mut out, "unit", &text(&self.unit.to_string()));
        }
        match &self.subprotocols[..] {
            [] => {}
            [one] => line(&mut out, "subprotocol", &text(one)),
            several => line(&mut out, "subprotocol", &list(several)),
        }
        if let Some(origin) = &self.origin {
            line(&mut out, "origin", &text(origin));
        }
        if !self.headers.is_empty() {
            let headers = self.headers.iter();
            let pairs: Vec<String> = headers
                .map(|(name, value)| format!("{} = {}", key(name), text(value)))
                .collect();
            line(&mut out, "headers", &format!("{{ {} }}", pairs.join(", ")));
        }
        if !self.rooms.is_empty() {
            let names = list(&self.rooms);
            line(&mut out, "rooms", &format!("{{ names = {names} }}"));
        }
        let login = self.login.iter().map(|it| (None, step(it)));
        array(&mut out, "login", login);
        let replies = self.replies.iter().map(|it| {
            let send = it.send.iter().map(said);
            let pairs = std::iter::once(("on", known(&it.on))).chain(send);
            (it.comment.as_deref(), table(pairs))
        });
        array(&mut out, "reply", replies);
        let beats = self.beats.iter().map(|it| {
            let expect = it.expect.iter().map(|it| ("expect", known(it)));
            let pairs = [("period", text(&span(it.period))), said(&it.send)];
            (
                it.comment.as_deref(),
                table(pairs.into_iter().chain(expect)),
            )
        });
        array(&mut out, "every", beats);
        for clients in &self.tables {
            clients.write(&mut out);
        }
        if !self.foot.is_empty() {
            out.push('\n');
            comments(&mut out, &self.foot);
        }
        out
    }
}

impl TomlTable {
    fn write(&self, out: &mut String) {
        out.push_str("\n[[clients]]\n");
        comments(out, &self.comments);
        line(out, "count", &self.count.to_string());
        let roles: Vec<String> = self.roles.iter().map(|it| (*it).to_owned()).collect();
        line(out, "roles", &list(&roles));
        for (name, value) in &self.texts {
            line(out, name, &text(value));
        }
        if let Some(size) = self.size {
            line(out, "size", &size.to_string());
        }
        array(out, "join", self.join.iter().map(|it| (None, step(it))));
    }
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

/// A list of tables, one a line.
fn array<'c>(out: &mut String, key: &str, tables: impl Iterator<Item = (Option<&'c str>, String)>) {
    let mut tables = tables.peekable();
    if tables.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "{key} = [");
    for (comment, table) in tables {
        if let Some(comment) = comment {
            let _ = writeln!(out, "    # {}", plain(comment));
        }
        let _ = writeln!(out, "    {table},");
    }
    out.push_str("]\n");
}

fn comments(out: &mut String, lines: &[String]) {
    for comment in lines {
        let _ = writeln!(out, "{}", format!("# {}", plain(comment)).trim_end());
    }
}

/// A comment without what would end it, or be none in TOML.
fn plain(comment: &str) -> String {
    let letters = comment.chars();
    letters
        .map(|it| if it.is_control() { '\u{fffd}' } else { it })
        .collect()
}

fn step(step: &SentStep) -> String {
    let mut pairs = Vec::new();
    pairs.extend(step.send.iter().map(said));
    pairs.extend(step.expect.iter().map(|it| ("expect", known(it))));
    if !step.take.is_empty() {
        let taken = step.take.iter();
        let taken: Vec<String> = taken
            .map(|(name, at)| format!("{} = {}", key(name), text(at)))
            .collect();
        pairs.push(("take", format!("{{ {} }}", taken.join(", "))));
    }
    pairs.extend(step.settle.iter().map(|it| ("settle", text(&span(*it)))));
    table(pairs)
}

fn said(words: &SaidWords) -> (&'static str, String) {
    let (key, value) = words.step();
    (key, text(value))
}

fn known(known: &MessageForm) -> String {
    match known {
        MessageForm::Equals(it) => table([("equals", text(it))]),
        MessageForm::Prefix(it) => table([("prefix", text(it))]),
        MessageForm::Contains(it) => text(it),
        MessageForm::Regex(it) => table([("regex", text(it))]),
        MessageForm::Hex(it, true) => table([("hex", text(it))]),
        MessageForm::Hex(it, false) => table([("hex_prefix", text(it))]),
        MessageForm::Json(values) => {
            let values = values.iter().map(|(pointer, value)| {
                let value = match value {
                    LeafValue::Text(it) => text(it),
                    LeafValue::Number(it) => it.to_string(),
                    LeafValue::Truth(it) => it.to_string(),
                };
                format!("{} = {value}", key(pointer))
            });
            let values: Vec<String> = values.collect();
            table([("json", format!("{{ {} }}", values.join(", ")))])
        }
    }
}

fn table<'k>(pairs: impl IntoIterator<Item = (&'k str, String)>) -> String {
    let pairs = pairs.into_iter();
    let pairs: Vec<String> = pairs
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|it| text(it)).collect();
    format!("[{}]", texts.join(", "))
}

/// A text on one line, without escapes where that is possible.
fn text(value: &str) -> String {
    let builder = TomlStringBuilder::new(value);
    let pretty = builder.as_basic_pretty().or_else(|| builder.as_literal());
    pretty.unwrap_or_else(|| builder.as_basic()).to_toml_value()
}

fn key(name: &str) -> String {
    TomlKeyBuilder::new(name).as_default().to_toml_key()
}

/// A time as it is written: in seconds where it is whole ones.
pub(super) fn span(time: Nanos) -> String {
    let ms = time.0 / 1_000_000;
    match ms {
        0..1_000 => format!("{}ms", ms.max(1)),
        // Nobody beats by a fraction of a second: what is over is the network's.
        _ => format!("{}s", (ms + 500) / 1_000),
    }
}
