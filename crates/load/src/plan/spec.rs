//! The plan as plain data: what a command line, a suite or a caller fills in.

use std::sync::Arc;

use crate::nanos::Nanos;
use crate::plan::audience::Audience;
use crate::plan::awaited::Awaited;
use crate::plan::expect::Expect;
use crate::plan::flow::Flow;
use crate::plan::locator::Locator;
use crate::plan::login::{Envelope, LoginSteps, Spoken};
use crate::plan::opening::{Compression, Connect, Header, Http, Upgrade};
use crate::plan::payload::{Encoding, Greeting, Payload, Verify};
use crate::plan::request::ByNumber;
use crate::plan::returns::Returns;
use crate::plan::role::Role;
use crate::plan::rooms::Rooms;
use crate::plan::slow::SlowReaders;
use crate::plan::timing::{Arrival, Lifetime, Pace, Sessions, StopRule, Think, Timestamps, WarmUp};
use crate::plan::tls::Tls;
use crate::plan::unit::MessageUnit;
use crate::plan::upkeep::Upkeep;
use crate::route::Target;
use crate::secret::{Secret, shown_subprotocols};

/// Task of a run, as it was asked for. It may be anything; `check` makes a plan of it.
///
/// Serialised it is the `plan` of a result, every time in seconds. Credentials are never written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlanSpec {
    /// A label for reports; no meaning to the run.
    pub name: Option<String>,
    /// File that the task was read from, or name of a preset; no meaning to the run.
    pub scenario: Option<String>,
    /// The server under test.
    pub target: Target,
    /// Clients that load it, and their load.
    pub clients: Clients,
    /// Rule by which the run ends.
    pub stop: StopRule,
    /// The load that is not measured, before the window.
    pub warmup: WarmUp,
    /// Way in which a thread waits for the next due time, where messages have such.
    pub pace: Pace,
    /// Never sleep while waiting for answers: threads look at their connections without a pause.
    pub busy_poll: bool,
    /// Whose clock says when an answer had come.
    pub timestamps: Timestamps,
    /// Requests of the opening handshake.
    pub upgrade: Upgrade,
    /// Way in which connections are opened.
    pub connect: Connect,
    /// Encryption of connections; looked at only where the target is `secure`.
    pub tls: Tls,
    /// Generator threads. At least 1, at most the connections.
    pub threads: u32,
    /// Cores to pin the threads to, in turn; empty when the scheduler chooses.
    pub cpus: Vec<usize>,
    /// Seed of every random choice: masks, tags, sizes, jitter.
    pub seed: u64,
    /// Length of one interval of the time series.
    pub interval: Nanos,
    /// Keep the times of single round trips for a raw log.
    pub raw_log: bool,
    /// What the run is held to when it is judged.
    pub expect: Expect,
    /// Whether results hold headers, subprotocols and messages with their credentials, and what peers
    /// said as they said it. Logins at proxies and keys are withheld all the same.
    pub shows_secrets: bool,
}

/// The populations of a plan, of which there is one. It stands for that one.
#[derive(Clone, Debug, PartialEq)]
pub struct Clients([Population; 1]);

impl Clients {
    /// The only population.
    #[must_use]
    pub fn of(population: Population) -> Self {
        Self([population])
    }

    /// True where their exchanges may differ or are no echo, so that each connection has to be asked for
    /// its own.
    #[must_use]
    pub fn are_mixed(&self) -> bool {
        let is_no_echo = |it: &Population| {
            let exchange = &it.exchange;
            let is_otherwise = exchange.request.is_some() || exchange.ack.is_some();
            let is_apart = is_otherwise || it.churn.is_some();
            it.is_fanned_out() || is_apart || !exchange.flow.is_answered()
        };
        self.0.len() > 1 || self.iter().any(is_no_echo)
    }

    /// The populations, one after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Population> {
        self.0.iter()
    }
}

impl std::ops::Deref for Clients {
    type Target = Population;

    #[inline]
    fn deref(&self) -> &Population {
        &self.0[0]
    }
}

impl std::ops::DerefMut for Clients {
    fn deref_mut(&mut self) -> &mut Population {
        &mut self.0[0]
    }
}

/// Connections of one kind: how many, how long they last, when they send, and what.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Population {
    /// Connections held open at the same time, over all threads. At least 1.
    pub connections: u32,
    /// Lifetime of each of them.
    pub lifetime: Lifetime,
    /// Rule by which the next message on a connection becomes due.
    pub arrival: Arrival,
    /// The pause between an answer and the next message on its place in flight; `None` sends at
    /// once. Closed loop alone: the open loop looks at no answer.
    pub think: Option<Think>,
    /// A message unanswered this long after it was due is timed out.
    pub timeout: Nanos,
    /// From one ping to the next on a connection, by which it is kept alive; `None` sends none.
    pub keep_alive: Option<Nanos>,
    /// Return of clients whose connections are lost; `None` where nothing was said of it.
    pub returns: Option<Returns>,
    /// Slow readers among the connections, of those that receive and send nothing where there are roles;
    /// `None` where all read as fast as they can, unless their role says otherwise.
    pub slow: Option<SlowReaders>,
    /// Further connections, beside those that carry the load: they come by this schedule, stay for a time
    /// without a message, and go. `None` where none do.
    pub churn: Option<Sessions>,
    /// Compression to offer (permessage-deflate, RFC 7692); `None` offers none.
    pub compression: Option<Compression>,
    /// Bytes of payload in each frame that a message is cut into, at least 1, counted behind the
    /// compression; `None` sends every message in one frame.
    pub fragment: Option<u32>,
    /// What is said and awaited on a connection between its upgrade and its load.
    pub login: LoginSteps,
    /// Words beside the load for as long as a connection lasts.
    pub upkeep: Upkeep,
    /// Roles of connections, where they do not all send messages and receive them: in the order of
    /// their places, those that send first. Empty where all do both.
    pub roles: Vec<Role>,
    /// Messages that flow on an open connection.
    pub exchange: Workload,
}

/// Traffic on an open connection: messages, and who receives them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Workload {
    /// Traffic, by whether anything in it is answered.
    pub flow: Flow,
    /// Receivers of each message.
    pub audience: Audience,
    /// Rooms that connections are members of; `None` where there are none.
    pub rooms: Option<Rooms>,
    /// One message of the protocol that is spoken, within and across WebSocket messages.
    pub unit: MessageUnit,
    /// Text around the tag and the filling of each message for many; `None` where there is none.
    pub envelope: Option<Envelope>,
    /// Place of the number of each message for many, by which it is known; `None` where that is by its tag.
    pub numbered: Option<Locator>,
    /// Way in which answers are known that are not what was sent; `None` where they are.
    pub request: Option<ByNumber>,
    /// Message by which the server acknowledges each of ours to its sender; `None` where none is awaited.
    /// Where messages are for their sender alone it is all that answers them.
    pub ack: Option<Arc<Awaited>>,
    /// Payload of each message.
    pub payload: Payload,
    /// Strictness of comparing each answer with what was sent.
    pub verify: Verify,
    /// Messages that the server sends by itself and that are taken; `None` takes none.
    pub greeting: Option<Greeting>,
}

impl Population {
    /// One connection that has the same messages echoed with a single one in flight, for as long as the
    /// run lasts, without pauses and unasked-for pings.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self {
            exchange: Workload {
                flow: Flow::Answered,
                audience: Audience::Sender,
                rooms: None,
                unit: MessageUnit::Frame,
                envelope: None,
                numbered: None,
                request: None,
                ack: None,
                ..self.exchange.clone()
            },
            login: LoginSteps::default(),
            upkeep: Upkeep::default(),
            roles: Vec::new(),
            connections: 1,
            lifetime: Lifetime::Held,
            arrival: Arrival::Closed { depth: 1 },
            think: None,
            keep_alive: None,
            returns: None,
            slow: None,
            churn: None,
            ..self.clone()
        }
    }

    /// Messages that may be in flight on one connection.
    #[must_use]
    pub fn depth(&self) -> u32 {
        match self.arrival {
            Arrival::Closed { depth } => depth,
            Arrival::Open { max_in_flight, .. } => max_in_flight,
        }
    }

    /// True if messages are for others than their sender.
    #[must_use]
    pub fn is_fanned_out(&self) -> bool {
        self.exchange.audience != Audience::Sender
    }

    /// True if messages are due by a schedule that does not look at the server.
    #[must_use]
    pub fn is_open_loop(&self) -> bool {
        matches!(self.arrival, Arrival::Open { .. })
    }

    /// True if messages or connections are due at times of their own rather than at once when answers
    /// come: the driver has to wait for them exactly.
    #[must_use]
    pub fn has_due_times(&self) -> bool {
        self.is_open_loop() || self.think.is_some() || self.comings().is_some()
    }

    /// True where as long passes between an answer and the next message as with the clients of `other`.
    #[must_use]
    pub fn pauses_like(&self, other: &Self) -> bool {
        self.think == other.think
    }

    /// True where connections are pinged.
    #[must_use]
    pub fn is_pinged(&self) -> bool {
        self.keep_alive.is_some()
    }

    /// True where connections are pinged as often as those of `other`.
    #[must_use]
    pub fn is_pinged_like(&self, other: &Self) -> bool {
        self.keep_alive == other.keep_alive
    }

    /// Round trips of each client, where clients are replaced; `None` where connections are held.
    #[must_use]
    pub fn round_trips(&self) -> Option<u32> {
        match self.lifetime {
            Lifetime::Held | Lifetime::Scheduled(_) => None,
            Lifetime::Replaced { round_trips } => Some(round_trips),
        }
    }
}

impl Default for Population {
    /// One connection, held, with one message of 30 bytes in flight.
    fn default() -> Self {
        Self {
            connections: 1,
            lifetime: Lifetime::Held,
            arrival: Arrival::Closed { depth: 1 },
            think: None,
            timeout: Nanos::from_secs(10),
            keep_alive: None,
            returns: None,
            slow: None,
            churn: None,
            compression: None,
            fragment: None,
            login: LoginSteps::default(),
            upkeep: Upkeep::default(),
            roles: Vec::new(),
            exchange: Workload {
                flow: Flow::Answered,
                audience: Audience::Sender,
                rooms: None,
                unit: MessageUnit::Frame,
                envelope: None,
                numbered: None,
                request: None,
                ack: None,
                payload: Payload::Generated {
                    encoding: Encoding::Text,
                    min: 30,
                    max: 30,
                    ascii: false,
                },
                verify: Verify::Full,
                greeting: None,
            },
        }
    }
}

impl PlanSpec {
    /// A run that is told nothing but its server: one connection, one message in flight, ten
    /// seconds without a warm-up. Whoever makes a plan changes what differs.
    ///
    /// ```
    /// use wsbench_load::{nanos::Nanos, plan::{PlanSpec, StopRule}};
    /// let spec = PlanSpec::against("ws://localhost/".parse().unwrap());
    /// let plan = spec.with(|spec| spec.clients.connections = 8).check().unwrap();
    /// assert_eq!((plan.clients.depth(), plan.stop), (1, StopRule::Duration(Nanos::from_secs(10))));
    /// ```
    #[must_use]
    pub fn against(target: Target) -> Self {
        Self {
            name: None,
            scenario: None,
            target,
            clients: Clients::of(Population::default()),
            stop: StopRule::Duration(Nanos::from_secs(10)),
            warmup: WarmUp::default(),
            pace: Pace::Auto,
            busy_poll: false,
            timestamps: Timestamps::Auto,
            upgrade: Upgrade::default(),
            connect: Connect::default(),
            tls: Tls::default(),
            threads: 1,
            cpus: Vec::new(),
            seed: 1,
            interval: Nanos::from_secs(1),
            raw_log: false,
            expect: Expect::default(),
            shows_secrets: false,
        }
    }

    /// The same with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The same with the instrument of another plan: the cores that it runs on, the way in which it
    /// waits, and the clock that tells when something was received.
    #[must_use]
    pub fn measured_like(self, other: &Self) -> Self {
        Self {
            cpus: other.cpus.clone(),
            busy_poll: other.busy_poll,
            timestamps: other.timestamps,
            ..self
        }
    }

    /// The same as results store it: without credentials, long messages and texts. No run can be
    /// made of it where something is missing.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut spec = self.clone();
        spec.target = self.target.redacted();
        let headers = self.upgrade.headers.iter();
        if self.shows_secrets {
            spec.upgrade.headers = headers.map(Header::opened).collect();
        } else {
            spec.upgrade.headers = headers.map(Header::redacted).collect();
            spec.upgrade.subprotocols = shown_subprotocols(&self.upgrade.subprotocols);
        }
        if let Some(proxy) = &mut spec.connect.route.proxy {
            proxy.login = proxy.login.as_ref().map(|_| Secret::withheld());
        }
        spec.tls = self.tls.redacted();
        let shows = self.shows_secrets;
        spec.clients.login = self.clients.login.redacted(shows);
        spec.clients.upkeep = self.clients.upkeep.redacted(shows);
        for role in &mut spec.clients.roles {
            role.join = role.join.redacted(shows);
            let own = role.voice.as_mut().and_then(|voice| voice.own.as_mut());
            if let Some(own) = own {
                *own = own.redacted(shows);
            }
        }
        if let Some(envelope) = &mut spec.clients.exchange.envelope {
            let words = envelope.words.redacted(shows);
            *envelope = Envelope::new(Spoken {
                words,
                ..(**envelope).clone()
            });
        }
        spec.clients.exchange.flow = self.clients.exchange.flow.redacted(shows);
        let ack = self.clients.exchange.ack.as_ref();
        spec.clients.exchange.ack = ack.map(|ack| Arc::new(ack.redacted(shows)));
        if let Some(request) = &mut spec.clients.exchange.request {
            let end = request.end.as_ref();
            request.end = end.map(|end| Arc::new(end.redacted(shows)));
        }
        spec.clients.exchange.payload = self.clients.exchange.payload.redacted(shows);
        spec
    }

    /// The same as it was carried out, where the warm-up was found to take `found`.
    #[must_use]
    pub fn carried_out(&self, found: Option<Nanos>) -> Self {
        let mut spec = self.clone();
        spec.warmup.least = found.unwrap_or(self.warmup.least);
        spec.warmup.found = found;
        spec
    }

    /// True of a run whose latency the machine has a great part in: a single message in flight, or
    /// threads that never sleep. Not in the client-replacement model, which is about connections.
    #[must_use]
    pub fn is_near_the_floor(&self) -> bool {
        let clients = &self.clients;
        let is_single =
            clients.connections == 1 && clients.arrival == (Arrival::Closed { depth: 1 });
        self.busy_poll || (is_single && clients.lifetime == Lifetime::Held)
    }

    /// True of a run that is over before the machine's floor could be measured, or that takes too few
    /// messages for a 99th percentile to set beside it.
    #[must_use]
    pub fn is_brief(&self) -> bool {
        match self.stop {
            StopRule::Messages(messages) => messages < 1_000,
            StopRule::Duration(duration) => duration < Nanos::from_millis(300),
            StopRule::Clients(_) => false,
        }
    }

    /// Messages a second that the schedule holds in the measured window, over all connections;
    /// `None` in the closed loop, which asks for no rate. The window is `measured` long and opens
    /// after the least warm-up; see [`PlanSpec::carried_out`] where that was found.
    #[must_use]
    pub fn asked_per_s(&self, measured: Nanos) -> Option<f64> {
        let Arrival::Open { schedule, .. } = &self.clients.arrival else {
            return None;
        };
        let opens = self.warmup.least;
        let due = schedule.messages_between(opens, opens + measured);
        (measured > Nanos::ZERO).then(|| due / measured.as_secs_f64())
    }

    /// TCP connections that the WebSockets are on: one for each, or over HTTP/2 fewer, where the
    /// server allows as many on one as the plan has. Each thread has its own. Of those that come and go
    /// beside the load they are as many as are there at a time.
    ///
    /// ```
    /// # use wsbench_load::plan::{Http, PlanSpec};
    /// let mut spec = PlanSpec::against("ws://h/".parse().unwrap());
    /// spec.connect.http = Http::Two { streams: 100 };
    /// (spec.clients.connections, spec.threads) = (301, 2);
    /// assert_eq!(spec.tcp_connections(), 4); // 151 on two, 150 on two
    /// ```
    #[must_use]
    pub fn tcp_connections(&self) -> u32 {
        let beside = self.churn_at_a_time();
        let connections = self.clients.connections.saturating_add(beside);
        let Http::Two { streams } = self.connect.http else {
            return connections;
        };
        let (threads, streams) = (self.threads.max(1), streams.max(1));
        let (share, over) = (connections / threads, connections % threads);
        over * (share + 1).div_ceil(streams) + (threads - over) * share.div_ceil(streams)
    }
}

/// Facts that follow from how long connections last.
impl PlanSpec {
    /// Clients that the run is made of, where it is over with the last of them.
    #[must_use]
    pub fn clients_in_all(&self) -> Option<u64> {
        match self.stop {
            StopRule::Clients(clients) => Some(clients),
            StopRule::Duration(_) | StopRule::Messages(_) => None,
        }
    }

    /// True if every connection is a client that is replaced when it is done.
    #[must_use]
    pub fn replaces_clients(&self) -> bool {
        self.clients.round_trips().is_some()
    }

    /// True if each connection sends as soon as it is open. Else all wait for the last, and the
    /// load begins for all at once.
    #[must_use]
    pub fn load_begins_at_once(&self) -> bool {
        self.replaces_clients() || self.clients.sessions().is_some() || self.clients.is_storm()
    }

    /// True if a raw log has one line a client rather than one a round trip.
    #[must_use]
    pub fn logs_by_client(&self) -> bool {
        self.replaces_clients()
    }
}
