//! One run as a ranking keeps it: its figures, its accounts, its doubts; no whole document, for a
//! ranking has thousands of runs.
//!
//! A record is made once, from the run's document, and is all that later steps see: it is what an
//! interrupted ranking finds again.

use std::collections::BTreeMap;

use wsbench_load::histogram::Histogram;
use wsbench_load::series::Series;
use wsbench_record::audit::{self, Audit, By, Caveat, Kind, Severity, Verdict};
use wsbench_record::document::{Distribution, Document, Percentile, Support, unpacked};
use wsbench_record::ranking::{Accounts, CellFigure, RunRecord, Rung, Workload};
use wsbench_record::search::{Limit, Search, TrialVerdict};
use wsbench_record::units::{count, percent};
use wsbench_stats::batches::{LEAST_ABOVE, Quantile};

use super::metric;
use crate::figure::{Figure, Reading, Statistic};
use crate::outcome::{RunStatus, outcome};
use crate::pooled;

/// Of more messages than this share a right answer must not be missing (METHOD 3, check H).
const MOST_UNANSWERED: f64 = 0.000_1;

/// Doubts that say that the server did not keep up with the rate.
const OVERLOAD: [Kind; 2] = [Kind::Overloaded, Kind::Rate];

/// A search that ended with the least failing load so many times above the greatest that held has
/// found neither.
const WIDEST_BRACKET: f64 = 1.3;

/// So many samples hardly ever are too few for a 99th percentile, and the histogram of a run is not kept.
const PLENTY: u64 = 20_000;

/// Points at which latency is kept, as shares of the messages: evenly spaced on a scale of nines.
const SHARES: [f64; 13] = [
    0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.999_5, 0.999_9,
];

/// The record of a run of this workload. `number` is its place among all runs.
#[must_use]
pub fn run_record(
    document: &Document,
    server: &str,
    workload: &Workload,
    round: u32,
    number: u32,
) -> RunRecord {
    let failed = match outcome(document, false) {
        RunStatus::Failed(reason) => Some(reason_of(document, &reason.to_string())),
        _ => too_many_unanswered(document),
    };
    let mut figures = BTreeMap::new();
    let mut missing = BTreeMap::new();
    let mut samples = BTreeMap::new();
    let mut effective = BTreeMap::new();
    for metric in metric::shown(workload) {
        let key = metric.key();
        let reading = match &failed {
            Some(_) => Err("the run failed".to_owned()),
            None => read(*metric, document, workload),
        };
        match reading {
            Ok(value) => drop(figures.insert(key, value)),
            Err(reason) => drop(missing.insert(key, reason)),
        }
        if failed.is_none()
            && !is_refused(*metric, document, workload)
            && let Some((series, packed, worth)) = few(*metric, document)
        {
            samples.insert(series, packed);
            effective.insert(metric.key(), worth);
        }
    }
    let spans = document.at(metric::curve(workload));
    RunRecord {
        server: server.to_owned(),
        workload: workload.name.clone(),
        round,
        number,
        seed: document.seed,
        started_at: document.started_at.clone(),
        figures,
        missing,
        samples,
        effective,
        accounts: Some(accounts(document)),
        latency: if failed.is_none() {
            rungs(spans)
        } else {
            Vec::new()
        },
        audit: kept(&document.audit),
        failed,
    }
}

/// The record of a search for the greatest rate. `seed` and `started_at` are the search's.
#[must_use]
pub fn search_record(
    search: &Search,
    (server, workload): (&str, &Workload),
    (round, number): (u32, u32),
    seed: u64,
    started_at: &str,
) -> RunRecord {
    let key = Figure::GREATEST_RATE_PER_S.key();
    let mut record = failed_record(server, workload, round, number, "");
    record.failed = None;
    record.seed = seed;
    started_at.clone_into(&mut record.started_at);
    record.missing.clear();
    match greatest_that_held(search) {
        Ok(load) => drop(record.figures.insert(key, load)),
        Err(reason) => drop(record.missing.insert(key, reason)),
    }
    if search.limited_by == Limit::Generator {
        record.audit = Audit {
            verdict: Verdict::Doubtful,
            limit: None,
            caveats: vec![Caveat {
                kind: Kind::GeneratorCpu,
                severity: Severity::Doubtful,
                message: "the search ended at the generator's limit, not the server's".into(),
                advice: "give the generator more cores".into(),
            }],
        };
    }
    record
}

/// The record of a run that could not be made, or has come to nothing.
#[must_use]
pub fn failed_record(
    server: &str,
    workload: &Workload,
    round: u32,
    number: u32,
    words: &str,
) -> RunRecord {
    let missing = metric::shown(workload)
        .iter()
        .map(|metric| (metric.key(), "the run failed".to_owned()));
    RunRecord {
        server: server.to_owned(),
        workload: workload.name.clone(),
        round,
        number,
        seed: 0,
        started_at: String::new(),
        figures: BTreeMap::new(),
        missing: missing.collect(),
        samples: BTreeMap::new(),
        effective: BTreeMap::new(),
        accounts: None,
        latency: Vec::new(),
        audit: Audit::default(),
        failed: Some(words.to_owned()),
    }
}

/// The samples of a percentile's series with its name, where they are too few for it, or as few as are too
/// few in other rounds, and as many independent ones as they are worth.
fn few(metric: Figure, document: &Document) -> Option<(String, String, f64)> {
    let (Some(Statistic::At(percentile)), Some(series)) = (metric.point(), metric.series()) else {
        return None;
    };
    let spans = document.at(series);
    let is_short = metric.lacks_samples(document);
    let is_few = (is_short || spans.count < PLENTY) && spans.censored == 0;
    let packed = spans.hdr_v2_base64.clone().filter(|_| is_few);
    let worth = pooled::effective(spans, percentile);
    Some((series.info().name.to_owned(), packed?, worth))
}

/// A percentile of the samples of all runs that went well, where that is known from both sides; `None` as
/// well where a run has none, which may be one that has more.
pub(super) fn together(metric: Figure, runs: &[RunRecord]) -> Option<CellFigure> {
    let Together {
        found,
        runs: of,
        is_most,
        ..
    } = Together::of(metric, runs)?;
    let is_known = is_most && found.interval.low > 0.0 && found.interval.high.is_finite();
    is_known.then(|| CellFigure {
        metric: metric.key(),
        value: Some(found.value),
        low: Some(found.interval.low),
        high: Some(found.interval.high),
        least: None,
        most: None,
        runs: of,
        is_pooled: true,
        missing: None,
    })
}

/// Why a percentile of the samples of all runs together is not known; `None` where there are none.
pub(super) fn too_few_together(metric: Figure, runs: &[RunRecord]) -> Option<String> {
    let Together {
        found, percentile, ..
    } = Together::of(metric, runs)?;
    let needed = (LEAST_ABOVE / (1.0 - percentile.share())).round() as u64;
    let worth = found.effective.floor() as u64;
    (worth < needed).then(|| {
        format!(
            "too few samples: it needs {} independent ones, and those of all rounds are worth {}",
            count(needed),
            count(worth)
        )
    })
}

/// The samples of all runs that went well, as those of one.
struct Together {
    found: Quantile,
    percentile: Percentile,
    runs: u32,
    /// They are of most of the runs.
    is_most: bool,
}

impl Together {
    fn of(metric: Figure, runs: &[RunRecord]) -> Option<Self> {
        let (Some(Statistic::At(percentile)), Some(series)) = (metric.point(), metric.series())
        else {
            return None;
        };
        let went_well = || runs.iter().filter(|run| run.failed.is_none());
        let spans = went_well().map(|run| unpacked(run.samples.get(series.info().name)?));
        let spans: Vec<Histogram> = spans.collect::<Option<_>>()?;
        let own = went_well().map(|run| run.effective.get(&metric.key()).copied());
        Some(Self {
            found: pooled::of_histograms(&spans, own.sum::<Option<f64>>()?, percentile)?,
            percentile,
            runs: spans.len() as u32,
            is_most: spans.len() * 2 > runs.len(),
        })
    }
}

/// True if the generator was the limit of anything, by its audit.
pub(super) fn is_generator_limited(run: &RunRecord) -> bool {
    has_doubt(
        &run.audit,
        &[Kind::GeneratorCpu, Kind::GeneratorStarved, Kind::Pace],
    )
}

/// True if the generator, and not the server, set this figure.
#[must_use]
pub fn is_set_by_generator(run: &RunRecord, metric: Figure) -> bool {
    has_doubt(&run.audit, metric::limits_of_generator(metric))
}

/// True if the figure of a server is a bound, by whether the generator set it in each of the runs: in most.
#[must_use]
pub fn is_bound(set_by_generator: impl IntoIterator<Item = bool>) -> bool {
    let (mut runs, mut set) = (0_usize, 0_usize);
    for is_set in set_by_generator {
        runs += 1;
        set += usize::from(is_set);
    }
    2 * set > runs
}

/// True if the server did not keep up with the rate that was asked for.
pub(super) fn is_overloaded(run: &RunRecord) -> bool {
    has_doubt(&run.audit, &OVERLOAD)
}

/// True if its service times look like Nagle's algorithm against delayed acknowledgements.
pub(super) fn is_stalled(run: &RunRecord) -> bool {
    run.audit.of_kind(Kind::DelayedAck).next().is_some()
}

/// Accounts of what was sent in a run and what became of it.
fn accounts(document: &Document) -> Accounts {
    let out = document.service_in_window_s;
    let has_length = document.duration_s > 0.0;
    Accounts {
        messages: document.messages,
        duration_s: document.duration_s,
        connections: document.connections.asked,
        depth: document.plan.clients.depth(),
        in_flight_mean: out
            .filter(|_| has_length)
            .map(|out| out / document.duration_s),
        service_mean_ns: document.at(Series::Service).mean,
    }
}

/// True if an audit has a doubt of one of these kinds; of the generator's CPU, which is a limit and no
/// doubt, where it kept the rate down.
fn has_doubt(audit: &Audit, kinds: &[Kind]) -> bool {
    let is_limit = kinds.contains(&Kind::GeneratorCpu) && audit.is_generator_limited();
    is_limit || audit.doubts().any(|caveat| kinds.contains(&caveat.kind))
}

/// The greatest load that held, with none below it that failed, by the estimates of the trials: how
/// sure a ranking is of it is told by its rounds. In words, where nothing held, or the search was
/// over while it still was far from the least that failed.
fn greatest_that_held(search: &Search) -> Result<f64, String> {
    let of = |verdict: TrialVerdict| {
        let trials = search.trials.iter();
        let trials = trials.filter(move |trial| trial.verdict == verdict);
        trials.map(|trial| trial.load)
    };
    let least_failed = of(TrialVerdict::Fails).fold(f64::INFINITY, f64::min);
    let held = of(TrialVerdict::Holds)
        .filter(|load| *load > 0.0 && *load < least_failed)
        .reduce(f64::max);
    match held {
        None => Err("no load held".to_owned()),
        Some(held) if least_failed.is_finite() && least_failed > held * WIDEST_BRACKET => {
            Err(format!(
                "the search had no time to narrow it down: {held:.0}/s held, {least_failed:.0}/s \
                 did not"
            ))
        }
        Some(held) => Ok(held),
    }
}

/// Part of an audit that is kept: the doubts, and of the notes what a row shows. A ranking has
/// thousands of runs, and notes on the machine are the same in all.
fn kept(audit: &Audit) -> Audit {
    let shown = |caveat: &&Caveat| {
        let of_note = [Kind::DelayedAck, Kind::Gaps, Kind::GeneratorCpu];
        caveat.severity != Severity::Note || of_note.contains(&caveat.kind)
    };
    let is_generator = |limit: &&audit::Limit| matches!(limit.by, By::Generator | By::Machine);
    Audit {
        verdict: audit.verdict,
        limit: audit.limit.as_ref().filter(is_generator).cloned(),
        caveats: audit.caveats.iter().filter(shown).cloned().collect(),
    }
}

/// Why a run failed, with the gravest doubt of its audit.
fn reason_of(document: &Document, reason: &str) -> String {
    match document.audit.doubts().next() {
        Some(caveat) => format!("{reason}: {}", caveat.message),
        None => reason.to_owned(),
    }
}

/// In words, where so many messages have no right answer that the others are no measure.
fn too_many_unanswered(document: &Document) -> Option<String> {
    let messages = &document.messages;
    let reach = document.deliveries.and_then(|counts| counts.reach());
    if let Some(lost) = reach
        .map(|reach| 1.0 - reach)
        .filter(|lost| *lost > MOST_UNANSWERED)
    {
        return Some(format!("{} of the deliveries did not come", percent(lost)));
    }
    // What is still out when an overloaded server's run ends is overload, which is told as such.
    let unanswered = messages.failed + messages.timed_out;
    let share = unanswered as f64 / messages.sent.max(1) as f64;
    (share > MOST_UNANSWERED).then(|| format!("{} of the messages failed", percent(share)))
}

/// A figure of a run's document, or why it cannot be had. There is no response time at a rate that
/// the server does not hold, for it grows with the length of the run.
fn read(figure: Figure, document: &Document, workload: &Workload) -> Result<f64, String> {
    match is_refused(figure, document, workload) {
        true => Err("it did not keep up with the rate".to_owned()),
        false => of_figure(figure, document),
    }
}

/// True of a time from when a message was due, where the server did not keep up with the rate.
fn is_refused(figure: Figure, document: &Document, workload: &Workload) -> bool {
    metric::is_from_due(figure, workload) && has_doubt(&document.audit, &OVERLOAD)
}

fn of_figure(figure: Figure, document: &Document) -> Result<f64, String> {
    match figure.read(document) {
        Ok(Reading {
            is_lower_bound: true,
            ..
        }) => Err("messages never answered reach into it".to_owned()),
        Ok(reading) => Ok(reading.value),
        Err(missing) => Err(missing.to_string()),
    }
}

/// The latency curve of a run, as far as its samples support it.
fn rungs(spans: &Distribution) -> Vec<Rung> {
    let supported = Percentile::ALL
        .into_iter()
        .rfind(|percentile| spans.support(*percentile) != Support::Unknown);
    let (Some(most), Some(histogram)) = (supported, spans.histogram()) else {
        return Vec::new();
    };
    SHARES
        .into_iter()
        .filter(|share| *share <= most.share())
        .filter_map(|share| {
            let ns = histogram.quantile(share)?.0;
            let is_known = !spans.is_lower_bound(ns);
            is_known.then_some(Rung {
                share,
                ns: ns as f64,
                least_ns: None,
                most_ns: None,
            })
        })
        .collect()
}
