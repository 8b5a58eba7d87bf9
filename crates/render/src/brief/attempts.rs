//! Attempts to open a connection, and connections, by how they ended.

use wsbench_load::failure::FailureKind;
use wsbench_load::tally::Phase;
use wsbench_record::document::{Document, Failure};

/// Attempts that were refused.
pub(super) fn refused(document: &Document) -> u64 {
    failed(document, FailureKind::Refused)
}

/// Attempts that timed out.
pub(super) fn timed_out(document: &Document) -> u64 {
    failed(document, FailureKind::TimedOut)
}

/// Attempts to open a connection that failed so.
fn failed(document: &Document, kind: FailureKind) -> u64 {
    let phases = [
        Phase::Connect,
        Phase::Proxy,
        Phase::Tls,
        Phase::Handshake,
        Phase::Login,
    ];
    let is_it = |error: &&Failure| {
        error.kind == kind.name() && phases.iter().any(|phase| error.phase == phase.name())
    };
    document
        .errors
        .iter()
        .filter(is_it)
        .map(|error| error.count)
        .sum()
}
