//! The clients of a scenario: what they do, and what they send.

mod checks;
mod published;

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Awaited, ByNumber, ClockProbe, Correlation, Encoding, Envelope, Flow,
    Locator, LoginSteps, Payload, Pushes, Reads, Role, Rooms, SlowReaders, Stamp,
};
use wsbench_load::template::{Template, TemplateError};

use super::file::{ClientsFile, MatchFile, RoleFile};
use super::{Read, ScenarioReader, ScenarioSessions};
use crate::amount::Amount;
use crate::defaults;
use crate::quantity::{self, SizeRange};

/// Content of all tables of clients together.
pub(super) struct ClientsOfFile {
    /// Connections in all; `None` of those that come by a schedule.
    pub(super) connections: Option<u32>,
    pub(super) sessions: ScenarioSessions,
    pub(super) rate_per_s: Option<f64>,
    pub(super) depth: Option<u32>,
    pub(super) size: Option<SizeRange>,
    pub(super) audience: Audience,
    pub(super) roles: Vec<Role>,
    /// Slow readers among connections that have no roles.
    pub(super) slow: Option<SlowReaders>,
    /// Steps behind the login, where all do the same.
    pub(super) join: LoginSteps,
    pub(super) envelope: Option<Envelope>,
    /// Place of the number of messages for many.
    pub(super) numbered: Option<Locator>,
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
        // Those that send are the first of a run, and slow readers the last.
        tables.sort_by_key(|it| {
            let it = it.get_ref();
            (!has(it, RoleFile::Publish), it.read.is_some())
        });
        let Some(first) = tables.first() else {
            let what = "a scenario has clients: [[clients]] with count and roles";
            return Err(self.source.at(0, "clients", what));
        };
        for table in &tables {
            self.check(table, tables.len())?;
            self.check_life(table, tables.len())?;
        }
        self.check_readers(&tables)?;
        let leading = first.get_ref();
        let sessions = self.sessions(first)?;
        let counts = match sessions.per_s {
            Some(_) => Vec::new(),
            None => {
                let counts = tables.iter().map(|it| self.count(it));
                counts.collect::<Read<Vec<u32>>>()?
            }
        };
        let connections = counts
            .iter()
            .fold(0, |all: u32, count| all.saturating_add(*count));
        let connections = sessions.per_s.is_none().then_some(connections);
        let is_many = has(leading, RoleFile::Publish);
        let slow = match is_many {
            true => None,
            false => self.slow(&tables, &counts)?,
        };
        let roles = match (tables.len(), is_many && has(leading, RoleFile::Subscribe)) {
            (1, true) => Vec::new(),
            _ if !is_many => Vec::new(),
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
            sessions,
            rate_per_s: self.per_s("rate", leading.rate.as_ref())?,
            depth: leading.depth.as_ref().map(|it| *it.get_ref()),
            size: self.size(leading)?,
            audience: self.audience(leading, is_many, rooms)?,
            roles,
            slow,
            join,
            envelope: None,
            request: None,
            payload: None,
            numbered: None,
            ack: None,
            flow: self.flow(leading)?,
        };
        if is_many {
            return self.published(&tables, rooms, clients);
        }
        if !clients.flow.is_answered() {
            return Ok(clients);
        }
        self.answered(first, clients)
    }

    /// Traffic of clients who send nothing, where nobody does: what the server sends by itself, or none.
    fn flow(&self, table: &ClientsFile) -> Read<Flow> {
        if has(table, RoleFile::Publish) {
            return Ok(Flow::Answered);
        }
        if has(table, RoleFile::Idle) {
            return Ok(Flow::Idle);
        }
        if !has(table, RoleFile::Subscribe) {
            return Ok(Flow::Answered);
        }
        Ok(Flow::Push(Pushes {
            stamp: self.stamp("stamp", table.stamp.as_ref())?,
            sequence: self.locator("sequence", table.sequence.as_ref())?,
            clock: self.clock(table)?,
        }))
    }

    /// The request by which the server's clock is known, where there is one.
    fn clock(&self, table: &ClientsFile) -> Read<Option<ClockProbe>> {
        let stamp = self.stamp("clock_stamp", table.clock_stamp.as_ref())?;
        let fault = |key: &str, at, what: &str| Err(self.source.fault(key, at, what));
        match (&table.clock, &table.clock_stamp, stamp) {
            (None, None, _) => Ok(None),
            (None, Some(at), _) => {
                let what = "it is of the answer to clock, the text that asks for the time; give that as well";
                fault("clock_stamp", at, what)
            }
            (Some(ask), _, None) => {
                let what =
                    "where the time stands in its answer is not said; give clock_stamp as well";
                fault("clock", ask, what)
            }
            (Some(ask), ..) if table.stamp.is_none() => {
                let what = "it takes the offset of the server's clock out of ages, and there are none \
                            without stamp; give that as well";
                fault("clock", ask, what)
            }
            (Some(ask), _, Some(stamp)) => Ok(Some(ClockProbe {
                ask: ask.get_ref().clone(),
                stamp,
            })),
        }
    }

    /// The schedule by which the clients of the only table come, if they do.
    fn sessions(&self, table: &Spanned<ClientsFile>) -> Read<ScenarioSessions> {
        let it = table.get_ref();
        let live = it.live.as_ref().map(|live| self.speaker.span("live", live));
        Ok(ScenarioSessions {
            per_s: self.per_s("arrive", it.arrive.as_ref())?,
            live: live.transpose()?,
            round_trips: self.number("round_trips", it.round_trips.as_ref())?,
            most: self.number("max_sessions", it.max_sessions.as_ref())?,
        })
    }

    /// Slow readers among clients that take what the server sends by itself: those of one table beside those
    /// of another, who log in alike.
    fn slow(&self, tables: &[&Spanned<ClientsFile>], counts: &[u32]) -> Read<Option<SlowReaders>> {
        let fault = |at: usize, key: &str, what: &str| Err(self.source.at(at, key, what));
        let (table, rest, slow) = match (tables, counts) {
            ([] | [_], _) => return Ok(None),
            ([_, table], [rest, slow]) if table.get_ref().read.is_some() => (table, *rest, *slow),
            ([_, table, ..], _) => {
                let what = "of what the server sends by itself there are clients who take it, and slow \
                            readers beside them of one kind: one table with read, and one without";
                return fault(table.span().start, "clients", what);
            }
        };
        let it = table.get_ref();
        let own = [
            ("join", span_of(it.join.as_ref())),
            ("joined", span_of(it.joined.as_ref())),
            ("settle", span_of(it.settle.as_ref())),
        ];
        if let Some((key, span)) = own.into_iter().find_map(|(key, span)| Some((key, span?))) {
            let what = "these join as the clients do whom they are beside; leave it out";
            return fault(span.start, key, what);
        }
        Ok(self.reads(it)?.map(|reads| SlowReaders {
            share: f64::from(slow) / f64::from(rest.saturating_add(slow)),
            reads,
        }))
    }

    fn reads(&self, table: &ClientsFile) -> Read<Option<Reads>> {
        let Some(read) = &table.read else {
            return Ok(None);
        };
        let parsed = match (&read.get_ref().rate, &read.get_ref().stall) {
            (Some(rate), None) => quantity::reads_at(&rate.words()),
            (None, Some(stall)) => quantity::reads_with_stalls(stall),
            _ => {
                let what = "it is { rate = \"1k\" } (bytes a second) or { stall = \"100ms/1s\" }";
                return Err(self.source.fault("read", read, what));
            }
        };
        let parsed = parsed.map_err(|error| self.source.fault("read", read, error))?;
        Ok(Some(parsed))
    }

    fn count(&self, table: &Spanned<ClientsFile>) -> Read<u32> {
        let count = self.number("count", table.get_ref().count.as_ref())?;
        count.ok_or_else(|| {
            let what = "these clients have no count, which says how many they are";
            self.source.fault("clients", table, what)
        })
    }

    fn number(&self, key: &str, at: Option<&Spanned<Amount>>) -> Read<Option<u32>> {
        self.source
            .parsed(key, at, |it| quantity::positive_u32(&it.words()))
    }

    /// So many a second, of a key.
    fn per_s(&self, key: &str, at: Option<&Spanned<Amount>>) -> Read<Option<f64>> {
        self.source
            .parsed(key, at, |it| quantity::rate_per_s(&it.words()))
    }

    fn size(&self, table: &ClientsFile) -> Read<Option<SizeRange>> {
        let read = |it: &Amount| quantity::size_range(&it.words());
        self.source.parsed("size", table.size.as_ref(), read)
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
            reads: self.reads(it)?,
            join: self.join_of(it)?,
            voice: None,
        })
    }

    /// The last answer to a request that has several.
    fn end(&self, end: Option<&Spanned<MatchFile>>) -> Read<Option<Arc<Awaited>>> {
        let end = end.map(|end| self.speaker.awaited("end", end));
        Ok(end.transpose()?.map(Arc::new))
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
                    .source
                    .parsed("match", it.at.as_ref(), |it| it.parse())?
                    .unwrap_or_else(Correlation::usual),
                failed: self.locator("failed", it.failed.as_ref())?,
                end: self.end(it.end.as_ref())?,
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

    fn stamp(&self, key: &str, at: Option<&Spanned<String>>) -> Read<Option<Stamp>> {
        self.source.parsed(key, at, |it| it.parse())
    }

    fn locator(&self, key: &str, at: Option<&Spanned<String>>) -> Read<Option<Locator>> {
        self.source.parsed(key, at, |it| it.parse())
    }
}

/// Place of a value in the file, where it is given.
fn span_of<T>(value: Option<&Spanned<T>>) -> Option<Range<usize>> {
    value.map(Spanned::span)
}

fn has(table: &ClientsFile, role: RoleFile) -> bool {
    table.roles.get_ref().contains(&role)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wsbench_load::plan::{Lifetime, PlanSpec, Reconnect, Stay, Voice};

    use super::super::Scenario;
    use super::*;

    fn spec(text: &str) -> PlanSpec {
        let scenario = Scenario::parse(Path::new("s.toml"), text, &|_: &str| None).unwrap();
        let spec = scenario.spec().unwrap();
        let spec = spec.check().unwrap().spec();
        // A document has all of it.
        let stored = serde_json::to_value(spec.redacted()).unwrap();
        let read: PlanSpec = serde_json::from_value(stored).unwrap();
        assert_eq!(read, spec.redacted());
        spec
    }

    fn refused(text: &str) -> String {
        let read = Scenario::parse(Path::new("s.toml"), text, &|_: &str| None);
        read.map_or_else(|error| error.to_string(), |_| String::new())
    }

    const SLOW: &str = r#"url = "ws://h/"
[[clients]]
count = 2
roles = ["publish"]
rate = 50
[[clients]]
count = 30
roles = ["subscribe"]
[[clients]]
count = 3
roles = ["subscribe"]
read = { rate = "1k" }
[[clients]]
count = 4
roles = ["subscribe"]
read = { stall = "100ms/1s" }
"#;

    #[test]
    fn clients_that_subscribe_may_be_slow_readers_in_several_ways() {
        let spec = spec(SLOW);
        let clients = &spec.clients;
        let (length, every) = (Nanos::from_millis(100), Nanos::from_secs(1));
        let kinds: Vec<_> = clients.slow_kinds().collect();
        let rate = Reads::Rate { bytes_per_s: 1_000 };
        assert_eq!(kinds, [(3, rate), (4, Reads::Stall { length, every })]);
        assert_eq!((clients.connections, clients.slow_readers()), (39, 7));
        assert_eq!((0..39).filter(|place| spec.is_slow(*place)).count(), 7);
        assert!(!spec.is_slow(31) && spec.is_slow(32) && spec.is_slow(38));
    }

    const SEVERAL: &str = r#"url = "ws://h/"
[[clients]]
count = 20
roles = ["subscribe"]
[[clients]]
count = 2
roles = ["publish", "subscribe"]
rate = "30/s"
message = '{"news":"{tag}{fill}"}'
size = "200..300"
[[clients]]
count = 5
roles = ["publish"]
rate = 90
message = '{"chat":"{tag}"}'
"#;

    #[test]
    fn clients_of_several_kinds_publish_what_is_theirs_at_their_rates() {
        let spec = spec(SEVERAL);
        let clients = &spec.clients;
        assert_eq!((clients.connections, clients.publishers()), (27, 7));
        let voices: Vec<&Voice> = clients.voices().collect();
        assert_eq!((voices[0].share, voices[1].share), (0.25, 0.75));
        assert_eq!(voices[0].own, None);
        let own = voices[1].own.as_ref().unwrap();
        assert_eq!(own.payload.max_len(), 22);
        let around = own.envelope.as_ref().unwrap();
        assert_eq!(around.words.text(), r#"{"chat":"{tag}"}"#);
        assert_eq!(clients.exchange.payload.max_len(), 300);
        let of = |place| clients.voice_of(place);
        assert_eq!((of(0), of(1), of(2), of(6)), (0, 0, 1, 1));
        let Arrival::Open { schedule, .. } = &clients.arrival else {
            panic!("{:?}", clients.arrival);
        };
        assert_eq!(schedule.stretches[0].to_per_s, 120.0);
        // What is the same in both is nobody's own.
        let same = SEVERAL.replace(
            "chat\":\"{tag}\"}'",
            "news\":\"{tag}{fill}\"}'\nsize = \"200..300\"",
        );
        let spec = self::spec(&same);
        assert!(spec.clients.voices().all(|voice| voice.own.is_none()));
    }

    #[test]
    fn clients_of_several_kinds_publish_to_the_same_and_each_has_a_rate() {
        for (change, told) in [
            (
                ("rate = 90\n", ""),
                "s.toml:11: clients: clients that publish have a rate",
            ),
            (
                ("rate = 90\n", "rate = 90\nack = \"ok\"\n"),
                "ack: the messages of all clients that publish",
            ),
            (
                ("rate = 90\n", "rate = 90\nmatch = \"json:/id\"\n"),
                "match: the messages of all clients",
            ),
        ] {
            let said = refused(&SEVERAL.replace(change.0, change.1));
            assert!(said.contains(told), "{said}");
        }
        let rooms = SEVERAL
            .replace(
                "[[clients]]\ncount = 20",
                "rooms = 3\n[[clients]]\ncount = 20",
            )
            .replace("rate = 90\n", "rate = 90\naudience = \"all\"\n");
        let said = refused(&rooms);
        assert!(
            said.contains("audience: all clients that publish"),
            "{said}"
        );
    }

    const PUSHED: &str = r#"url = "ws://h/"
[[clients]]
count = 3
roles = ["subscribe"]
read = { rate = 500 }
[[clients]]
count = 37
roles = ["subscribe"]
join = "feed"
joined = "ok"
stamp = "json:/T:us"
"#;

    #[test]
    fn slow_readers_are_beside_clients_that_take_pushes() {
        let spec = spec(PUSHED);
        let clients = &spec.clients;
        let kinds: Vec<_> = clients.slow_kinds().collect();
        assert_eq!(kinds, [(3, Reads::Rate { bytes_per_s: 500 })]);
        assert_eq!((clients.connections, clients.login.steps().len()), (40, 2));
        assert!(
            clients
                .exchange
                .flow
                .pushes()
                .is_some_and(|it| it.stamp.is_some())
        );
    }

    #[test]
    fn clients_that_take_pushes_may_ask_for_the_servers_time() {
        let clock = "clock = '{\"time\":1}'\nclock_stamp = \"json:/now:ms\"\n";
        let spec = spec(&[PUSHED, clock].concat());
        let pushes = spec.clients.exchange.flow.pushes().unwrap();
        let clock = pushes.clock.as_ref().unwrap();
        assert_eq!(clock.ask, r#"{"time":1}"#);
        assert_eq!(clock.stamp.to_string(), "json:/now:ms");
    }

    const COMING: &str = r#"url = "ws://h/"
duration = "10s"
reconnect = "fixed:1s"
[[clients]]
arrive = "50/s"
live = "2s"
max_sessions = "1k"
roles = ["echo"]
"#;

    #[test]
    fn clients_may_come_by_a_schedule_and_come_back() {
        let scenario = |text: &str| {
            let scenario = Scenario::parse(Path::new("s.toml"), text, &|_: &str| None);
            scenario.unwrap().spec().unwrap()
        };
        let coming = COMING.replace("reconnect = \"fixed:1s\"\n", "");
        let stay = |spec: &PlanSpec| spec.clients.sessions().unwrap().stay;
        let staying = spec(&coming);
        assert_eq!(stay(&staying), Stay::Time(Nanos::from_secs(2)));
        assert_eq!(staying.clients.connections, 1_000);
        let trips = coming.replace("live = \"2s\"", "round_trips = 7");
        assert_eq!(stay(&spec(&trips)), Stay::RoundTrips(7));
        let usual = coming.replace("live = \"2s\"\nmax_sessions = \"1k\"\n", "");
        let usual = spec(&usual);
        assert_eq!(stay(&usual), Stay::RoundTrips(5));
        assert!((500..700).contains(&usual.clients.connections));
        let drilled = r#"url = "ws://h/"
drill = "cut 50% at 2s"
reconnect = "exponential:100ms..1s"
[[clients]]
count = 10
roles = ["echo"]
"#;
        let drilled = spec(drilled);
        assert_eq!(drilled.clients.lifetime, Lifetime::Held);
        let returns = drilled.clients.returns.unwrap();
        assert_eq!(
            returns.drill.map(|it| (it.share, it.at)),
            Some((0.5, Nanos::from_secs(2)))
        );
        assert!(matches!(returns.policy, Reconnect::Exponential { .. }));
        // Who comes by a schedule is not replaced, and does not come back.
        assert!(scenario(COMING).check().is_err());
    }

    /// A scenario, a change of it, and what is said of that.
    const MISTAKES: &[(&str, &str, &str, &str)] = &[
        (
            SLOW,
            "{ rate = \"1k\" }",
            "{}",
            "s.toml:12: read: it is { rate",
        ),
        (
            SLOW,
            "{ rate = \"1k\" }",
            "{ rate = 0 }",
            "s.toml:12: read: must be more than 0",
        ),
        (
            SLOW,
            "100ms/1s",
            "1s/100ms",
            "s.toml:16: read: '1s/100ms' is no stall",
        ),
        (SLOW, "100ms/1s", "1s", "s.toml:16: read: '1s' is no stall"),
        (
            SLOW,
            "{ rate",
            "{ rat",
            "s.toml:12: read: unknown field `rat`",
        ),
        (
            SLOW,
            "rate = 50",
            "rate = 50\nread = { rate = 1 }",
            "s.toml:6: read: slow readers are clients with",
        ),
        (
            SLOW,
            "count = 30\nroles = [\"subscribe\"]",
            "count = 30\nroles = [\"idle\"]",
            "s.toml:12: read: nobody else receives",
        ),
        (
            SLOW,
            "count = 30\n",
            "",
            "clients: these clients have no count",
        ),
        (
            SLOW,
            "count = 30",
            "arrive = 30",
            "s.toml:7: arrive: clients that come by a schedule are the only",
        ),
        (
            PUSHED,
            "read = { rate = 500 }\n",
            "",
            "clients: of what the server sends by itself",
        ),
        (
            PUSHED,
            "= 500 }",
            "= 500 }\njoin = \"a\"",
            "s.toml:6: join: these join as the clients",
        ),
        (
            PUSHED,
            "= 500 }",
            "= 500 }\nsequence = \"json:/u\"",
            "s.toml:6: sequence: these clients do not",
        ),
        (
            PUSHED,
            "= 500 }",
            "= 500 }\nclock = \"t\"",
            "s.toml:6: clock: these clients do not",
        ),
        (
            SLOW,
            "rate = 50",
            "rate = 50\nclock_stamp = \"json:/now:us\"",
            "s.toml:6: clock_stamp: these clients do not",
        ),
        (
            PUSHED,
            "stamp =",
            "clock = \"t\"\nstamp =",
            "s.toml:11: clock: where the time stands",
        ),
        (
            PUSHED,
            "stamp =",
            "clock_stamp = \"json:/now:us\"\nstamp =",
            "s.toml:11: clock_stamp: it is of the answer to clock",
        ),
        (
            PUSHED,
            "stamp = \"json:/T:us\"",
            "clock = \"t\"\nclock_stamp = \"json:/now:us\"",
            "s.toml:11: clock: it takes the offset",
        ),
        (
            PUSHED,
            "stamp =",
            "clock = \"t\"\nclock_stamp = \"json:/now\"\nstamp =",
            "s.toml:12: clock_stamp: 'json:/now' does not end in its unit",
        ),
        (
            COMING,
            "arrive = \"50/s\"",
            "count = 50",
            "s.toml:6: live: it is of clients that come",
        ),
        (
            COMING,
            "arrive = \"50/s\"",
            "count = 5\narrive = \"50/s\"",
            "s.toml:5: count: clients that come by",
        ),
        (
            COMING,
            "50/s",
            "often",
            "s.toml:5: arrive: 'often' is not a number",
        ),
        (
            COMING,
            "max_sessions = \"1k\"",
            "round_trips = 3",
            "s.toml:7: round_trips: they stay for a time or",
        ),
        (
            COMING,
            "\"1k\"",
            "0",
            "s.toml:7: max_sessions: must be more than 0",
        ),
        (COMING, "\"2s\"", "\"2\"", "s.toml:6: live: '2' has no unit"),
        (
            COMING,
            "fixed:1s",
            "soon",
            "s.toml:3: reconnect: 'soon' is no policy",
        ),
        (
            COMING,
            "reconnect = \"fixed:1s\"",
            "drill = \"cut half\"",
            "s.toml:3: drill: 'cut half' is no drill",
        ),
    ];

    #[test]
    fn lives_and_readers_that_cannot_be_are_told_with_line_and_key() {
        for (text, from, to, words) in MISTAKES.iter().copied() {
            assert!(text.contains(from), "{from}");
            let told = refused(&text.replace(from, to));
            assert!(told.contains(words), "{from} → {to}: {told}");
        }
    }
}
