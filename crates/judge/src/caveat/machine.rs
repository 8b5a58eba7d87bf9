//! The machine's settings, by the rules of `wsbench doctor` that need no measuring: what of them
//! may have spoilt this run. None of them changes the verdict; what they did to the figures is
//! seen by other checks, or not at all.

use wsbench_record::audit::{Kind, Severity};
use wsbench_record::doctor::{Asked, Level, Subject};
use wsbench_record::document::Record;

use crate::doctor;

use super::doubt::Doubt;

/// Every doubt about the machine.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let connections = record.plan.clients.connections;
    let asked = Asked {
        connections,
        descriptors: 0, // there were enough, or the run would have been refused
        opened: record.plan.connections_in_all(),
        on_this_machine: record.is_server_here(),
        over_unix_socket: record.plan.connect.route.unix_socket.is_some(),
        source_addresses: record.plan.connect.route.sources.count(),
    };
    doctor::findings(&record.host, &asked)
        .into_iter()
        .filter(|found| found.level >= Level::Warning && bears_on_a_run(found.subject))
        .map(|found| {
            let message = format!("{}: {}", found.seen, found.rule);
            Doubt::new(Kind::Machine, Severity::Note, message, found.fix)
        })
        .collect()
}

/// Settings that nothing else in the audit sees; cores, load and time stolen are measured in every
/// run by what they do to the generator.
fn bears_on_a_run(subject: Subject) -> bool {
    matches!(
        subject,
        Subject::Ports
            | Subject::TimeWait
            | Subject::Backlog
            | Subject::Conntrack
            | Subject::Memory
            | Subject::ClockSource
            | Subject::Governor
            | Subject::Quota
    )
}
