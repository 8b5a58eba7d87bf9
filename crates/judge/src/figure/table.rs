//! The registry: every figure that results are compared, ranked and judged by is a row here.

use wsbench_load::result::WindowSlice;
use wsbench_load::series::Series;
use wsbench_load::tally::PushCounts;
use wsbench_record::document::{Record, Server, confidence};
use wsbench_stats::Interval;

use super::{Reading, Unit, error_share};

/// The better side of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// More is better.
    More,
    /// Less is better.
    Less,
}

/// One subject: a number, or times of which there is a figure for each point.
pub(super) struct Row {
    /// The name in documents and expressions.
    pub(super) key: &'static str,
    /// Further names in expressions.
    pub(super) aliases: &'static [&'static str],
    /// The words above a column.
    pub(super) title: &'static str,
    /// The words in a sentence; of times, those after the point.
    pub(super) label: &'static str,
    pub(super) unit: Unit,
    pub(super) sense: Sense,
    pub(super) read: Reader,
    /// The way to read it, and how sure it is, off a run under way; of times it is their slices'.
    pub(super) watch: Option<Watcher>,
}

/// A figure and its interval of confidence, off the slices of a run under way.
pub(super) type Watcher = fn(&[WindowSlice]) -> Option<(f64, Interval)>;

/// Way in which a record is read.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// Times: the figure is a point of their distribution.
    Series(Series),
    /// A number, with what the run knows of its noise; `None` where it was not measured.
    Value(fn(&Record) -> Option<Reading>),
    /// A number of events.
    Count(fn(&Record) -> u64),
    /// A number that many runs give and no single record has.
    OfSearch,
}

use Sense::{Less, More};

/// All rows, in the order in which people are told of them.
pub(super) const ROWS: &[Row] = &[
    Row {
        aliases: &["rate"],
        watch: Some(watched_rate),
        ..row(
            "messages_per_s",
            "messages/s",
            Unit::Rate,
            More,
            Reader::Value(messages_per_s),
        )
    },
    times(Series::Response),
    times(Series::Service),
    times(Series::Delivery),
    Row {
        key: "delivery.between",
        ..times(Series::DeliveryBetween)
    },
    Row {
        key: "delivery.service",
        ..times(Series::DeliveryService)
    },
    Row {
        key: "delivery.first",
        ..times(Series::DeliveryFirst)
    },
    Row {
        key: "delivery.last",
        ..times(Series::DeliveryLast)
    },
    times(Series::Skew),
    times(Series::Ack),
    Row {
        key: "ack.service",
        ..times(Series::AckService)
    },
    known("ack.missing", "acks missing", |record| {
        number(record.acks?.missing)
    }),
    Row {
        key: "item.first",
        ..times(Series::ItemFirst)
    },
    Row {
        key: "item.first.service",
        ..times(Series::ItemFirstService)
    },
    Row {
        key: "item.gap",
        ..times(Series::ItemGap)
    },
    row(
        "items_per_s",
        "items/s",
        Unit::Rate,
        More,
        Reader::Value(|record| record.items_per_s.map(Reading::exact)),
    ),
    Row {
        key: "push.gap",
        ..times(Series::PushGap)
    },
    Row {
        key: "push.age",
        ..times(Series::PushAge)
    },
    times(Series::SlowLost),
    known("slow.lost", "slow readers lost", |record| {
        number(record.slow?.lost)
    }),
    times(Series::Back),
    known("away", "away", |record| number(record.returns?.away)),
    times(Series::Opening),
    Row {
        key: "opening.service",
        ..times(Series::OpeningService)
    },
    times(Series::Storm),
    known("turned_away", "turned away", |record| {
        number(record.sessions?.turned_away)
    }),
    Row {
        key: "ping",
        ..times(Series::Ping)
    },
    times(Series::SendLag),
    row(
        "application_ns",
        "application",
        Unit::Span,
        Less,
        Reader::Value(|record| record.application_ns.map(Reading::exact)),
    ),
    times(Series::Login),
    row(
        "deliveries_per_s",
        "deliveries/s",
        Unit::Rate,
        More,
        Reader::Value(|record| record.deliveries_per_s.map(Reading::exact)),
    ),
    row(
        "delivery.reach",
        "reach",
        Unit::Share,
        More,
        Reader::Value(|record| Some(Reading::exact(record.deliveries?.reach()?))),
    ),
    Row {
        aliases: &["cpu_us_per_message"],
        label: "server CPU/msg",
        ..row(
            "server.cpu_us_per_message",
            "CPU µs/message",
            Unit::Micros,
            Less,
            Reader::Value(|record| of_server(record, |server| server.cpu_us_per_message)),
        )
    },
    row(
        "server.cpu_us_per_delivery",
        "CPU µs/delivery",
        Unit::Micros,
        Less,
        Reader::Value(|record| {
            // Both are of the window.
            let deliveries_per_s = record.deliveries_per_s.filter(|rate| *rate > 0.0)?;
            of_server(record, |server| server.cpu_share)
                .map(|cores| Reading::exact(cores.value * 1e6 / deliveries_per_s))
        }),
    ),
    row(
        "generator.cpu_us_per_message",
        "wsbench CPU/msg",
        Unit::Micros,
        Less,
        Reader::Value(|record| generator_us(record).map(Reading::exact)),
    ),
    row(
        "server.bytes_per_connection",
        "memory/connection",
        Unit::Bytes,
        Less,
        Reader::Value(|record| {
            of_server(record, |server| {
                server.bytes_per_connection.filter(|slope| *slope > 0.0)
            })
        }),
    ),
    row(
        "server.pss_bytes",
        "memory at load",
        Unit::Bytes,
        Less,
        Reader::Value(|record| {
            of_server(record, |server| server.pss_bytes.map(|bytes| bytes as f64))
        }),
    ),
    row(
        "server.threads",
        "threads",
        Unit::Things,
        Less,
        Reader::Value(|record| of_server(record, |server| server.threads.map(f64::from))),
    ),
    row(
        "server.processes",
        "processes",
        Unit::Things,
        Less,
        Reader::Value(|record| of_server(record, |server| server.processes.map(f64::from))),
    ),
    row(
        "connections_per_s",
        "connections/s",
        Unit::Rate,
        More,
        Reader::Value(connections_per_s),
    ),
    row(
        "greatest_rate_per_s",
        "greatest rate/s",
        Unit::Rate,
        More,
        Reader::OfSearch,
    ),
    counted("errors", "errors", |record| {
        record.errors.iter().map(|error| error.count).sum()
    }),
    row(
        "errors.share",
        "share of errors",
        Unit::Share,
        Less,
        Reader::Value(|record| error_share(record).map(Reading::exact)),
    ),
    counted("unanswered", "unanswered", |record| {
        record.messages.unanswered()
    }),
    counted("timed_out", "timed out", |record| record.messages.timed_out),
    counted("lost", "lost", |record| record.messages.lost),
    counted("duplicated", "duplicated", |record| {
        record.messages.duplicated
    }),
    known("push.missing", "pushes missing", |record| {
        number(numbered(record)?.missing)
    }),
    known("push.duplicated", "pushes twice", |record| {
        number(numbered(record)?.duplicated)
    }),
    known("push.reordered", "pushes out of order", |record| {
        number(numbered(record)?.reordered)
    }),
    counted("closed_by_server", "closed by the server", |record| {
        record.closed_by_server()
    }),
    counted("reordered", "reordered", |record| record.messages.reordered),
    counted("corrupted", "corrupted", |record| record.messages.corrupted),
    counted("unasked", "unasked", |record| record.messages.unasked),
];

const fn row(
    key: &'static str,
    title: &'static str,
    unit: Unit,
    sense: Sense,
    read: Reader,
) -> Row {
    Row {
        key,
        aliases: &[],
        title,
        label: title,
        unit,
        sense,
        read,
        watch: None,
    }
}

/// The times of a series, which the table of series names.
const fn times(series: Series) -> Row {
    let info = series.info();
    row(
        info.name,
        info.title,
        Unit::Span,
        Less,
        Reader::Series(series),
    )
}

/// A number of things gone wrong.
const fn counted(key: &'static str, title: &'static str, read: fn(&Record) -> u64) -> Row {
    row(key, title, Unit::Count, Less, Reader::Count(read))
}

/// A number of events that not every run looks for: without it there is no figure, and no zero.
const fn known(
    key: &'static str,
    title: &'static str,
    read: fn(&Record) -> Option<Reading>,
) -> Row {
    row(key, title, Unit::Count, Less, Reader::Value(read))
}

fn number(events: u64) -> Option<Reading> {
    Some(Reading::exact(events as f64))
}

/// The pushes of a run that reads their numbers.
fn numbered(record: &Record) -> Option<PushCounts> {
    let pushes = record.plan.clients.exchange.flow.pushes()?;
    record.pushes.filter(|_| pushes.sequence.is_some())
}

fn messages_per_s(record: &Record) -> Option<Reading> {
    let sure = record.messages_per_s_confidence;
    Some(Reading {
        within: sure.map(|ends| Interval {
            low: ends.low,
            high: ends.high,
        }),
        ..Reading::exact(record.messages_per_s?)
    })
}

fn watched_rate(slices: &[WindowSlice]) -> Option<(f64, Interval)> {
    let found = confidence::rate(slices)?;
    Some((found.value, found.interval()))
}

fn of_server(record: &Record, read: fn(&Server) -> Option<f64>) -> Option<Reading> {
    record.server.as_ref().and_then(read).map(Reading::exact)
}

/// Connections opened, used once and closed, a second.
fn connections_per_s(record: &Record) -> Option<Reading> {
    let done = record.connections.clients_completed;
    let has_any = done > 0 && record.total_s > 0.0;
    has_any.then(|| Reading::exact(done as f64 / record.total_s))
}

/// CPU time of all generator threads by the answers received within the window, µs.
fn generator_us(record: &Record) -> Option<f64> {
    let threads = &record.generator.threads;
    let measured = threads.iter().filter(|thread| thread.wall_s > 0.0);
    // Spinning until a message is due is no cost of the message.
    let busy_s: f64 = measured
        .map(|thread| thread.cpu_share * thread.wall_s)
        .sum();
    let answers = record.messages.received_in_window;
    (busy_s > 0.0 && answers > 0).then(|| busy_s * 1e6 / answers as f64)
}
