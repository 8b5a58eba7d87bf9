//! Why a spec is no plan: which setting, and what is wrong with it.

use std::fmt;

use thiserror::Error;

/// A setting that cannot be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field}: {why}")]
pub struct PlanError {
    /// The setting.
    pub field: Field,
    /// What is wrong with it.
    pub why: Why,
}

/// A reason why a setting cannot be as it is. Limits are in the setting's unit: a count, bytes, or
/// nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Why {
    /// It is zero and has to be more.
    #[error("is 0; it has to be more")]
    Zero,
    /// It has nothing in it.
    #[error("is empty")]
    Empty,
    /// It is greater than it may be.
    #[error("is above {most}, the most that it may be")]
    Above {
        /// The most.
        most: u64,
    },
    /// It is smaller than it may be.
    #[error("is below {least}, the least that it may be")]
    Below {
        /// The least.
        least: u64,
    },
    /// It excludes another setting.
    #[error("does not go with {0}")]
    NotWith(Field),
    /// It is not in the form that the protocol asks for.
    #[error("is malformed")]
    Malformed,
    /// The handshake sets it by itself.
    #[error("is set by the handshake itself")]
    Reserved,
    /// It is there twice, and may be once.
    #[error("is given twice")]
    Twice,
    /// It is to be sent as text and is not UTF-8 (RFC 6455 section 8.1).
    #[error("is no text: byte {at} is not UTF-8")]
    NotText {
        /// The first byte that is not, from 0.
        at: u64,
    },
    /// It was left out when the plan was stored.
    #[error("was withheld when the plan was stored; give it anew")]
    Withheld,
    /// It is what an earlier run has found.
    #[error("was found by an earlier run; leave it out")]
    Found,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $path:literal,)*) => {
        /// The vocabulary of settings. Written as its path in a [`PlanSpec`](crate::plan::PlanSpec).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Field {
            $($(#[$doc])* $name,)*
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
    /// How long connections last.
    Lifetime = "clients.lifetime",
    /// Round trips of each client.
    RoundTrips = "clients.lifetime.round_trips",
    /// When messages are due.
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
    /// The time from ping to ping.
    KeepAlive = "clients.keep_alive",
    /// The level of compression.
    CompressionLevel = "clients.compression.level",
    /// The length of fragments.
    Fragment = "clients.fragment",
    /// The messages.
    Payload = "clients.exchange.payload",
    /// The largest size of a message.
    MaxSize = "clients.exchange.payload.max",
    /// When the run is over.
    Stop = "stop",
    /// The warm-up.
    WarmUp = "warmup",
    /// The longest warm-up, where its end is found.
    WarmUpAtMost = "warmup.at_most",
    /// The warm-up that was found.
    WarmUpFound = "warmup.found",
    /// How threads wait for due times.
    Pace = "pace",
    /// Threads that never sleep.
    BusyPoll = "busy_poll",
    /// Further headers.
    Headers = "upgrade.headers",
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
    /// The Unix domain socket.
    UnixSocket = "connect.route.unix_socket",
    /// WebSockets on one HTTP/2 connection.
    Streams = "connect.http.streams",
    /// Authorities that are trusted.
    Authorities = "tls.authorities",
    /// The client certificate and its key.
    Identity = "tls.identity",
    /// Application protocols.
    Alpn = "tls.alpn",
    /// Generator threads.
    Threads = "threads",
    /// The interval of the time series.
    Interval = "interval",
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
