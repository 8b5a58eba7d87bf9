//! The figures that servers are ranked by, of each kind of workload.
//!
//! Only what may be compared is ranked: latencies at one and the same rate, never those of a closed
//! loop, in which the faster server is given more load (METHOD 1); CPU a message likewise.

use wsbench_record::audit::Kind;
use wsbench_record::ranking::WorkloadKind;

use crate::figure::{Figure, Sense, Unit};

/// A value of a figure as tables of rankings have it.
#[must_use]
pub fn words(figure: Figure, value: f64) -> String {
    match figure.unit() {
        // Their columns set a number apart from a unit that is a word of its own.
        Unit::Micros => format!("{value:.2} µs"),
        unit => unit.written(value),
    }
}

/// The metrics that are shown of a workload of this kind, in order.
#[must_use]
pub fn shown(kind: WorkloadKind) -> &'static [Figure] {
    match kind {
        WorkloadKind::Closed => &[
            Figure::MESSAGES_PER_S,
            Figure::SERVICE_P50,
            Figure::SERVICE_P99,
            Figure::SERVER_US,
            Figure::BYTES_AT_LOAD,
            Figure::THREADS,
            Figure::PROCESSES,
        ],
        WorkloadKind::Open => &[
            Figure::RESPONSE_P50,
            Figure::RESPONSE_P99,
            Figure::RESPONSE_P99_9,
            Figure::SERVICE_P50,
            Figure::SERVICE_P99,
            Figure::MESSAGES_PER_S,
            Figure::SERVER_US,
            Figure::BYTES_AT_LOAD,
        ],
        WorkloadKind::Idle => &[
            Figure::BYTES_PER_CONNECTION,
            Figure::BYTES_AT_LOAD,
            Figure::THREADS,
            Figure::PROCESSES,
        ],
        WorkloadKind::Storm => &[Figure::CONNECTIONS_PER_S, Figure::SERVER_US],
        WorkloadKind::Limit => &[Figure::GREATEST_RATE_PER_S],
        WorkloadKind::Broadcast => &[
            Figure::LAST_P50,
            Figure::LAST_P99,
            Figure::DELIVERY_P50,
            Figure::DELIVERY_P99,
            Figure::DELIVERIES_PER_S,
            Figure::SERVER_US_PER_DELIVERY,
            Figure::BYTES_AT_LOAD,
            Figure::THREADS,
        ],
    }
}

/// Those of them by which servers are ranked.
#[must_use]
pub fn ranked(kind: WorkloadKind) -> &'static [Figure] {
    match kind {
        WorkloadKind::Closed => &[Figure::MESSAGES_PER_S],
        WorkloadKind::Open => &[
            Figure::RESPONSE_P50,
            Figure::RESPONSE_P99,
            Figure::SERVER_US,
        ],
        WorkloadKind::Idle => &[Figure::BYTES_PER_CONNECTION],
        WorkloadKind::Storm => &[Figure::CONNECTIONS_PER_S],
        WorkloadKind::Limit => &[Figure::GREATEST_RATE_PER_S],
        WorkloadKind::Broadcast => &[
            Figure::LAST_P50,
            Figure::LAST_P99,
            Figure::SERVER_US_PER_DELIVERY,
            Figure::BYTES_AT_LOAD,
        ],
    }
}

/// The caveats by which the generator, and not the server, set this figure: a generator without a
/// core to spare keeps rates down, and one that sends late is in the tail of the response times,
/// though not in their median.
#[must_use]
pub(super) fn limits_of_generator(figure: Figure) -> &'static [Kind] {
    let is_response = figure.point().map(Figure::response) == Some(figure);
    match figure.unit() {
        Unit::Span if is_response && figure != Figure::RESPONSE_P50 => &[
            Kind::GeneratorCpu,
            Kind::GeneratorStarved,
            Kind::Pace,
            Kind::ArrivalShape,
        ],
        Unit::Span | Unit::Rate => &[Kind::GeneratorCpu, Kind::GeneratorStarved],
        _ => &[],
    }
}

/// The mark before a figure that the generator set: the server's own may be better.
pub(super) fn bound_mark(figure: Figure) -> &'static str {
    match figure.sense() {
        Sense::More => "≥ ",
        Sense::Less => "≤ ",
    }
}
