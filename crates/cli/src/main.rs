//! wsbench: a WebSocket benchmarker that is also a measuring instrument.
//!
//! This page is the table of contents: a command line becomes a request, the request is carried
//! out, and what came of it becomes an exit code.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod compress;
mod connect_args;
mod contender;
mod credentials;
mod embedded;
mod exit;
mod floor;
mod header;
mod histogram_args;
mod html_args;
mod http_args;
mod interrupt;
mod judge;
mod legacy;
mod load_args;
mod machine;
mod output;
mod plan;
mod preflight;
mod proxy;
mod quantity;
mod ranking;
mod raw_log;
mod redirects;
mod rendering;
mod repeat;
mod route;
mod run;
mod runner;
#[cfg(feature = "screen")]
mod screen;
mod server_process;
mod shell_words;
mod spelling;
mod suite;
mod target;
mod terminal;
mod tls;
mod usage;

use std::process::ExitCode;

fn main() -> ExitCode {
    let command_line: Vec<_> = std::env::args_os().collect();
    let ended = if legacy::is_legacy(&command_line) {
        legacy::run(&command_line)
    } else {
        commands::run(&command_line)
    };
    ended.unwrap_or_else(|error| exit::tell(&error)).into()
}
