//! What wsbench stores, with its schemas: the record of a run and the document that it is judged
//! to, and the documents of many runs.
//!
//! A [`document::Record`] is what a run measured, on what machine, by which plan; with its audit it
//! is a [`document::Document`]. A type with a schema is here; what decides is `judge`'s, what
//! returns text for people is `render`'s. Nothing here measures, opens a socket, starts a thread or
//! reads a clock, so a stored result is the same as a fresh one.
#![forbid(unsafe_code)]

pub mod audit;
pub mod comparison;
pub mod condition;
pub mod doctor;
pub mod document;
pub mod gate;
pub mod objective;
pub mod provenance;
pub mod ranking;
pub mod repetition;
pub mod search;
pub mod storage;
pub mod stored;
pub mod sweep;
pub mod units;
pub mod until;
