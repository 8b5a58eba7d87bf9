//! What a stored file may hold: one run, several, or a comparison. The schema that it names says
//! which.

use crate::comparison::{self, Comparison};
use crate::document::{self, Document, schema_of};
use crate::repetition::{self, Repetition};
use crate::storage::DocumentError;

/// The content of a stored file.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// One run.
    Run(Box<Document>),
    /// Several runs of one plan.
    Repetition(Repetition),
    /// Two sides against each other.
    Comparison(Comparison),
}

/// Reads whatever wsbench has written.
///
/// # Errors
/// When the text is not JSON, is nothing of wsbench, is of another version, or is not whole.
pub fn read(text: &str) -> Result<Stored, DocumentError> {
    let schema = schema_of(text)?;
    let kind = schema.split('/').next().unwrap_or_default();
    let of = |known: &'static str| known.split('/').next().unwrap_or_default();
    if kind == of(repetition::SCHEMA) {
        repetition::read(text).map(Stored::Repetition)
    } else if kind == of(comparison::SCHEMA) {
        comparison::read(text).map(Stored::Comparison)
    } else {
        document::read(text).map(|run| Stored::Run(Box::new(run)))
    }
}
