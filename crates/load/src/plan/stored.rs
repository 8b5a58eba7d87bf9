//! The plan as documents hold it: one flat object, every time in seconds, and beside what was asked
//! for some facts that follow from it.

use std::path::Path;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::nanos::Nanos;
use crate::plan::audience::Audience;
use crate::plan::awaited::StoredMessage;
use crate::plan::expect::{Expect, Promise};
use crate::plan::flow::Flow;
use crate::plan::locator::Locator;
use crate::plan::login::{Envelope, LoginSteps, StoredStep, StoredWords};
use crate::plan::opening::{Compression, Connect, Family, Header, Http, Offered, Upgrade};
use crate::plan::payload::{Greeting, Matching, Payload, PayloadFacts, Verify};
use crate::plan::request::ByNumber;
use crate::plan::returns::Returns;
use crate::plan::role::StoredRole;
use crate::plan::rooms::Rooms;
use crate::plan::slow::SlowReaders;
use crate::plan::spec::{Clients, PlanSpec, Population, Workload};
use crate::plan::timing::{Arrival, Lifetime, Pace, Sessions, StopRule, Think, Timestamps, WarmUp};
use crate::plan::tls::Tls;
use crate::plan::unit::MessageUnit;
use crate::plan::upkeep::{StoredBeat, StoredReply, Upkeep};
use crate::route::{Login, Proxy, Route, Sources, Target};
use crate::seconds;
use crate::secret::Secret;

/// Task of the run, as resolved from flags and defaults.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Plan")]
struct Stored {
    /// The user's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// File that the task was read from, or `preset:` and its name; absent where flags said all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    /// The server under test, as a URL.
    #[serde(rename = "url")]
    #[schemars(with = "String")]
    target: Target,
    /// Connections held open at the same time.
    connections: u32,
    /// Traffic where nothing is answered; absent where messages are.
    #[serde(default, skip_serializing_if = "Flow::is_answered")]
    flow: Flow,
    /// Receivers of each message; absent where each is its sender's alone.
    #[serde(default, skip_serializing_if = "Audience::is_default")]
    audience: Audience,
    /// Rooms that connections are members of; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rooms: Option<Rooms>,
    /// Roles of connections; absent where all send messages and receive them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<StoredRole>,
    /// Rule by which the next message on a connection becomes due.
    arrival: Arrival,
    /// The pause between an answer and the next message on its place in flight; absent when there
    /// is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    think: Option<Think>,
    /// From one ping to the next on a connection, s; absent when none are sent.
    #[serde(
        rename = "keep_alive_s",
        with = "seconds::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<f64>")]
    keep_alive: Option<Nanos>,
    /// Sessions that come by a schedule; absent where connections are held or replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sessions: Option<Sessions>,
    /// Slow readers among the connections; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slow: Option<SlowReaders>,
    /// Further connections that come and go beside those that carry the load, without a message; absent
    /// where none do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    churn: Option<Sessions>,
    /// Return of clients whose connections are lost; absent where nothing was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returns: Option<Returns>,
    /// Rule by which the run ends.
    stop: Stop,
    /// Load before the measured window, s; where its end is found from the data, as found, and
    /// the least before that.
    #[serde(rename = "warmup_s", with = "seconds")]
    #[schemars(with = "f64")]
    warmup: Nanos,
    /// The warm-up as found from the data, s; absent where the plan gives it, and before it is
    /// found.
    #[serde(
        rename = "warmup_found_s",
        with = "seconds::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<f64>")]
    warmup_found: Option<Nanos>,
    /// The window opens after this at the latest, s, where the end of the warm-up is found from
    /// the data; found to be this, the load has not settled. Absent where the plan gives it.
    #[serde(
        rename = "warmup_at_most_s",
        with = "seconds::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<f64>")]
    warmup_at_most: Option<Nanos>,
    /// Payload of each message.
    payload: PayloadFacts,
    /// Compression that is offered; absent when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Offered>")]
    compression: Option<Compression>,
    /// Bytes of payload in each frame that messages are cut into; absent when each is one frame.
    #[serde(
        rename = "fragment_bytes",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    fragment: Option<u32>,
    /// What was said and awaited on each connection before its load; absent when nothing was. What was
    /// sent is withheld.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    login: Vec<StoredStep>,
    /// Replies to messages of the server's own; absent where nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replies: Vec<StoredReply>,
    /// Words by the clock; absent where nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    beats: Vec<StoredBeat>,
    /// One message of the protocol that was spoken; absent where a WebSocket message is one.
    #[serde(default, skip_serializing_if = "MessageUnit::is_default")]
    unit: MessageUnit,
    /// Text around the tag and the filling of each message for many; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    envelope: Option<StoredWords>,
    /// Place of the number of each message for many; absent where they are known by their tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    numbered: Option<Locator>,
    /// Requests, whose answers are known by a number; absent where answers are what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<ByNumber>,
    /// Message by which the server acknowledges each of ours; absent where none is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ack: Option<StoredMessage>,
    /// Way in which answers are matched with what was sent; it follows from the payload.
    #[serde(default)]
    #[schemars(required, with = "Matching")]
    matched_by: Option<Matching>,
    /// Strictness of comparing answers with what was sent.
    verify: Verify,
    /// Further request headers of the upgrade, name and value; credentials are withheld.
    #[serde(default)]
    #[schemars(with = "Vec<(String, String)>")]
    headers: Vec<Header>,
    /// Subprotocols offered, in order of preference.
    #[serde(default)]
    subprotocols: Vec<String>,
    /// The `Origin` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// Connections opened a second over all threads; absent when as fast as they complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connect_rate_per_s: Option<f64>,
    /// Limit of each TCP connect and upgrade together, s.
    #[serde(rename = "connect_timeout_s", with = "seconds")]
    #[schemars(with = "f64")]
    connect_timeout: Nanos,
    /// Addresses of the host that may be used.
    #[serde(default)]
    family: Family,
    /// Place that connections were made to, in place of the URL's host and port; absent where they
    /// were made there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connect_to: Option<String>,
    /// Addresses of this machine that connections were spread over, as `--source-ip` takes them;
    /// absent where the kernel chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_ip: Option<String>,
    /// Number of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_addresses: Option<u32>,
    /// The proxy that connections went through, as a URL without its login; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    /// The login at the proxy, which is never written; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    proxy_login: Option<Secret<Login>>,
    /// URLs that were redirected, the one that was given first; the last of them led to `url`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    redirected_from: Vec<String>,
    /// The Unix domain socket that connections were made to; absent where they were made over TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unix_socket: Option<String>,
    /// True where connections were made to all addresses of the host in turn; absent where to one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    spread_addresses: bool,
    /// WebSockets on one HTTP/2 connection at most (RFC 8441); absent over HTTP/1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http2_streams: Option<u32>,
    /// Encryption of connections; absent where nothing was said of it.
    #[serde(default, skip_serializing_if = "Tls::is_default")]
    tls: Tls,
    /// A message unanswered this long after it was due is timed out, s.
    #[serde(rename = "timeout_s", with = "seconds")]
    #[schemars(with = "f64")]
    timeout: Nanos,
    /// Generator threads.
    threads: u32,
    /// Cores that the threads are pinned to; empty when the scheduler chooses.
    #[serde(default)]
    cpus: Vec<usize>,
    /// Seed of every random choice.
    seed: u64,
    /// True where threads looked for answers without a pause, rather than sleeping until one came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    busy_poll: bool,
    /// Way in which a thread waits for the next due time; absent where nothing was said of it.
    #[serde(default, skip_serializing_if = "Pace::is_default")]
    pace: Pace,
    /// Whose clock says when an answer had come; absent where nothing was said of it.
    #[serde(default, skip_serializing_if = "Timestamps::is_default")]
    timestamps: Timestamps,
    /// Length of one interval of the time series, s.
    #[serde(rename = "interval_s", with = "seconds")]
    #[schemars(with = "f64")]
    interval: Nanos,
    /// True where the times of single round trips were kept.
    #[serde(default)]
    raw_log: bool,
    /// Messages of the server's own that were taken: their number at the beginning of a connection,
    /// or a text that each of them holds; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    greeting: Option<Greeting>,
    /// The share of failures above which the run is invalid; absent where nothing was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tolerated_failures: Option<f64>,
    /// Whether answers may come in another order than their messages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unordered: bool,
    /// What the server is held to about deliveries; absent where each has to be there once.
    #[serde(default, skip_serializing_if = "Promise::is_default")]
    promise: Promise,
}

/// Rule by which the run ends. Of clients it also says how long each lasts: in documents the two
/// have always been one.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "rule", rename_all = "snake_case")]
#[schemars(rename = "StopRule")]
enum Stop {
    /// After this many messages in all.
    Messages {
        /// Messages over all connections.
        messages: u64,
    },
    /// After this long.
    Duration {
        /// Length of the measured window, s.
        #[serde(rename = "duration_s", with = "seconds")]
        #[schemars(with = "f64")]
        duration: Nanos,
    },
    /// After this many clients, each replaced when done.
    Clients {
        /// Clients in all.
        clients: u64,
        /// Round trips each client makes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(required, with = "u32")]
        roundtrips: Option<u32>,
    },
}

impl Stop {
    fn of(stop: StopRule, roundtrips: Option<u32>) -> Self {
        match stop {
            StopRule::Messages(messages) => Self::Messages { messages },
            StopRule::Duration(duration) => Self::Duration { duration },
            StopRule::Clients(clients) => Self::Clients {
                clients,
                roundtrips,
            },
        }
    }

    fn told(&self) -> (StopRule, Lifetime) {
        match *self {
            Self::Messages { messages } => (StopRule::Messages(messages), Lifetime::Held),
            Self::Duration { duration } => (StopRule::Duration(duration), Lifetime::Held),
            Self::Clients {
                clients,
                roundtrips,
            } => {
                let replaced = |round_trips| Lifetime::Replaced { round_trips };
                let lifetime = roundtrips.map_or(Lifetime::Held, replaced);
                (StopRule::Clients(clients), lifetime)
            }
        }
    }
}

impl From<&PlanSpec> for Stored {
    fn from(spec: &PlanSpec) -> Self {
        let (clients, connect) = (&spec.clients, &spec.connect);
        let route = &connect.route;
        let path = |path: &Path| path.display().to_string();
        let (replies, beats) = clients.upkeep.written();
        Self {
            name: spec.name.clone(),
            scenario: spec.scenario.clone(),
            target: spec.target.clone(),
            connections: clients.connections,
            flow: clients.exchange.flow.clone(),
            audience: clients.exchange.audience,
            rooms: clients.exchange.rooms.clone(),
            roles: clients.roles.iter().map(StoredRole::of).collect(),
            arrival: clients.arrival.clone(),
            think: clients.think,
            keep_alive: clients.keep_alive,
            sessions: clients.sessions(),
            returns: clients.returns,
            slow: clients.slow,
            churn: clients.churn,
            stop: Stop::of(spec.stop, clients.round_trips()),
            warmup: spec.warmup.least,
            warmup_found: spec.warmup.found,
            warmup_at_most: spec.warmup.at_most,
            payload: clients.exchange.payload.written(),
            compression: clients.compression,
            fragment: clients.fragment,
            login: clients.login.written(),
            replies,
            beats,
            unit: clients.exchange.unit,
            envelope: clients.exchange.envelope.as_deref().map(StoredWords::of),
            numbered: clients.exchange.numbered.clone(),
            request: clients.exchange.request.clone(),
            ack: clients.exchange.ack.as_deref().map(StoredMessage::of),
            matched_by: Some(clients.exchange.matching()),
            verify: clients.exchange.verify,
            headers: spec.upgrade.headers.clone(),
            subprotocols: spec.upgrade.subprotocols.clone(),
            origin: spec.upgrade.origin.clone(),
            connect_rate_per_s: connect.rate_per_s,
            connect_timeout: connect.timeout,
            family: connect.family,
            connect_to: route.connect_to.as_ref().map(ToString::to_string),
            source_ip: (!route.sources.is_empty()).then(|| route.sources.to_string()),
            source_addresses: (!route.sources.is_empty()).then(|| route.sources.count()),
            proxy: route.proxy.as_ref().map(ToString::to_string),
            proxy_login: route.proxy.as_ref().and_then(|proxy| proxy.login.clone()),
            redirected_from: route.redirected_from.clone(),
            unix_socket: route.unix_socket.as_deref().map(path),
            spread_addresses: route.spread,
            http2_streams: match connect.http {
                Http::One => None,
                Http::Two { streams } => Some(streams),
            },
            tls: spec.tls.clone(),
            timeout: clients.timeout,
            threads: spec.threads,
            cpus: spec.cpus.clone(),
            seed: spec.seed,
            busy_poll: spec.busy_poll,
            pace: spec.pace,
            timestamps: spec.timestamps,
            interval: spec.interval,
            raw_log: spec.raw_log,
            greeting: clients.exchange.greeting.clone(),
            tolerated_failures: spec.expect.failures,
            unordered: spec.expect.unordered,
            promise: spec.expect.promise,
        }
    }
}

impl Stored {
    /// The spec that was written so.
    ///
    /// # Errors
    /// Words for a part that cannot be read.
    fn told(mut self) -> Result<PlanSpec, String> {
        let (stop, lifetime) = self.stop.told();
        let lifetime = self.sessions.map_or(lifetime, Lifetime::Scheduled);
        let words = |error: &dyn ToString| error.to_string();
        let route = self.take_route()?;
        let roles = self.roles.into_iter().map(StoredRole::told);
        let envelope = self.envelope.map(StoredWords::told).transpose();
        let population = Population {
            connections: self.connections,
            lifetime,
            arrival: self.arrival,
            think: self.think,
            timeout: self.timeout,
            keep_alive: self.keep_alive,
            returns: self.returns,
            slow: self.slow,
            churn: self.churn,
            compression: self.compression,
            fragment: self.fragment,
            login: LoginSteps::told(self.login)?,
            upkeep: Upkeep::told(self.replies, self.beats)?,
            roles: roles.collect::<Result<_, String>>()?,
            exchange: Workload {
                flow: self.flow,
                audience: self.audience,
                rooms: self.rooms,
                unit: self.unit,
                envelope: envelope.map_err(|it| words(&it))?.map(Envelope::new),
                numbered: self.numbered,
                request: self.request,
                ack: self.ack.map(StoredMessage::told).transpose()?.map(Arc::new),
                payload: Payload::told(self.payload, self.matched_by)?,
                verify: self.verify,
                greeting: self.greeting,
            },
        };
        Ok(PlanSpec {
            name: self.name,
            scenario: self.scenario,
            target: self.target,
            clients: Clients::of(population),
            stop,
            warmup: WarmUp {
                least: self.warmup,
                at_most: self.warmup_at_most,
                found: self.warmup_found,
            },
            pace: self.pace,
            busy_poll: self.busy_poll,
            timestamps: self.timestamps,
            upgrade: Upgrade {
                headers: self.headers,
                subprotocols: self.subprotocols,
                origin: self.origin,
            },
            connect: Connect {
                rate_per_s: self.connect_rate_per_s,
                timeout: self.connect_timeout,
                family: self.family,
                route,
                http: match self.http2_streams {
                    None => Http::One,
                    Some(streams) => Http::Two { streams },
                },
            },
            tls: self.tls,
            threads: self.threads,
            cpus: self.cpus,
            seed: self.seed,
            interval: self.interval,
            raw_log: self.raw_log,
            expect: Expect {
                failures: self.tolerated_failures,
                unordered: self.unordered,
                promise: self.promise,
            },
            shows_secrets: false,
        })
    }

    /// The way to the server; its parts are gone from here afterwards.
    ///
    /// # Errors
    /// Words for a part that cannot be read.
    fn take_route(&mut self) -> Result<Route, String> {
        let words = |error: &dyn ToString| error.to_string();
        let proxy = self.proxy.as_deref().map(str::parse::<Proxy>).transpose();
        let login = self.proxy_login.take();
        let proxy = proxy.map_err(|it| words(&it))?;
        let connect_to = self.connect_to.as_deref().map(str::parse).transpose();
        let sources = self.source_ip.as_deref().map(str::parse::<Sources>);
        Ok(Route {
            connect_to: connect_to.map_err(|it| words(&it))?,
            sources: sources
                .transpose()
                .map_err(|it| words(&it))?
                .unwrap_or_default(),
            proxy: proxy.map(|proxy| Proxy { login, ..proxy }),
            redirected_from: std::mem::take(&mut self.redirected_from),
            unix_socket: self.unix_socket.take().map(|path| Path::new(&path).into()),
            spread: self.spread_addresses,
        })
    }
}

impl Serialize for PlanSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PlanSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        stored.told().map_err(D::Error::custom)
    }
}

impl JsonSchema for PlanSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Stored::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Stored::json_schema(generator)
    }
}
