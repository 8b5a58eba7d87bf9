//! Writes what is on record: as text, Markdown, CSV, HTML, percentile tables and the live screen.
//!
//! A page is a function of its document: nothing here measures, opens a socket, starts a thread or
//! reads a clock, so a stored result prints the same as a fresh one. Nothing is decided here; what
//! is said of a figure `judge` has said.
#![forbid(unsafe_code)]

mod agents;
pub mod brief;
pub mod build_check;
pub mod comparison;
mod conditions;
pub mod csv;
pub mod curve;
pub mod doctor;
pub mod foreign;
pub mod gate;
pub mod hgrm;
pub mod hlog;
pub mod html;
pub mod live;
mod mark;
pub mod markdown;
mod order;
mod page;
mod parts;
mod pings;
pub mod plan_line;
mod prose;
mod push_clock;
pub mod ranking;
pub mod repetition;
#[cfg(feature = "screen")]
pub mod screen;
pub mod search;
mod server_cost;
mod sparkline;
pub mod step_line;
pub mod style;
pub mod summary;
pub mod sweep;
mod table;
mod times;
mod xml;
