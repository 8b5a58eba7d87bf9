//! How often intervals of confidence hold the truth: V9.

use statrs::distribution::{Binomial, DiscreteCDF};
use wsbench_experiment::repeat::repeat;
use wsbench_judge::repetition::repeated;
use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Queue, ServiceTime};
use wsbench_stats::Interval;
use wsbench_stats::batches::{BATCHES, quantile, quantile_of_runs};

use super::{percent, two_deviations};
use crate::finding::{Experiment, Finding, Tolerance};
use crate::formula;
use crate::simulated::server;

/// Mean service time, ns.
const SERVICE_NS: f64 = 100_000.0;
/// The percentile whose intervals are looked at.
const Q: f64 = 0.99;

pub(super) fn all() -> Vec<Experiment> {
    let mut all = vec![independent(), queue()];
    all.extend(printed());
    all.push(between_runs());
    all.extend(runs_together());
    all
}

/// Experiment with independent samples: both formulas are right.
fn independent() -> Experiment {
    let (series, samples) = (1_000, 20_000);
    let coverage = Coverage::of(0.0, series, samples);
    let share = |name: &str, held: u32| {
        let tolerance = Tolerance::By(two_deviations(series, 0.95));
        Finding::new(name, 95.0, tolerance, percent(held, series))
    };
    Experiment {
        id: "V9",
        title: "intervals of p99, 1,000 series of 20,000 independent samples".into(),
        formula: "95 % of them hold −ln(0.01)·s",
        findings: vec![
            share("by batches, % that hold it", coverage.by_batches),
            share(
                "by ranks of independent samples, % that hold it",
                coverage.by_ranks,
            ),
        ],
    }
}

/// Experiment in which one waits for the other: only the batches' is right; how wrong the other one
/// is, is known.
fn queue() -> Experiment {
    let (series, samples, load) = (300, 60_000, 0.5);
    let coverage = Coverage::of(load, series, samples);
    let dependence = formula::mm1_dependence(Q, load);
    let as_if_independent = formula::coverage_as_if_independent(dependence);
    Experiment {
        id: "V9",
        title: "intervals of p99, 300 series of 60,000 messages of M/M/1, ρ = 0.5".into(),
        formula: "n_eff = n/d, d = 1 + 4ρ/(1 − ρ)²·(1 + p ln p/(1 − p)), p = 0.01; by ranks \
                  2Φ(1.96/√d) − 1",
        findings: vec![
            Finding::new(
                "by batches, % that hold it",
                92.0,
                Tolerance::AtLeast,
                percent(coverage.by_batches, series),
            ),
            Finding::new(
                "effective samples, harmonic mean",
                samples as f64 / dependence,
                Tolerance::Share(0.10),
                coverage.effective,
            ),
            Finding::new(
                "by ranks, as if independent, % that hold it",
                100.0 * as_if_independent,
                Tolerance::By(two_deviations(series, as_if_independent)),
                percent(coverage.by_ranks, series),
            ),
        ],
    }
}

/// The intervals that stand behind the percentiles that are printed, of samples that are independent,
/// that wait for each other, and of which the slow ones come in bursts.
fn printed() -> Vec<Experiment> {
    let (series, samples) = (300, 60_000);
    let sources = [
        (
            "independent",
            "−ln(1 − q)·s",
            95.0,
            LatencySource::new(0.0, 0x7072_696e),
        ),
        (
            "M/M/1, ρ = 0.5",
            "−ln(1 − q)·s/(1 − ρ)",
            95.0,
            LatencySource::new(0.5, 0x7465_6421),
        ),
        (
            "bursts: 2 % take 40 times as long, 50 on end on average",
            "q = 0.98·(1 − e^(−x/s)) + 0.02·(1 − e^(−x/40s))",
            // A burst a batch: their spread is skewed, and Student's t is not made for that.
            92.5,
            LatencySource::bursts(0x6275_7273),
        ),
    ];
    let sources = sources.into_iter();
    let experiments = sources.map(|(name, formula, share, mut source)| {
        let held = held(&mut source, series, samples);
        let findings = held.into_iter().map(|(q, held)| {
            Finding::new(
                format!("{}, % that hold it", crate::simulated::called(q)),
                share - two_deviations(series, 0.95),
                Tolerance::AtLeast,
                percent(held, series),
            )
        });
        Experiment {
            id: "V9",
            title: format!("intervals as printed, {series} series of 60,000 samples, {name}"),
            formula,
            findings: findings.collect(),
        }
    });
    experiments.collect()
}

/// All samples of a series, and its slices as batches of their own.
fn in_batches(slices: &[Sparse]) -> (Histogram, Vec<Vec<&Sparse>>) {
    let mut pooled = Histogram::new();
    for slice in slices {
        slice.add_to(&mut pooled);
    }
    (pooled, slices.iter().map(|slice| vec![slice]).collect())
}

/// How often, of so many series, the intervals of the percentiles that are quoted hold the truth.
fn held(source: &mut LatencySource, series: u32, samples: usize) -> Vec<(f64, u32)> {
    let mut held: Vec<(f64, u32)> = [0.5, 0.9, 0.99, 0.999].map(|q| (q, 0)).into();
    for _ in 0..series {
        let slices = source.slices(samples);
        let (pooled, batches) = in_batches(&slices);
        for (q, held) in &mut held {
            let found = quantile(&pooled, &batches, *q);
            let truth = source.quantile_ns(*q);
            *held += u32::from(found.is_some_and(|found| found.interval.contains(truth)));
        }
    }
    held
}

/// The interval that is published: between runs, each a sample by itself.
fn between_runs() -> Experiment {
    let (repetitions, runs) = (100, 5);
    let held = (0..repetitions).filter(|seed| {
        let plan = PlanSpec::against(target("a"))
            .with(|spec| {
                spec.stop = StopRule::Messages(300);
                spec.seed = 100 + u64::from(*seed);
            })
            .check()
            .expect("a plan of our own making is right");
        let service = ServiceTime::Exponential(Nanos::from_millis(1));
        let mut runner = Simulated::new([("a", server(service, Queue::Fifo))]);
        let documents = repeat(&mut runner, &plan, runs).expect("a healthy server can be measured");
        let repetition = repeated(documents, runs).expect("runs of one plan are alike");
        let mut figures = repetition.figures.iter();
        let rate = figures.find(|figure| figure.name == "messages_per_s");
        let ends = rate.and_then(|rate| rate.low.zip(rate.high));
        // A message takes 1 ms on average, and 100 ns each way.
        ends.is_some_and(|(low, high)| Interval { low, high }.contains(1e6 / 1_000.2))
    });
    let held = held.count() as u32;
    Experiment {
        id: "V9",
        title: format!(
            "intervals of the rate between {runs} runs of 300 messages, exponential service of \
             1 ms; {repetitions} times"
        ),
        formula: "95 % of them hold 1/s",
        findings: vec![Finding::new(
            "% that hold it",
            95.0,
            Tolerance::By(two_deviations(repetitions, 0.95)),
            percent(held, repetitions),
        )],
    }
}

/// The interval of a percentile for which one run has too few samples, over those of all runs: the runs are
/// the batches. Few as the samples are, it may be open above.
fn runs_together() -> Vec<Experiment> {
    let repetitions = 300;
    let sources = [
        ("independent", 10, 600, 0.0),
        ("M/M/1, ρ = 0.3", 10, 1_200, 0.3),
        ("M/M/1, ρ = 0.5", 10, 1_200, 0.5),
        ("M/M/1, ρ = 0.8", 5, 1_200, 0.8),
    ];
    let experiments = sources.map(|(name, runs, samples, load)| {
        let mut source = LatencySource::new(load, 0x706f_6f6c);
        let truth = source.quantile_ns(Q);
        let held = (0..repetitions).filter(|_| {
            let made: Vec<(Sparse, f64)> = (0..runs).map(|_| source.run(samples)).collect();
            let own = made.iter().map(|(_, own)| own).sum();
            let of_runs: Vec<Sparse> = made.into_iter().map(|(run, _)| run).collect();
            let (pooled, batches) = in_batches(&of_runs);
            let found = quantile_of_runs(&pooled, &batches, own, Q);
            found.is_some_and(|found| found.interval.contains(truth))
        });
        let held = held.count() as u32;
        Experiment {
            id: "V9",
            title: format!(
                "intervals of p99 over {runs} runs of {samples} samples together, {name}; \
                 {repetitions} times"
            ),
            formula: "−ln(0.01)·s/(1 − ρ)",
            findings: vec![Finding::new(
                "% that hold it",
                95.0 - two_deviations(repetitions, 0.95),
                Tolerance::AtLeast,
                percent(held, repetitions),
            )],
        }
    });
    experiments.into()
}

/// Number of series, of so many, in which the interval of the percentile held the truth.
struct Coverage {
    /// By batches: the instrument's own.
    by_batches: u32,
    /// By the order statistics of samples that are taken for independent.
    by_ranks: u32,
    /// Effective samples by batches, the harmonic mean over the series.
    effective: f64,
}

impl Coverage {
    fn of(load: f64, series: u32, samples: usize) -> Self {
        let mut source = LatencySource::new(load, 0x7761_7368);
        let truth = source.quantile_ns(Q);
        let ranks = independent_ranks(samples as u64, Q);
        let (mut by_batches, mut by_ranks, mut reciprocals) = (0, 0, 0.0);
        for _ in 0..series {
            let slices = source.slices(samples);
            let (pooled, batches) = in_batches(&slices);
            let at = |rank: u64| {
                let span = pooled.quantile(rank as f64 / samples as f64);
                span.map_or(f64::NAN, |span| span.0 as f64)
            };
            let (low, high) = (at(ranks.0), at(ranks.1));
            by_ranks += u32::from(Interval { low, high }.contains(truth));
            if let Some(found) = quantile(&pooled, &batches, Q) {
                by_batches += u32::from(found.interval.contains(truth));
                reciprocals += 1.0 / found.effective;
            }
        }
        Self {
            by_batches,
            by_ranks,
            effective: f64::from(series) / reciprocals,
        }
    }
}

/// Latencies of a server, ns, of which the percentiles are known.
struct LatencySource {
    random: fastrand::Rng,
    /// Load of a single queue with exponential service times; zero without a queue.
    load: f64,
    wait: f64,
    /// Samples that are left of a burst; `None` of a source without bursts.
    burst: Option<u32>,
}

/// Of a source with bursts: the share of samples in them, their mean number of samples, and how many
/// times as long these take.
const BURSTS: (f64, f64, f64) = (0.02, 50.0, 40.0);

impl LatencySource {
    fn new(load: f64, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let mut source = Self {
            random,
            load,
            wait: 0.0,
            burst: None,
        };
        for _ in 0..2_000 {
            source.next_ns();
        }
        source
    }

    fn bursts(seed: u64) -> Self {
        Self {
            burst: Some(0),
            ..Self::new(0.0, seed)
        }
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.random.f64()).ln() * mean
    }

    /// The next latency by Lindley's recursion: waiting for those before, and one's own service.
    fn next_ns(&mut self) -> f64 {
        let service = self.exponential(SERVICE_NS);
        if let Some(left) = self.burst {
            return self.next_of_bursts(service, left);
        }
        let response = self.wait + service;
        if self.load > 0.0 {
            let gap = self.exponential(SERVICE_NS / self.load);
            self.wait = (response - gap).max(0.0);
        }
        response
    }

    fn next_of_bursts(&mut self, service: f64, left: u32) -> f64 {
        let (share, length, factor) = BURSTS;
        if left > 0 {
            self.burst = Some(left - 1);
            return service * factor;
        }
        // So often a burst begins that they take their share.
        if self.random.f64() < share / (1.0 - share) / length {
            self.burst = Some(self.exponential(length).round() as u32);
        }
        service
    }

    /// A run of so many, after as long as it takes to know nothing of the run before, and as many independent
    /// ones as it takes itself to be worth.
    fn run(&mut self, samples: usize) -> (Sparse, f64) {
        for _ in 0..2_000 {
            self.next_ns();
        }
        let slices = self.slices(samples);
        let (spans, batches) = in_batches(&slices);
        let own = quantile(&spans, &batches, Q).map_or(0.0, |found| found.effective);
        (Sparse::of(&spans), own)
    }

    /// The next so many in as many slices as there are batches.
    fn slices(&mut self, samples: usize) -> Vec<Sparse> {
        let mut slice = || {
            let mut spans = Histogram::new();
            for _ in 0..samples / BATCHES {
                spans.record(Nanos(self.next_ns() as u64));
            }
            Sparse::of(&spans)
        };
        (0..BATCHES).map(|_| slice()).collect()
    }

    /// The true quantile: sources are exponential, the queue's with a longer mean, that of bursts a
    /// mixture of two.
    fn quantile_ns(&self, q: f64) -> f64 {
        if self.burst.is_none() {
            return SERVICE_NS * formula::mm1_quantile(q, self.load);
        }
        let (share, _, factor) = BURSTS;
        let above = |x: f64| (1.0 - share) * (-x).exp() + share * (-x / factor).exp();
        let (mut low, mut high) = (0.0, 1e4);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if above(middle) > 1.0 - q {
                low = middle;
            } else {
                high = middle;
            }
        }
        SERVICE_NS * low
    }
}

/// The ranks of the order statistics between which the quantile of independent samples lies with
/// 95 % (Hahn and Meeker). Here, and nowhere else, to be seen failing.
fn independent_ranks(count: u64, q: f64) -> (u64, u64) {
    let below = Binomial::new(q, count).expect("a quantile is a probability");
    let high = below.inverse_cdf(0.975) + 1;
    let low = below.inverse_cdf(0.025);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_independent_samples_are_those_of_the_table() {
        for (count, q, low, high) in [
            (1_000, 0.5, 469, 532),
            (10_000, 0.99, 9_880, 9_920),
            (100_000, 0.999, 99_880, 99_920),
        ] {
            let (from, to) = independent_ranks(count, q);
            assert!(
                from.abs_diff(low) <= 1 && to.abs_diff(high) <= 1,
                "{from}–{to}"
            );
        }
    }
}
