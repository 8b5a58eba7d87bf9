//! Reads wsbench results, judges and writes them.
//!
//! Everything here starts from one value, [`document::Document`]: what a run measured, on what
//! machine, by which plan, and how far it may be believed. Nothing here measures, opens a socket,
//! starts a thread or reads a clock, so a stored result prints the same as a fresh one.
#![forbid(unsafe_code)]

pub mod caveat;
pub mod comparison;
pub mod condition;
pub mod csv;
pub mod curve;
pub mod doctor;
pub mod document;
pub mod figure;
pub mod gate;
pub mod hgrm;
pub mod hlog;
pub mod html;
pub mod live;
mod mark;
pub mod markdown;
pub mod objective;
mod page;
mod parts;
mod pings;
pub mod plan_line;
mod prose;
pub mod provenance;
pub mod ranking;
pub mod repetition;
#[cfg(feature = "screen")]
pub mod screen;
pub mod search;
mod server_cost;
mod sparkline;
pub mod stats;
pub mod step_line;
pub mod stored;
pub mod style;
pub mod summary;
pub mod sweep;
mod table;
pub mod units;
pub mod until;
