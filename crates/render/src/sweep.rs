//! A sweep as text, as Markdown and as CSV.

mod csv;
mod markdown;
mod text;

pub use csv::render as csv;
pub use markdown::render as markdown;
pub use text::render as text;
pub(crate) use text::{knee, planned, remarks, table};
