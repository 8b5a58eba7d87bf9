//! Results as HTML pages: one file each, that opens offline.
//!
//! A page is a function of its document. It measures nothing, loads nothing, and says the same
//! without scripts: tables are tables, and every plot is a picture in SVG, which the page's script
//! replaces by one that tells values under the pointer and zooms (uPlot, embedded). Words of a
//! document are escaped by [`markup`] and nowhere else.

mod comparison;
mod conditions;
mod experiment;
mod grid;
mod latency;
mod markup;
mod page;
mod plot;
mod ranges;
mod ranking;
mod repetition;
mod run;

pub use comparison::render as comparison;
pub use experiment::{search, sweep};
pub use ranking::render as ranking;
pub use repetition::render as repetition;
pub use run::{render as run, several as runs};

use wsbench_record::stored::Stored;
use wsbench_setting::Spelling;

/// The page of whatever is stored; several results stand on one page when all are single runs.
///
/// Of several files that are not, the first alone can be shown: `None`.
#[must_use]
pub fn stored(stored: &[Stored], spelling: &'static dyn Spelling) -> Option<String> {
    match stored {
        [Stored::Repetition(one)] => return Some(repetition(one, spelling)),
        [Stored::Comparison(one)] => return Some(comparison(one, spelling)),
        _ => {}
    }
    let documents: Option<Vec<_>> = stored
        .iter()
        .map(|one| match one {
            Stored::Run(document) => Some(document.as_ref()),
            Stored::Repetition(_) | Stored::Comparison(_) => None,
        })
        .collect();
    Some(runs(&documents?, spelling))
}
