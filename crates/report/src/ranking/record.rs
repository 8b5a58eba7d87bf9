//! One run as a ranking keeps it: its figures, its accounts, its doubts; no whole document, for a
//! ranking has thousands of runs.
//!
//! A record is made once, from the run's document, and is all that later steps see: it is what an
//! interrupted ranking finds again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Metric, Workload, WorkloadKind};
use crate::caveat::{Audit, Caveat, Kind, Severity, Verdict};
use crate::document::{Distribution, Document, Messages, Outcome, Percentile, Support};
use crate::figure::{Figure, Party, Point, Reading, Times};
use crate::search::{Limit, Search, TrialVerdict};
use crate::units::percent;

/// Of more messages than this share a right answer must not be missing (METHOD 3, check H).
const MOST_UNANSWERED: f64 = 0.000_1;
/// Doubts that say that the server did not keep up with the rate.
const OVERLOAD: [Kind; 2] = [Kind::Overloaded, Kind::Rate];
/// A search that ended with the least failing load so many times above the greatest that held has
/// found neither.
const WIDEST_BRACKET: f64 = 1.3;
/// Where latency is kept, as shares of the messages: evenly spaced on a scale of nines.
const SHARES: [f64; 13] = [
    0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.999_5, 0.999_9,
];

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// The server's name.
    pub server: String,
    /// The workload's name.
    pub workload: String,
    /// The round, from 1.
    pub round: u32,
    /// Its place among all runs of the ranking, from 1.
    pub number: u32,
    /// Its seed.
    pub seed: u64,
    /// Wall-clock start, RFC 3339 in UTC.
    pub started_at: String,
    /// Its figures, by metric key. Times are in nanoseconds, memory in bytes.
    pub figures: BTreeMap<String, f64>,
    /// Why there is no figure, by metric key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
    /// What was sent and what became of it; absent where a run is made of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Accounts>,
    /// Latency by percentile: response time in the open loop, else service time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<Rung>,
    /// What its audit found.
    pub audit: Audit,
    /// Why it has no figures at all; absent where it went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// The accounts of one run: enough to check conservation and Little's law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accounts {
    /// Messages of the measured window: `sent = answered + timed_out + failed + in_flight_at_end`.
    pub messages: Messages,
    /// Length of the measured window, s.
    pub duration_s: f64,
    /// Connections held at a time.
    pub connections: u64,
    /// Messages in flight on a connection.
    pub depth: u32,
    /// Messages that were out, averaged over the window; absent where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight_mean: Option<f64>,
    /// Mean service time, ns; absent without samples. Times the answers a second it is
    /// `in_flight_mean`, but for messages that straddle the window's edges (Little's law).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_mean_ns: Option<f64>,
}

/// One point of a latency curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// Share of the messages that took no longer, 0.0 to 1.0.
    pub share: f64,
    /// How long, ns: of several runs the geometric mean.
    pub ns: f64,
    /// The least of several runs, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_ns: Option<f64>,
    /// The most of several runs, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_ns: Option<f64>,
}

impl RunRecord {
    /// The record of a run of this workload. `number` is its place among all runs.
    #[must_use]
    pub fn of(
        document: &Document,
        server: &str,
        workload: &Workload,
        round: u32,
        number: u32,
    ) -> Self {
        let failed = match document.outcome(false) {
            Outcome::Failed(reason) => Some(reason_of(document, &reason.to_string())),
            _ => too_many_unanswered(document),
        };
        let mut figures = BTreeMap::new();
        let mut missing = BTreeMap::new();
        for metric in Metric::shown(workload.kind) {
            let key = metric.key().to_owned();
            let reading = match &failed {
                Some(_) => Err("the run failed".to_owned()),
                None => read(*metric, document, workload),
            };
            match reading {
                Ok(value) => drop(figures.insert(key, value)),
                Err(reason) => drop(missing.insert(key, reason)),
            }
        }
        let spans = match workload.kind {
            WorkloadKind::Open => &document.response_ns,
            _ => &document.service_ns,
        };
        Self {
            server: server.to_owned(),
            workload: workload.name.clone(),
            round,
            number,
            seed: document.seed,
            started_at: document.started_at.clone(),
            figures,
            missing,
            accounts: Some(Accounts::of(document)),
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
    pub fn of_search(
        search: &Search,
        (server, workload): (&str, &Workload),
        (round, number): (u32, u32),
        seed: u64,
        started_at: &str,
    ) -> Self {
        let key = Metric::GreatestRatePerS.key().to_owned();
        let mut record = Self::failed(server, workload, round, number, "");
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
    pub fn failed(server: &str, workload: &Workload, round: u32, number: u32, words: &str) -> Self {
        let missing = Metric::shown(workload.kind)
            .iter()
            .map(|metric| (metric.key().to_owned(), "the run failed".to_owned()));
        Self {
            server: server.to_owned(),
            workload: workload.name.clone(),
            round,
            number,
            seed: 0,
            started_at: String::new(),
            figures: BTreeMap::new(),
            missing: missing.collect(),
            accounts: None,
            latency: Vec::new(),
            audit: Audit::default(),
            failed: Some(words.to_owned()),
        }
    }

    /// Its figure of this metric.
    #[must_use]
    pub fn figure(&self, metric: Metric) -> Option<f64> {
        self.figures.get(metric.key()).copied()
    }

    /// Whether the generator was the limit of anything, by its audit.
    #[must_use]
    pub fn is_generator_limited(&self) -> bool {
        has_doubt(
            &self.audit,
            &[Kind::GeneratorCpu, Kind::GeneratorStarved, Kind::Pace],
        )
    }

    /// Whether the generator, and not the server, set this figure.
    #[must_use]
    pub fn is_set_by_generator(&self, metric: Metric) -> bool {
        has_doubt(&self.audit, metric.limits_of_generator())
    }

    /// Whether the server did not keep up with the rate that was asked for.
    #[must_use]
    pub fn is_overloaded(&self) -> bool {
        has_doubt(&self.audit, &OVERLOAD)
    }

    /// Whether its service times look like Nagle's algorithm against delayed acknowledgements.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.audit.of_kind(Kind::DelayedAck).next().is_some()
    }
}

impl Accounts {
    fn of(document: &Document) -> Self {
        let out = document.service_in_window_s;
        let has_length = document.duration_s > 0.0;
        Self {
            messages: document.messages,
            duration_s: document.duration_s,
            connections: document.connections.asked,
            depth: document.plan.depth(),
            in_flight_mean: out
                .filter(|_| has_length)
                .map(|out| out / document.duration_s),
            service_mean_ns: document.service_ns.mean,
        }
    }

    /// Whether every message that was sent is accounted for.
    #[must_use]
    pub fn are_conserved(&self) -> bool {
        u128::from(self.messages.sent) == self.messages.accounted()
    }

    /// Answers a second times mean service time, over the messages that were out on average: 1.0
    /// by Little's law. `None` where it was not measured.
    #[must_use]
    pub fn littles_ratio(&self) -> Option<f64> {
        let per_s = self.messages.received_in_window as f64 / self.duration_s;
        let out = self.in_flight_mean.filter(|out| *out > 0.0)?;
        Some(per_s * self.service_mean_ns? / 1e9 / out)
    }
}

/// Whether an audit has a doubt, no mere note, of one of these kinds.
fn has_doubt(audit: &Audit, kinds: &[Kind]) -> bool {
    audit.doubts().any(|caveat| kinds.contains(&caveat.kind))
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

/// What of an audit is kept: the doubts, and of the notes what a row shows. A ranking has thousands
/// of runs, and notes on the machine are the same in all.
fn kept(audit: &Audit) -> Audit {
    let shown = |caveat: &&Caveat| {
        caveat.severity != Severity::Note || matches!(caveat.kind, Kind::DelayedAck | Kind::Gaps)
    };
    Audit {
        verdict: audit.verdict,
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
    // What is still out when an overloaded server's run ends is overload, which is told as such.
    let unanswered = messages.failed + messages.timed_out;
    let share = unanswered as f64 / messages.sent.max(1) as f64;
    (share > MOST_UNANSWERED).then(|| format!("{} of the messages failed", percent(share)))
}

/// A metric of a run's document, or why it cannot be had.
fn read(metric: Metric, document: &Document, workload: &Workload) -> Result<f64, String> {
    let server = document.server.as_ref();
    let not_measured = || "not measured".to_owned();
    match metric {
        Metric::MessagesPerS => of_figure(Figure::MessagesPerS, document),
        Metric::ResponseP50 => of_response(Percentile::P50, document, workload),
        Metric::ResponseP99 => of_response(Percentile::P99, document, workload),
        Metric::ResponseP99_9 => of_response(Percentile::P99_9, document, workload),
        Metric::ServiceP50 => of_figure(time(Times::Service, Percentile::P50), document),
        Metric::ServiceP99 => of_figure(time(Times::Service, Percentile::P99), document),
        Metric::CpuUsPerMessage => of_figure(Figure::CpuUsPerMessage(Party::Server), document),
        Metric::ConnectionsPerS => {
            let done = document.connections.clients_completed;
            (done > 0 && document.total_s > 0.0)
                .then(|| done as f64 / document.total_s)
                .ok_or_else(not_measured)
        }
        Metric::BytesPerConnection => server
            .and_then(|server| server.bytes_per_connection)
            .filter(|slope| *slope > 0.0)
            .ok_or_else(not_measured),
        Metric::BytesAtLoad => server
            .and_then(|server| server.pss_bytes)
            .map(|bytes| bytes as f64)
            .ok_or_else(not_measured),
        Metric::Threads => server
            .and_then(|server| server.threads)
            .map(f64::from)
            .ok_or_else(not_measured),
        Metric::Processes => server
            .and_then(|server| server.processes)
            .map(f64::from)
            .ok_or_else(not_measured),
        Metric::GreatestRatePerS => Err(not_measured()),
    }
}

fn time(times: Times, percentile: Percentile) -> Figure {
    Figure::Time(times, Point::At(percentile))
}

/// A percentile of the response time at the rate of the plan: there is none at a rate that the
/// server does not hold, for it grows with the length of the run.
fn of_response(
    percentile: Percentile,
    document: &Document,
    workload: &Workload,
) -> Result<f64, String> {
    let is_overloaded = has_doubt(&document.audit, &OVERLOAD);
    if is_overloaded && workload.kind == WorkloadKind::Open {
        return Err("it did not keep up with the rate".to_owned());
    }
    of_figure(time(Times::Response, percentile), document)
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
