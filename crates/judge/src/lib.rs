//! Judges what is on record: whether figures may be believed, what differs, who is ahead.
//!
//! Everything here is a function of records: the same record gets the same judgement, whenever it
//! was made, so an old one can be judged anew. Nothing here measures, opens a socket, starts a
//! thread or reads a clock.
#![forbid(unsafe_code)]

mod caveat;
pub mod comparison;
pub mod condition;
pub mod doctor;
pub mod expression;
pub mod figure;
pub mod limit;
pub mod objective;
pub mod outcome;
mod pooled;
pub mod ranking;
mod recurring;
pub mod repetition;
pub mod under_way;
pub mod until;

use wsbench_record::audit::Audit;
use wsbench_record::document::{Document, Record};
use wsbench_setting::Spelling;

pub use caveat::{is_server_gone, littles_share};

/// The audit of a record, by its figures alone: the same record gets the same audit whenever it is
/// judged. What it advises names settings in the words of `spelling`.
#[must_use]
pub fn audit(record: &Record, spelling: &dyn Spelling) -> Audit {
    Audit {
        limit: limit::limit(record, spelling),
        ..caveat::audit(record, spelling)
    }
}

/// The document of a record: the record with its audit, whose advice is in the words of `spelling`.
#[must_use]
pub fn judged(record: Record, spelling: &dyn Spelling) -> Document {
    Document {
        audit: audit(&record, spelling),
        record,
    }
}
