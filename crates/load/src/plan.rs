//! What a run is to do, fully resolved.
//!
//! A `Plan` is made once, from flags or a file, by the binary; after that line no invalid plan
//! exists, so nothing below re-checks it. It is data: how it is carried out is `session`'s and
//! the driver's affair.

use std::sync::Arc;

pub use wsbench_wire::deflate::{WindowBits, Wish};

use crate::arrival::Schedule;
use crate::corpus::Corpus;
use crate::nanos::Nanos;
use crate::route::{Place, Route};
use crate::template::Template;

/// The whole order for one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// A label for reports; no meaning to the run.
    pub name: Option<String>,
    /// The server under test.
    pub target: Target,
    /// Connections held open at the same time, over all threads. At least 1.
    pub connections: u32,
    /// When the next message on a connection is due.
    pub arrival: Arrival,
    /// The pause between an answer and the next message on its place in flight; `None` sends at
    /// once. Closed loop alone: the open loop looks at no answer.
    pub think: Option<Think>,
    /// From one ping to the next on a connection, by which it is kept alive; `None` sends none.
    pub keep_alive: Option<Nanos>,
    /// When the run is over.
    pub stop: StopRule,
    /// Span at the beginning of the load that is not measured; the least one, where it is found.
    pub warmup: Nanos,
    /// Where the warm-up is found from the data (`settling`): the window opens when the load has
    /// settled, after `warmup` at the earliest, and after this at the latest. `None` where
    /// `warmup` is all of it. Not in the client-replacement model.
    pub warmup_at_most: Option<Nanos>,
    /// How a thread waits for the next due time, where messages have such.
    pub pace: Pace,
    /// Never sleep while waiting for answers: threads look at their connections without a pause.
    pub busy_poll: bool,
    /// Whose clock says when an answer had come.
    pub timestamps: Timestamps,
    /// What each message carries.
    pub payload: Payload,
    /// Compression to offer (permessage-deflate, RFC 7692); `None` offers none.
    pub compression: Option<Compression>,
    /// Bytes of payload in each frame that a message is cut into, at least 1, counted behind the
    /// compression; `None` sends every message in one frame.
    pub fragment: Option<u32>,
    /// How closely each answer is compared with what was sent.
    pub verify: Verify,
    /// What the opening handshake asks for.
    pub upgrade: Upgrade,
    /// How connections are opened.
    pub connect: Connect,
    /// How connections are encrypted; looked at only where the target is `secure`.
    pub tls: Tls,
    /// A message unanswered this long after it was due is timed out.
    pub timeout: Nanos,
    /// Generator threads. At least 1, at most `connections`.
    pub threads: u32,
    /// Cores to pin the threads to, in turn; empty when the scheduler chooses.
    pub cpus: Vec<usize>,
    /// Seed of every random choice: masks, tags, sizes, jitter.
    pub seed: u64,
    /// Length of one interval of the time series.
    pub interval: Nanos,
    /// Keep the times of single round trips for a raw log.
    pub raw_log: bool,
}

impl Plan {
    /// The plan of a run that is told nothing but its server: one connection, one message in
    /// flight, ten seconds without a warm-up. Whoever makes a plan changes what differs.
    ///
    /// ```
    /// use wsbench_load::{nanos::Nanos, plan::{Plan, StopRule, Target}};
    /// let target = Target { host: "localhost".into(), port: 80, resource: "/".into(), secure: false };
    /// let plan = Plan { connections: 8, ..Plan::against(target) };
    /// assert_eq!((plan.depth(), plan.stop), (1, StopRule::Duration(Nanos::from_secs(10))));
    /// ```
    #[must_use]
    pub fn against(target: Target) -> Self {
        Self {
            name: None,
            target,
            connections: 1,
            arrival: Arrival::Closed { depth: 1 },
            think: None,
            keep_alive: None,
            stop: StopRule::Duration(Nanos::from_secs(10)),
            warmup: Nanos::ZERO,
            warmup_at_most: None,
            pace: Pace::Auto,
            busy_poll: false,
            timestamps: Timestamps::Auto,
            payload: Payload::Generated {
                encoding: Encoding::Text,
                min: 30,
                max: 30,
                ascii: false,
            },
            compression: None,
            fragment: None,
            verify: Verify::Full,
            upgrade: Upgrade::default(),
            connect: Connect::default(),
            tls: Tls::default(),
            timeout: Nanos::from_secs(10),
            threads: 1,
            cpus: Vec::new(),
            seed: 1,
            interval: Nanos::from_secs(1),
            raw_log: false,
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

    /// The longest time until the window opens after the load has begun.
    #[must_use]
    pub fn longest_warmup(&self) -> Nanos {
        self.warmup_at_most.unwrap_or(self.warmup)
    }

    /// The plan as it was carried out, where the warm-up took `found`.
    #[must_use]
    pub fn with_warmup_found(&self, found: Option<Nanos>) -> Self {
        Self {
            warmup: found.unwrap_or(self.warmup),
            ..self.clone()
        }
    }

    /// Messages a second that the schedule holds in the measured window, over all connections;
    /// `None` in the closed loop, which asks for no rate. The window is `measured` long and opens
    /// after `warmup`; see [`Plan::with_warmup_found`] where that is but the least.
    #[must_use]
    pub fn asked_per_s(&self, measured: Nanos) -> Option<f64> {
        let Arrival::Open { schedule, .. } = &self.arrival else {
            return None;
        };
        let due = schedule.messages_between(self.warmup, self.warmup + measured);
        (measured > Nanos::ZERO).then(|| due / measured.as_secs_f64())
    }

    /// Whether messages are due at times of their own rather than at once when answers come: the
    /// driver has to wait for them exactly.
    #[must_use]
    pub fn has_due_times(&self) -> bool {
        matches!(self.arrival, Arrival::Open { .. }) || self.think.is_some()
    }

    /// TCP connections that the WebSockets are on: one for each, or over HTTP/2 fewer, where the
    /// server allows as many on one as the plan has. Each thread has its own.
    ///
    /// ```
    /// # use wsbench_load::plan::{Connect, Http, Plan, Target};
    /// # let target = Target { host: "h".into(), port: 80, resource: "/".into(), secure: false };
    /// let connect = Connect { http: Http::Two { streams: 100 }, ..Connect::default() };
    /// let plan = Plan { connections: 301, threads: 2, connect, ..Plan::against(target) };
    /// assert_eq!(plan.tcp_connections(), 4); // 151 on two, 150 on two
    /// ```
    #[must_use]
    pub fn tcp_connections(&self) -> u32 {
        let Http::Two { streams } = self.connect.http else {
            return self.connections;
        };
        let threads = self.threads.max(1);
        let (share, over) = (self.connections / threads, self.connections % threads);
        over * (share + 1).div_ceil(streams) + (threads - over) * share.div_ceil(streams)
    }

    /// Whether clients are replaced (the model the project comes from) rather than held.
    #[must_use]
    pub fn replaces_clients(&self) -> bool {
        matches!(self.stop, StopRule::Clients { .. })
    }
}

/// The server under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host as the user gave it: a name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Request target of the upgrade: path and query, beginning with `/`.
    pub resource: String,
    /// Over TLS (`wss://`).
    pub secure: bool,
}

impl Target {
    /// The `Host` header and the authority of the URL (RFC 3986 section 3.2): brackets around an
    /// IPv6 literal, no port when it is the scheme's default.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let default = if self.secure { 443 } else { 80 };
        if self.port == default {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }

    /// Its host and port.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            host: self.host.clone(),
            port: self.port,
        }
    }

    /// The URL again, for people.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.resource)
    }
}

/// When the next message on a connection is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// Closed loop: the next is due when an answer arrives, `depth` in flight at a time. The
    /// server's slowness throttles the load, so percentiles say nothing about a fixed rate.
    Closed {
        /// Messages in flight on each connection. At least 1.
        depth: u32,
    },
    /// Open loop: by a schedule that does not look at the server, each on a connection chosen
    /// evenly at random. What is due on a busy connection is sent all the same (WebSocket is full
    /// duplex), up to a bound; beyond it a message waits, and its waiting is response time.
    Open {
        /// When messages are due, from the beginning of the load, over all connections.
        schedule: Schedule,
        /// Messages in flight on each connection at most. At least 1.
        max_in_flight: u32,
    },
}

/// How long a user thinks between an answer and the next message, drawn evenly from a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Think {
    /// The shortest pause.
    pub least: Nanos,
    /// The longest pause; above zero, and not below `least`.
    pub most: Nanos,
}

/// How a thread waits for the next due time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Sleeps until shortly before it, then spins: on time, for up to a whole core.
    #[default]
    Auto,
    /// Sleeps on a timer: late by what the kernel takes to wake a thread, for little CPU.
    Sleep,
    /// Never sleeps: a whole core, always.
    Spin,
}

/// Whose clock says when an answer had come to this machine, apart from when it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timestamps {
    /// The kernel's, where it stamps what arrives; else nobody's.
    #[default]
    Auto,
    /// The kernel's, or the run is refused.
    Kernel,
    /// Nobody's: a time is known only from the end of a read.
    User,
}

/// When the run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRule {
    /// After this many messages in all, over connections that are held open.
    Messages(u64),
    /// After this long, over connections that are held open.
    Duration(Nanos),
    /// The client-replacement model: each client makes its round trips, closes, and is replaced
    /// at once until this many clients have run.
    Clients {
        /// Clients in all.
        clients: u64,
        /// Round trips each client makes.
        roundtrips: u32,
    },
}

/// Text or binary messages (RFC 6455 section 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 text.
    Text,
    /// Arbitrary bytes.
    Binary,
}

/// What each message carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A tag that makes the message unique, then filling.
    Generated {
        /// Text or binary.
        encoding: Encoding,
        /// Smallest message, in bytes on the wire.
        min: u32,
        /// Largest message, in bytes on the wire; sizes are drawn evenly from `min..=max`.
        max: u32,
        /// Fill text messages with ASCII alone, so that bytes and characters are the same count
        /// (the older tool's `--s`). Otherwise non-ASCII letters are among the filling.
        ascii: bool,
    },
    /// The user's own bytes, the same in every message. Text has been checked to be UTF-8.
    Fixed {
        /// Text or binary.
        encoding: Encoding,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// A tag that makes the message unique, then a line of a text: the lines in their order, from
    /// another one on for each connection.
    Corpus {
        /// Text or binary. For text the lines have been checked to be UTF-8.
        encoding: Encoding,
        /// The lines.
        corpus: Arc<Corpus>,
    },
    /// A text with places that differ from message to message.
    Template {
        /// Text or binary.
        encoding: Encoding,
        /// The text.
        template: Arc<Template>,
    },
}

impl Payload {
    /// Text or binary.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Generated { encoding, .. }
            | Self::Fixed { encoding, .. }
            | Self::Corpus { encoding, .. }
            | Self::Template { encoding, .. } => *encoding,
        }
    }

    /// The largest message in bytes.
    #[must_use]
    pub fn max_len(&self) -> usize {
        match self {
            Self::Generated { max, .. } => *max as usize,
            Self::Fixed { bytes, .. } => bytes.len(),
            Self::Corpus { encoding, corpus } => Self::tag_len(*encoding) + corpus.longest(),
            Self::Template { template, .. } => template.longest(),
        }
    }

    /// Bytes that a tag takes at the front of a message.
    #[must_use]
    pub fn tag_len(encoding: Encoding) -> usize {
        match encoding {
            Encoding::Text => 22,
            Encoding::Binary => 16,
        }
    }

    /// Whether every message carries a tag, or tells otherwise whose it is, so that answers are matched by identity. Otherwise
    /// they are matched in order, and the result says so.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        match self {
            Self::Generated { encoding, min, .. } => *min as usize >= Self::tag_len(*encoding),
            Self::Fixed { .. } => false,
            Self::Corpus { .. } => true,
            Self::Template { template, .. } => template.is_unique(),
        }
    }
}

/// Compression to offer (RFC 7692).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// What is asked of both sides.
    pub wish: Wish,
    /// How hard our side compresses, 0 (not at all) to 9 (smallest).
    pub level: u32,
}

impl Default for Compression {
    /// What browsers do: any window, takeover on both sides, zlib's default level.
    fn default() -> Self {
        Self {
            wish: Wish::default(),
            level: 6,
        }
    }
}

/// How closely each answer is compared with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Every byte and the opcode. The default.
    Full,
    /// The length and the opcode.
    Length,
    /// Nothing: any message counts as the answer.
    None,
}

/// What the opening handshake asks for (RFC 6455 section 4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// Further request headers, name and value, in order.
    pub headers: Vec<(String, String)>,
    /// Subprotocols offered, in order of preference.
    pub subprotocols: Vec<String>,
    /// The `Origin` header.
    pub origin: Option<String>,
}

/// How connections are opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    /// Connections opened a second, over all threads; `None` opens as fast as they complete.
    pub rate_per_s: Option<f64>,
    /// Limit of each connection's TCP connect and upgrade together.
    pub timeout: Nanos,
    /// Which addresses of the host may be used.
    pub family: Family,
    /// The way to the server.
    pub route: Route,
    /// What WebSockets are opened over.
    pub http: Http,
}

/// The version of HTTP that WebSockets are opened over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.1, each on a TCP connection of its own (RFC 6455).
    #[default]
    One,
    /// HTTP/2, several on each (RFC 8441).
    Two {
        /// As many on one TCP connection at most; the server may allow fewer. At least 1.
        streams: u32,
    },
}

impl Default for Connect {
    /// As fast as they complete, five seconds each, whatever address the resolver prefers.
    fn default() -> Self {
        Self {
            rate_per_s: None,
            timeout: Nanos::from_secs(5),
            family: Family::Any,
            route: Route::default(),
            http: Http::One,
        }
    }
}

/// Which addresses of the host may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Whatever the resolver prefers.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// How connections are encrypted (RFC 8446, RFC 5246).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The name asked for with SNI (RFC 6066 section 3) and looked for in the certificate;
    /// `None` is the target's host.
    pub server_name: Option<String>,
    /// Whether the certificate is verified. Without it anybody may be at the other end.
    pub verify: bool,
    /// Certificates of the authorities that are trusted, as PEM; `None` are the system's.
    pub authorities: Option<Arc<[u8]>>,
    /// What we show of ourselves, where the server asks.
    pub identity: Option<Identity>,
    /// The protocol's versions that are offered.
    pub versions: TlsVersions,
    /// Application protocols offered (ALPN, RFC 7301), in order of preference.
    pub alpn: Vec<String>,
    /// Whether later connections may resume the sessions of earlier ones.
    pub resumes: bool,
}

impl Default for Tls {
    /// Verified against the system's authorities, every version, HTTP/1.1, no resumption: each
    /// handshake is a whole one, so that their times are of one kind.
    fn default() -> Self {
        Self {
            server_name: None,
            verify: true,
            authorities: None,
            identity: None,
            versions: TlsVersions::Any,
            alpn: vec!["http/1.1".to_owned()],
            resumes: false,
        }
    }
}

/// A client certificate with its key, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The chain, the client's own certificate first.
    pub certificates: Arc<[u8]>,
    /// The private key (PKCS #8, PKCS #1 or SEC 1).
    pub key: Arc<[u8]>,
}

/// Which versions of TLS are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    Any,
    /// 1.2 alone.
    V1_2,
    /// 1.3 alone.
    V1_3,
}
