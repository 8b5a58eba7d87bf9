//! The vocabulary of settings.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $path:literal,)*) => {
        /// The vocabulary of settings. Printed as its path: in a plan, as it is
        /// stored, or beside it for what is of an experiment or of the machine.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[non_exhaustive]
        pub enum Field {
            $(
                $(#[$doc])*
                #[serde(rename = $path)]
                $name,
            )*
        }

        impl Field {
            /// All settings.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The path of the setting, with dots.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self {
                    $(Self::$name => $path,)*
                }
            }
        }
    };
}

fields! {
    /// The server's host.
    Host = "target.host",
    /// The server's port.
    Port = "target.port",
    /// Path and query of the upgrade.
    Resource = "target.resource",
    /// Connections at the same time.
    Connections = "clients.connections",
    /// The life of a connection: held, or replaced.
    Lifetime = "clients.lifetime",
    /// Sessions that come by a schedule.
    Sessions = "clients.lifetime.sessions",
    /// Sessions at the same time at most.
    MaxSessions = "clients.lifetime.sessions.at_most",
    /// The time that each of them stays.
    Stay = "clients.lifetime.sessions.stay",
    /// Connections that come and go beside the load.
    Churn = "clients.churn",
    /// The time that each of them stays.
    ChurnStay = "clients.churn.stay",
    /// Round trips of each client.
    RoundTrips = "clients.lifetime.round_trips",
    /// The times at which messages are due.
    Arrival = "clients.arrival",
    /// Messages in flight on a connection of the closed loop.
    Depth = "clients.arrival.depth",
    /// Messages in flight on a connection of the open loop.
    MaxInFlight = "clients.arrival.max_in_flight",
    /// Rates of the open loop.
    Schedule = "clients.arrival.schedule",
    /// The pause to think.
    Think = "clients.think",
    /// The time-out of a message.
    Timeout = "clients.timeout",
    /// Slow readers among the connections.
    Slow = "clients.slow",
    /// The pauses before clients come back.
    Reconnect = "clients.returns.policy",
    /// Connections that are cut on purpose.
    Drill = "clients.returns.drill",
    /// The time from ping to ping.
    KeepAlive = "clients.keep_alive",
    /// The level of compression.
    CompressionLevel = "clients.compression.level",
    /// Compression of messages.
    Compression = "clients.compression",
    /// The length of fragments.
    Fragment = "clients.fragment",
    /// The login on an open connection.
    Login = "clients.login",
    /// Words beside the load for as long as a connection lasts.
    Upkeep = "clients.upkeep",
    /// Roles of connections.
    Roles = "clients.roles",
    /// Rooms that connections are members of.
    Rooms = "clients.exchange.rooms",
    /// Rooms that each connection is a member of.
    RoomsEach = "clients.exchange.rooms.each",
    /// The messages.
    Payload = "clients.exchange.payload",
    /// The largest size of a message.
    MaxSize = "clients.exchange.payload.max",
    /// The text of which messages are lines.
    Corpus = "clients.exchange.payload.corpus",
    /// The opcode of messages.
    Encoding = "clients.exchange.payload.encoding",
    /// The comparison of answers with what was sent.
    Verify = "clients.exchange.verify",
    /// Place of the number of messages for many.
    Numbered = "clients.exchange.numbered",
    /// Way in which the answers to requests are known.
    Request = "clients.exchange.request",
    /// The last answer to a request that has several.
    End = "clients.exchange.request.end",
    /// Message by which each of ours is acknowledged.
    Ack = "clients.exchange.ack",
    /// Traffic, by whether anything in it is answered.
    Flow = "clients.exchange.flow",
    /// Place of the instant in messages that the server sends by itself.
    Stamp = "clients.exchange.flow.stamp",
    /// Requests by which the server's clock is known.
    Clock = "clients.exchange.flow.clock",
    /// Receivers of each message.
    Audience = "clients.exchange.audience",
    /// The share of failures above which a run is invalid.
    ToleratedFailures = "expect.failures",
    /// The expectation that answers come out of order.
    Unordered = "expect.unordered",
    /// The server's promise about deliveries.
    Promise = "expect.promise",
    /// One message of the protocol that is spoken, in terms of WebSocket messages.
    Unit = "clients.exchange.unit",
    /// Messages of the server's own that are taken.
    Greeting = "clients.exchange.greeting",
    /// The end of the run.
    Stop = "stop",
    /// The measured time, where it ends the run.
    Duration = "stop.duration",
    /// The number of messages, where it ends the run.
    Messages = "stop.messages",
    /// The number of clients, where it ends the run.
    Clients = "stop.clients",
    /// The warm-up.
    WarmUp = "warmup",
    /// The longest warm-up, where its end is found.
    WarmUpAtMost = "warmup.at_most",
    /// The warm-up that was found.
    WarmUpFound = "warmup.found",
    /// The way in which threads wait for due times.
    Pace = "pace",
    /// The source of receive times.
    Timestamps = "timestamps",
    /// Threads that never sleep.
    BusyPoll = "busy_poll",
    /// Further headers.
    Headers = "upgrade.headers",
    /// The credentials that the handshake carries.
    Credentials = "upgrade.credentials",
    /// The token that the handshake carries.
    Bearer = "upgrade.credentials.bearer",
    /// Redirects of the handshake that are followed.
    Redirects = "upgrade.redirects",
    /// Subprotocols.
    Subprotocols = "upgrade.subprotocols",
    /// The origin.
    Origin = "upgrade.origin",
    /// Connections opened a second.
    ConnectRate = "connect.rate_per_s",
    /// The time-out of a connection's opening.
    ConnectTimeout = "connect.timeout",
    /// Families of addresses that may be used.
    Family = "connect.family",
    /// The place connected to.
    ConnectTo = "connect.route.connect_to",
    /// Addresses that connections come from.
    Sources = "connect.route.sources",
    /// The proxy.
    Proxy = "connect.route.proxy",
    /// The login at the proxy.
    ProxyLogin = "connect.route.proxy.login",
    /// Connections to all addresses of the host.
    Spread = "connect.route.spread",
    /// The Unix domain socket.
    UnixSocket = "connect.route.unix_socket",
    /// WebSockets on one HTTP/2 connection.
    Streams = "connect.http.streams",
    /// The version of HTTP that carries the WebSockets.
    Http = "connect.http",
    /// Authorities that are trusted.
    Authorities = "tls.authorities",
    /// The client certificate and its key.
    Identity = "tls.identity",
    /// The key of the client certificate.
    IdentityKey = "tls.identity.key",
    /// The name that the server's certificate has to be of.
    ServerName = "tls.server_name",
    /// Trust in whatever certificate the server has.
    Insecure = "tls.insecure",
    /// Versions of TLS that are offered.
    TlsVersions = "tls.versions",
    /// Application protocols.
    Alpn = "tls.alpn",
    /// Generator threads.
    Threads = "threads",
    /// Cores of the generator's threads.
    Cpus = "cpus",
    /// The number from which all that is drawn at random follows.
    Seed = "seed",
    /// The interval of the time series.
    Interval = "interval",
    /// The longest that an experiment may take.
    Limit = "experiment.limit",
    /// A search for the greatest rate that holds: its server and its objective.
    GreatestRate = "experiment.greatest_rate",
    /// Runs in a row.
    Repeat = "experiment.repeat",
    /// Comparison of what is not alike.
    Force = "comparison.force",
    /// A condition under which a comparison or a run fails.
    Condition = "judgement.condition",
    /// An objective that a server is to meet.
    Objective = "judgement.objective",
    /// The command that starts the server.
    Exec = "server.command",
    /// The process of the server.
    ServerPid = "server.pid",
    /// Cores of the server that is started.
    ServerCpus = "server.cpus",
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
