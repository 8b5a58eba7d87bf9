//! What of this machine would spoil a run, by rules that can be read, each with the exact fix.
//!
//! It judges facts that others have read and measured: the settings of the generator's machine,
//! what is known of the server's side, and what clocks, copies and timers were measured to cost.
//! The same rules, where they need no measuring, stand behind the audit's notes on the machine.

mod hardware;
mod measured;
mod server;
mod settings;

use wsbench_record::doctor::{Asked, Check, Examination, Measured, SCHEMA, ServerSide};
use wsbench_record::document::Host;

/// Holds the settings of a machine against the rules, for the run that is asked for. Nothing needs
/// to be measured for it. What the machine does not say is not checked.
#[must_use]
pub fn settings(host: &Host, asked: &Asked) -> Vec<Check> {
    settings::checks(host, asked)
}

/// Holds all that is known against the rules, the gravest finding first.
#[must_use]
pub fn examine(
    host: Host,
    asked: Asked,
    server: Option<ServerSide>,
    measured: Option<Measured>,
) -> Examination {
    let mut checks = settings(&host, &asked);
    if let Some(measured) = &measured {
        checks.extend(measured::checks(measured));
    }
    if let Some(server) = &server {
        checks.extend(server::checks(server, &host, &asked));
    }
    // A stable sort: within a level the order is that of the rules.
    checks.sort_by_key(|check| std::cmp::Reverse(check.level));
    Examination {
        schema: SCHEMA.to_owned(),
        tool_version: String::new(),
        asked,
        host,
        server,
        measured,
        checks,
    }
}
