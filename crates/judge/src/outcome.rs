//! What a run amounts to for whoever started it: the decision behind the exit code.

use wsbench_load::plan::Flow;
use wsbench_record::audit::Verdict;
use wsbench_record::document::{Document, Ended, Record};
use wsbench_record::gate::Stamp;

/// The outcome of a run, from which the exit code follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// There are figures to read (exit code 0).
    Ok,
    /// The run failed (exit code 1).
    Failed(FailureReason),
    /// There are figures, of a server that the conformance gate did not let pass (exit code 4).
    NonConforming,
    /// There are figures, and `--strict` does not accept them (exit code 3).
    AuditFailed,
}

/// Why a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailureReason {
    /// No connection was ever upgraded: look at the first error, then at the server's address.
    #[error("nothing connected")]
    NothingConnected,
    /// Connections were upgraded and no message was ever answered rightly.
    #[error("nothing was answered")]
    NothingAnswered,
    /// The server was there and stayed away; what was measured until then is in the document.
    #[error("the server died")]
    ServerDied,
    /// The audit found the figures invalid; its caveats say why.
    #[error("the audit found the figures invalid")]
    Invalid,
    /// It was interrupted before anything was measured.
    #[error("interrupted before the measurement began")]
    Interrupted,
}

/// The outcome of the run. Under `strict` whatever the audit doubts is an outcome of its own.
#[must_use]
pub fn outcome(document: &Document, strict: bool) -> RunStatus {
    let reason = match document.ended {
        Ended::NothingConnected => Some(FailureReason::NothingConnected),
        _ if document.connections.upgraded == 0 => Some(FailureReason::NothingConnected),
        // Nothing was asked of the server before the interruption; it is not to blame.
        Ended::Interrupted if document.messages.sent == 0 && !has_results(document) => {
            Some(FailureReason::Interrupted)
        }
        // Of a server that never answered nobody knows whether it died.
        _ if !has_results(document) => Some(FailureReason::NothingAnswered),
        Ended::ServerDied => Some(FailureReason::ServerDied),
        _ => None,
    };
    if let Some(reason) = reason {
        return RunStatus::Failed(reason);
    }
    let passes = |stamp: &Stamp| stamp.counts.pass();
    if document
        .conformance
        .as_ref()
        .is_some_and(|stamp| !passes(stamp))
    {
        return RunStatus::NonConforming;
    }
    match (document.audit.verdict, strict) {
        (Verdict::Ok, _) | (Verdict::Doubtful, false) => RunStatus::Ok,
        (Verdict::Invalid, false) => RunStatus::Failed(FailureReason::Invalid),
        (Verdict::Doubtful | Verdict::Invalid, true) => RunStatus::AuditFailed,
    }
}

/// True where what the load is about took place at least once: a message was answered, came by itself,
/// was sent where nobody answers, or a connection was open that was only to be held.
#[must_use]
pub fn has_results(record: &Record) -> bool {
    match &record.plan.clients.exchange.flow {
        Flow::Answered => record.messages.answered > 0,
        Flow::Oneway => record.messages.sent > 0,
        Flow::Push(_) => record.pushes.is_some_and(|counts| counts.received > 0),
        Flow::Idle | Flow::Storm => record.connections.upgraded > 0,
    }
}

/// The outcome of several runs: that of the worst.
#[must_use]
pub fn worst(runs: &[Document], strict: bool) -> RunStatus {
    let outcomes = runs.iter().map(|run| outcome(run, strict));
    let weight = |outcome: &RunStatus| match outcome {
        RunStatus::Ok => 0,
        RunStatus::AuditFailed => 1,
        RunStatus::NonConforming => 2,
        RunStatus::Failed(_) => 3,
    };
    outcomes.max_by_key(weight).unwrap_or(RunStatus::Ok)
}
