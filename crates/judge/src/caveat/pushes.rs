//! Checks of messages that the server sends by itself: is each there once, in its order, and can its age
//! be believed.

use wsbench_load::series::Series;
use wsbench_load::tally::PushCounts;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Percentile, Record};
use wsbench_record::units::{count, counted, percent, span};
use wsbench_setting::{Field, Text, text};

use super::doubt::Doubt;

/// Share of the messages that came in one read with others from which that is worth a note.
const SHARED: f64 = 0.1;
/// An offset of the clocks that is known to no more than this share of the median age is coarse.
const COARSE: f64 = 0.5;

/// Every doubt about pushes; none where they are not the load.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let Some(counts) = &record.pushes else {
        return Vec::new();
    };
    let found = [
        nothing(record, counts),
        missing(record, counts),
        repeated(record, counts),
        reordered(record, counts),
        unread(counts),
        clocks(counts),
        offset(record, counts),
        shared(counts),
    ];
    found.into_iter().flatten().collect()
}

fn nothing(record: &Record, counts: &PushCounts) -> Option<Doubt> {
    let was_there = record.connections.upgraded > 0;
    (counts.received == 0 && was_there).then(|| {
        let words = "the server sent nothing by itself";
        let advice = "does it wait for a message first, by which a client subscribes?";
        Doubt::new(Kind::NothingAnswered, Severity::Invalid, words, advice)
    })
}

/// What a promise makes of a fault: as expected, or a reason why the figures are not to be had.
fn promised(is_meant: bool, words: &str, promise: &'static str) -> (Severity, Text) {
    if is_meant {
        return (Severity::Note, Text::from("as expected"));
    }
    let words = format!("{words}; ");
    let advice = text![words, Field::Promise.with(promise), " where that is meant"];
    (Severity::Invalid, advice)
}

fn missing(record: &Record, counts: &PushCounts) -> Option<Doubt> {
    let may_lose = record.plan.expect.promise.may_lose();
    let (severity, advice) = promised(may_lose, "the server leaves messages out", "at-most-once");
    (counts.missing > 0).then(|| {
        let words = format!(
            "{} never came, by their numbers",
            counted(counts.missing, "message")
        );
        Doubt::new(Kind::Missing, severity, words, advice)
    })
}

fn repeated(record: &Record, counts: &PushCounts) -> Option<Doubt> {
    let may_repeat = record.plan.expect.promise.may_repeat();
    let (severity, advice) = promised(may_repeat, "the server repeats itself", "at-least-once");
    (counts.duplicated > 0).then(|| {
        let words = format!(
            "{} came once more, by their numbers",
            counted(counts.duplicated, "message")
        );
        Doubt::new(Kind::Duplicated, severity, words, advice)
    })
}

fn reordered(record: &Record, counts: &PushCounts) -> Option<Doubt> {
    let (severity, advice) = if record.plan.expect.unordered {
        (Severity::Note, Text::from("as expected"))
    } else {
        let advice = text![
            "the server does not keep its order; ",
            Field::Unordered,
            " where that is meant",
        ];
        (Severity::Doubtful, advice)
    };
    (counts.reordered > 0).then(|| {
        let words = format!(
            "{} behind one with a higher number",
            counted(counts.reordered, "message")
        );
        Doubt::new(Kind::Reordered, severity, words, advice)
    })
}

/// Messages in which the place that was to be read held nothing.
fn unread(counts: &PushCounts) -> Option<Doubt> {
    let unread = counts.unnumbered.max(counts.unstamped);
    (unread > 0).then(|| {
        let all = unread == counts.received;
        let words = format!(
            "{} of {} had no number or no instant where one was looked for",
            count(unread),
            counted(counts.received, "message")
        );
        let severity = if all {
            Severity::Invalid
        } else {
            Severity::Note
        };
        let advice = "is the place right? What has none is in no age, and its order is not known";
        Doubt::new(Kind::Unasked, severity, words, advice)
    })
}

/// Ages that cannot be: the clocks differ.
fn clocks(counts: &PushCounts) -> Option<Doubt> {
    let stamped = counts.received - counts.unstamped.min(counts.received);
    (counts.from_the_future > 0).then(|| {
        let words = format!(
            "{} of {} came before the instant that they carry: the two clocks differ, and all ages are \
             wrong by as much",
            count(counts.from_the_future),
            counted(stamped, "message")
        );
        let advice = "a server on this machine, or clocks that are kept together (PTP), tell ages";
        Doubt::new(Kind::Clocks, Severity::Doubtful, words, advice)
    })
}

/// The ground that the ages rest on: two clocks that are one, or what is known of their offset.
fn offset(record: &Record, counts: &PushCounts) -> Option<Doubt> {
    let flow = &record.plan.clients.exchange.flow;
    let pushes = flow.pushes().filter(|it| it.stamp.is_some())?;
    if counts.received == 0 {
        return None;
    }
    if pushes.clock.is_none() {
        let words = "ages rest on the server's clock and ours being one";
        let advice = text![Field::Clock, " finds the offset between the two"];
        return (!record.is_server_here())
            .then(|| Doubt::new(Kind::Clocks, Severity::Note, words, advice));
    }
    let Some(clock) = &record.push_clock else {
        let words = "the server did not tell its time, so no age is known";
        let advice = text![
            "is it asked as it wants to be, and the place right (",
            Field::Clock,
            ")?"
        ];
        return Some(Doubt::new(Kind::Clocks, Severity::Doubtful, words, advice));
    };
    let within = clock.before.within_ns as f64;
    let mut words = format!(
        "the server's clock was {} {} ours, known to ±{}; ages are less that",
        span(clock.before.ahead_ns.unsigned_abs() as f64),
        if clock.before.ahead_ns < 0 {
            "behind"
        } else {
            "ahead of"
        },
        span(within)
    );
    let drift = clock.drift_ns().map_or(0, i64::unsigned_abs) as f64;
    let known = clock.after.map_or(0.0, |after| after.within_ns as f64) + within;
    let has_drifted = drift > known;
    if has_drifted {
        words.push_str(&format!("; it drifted by {} until the end", span(drift)));
    }
    let age = record.at(Series::PushAge).at(Percentile::P50).unwrap_or(0) as f64;
    let is_coarse = within.max(if has_drifted { drift } else { 0.0 }) > COARSE * age;
    let (severity, advice) = match is_coarse {
        true => (
            Severity::Doubtful,
            "the ages are hardly more than what is known of the clocks",
        ),
        false => (
            Severity::Note,
            "half of the way that answers can hide it in",
        ),
    };
    Some(Doubt::new(Kind::Clocks, severity, words, advice))
}

fn shared(counts: &PushCounts) -> Option<Doubt> {
    let share = counts.in_shared_reads as f64 / counts.received.max(1) as f64;
    (share > SHARED).then(|| {
        let words = format!(
            "{} of the messages came in one read with later ones, by whose stamp they are told",
            percent(share)
        );
        let advice = "the gaps between those are not known";
        Doubt::new(Kind::ReadingOrder, Severity::Note, words, advice)
    })
}
