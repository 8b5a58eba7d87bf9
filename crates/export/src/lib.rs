//! The figures of runs, handed out while they are under way: as lines of JSON, to Prometheus, which
//! asks, is written to, or is told through its push gateway, and to a collector of OpenTelemetry.
//!
//! One [`Exporter`] is an observer of runs, so it hears of every run of every command. At the end of
//! each interval it takes a [`Snapshot`](snapshot::Snapshot) and puts it into the bounded queues of
//! its destinations, each of which has a thread of its own. It never waits for one: what a full
//! queue does not take is counted, and [`Exports::finish`] says so.
//!
//! Handed out is the table of [`metric`], which is made from the declared series and
//! counters of the books; nothing is named here a second time.
#![forbid(unsafe_code)]

mod exporter;
pub mod metric;
pub mod otlp;
mod post;
pub mod prometheus;
pub mod remote_write;
mod scrape;
mod sink;
pub mod snapshot;
pub mod stream;

pub use exporter::{Destinations, ExportError, Exporter, Exports};
