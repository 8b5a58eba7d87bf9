//! How sure one run is of its own figures, by the slices of its window.
//!
//! The statistics are `stats::batches`; here stands what of them a document keeps. They are of one
//! run: of what a restart of the server changes they know nothing.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::result;
use wsbench_load::series::Series;
use wsbench_stats::batches::{self, RatioEstimate};

use super::percentile::Percentile;

/// Confidence of one run in a percentile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confidence {
    /// As many independent samples would tell as much of it.
    pub n_eff: f64,
    /// The lower end of the interval of confidence at 95 %, ns; absent in older documents where too
    /// few effective samples lay above the percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<u64>,
    /// The upper end, ns; absent where the percentile may lie beyond all that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<u64>,
}

/// Confidence of one run in its percentiles, by exceedance batch means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Confidences {
    /// Batches that the window was cut into.
    pub batches: u32,
    /// Of the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<Confidence>,
    /// Of the 75th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p75: Option<Confidence>,
    /// Of the 90th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<Confidence>,
    /// Of the 95th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<Confidence>,
    /// Of the 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<Confidence>,
    /// Of the 99.9th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_9: Option<Confidence>,
    /// Of the 99.99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_99: Option<Confidence>,
}

impl Confidences {
    /// Of a percentile; `None` where it was not looked at.
    #[must_use]
    pub fn at(&self, percentile: Percentile) -> Option<Confidence> {
        match percentile {
            Percentile::P50 => self.p50,
            Percentile::P75 => self.p75,
            Percentile::P90 => self.p90,
            Percentile::P95 => self.p95,
            Percentile::P99 => self.p99,
            Percentile::P99_9 => self.p99_9,
            Percentile::P99_99 => self.p99_99,
        }
    }

    /// From the times of a series in the slices of a run; `None` where they are too few for batches: what
    /// fewer would say of how much samples depend on each other is mostly chance, and much is judged by it.
    pub(super) fn of(slices: &[result::WindowSlice], series: Series) -> Option<Self> {
        let spans = times_of(slices, series)?;
        let ranges = batches::grouped(&lengths(slices))?;
        Self::of_batches(&batched(&spans, ranges))
    }

    /// The same of a run that is still under way, of which each slice is a batch until there are
    /// enough of them; `None` where they are too few for that as well.
    #[must_use]
    pub fn so_far(slices: &[result::WindowSlice], series: Series) -> Option<Self> {
        let spans = times_of(slices, series)?;
        let ranges = batches::grouped_or_each(&lengths(slices))?;
        Self::of_batches(&batched(&spans, ranges))
    }

    /// From the slices of each batch; `None` where the batches are too few.
    pub(super) fn of_batches(batches: &[Vec<&Sparse>]) -> Option<Self> {
        if batches.len() < batches::FEW {
            return None;
        }
        let mut pooled = Histogram::new();
        for slice in batches.iter().flatten() {
            slice.add_to(&mut pooled);
        }
        let found = Percentile::ALL.map(|percentile| {
            let found = batches::quantile(&pooled, batches, percentile.share())?;
            let bounds = found.interval;
            Some(Confidence {
                n_eff: found.effective,
                low: Some(bounds.low as u64),
                high: bounds.high.is_finite().then_some(bounds.high as u64),
            })
        });
        let [p50, p75, p90, p95, p99, p99_9, p99_99] = in_order(found);
        (!pooled.is_empty()).then_some(Self {
            batches: batches.len() as u32,
            p50,
            p75,
            p90,
            p95,
            p99,
            p99_9,
            p99_99,
        })
    }
}

/// Intervals of rising percentiles, each with what its neighbours know: a percentile lies neither
/// above a higher one nor below a lower one. So one that is known has no gap below it.
fn in_order<const N: usize>(mut found: [Option<Confidence>; N]) -> [Option<Confidence>; N] {
    let mut most = None;
    for known in found.iter_mut().rev().flatten() {
        known.high = known.high.into_iter().chain(most).min();
        most = known.high;
    }
    let mut least = None;
    for known in found.iter_mut().flatten() {
        known.low = known.low.max(least);
        least = known.low;
    }
    found
}

/// Slices put together to batches.
fn batched<'a>(slices: &[&'a Sparse], ranges: Vec<Range<usize>>) -> Vec<Vec<&'a Sparse>> {
    let ranges = ranges.into_iter();
    ranges.map(|range| slices[range].to_vec()).collect()
}

/// Confidence of one run in its rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateConfidence {
    /// The lower end of the interval of confidence at 95 %, a second.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl RateConfidence {
    /// From what was received in each slice; `None` where they are too few.
    pub(super) fn of(slices: &[result::WindowSlice]) -> Option<Self> {
        let found = rate(slices)?;
        let interval = found.interval();
        Some(Self {
            low: interval.low.max(0.0),
            high: interval.high,
        })
    }
}

/// The rate of a window from its slices, with its error; `None` of fewer slices than make batches.
#[must_use]
pub fn rate(slices: &[result::WindowSlice]) -> Option<RatioEstimate> {
    let ranges = batches::grouped(&lengths(slices))?;
    let parts: Vec<(f64, f64)> = ranges
        .into_iter()
        .map(|range| {
            let batch = &slices[range];
            let received: u64 = batch.iter().map(|slice| slice.received).sum();
            let length: f64 = batch.iter().map(|slice| slice.length.as_secs_f64()).sum();
            (received as f64, length)
        })
        .collect();
    RatioEstimate::of(&parts)
}

/// A quantile of the times of a series that slices have; `None` of fewer slices than
/// make batches, or without samples.
#[must_use]
pub fn quantile(
    slices: &[result::WindowSlice],
    series: Series,
    q: f64,
) -> Option<batches::Quantile> {
    let spans = times_of(slices, series)?;
    let batches = batched(&spans, batches::grouped(&lengths(slices))?);
    let mut pooled = Histogram::new();
    for slice in spans {
        slice.add_to(&mut pooled);
    }
    batches::quantile(&pooled, &batches, q)
}

/// The times of a series by slice; `None` of one that slices do not have.
fn times_of(slices: &[result::WindowSlice], series: Series) -> Option<Vec<&Sparse>> {
    let times = slices.iter().map(|slice| slice.times.get(series));
    times.collect()
}

/// The lengths of slices, s.
fn lengths(slices: &[result::WindowSlice]) -> Vec<f64> {
    let lengths = slices.iter().map(|slice| slice.length.as_secs_f64());
    lengths.collect()
}
