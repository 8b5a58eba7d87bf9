//! The audit: how far the figures of a run may be believed, and what to do where they may not.
//!
//! Each doubt is typed, said in numbers, and carries advice that fits the options in use. The
//! audit changes no figure; it judges a record and nothing else.

mod acks;
mod advice;
mod answers;
mod compression;
mod deliveries;
mod doubt;
mod exchange;
mod failures;
mod fleet;
mod instrument;
mod items;
mod machine;
mod pacing;
mod presence;
mod pressure;
mod pushes;
mod server;
mod share;
mod steadiness;
mod timing;
mod wait;

use wsbench_record::audit::{Audit, Verdict};
use wsbench_record::document::Record;
use wsbench_setting::Spelling;

pub use exchange::is_server_gone;
pub use instrument::is_rate_missed;
pub(crate) use instrument::{BUSY_SHARE, WAIT_DOUBTED, WAIT_NOTED};
pub(crate) use pacing::BLOCKED_DOUBTED;
pub use timing::littles_share;

/// The doubts of a record and the verdict on it, by its figures alone. What they advise names
/// settings in the words of `spelling`.
#[must_use]
pub(crate) fn audit(record: &Record, spelling: &dyn Spelling) -> Audit {
    let mut doubts = exchange::caveats(record);
    doubts.extend(deliveries::caveats(record));
    doubts.extend(acks::caveats(record));
    doubts.extend(items::caveats(record));
    doubts.extend(pushes::caveats(record));
    doubts.extend(fleet::caveats(record));
    doubts.extend(pacing::caveats(record));
    doubts.extend(instrument::caveats(record));
    doubts.extend(pressure::caveats(record));
    doubts.extend(timing::caveats(record));
    doubts.extend(server::caveats(record));
    doubts.extend(machine::caveats(record));
    doubts.extend(steadiness::caveats(record));
    doubts.extend(compression::caveats(record));
    // A stable sort: among equals the order of the checks stays, which puts causes first.
    doubts.sort_by_key(|doubt| std::cmp::Reverse(doubt.severity));
    let verdict = doubts
        .first()
        .map_or(Verdict::Ok, |gravest| gravest.severity.into());
    let caveats = doubts.into_iter().map(|doubt| doubt.spelled(spelling));
    Audit {
        verdict,
        limit: None,
        caveats: caveats.collect(),
    }
}
