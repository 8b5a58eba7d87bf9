//! The plan of a run as the document stores it: every field, with readable names and units.
//!
//! It is a record of `load::plan::Plan`, not a second plan: nothing is run from it.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::RunResult;
use wsbench_load::route::Route;
use wsbench_load::{arrival, plan};

/// Fixed messages up to this length are stored; of longer ones only the length is.
const LONGEST_STORED_PAYLOAD_BYTES: usize = 4096;

/// Request headers whose values are credentials: a result is made to be shown to others.
const WITHHELD_HEADERS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// What stands in the place of a credential.
const WITHHELD: &str = "(withheld)";

/// What the run was to do, as resolved from flags and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    /// The user's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The server under test, as a URL.
    pub url: String,
    /// Connections held open at the same time.
    pub connections: u32,
    /// When the next message on a connection is due.
    pub arrival: Arrival,
    /// The pause between an answer and the next message on its place in flight; absent when there
    /// is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think: Option<Think>,
    /// From one ping to the next on a connection, s; absent when none are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_alive_s: Option<f64>,
    /// When the run is over.
    pub stop: StopRule,
    /// Load before the measured window, s; where its end is found from the data, as found, and
    /// the least before that.
    pub warmup_s: f64,
    /// The warm-up as found from the data, s; absent where the plan gives it, and before it is
    /// found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_found_s: Option<f64>,
    /// The window opens after this at the latest, s, where the end of the warm-up is found from
    /// the data; found to be this, the load has not settled. Absent where the plan gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_at_most_s: Option<f64>,
    /// What each message carries.
    pub payload: Payload,
    /// Compression that is offered; absent when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Offered>,
    /// Bytes of payload in each frame that messages are cut into; absent when each is one frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fragment_bytes: Option<u32>,
    /// How answers are matched with what was sent.
    pub matched_by: Matching,
    /// How closely answers are compared with what was sent.
    pub verify: Verify,
    /// Further request headers of the upgrade, name and value; credentials are withheld.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Subprotocols offered, in order of preference.
    #[serde(default)]
    pub subprotocols: Vec<String>,
    /// The `Origin` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Connections opened a second over all threads; absent when as fast as they complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_rate_per_s: Option<f64>,
    /// Limit of each TCP connect and upgrade together, s.
    pub connect_timeout_s: f64,
    /// Which addresses of the host may be used.
    #[serde(default)]
    pub family: Family,
    /// Where connections were made to in place of the URL's host and port; absent where they were
    /// made there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_to: Option<String>,
    /// Addresses of this machine that connections were spread over, as `--source-ip` takes them;
    /// absent where the kernel chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// How many those are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_addresses: Option<u32>,
    /// The proxy that connections went through, as a URL without its login; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// URLs that were redirected, the one that was given first; the last of them led to `url`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirected_from: Vec<String>,
    /// The Unix domain socket that connections were made to; absent where they were made over TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unix_socket: Option<String>,
    /// WebSockets on one HTTP/2 connection at most (RFC 8441); absent over HTTP/1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http2_streams: Option<u32>,
    /// A message unanswered this long after it was due is timed out, s.
    pub timeout_s: f64,
    /// Generator threads.
    pub threads: u32,
    /// Cores that the threads are pinned to; empty when the scheduler chooses.
    #[serde(default)]
    pub cpus: Vec<usize>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Whether threads looked for answers without a pause, rather than sleeping until one came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub busy_poll: bool,
    /// Length of one interval of the time series, s.
    pub interval_s: f64,
    /// Whether the times of single round trips were kept.
    #[serde(default)]
    pub raw_log: bool,
}

impl Order {
    /// Messages that may be in flight on one connection.
    #[must_use]
    pub fn depth(&self) -> u32 {
        match self.arrival {
            Arrival::Closed { depth } => depth,
            Arrival::Open { max_in_flight, .. } => max_in_flight,
        }
    }

    /// Whether messages were due by a schedule that did not look at the server.
    #[must_use]
    pub fn is_open_loop(&self) -> bool {
        matches!(self.arrival, Arrival::Open { .. })
    }

    /// Whether clients are replaced when done, rather than connections held.
    #[must_use]
    pub fn replaces_clients(&self) -> bool {
        matches!(self.stop, StopRule::Clients { .. })
    }
}

/// Compression that is offered (permessage-deflate, RFC 7692).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offered {
    /// The extension and its parameters, as they stand in the upgrade request.
    pub offer: String,
    /// Level of our own compressor, 0 (not at all) to 9 (smallest).
    pub level: u32,
}

/// When the next message on a connection is due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Arrival {
    /// Closed loop: when an answer arrives. The server's slowness throttles the load.
    Closed {
        /// Messages in flight on each connection.
        depth: u32,
    },
    /// Open loop: by a schedule that does not look at the server.
    Open {
        /// How the gaps between messages are distributed.
        process: Process,
        /// The rate over time, from the beginning of the warm-up.
        stretches: Vec<Stretch>,
        /// Messages in flight on each connection at most.
        max_in_flight: u32,
    },
}

/// The pause between an answer and the next message, drawn evenly from a range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Think {
    /// The shortest pause, s.
    pub least_s: f64,
    /// The longest pause, s.
    pub most_s: f64,
}

/// How the gaps between messages are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// Exponentially, as of independent users.
    Poisson,
    /// Evenly.
    Constant,
}

/// A stretch of the schedule over which the rate goes evenly from one value to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stretch {
    /// Its length, s; absent for one that never ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_s: Option<f64>,
    /// Messages a second at its beginning, over all connections.
    pub from_per_s: f64,
    /// Messages a second at its end.
    pub to_per_s: f64,
}

/// When the run is over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum StopRule {
    /// After this many messages in all.
    Messages {
        /// Messages over all connections.
        messages: u64,
    },
    /// After this long.
    Duration {
        /// Length of the measured window, s.
        duration_s: f64,
    },
    /// After this many clients, each replaced when done.
    Clients {
        /// Clients in all.
        clients: u64,
        /// Round trips each client makes.
        roundtrips: u32,
    },
}

/// Text or binary messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8 text.
    Text,
    /// Arbitrary bytes.
    Binary,
}

/// What each message carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Payload {
    /// Made for each message: different every time.
    Generated {
        /// Text or binary.
        encoding: Encoding,
        /// Smallest message, bytes on the wire.
        min_bytes: u32,
        /// Largest message, bytes on the wire.
        max_bytes: u32,
        /// Whether text is filled with ASCII alone.
        ascii: bool,
    },
    /// The same bytes in every message.
    Fixed {
        /// Text or binary.
        encoding: Encoding,
        /// Length, bytes.
        bytes: u64,
        /// The message in base64; absent when longer than 4 KiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// A tag, then a line of a text: the lines in order, on each connection from another one on.
    Corpus {
        /// Text or binary.
        encoding: Encoding,
        /// The file as it was given, or `builtin`.
        name: String,
        /// How many lines there are.
        lines: u64,
        /// Bytes of all lines.
        bytes: u64,
    },
    /// A text with places that differ from message to message.
    Template {
        /// Text or binary.
        encoding: Encoding,
        /// The text, its places in braces; cut where longer than 4 KiB.
        template: String,
        /// The longest message that it makes, bytes.
        longest_bytes: u64,
    },
}

/// How answers are matched with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// By the tag that each message carries.
    Tag,
    /// In order, because messages are too short or too fixed for a tag.
    Order,
}

/// How closely answers are compared with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Every byte and the opcode.
    Full,
    /// The length and the opcode.
    Length,
    /// Nothing.
    None,
}

/// Which addresses of the host may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Whatever the resolver prefers.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Order {
    /// The record of a plan that was carried out.
    #[must_use]
    pub fn carried_out(plan: &plan::Plan, result: &RunResult) -> Self {
        Self {
            warmup_found_s: result.warmup_found.map(Nanos::as_secs_f64),
            ..Self::from(&plan.with_warmup_found(result.warmup_found))
        }
    }

    /// Whether the warm-up was to be found from the data, and the load did not settle in time.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        self.warmup_found_s
            .zip(self.warmup_at_most_s)
            .is_some_and(|(found, most)| found >= most)
    }
}

impl From<&plan::Plan> for Order {
    fn from(plan: &plan::Plan) -> Self {
        Self {
            name: plan.name.clone(),
            url: plan.target.url(),
            connections: plan.connections,
            arrival: Arrival::from(&plan.arrival),
            think: plan.think.map(Think::from),
            keep_alive_s: plan.keep_alive.map(Nanos::as_secs_f64),
            stop: plan.stop.into(),
            warmup_s: plan.warmup.as_secs_f64(),
            warmup_found_s: None,
            warmup_at_most_s: plan.warmup_at_most.map(Nanos::as_secs_f64),
            payload: Payload::from(&plan.payload),
            compression: plan.compression.map(|compression| Offered {
                offer: compression.wish.offer().to_string(),
                level: compression.level,
            }),
            fragment_bytes: plan.fragment,
            matched_by: if plan.payload.is_tagged() {
                Matching::Tag
            } else {
                Matching::Order
            },
            verify: plan.verify.into(),
            headers: shown_headers(&plan.upgrade.headers),
            subprotocols: plan.upgrade.subprotocols.clone(),
            origin: plan.upgrade.origin.clone(),
            connect_rate_per_s: plan.connect.rate_per_s,
            connect_timeout_s: plan.connect.timeout.as_secs_f64(),
            family: plan.connect.family.into(),
            connect_to: plan
                .connect
                .route
                .connect_to
                .as_ref()
                .map(ToString::to_string),
            proxy: plan.connect.route.proxy.as_ref().map(ToString::to_string),
            redirected_from: plan.connect.route.redirected_from.clone(),
            unix_socket: plan
                .connect
                .route
                .unix_socket
                .as_ref()
                .map(|path| path.display().to_string()),
            source_ip: source_ip(&plan.connect.route),
            source_addresses: (!plan.connect.route.sources.is_empty())
                .then(|| plan.connect.route.source_count()),
            http2_streams: match plan.connect.http {
                plan::Http::One => None,
                plan::Http::Two { streams } => Some(streams),
            },
            timeout_s: plan.timeout.as_secs_f64(),
            threads: plan.threads,
            cpus: plan.cpus.clone(),
            seed: plan.seed,
            busy_poll: plan.busy_poll,
            interval_s: plan.interval.as_secs_f64(),
            raw_log: plan.raw_log,
        }
    }
}

/// The headers with credentials withheld.
fn shown_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let secret = WITHHELD_HEADERS.contains(&name.to_ascii_lowercase().as_str());
            let value = if secret { WITHHELD } else { value };
            (name.clone(), value.to_owned())
        })
        .collect()
}

/// The beginning of a text, so much as is stored.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_STORED_PAYLOAD_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The addresses as runs of neighbours: `127.0.0.2-127.0.0.9,127.0.0.20`.
fn source_ip(route: &Route) -> Option<String> {
    let mut runs: Vec<(IpAddr, IpAddr)> = Vec::new();
    for &address in route.sources.iter() {
        match runs.last_mut() {
            Some((_, last)) if follows(*last, address) => *last = address,
            _ => runs.push((address, address)),
        }
    }
    let words: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    (!words.is_empty()).then(|| words.join(","))
}

/// Whether `next` is the address behind `last`.
fn follows(last: IpAddr, next: IpAddr) -> bool {
    match (last, next) {
        (IpAddr::V4(last), IpAddr::V4(next)) => {
            last.to_bits().checked_add(1) == Some(next.to_bits())
        }
        (IpAddr::V6(last), IpAddr::V6(next)) => {
            last.to_bits().checked_add(1) == Some(next.to_bits())
        }
        _ => false,
    }
}

impl From<&plan::Arrival> for Arrival {
    fn from(arrival: &plan::Arrival) -> Self {
        match arrival {
            plan::Arrival::Closed { depth } => Self::Closed { depth: *depth },
            plan::Arrival::Open {
                schedule,
                max_in_flight,
            } => Self::Open {
                process: match schedule.process {
                    arrival::Process::Poisson => Process::Poisson,
                    arrival::Process::Constant => Process::Constant,
                },
                stretches: schedule.stretches.iter().map(Stretch::from).collect(),
                max_in_flight: *max_in_flight,
            },
        }
    }
}

impl From<&arrival::Stretch> for Stretch {
    fn from(stretch: &arrival::Stretch) -> Self {
        Self {
            length_s: (stretch.length < Nanos::MAX).then(|| stretch.length.as_secs_f64()),
            from_per_s: stretch.from_per_s,
            to_per_s: stretch.to_per_s,
        }
    }
}

impl From<plan::Think> for Think {
    fn from(think: plan::Think) -> Self {
        Self {
            least_s: think.least.as_secs_f64(),
            most_s: think.most.as_secs_f64(),
        }
    }
}

impl From<plan::StopRule> for StopRule {
    fn from(stop: plan::StopRule) -> Self {
        match stop {
            plan::StopRule::Messages(messages) => Self::Messages { messages },
            plan::StopRule::Duration(duration) => Self::Duration {
                duration_s: duration.as_secs_f64(),
            },
            plan::StopRule::Clients {
                clients,
                roundtrips,
            } => Self::Clients {
                clients,
                roundtrips,
            },
        }
    }
}

impl From<plan::Encoding> for Encoding {
    fn from(encoding: plan::Encoding) -> Self {
        match encoding {
            plan::Encoding::Text => Self::Text,
            plan::Encoding::Binary => Self::Binary,
        }
    }
}

impl From<&plan::Payload> for Payload {
    fn from(payload: &plan::Payload) -> Self {
        match payload {
            plan::Payload::Generated {
                encoding,
                min,
                max,
                ascii,
            } => Self::Generated {
                encoding: (*encoding).into(),
                min_bytes: *min,
                max_bytes: *max,
                ascii: *ascii,
            },
            plan::Payload::Fixed { encoding, bytes } => Self::Fixed {
                encoding: (*encoding).into(),
                bytes: bytes.len() as u64,
                base64: (bytes.len() <= LONGEST_STORED_PAYLOAD_BYTES)
                    .then(|| STANDARD.encode(bytes)),
            },
            plan::Payload::Corpus { encoding, corpus } => Self::Corpus {
                encoding: (*encoding).into(),
                name: corpus.name().to_owned(),
                lines: corpus.len() as u64,
                bytes: corpus.bytes(),
            },
            plan::Payload::Template { encoding, template } => Self::Template {
                encoding: (*encoding).into(),
                template: cut(template.text()).to_owned(),
                longest_bytes: template.longest() as u64,
            },
        }
    }
}

impl From<plan::Verify> for Verify {
    fn from(verify: plan::Verify) -> Self {
        match verify {
            plan::Verify::Full => Self::Full,
            plan::Verify::Length => Self::Length,
            plan::Verify::None => Self::None,
        }
    }
}

impl From<plan::Family> for Family {
    fn from(family: plan::Family) -> Self {
        match family {
            plan::Family::Any => Self::Any,
            plan::Family::V4 => Self::V4,
            plan::Family::V6 => Self::V6,
        }
    }
}
