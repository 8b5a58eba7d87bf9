//! Batch means: how sure one run is of a percentile or a rate, although its samples depend on each
//! other.
//!
//! Latencies follow each other: one answer that waits in a queue makes the next one wait. An
//! interval of confidence that takes them for independent (ranks of order statistics, a binomial
//! distribution) is wrong half of the time; `truth` holds one up to show it. So the run is cut into
//! contiguous batches, and what varies from batch to batch says how much the whole may vary
//! (Schmeiser 1982; METHOD 5.3).
//!
//! Numbers in, numbers out: what of a document is asked for, and what is printed, is not known.

use std::ops::Range;

use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::nanos::Nanos;

use crate::{Interval, t_quantile};

/// Batches at least: with fewer, their spread is not known well enough.
pub const BATCHES: usize = 20;

/// Batches at least of a run that is still under way: Student's t of so few makes the interval wide.
pub const FEW: usize = 5;

/// With fewer effective samples above a quantile its upper end is not told: of samples that wait for
/// each other the spread itself is then known too badly (METHOD V9).
pub const LEAST_ABOVE: f64 = 15.0;
/// Clusters of samples above a quantile that are worth one independent sample: of a queue their
/// sizes vary as much as themselves.
const CLUSTER: f64 = 2.0;
/// Samples above its own quantile that a batch has at least where it tells of the quantile of all.
const OWN_ABOVE: f64 = 10.0;
/// Upper end over lower end from which an interval is wide: it says little of the value.
pub const WIDE: f64 = 1.5;

/// A sum over batches, and how it varies from one to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioEstimate {
    /// Sum of the numerators by that of the denominators.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// Batches behind it.
    pub batches: usize,
}

impl RatioEstimate {
    /// The ratio of two sums from their parts in each batch, `(numerator, denominator)`, with the
    /// standard error of the ratio estimator (Cochran, Sampling Techniques, section 2.11): batches
    /// need not be of one size. `None` of fewer than two batches or of nothing.
    #[must_use]
    pub fn of(parts: &[(f64, f64)]) -> Option<Self> {
        let numerators: f64 = parts.iter().map(|part| part.0).sum();
        let denominators: f64 = parts.iter().map(|part| part.1).sum();
        if parts.len() < 2 || denominators <= 0.0 {
            return None;
        }
        let value = numerators / denominators;
        let residuals = parts.iter().map(|(above, below)| above - value * below);
        let squares: f64 = residuals.map(|residual| residual.powi(2)).sum();
        let count = parts.len() as f64;
        let error = (squares * count / (count - 1.0)).sqrt() / denominators;
        let batches = parts.len();
        Some(Self {
            value,
            error,
            batches,
        })
    }

    /// Half the length of the interval of confidence at 95 %, by Student's t.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        self.error * t_quantile(0.975, (self.batches - 1) as f64)
    }

    /// The interval of confidence at 95 %.
    #[must_use]
    pub fn interval(&self) -> Interval {
        let half = self.half_width();
        Interval {
            low: self.value - half,
            high: self.value + half,
        }
    }
}

/// Knowledge of a run about one quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// The quantile of all samples, ns.
    pub value: f64,
    /// The interval of confidence at 95 %, ns. Its upper end is infinite where the truth may lie
    /// beyond all that was seen.
    pub interval: Interval,
    /// As many independent samples would tell as much.
    pub effective: f64,
    /// Batches behind it.
    pub batches: usize,
}

impl Quantile {
    /// The greater distance from the value to an end of the interval, as a share of the value;
    /// `None` of a value of zero.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        let below = self.value - self.interval.low;
        let above = self.interval.high - self.value;
        (self.value > 0.0).then(|| below.max(above) / self.value)
    }
}

/// The quantile `q` of the samples in `batches`, by exceedance batch means: the share of each batch
/// that lies at or below the quantile of all varies, that variation says how many independent
/// samples would tell as much, and the ends of the interval are the spans at the ranks that so many
/// leave open (METHOD 5.3). `pooled` holds all samples. `None` of fewer than [`FEW`] batches, or
/// without samples; a result takes [`BATCHES`].
///
/// The bin of the quantile is split so that exactly the share `q` lies below: spans that are all
/// the same are known exactly rather than vary by their bin.
#[must_use]
pub fn quantile(pooled: &Histogram, batches: &[Vec<&Sparse>], q: f64) -> Option<Quantile> {
    let seen = Exceedance::of(pooled, batches, q)?;
    // By the spread as it is: to take no less than that of independent samples would be too wide.
    let found = seen.quantile(pooled, seen.worth, q)?;
    Some(Quantile {
        interval: narrowed(found.interval, found.value, batches, q),
        ..found
    })
}

/// The same of several runs, each a batch, which together are worth `own` independent samples by what each
/// knows of itself: so few batches may agree by chance. As nobody chose runs for being alike, they tell no
/// more than independent samples would, and ends are where the ranks have them.
#[must_use]
pub fn quantile_of_runs(
    pooled: &Histogram,
    runs: &[Vec<&Sparse>],
    own: f64,
    q: f64,
) -> Option<Quantile> {
    let seen = Exceedance::of(pooled, runs, q)?;
    seen.quantile(pooled, seen.worth.min(seen.samples).min(own), q)
}

/// The samples above a quantile, batch by batch.
struct Exceedance {
    /// The quantile of all samples.
    value: Nanos,
    /// As many independent samples would vary as the batches do.
    worth: f64,
    samples: f64,
    batches: usize,
}

impl Exceedance {
    fn of(pooled: &Histogram, batches: &[Vec<&Sparse>], q: f64) -> Option<Self> {
        let value = pooled.quantile(q)?;
        if batches.len() < FEW {
            return None;
        }
        // A bin is named by its highest value.
        let bin = pooled.bins().find(|(highest, _)| *highest >= value)?.0;
        let counts: Vec<Around> = batches.iter().map(|batch| Around::of(batch, bin)).collect();
        let all = counts.iter().copied().fold(Around::default(), Around::plus);
        let within = if all.at > 0 {
            ((q * all.count as f64 - all.below as f64) / all.at as f64).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let parts: Vec<(f64, f64)> = counts
            .iter()
            .map(|around| {
                let below = around.below as f64 + within * around.at as f64;
                (below, around.count as f64)
            })
            .collect();
        let share = RatioEstimate::of(&parts)?;
        let worth = q * (1.0 - q) / share.error.powi(2);
        Some(Self {
            value,
            worth: worth.min(clusters_above(&parts) / CLUSTER / (1.0 - q)),
            samples: all.count as f64,
            batches: batches.len(),
        })
    }

    /// The quantile with the interval that so many independent samples leave open.
    fn quantile(&self, pooled: &Histogram, worth: f64, q: f64) -> Option<Quantile> {
        let effective = worth.min(self.samples);
        let mut ranks = ranks(q, worth, self.batches);
        if effective * (1.0 - q) < LEAST_ABOVE {
            ranks.high = 1.0;
        }
        let at = |share: f64| pooled.quantile(share).map(|span| span.0 as f64);
        let high = if ranks.high < 1.0 {
            at(ranks.high)?
        } else {
            f64::INFINITY
        };
        Some(Quantile {
            value: self.value.0 as f64,
            interval: Interval {
                low: at(ranks.low)?,
                high,
            },
            effective,
            batches: self.batches,
        })
    }
}

/// The number of clusters that the samples above a quantile come in, by how many batches have none
/// (the blocks estimator: Smith and Weissman 1994); infinite where each has some. `parts` are
/// samples at or below it and all samples, by batch.
fn clusters_above(parts: &[(f64, f64)]) -> f64 {
    let without = parts
        .iter()
        .filter(|(below, all)| all - below < 0.5)
        .count();
    let batches = parts.len() as f64;
    batches * (batches / without as f64).ln()
}

/// The shares between which that of the quantile `q` lies with 95 %, by the score interval of
/// Wilson for as many independent samples, with Student's t of the batches behind their number
/// (Korn and Graubard 1998).
fn ranks(q: f64, effective: f64, batches: usize) -> Interval {
    let t = t_quantile(0.975, (batches - 1) as f64);
    let weight = t.powi(2) / effective;
    let center = (q + weight / 2.0) / (1.0 + weight);
    let half = (weight * (q * (1.0 - q) + weight / 4.0)).sqrt() / (1.0 + weight);
    Interval {
        low: (center - half).max(0.0),
        high: center + half,
    }
}

/// An interval by ranks that is wide, narrowed to where the quantiles of the batches lie: when the
/// level moves a little all samples of a batch move with it, and ranks then tell far less than the
/// spans themselves. Batches without enough samples of their own above the quantile tell nothing.
fn narrowed(by_ranks: Interval, value: f64, batches: &[Vec<&Sparse>], q: f64) -> Interval {
    if by_ranks.high <= by_ranks.low * WIDE {
        return by_ranks;
    }
    let (mut least, mut most) = (value, value);
    for batch in batches {
        let mut spans = Histogram::new();
        for slice in batch {
            slice.add_to(&mut spans);
        }
        let above = spans.count() as f64 * (1.0 - q);
        let Some(own) = spans.quantile(q).filter(|_| above >= OWN_ABOVE) else {
            return by_ranks;
        };
        least = least.min(own.0 as f64);
        most = most.max(own.0 as f64);
    }
    Interval {
        low: by_ranks.low.max(least),
        high: by_ranks.high.min(most),
    }
}

/// Samples of a batch around a span: below its bin, in its bin, and all.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    below: u64,
    at: u64,
    count: u64,
}

impl Around {
    /// Samples of a batch around the bin whose highest value is `bin`.
    fn of(batch: &[&Sparse], bin: Nanos) -> Self {
        let mut around = Self::default();
        for slice in batch {
            around.count += slice.count();
            for (highest, count) in slice.bins().take_while(|(highest, _)| *highest <= bin) {
                let part = if highest < bin {
                    &mut around.below
                } else {
                    &mut around.at
                };
                *part += count;
            }
        }
        around
    }

    fn plus(self, other: Self) -> Self {
        Self {
            below: self.below + other.below,
            at: self.at + other.at,
            count: self.count + other.count,
        }
    }
}

/// Puts contiguous slices of a window together to batches of nearly one length, between
/// [`BATCHES`] and twice as many; each batch as the range of its slices. `lengths` are those of the
/// slices. `None` where there are fewer slices than batches are needed.
///
/// A last slice of less than half the usual length, where the window closed, is part of the one
/// before: by itself it would be a batch like the others.
#[must_use]
pub fn grouped(lengths: &[f64]) -> Option<Vec<Range<usize>>> {
    let usual = super::median(lengths)?;
    let is_stub = lengths.last().is_some_and(|last| *last < usual / 2.0);
    let whole = lengths.len() - usize::from(is_stub);
    if whole < BATCHES {
        return None;
    }
    let batches = whole / (whole / BATCHES);
    let border = |number: usize| match number {
        last if last == batches => lengths.len(),
        number => number * whole / batches,
    };
    Some(
        (0..batches)
            .map(|number| border(number)..border(number + 1))
            .collect(),
    )
}

/// The batches of a window as [`grouped`] puts them together, or each slice as one where there are not
/// enough: Student's t of so few makes intervals wide. `None` of fewer than [`FEW`].
#[must_use]
pub fn grouped_or_each(lengths: &[f64]) -> Option<Vec<Range<usize>>> {
    let each = (0..lengths.len()).map(|slice| slice..slice + 1);
    grouped(lengths).or_else(|| (lengths.len() >= FEW).then(|| each.collect()))
}

#[cfg(test)]
mod tests;
