//! Checks of the times measured: do they agree with the rate, is the window long enough, does
//! their shape point at something other than the server's work.

use wsbench_load::nanos::Nanos;
use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Ended, Record};
use wsbench_record::units::{percent, seconds, span};
use wsbench_setting::{Field, text};

use super::advice::how_to_run_longer;
use super::doubt::Doubt;
use super::wait;

/// Below this many answers Little's law is not looked at.
const LITTLE_SAMPLES: u64 = 1_000;
/// Each slot in flight must have turned over this often: messages that straddle the window's edges
/// count on one side of the law only, and fewer turns would let them exceed the tolerance.
const LITTLE_TURNS: u64 = 50;
/// The two sides of Little's law may differ by this share.
const LITTLE_TOLERANCE: f64 = 0.02;
/// A measured window shorter than this is short, s.
const SHORT_WINDOW_S: f64 = 1.0;
/// A gap shorter than this is not listed, s.
const GAP_FLOOR_S: f64 = 0.1;
/// Nor one that is not this many times the 99th percentile.
const GAP_TIMES_P99: f64 = 10.0;
/// A gap is this process's own where an answer lay in its queue for this share of it.
const OWN_GAP_SHARE: f64 = 0.5;
/// Ranges in which a delayed acknowledgement ends, ms: Linux waits 40 ms at least, others 200 ms.
const DELAYED_ACK_MS: [(u64, u64); 2] = [(38, 48), (195, 210)];
/// Share of the answers in one of those bands that makes it a suspect.
const DELAYED_ACK_SHARE: f64 = 0.20;
/// A median below this many times the floor's is mostly the machine's.
const NEAR_FLOOR: f64 = 1.5;
/// A generator busier than this may be slow for its own reasons.
const IDLE_SHARE: f64 = 0.50;

/// Every doubt about the times.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    [
        littles_law(record),
        short_run(record),
        until(record),
        gaps(record),
        delayed_ack(record),
        near_floor(record),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Time that messages were to be in flight, and the time that they were, both in s; `None` where
/// there are too few answers for Little's law.
fn in_flight(record: &Record) -> Option<(f64, f64)> {
    let offered = record.offered_in_flight_s?;
    let thought = record.thought_in_window_s.unwrap_or(0.0);
    let measured = record.service_in_window_s? + thought;
    let answered = record.at(Series::Service).count;
    let slots = u64::from(record.plan.clients.connections) * u64::from(record.plan.clients.depth());
    let enough = answered >= LITTLE_SAMPLES && answered >= LITTLE_TURNS.saturating_mul(slots);
    (enough && offered > 0.0 && record.duration_s > 0.0).then_some((offered, measured))
}

/// Share of Little's law that is accounted for, where there are answers enough to ask it: 1.0 where
/// nothing is missing.
#[must_use]
pub fn littles_share(record: &Record) -> Option<f64> {
    in_flight(record).map(|(offered, measured)| measured / offered)
}

/// Little's law: the time that messages were to be in flight is the time that they were.
fn littles_law(record: &Record) -> Option<Doubt> {
    let (offered, measured) = in_flight(record)?;
    let thought = record.thought_in_window_s.unwrap_or(0.0);
    let difference = (measured - offered).abs() / offered.max(measured);
    (difference > LITTLE_TOLERANCE).then(|| {
        Doubt::new(
            Kind::LittlesLaw,
            Severity::Doubtful,
            format!(
                "Little's law is off by {}: connections × depth kept {:.2} in flight, \
                 rate × mean service time{} accounts for {:.2}",
                percent(difference),
                offered / record.duration_s,
                if thought > 0.0 { " and pause" } else { "" },
                measured / record.duration_s,
            ),
            text![
                "time was lost between answers and sends, or in messages never answered; \
                 less load, or more threads ",
                Field::Threads.brief(),
            ],
        )
    })
}

/// A window too short to average over anything.
fn short_run(record: &Record) -> Option<Doubt> {
    let ran = record.ended != Ended::NothingConnected && record.messages.sent > 0;
    (ran && record.duration_s < SHORT_WINDOW_S).then(|| {
        Doubt::new(
            Kind::ShortRun,
            Severity::Note,
            format!("short run: {} of measurement", seconds(record.duration_s)),
            how_to_run_longer(record),
        )
    })
}

/// A run that was to go on until its answer is known, and did not get so far.
fn until(record: &Record) -> Option<Doubt> {
    let outcome = record.until.as_ref().filter(|outcome| !outcome.reached)?;
    Some(Doubt::new(
        Kind::Until,
        Severity::Doubtful,
        format!(
            "{outcome}, after {}",
            wsbench_record::units::seconds(record.duration_s)
        ),
        text![
            "a greater ",
            Field::Duration.brief(),
            " lets it go on longer; or ask for less",
        ],
    ))
}

/// Stalls that percentiles hide.
fn gaps(record: &Record) -> Option<Doubt> {
    let p99_s = record.at(Series::Service).p99? as f64 / 1e9;
    let listed: Vec<String> = record
        .gaps
        .iter()
        .filter(|gap| gap.length_s >= GAP_FLOOR_S && gap.length_s > GAP_TIMES_P99 * p99_s)
        .map(|gap| format!("{} at {:.1} s", seconds(gap.length_s), gap.start_s))
        .collect();
    if listed.is_empty() {
        return None;
    }
    let words = format!("no answer at all for {}", listed.join(", "));
    // Answers that lay in the socket all the while: the generator stood still, and not the server.
    let longest_s = record
        .gaps
        .iter()
        .map(|gap| gap.length_s)
        .fold(0.0, f64::max);
    let own_ns = wait::waits(record).and_then(|waits| waits.max).unwrap_or(0) as f64;
    if own_ns / 1e9 >= OWN_GAP_SHARE * longest_s {
        return Some(Doubt::new(
            Kind::Gaps,
            Severity::Doubtful,
            format!(
                "{words}, while an answer lay here unread for {}",
                span(own_ns)
            ),
            "the generator stood still, and not the server: was it stopped, or without a core? The \
             greatest times are its own",
        ));
    }
    Some(Doubt::new(
        Kind::Gaps,
        Severity::Note,
        words,
        "a pause of the server or of this machine; percentiles of a closed loop hide it",
    ))
}

/// A mode where delayed acknowledgements end, and a generator with nothing to do: two writes of the
/// server, the second held by Nagle's algorithm (RFC 896) until the first is acknowledged.
fn delayed_ack(record: &Record) -> Option<Doubt> {
    let threads = &record.generator.threads;
    if threads.iter().any(|thread| thread.cpu_share > IDLE_SHARE) {
        return None;
    }
    let spans = record.at(Series::Service).histogram()?;
    let share_within = |(from, to): (u64, u64)| {
        let below = spans.count_at_or_below(Nanos(Nanos::from_millis(from).0 - 1));
        let upto = spans.count_at_or_below(Nanos::from_millis(to));
        upto.saturating_sub(below) as f64 / spans.count() as f64
    };
    let (from, to) = DELAYED_ACK_MS
        .into_iter()
        .find(|band| share_within(*band) >= DELAYED_ACK_SHARE)?;
    Some(Doubt::new(
        Kind::DelayedAck,
        Severity::Note,
        format!(
            "{} of service times lie within {from}–{to} ms: Nagle and delayed ACK suspected, \
             not server cost",
            percent(share_within((from, to)))
        ),
        "set TCP_NODELAY on the server, or write each frame with one call",
    ))
}

/// The server is hardly slower than a bare echo on this machine: what is seen is mostly kernel and
/// generator.
fn near_floor(record: &Record) -> Option<Doubt> {
    let floor = record.floor_ns?.p50 as f64;
    let service = record.at(Series::Service).p50? as f64;
    (service < NEAR_FLOOR * floor).then(|| {
        Doubt::new(
            Kind::NearFloor,
            Severity::Note,
            format!(
                "the median service time, {}, is near this machine's floor of {}: most of it is \
                 the kernel's and wsbench's",
                span(service),
                span(floor)
            ),
            "differences between servers are larger than they look here; nothing is subtracted",
        )
    })
}
