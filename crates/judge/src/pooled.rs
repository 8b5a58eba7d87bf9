//! A percentile over the samples of several runs of which not each has enough for one of its own.
//!
//! Messages of a run depend on each other, and a run has a value of its own, so all of them together are no
//! sample of so many. The runs are the batches: by how much the share of each varies that lies at or below
//! the percentile of all says how far that may be off, as slices of the window say it within a run
//! (METHOD 5.3). Where what is left open reaches beyond all that was seen, only a lower end is known.

use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_record::document::{Distribution, Document, Percentile};
use wsbench_stats::batches::{self, Quantile};
use wsbench_stats::runs::{self, Ratio};

use crate::figure::{Figure, Statistic};

/// The figure over the samples of all runs; `None` where it is no percentile of times, of fewer than
/// [`batches::FEW`] runs, where one has no histogram, or messages that were never answered.
#[must_use]
pub(crate) fn over_runs(figure: Figure, runs: &[Document]) -> Option<Quantile> {
    let (Some(Statistic::At(percentile)), Some(series)) = (figure.point(), figure.series()) else {
        return None;
    };
    let spans = runs.iter().map(|run| {
        let spans = run.at(series);
        spans.histogram().filter(|_| spans.censored == 0)
    });
    let own = runs.iter().map(|run| effective(run.at(series), percentile));
    of_histograms(&spans.collect::<Option<Vec<_>>>()?, own.sum(), percentile)
}

/// As many independent samples would tell as much of a percentile, by what a run knows of itself: where it
/// knows nothing, as many as there are.
pub(crate) fn effective(spans: &Distribution, percentile: Percentile) -> f64 {
    let known = spans.confidence(percentile).map(|known| known.n_eff);
    known.unwrap_or(spans.count as f64)
}

/// The figure over the samples of all runs of either side, and the second by the first; `None` where one of
/// them is not known from both sides.
#[must_use]
pub(crate) fn compared(
    figure: Figure,
    a: &[Document],
    b: &[Document],
) -> Option<(f64, f64, Ratio)> {
    let (a, b) = (over_runs(figure, a)?, over_runs(figure, b)?);
    let is_known = a.interval.high.is_finite() && b.interval.high.is_finite();
    let freedom = (a.batches.min(b.batches) - 1) as f64;
    let ratio = runs::of_intervals((a.value, a.interval), (b.value, b.interval), freedom);
    Some((a.value, b.value, ratio.filter(|_| is_known)?))
}

/// The percentile of all samples of some runs, by the histogram of each, which are worth `own` independent
/// samples by what each run knows of itself; `None` of fewer than [`batches::FEW`], or without samples.
#[must_use]
pub(crate) fn of_histograms(
    runs: &[Histogram],
    own: f64,
    percentile: Percentile,
) -> Option<Quantile> {
    let mut all = Histogram::new();
    for run in runs {
        all.merge(run);
    }
    let parts: Vec<Sparse> = runs.iter().map(Sparse::of).collect();
    let parts: Vec<Vec<&Sparse>> = parts.iter().map(|part| vec![part]).collect();
    batches::quantile_of_runs(&all, &parts, own, percentile.share())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_load::nanos::Nanos;

    /// A run of spans around a level, one of a hundred of which is ten times as long.
    fn run(level: u64, count: u64) -> Histogram {
        let mut spans = Histogram::new();
        for at in 0..count {
            let times = if at % 50 == 7 { 10 + at % 7 } else { 1 };
            spans.record(Nanos(level * times + at % 13));
        }
        spans
    }

    #[test]
    fn runs_together_know_what_none_knows_by_itself() {
        let runs: Vec<Histogram> = (0..10).map(|at| run(1_000 + at, 400)).collect();
        let pooled = of_histograms(&runs, 4_000.0, Percentile::P99).unwrap();
        assert_eq!(pooled.batches, 10);
        let ends = pooled.interval;
        assert!(ends.low <= pooled.value && pooled.value <= ends.high && ends.high < 17_000.0);
        // What the runs know of themselves outweighs how well they agree.
        let pooled = of_histograms(&runs, 1_000.0, Percentile::P99).unwrap();
        assert_eq!(pooled.interval.high, f64::INFINITY);
    }

    #[test]
    fn runs_that_differ_leave_the_upper_end_open() {
        let mut runs: Vec<Histogram> = (0..9).map(|_| run(1_000, 100)).collect();
        runs.push(run(50_000, 100));
        let pooled = of_histograms(&runs, 1e9, Percentile::P99).unwrap();
        assert_eq!(pooled.interval.high, f64::INFINITY, "{pooled:?}");
        assert!(pooled.interval.low > 1_000.0);
    }

    #[test]
    fn few_runs_tell_nothing_together() {
        let runs: Vec<Histogram> = (0..4).map(|_| run(1_000, 400)).collect();
        assert_eq!(of_histograms(&runs, 1e9, Percentile::P99), None);
    }
}
