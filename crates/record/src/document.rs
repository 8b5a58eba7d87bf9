//! The result document: the one value that is stored, read again and rendered.
//!
//! A run is put on record once ([`Record::of`]); with its audit it is a [`Document`], which is all
//! that any renderer sees. It measures nothing and keeps no handle on the run. Names carry their
//! units; what was not measured is absent, never zero.

mod absence;
mod arrival_shape;
mod batches;
mod build;
mod calendar;
mod compression;
pub mod confidence;
mod distribution;
mod figures;
mod fleet;
mod host;
mod interval;
mod known;
mod members;
mod percentile;
mod push_clock;
mod record;
mod server;
mod slice;
mod times;
mod whole;

pub use absence::ServerGone;
pub use arrival_shape::ArrivalShape;
pub use batches::Batches;
pub use build::RunContext;
pub use calendar::rfc3339;
pub use compression::{Compressed, Compression};
pub use confidence::{Confidence, Confidences, RateConfidence};
pub use distribution::{Distribution, unpacked};
pub use figures::{
    CardUse, Ended, Failure, Floor, Gap, Generator, Handshake, Pings, Pressure, Stamps, Thread,
    Turns,
};
pub use fleet::{Agent, AgentClock, Between, Fleet, Withheld};
pub use host::{Host, Interface};
pub use interval::{Interval, IntervalSpans};
pub use known::Known;
pub use percentile::{Percentile, Support};
pub use push_clock::{ClockOffset, PushClock};
pub use record::{Record, SCHEMA};
pub use server::{CountedProcesses, Server};
pub use slice::Slice;
pub use times::Distributions;
pub use whole::Document;

use crate::storage::{DocumentError, named, read_as, to_text};

/// Milliseconds since the Unix epoch of a moment as documents write it; `None` of anything else.
#[must_use]
pub fn unix_ms(rfc3339: &str) -> Option<u64> {
    calendar::unix_ms(rfc3339)
}

/// Reads a document.
///
/// # Errors
///
/// When the text is not JSON, is no result of wsbench, is of another version, or is not whole.
pub fn read(text: &str) -> Result<Document, DocumentError> {
    read_as(text, SCHEMA)
}

/// The schema that a document names, such as `wsbench.result/1`, whatever it is.
///
/// # Errors
///
/// When the text is not JSON, or does not say what it is.
pub fn schema_of(text: &str) -> Result<String, DocumentError> {
    named(text, SCHEMA)
}

/// Writes a document as indented JSON with a line end.
#[must_use]
pub fn write(document: &Document) -> String {
    to_text(document)
}

/// The JSON Schema of the document, to be published beside the program.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).into()
}
