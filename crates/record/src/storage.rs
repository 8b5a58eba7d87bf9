//! The document as text: JSON out, JSON in, and the schema that says what it holds.
//!
//! Files are the binary's affair; this is text alone.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is not a result document that can be read.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// The text is not JSON: the file is cut off or something else. Look at the place named.
    #[error("not JSON, at line {line} column {column}: {reason}")]
    NotJson {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, from 1.
        column: usize,
        /// Description of what was wrong there.
        reason: String,
    },
    /// The text is JSON and says of itself that it is something else, or does not say: give a file
    /// that was written by `--format json`.
    #[error("not a {expected}: its `schema` is {}", found.as_deref().unwrap_or("missing"))]
    NotAResult {
        /// Schema that was expected, such as `wsbench result`.
        expected: String,
        /// The schema that it names.
        found: Option<String>,
    },
    /// The document is of a version of the schema that this program does not know: read it with a
    /// newer wsbench.
    #[error("the result is of schema {found}, this version reads {expected}: use a newer wsbench")]
    OtherVersion {
        /// The schema that this version reads.
        expected: &'static str,
        /// The schema that it names.
        found: String,
    },
    /// The document names the right schema and does not follow it: a field is missing or has
    /// another type. Look at the place named.
    #[error("not a whole result, at line {line} column {column}: {reason}")]
    Malformed {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, from 1.
        column: usize,
        /// Description of what was wrong there.
        reason: String,
    },
}

/// The part of a document that says what it is.
#[derive(Deserialize)]
struct SchemaClaim {
    #[serde(default)]
    schema: Option<serde_json::Value>,
}

/// Reads a document of this schema and version.
///
/// # Errors
///
/// When the text is not JSON, is of another schema or version, or is not whole.
pub(crate) fn read_as<T: DeserializeOwned>(
    text: &str,
    expected: &'static str,
) -> Result<T, DocumentError> {
    let found = named(text, expected)?;
    if found != expected {
        let name = |schema: &str| schema.rsplit_once('/').map(|(name, _)| name.to_owned());
        return Err(if name(&found) == name(expected) {
            DocumentError::OtherVersion { expected, found }
        } else {
            not_a(expected, Some(found))
        });
    }
    serde_json::from_str(text).map_err(|error| DocumentError::Malformed {
        line: error.line(),
        column: error.column(),
        reason: reason_of(&error),
    })
}

/// The schema that a document names, where one of `expected` is wanted.
pub(crate) fn named(text: &str, expected: &str) -> Result<String, DocumentError> {
    let claim: SchemaClaim =
        serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => not_a(expected, None),
            _ => DocumentError::NotJson {
                line: error.line(),
                column: error.column(),
                reason: reason_of(&error),
            },
        })?;
    match claim.schema {
        Some(serde_json::Value::String(name)) => Ok(name),
        other => Err(not_a(expected, other.map(|value| value.to_string()))),
    }
}

/// The error for a document of another schema than `expected`: `wsbench.result/1` is a
/// `wsbench result`.
fn not_a(expected: &str, found: Option<String>) -> DocumentError {
    let name = expected.rsplit_once('/').map_or(expected, |(name, _)| name);
    DocumentError::NotAResult {
        expected: name.replace('.', " "),
        found,
    }
}

/// Description of what was wrong, without the place, which the error names itself.
fn reason_of(error: &serde_json::Error) -> String {
    let words = error.to_string();
    match words.rfind(" at line ") {
        Some(place) => words[..place].to_owned(),
        None => words,
    }
}

/// Writes a document of any schema as indented JSON with a line end.
#[must_use]
pub(crate) fn to_text(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document)
        .expect("every map key is a string or a number, which JSON can write");
    text.push('\n');
    text
}
