//! wsbench: a WebSocket benchmarker that is also a measuring instrument.
//!
//! This page is the table of contents: a command line becomes a request, the request is carried
//! out, and what came of it becomes an exit code.
#![forbid(unsafe_code)]

mod advice;
mod args;
mod build_args;
mod command_line;
mod commands;
mod compress;
mod connect_args;
mod contender;
mod credentials;
mod environment;
mod exit;
#[cfg(feature = "fleet")]
mod fleet;
mod fleet_args;
mod habits;
mod held;
mod helpers;
mod histogram_args;
mod html_args;
mod http_args;
mod interrupt;
mod judge;
mod legacy;
mod live_args;
mod load_args;
mod measuring;
mod mix_args;
mod output;
mod output_args;
mod plan;
mod progress;
#[cfg(test)]
mod promises;
mod proxy;
mod push_args;
mod rendering;
mod repeat;
mod return_args;
mod route;
mod run;
#[cfg(feature = "screen")]
mod screen;
mod session_args;
mod shares;
mod shell_words;
mod spelling;
mod state;
mod surroundings;
mod terminal;
mod tls;
mod usage;
mod verify_arg;
mod width;
mod words;
mod workload_args;

use std::process::ExitCode;

fn main() -> ExitCode {
    let command_line: Vec<_> = std::env::args_os().collect();
    exit::keep_secrets_of(&[&command_line[..], &environment::as_flags()].concat());
    let ended = if legacy::is_legacy(&command_line) {
        legacy::run(&command_line)
    } else {
        command_line::run(&command_line)
    };
    ended.unwrap_or_else(|error| exit::tell(&error)).into()
}
