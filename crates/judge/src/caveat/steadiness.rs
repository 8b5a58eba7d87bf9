//! Checks of steadiness: did the window begin after the warm-up, did the level hold, and is the
//! run sure of what it says. What is asked of the series is `stats`' affair; here stands from when
//! on it is worth a word.

use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Arrival;
use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Percentile, Record, Support};
use wsbench_record::units::{drift, percent, seconds};
use wsbench_setting::{Field, text};
use wsbench_stats::batches::grouped;
use wsbench_stats::steady::{ChangePoint, mser};
use wsbench_stats::trend::{Trend, trend};
use wsbench_stats::{dependence, mean};

use super::advice::how_to_run_longer;
use super::doubt::Doubt;

/// A step or drift below this share of the level is not worth a word.
const WORTH_A_WORD: f64 = 0.05;
/// A drift above this share makes the figures doubtful: they are of no one level.
const DOUBTED: f64 = 0.15;
/// The share of pairs across a cut that must go the same way before it is a step and no noise.
const SEPARATED: f64 = 0.95;
/// Of so few batches before a cut the step must be greater than the range of all behind it.
const FEW: usize = 2;
/// A trend must be less probable than this without one.
const SIGNIFICANT: f64 = 0.01;
/// A cut behind this share of the window leaves too little to call steady: MSER looks no further
/// than its half.
const LATE_CUT: f64 = 0.45;

/// Every doubt about steadiness. Where the plan itself changes the load within the window there is
/// no one level to be steady at.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let mut found = Vec::from_iter(unsettled(record));
    let Some(course) = WindowCourse::of(record).filter(|_| is_level(record)) else {
        return found;
    };
    let level = level(record, &course);
    if level.is_none() {
        // Of a window at two levels it goes without saying that one batch is like the next.
        found.extend(dependent(record, &course));
        found.extend(worth_less(record));
    }
    found.extend(rate_trend(record, &course));
    found.extend(level);
    found
}

/// A window over time, in batches.
struct WindowCourse {
    /// Median service time of each batch, ns.
    medians: Vec<f64>,
    /// Answers a second of each batch.
    rates: Vec<f64>,
    /// The end of each batch, s.
    ends: Vec<f64>,
}

impl WindowCourse {
    /// From the slices; `None` where they are too few, or one batch has no samples.
    fn of(record: &Record) -> Option<Self> {
        let lengths: Vec<f64> = record.slices.iter().map(|slice| slice.length_s).collect();
        let mut course = Self {
            medians: Vec::new(),
            rates: Vec::new(),
            ends: Vec::new(),
        };
        for range in grouped(&lengths)? {
            let batch = &record.slices[range];
            let mut spans = Histogram::new();
            for slice in batch {
                if let Some(service) = slice.at(Series::Service) {
                    spans.merge(&service);
                }
            }
            let received: u64 = batch.iter().map(|slice| slice.messages).sum();
            let length: f64 = batch.iter().map(|slice| slice.length_s).sum();
            course.medians.push(spans.quantile(0.5)?.0 as f64);
            course.rates.push(received as f64 / length);
            course.ends.push(batch.last()?.at_s);
        }
        Some(course)
    }
}

/// True if the plan presses the server alike all through the window.
fn is_level(record: &Record) -> bool {
    if record.plan.replaces_clients() {
        return false; // it opens and closes connections all along, and tapers off at its end
    }
    let Arrival::Open { schedule, .. } = &record.plan.clients.arrival else {
        return true;
    };
    let mut end = Nanos::ZERO;
    let mut rates = Vec::new();
    for stretch in &schedule.stretches {
        end += stretch.length;
        if end > record.plan.warmup.least {
            rates.extend([stretch.from_per_s, stretch.to_per_s]);
        }
    }
    rates.windows(2).all(|pair| pair[0] == pair[1])
}

/// Doubt where the median service time was not at one level: with a warm-up in it, or on the move.
fn level(record: &Record, course: &WindowCourse) -> Option<Doubt> {
    let cut = mser(&course.medians)?;
    let is_separated = cut.above >= SEPARATED || cut.above <= 1.0 - SEPARATED;
    // One or two batches are apart from the others by chance too often.
    let least = if cut.at <= FEW {
        range(&course.medians[cut.at..]).max(WORTH_A_WORD)
    } else {
        WORTH_A_WORD
    };
    let is_step = is_separated && cut.step.abs() > least;
    let is_late = cut.at as f64 >= LATE_CUT * course.medians.len() as f64;
    if is_step && !is_late {
        return Some(warm_up(record, course, cut));
    }
    if let Some(caveat) = median_trend(record, course) {
        return Some(caveat);
    }
    (is_step && is_late).then(|| {
        Doubt::new(
            Kind::NotSteady,
            weight(cut.step),
            format!(
                "not steady: the median service time of the first {} is {} that of the rest",
                seconds(course.ends[cut.at - 1]),
                above_or_below(cut.step),
            ),
            text!["a longer ", Field::WarmUp, ", and "].then(how_to_run_longer(record)),
        )
    })
}

/// The warm-up was to last until the load has settled, which it did not. Of the window itself that
/// says little: how steady it was is asked apart.
fn unsettled(record: &Record) -> Option<Doubt> {
    let most = record.plan.warmup.found?.as_secs_f64();
    record.plan.warmup.is_unsettled().then(|| {
        Doubt::new(
            Kind::WarmUp,
            Severity::Note,
            format!(
                "the load had not settled when the warm-up had lasted {}, its limit: service \
                 times still rose or fell, or went to and fro, or were too few to tell",
                seconds(most)
            ),
            text![
                "give a longer warm-up as a time, ",
                Field::WarmUp.with("30s"),
            ],
        )
    })
}

/// The window begins with a part of the warm-up.
fn warm_up(record: &Record, course: &WindowCourse, cut: ChangePoint) -> Doubt {
    let enough = record.plan.warmup.least.as_secs_f64() + course.ends[cut.at - 1];
    let severity = weight(cut.bias);
    Doubt::new(
        Kind::NotSteady,
        severity,
        format!(
            "the window begins with a warm-up: the median service time of its first {} is {} that \
             of the rest",
            seconds(course.ends[cut.at - 1]),
            above_or_below(cut.step),
        ),
        text![
            Field::WarmUp.with(whole_seconds(enough)),
            " would have been enough",
        ],
    )
}

fn median_trend(record: &Record, course: &WindowCourse) -> Option<Doubt> {
    let found = clear(trend(&course.medians))?;
    Some(drifting(record, "the median service time", found))
}

fn rate_trend(record: &Record, course: &WindowCourse) -> Option<Doubt> {
    // In the closed loop the rate is the service time again, turned round.
    if !record.plan.clients.is_open_loop() && clear(trend(&course.medians)).is_some() {
        return None;
    }
    let cut = mser(&course.rates)?;
    let is_warm_up =
        cut.step.abs() > WORTH_A_WORD && (cut.at as f64) < LATE_CUT * course.rates.len() as f64;
    let found = clear(trend(&course.rates)).filter(|_| !is_warm_up)?;
    Some(drifting(record, "the rate of answers", found))
}

/// A trend that is worth a word.
fn clear(found: Option<Trend>) -> Option<Trend> {
    found.filter(|found| found.p < SIGNIFICANT && found.drift.abs() > WORTH_A_WORD)
}

fn drifting(record: &Record, what: &str, found: Trend) -> Doubt {
    Doubt::new(
        Kind::Trend,
        weight(found.drift),
        format!(
            "{what} {} over the window: the figures are of no one level",
            drift(found.drift)
        ),
        text!["is the server, or this machine, still warming up, leaking or sharing its cores? "]
            .then(how_to_run_longer(record)),
    )
}

/// Batches that follow each other: intervals of confidence made from them are too narrow.
fn dependent(record: &Record, course: &WindowCourse) -> Option<Doubt> {
    let count = course.medians.len();
    let correlation = dependence::lag_one(&course.medians)?;
    let center = mean(&course.medians).filter(|center| *center > 0.0)?;
    let spread = wsbench_stats::standard_deviation(&course.medians)? / center;
    // Where the medians hardly vary, what they follow is no matter.
    let matters = correlation > dependence::limit(count) && spread > WORTH_A_WORD / 2.0;
    matters.then(|| {
        Doubt::new(
            Kind::Independence,
            Severity::Note,
            format!(
                "what is slow stays slow: medians of one batch and the next are correlated \
                 ({correlation:.2}), so intervals of confidence are too narrow"
            ),
            how_to_run_longer(record),
        )
    })
}

/// Samples that are many but worth too few, though their count would do.
fn worth_less(record: &Record) -> Option<Doubt> {
    let spans = record.at(Series::Response);
    let percentile = Percentile::P99;
    let known = spans.confidence(percentile)?;
    let is_worth_less = percentile.support(known.n_eff as u64) != Support::Known
        && percentile.support(spans.count) == Support::Known;
    is_worth_less.then(|| {
        Doubt::new(
            Kind::Independence,
            Severity::Note,
            format!(
                "answers depend on each other: of p99 the {} samples tell as much as {} \
                 independent ones would, and its interval is widened to fit",
                wsbench_record::units::count(spans.count),
                wsbench_record::units::count(known.n_eff as u64),
            ),
            how_to_run_longer(record),
        )
    })
}

/// From the least to the greatest value, as a share of the mean.
fn range(values: &[f64]) -> f64 {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let center = mean(values).filter(|center| *center > 0.0);
    center.map_or(0.0, |center| (most - least) / center)
}

/// Weight of a step or a drift of this share.
fn weight(share: f64) -> Severity {
    if share.abs() > DOUBTED {
        Severity::Doubtful
    } else {
        Severity::Note
    }
}

/// `23 % above`, `12 % below` or `2.3 times`.
fn above_or_below(step: f64) -> String {
    match step {
        0.5.. => format!("{:.1} times", 1.0 + step),
        0.0.. => format!("{} above", percent(step)),
        _ => format!("{} below", percent(step.abs())),
    }
}

/// A span that is typed, rounded up: `3s`.
fn whole_seconds(span: f64) -> String {
    format!("{:.0}s", span.ceil())
}
