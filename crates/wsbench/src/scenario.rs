//! A scenario file → how clients log in, what they send, and who receives it.
//!
//! Parse, don't validate, as for suites and flags: what comes out is of a plan, or the file is refused
//! with its line and key. What stands in the files is `file`'s. Presets are such files inside of the
//! program.

mod clients;
mod file;
mod preset;
pub mod recorded;
mod speech;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bounded::{self, LARGEST_WRITTEN};
use thiserror::Error;
use toml::Spanned;
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Audience, Awaited, ByNumber, Drill, Envelope, Flow, Greeting, Header, Lifetime, Locator,
    LoginSteps, MessageUnit, Payload, PlanSpec, Reconnect, Returns, Role, Rooms, Sessions,
    SlowReaders, StopRule, Upkeep,
};
use wsbench_load::route::Target;
use wsbench_load::secret::{shown_subprotocols, shown_url};
use wsbench_load::template::Lookup;
use wsbench_setting::Field;

use crate::defaults;
use crate::digest;
use crate::header;
use crate::lines::{self, Fault};
use crate::quantity::{self, SizeRange};

pub use file::ScenarioFile;
pub use preset::{PRESETS, Preset};

use file::{AllFile, EachFile, RoomsFile, SCHEMA, Texts};
use speech::Speaker;

/// The end of what is said of a file that cannot be read.
const ADVICE: &str = "; `wsbench schema scenario` tells every key";

/// The keys of a file that may have said a setting.
fn keys(field: Field) -> &'static [&'static str] {
    match field {
        Field::Login => &["login", "join"],
        Field::Upkeep => &["reply", "every"],
        Field::Payload => &["message", "message_binary"],
        Field::Request | Field::Numbered => &["match"],
        Field::End => &["end"],
        Field::Ack => &["ack"],
        Field::Audience => &["audience"],
        Field::Flow | Field::Roles => &["roles"],
        // The rest may be said by flags, which outweigh the file.
        _ => &[],
    }
}

/// How clients log in, what they send, and who receives it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file that it was read from, or `preset:` and its name.
    pub name: String,
    /// The server.
    pub url: Option<Target>,
    /// Subprotocols to offer.
    pub subprotocols: Vec<String>,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// Further headers of the request.
    pub headers: Vec<Header>,
    /// Length of the measured window.
    pub duration: Option<Nanos>,
    /// Connections in all; `None` of clients that come by a schedule.
    pub connections: Option<u32>,
    /// Clients that come by a schedule.
    pub sessions: ScenarioSessions,
    /// Connections that are cut on purpose.
    pub drill: Option<Drill>,
    /// Pauses of clients that come back.
    pub reconnect: Option<Reconnect>,
    /// Messages a second; `None` in the closed loop.
    pub rate_per_s: Option<f64>,
    /// Messages in flight on each connection of the closed loop.
    pub depth: Option<u32>,
    /// Bytes of messages; `None` where their text says all.
    pub size: Option<SizeRange>,
    /// Parts of the plan.
    parts: ScenarioParts,
    /// Text of the file, to tell where in it something stands.
    text: String,
}

/// Clients that come by a schedule, as far as a scenario has them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScenarioSessions {
    /// Those that come a second; `None` where all are there from the beginning.
    pub per_s: Option<f64>,
    /// Time that each stays.
    pub live: Option<Nanos>,
    /// Round trips of each, where it stays for no time.
    pub round_trips: Option<u32>,
    /// Those that are there at the same time at most.
    pub most: Option<u32>,
}

impl ScenarioSessions {
    /// The schedule of a plan, as chance has it; `None` without one.
    fn scheduled(&self) -> Option<Sessions> {
        Some(Sessions {
            per_s: self.per_s?,
            process: Process::Poisson,
            stay: defaults::stay(self.live, self.round_trips),
        })
    }
}

/// Parts of a plan that a scenario gives as they are.
#[derive(Clone, Debug)]
struct ScenarioParts {
    audience: Audience,
    rooms: Option<Rooms>,
    unit: MessageUnit,
    roles: Vec<Role>,
    slow: Option<SlowReaders>,
    login: LoginSteps,
    upkeep: Upkeep,
    envelope: Option<Envelope>,
    numbered: Option<Locator>,
    request: Option<ByNumber>,
    /// Messages of requests and echoes that the file says whole.
    payload: Option<Payload>,
    greeting: Option<Greeting>,
    ack: Option<Arc<Awaited>>,
    /// Traffic where nothing is answered.
    flow: Flow,
}

/// The reason why there is no scenario.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}; give a scenario, such as one that `wsbench preset` prints", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A line of it is wrong.
    #[error(transparent)]
    Line(Box<Fault>),
    /// There is no such preset.
    #[error("there is no preset '{name}'; there are {}", preset::names())]
    NoPreset {
        /// The name.
        name: String,
    },
}

impl From<Box<Fault>> for ScenarioError {
    fn from(fault: Box<Fault>) -> Self {
        Self::Line(fault)
    }
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ScenarioError`]: a file that is not there, a line that is wrong, a variable of the environment
    /// that is not set, a column that no file has.
    pub fn read(path: &Path, find: &dyn Lookup) -> Result<Self, ScenarioError> {
        let text = bounded::text_of(path, LARGEST_WRITTEN).map_err(|source| {
            ScenarioError::Unreadable {
                path: path.to_owned(),
                source,
            }
        })?;
        Self::parse(path, &text, find)
    }

    /// Reads the scenario that stands at `path`, from its text.
    ///
    /// ```
    /// use std::path::Path;
    /// use wsbench::scenario::Scenario;
    /// let text = r#"
    ///     url = "ws://localhost:3000/"
    ///     [[clients]]
    ///     count = 10
    ///     roles = ["publish", "subscribe"]
    ///     rate = "20/s"
    ///     message = '{"text":"{tag}{fill}"}'
    ///     size = 100
    /// "#;
    /// let scenario = Scenario::parse(Path::new("chat.toml"), text, &|_: &str| None).unwrap();
    /// let spec = scenario.spec().unwrap();
    /// assert!(spec.check().is_ok());
    /// let wrong = text.replace("{tag}", "{tog}");
    /// let error = Scenario::parse(Path::new("chat.toml"), &wrong, &|_: &str| None).unwrap_err();
    /// assert!(error.to_string().starts_with("chat.toml:7: message: at byte 9: '{tog}'"));
    /// ```
    ///
    /// # Errors
    /// As [`Scenario::read`].
    pub fn parse(path: &Path, text: &str, find: &dyn Lookup) -> Result<Self, ScenarioError> {
        let source = Source::new(path, text);
        let file: ScenarioFile =
            toml::from_str(text).map_err(|error| source.unread(&error, ADVICE))?;
        let speaker = Speaker {
            source,
            find,
            has_rooms: file.rooms.is_some(),
        };
        let reader = ScenarioReader {
            source,
            file: &file,
            speaker,
        };
        reader.scenario(path.display().to_string(), text.to_owned())
    }

    /// A preset by its name.
    ///
    /// # Errors
    /// [`ScenarioError::NoPreset`], or a variable of the environment that is not set.
    pub fn preset(name: &str, find: &dyn Lookup) -> Result<Self, ScenarioError> {
        let preset = Preset::named(name).ok_or_else(|| ScenarioError::NoPreset {
            name: name.to_owned(),
        })?;
        let path = format!("preset:{name}");
        Self::parse(Path::new(&path), preset.text, find)
    }

    /// The task by itself; `None` without a server.
    #[must_use]
    pub fn spec(&self) -> Option<PlanSpec> {
        self.url.clone().map(|url| self.against(url))
    }

    /// The task against the server at `target`.
    #[must_use]
    pub fn against(&self, target: Target) -> PlanSpec {
        let mut spec = PlanSpec::against(target);
        self.live_in(&mut spec);
        spec.upgrade.subprotocols.clone_from(&self.subprotocols);
        spec.upgrade.origin.clone_from(&self.origin);
        spec.upgrade.headers.clone_from(&self.headers);
        spec.clients.arrival = clients::arrival(self.rate_per_s, self.depth);
        if let (
            Some(SizeRange { min, max }),
            Payload::Generated {
                encoding, ascii, ..
            },
        ) = (self.size, &spec.clients.exchange.payload)
        {
            spec.clients.exchange.payload = Payload::Generated {
                encoding: *encoding,
                min,
                max,
                ascii: *ascii,
            };
        }
        self.fill(&mut spec);
        spec
    }

    /// A digest of the file's text.
    pub(crate) fn digest(&self) -> String {
        digest::of_text(&self.text)
    }

    /// Puts into a task who is there, when and for how long, and how long it lasts.
    fn live_in(&self, spec: &mut PlanSpec) {
        if let Some(duration) = self.duration {
            spec.stop = StopRule::Duration(duration);
        }
        let lasts = spec.stop.duration().unwrap_or(Nanos::ZERO);
        let clients = &mut spec.clients;
        clients.connections = self.connections.unwrap_or(clients.connections);
        if let Some(sessions) = self.sessions.scheduled() {
            clients.lifetime = Lifetime::Scheduled(sessions);
            clients.connections = self.sessions.most.unwrap_or_else(|| sessions.places(lasts));
        }
        clients.returns = Returns::of(self.reconnect, self.drill).or(clients.returns);
    }

    /// What is wrong with a setting of the plan, at the line of the file that says the setting; `None` where
    /// none does.
    #[must_use]
    pub fn fault(&self, field: Field, what: impl fmt::Display) -> Option<ScenarioError> {
        let source = Source::new(Path::new(&self.name), &self.text);
        let found = keys(field)
            .iter()
            .find_map(|key| Some((source.line_of(0, key)?, *key)));
        found.map(|(offset, key)| source.at(offset, key, what))
    }

    /// Puts into a task what flags have no words for.
    pub fn fill(&self, spec: &mut PlanSpec) {
        let parts = &self.parts;
        spec.scenario = Some(self.name.clone());
        let clients = &mut spec.clients;
        clients.login = parts.login.clone().followed_by(&clients.login);
        clients.upkeep.clone_from(&parts.upkeep);
        clients.roles.clone_from(&parts.roles);
        clients.slow = parts.slow;
        let exchange = &mut clients.exchange;
        exchange.audience = parts.audience;
        exchange.rooms.clone_from(&parts.rooms);
        exchange.unit = parts.unit;
        if parts.envelope.is_some() {
            exchange.envelope.clone_from(&parts.envelope);
        }
        if parts.numbered.is_some() {
            exchange.numbered.clone_from(&parts.numbered);
        }
        if parts.request.is_some() {
            exchange.request.clone_from(&parts.request);
        }
        if parts.ack.is_some() {
            exchange.ack.clone_from(&parts.ack);
        }
        if let Some(payload) = &parts.payload {
            exchange.payload = payload.clone();
        }
        if !parts.flow.is_answered() {
            exchange.flow.clone_from(&parts.flow);
        }
        if exchange.greeting.is_none() {
            exchange.greeting.clone_from(&parts.greeting);
        }
    }

    /// True where all clients do the same.
    #[must_use]
    pub fn is_of_one_kind(&self) -> bool {
        self.parts.roles.is_empty() && self.parts.slow.is_none()
    }

    /// Changes the number of connections, where all do the same; says whether it did.
    pub fn set_connections(&mut self, connections: u32) -> bool {
        let is_one = self.is_of_one_kind();
        if is_one {
            self.connections = Some(connections);
        }
        is_one
    }

    /// True of one whose messages are requests or echoes that it says whole, so that no size is theirs.
    #[must_use]
    pub fn says_messages(&self) -> bool {
        self.parts.payload.is_some()
    }

    /// True where a size beside it would be that of no message, or of some alone: it says them whole, or
    /// clients of several kinds publish and do not send the same.
    #[must_use]
    pub fn takes_no_size(&self) -> bool {
        let mut voices = self.parts.roles.iter().filter_map(|it| it.voice.as_ref());
        self.says_messages() || voices.any(|voice| voice.own.is_some())
    }
}

/// A scenario that is being read.
struct ScenarioReader<'a> {
    source: Source<'a>,
    file: &'a ScenarioFile,
    speaker: Speaker<'a>,
}

type Source<'a> = lines::Source<'a, ScenarioError>;
type Read<T> = Result<T, ScenarioError>;

impl ScenarioReader<'_> {
    fn scenario(&self, name: String, text: String) -> Read<Scenario> {
        let (file, source) = (self.file, self.source);
        if let Some(schema) = file.schema.as_ref().filter(|it| it.get_ref() != SCHEMA) {
            let what = format!(
                "'{}' is another format; this reads {SCHEMA}",
                schema.get_ref()
            );
            return Err(source.fault("schema", schema, what));
        }
        let url = file.url.as_ref().map(|url| self.target(url));
        let duration = source.parsed("duration", file.duration.as_ref(), |it| {
            quantity::length(it)
        });
        let greeting = source.parsed("greeting", file.greeting.as_ref(), |it| {
            quantity::greeting(&it.words())
        });
        let drill = source.parsed("drill", file.drill.as_ref(), |it| quantity::drill(it));
        let reconnect = source.parsed("reconnect", file.reconnect.as_ref(), |it| {
            quantity::reconnect(it)
        });
        let rooms = self.rooms()?;
        let login = self.speaker.steps(&file.login)?;
        let upkeep = self.speaker.upkeep(&file.reply, &file.every)?;
        let clients = self.clients(&login, rooms.as_ref())?;
        let subprotocols = self.subprotocols()?;
        Ok(Scenario {
            name,
            url: url.transpose()?,
            subprotocols,
            origin: file.origin.as_ref().map(|it| it.get_ref().clone()),
            headers: self.headers()?,
            duration: duration?,
            connections: clients.connections,
            sessions: clients.sessions,
            drill: drill?,
            reconnect: reconnect?,
            rate_per_s: clients.rate_per_s,
            depth: clients.depth,
            size: clients.size,
            parts: ScenarioParts {
                audience: clients.audience,
                rooms,
                unit: file.unit,
                roles: clients.roles,
                slow: clients.slow,
                login: login.followed_by(&clients.join),
                upkeep,
                envelope: clients.envelope,
                numbered: clients.numbered,
                request: clients.request,
                payload: clients.payload,
                greeting: greeting?,
                ack: clients.ack,
                flow: clients.flow,
            },
            text,
        })
    }

    /// The server. A variable of the environment may stand where nobody is shown it.
    fn target(&self, url: &Spanned<String>) -> Read<Target> {
        let fault = |what: &str| self.source.fault("url", url, what);
        let given = url.get_ref();
        let filled = self.speaker.with_variables("url", url, given)?;
        if filled.text == *given {
            let parsed = given.parse::<Target>();
            return parsed.map_err(|error| self.source.fault("url", url, error));
        }
        let shown = shown_url(&filled.text).into_owned();
        if filled.values.iter().any(|value| shown.contains(value)) {
            return Err(fault(
                "a variable would be shown here; let it be the whole value of a parameter whose name \
                 says that it is a credential, such as token",
            ));
        }
        // What is wrong with it is not repeated, for it holds a credential.
        let parsed = filled.text.parse::<Target>();
        parsed.map_err(|_| fault("it is no URL with the values of its variables"))
    }

    fn subprotocols(&self) -> Read<Vec<String>> {
        let Some(names) = &self.file.subprotocol else {
            return Ok(Vec::new());
        };
        let given = match names.get_ref() {
            Texts::One(one) => std::slice::from_ref(one),
            Texts::Several(several) => several,
        };
        let filled = given
            .iter()
            .map(|name| self.speaker.with_variables("subprotocol", names, name));
        let filled = filled.collect::<Read<Vec<_>>>()?;
        let texts: Vec<String> = filled.iter().map(|it| it.text.clone()).collect();
        let shown = shown_subprotocols(&texts).join(",");
        let mut values = filled.iter().flat_map(|it| &it.values);
        if values.any(|value| shown.contains(value)) {
            let what = "a variable would be shown here; put one that says what it is before it, such as \
                        [\"bearer\", \"{env:TOKEN}\"]";
            return Err(self.source.fault("subprotocol", names, what));
        }
        Ok(texts)
    }

    fn headers(&self) -> Read<Vec<Header>> {
        let headers = self.file.headers.iter().map(|(name, value)| {
            let fault = |error| self.source.fault(name, value, error);
            if value.get_ref().contains(header::COLUMN) {
                let written = header::header(&format!("{name}: {}", value.get_ref()));
                let filled = written.and_then(|it| header::of_each(it, self.speaker.find));
                return filled.map_err(fault);
            }
            let filled = self.speaker.with_variables(name, value, value.get_ref())?;
            let parsed = header::header(&format!("{name}: {}", filled.text));
            let parsed = parsed.map_err(fault)?;
            Ok(match filled.values.is_empty() {
                true => parsed,
                false => Header::secret(parsed.name, filled.text),
            })
        });
        headers.collect()
    }

    fn rooms(&self) -> Read<Option<Rooms>> {
        let Some(rooms) = &self.file.rooms else {
            return Ok(None);
        };
        let fault = |what: &str| Err(self.source.fault("rooms", rooms, what));
        let (mut found, zipf, each) = match rooms.get_ref() {
            RoomsFile::Count(count) => (Rooms::numbered(*count), None, None),
            RoomsFile::Table(table) => {
                let found = match (table.count, &table.names[..]) {
                    (Some(count), []) => Rooms::numbered(count),
                    (None, [_, ..]) => Rooms::named(table.names.clone()),
                    _ => return fault("either count or names says which rooms there are"),
                };
                (found, table.zipf, table.each)
            }
        };
        if found.count == 0 {
            return fault("there has to be a room, or leave the key out");
        }
        if zipf.is_some_and(|it| !it.is_finite() || it <= 0.0) {
            return fault("zipf is a number above 0, such as 1.0");
        }
        found.zipf = zipf;
        found.each = match each {
            None => 1,
            Some(EachFile::Word(AllFile::All)) => found.count,
            Some(EachFile::Some(each @ 1..)) if each <= found.count => each,
            Some(EachFile::Some(_)) => {
                let most = found.count;
                let what =
                    format!("each is a number from 1 to {most}, of so many rooms, or \"all\"");
                return fault(&what);
            }
        };
        Ok(Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a scenario with a line changed.
    fn told(from: &str, to: &str) -> String {
        let text = include_str!("scenario/presets/phoenix.toml");
        assert!(text.contains(from), "{from}");
        let text = text.replace(from, to);
        match Scenario::parse(Path::new("s.toml"), &text, &|_: &str| None) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_preset_makes_a_plan_that_is_stored() {
        for preset in PRESETS {
            let scenario = Scenario::preset(preset.name, &|_: &str| None).unwrap();
            let spec = scenario.spec().unwrap();
            let plan = spec
                .check()
                .unwrap_or_else(|error| panic!("{}: {error}", preset.name));
            assert_eq!(
                plan.scenario.as_deref(),
                Some(&*format!("preset:{}", preset.name))
            );
            let stored = serde_json::to_value(plan.redacted()).unwrap();
            let read: PlanSpec = serde_json::from_value(stored).unwrap();
            assert_eq!(read, plan.redacted(), "{}", preset.name);
        }
        let error = Scenario::preset("socketio", &|_: &str| None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("there are actioncable, centrifugo, graphql"),
            "{error}"
        );
    }

    /// A change of the file, and what is said of it.
    const MISTAKES: &[(&str, &str, &str)] = &[
        ("rooms = {", "room = {", "s.toml:5: unknown field `room`"),
        (
            "count = 10 }",
            "count = 0 }",
            "s.toml:5: rooms: there has to be a room",
        ),
        (
            "count = 10 }",
            "zipf = 1.0 }",
            "s.toml:5: rooms: either count or names",
        ),
        ("rooms = { count = 10 }", "", "{room} needs rooms"),
        (
            "room:{room}\",\"msg\"",
            "room:{rom}\",\"msg\"",
            "message: at byte 18: '{rom}' is not known",
        ),
        ("{tag}{fill}", "{fill}", "message: it has to have one {tag}"),
        (
            "\"/4/status\" = \"ok\"",
            "\"4/status\" = \"ok\"",
            "s.toml:7: expect: '4/status' is no JSON pointer",
        ),
        (
            "period = \"30s\"",
            "period = \"30\"",
            "period: '30' has no unit",
        ),
        (
            "period = \"30s\"",
            "period = \"0s\"",
            "period: must be more than 0",
        ),
        (
            "rate = \"50/s\"",
            "",
            "clients: clients that publish have a rate",
        ),
        (
            "rate = \"50/s\"",
            "rate = \"fast\"",
            "rate: 'fast' is not a number",
        ),
        (
            "count = 100",
            "count = \"ten\"",
            "count: 'ten' is not a number",
        ),
        ("\"subscribe\"", "\"listen\"", "unknown variant `listen`"),
        (", \"subscribe\"", "", "roles: nobody receives"),
        (
            ", \"subscribe\"",
            ", \"idle\"",
            "roles: request, echo and idle go with no other",
        ),
        (
            "size = 100",
            "depth = 4",
            "depth: these clients do not send such messages",
        ),
        (
            "wsbench.scenario/1",
            "wsbench.suite/1",
            "s.toml:3: schema: 'wsbench.suite/1' is another format",
        ),
        (
            "{ send = '[\"1\",\"1\"",
            "{ sent = '[\"1\",\"1\"",
            "unknown field `sent`",
        ),
        (
            "\"h{n}\" } }",
            "\"h{nn}\" } }",
            "expect: at byte 1: '{nn}' is not known",
        ),
        (
            "heartbeat\",{}]",
            "heartbeat\",{env:NO_TOKEN}]",
            "send: the environment has no NO_TOKEN",
        ),
    ];

    #[test]
    fn every_mistake_is_named_with_its_line_and_key() {
        for (from, to, words) in MISTAKES.iter().copied() {
            let told = told(from, to);
            assert!(told.contains(words), "{from} → {to}: {told}");
        }
    }

    /// The same of the preset of MQTT.
    const MISTAKES_IN_BYTES: &[(&str, &str, &str)] = &[
        (
            "\"mqtt\"\nrooms",
            "\"packets\"\nrooms",
            "s.toml:6: unit: unknown variant `packets`, expected one of `frame`, `lines`",
        ),
        (
            "{ binary = '10",
            "{ binary = '1",
            "s.toml:11: binary: at byte 0: '1' is no pairs of hexadecimal digits",
        ),
        (
            "-{conn}\"}}'",
            "-{conn}\"}'",
            "s.toml:11: binary: at byte 3: what begins here is not closed",
        ),
        (
            "wsb-{run}",
            "wsb-{rum}",
            "s.toml:11: binary: at byte 45: '{rum}' is not known",
        ),
        (
            "hex = \"20020000\"",
            "hex = \"2002000\"",
            "s.toml:11: expect: at byte 0: '2002000' is no pairs",
        ),
        (
            "expect = { hex = \"20020000\"",
            "send = \"x\", expect = { hex = \"20020000\"",
            "s.toml:11: binary: send and binary are two ways",
        ),
        (
            "binary = \"c000\", ",
            "",
            "s.toml:16: every: it says nothing; give send or binary",
        ),
        (
            "{room}\"} \"{tag}",
            "{room}\"} \"{tog}",
            "message_binary: at byte 40: '{tog}'",
        ),
        (
            "\"{tag}{fill}\"",
            "\"{fill}\"",
            "message_binary: it has to have one {tag}",
        ),
        (
            "size = 100",
            "message = \"{tag}\"",
            "message_binary: message and message_binary are one",
        ),
        ("rooms = { count = 10 }", "", "{room} needs rooms"),
    ];

    #[test]
    fn every_mistake_in_bytes_is_named_with_its_line_and_key() {
        let preset = include_str!("scenario/presets/mqtt.toml");
        for (from, to, words) in MISTAKES_IN_BYTES.iter().copied() {
            assert!(preset.contains(from), "{from}");
            let text = preset.replace(from, to);
            let error = Scenario::parse(Path::new("s.toml"), &text, &|_: &str| None).unwrap_err();
            let told = error.to_string();
            assert!(told.contains(words), "{from} → {to}: {told}");
        }
        // It is read, and refused as a plan.
        let text = preset.replace(
            "message_binary = '30 {var: {u16: \"wsbench/{run}/{room}\"} \"",
            "message = '",
        );
        let text = text.replace("{fill}\"}'", "{fill}'");
        let spec = Scenario::parse(Path::new("s.toml"), &text, &|_: &str| None)
            .unwrap()
            .spec();
        let error = spec.unwrap().check().unwrap_err().to_string();
        assert!(error.contains("message_binary"), "{error}");
    }

    #[test]
    fn clients_that_send_come_first_and_secrets_are_looked_up() {
        let text = include_str!("scenario/presets/graphql.toml");
        let text = text.replace("{\"type\":\"connection_init\"}", "{env:TOKEN}");
        let environment = |name: &str| (name == "TOKEN").then(|| "open sesame".to_owned());
        let scenario = Scenario::parse(Path::new("s.toml"), &text, &environment).unwrap();
        let plan = scenario.spec().unwrap().check().unwrap();
        let roles = &plan.clients.roles;
        assert_eq!((roles[0].connections, roles[1].connections), (4, 100));
        assert!(roles[0].publishes && !roles[0].subscribes && roles[1].subscribes);
        let told = plan.secrets().clean("you said open sesame").into_owned();
        assert_eq!(told, "you said (withheld)");
        let stored = serde_json::to_string(&plan.redacted()).unwrap();
        assert!(!stored.contains("sesame"), "{stored}");
    }

    #[test]
    fn variables_of_the_environment_may_be_awaited() {
        let text = include_str!("scenario/presets/graphql.toml");
        let text = text
            .replace("\"connection_ack\"", "\"{env:TOKEN}\"")
            .replace("\"/type\" = \"ping\"", "\"/to\" = \"{env:TOKEN}\"");
        assert_eq!(
            text.matches("\"{env:TOKEN}\"").count(),
            3,
            "one is a comment"
        );
        let environment = |name: &str| (name == "TOKEN").then(|| "open sesame".to_owned());
        let scenario = Scenario::parse(Path::new("s.toml"), &text, &environment).unwrap();
        let plan = scenario.spec().unwrap().check().unwrap();
        let told = plan.secrets().clean("you said open sesame").into_owned();
        assert_eq!(told, "you said (withheld)");
        let stored = serde_json::to_value(plan.redacted()).unwrap();
        assert!(!stored.to_string().contains("sesame"), "{stored}");
        let again: PlanSpec = serde_json::from_value(stored).unwrap();
        assert!(again.check().is_err(), "what was withheld is missed");
        let unset = Scenario::parse(Path::new("s.toml"), &text, &|_: &str| None).unwrap_err();
        assert!(unset.to_string().contains("no TOKEN"), "{unset}");
    }

    #[test]
    fn whatever_stands_in_a_file_is_read_or_refused() {
        for text in [
            "",
            "clients = 3",
            "[[clients]]",
            "clients = []",
            "\u{0}",
            "[[clients]]\ncount = 1\nroles = []",
        ] {
            let error = Scenario::parse(Path::new("s.toml"), text, &|_: &str| None).unwrap_err();
            assert!(error.to_string().starts_with("s.toml:"), "{error}");
        }
    }
}
