//! Documents: what a result holds, and how it is stored.
//!
//! A [`Document`] is a [`Record`], what was measured, with an [`Audit`], how far it may be believed.
//! [`write()`] gives the text that `wsbench --output` writes and `wsbench report` reads, and
//! [`read()`] reads it again, those of earlier versions as well.

pub use wsbench_load::series::Series;
pub use wsbench_load::tally::{BlockedCounts, ByteCounts, ConnectionCounts, MessageCounts};
pub use wsbench_record::audit::{Audit, Caveat, Kind, Severity, Verdict};
pub use wsbench_record::document::{
    Confidence, Distribution, Distributions, Document, Ended, Failure, Floor, Generator, Handshake,
    Host, Interval, Percentile, Pings, Pressure, Record, Server, Slice, Stamps, Support, read,
    write,
};
pub use wsbench_record::gate::Stamp;
pub use wsbench_record::storage::DocumentError;
