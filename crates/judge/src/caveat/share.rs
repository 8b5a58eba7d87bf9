//! The share of a run that failed, against what is tolerated: how much may fail before the figures
//! are of something else than the plan.

use wsbench_record::document::Record;
use wsbench_record::units::{count, counted, share};

/// True where `number` of `all` is more than what the plan tolerates.
pub(super) fn is_too_much(record: &Record, number: u64, all: u64) -> bool {
    number as f64 > record.plan.expect.tolerated_failures() * all as f64
}

/// Messages that failed, without those that were out on connections that the drill has cut: they are no
/// failure of the server's.
pub(super) fn failed(record: &Record) -> u64 {
    record.messages.failed.saturating_sub(record.cut_messages())
}

/// True where a message may lack receivers when its time is over: the server promises no more, and
/// what is missing is told with the deliveries.
pub(super) fn may_lack_receivers(record: &Record) -> bool {
    record.deliveries.is_some() && record.plan.expect.promise.may_lose()
}

/// Messages whose time was over before they had all of their answers, as far as that is a failure.
pub(super) fn timed_out(record: &Record) -> u64 {
    match may_lack_receivers(record) {
        true => 0,
        false => record.messages.timed_out,
    }
}

/// Messages that had no right answer since their connection ended or their time was over, in words,
/// where they are more than what is tolerated.
pub(super) fn messages(record: &Record) -> Option<String> {
    let messages = &record.messages;
    let missed = failed(record).saturating_add(timed_out(record));
    // That nothing was answered at all is said by itself.
    let is_so = messages.answered > 0 && is_too_much(record, missed, messages.sent);
    is_so.then(|| {
        format!(
            "{} of {} failed or timed out, {}, and {} are tolerated",
            count(missed),
            counted(messages.sent, "message"),
            share(missed as f64 / messages.sent.max(1) as f64),
            share(record.plan.expect.tolerated_failures()),
        )
    })
}

/// Connections that were to be held and ended before their time, in words, where they are more than
/// what is tolerated of the messages on them.
pub(super) fn connections(record: &Record) -> Option<String> {
    let (messages, connections) = (&record.messages, &record.connections);
    let never_opened = connections.attempted.saturating_sub(connections.upgraded);
    // What a server does with slow readers is what is to be seen.
    let slow = record.slow.map_or(0, |counts| counts.lost);
    let lost = connections.failed.saturating_sub(never_opened);
    let lost = lost.saturating_sub(slow);
    // Messages are counted in the window, connections over the whole run.
    let warmup_s = record.plan.warmup.least.as_secs_f64();
    let measured = record.duration_s / (record.duration_s + warmup_s).max(f64::MIN_POSITIVE);
    let in_window = (lost as f64 * measured).ceil() as u64;
    let is_so = messages.answered > 0 && is_too_much(record, in_window, messages.sent);
    is_so.then(|| {
        let each = messages.sent as f64 / in_window.max(1) as f64;
        let beside = match each {
            // One in a message, or in none, says nothing to anybody.
            ..=1.0 => "as many as messages were sent or more".to_owned(),
            ..1.5 => "nearly as many as messages were sent".to_owned(),
            _ => format!("one in {each:.0} messages"),
        };
        format!(
            "{} ended before their time though they were to be held, {beside}",
            counted(lost, "connection"),
        )
    })
}
