//! Checks of the load that was sent: was it what the plan asked for, could the connections carry
//! it, and did the server keep up.

use wsbench_load::arrival::Process;
use wsbench_load::plan::{Arrival, StopRule};
use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Ended, Interval, Record};
use wsbench_record::units::{count, percent, rate, span};
use wsbench_setting::{Field, text};

use super::doubt::Doubt;

/// In-flight messages that pile up over the window, as a share of those sent in a second, before
/// the server is overloaded (METHOD section 3, E).
const GROWTH_SHARE: f64 = 0.05;
/// Fewer than this many are no pile.
const GROWTH_FLOOR: f64 = 10.0;
/// Points of the time series without which no trend is looked for.
const POINTS: usize = 6;
/// Share of the messages blocked at the limit in flight from which p99 is that of the limit.
pub(crate) const BLOCKED_DOUBTED: f64 = 0.01;
/// Difference that is allowed between what an interval sent and what was due, as a share of what is
/// due in a second.
const INTERVAL_SHARE: f64 = 0.01;
/// Differences of fewer messages say nothing.
const INTERVAL_FLOOR: f64 = 10.0;

/// Distance of a schedule from what is promised that chance does not explain: with ten thousand gaps
/// it is beyond 0.02 one time in a thousand.
const SCHEDULE_DISTANCE: f64 = 0.03;
/// Messages by which a count may be off at the two ends of a window.
const EDGES: f64 = 2.0;
/// Standard deviations by which a Poisson count is off one time in ten million.
const DEVIATIONS: f64 = 5.5;
/// The share of a window by which its length may be off, rounded as it is stored.
const CLOCK_SHARE: f64 = 1e-6;
/// What to do when the schedule is not the plan's: no server can bring that about.
const REPORT_FAULT: &str = "this is a fault of wsbench: please report it with this document";

/// Every doubt about the load.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    [
        overloaded(record),
        connection_limited(record),
        blocked(record),
        schedule(record),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// More and more messages were out: percentiles then say how long the run was.
fn overloaded(record: &Record) -> Option<Doubt> {
    if record.ended == Ended::ServerDied {
        // Who is not there takes no load at all, and asking for less would not bring it back.
        return None;
    }
    let growth = pile(record)?;
    Some(Doubt::new(
        Kind::Overloaded,
        Severity::Doubtful,
        format!(
            "overloaded: {} more messages were out or waiting at the end than at the beginning; \
             {} msg/s were sent, {} answered",
            count(growth as u64),
            rate(record.messages.sent as f64 / record.duration_s),
            rate(record.messages_per_s?),
        ),
        text![
            "response times grow for as long as such a run lasts; ask for less (",
            Field::Arrival.brief(),
            ")",
        ],
    ))
}

/// By how many the messages out or waiting grew over the window, when they piled up: by the line
/// of least squares, and with never as few in the last third as at any time in the first.
pub(super) fn pile(record: &Record) -> Option<f64> {
    if !record.plan.clients.is_open_loop() || record.duration_s <= 0.0 {
        return None;
    }
    let points: Vec<(f64, f64)> = record.intervals.iter().filter_map(outstanding).collect();
    if points.len() < POINTS {
        return None;
    }
    let third = points.len() / 3;
    let most_at_first = points[..third].iter().map(|p| p.1).fold(0.0, f64::max);
    let last = &points[points.len() - third..];
    let least_at_last = last.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let growth = slope(&points) * record.duration_s;
    let sent_per_s = record.messages.sent as f64 / record.duration_s;
    let limit = (GROWTH_SHARE * sent_per_s).max(GROWTH_FLOOR);
    (least_at_last > most_at_first && growth > limit).then_some(growth)
}

/// End of an interval, and number of messages that were out or waiting then.
fn outstanding(interval: &Interval) -> Option<(f64, f64)> {
    let number = interval.in_flight? + interval.waiting?;
    Some((interval.at_s, number as f64))
}

/// The slope of the line of least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let products: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let squares: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    if squares > 0.0 {
        products / squares
    } else {
        0.0
    }
}

/// Messages waited because their connections had as many in flight as they may: what is measured
/// is then partly the number of connections.
fn connection_limited(record: &Record) -> Option<Doubt> {
    let blocked = record.blocked_by?.limit;
    if blocked == 0 || record.duration_s <= 0.0 {
        return None;
    }
    let plan = &record.plan;
    let share = blocked as f64 / record.messages.sent.max(1) as f64;
    let sessions = plan.clients.sessions();
    let connections = match sessions {
        None => u64::from(plan.clients.connections),
        Some(_) => record.connections.peak_concurrent,
    };
    let places = connections as f64 * f64::from(plan.clients.depth());
    let longest_s = record.at(Series::Response).max? as f64 / 1e9;
    let needed = record.messages.due as f64 / record.duration_s * longest_s;
    let check = if places < needed {
        format!(
            "connections × limit is {}, rate × longest response {}",
            count(places as u64),
            count(needed as u64)
        )
    } else {
        "the places were taken unevenly".to_owned()
    };
    Some(Doubt::new(
        Kind::ConnectionLimited,
        if share > BLOCKED_DOUBTED {
            Severity::Doubtful
        } else {
            Severity::Note
        },
        format!(
            "connection-limited: {} of the messages waited for a connection with fewer than {} in \
             flight; {check}",
            percent(share),
            count(plan.clients.depth().into()),
        ),
        text![
            "their waiting is response time; more ",
            match sessions {
                None => "connections ",
                Some(_) => "sessions ",
            },
            match sessions {
                None => Field::Connections.brief(),
                Some(_) => Field::Sessions.named(),
            },
            match sessions {
                None => format!(" (now {}) or a greater ", count(connections)),
                Some(_) => " or a greater ".to_owned(),
            },
            Field::MaxInFlight,
            " tells the server's part",
        ],
    ))
}

/// Back-pressure by other ways: a server that does not read, connections that are not there.
fn blocked(record: &Record) -> Option<Doubt> {
    let by = record.blocked_by?;
    let causes = [
        (by.socket, "for a socket that took no more bytes"),
        (by.absence, "for a connection to be there"),
    ];
    let causes: Vec<String> = causes
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", count(number)))
        .collect();
    let longest = record.known(Series::Blocked)?.max?;
    (!causes.is_empty()).then(|| {
        Doubt::new(
            Kind::Blocked,
            Severity::Note,
            format!(
                "messages that were due waited, {}, {} at most",
                causes.join(" and "),
                span(longest as f64)
            ),
            match (by.absence > 0, record.plan.clients.sessions()) {
                (true, Some(_)) => text![
                    "no session was there to send them, or the one that they waited for left; more ",
                    Field::Sessions,
                    ", or longer stays; response time includes it",
                ],
                (true, None) => {
                    "the server was not there, or had ended the connection, and wsbench tried again; \
                     response time includes it"
                        .into()
                }
                (false, _) => {
                    "back-pressure of the server, not the generator's lateness; response time includes it"
                        .into()
                }
            },
        )
    })
}

/// What the schedule made against what the plan promised: gaps of another shape are a fault of ours.
fn schedule(record: &Record) -> Option<Doubt> {
    let distance = record.arrival_shape?.schedule_distance?;
    (distance > SCHEDULE_DISTANCE).then(|| {
        Doubt::new(
            Kind::ArrivalShape,
            Severity::Invalid,
            format!(
                "the schedule itself is {} away from the arrivals that the plan promises",
                percent(distance)
            ),
            REPORT_FAULT,
        )
    })
}

/// How many messages the schedule made due in the window against how many the plan promised.
pub(super) fn promised(record: &Record) -> Option<Doubt> {
    let Arrival::Open { schedule, .. } = &record.plan.clients.arrival else {
        return None;
    };
    // Where the number of messages ends the run, the schedule is not carried out to its end.
    if record.ended != Ended::Complete || !matches!(record.plan.stop, StopRule::Duration(_)) {
        return None;
    }
    let asked = record.asked_messages_per_s? * record.duration_s;
    let due = record.messages.due as f64;
    let by_chance = match schedule.process {
        Process::Constant => EDGES,
        Process::Poisson => EDGES + DEVIATIONS * asked.sqrt(),
    };
    ((due - asked).abs() > by_chance + asked * CLOCK_SHARE).then(|| {
        Doubt::new(
            Kind::Rate,
            Severity::Doubtful,
            format!(
                "{} messages were due in the window, and the plan has {}",
                count(record.messages.due),
                count(asked.round() as u64)
            ),
            REPORT_FAULT,
        )
    })
}

/// The interval in which what was sent differed most from what was due, in words, when that is more
/// than the tolerance.
pub(super) fn worst_interval(record: &Record) -> Option<String> {
    let off = |interval: &&Interval| {
        let (due, sent) = (interval.due? as f64, interval.sent? as f64);
        let in_a_second = due / interval.length_s.min(1.0);
        let share = (sent - due).abs() / in_a_second;
        ((sent - due).abs() > INTERVAL_FLOOR && share > INTERVAL_SHARE).then_some(share)
    };
    let worst = record
        .intervals
        .iter()
        .filter(|interval| interval.length_s > 0.0)
        .filter_map(|interval| Some((off(&interval)?, interval)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (_, interval) = worst?;
    Some(format!(
        "in the interval that ended at {:.1} s {} were due and {} sent",
        interval.at_s,
        count(interval.due?),
        count(interval.sent?)
    ))
}
