//! wsbench: a WebSocket benchmarker that is also a measuring instrument.
//!
//! This page is the table of contents: a command line becomes a request, the request is carried
//! out, and what came of it becomes an exit code.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod embedded;
mod exit;
mod header;
mod legacy;
mod output;
mod plan;
mod plan_line;
mod quantity;
mod target;
mod usage;

fn main() {}
