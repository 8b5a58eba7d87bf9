//! The audit: how far the figures of a run may be believed, and what to do where they may not.
//!
//! Each doubt is typed, said in numbers, and carries advice that fits the options in use. The
//! audit changes no figure; it judges a record and nothing else.

mod advice;
mod compression;
mod exchange;
mod instrument;
mod machine;
mod pacing;
mod pressure;
mod server;
mod steadiness;
mod timing;
mod wait;

use wsbench_record::audit::{Audit, Verdict};
use wsbench_record::document::Record;

/// The audit of a record, by its figures alone: the same record gets the same audit whenever it is
/// judged.
#[must_use]
pub fn audit(record: &Record) -> Audit {
    let mut caveats = exchange::caveats(record);
    caveats.extend(pacing::caveats(record));
    caveats.extend(instrument::caveats(record));
    caveats.extend(pressure::caveats(record));
    caveats.extend(timing::caveats(record));
    caveats.extend(server::caveats(record));
    caveats.extend(machine::caveats(record));
    caveats.extend(steadiness::caveats(record));
    caveats.extend(compression::caveats(record));
    // A stable sort: among equals the order of the checks stays, which puts causes first.
    caveats.sort_by_key(|caveat| std::cmp::Reverse(caveat.severity));
    let verdict = caveats
        .first()
        .map_or(Verdict::Ok, |gravest| gravest.severity.into());
    Audit { verdict, caveats }
}
