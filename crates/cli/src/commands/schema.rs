//! `wsbench schema`: the JSON Schema of the result document, generated from the types that write it.

use wsbench_report::document;

use crate::exit::Exit;
use crate::output;

/// Prints the schema.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run() -> anyhow::Result<Exit> {
    output::print(&format!("{:#}\n", document::schema()))?;
    Ok(Exit::Ok)
}
