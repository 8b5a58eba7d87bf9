//! A ranking as text, as Markdown and as CSV.

mod csv;
mod markdown;
mod text;
pub(crate) mod words;

pub use csv::render as csv;
pub use markdown::render as markdown;
pub use text::render as text;
