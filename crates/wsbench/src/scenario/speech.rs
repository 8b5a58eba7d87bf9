//! What is said and awaited, from a scenario's texts.

use std::collections::BTreeMap;

use toml::Spanned;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Awaited, Beat, Expected, Expression, Locator, LoginStep, LoginSteps, Pattern, Reply, Spoken,
    Upkeep,
};
use wsbench_load::template::{Lookup, NotFound, Template, TemplateError, from_hex};

use super::file::{EveryFile, JoinFile, MatchFile, MatchTable, ReplyFile, Scalar, StepFile};
use super::{Read, Source};
use crate::header::COLUMN;
use crate::quantity;

/// Beginning of a variable of the environment.
const VARIABLE: &str = "{env:";

/// A text with the values of its variables, which no output shows.
#[derive(Default)]
pub(super) struct FilledText {
    pub(super) text: String,
    pub(super) values: Vec<String>,
}

/// Reads texts.
pub(super) struct Speaker<'a> {
    pub(super) source: Source<'a>,
    pub(super) find: &'a dyn Lookup,
    pub(super) has_rooms: bool,
}

impl Speaker<'_> {
    /// The steps of a login.
    pub(super) fn steps(&self, steps: &[Spanned<StepFile>]) -> Read<LoginSteps> {
        let mut login = LoginSteps::default();
        for step in steps {
            login = self.step(login, step.get_ref(), step)?;
        }
        Ok(login)
    }

    /// What is said to join, how that is confirmed, and the pause behind it.
    pub(super) fn join(
        &self,
        join: Option<&Spanned<JoinFile>>,
        joined: Option<&Spanned<MatchFile>>,
        settle: Option<&Spanned<String>>,
    ) -> Read<LoginSteps> {
        let mut login = LoginSteps::default();
        match join.map(|join| (join.get_ref(), join)) {
            None => {}
            Some((JoinFile::Text(text), join)) => {
                let spoken = self.spoken("join", join, text)?;
                login = login.then(LoginStep::Send(spoken));
            }
            Some((JoinFile::Steps(steps), join)) => {
                for step in steps {
                    login = self.step(login, step, join)?;
                }
            }
        }
        if let Some(joined) = joined {
            login = login.then(LoginStep::Expect(Expected {
                awaited: self.awaited("joined", joined)?,
                captures: Vec::new(),
                within: None,
            }));
        }
        if let Some(settle) = settle {
            login = login.then(LoginStep::Settle(self.span("settle", settle)?));
        }
        Ok(login)
    }

    /// A step, which stands at `at`.
    fn step<T>(&self, mut login: LoginSteps, step: &StepFile, at: &Spanned<T>) -> Read<LoginSteps> {
        let say = self.said(step.send.as_ref(), step.binary.as_ref())?;
        let is_empty = say.is_none() && step.expect.is_none() && step.settle.is_none();
        let lacks = step.expect.is_none() && (step.within.is_some() || !step.take.is_empty());
        if is_empty || lacks {
            let what = match is_empty {
                true => "a step has send, binary, expect or settle",
                false => "within and take are of an expect",
            };
            return Err(self.source.fault("login", at, what));
        }
        if let Some(spoken) = say {
            login = login.then(LoginStep::Send(spoken));
        }
        if let Some(expect) = &step.expect {
            let within = step.within.as_ref();
            let expected = Expected {
                awaited: self.awaited("expect", expect)?,
                captures: self.captures(&step.take)?,
                within: within.map(|it| self.span("within", it)).transpose()?,
            };
            login = login.then(LoginStep::Expect(expected));
        }
        if let Some(settle) = &step.settle {
            login = login.then(LoginStep::Settle(self.span("settle", settle)?));
        }
        Ok(login)
    }

    fn captures(&self, take: &BTreeMap<String, Spanned<String>>) -> Read<Vec<(String, Locator)>> {
        let captures = take.iter().map(|(name, at)| {
            let parsed = at.get_ref().parse::<Locator>();
            let parsed = parsed.map_err(|error| self.source.fault(name, at, error))?;
            Ok((name.clone(), parsed))
        });
        captures.collect()
    }

    /// Replies, and words by the clock.
    pub(super) fn upkeep(
        &self,
        replies: &[Spanned<ReplyFile>],
        beats: &[Spanned<EveryFile>],
    ) -> Read<Upkeep> {
        let replies = replies.iter().map(|reply| {
            let reply = reply.get_ref();
            Ok(Reply {
                on: self.awaited("on", &reply.on)?,
                say: self.said(reply.send.as_ref(), reply.binary.as_ref())?,
            })
        });
        let beats = beats.iter().map(|at| {
            let beat = at.get_ref();
            let expect = beat.expect.as_ref();
            let say = self.said(beat.send.as_ref(), beat.binary.as_ref())?;
            let nothing = || {
                self.source
                    .fault("every", at, "it says nothing; give send or binary")
            };
            Ok(Beat {
                period: self.span("period", &beat.period)?,
                say: say.ok_or_else(nothing)?,
                expect: expect.map(|it| self.awaited("expect", it)).transpose()?,
            })
        });
        Ok(Upkeep {
            replies: replies.collect::<Read<_>>()?,
            beats: beats.collect::<Read<_>>()?,
        })
    }

    /// A message that is said: a text, or bytes.
    fn said(
        &self,
        send: Option<&Spanned<String>>,
        binary: Option<&Spanned<String>>,
    ) -> Read<Option<Spoken>> {
        match (send, binary) {
            (None, None) => Ok(None),
            (Some(send), None) => self.spoken("send", send, send.get_ref()).map(Some),
            (None, Some(binary)) => {
                let words = self.bytes("binary", binary)?;
                self.is_none_of_load("binary", binary, &words)?;
                Ok(Some(Spoken::binary(words)))
            }
            (Some(_), Some(binary)) => {
                let what = "send and binary are two ways to say one message; give one of them";
                Err(self.source.fault("binary", binary, what))
            }
        }
    }

    /// A text that is said, the value of a key.
    pub(super) fn spoken<T>(&self, key: &str, at: &Spanned<T>, text: &str) -> Read<Spoken> {
        let words = self.words(key, at, text)?;
        self.is_none_of_load(key, at, &words)?;
        Ok(Spoken::text(words))
    }

    fn is_none_of_load<T>(&self, key: &str, at: &Spanned<T>, words: &Template) -> Read<()> {
        if words.has_tag() || words.has_filling() {
            let what = "{tag} and {fill} are of messages alone";
            return Err(self.source.fault(key, at, what));
        }
        Ok(())
    }

    /// A text with its variables looked up.
    pub(super) fn words<T>(&self, key: &str, at: &Spanned<T>, text: &str) -> Read<Template> {
        self.looked_up(key, at, Template::for_words(text))
    }

    /// A binary message with its variables looked up.
    pub(super) fn bytes(&self, key: &str, at: &Spanned<String>) -> Read<Template> {
        self.looked_up(key, at, Template::for_bytes(at.get_ref()))
    }

    fn looked_up<T>(
        &self,
        key: &str,
        at: &Spanned<T>,
        parsed: Result<Template, TemplateError>,
    ) -> Read<Template> {
        let mut words = self.parsed(key, at, parsed)?;
        let found = words.look_up(self.find);
        found.map_err(|lacks| self.source.fault(key, at, lacks))?;
        Ok(words)
    }

    /// What was read, if it is right and has rooms where it names one.
    fn parsed<T>(
        &self,
        key: &str,
        at: &Spanned<T>,
        parsed: Result<Template, TemplateError>,
    ) -> Read<Template> {
        let words = parsed.map_err(|error| self.source.fault(key, at, error))?;
        if words.has_room() && !self.has_rooms {
            let what = "{room} needs rooms: rooms = { count = 10 }";
            return Err(self.source.fault(key, at, what));
        }
        Ok(words)
    }

    /// A text in which nothing but variables of the environment is put in.
    pub(super) fn with_variables<T>(
        &self,
        key: &str,
        at: &Spanned<T>,
        text: &str,
    ) -> Read<FilledText> {
        if text.contains(COLUMN) {
            let what = "a row of a file differs from connection to connection, and this is the same for \
                        all; put {csv:FILE:COLUMN} into a header or into the login";
            return Err(self.source.fault(key, at, what));
        }
        let mut filled = FilledText::default();
        let mut rest = text;
        while let Some(begin) = rest.find(VARIABLE) {
            let name = &rest[begin + VARIABLE.len()..];
            let Some(end) = name.find('}').filter(|end| *end > 0) else {
                let what = "{env:NAME} is not closed, or has no name";
                return Err(self.source.fault(key, at, what));
            };
            let name_of_it = &name[..end];
            let value = self.find.variable(name_of_it).ok_or_else(|| {
                let lacks = NotFound::Variable(name_of_it.to_owned());
                self.source.fault(key, at, lacks)
            })?;
            filled.text.push_str(&rest[..begin]);
            filled.text.push_str(&value);
            filled.values.push(value);
            rest = &name[end + 1..];
        }
        filled.text.push_str(rest);
        Ok(filled)
    }

    /// A message that is awaited, the value of a key.
    pub(super) fn awaited(&self, key: &str, at: &Spanned<MatchFile>) -> Read<Awaited> {
        let pattern = match at.get_ref() {
            MatchFile::Holding(text) => Pattern::Contains(text.clone().into_bytes()),
            MatchFile::Table(table) => self.pattern(key, at, table)?,
        };
        for text in pattern.texts() {
            let parsed = Template::for_words(&String::from_utf8_lossy(text));
            self.parsed(key, at, parsed)?;
        }
        let mut awaited = Awaited::new(None, pattern);
        let found = awaited.look_up(self.find);
        found.map_err(|lacks| self.source.fault(key, at, lacks))?;
        Ok(awaited)
    }

    fn pattern(&self, key: &str, at: &Spanned<MatchFile>, table: &MatchTable) -> Read<Pattern> {
        let mut all = Vec::new();
        let bytes = |text: &String| text.clone().into_bytes();
        all.extend(table.equals.as_ref().map(|it| Pattern::Equals(bytes(it))));
        all.extend(table.prefix.as_ref().map(|it| Pattern::Prefix(bytes(it))));
        all.extend(table.suffix.as_ref().map(|it| Pattern::Suffix(bytes(it))));
        all.extend(
            table
                .contains
                .as_ref()
                .map(|it| Pattern::Contains(bytes(it))),
        );
        for (pointer, value) in &table.json {
            if !pointer.starts_with('/') {
                let what =
                    format!("'{pointer}' is no JSON pointer; it begins with a slash, like /id");
                return Err(self.source.fault(key, at, what));
            }
            all.push(Pattern::Json {
                pointer: pointer.clone(),
                value: match value {
                    Scalar::Text(text) => text.clone(),
                    Scalar::Number(number) => number.to_string(),
                    Scalar::Truth(truth) => truth.to_string(),
                },
            });
        }
        if let Some(regex) = &table.regex {
            let parsed = regex.parse::<Expression>();
            let what = |why| format!("'{regex}' is no regular expression: {why}");
            let parsed = parsed.map_err(|why| self.source.fault(key, at, what(why)))?;
            all.push(Pattern::Matches(parsed));
        }
        for (digits, is_whole) in [(&table.hex, true), (&table.hex_prefix, false)] {
            let Some(digits) = digits else { continue };
            let bytes = from_hex(digits).map_err(|error| self.source.fault(key, at, error))?;
            all.push(Pattern::Bytes { bytes, is_whole });
        }
        match (all.len(), all.pop()) {
            (1, Some(only)) => Ok(only),
            (_, Some(last)) => {
                all.push(last);
                Ok(Pattern::All(all))
            }
            (_, None) => {
                let what =
                    "it is empty; give equals, prefix, contains, json, regex, hex or hex_prefix";
                Err(self.source.fault(key, at, what))
            }
        }
    }

    pub(super) fn span(&self, key: &str, at: &Spanned<String>) -> Read<Nanos> {
        let parsed = quantity::positive_span(at.get_ref());
        parsed.map_err(|error| self.source.fault(key, at, error))
    }
}
