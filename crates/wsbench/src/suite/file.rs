//! Suites and servers as files: what may stand in them, key by key.
//!
//! This is the format and nothing else; what it means is `suite`'s affair. The JSON Schemas for
//! editors are generated from here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::amount::Amount;

/// Name and version of the format of a suite.
pub(crate) const SCHEMA: &str = "wsbench.suite/1";

/// A suite: which servers, which workloads, and within what bounds.
///
/// Times are written with their unit (500ms, 2s, 1m30s), rates as 5k or 10/ms, sizes as 30 or 16k
/// (1024 bytes each k), cores as 0 or 2-3,5.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "wsbench suite")]
pub struct SuiteFile {
    /// Name and version of this format: `wsbench.suite/1`.
    #[schemars(with = "String")]
    pub(crate) schema: Spanned<String>,
    /// A name for the reports.
    pub(crate) name: String,
    /// Purpose of it.
    #[serde(default)]
    pub(crate) description: String,
    /// The folder that the servers' folders are in, relative to this file.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) servers_from: Option<Spanned<String>>,
    /// Folders there, each with a server.toml; "*" stands for all.
    #[serde(default)]
    #[schemars(with = "Option<Names>")]
    pub(crate) servers: Option<Spanned<Names>>,
    /// True where wsbench's own echo server takes part, as a control and not as a contender.
    #[serde(default = "yes")]
    pub(crate) embedded: bool,
    /// Cores that every server is pinned to, such as "0"; without it the scheduler chooses.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) server_cores: Option<Spanned<String>>,
    /// Cores that wsbench itself is pinned to, such as "1".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) generator_cores: Option<Spanned<String>>,
    /// Rounds: in each every server is started once and measured. 10 unless it is given, which is
    /// the least that ranks well.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1, max = 1000))]
    pub(crate) rounds: Option<Spanned<u32>>,
    /// The objective of workloads of kind "limit", such as "p99<5ms".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) slo: Option<Spanned<String>>,
    /// A pause before each start of a server. 200ms unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) pause: Option<Spanned<String>>,
    /// Limits on the time that things may take.
    #[serde(default)]
    pub(crate) limits: LimitsFile,
    /// Weights of an overall score, by league: "closed-64/messages_per_s" = 1.0.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, f64>")]
    pub(crate) weights: Option<Spanned<BTreeMap<String, f64>>>,
    /// Pairs of leagues to hold against each other.
    #[serde(default)]
    pub(crate) tradeoff: Vec<TradeoffFile>,
    /// Workloads that every server is put through.
    #[schemars(with = "Vec<WorkloadFile>", length(min = 1))]
    pub(crate) workload: Vec<Spanned<WorkloadFile>>,
    /// Servers that stand in this file.
    #[serde(default)]
    #[schemars(with = "Vec<ServerFile>")]
    pub(crate) server: Vec<Spanned<ServerFile>>,
}

/// Names of folders, or "*" for all.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "neither a list of folder names nor \"*\" for all of them"
)]
pub(crate) enum Names {
    /// `"*"`.
    All(String),
    /// The names.
    These(Vec<String>),
}

/// Limits on the time that things may take.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsFile {
    /// Each step of an installation. 10m unless it is given.
    #[schemars(with = "Option<String>")]
    pub(crate) install: Option<Spanned<String>>,
    /// From the start of a server until it accepts a connection. 20s unless it is given.
    #[schemars(with = "Option<String>")]
    pub(crate) start: Option<Spanned<String>>,
    /// One run, with all that is around it. 60s unless it is given.
    #[schemars(with = "Option<String>")]
    pub(crate) run: Option<Spanned<String>>,
    /// All rounds: none begins that would not be over by then. 2h unless it is given.
    #[schemars(with = "Option<String>")]
    pub(crate) total: Option<Spanned<String>>,
}

/// Two leagues to hold against each other.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TradeoffFile {
    /// Along the first axis: "closed-64/messages_per_s".
    #[schemars(with = "String")]
    pub(crate) x: Spanned<String>,
    /// Along the second.
    #[schemars(with = "String")]
    pub(crate) y: Spanned<String>,
}

/// One workload.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadFile {
    /// Its name, the first half of league keys.
    #[schemars(with = "String")]
    pub(crate) name: Spanned<String>,
    /// Work that is done.
    pub(crate) kind: Kind,
    /// File that says the load, relative to this one, of kind "scenario" (needed): a scenario as the command
    /// line takes it. The keys below outweigh what it says, where flags of the command line would.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) scenario: Option<Spanned<String>>,
    /// Servers that it is for, of kind "scenario" (needed), by what they speak: the name of one of the
    /// `protocols` of their server.toml, or "echo" or "broadcast", which they are started for by `start`
    /// and `broadcast`. "wsbench" are the rooms of wsbench's own server.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) protocol: Option<Spanned<String>>,
    /// Connections held at a time: 64 unless it is given, 100 of kind "broadcast", 1000 of kind "idle".
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub(crate) connections: Option<Spanned<u32>>,
    /// Messages in flight on a connection, of kinds "closed" and "scenario": 1 unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub(crate) depth: Option<Spanned<u32>>,
    /// Bytes a message: 30 unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(crate) size: Option<Spanned<Amount>>,
    /// Text messages, which is the default, or binary ones; not of kind "scenario".
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    pub(crate) text: Option<Spanned<bool>>,
    /// Length of the measured window, 2s unless it or a scenario says so; of kind "limit" of the whole search,
    /// 15s unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) duration: Option<Spanned<String>>,
    /// Load before it that is not measured: 500ms unless it is given, nothing of kind "idle".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) warmup: Option<Spanned<String>>,
    /// Messages a second over all connections, of kinds "open" and "broadcast" (needed), "idle" (100) and
    /// "scenario".
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(crate) rate: Option<Spanned<Amount>>,
    /// Connections opened a second, of kinds "idle", 1k unless it is given, and "scenario".
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(crate) connect_rate: Option<Spanned<Amount>>,
    /// Clients in all, of kind "storm": 1000 unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub(crate) clients: Option<Spanned<u32>>,
    /// Meaning of what its servers do otherwise than an echo: "unordered" where they may answer several
    /// messages of a connection in another order.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) expect: Option<Spanned<String>>,
    /// Messages of a server's own that are taken: so many at the beginning of a connection, or a text
    /// that each of them holds.
    #[serde(default)]
    #[schemars(with = "Option<Amount>")]
    pub(crate) greeting: Option<Spanned<Amount>>,
    /// Rounds in which it takes part; all unless it is given.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub(crate) rounds: Option<Spanned<u32>>,
}

/// Work that a workload does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// As many messages as the server answers, `depth` in flight on each connection.
    Closed,
    /// Messages at a fixed rate.
    Open,
    /// Connections that are opened one after the other, held and hardly used: memory a connection.
    Idle,
    /// Clients that connect, make one round trip, close and are replaced: the connect rate.
    Storm,
    /// The greatest rate under the suite's objective.
    Limit,
    /// Messages at a fixed rate, each of which the server sends to all connections. Such workloads stand
    /// in a suite of their own, of servers that are started by `broadcast`.
    Broadcast,
    /// Whatever the file `scenario` says: rooms, requests, streams, pushes, clients that come and go.
    Scenario,
}

/// A server: how it is installed, started and asked.
///
/// Command lines go to /bin/sh, in the server's folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "wsbench server")]
pub struct ServerFile {
    /// Its name, unlike any other's.
    #[schemars(with = "String")]
    pub(crate) name: Spanned<String>,
    /// The library that answers.
    pub(crate) library: String,
    /// The language that it is used from.
    pub(crate) language: String,
    /// Number of cores that it uses by default.
    pub(crate) cores: CoresFile,
    /// Debian packages that it needs.
    #[serde(default)]
    pub(crate) packages: Vec<String>,
    /// Command that installs it.
    #[serde(default)]
    pub(crate) install: Option<String>,
    /// Ends with exit code 0 when nothing is left to install.
    #[serde(default)]
    pub(crate) installed: Option<String>,
    /// Command that starts it, to listen on the port in the environment variable PORT. It has to
    /// stay in the foreground; with exec the shell is not counted as a process of it. A server that has none
    /// takes no part in suites of echoes.
    #[serde(default)]
    pub(crate) start: Option<String>,
    /// Command that starts it as a server that sends each message to all connections, its sender among
    /// them; a server that has none takes no part in suites of broadcasts.
    #[serde(default)]
    pub(crate) broadcast: Option<String>,
    /// Commands that start it as a server of a protocol of its own, by the protocol's name: "socket.io" = "exec
    /// node rooms.js". Workloads of kind "scenario" give that name as their `protocol`.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(crate) protocols: Option<Spanned<BTreeMap<String, String>>>,
    /// Its URL, with {port} in the port's place.
    #[schemars(with = "String")]
    pub(crate) url: Spanned<String>,
    /// Prints the library's version in one line.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// Treatment of Nagle's algorithm by default.
    #[serde(default)]
    pub(crate) nodelay: NodelayFile,
    /// Answer to an offer of permessage-deflate by default.
    #[serde(default)]
    pub(crate) deflate: DeflateFile,
    /// Facts that are known of it.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// Time that it may take to accept a connection, s, where the suite's limit is not enough.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub(crate) ready_s: Option<Spanned<f64>>,
    /// The Origin header that it wants.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) origin: Option<Spanned<String>>,
    /// Further headers that it wants: "X-Tenant: 7". {env:NAME} in a value is a variable of the environment,
    /// {csv:FILE:COLUMN} the connection's row of a file; either makes a credential of the value.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) headers: Vec<Spanned<String>>,
    /// Its environment beyond the usual one.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// Its folder, relative to the suite; only of a server that stands in a suite.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) folder: Option<Spanned<String>>,
}

/// Number of cores that a server uses by default.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CoresFile {
    /// One.
    One,
    /// All that it is given.
    All,
}

/// Treatment of Nagle's algorithm by a server by default.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NodelayFile {
    /// It sets TCP_NODELAY.
    On,
    /// It leaves Nagle's algorithm on.
    Off,
    /// Nobody has looked.
    #[default]
    Unknown,
}

/// Answer of a server to an offer of permessage-deflate by default.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeflateFile {
    /// It accepts.
    Accepts,
    /// It declines.
    Declines,
    /// Nobody has looked.
    #[default]
    Unknown,
}

fn yes() -> bool {
    true
}
