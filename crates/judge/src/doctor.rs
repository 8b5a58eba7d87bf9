//! What of this machine would spoil a run, by rules that can be read, each with the exact fix.
//!
//! It judges facts that others have read and measured: the settings of the generator's machine,
//! what is known of the server's side, and what clocks, copies and timers were measured to cost.
//! The same rules, where they need no measuring, stand behind the audit's notes on the machine.

mod finding;
mod hardware;
mod measured;
mod server;
mod settings;

use wsbench_record::doctor::{Asked, Check, Examination, Measured, SCHEMA, ServerSide};
use wsbench_record::document::Host;
use wsbench_setting::Spelling;

use finding::Finding;

/// Holds the settings of a machine against the rules, for the run that is asked for. Nothing needs
/// to be measured for it. What the machine does not say is not checked. Fixes name settings in the
/// words of `spelling`.
#[must_use]
pub fn settings(host: &Host, asked: &Asked, spelling: &dyn Spelling) -> Vec<Check> {
    spelled(findings(host, asked), spelling)
}

/// Findings of the rules that need no measuring.
pub(crate) fn findings(host: &Host, asked: &Asked) -> Vec<Finding> {
    settings::checks(host, asked)
}

fn spelled(findings: Vec<Finding>, spelling: &dyn Spelling) -> Vec<Check> {
    let checks = findings.into_iter();
    checks.map(|finding| finding.spelled(spelling)).collect()
}

/// Holds all that is known against the rules, the gravest finding first. Fixes name settings in the
/// words of `spelling`.
#[must_use]
pub fn examine(
    host: Host,
    asked: Asked,
    server: Option<ServerSide>,
    measured: Option<Measured>,
    spelling: &dyn Spelling,
) -> Examination {
    let mut findings = findings(&host, &asked);
    if let Some(measured) = &measured {
        findings.extend(measured::checks(measured));
    }
    if let Some(server) = &server {
        findings.extend(server::checks(server, &host, &asked));
    }
    // A stable sort: within a level the order is that of the rules.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Examination {
        schema: SCHEMA.to_owned(),
        tool_version: String::new(),
        asked,
        host,
        server,
        measured,
        checks: spelled(findings, spelling),
    }
}
