//! The audit of a run that is under way: the same rules as at its end, of the record so far.
//!
//! A rule that needs the whole run, such as one about its length, is asked at the end alone.

use wsbench_record::audit::{Kind, Verdict};
use wsbench_record::document::{Document, Ended, Record, Thread};
use wsbench_setting::Spelling;

/// What is known of a run under way beside its record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunStanding {
    /// Connections open now.
    pub alive: u64,
    /// Share of a core that each thread of the generator used in the newest interval, and share of
    /// the time in which it waited for one.
    pub threads: Vec<(f64, f64)>,
    /// True where no connection has had to be open yet.
    pub is_opening: bool,
}

/// Rules that are about a whole run.
const AT_THE_END: [Kind; 12] = [
    Kind::Conservation,
    Kind::LittlesLaw,
    Kind::ShortRun,
    Kind::Samples,
    Kind::Independence,
    Kind::NotSteady,
    Kind::Trend,
    Kind::WarmUp,
    Kind::Until,
    Kind::Interrupted,
    Kind::LoopTurns,
    Kind::ArrivalShape,
];

/// The document of a run as far as it has come, judged by the rules that can be asked before its
/// end. What they advise names settings in the words of `spelling`.
#[must_use]
pub fn so_far(record: Record, standing: &RunStanding, spelling: &dyn Spelling) -> Document {
    let mut document = crate::judged(completed(record, standing), spelling);
    let audit = &mut document.audit;
    audit
        .caveats
        .retain(|caveat| !AT_THE_END.contains(&caveat.kind));
    if standing.is_opening {
        audit.caveats.clear();
    }
    audit.verdict = audit
        .caveats
        .first()
        .map_or(Verdict::Ok, |gravest| gravest.severity.into());
    document
}

/// The record as it would be if the run ended now: what is out is not counted as sent.
fn completed(mut record: Record, standing: &RunStanding) -> Record {
    let messages = &mut record.messages;
    let out = u128::from(messages.sent).saturating_sub(messages.accounted());
    messages.sent -= u64::try_from(out).unwrap_or(messages.sent);
    let connections = &mut record.connections;
    connections.alive_at_end = standing.alive;
    connections.asked = connections
        .asked
        .max(record.plan.clients.connections.into());
    // Until its first answer is due nobody is silent.
    connections.never_answered = 0;
    let is_held = record.plan.clients.round_trips().is_none();
    record.ended = match (standing.alive, connections.upgraded) {
        (0, 0) if !record.errors.is_empty() => Ended::NothingConnected,
        (0, 1..) if is_held && crate::is_server_gone(&record) => Ended::ServerDied,
        _ => Ended::Complete,
    };
    let window = record.duration_s.max(f64::MIN_POSITIVE);
    let threads = standing.threads.iter().map(|(cpu_share, waited)| Thread {
        cpu_share: *cpu_share,
        wall_s: window,
        run_wait_s: Some(waited * window),
        ..Thread::default()
    });
    record.generator.threads = threads.collect();
    record
}
