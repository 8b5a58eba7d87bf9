//! The times of a run in batches, from the slices that its document keeps.

use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::series::Series;
use wsbench_stats::batches;

use super::confidence::Confidences;
use super::slice::Slice;

/// The times of a series in the batches of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batches(Vec<Vec<Sparse>>);

impl Batches {
    /// From a document's slices, of which each is a batch where they are few: of several runs together there
    /// may be enough. None where they are too few for that as well.
    #[must_use]
    pub fn of(slices: &[Slice], series: Series) -> Self {
        let lengths: Vec<f64> = slices.iter().map(|slice| slice.length_s).collect();
        let Some(ranges) = batches::grouped_or_each(&lengths) else {
            return Self::default();
        };
        let spans = |slice: &Slice| Sparse::of(&slice.at(series).unwrap_or_default());
        let ranges = ranges.into_iter();
        Self(
            ranges
                .map(|range| slices[range].iter().map(spans).collect())
                .collect(),
        )
    }

    /// What the run knows of the quantile `q` of these times, whose histogram is `pooled`; `None` where the
    /// batches are too few.
    #[must_use]
    pub fn quantile(&self, pooled: &Histogram, q: f64) -> Option<batches::Quantile> {
        let batches = self.0.iter().map(|batch| batch.iter().collect());
        let batches: Vec<Vec<&Sparse>> = batches.collect();
        let has_enough = batches.len() >= batches::BATCHES;
        has_enough.then(|| batches::quantile(pooled, &batches, q))?
    }

    /// What several runs of one kind know of their percentiles together: what lies between runs is in it as
    /// far as they were made. `None` where their batches are too few.
    #[must_use]
    pub fn confidences(runs: &[Self]) -> Option<Confidences> {
        let batches = runs.iter().flat_map(|run| &run.0);
        let batches: Vec<Vec<&Sparse>> = batches.map(|batch| batch.iter().collect()).collect();
        let has_enough = batches.len() >= batches::BATCHES;
        has_enough.then(|| Confidences::of_batches(&batches))?
    }
}
