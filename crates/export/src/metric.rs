//! The metrics that there are: a row for each, from the declared tables of counters and series.
//!
//! A further counter, or a further series, is a further metric by itself.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench::observer::Stage;
use wsbench_load::series::{Home, Series};
use wsbench_load::tally::{
    AckCounts, BlockedCounts, ByteCounts, ConnectionCounts, Counter, DeliveryCounts, ItemCounts,
    MessageCounts, PushCounts, ReturnCounts, SessionCounts, SlowCounts, Tally,
};

/// Name before every metric's own.
pub const NAMESPACE: &str = "wsbench";

/// Counters that are no sums: what stands in them is the state of a moment.
const STATES: [&str; 8] = [
    "asked",
    "alive_at_end",
    "peak_concurrent",
    "most_running",
    "least_running",
    "in_flight_at_end",
    "under_way",
    "away",
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

/// Reader of a counter, by what was counted so far; `None` where it is not kept.
type ReadCount = Arc<dyn Fn(&Totals) -> Option<u64> + Send + Sync>;

/// Place of the values of a metric.
#[derive(Clone)]
pub(crate) enum ReadFrom {
    Counted(&'static str, ReadCount),
    Times(Series),
    Errors,
    Own(Own),
}

impl std::fmt::Debug for ReadFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Counted(name, _) => name,
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
    let counters = [
        counted("messages.", MessageCounts::ALL, |it| Some(&it.messages)),
        counted("", ByteCounts::ALL, |it| Some(&it.bytes)),
        counted("connections.", ConnectionCounts::ALL, |it| {
            Some(&it.connections)
        }),
        counted("messages.blocked_by_", BlockedCounts::ALL, |it| {
            Some(&it.blocked_by)
        }),
        counted("deliveries.", DeliveryCounts::ALL, |it| {
            it.books.deliveries.as_ref()
        }),
        counted("acks.", AckCounts::ALL, |it| it.books.acks.as_ref()),
        counted("items.", ItemCounts::ALL, |it| it.books.items.as_ref()),
        counted("pushes.", PushCounts::ALL, |it| it.books.pushes.as_ref()),
        counted("sessions.", SessionCounts::ALL, |it| {
            it.books.sessions.as_ref()
        }),
        counted("returns.", ReturnCounts::ALL, |it| {
            it.books.returns.as_ref()
        }),
        counted("slow.", SlowCounts::ALL, |it| it.books.slow.as_ref()),
    ];
    let errors = Metric {
        name: "errors".to_owned(),
        unit: MetricUnit::Count,
        kind: MetricKind::Counter,
        help: "Failures, by phase and kind.".to_owned(),
        source: ReadFrom::Errors,
    };
    let times = Series::ALL.into_iter().map(times);
    let all = own.chain(counters.into_iter().flatten());
    all.chain([errors]).chain(times).collect()
}

/// The counters of a table, of which `book` has the values.
fn counted<T>(
    group: &str,
    counters: &'static [Counter<T>],
    book: fn(&Totals) -> Option<&T>,
) -> Vec<Metric> {
    let metric = |counter: &'static Counter<T>| {
        let lines: Vec<&str> = counter.meaning.iter().map(|line| line.trim()).collect();
        let read = move |totals: &Totals| (counter.of)(book(totals)?);
        Metric {
            name: format!("{group}{}", counter.name),
            // Bytes alone stand in no group: their names say what was done with them.
            unit: match group {
                "" => MetricUnit::Bytes,
                _ => MetricUnit::Count,
            },
            kind: match STATES.contains(&counter.name) {
                true => MetricKind::Gauge,
                false => MetricKind::Counter,
            },
            help: lines.join(" "),
            source: ReadFrom::Counted(counter.name, Arc::new(read)),
        }
    };
    counters.iter().map(metric).collect()
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
    /// Counters of some loads alone.
    pub books: Books,
}

/// Counters of loads that not every run has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Books {
    /// Deliveries of messages for many so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<DeliveryCounts>,
    /// Acknowledgements of messages so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acks: Option<AckCounts>,
    /// Items of streams so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemCounts>,
    /// Messages that the server sent by itself so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushes: Option<PushCounts>,
    /// Sessions by schedule so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionCounts>,
    /// Returns of connections that were lost so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<ReturnCounts>,
    /// Slow readers so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<SlowCounts>,
}

impl From<&Tally> for Books {
    fn from(tally: &Tally) -> Self {
        fn kept<T: Copy + Default + PartialEq>(counts: &T) -> Option<T> {
            Some(*counts).filter(|counts| *counts != T::default())
        }
        Self {
            deliveries: kept(&tally.deliveries),
            acks: kept(&tally.acks),
            items: kept(&tally.items),
            pushes: kept(&tally.pushes),
            sessions: kept(&tally.sessions),
            returns: kept(&tally.returns),
            slow: kept(&tally.slow),
        }
    }
}

impl From<&Tally> for Totals {
    fn from(tally: &Tally) -> Self {
        Self {
            messages: tally.messages,
            bytes: tally.bytes,
            connections: tally.connections,
            blocked_by: tally.blocked_by,
            books: tally.into(),
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
            + BlockedCounts::ALL.len()
            + DeliveryCounts::ALL.len()
            + AckCounts::ALL.len()
            + ItemCounts::ALL.len()
            + PushCounts::ALL.len()
            + SessionCounts::ALL.len()
            + ReturnCounts::ALL.len()
            + SlowCounts::ALL.len();
        assert_eq!(table.len(), Own::ALL.len() + counted + 1 + Series::COUNT);
        for name in [
            "wsbench_messages_sent_total",
            "wsbench_sent_bytes_total",
            "wsbench_service_seconds",
            "wsbench_handshake_tcp_seconds",
            "wsbench_connections_alive_at_end",
            "wsbench_deliveries_received_total",
            "wsbench_pushes_received_total",
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
            let sessions = SessionCounts::ALL.iter().map(|it| it.name);
            let returns = ReturnCounts::ALL.iter().map(|it| it.name);
            let all = messages.chain(ConnectionCounts::ALL.iter().map(|it| it.name));
            let mut all = all.chain(sessions).chain(returns);
            assert!(all.any(|name| name == state), "{state}");
        }
    }
}
