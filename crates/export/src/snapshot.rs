//! The values of all metrics at one moment of a run.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use wsbench::Document;
use wsbench::observer::{Progress, Stage};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::series::Series;
use wsbench_record::document::Interval;

use crate::metric::{Books, Metric, Own, ReadFrom, STAGES, Totals};

/// The upper bounds of a histogram's buckets, ns: 1, 2 and 5 of each power of ten from a microsecond
/// to a hundred seconds. What is above the last is in the bucket without a bound.
pub const BOUNDS_NS: [u64; 25] = bounds();

const fn bounds() -> [u64; 25] {
    let mut bounds = [0; 25];
    let (mut at, mut power) = (0, 1_000);
    while at < bounds.len() {
        bounds[at] = power * [1, 2, 5][at % 3];
        if at % 3 == 2 {
            power *= 10;
        }
        at += 1;
    }
    bounds
}

/// Facts about what is measured, the same through a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// Number of the run within the command, from 1.
    pub run: u32,
    /// The label that the user gave.
    pub name: Option<String>,
    /// The server, without credentials.
    pub target: String,
    /// The moment at which the run began, ns since the Unix epoch.
    pub started_unix_ns: u64,
}

/// The values of all metrics at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The run that is measured.
    pub facts: RunFacts,
    /// The moment, ns since the Unix epoch.
    pub at_unix_ns: u64,
    /// Stage of the run.
    pub stage: Stage,
    /// Since the run began, s.
    pub elapsed_s: f64,
    /// Share of the run that is done, 0.0 to 1.0.
    pub done: f64,
    /// Counters so far.
    pub counts: Totals,
    /// Times so far, of the series that have any.
    pub times: BTreeMap<Series, Spans>,
    /// Failures so far, by phase and kind.
    pub errors: BTreeMap<(String, String), u64>,
    /// The newest interval; `None` before the first.
    pub interval: Option<Interval>,
    /// CPU share of each generator thread in it.
    pub cpu_shares: Vec<f64>,
    /// The result; `None` while the run is under way.
    pub result: Option<Conclusion>,
    /// Snapshots that each destination was too slow for, by its name.
    pub dropped: BTreeMap<String, u64>,
}

/// The result of a run that is over, as far as it is no sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// Answers received within the window, a second.
    pub messages_per_s: Option<f64>,
    /// The audit's verdict.
    pub verdict: &'static str,
}

/// Times of a series: a histogram, and its quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Spans {
    /// Number of them.
    pub count: u64,
    /// Their sum, s.
    pub sum_s: f64,
    /// Those at or below each of [`BOUNDS_NS`].
    pub at_or_below: [u64; BOUNDS_NS.len()],
    /// The median, the 90th, 99th and 99.9th percentile, and the longest, ns.
    pub quantiles: [u64; 5],
}

impl Spans {
    /// Those of a histogram; `None` of an empty one.
    #[must_use]
    pub fn of(spans: &Histogram) -> Option<Self> {
        if spans.is_empty() {
            return None;
        }
        let mut at_or_below = [0; BOUNDS_NS.len()];
        let (mut at, mut so_far) = (0, 0_u64);
        for (highest, count) in spans.bins() {
            // A bin that a bound lies in is counted below it: bins are 0.1 % wide at most.
            while at < BOUNDS_NS.len() && highest.0 > bin_of(BOUNDS_NS[at]) {
                at_or_below[at] = so_far;
                at += 1;
            }
            so_far = so_far.saturating_add(count);
        }
        at_or_below[at..].fill(so_far);
        let quantile = |share| spans.quantile(share).unwrap_or(Nanos::ZERO).0;
        Some(Self {
            count: spans.count(),
            sum_s: spans.sum_ns() as f64 / 1e9,
            at_or_below,
            quantiles: [0.5, 0.9, 0.99, 0.999, 1.0].map(quantile),
        })
    }
}

/// The highest span that shares the bin of a bound, at most.
fn bin_of(bound: u64) -> u64 {
    bound + bound / 1_000
}

impl Snapshot {
    /// That of a run under way.
    #[must_use]
    pub fn of_progress(facts: &RunFacts, progress: &Progress) -> Self {
        let so_far = &progress.so_far;
        let mut errors = BTreeMap::new();
        for failure in &so_far.failures {
            let key = (
                failure.phase.name().to_owned(),
                failure.kind.name().to_owned(),
            );
            *errors.entry(key).or_default() += failure.count;
        }
        Self {
            facts: facts.clone(),
            at_unix_ns: now_unix_ns(),
            stage: progress.stage,
            elapsed_s: progress.elapsed.as_secs_f64(),
            done: progress.done.clamp(0.0, 1.0),
            counts: Totals::from(&so_far.tally),
            times: times(|series| Spans::of(so_far.at(series))),
            errors,
            interval: so_far.intervals.last().map(Interval::from),
            cpu_shares: progress.cpu_shares.clone(),
            result: None,
            dropped: BTreeMap::new(),
        }
    }

    /// That of a run that is over.
    #[must_use]
    pub fn of_document(facts: &RunFacts, document: &Document) -> Self {
        let mut errors = BTreeMap::new();
        for failure in &document.errors {
            let key = (failure.phase.clone(), failure.kind.clone());
            *errors.entry(key).or_default() += failure.count;
        }
        let threads = document.generator.threads.iter();
        Self {
            facts: facts.clone(),
            at_unix_ns: now_unix_ns(),
            stage: Stage::Draining,
            elapsed_s: document.total_s,
            done: 1.0,
            counts: Totals {
                messages: document.messages,
                bytes: document.bytes,
                connections: document.connections,
                blocked_by: document.blocked_by.unwrap_or_default(),
                books: Books {
                    deliveries: document.deliveries,
                    acks: document.acks,
                    items: document.items,
                    pushes: document.pushes,
                    sessions: document.sessions,
                    returns: document.returns,
                    slow: document.slow,
                },
            },
            times: times(|series| Spans::of(&document.at(series).histogram()?)),
            errors,
            interval: document.intervals.last().copied(),
            cpu_shares: threads.map(|thread| thread.cpu_share).collect(),
            result: Some(Conclusion {
                messages_per_s: document.messages_per_s,
                verdict: document.audit.verdict.word(),
            }),
            dropped: BTreeMap::new(),
        }
    }

    /// The values of a metric, each with its labels; none of what is not known.
    #[must_use]
    pub fn read(&self, metric: &Metric) -> Vec<(Labels, MetricValue<'_>)> {
        let whole = |value: Option<u64>| {
            let value = value.map(|value| (Vec::new(), MetricValue::Whole(value)));
            value.into_iter().collect()
        };
        match &metric.source {
            ReadFrom::Counted(_, read) => whole(read(&self.counts)),
            ReadFrom::Times(series) => {
                let spans = self.times.get(series);
                let spans = spans.map(|spans| (Vec::new(), MetricValue::Spans(spans)));
                spans.into_iter().collect()
            }
            ReadFrom::Errors => {
                let errors = self.errors.iter();
                let errors = errors.map(|((phase, kind), count)| {
                    let labels = vec![("phase", phase.clone()), ("kind", kind.clone())];
                    (labels, MetricValue::Whole(*count))
                });
                errors.collect()
            }
            ReadFrom::Own(own) => self.own(*own),
        }
    }

    fn own(&self, own: Own) -> Vec<(Labels, MetricValue<'_>)> {
        let one = |value: f64| vec![(Vec::new(), MetricValue::Number(value))];
        let interval = |of: fn(&Interval) -> Option<u64>| {
            let value = self.interval.as_ref().and_then(of);
            let value = value.map(|value| (Vec::new(), MetricValue::Whole(value)));
            value.into_iter().collect()
        };
        match own {
            Own::Info => {
                let labels = vec![
                    ("target", self.facts.target.clone()),
                    ("version", env!("CARGO_PKG_VERSION").to_owned()),
                ];
                vec![(labels, MetricValue::Whole(1))]
            }
            Own::Stage => {
                let stages = STAGES.iter().map(|(stage, word)| {
                    let is_it = u64::from(*stage == self.stage);
                    (
                        vec![("stage", (*word).to_owned())],
                        MetricValue::Whole(is_it),
                    )
                });
                stages.collect()
            }
            Own::Done => one(self.done),
            Own::Elapsed => one(self.elapsed_s),
            Own::Alive => interval(|interval| Some(interval.alive)),
            Own::InFlight => interval(|interval| interval.in_flight),
            Own::Waiting => interval(|interval| interval.waiting),
            Own::GeneratorCpu => {
                let threads = self.cpu_shares.iter().enumerate();
                let threads = threads.map(|(at, share)| {
                    (
                        vec![("thread", at.to_string())],
                        MetricValue::Number(*share),
                    )
                });
                threads.collect()
            }
            Own::Dropped => {
                let dropped = self.dropped.iter();
                let dropped = dropped
                    .map(|(to, count)| (vec![("to", to.clone())], MetricValue::Whole(*count)));
                dropped.collect()
            }
        }
    }

    /// The labels of every value.
    #[must_use]
    pub fn labels(&self) -> Labels {
        let run = ("run", self.facts.run.to_string());
        let name = self.facts.name.clone().map(|name| ("name", name));
        std::iter::once(run).chain(name).collect()
    }
}

/// Labels: names and values.
pub type Labels = Vec<(&'static str, String)>;

/// A value of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetricValue<'a> {
    /// A whole number.
    Whole(u64),
    /// Any number.
    Number(f64),
    /// A histogram.
    Spans(&'a Spans),
}

fn times(of: impl Fn(Series) -> Option<Spans>) -> BTreeMap<Series, Spans> {
    let all = Series::ALL.into_iter();
    all.filter_map(|series| Some((series, of(series)?)))
        .collect()
}

/// The moment, ns since the Unix epoch; 0 before it.
pub(crate) fn now_unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_hold_every_span() {
        assert_eq!((BOUNDS_NS[0], BOUNDS_NS[24]), (1_000, 100_000_000_000));
        assert!(BOUNDS_NS.is_sorted());
        let mut spans = Histogram::new();
        for micros in [1, 3, 3, 40, 5_000] {
            spans.record(Nanos::from_micros(micros));
        }
        spans.record(Nanos::from_secs(200));
        let spans = Spans::of(&spans).unwrap();
        let below = |bound: u64| {
            let at = BOUNDS_NS
                .iter()
                .position(|it| *it == bound * 1_000)
                .unwrap();
            spans.at_or_below[at]
        };
        assert_eq!((below(1), below(2), below(5)), (1, 1, 3));
        assert_eq!((below(20), below(50), below(5_000)), (3, 4, 5));
        assert_eq!(spans.at_or_below[24], 5, "200 s is above all bounds");
        assert_eq!(spans.count, 6);
        assert!((spans.sum_s - 200.005_047).abs() < 1e-9);
        assert_eq!(Spans::of(&Histogram::new()), None);
    }
}
