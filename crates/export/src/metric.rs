//! The metrics that there are: a row for each, from the declared tables of counters and series.
//!
//! A further counter, or a further series, is a further metric by itself.

use wsbench::observer::Stage;
use wsbench_load::series::{Home, Series};
use wsbench_load::tally::{
    BlockedCounts, ByteCounts, ConnectionCounts, Counter, MessageCounts, Tally,
};

/// Name before every metric's own.
pub const NAMESPACE: &str = "wsbench";

/// Counters that are no sums: what stands in them is the state of a moment.
const STATES: [&str; 6] = [
    "asked",
    "alive_at_end",
    "peak_concurrent",
    "most_running",
    "least_running",
    "in_flight_at_end",
];

/// A metric.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name, words between dots: `messages.sent`.
    pub name: String,
    /// Unit of its values.
    pub unit: MetricUnit,
    /// The way in which it changes.
    pub kind: MetricKind,
    /// Its meaning in words.
    pub help: String,
    /// Place of its values.
    pub(crate) source: ReadFrom,
}

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// Things, counted.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share of one.
    Ratio,
}

/// The way in which a metric changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It rises within a run, and begins at zero with the next.
    Counter,
    /// It rises and falls.
    Gauge,
    /// A histogram of times, which rises within a run.
    Histogram,
}

/// Place of the values of a metric.
#[derive(Clone, Copy)]
pub(crate) enum ReadFrom {
    Messages(&'static Counter<MessageCounts>),
    Bytes(&'static Counter<ByteCounts>),
    Connections(&'static Counter<ConnectionCounts>),
    Blocked(&'static Counter<BlockedCounts>),
    Times(Series),
    Errors,
    Own(Own),
}

impl std::fmt::Debug for ReadFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Messages(counter) => counter.name,
            Self::Bytes(counter) => counter.name,
            Self::Connections(counter) => counter.name,
            Self::Blocked(counter) => counter.name,
            Self::Times(series) => series.info().name,
            Self::Errors => "errors",
            Self::Own(own) => own.row().0,
        })
    }
}

/// A metric of the run itself, which no table of the books has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Info,
    Stage,
    Done,
    Elapsed,
    Alive,
    InFlight,
    Waiting,
    GeneratorCpu,
    Dropped,
}

impl Own {
    const ALL: [Self; 9] = [
        Self::Info,
        Self::Stage,
        Self::Done,
        Self::Elapsed,
        Self::Alive,
        Self::InFlight,
        Self::Waiting,
        Self::GeneratorCpu,
        Self::Dropped,
    ];

    /// Name, unit, kind and meaning.
    fn row(self) -> (&'static str, MetricUnit, MetricKind, &'static str) {
        match self {
            Self::Info => (
                "run.info",
                MetricUnit::Count,
                MetricKind::Gauge,
                "Always 1: what is measured, in labels.",
            ),
            Self::Stage => (
                "run.stage",
                MetricUnit::Count,
                MetricKind::Gauge,
                "1 of the stage that the run is in, 0 of the others.",
            ),
            Self::Done => (
                "run.done",
                MetricUnit::Ratio,
                MetricKind::Gauge,
                "Share of the run that is done.",
            ),
            Self::Elapsed => (
                "run.elapsed",
                MetricUnit::Seconds,
                MetricKind::Gauge,
                "Time since the run began.",
            ),
            Self::Alive => (
                "connections.alive",
                MetricUnit::Count,
                MetricKind::Gauge,
                "Connections upgraded and open at the end of the newest interval.",
            ),
            Self::InFlight => (
                "messages.in_flight",
                MetricUnit::Count,
                MetricKind::Gauge,
                "Messages sent and not answered at the end of the newest interval.",
            ),
            Self::Waiting => (
                "messages.waiting",
                MetricUnit::Count,
                MetricKind::Gauge,
                "Messages due and not sent at the end of the newest interval.",
            ),
            Self::GeneratorCpu => (
                "generator.cpu",
                MetricUnit::Ratio,
                MetricKind::Gauge,
                "Share of a core that a thread of the generator used in the newest interval.",
            ),
            Self::Dropped => (
                "export.dropped",
                MetricUnit::Count,
                MetricKind::Counter,
                "Snapshots that a destination was too slow for.",
            ),
        }
    }
}

/// The stages of a run, with their words.
pub(crate) const STAGES: [(Stage, &str); 4] = [
    (Stage::Connecting, "connecting"),
    (Stage::WarmUp, "warm_up"),
    (Stage::Measuring, "measuring"),
    (Stage::Draining, "draining"),
];

/// All metrics, in the order in which they are handed out.
#[must_use]
pub fn table() -> Vec<Metric> {
    let own = Own::ALL.into_iter().map(|own| {
        let (name, unit, kind, help) = own.row();
        let (name, help) = (name.to_owned(), help.to_owned());
        let source = ReadFrom::Own(own);
        Metric {
            name,
            unit,
            kind,
            help,
            source,
        }
    });
    let messages = MessageCounts::ALL.iter();
    let messages =
        messages.map(|it| counted("messages.", it, MetricUnit::Count, ReadFrom::Messages(it)));
    let bytes = ByteCounts::ALL.iter();
    let bytes = bytes.map(|it| counted("", it, MetricUnit::Bytes, ReadFrom::Bytes(it)));
    let connections = ConnectionCounts::ALL.iter();
    let connections = connections.map(|it| {
        counted(
            "connections.",
            it,
            MetricUnit::Count,
            ReadFrom::Connections(it),
        )
    });
    let blocked = BlockedCounts::ALL.iter();
    let blocked = blocked.map(|it| {
        counted(
            "messages.blocked_by_",
            it,
            MetricUnit::Count,
            ReadFrom::Blocked(it),
        )
    });
    let errors = Metric {
        name: "errors".to_owned(),
        unit: MetricUnit::Count,
        kind: MetricKind::Counter,
        help: "Failures, by phase and kind.".to_owned(),
        source: ReadFrom::Errors,
    };
    let times = Series::ALL.into_iter().map(times);
    let all = own.chain(messages).chain(bytes).chain(connections);
    all.chain(blocked).chain([errors]).chain(times).collect()
}

fn counted<T>(group: &str, counter: &Counter<T>, unit: MetricUnit, source: ReadFrom) -> Metric {
    let lines: Vec<&str> = counter.meaning.iter().map(|line| line.trim()).collect();
    let is_state = STATES.contains(&counter.name);
    Metric {
        name: format!("{group}{}", counter.name),
        unit,
        kind: if is_state {
            MetricKind::Gauge
        } else {
            MetricKind::Counter
        },
        help: lines.join(" "),
        source,
    }
}

fn times(series: Series) -> Metric {
    let info = series.info();
    let group = match info.home {
        Home::Document => "",
        Home::Opening => "handshake.",
        Home::Pings => "pings.",
    };
    Metric {
        name: format!("{group}{}", info.name),
        unit: MetricUnit::Seconds,
        kind: MetricKind::Histogram,
        // The books have nanoseconds, Prometheus has seconds.
        help: info.meaning().replace('\n', " ").replace(", ns", ""),
        source: ReadFrom::Times(series),
    }
}

impl Metric {
    /// The name as Prometheus has it: `wsbench_messages_sent_total`.
    #[must_use]
    pub fn prometheus_name(&self) -> String {
        let name = self.name.replace('.', "_");
        let unit = match self.unit {
            MetricUnit::Count => "",
            MetricUnit::Seconds => "_seconds",
            MetricUnit::Bytes => "_bytes",
            MetricUnit::Ratio => "_ratio",
        };
        let total = match self.kind {
            MetricKind::Counter => "_total",
            MetricKind::Gauge | MetricKind::Histogram => "",
        };
        format!("{NAMESPACE}_{name}{unit}{total}")
    }

    /// The name as OpenTelemetry has it: `wsbench.messages.sent`.
    #[must_use]
    pub fn otlp_name(&self) -> String {
        format!("{NAMESPACE}.{}", self.name)
    }

    /// The unit as OpenTelemetry has it (UCUM).
    #[must_use]
    pub fn ucum(&self) -> &'static str {
        match self.unit {
            MetricUnit::Count | MetricUnit::Ratio => "1",
            MetricUnit::Seconds => "s",
            MetricUnit::Bytes => "By",
        }
    }
}

/// The counters of a tally, and of a document, as metrics read them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages.
    pub messages: MessageCounts,
    /// Bytes.
    pub bytes: ByteCounts,
    /// Connections.
    pub connections: ConnectionCounts,
    /// Obstacles of messages.
    pub blocked_by: BlockedCounts,
}

impl From<&Tally> for Totals {
    fn from(tally: &Tally) -> Self {
        Self {
            messages: tally.messages,
            bytes: tally.bytes,
            connections: tally.connections,
            blocked_by: tally.blocked_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_counter_and_series_is_a_metric_with_a_name_of_its_own() {
        let table = table();
        let names: HashSet<String> = table.iter().map(Metric::prometheus_name).collect();
        assert_eq!(names.len(), table.len(), "a name means one metric");
        let counted = MessageCounts::ALL.len()
            + ByteCounts::ALL.len()
            + ConnectionCounts::ALL.len()
            + BlockedCounts::ALL.len();
        assert_eq!(table.len(), Own::ALL.len() + counted + 1 + Series::COUNT);
        for name in [
            "wsbench_messages_sent_total",
            "wsbench_sent_bytes_total",
            "wsbench_service_seconds",
            "wsbench_handshake_tcp_seconds",
            "wsbench_connections_alive_at_end",
        ] {
            assert!(names.contains(name), "{name} in {names:?}");
        }
    }

    #[test]
    fn names_are_those_that_prometheus_takes_and_every_metric_says_what_it_is() {
        for metric in table() {
            let name = metric.prometheus_name();
            let is_right = name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(is_right, "{name}");
            assert!(metric.help.len() > 10, "{name}: {}", metric.help);
            assert!(!metric.help.contains('\n'), "{name}");
        }
    }

    #[test]
    fn every_state_is_a_counter_of_the_books() {
        for state in STATES {
            let messages = MessageCounts::ALL.iter().map(|it| it.name);
            let mut all = messages.chain(ConnectionCounts::ALL.iter().map(|it| it.name));
            assert!(all.any(|name| name == state), "{state}");
        }
    }
}
