//! What servers are ranked by: each metric with its key, its unit, and which way is better.
//!
//! Only what may be compared is ranked: latencies at one and the same rate, never those of a closed
//! loop, in which the faster server is given more load (METHOD 1); CPU a message likewise.

use wsbench_record::audit::Kind;
use wsbench_record::ranking::WorkloadKind;
use wsbench_record::units::{bytes, rate, span};

/// One metric of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Answers a second.
    MessagesPerS,
    /// The greatest rate that holds under the objective, messages a second.
    GreatestRatePerS,
    /// Connections opened, used once and closed, a second.
    ConnectionsPerS,
    /// Median of the response time, ns.
    ResponseP50,
    /// 99th percentile of the response time, ns.
    ResponseP99,
    /// 99.9th percentile of the response time, ns.
    ResponseP99_9,
    /// Median of the service time, ns.
    ServiceP50,
    /// 99th percentile of the service time, ns.
    ServiceP99,
    /// CPU time of the server by message, µs.
    CpuUsPerMessage,
    /// Memory of the server by connection: a slope, bytes.
    BytesPerConnection,
    /// Memory of the server at the end of the window, shared pages counted once, bytes.
    BytesAtLoad,
    /// Threads of the server at the end of the window, over all its processes.
    Threads,
    /// Processes of the server at the end of the window.
    Processes,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// More is better.
    More,
    /// Less is better.
    Less,
}

impl Metric {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::MessagesPerS,
        Self::GreatestRatePerS,
        Self::ConnectionsPerS,
        Self::ResponseP50,
        Self::ResponseP99,
        Self::ResponseP99_9,
        Self::ServiceP50,
        Self::ServiceP99,
        Self::CpuUsPerMessage,
        Self::BytesPerConnection,
        Self::BytesAtLoad,
        Self::Threads,
        Self::Processes,
    ];

    /// The key by which documents and suites name it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::MessagesPerS => "messages_per_s",
            Self::GreatestRatePerS => "greatest_rate_per_s",
            Self::ConnectionsPerS => "connections_per_s",
            Self::ResponseP50 => "response.p50",
            Self::ResponseP99 => "response.p99",
            Self::ResponseP99_9 => "response.p99_9",
            Self::ServiceP50 => "service.p50",
            Self::ServiceP99 => "service.p99",
            Self::CpuUsPerMessage => "server.cpu_us_per_message",
            Self::BytesPerConnection => "server.bytes_per_connection",
            Self::BytesAtLoad => "server.pss_bytes",
            Self::Threads => "server.threads",
            Self::Processes => "server.processes",
        }
    }

    /// The metric of this key.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.key() == key)
    }

    /// What stands above a column.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::MessagesPerS => "messages/s",
            Self::GreatestRatePerS => "greatest rate/s",
            Self::ConnectionsPerS => "connections/s",
            Self::ResponseP50 => "response p50",
            Self::ResponseP99 => "response p99",
            Self::ResponseP99_9 => "response p99.9",
            Self::ServiceP50 => "service p50",
            Self::ServiceP99 => "service p99",
            Self::CpuUsPerMessage => "CPU µs/message",
            Self::BytesPerConnection => "memory/connection",
            Self::BytesAtLoad => "memory at load",
            Self::Threads => "threads",
            Self::Processes => "processes",
        }
    }

    /// Which way is better.
    #[must_use]
    pub fn sense(self) -> Sense {
        match self {
            Self::MessagesPerS | Self::GreatestRatePerS | Self::ConnectionsPerS => Sense::More,
            _ => Sense::Less,
        }
    }

    /// A value as people read it.
    #[must_use]
    pub fn words(self, value: f64) -> String {
        match self {
            Self::MessagesPerS | Self::GreatestRatePerS | Self::ConnectionsPerS => rate(value),
            Self::ResponseP50
            | Self::ResponseP99
            | Self::ResponseP99_9
            | Self::ServiceP50
            | Self::ServiceP99 => span(value),
            Self::CpuUsPerMessage => format!("{value:.2} µs"),
            Self::BytesPerConnection | Self::BytesAtLoad => bytes(value),
            Self::Threads | Self::Processes => format!("{value:.0}"),
        }
    }

    /// The metrics that are shown of a workload of this kind, in order.
    #[must_use]
    pub fn shown(kind: WorkloadKind) -> &'static [Self] {
        match kind {
            WorkloadKind::Closed => &[
                Self::MessagesPerS,
                Self::ServiceP50,
                Self::ServiceP99,
                Self::CpuUsPerMessage,
                Self::BytesAtLoad,
                Self::Threads,
                Self::Processes,
            ],
            WorkloadKind::Open => &[
                Self::ResponseP50,
                Self::ResponseP99,
                Self::ResponseP99_9,
                Self::ServiceP50,
                Self::ServiceP99,
                Self::MessagesPerS,
                Self::CpuUsPerMessage,
                Self::BytesAtLoad,
            ],
            WorkloadKind::Idle => &[
                Self::BytesPerConnection,
                Self::BytesAtLoad,
                Self::Threads,
                Self::Processes,
            ],
            WorkloadKind::Storm => &[Self::ConnectionsPerS, Self::CpuUsPerMessage],
            WorkloadKind::Limit => &[Self::GreatestRatePerS],
        }
    }

    /// Those of them by which servers are ranked.
    #[must_use]
    pub fn ranked(kind: WorkloadKind) -> &'static [Self] {
        match kind {
            WorkloadKind::Closed => &[Self::MessagesPerS],
            WorkloadKind::Open => &[Self::ResponseP50, Self::ResponseP99, Self::CpuUsPerMessage],
            WorkloadKind::Idle => &[Self::BytesPerConnection],
            WorkloadKind::Storm => &[Self::ConnectionsPerS],
            WorkloadKind::Limit => &[Self::GreatestRatePerS],
        }
    }

    /// What of an audit says that the generator, and not the server, set this figure: a generator
    /// without a core to spare keeps rates down, and one that sends late is in the tail of the
    /// response times, though not in their median.
    #[must_use]
    pub(super) fn limits_of_generator(self) -> &'static [Kind] {
        match self {
            Self::ResponseP99 | Self::ResponseP99_9 => &[
                Kind::GeneratorCpu,
                Kind::GeneratorStarved,
                Kind::Pace,
                Kind::ArrivalShape,
            ],
            Self::MessagesPerS
            | Self::GreatestRatePerS
            | Self::ConnectionsPerS
            | Self::ResponseP50
            | Self::ServiceP50
            | Self::ServiceP99 => &[Kind::GeneratorCpu, Kind::GeneratorStarved],
            Self::CpuUsPerMessage
            | Self::BytesPerConnection
            | Self::BytesAtLoad
            | Self::Threads
            | Self::Processes => &[],
        }
    }

    /// The mark before a figure that the generator set: the server's own may be better.
    #[must_use]
    pub fn bound_mark(self) -> &'static str {
        match self.sense() {
            Sense::More => "≥ ",
            Sense::Less => "≤ ",
        }
    }
}
