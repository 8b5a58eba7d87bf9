//! The clients of a scenario: what they do, and what they send.

use std::sync::Arc;

use toml::Spanned;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Awaited, ByNumber, Encoding, Envelope, Flow, Locator, LoginSteps, Payload,
    Pushes, Role, Rooms, Spoken, Stamp,
};
use wsbench_load::template::{Template, TemplateError};

use super::file::{AudienceFile, ClientsFile, MatchFile, RoleFile};
use super::{Read, ScenarioReader};
use crate::defaults;
use crate::quantity::{self, SizeRange};

/// Content of all tables of clients together.
pub(super) struct ClientsOfFile {
    pub(super) connections: u32,
    pub(super) rate_per_s: Option<f64>,
    pub(super) depth: Option<u32>,
    pub(super) size: Option<SizeRange>,
    pub(super) audience: Audience,
    pub(super) roles: Vec<Role>,
    /// Steps behind the login, where all do the same.
    pub(super) join: LoginSteps,
    pub(super) envelope: Option<Envelope>,
    pub(super) request: Option<ByNumber>,
    pub(super) payload: Option<Payload>,
    /// Message by which the server acknowledges each.
    pub(super) ack: Option<Arc<Awaited>>,
    /// Traffic of clients that send nothing.
    pub(super) flow: Flow,
}

/// Times at which messages are due: by a rate, or when answers come.
pub(super) fn arrival(rate_per_s: Option<f64>, depth: Option<u32>) -> Arrival {
    match rate_per_s {
        None => Arrival::Closed {
            depth: depth.unwrap_or(1),
        },
        Some(rate) => Arrival::Open {
            schedule: Schedule {
                process: Process::Poisson,
                stretches: vec![Stretch::level(Nanos::MAX, rate)],
            },
            max_in_flight: defaults::MAX_IN_FLIGHT,
        },
    }
}

impl ScenarioReader<'_> {
    /// Content of all tables of clients.
    pub(super) fn clients(&self, _: &LoginSteps, rooms: Option<&Rooms>) -> Read<ClientsOfFile> {
        let mut tables: Vec<_> = self.file.clients.iter().collect();
        // Those that send are the first of a run.
        tables.sort_by_key(|it| !has(it.get_ref(), RoleFile::Publish));
        let Some(first) = tables.first() else {
            let what = "a scenario has clients: [[clients]] with count and roles";
            return Err(self.source.at(0, "clients", what));
        };
        for table in &tables {
            self.check(table, tables.len())?;
        }
        let counts = tables.iter().map(|it| self.count(it));
        let counts: Vec<u32> = counts.collect::<Read<_>>()?;
        let connections = counts
            .iter()
            .fold(0, |all: u32, count| all.saturating_add(*count));
        let leading = first.get_ref();
        let is_many = has(leading, RoleFile::Publish);
        let roles = match (tables.len(), is_many && has(leading, RoleFile::Subscribe)) {
            (1, true) => Vec::new(),
            (1, _) if !is_many => Vec::new(),
            _ => tables
                .iter()
                .zip(&counts)
                .map(|(it, count)| self.role(it, *count))
                .collect::<Read<_>>()?,
        };
        let join = match roles.is_empty() {
            true => self.join_of(leading)?,
            false => LoginSteps::default(),
        };
        let clients = ClientsOfFile {
            connections,
            rate_per_s: self.rate(leading)?,
            depth: leading.depth.as_ref().map(|it| *it.get_ref()),
            size: self.size(leading)?,
            audience: self.audience(leading, is_many, rooms)?,
            roles,
            join,
            envelope: None,
            request: None,
            payload: None,
            ack: None,
            flow: self.flow(leading, tables.len())?,
        };
        if is_many {
            return self.published(first, clients);
        }
        if !clients.flow.is_answered() {
            return Ok(clients);
        }
        self.answered(first, clients)
    }

    /// Makes sure that a table says what goes together.
    fn check(&self, table: &Spanned<ClientsFile>, tables: usize) -> Read<()> {
        let it = table.get_ref();
        let (roles, is_many) = (it.roles.get_ref(), has(it, RoleFile::Publish));
        let fault = |what: &str| Err(self.source.fault("roles", &it.roles, what));
        let is_answered = has(it, RoleFile::Request) || has(it, RoleFile::Echo);
        if roles.is_empty() {
            return fault("it is empty; there are publish, subscribe, request, echo and idle");
        }
        if roles.len() > 1 && (is_answered || has(it, RoleFile::Idle)) {
            return fault("request, echo and idle go with no other; publish and subscribe do");
        }
        if is_answered && tables > 1 {
            return fault("clients that request or echo are the only ones of a scenario");
        }
        let of_messages = [
            (
                "rate",
                it.rate.as_ref().map(Spanned::span),
                is_many || is_answered,
            ),
            (
                "message",
                it.message.as_ref().map(Spanned::span),
                is_many || is_answered,
            ),
            (
                "message_binary",
                it.message_binary.as_ref().map(Spanned::span),
                is_many,
            ),
            (
                "size",
                it.size.as_ref().map(Spanned::span),
                is_many || is_answered,
            ),
            ("audience", it.audience.as_ref().map(Spanned::span), is_many),
            ("ack", it.ack.as_ref().map(Spanned::span), is_many),
            ("depth", it.depth.as_ref().map(Spanned::span), is_answered),
            (
                "match",
                it.at.as_ref().map(Spanned::span),
                has(it, RoleFile::Request),
            ),
            (
                "failed",
                it.failed.as_ref().map(Spanned::span),
                has(it, RoleFile::Request),
            ),
            (
                "stamp",
                it.stamp.as_ref().map(Spanned::span),
                tables == 1 && !is_many && has(it, RoleFile::Subscribe),
            ),
            (
                "sequence",
                it.sequence.as_ref().map(Spanned::span),
                tables == 1 && !is_many && has(it, RoleFile::Subscribe),
            ),
        ];
        for (key, span, is_theirs) in of_messages {
            if let (Some(span), false) = (span, is_theirs) {
                let what = "these clients do not send such messages; see their roles";
                return Err(self.source.at(span.start, key, what));
            }
        }
        let lone = tables == 1 && is_many && !has(it, RoleFile::Subscribe);
        if lone {
            return fault(
                "nobody receives: give \"subscribe\" as well, or clients of their own for it",
            );
        }
        let senders = self.file.clients.iter();
        let senders = senders.filter(|it| has(it.get_ref(), RoleFile::Publish));
        match senders.count() {
            0 if tables > 1 => fault("nobody sends: one table of clients has the role publish"),
            0 | 1 => Ok(()),
            _ => fault("one table of clients publishes; the others subscribe or are idle"),
        }
    }

    /// Traffic of the only clients there are, where they send nothing: what the server sends by itself,
    /// or none.
    fn flow(&self, table: &ClientsFile, tables: usize) -> Read<Flow> {
        if tables > 1 || has(table, RoleFile::Publish) {
            return Ok(Flow::Answered);
        }
        if has(table, RoleFile::Idle) {
            return Ok(Flow::Idle);
        }
        if !has(table, RoleFile::Subscribe) {
            return Ok(Flow::Answered);
        }
        let stamp = table.stamp.as_ref().map(|at| {
            let parsed = at.get_ref().parse::<Stamp>();
            parsed.map_err(|error| self.source.fault("stamp", at, error))
        });
        Ok(Flow::Push(Pushes {
            stamp: stamp.transpose()?,
            sequence: self.locator("sequence", table.sequence.as_ref())?,
            clock: None,
        }))
    }

    fn count(&self, table: &Spanned<ClientsFile>) -> Read<u32> {
        let count = &table.get_ref().count;
        let parsed = quantity::positive_u32(&count.get_ref().words());
        parsed.map_err(|error| self.source.fault("count", count, error))
    }

    fn rate(&self, table: &ClientsFile) -> Read<Option<f64>> {
        let Some(rate) = &table.rate else {
            return Ok(None);
        };
        let parsed = quantity::rate_per_s(&rate.get_ref().words());
        let parsed = parsed.map_err(|error| self.source.fault("rate", rate, error))?;
        Ok(Some(parsed))
    }

    fn size(&self, table: &ClientsFile) -> Read<Option<SizeRange>> {
        let Some(size) = &table.size else {
            return Ok(None);
        };
        let parsed = quantity::size_range(&size.get_ref().words());
        let parsed = parsed.map_err(|error| self.source.fault("size", size, error))?;
        Ok(Some(parsed))
    }

    fn audience(
        &self,
        table: &ClientsFile,
        is_many: bool,
        rooms: Option<&Rooms>,
    ) -> Read<Audience> {
        let audience = table.audience.as_ref();
        match (audience.map(|it| (it, it.get_ref())), rooms) {
            _ if !is_many => Ok(Audience::Sender),
            (None | Some((_, AudienceFile::Room)), Some(_)) => Ok(Audience::Room),
            (None | Some((_, AudienceFile::All)), _) => Ok(Audience::All),
            (Some((at, AudienceFile::Room)), None) => {
                let what = "a room needs rooms: rooms = { count = 10 }";
                Err(self.source.fault("audience", at, what))
            }
        }
    }

    fn join_of(&self, table: &ClientsFile) -> Read<LoginSteps> {
        let (join, joined) = (table.join.as_ref(), table.joined.as_ref());
        self.speaker.join(join, joined, table.settle.as_ref())
    }

    fn role(&self, table: &Spanned<ClientsFile>, connections: u32) -> Read<Role> {
        let it = table.get_ref();
        Ok(Role {
            connections,
            publishes: has(it, RoleFile::Publish),
            subscribes: has(it, RoleFile::Subscribe),
            join: self.join_of(it)?,
        })
    }

    /// Messages for many.
    fn published(
        &self,
        table: &Spanned<ClientsFile>,
        mut clients: ClientsOfFile,
    ) -> Read<ClientsOfFile> {
        let it = table.get_ref();
        if clients.rate_per_s.is_none() {
            let what = "clients that publish have a rate, such as \"100/s\"";
            return Err(self.source.fault("clients", table, what));
        }
        let ack = it.ack.as_ref().map(|ack| self.ack(ack));
        clients.ack = ack.transpose()?;
        let (key, message, spoken) = match (&it.message, &it.message_binary) {
            (None, None) => return Ok(clients),
            (Some(text), None) => {
                let words = self.speaker.words("message", text, text.get_ref())?;
                ("message", text, Spoken::text(words))
            }
            (None, Some(binary)) => {
                let words = self.speaker.bytes("message_binary", binary)?;
                ("message_binary", binary, Spoken::binary(words))
            }
            (Some(_), Some(binary)) => {
                let what = "message and message_binary are one message; give one of them";
                return Err(self.source.fault("message_binary", binary, what));
            }
        };
        let words = &spoken.words;
        let fault = |what: &str| Err(self.source.fault(key, message, what));
        if !words.is_envelope() {
            return fault("it has to have one {tag}, and {fill} right behind that or nowhere");
        }
        if !words.has_filling() {
            if let Some(size) = &it.size {
                let what =
                    "the message has no {fill} that could make it so long; put it behind {tag}";
                return Err(self.source.fault("size", size, what));
            }
            let tag = Payload::tag_len(Encoding::Text) as u32;
            clients.size = Some(SizeRange { min: tag, max: tag });
        } else if clients.size.is_none() {
            let (min, max) = (defaults::SIZE, defaults::SIZE);
            clients.size = Some(SizeRange { min, max });
        }
        clients.envelope = Some(Envelope::new(spoken));
        Ok(clients)
    }

    /// Message by which the server acknowledges each of those that are sent.
    fn ack(&self, ack: &Spanned<MatchFile>) -> Read<Arc<Awaited>> {
        let awaited = self.speaker.awaited("ack", ack)?;
        if let Some(why) = awaited.fault() {
            return Err(self.source.fault("ack", ack, why));
        }
        Ok(Arc::new(awaited))
    }

    /// Requests and echoes.
    fn answered(
        &self,
        table: &Spanned<ClientsFile>,
        mut clients: ClientsOfFile,
    ) -> Read<ClientsOfFile> {
        let it = table.get_ref();
        let is_request = has(it, RoleFile::Request);
        if is_request {
            clients.request = Some(ByNumber {
                at: self
                    .locator("match", it.at.as_ref())?
                    .unwrap_or_else(Locator::usual),
                failed: self.locator("failed", it.failed.as_ref())?,
            });
        }
        let Some(message) = &it.message else {
            if is_request {
                let what = "clients that request have a message with {id} in it";
                return Err(self.source.fault("clients", table, what));
            }
            return Ok(clients);
        };
        if let Some(size) = &it.size {
            let what = "the message says how long it is; leave size out";
            return Err(self.source.fault("size", size, what));
        }
        let compile: fn(&str) -> Result<Template, TemplateError> = match is_request {
            true => Template::for_requests,
            false => Template::parse,
        };
        let fault = |what: String| self.source.fault("message", message, what);
        let template = compile(message.get_ref());
        let mut template = template.map_err(|error| fault(error.to_string()))?;
        if is_request && !template.has_request_number() {
            let what = "it has no {id} in it, the number by which its answer is known";
            return Err(fault(what.to_owned()));
        }
        let found = template.look_up(self.speaker.find);
        found.map_err(|lacks| fault(lacks.to_string()))?;
        clients.payload = Some(Payload::Template {
            encoding: Encoding::Text,
            template: Arc::new(template),
        });
        Ok(clients)
    }

    fn locator(&self, key: &str, at: Option<&Spanned<String>>) -> Read<Option<Locator>> {
        let Some(at) = at else { return Ok(None) };
        let parsed = at.get_ref().parse::<Locator>();
        let parsed = parsed.map_err(|error| self.source.fault(key, at, error))?;
        Ok(Some(parsed))
    }
}

fn has(table: &ClientsFile, role: RoleFile) -> bool {
    table.roles.get_ref().contains(&role)
}
