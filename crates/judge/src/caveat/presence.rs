//! Checks of who was there: connections that come by a schedule, storms, and clients that come back.

use wsbench_load::tally::{ReturnCounts, SessionCounts};
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::Record;
use wsbench_record::units::{count, counted};
use wsbench_setting::{Field, text};

use super::doubt::Doubt;

/// Clients that were lost and had not come back.
pub(super) fn away(counts: &ReturnCounts) -> Option<Doubt> {
    if let Some(breach) = ReturnCounts::FATES.breach(counts) {
        return Some(Doubt::unconserved(breach));
    }
    (counts.away > 0).then(|| {
        let words = format!(
            "{} of {} that were lost had not come back; attempts: {} refused, {} timed out",
            count(counts.away),
            counted(counts.lost, "client"),
            count(counts.refused),
            count(counts.timed_out)
        );
        let advice = text!["a longer ", Field::Duration, " sees more of them back"];
        Doubt::new(Kind::Connections, Severity::Doubtful, words, advice)
    })
}

/// Sessions that were not open in time, or had to wait for a place of ours.
pub(super) fn unopened(record: &Record) -> Option<Doubt> {
    let counts = record.sessions?;
    if let Some(breach) = SessionCounts::FATES.breach(&counts) {
        return Some(Doubt::unconserved(breach));
    }
    let missing = counts.turned_away + counts.under_way;
    if counts.crowded > 0 && missing == 0 {
        let is_churn = record.plan.clients.churn.is_some();
        let words = format!(
            "{} had to wait for a place: as many were there as may be at a time",
            counted(
                counts.crowded,
                if is_churn { "connection" } else { "session" }
            )
        );
        let advice = match is_churn {
            true => text!["shorter stays (", Field::ChurnStay, "), or fewer to come"],
            false => text!["more places (", Field::MaxSessions, "), or shorter stays"],
        };
        let kind = Kind::Connections;
        return Some(Doubt::new(kind, Severity::Doubtful, words, advice));
    }
    (missing > 0).then(|| {
        let mut words = format!(
            "{} of {} were not open: {} turned away, {} under way when the window closed",
            count(missing),
            counted(counts.due, "connection"),
            count(counts.turned_away),
            count(counts.under_way)
        );
        if counts.crowded > 0 {
            words.push_str(&format!("; {} waited for a place", count(counts.crowded)));
        }
        let is_few = counts.turned_away == 0;
        let severity = if is_few && record.plan.clients.comings().is_some() {
            Severity::Note
        } else {
            Severity::Doubtful
        };
        Doubt::new(Kind::Connections, severity, words, "see `errors` for why")
    })
}
