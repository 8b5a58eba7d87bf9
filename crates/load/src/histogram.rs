//! A histogram of time spans: what is recorded a million times a second.
//!
//! Its bins are HdrHistogram's with the bounds and the precision fixed for the whole project, so
//! that any two of ours can be merged by adding counts (Tene, HdrHistogram: merging is exact when
//! the bounds are equal), with exact extremes and an exact mean beside the bins. Counts are kept
//! in pages that are made when they are first needed; the crate `hdrhistogram` writes and reads
//! its encoding, and is what tests hold the bins against. It is not a summary: percentiles are
//! asked of it, never averaged.

use std::fmt;
use std::ops::RangeInclusive;

use crate::nanos::Nanos;

mod bin;
mod pages;
mod sparse;
mod v2;

#[cfg(test)]
mod tests;

use bin::{Bin, PAGES};
use pages::Pages;

pub use pages::Spares;
pub use sparse::{NoHistogram, Sparse};

/// Lowest value told apart from zero, ns.
pub const LOWEST_NS: u64 = 1;
/// Highest value that must have a bin of its own, ns: one hour. Spans beyond its octave are
/// counted in its bin; their exact maximum is still kept.
pub const HIGHEST_NS: u64 = 3_600_000_000_000;
/// Significant decimal digits: a quantile is off by at most 0.1 % of its value.
pub const DIGITS: u8 = 3;

/// Time spans counted in bins of three significant digits, 1 ns to one hour.
///
/// ```
/// use wsbench_load::{histogram::Histogram, nanos::Nanos};
/// let mut spans = Histogram::new();
/// for micros in 1..=100 {
///     spans.record(Nanos::from_micros(micros));
/// }
/// assert_eq!(spans.count(), 100);
/// assert_eq!(spans.max(), Some(Nanos::from_micros(100)));
/// let median = spans.quantile(0.5).unwrap().0 as f64;
/// assert!((median / 50_000.0 - 1.0).abs() < 0.001);
/// assert_eq!(Histogram::new().quantile(0.5), None, "no samples is not zero");
/// ```
pub struct Histogram {
    /// Counts; pages below that of `min` and above that of `max` hold none.
    pages: Pages,
    count: u64,
    /// Sum of all spans, ns. `u128` cannot overflow in the life of a run.
    sum: u128,
    min: u64,
    max: u64,
}

impl Histogram {
    /// An empty histogram; it allocates nothing before the first span.
    #[must_use]
    pub fn new() -> Self {
        Self {
            pages: Pages::new(),
            count: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }

    /// Counts one span.
    #[inline]
    pub fn record(&mut self, span: Nanos) {
        self.record_n(span, 1);
    }

    /// Counts `count` spans of the same length. The first span of an octave makes its page,
    /// 8 KiB, which stays.
    #[inline]
    pub fn record_n(&mut self, span: Nanos, count: u64) {
        self.record_by(span, count, &mut Spares::none());
    }

    /// As [`Self::record_n`]; a page that is not there yet is one of `spares`.
    #[inline]
    pub fn record_by(&mut self, span: Nanos, count: u64, spares: &mut Spares) {
        self.pages.add(span.0, count, spares);
        self.count = self.count.saturating_add(count);
        self.sum += u128::from(span.0) * u128::from(count);
        self.min = self.min.min(span.0);
        self.max = self.max.max(span.0);
    }

    /// Number of pages, of 8 KiB each, that it has made so far.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.number()
    }

    /// Adds every count of `other`: exact, in any order. Touches the pages that `other` fills.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        // No bin counts more than there are spans.
        let whole = self.count.checked_add(other.count);
        let add = match whole {
            Some(_) => pages::add,
            None => pages::add_saturating,
        };
        self.pages.merge(&other.pages, other.reach(), add);
        self.count = whole.unwrap_or(u64::MAX);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets every span; keeps the memory. Touches the pages that are filled.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.pages.clear(self.reach());
        }
        self.count = 0;
        (self.sum, self.min, self.max) = (0, u64::MAX, 0);
    }

    /// The pages between the extremes.
    fn reach(&self) -> RangeInclusive<usize> {
        let page = |value| Bin::of(value).page().min(PAGES - 1);
        page(self.min)..=page(self.max)
    }

    /// Spans counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// True if nothing has been counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The shortest span, exact; `None` without samples.
    #[must_use]
    pub fn min(&self) -> Option<Nanos> {
        (!self.is_empty()).then_some(Nanos(self.min))
    }

    /// The longest span, exact; `None` without samples.
    #[must_use]
    pub fn max(&self) -> Option<Nanos> {
        (!self.is_empty()).then_some(Nanos(self.max))
    }

    /// The sum of all spans, ns, exact.
    #[must_use]
    pub fn sum_ns(&self) -> u128 {
        self.sum
    }

    /// The arithmetic mean in ns, exact; `None` without samples.
    #[must_use]
    pub fn mean_ns(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum as f64 / self.count() as f64)
    }

    /// The standard deviation in ns, to the precision of a bin; `None` without samples.
    #[must_use]
    pub fn stdev_ns(&self) -> Option<f64> {
        if self.is_empty() {
            return None;
        }
        let n = self.count as f64;
        let filled = || {
            let filled = self.filled();
            filled.map(|(bin, count)| (bin.middle() as f64, count as f64))
        };
        // In HdrHistogram's order of operations, so that it is the same to the last digit.
        let mean = filled().fold(0.0, |sum, (middle, count)| sum + middle * count / n);
        let squares = filled().fold(0.0, |sum, (middle, count)| {
            let deviation = middle - mean;
            sum + deviation * deviation * count
        });
        Some((squares / n).sqrt())
    }

    /// The span that a share `q` of all spans does not exceed, `0.0..=1.0`; `None` without
    /// samples. Never above the exact maximum nor below the exact minimum.
    ///
    /// The rank is `⌈q·n⌉` with a guard against binary fractions: `0.07 × 100` must be rank 7,
    /// not 8.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        if self.is_empty() {
            return None;
        }
        let n = self.count as f64;
        let rank = (q * n - 1e-9 * n).ceil().clamp(1.0, n) as u64;
        let mut upto = 0_u64;
        let reached = self.filled().find(|(_, count)| {
            upto = upto.saturating_add(*count);
            upto >= rank
        });
        let value = reached.map_or(self.max, |(bin, _)| bin.highest());
        Some(Nanos(value.clamp(self.min, self.max)))
    }

    /// Spans at or below `value`, to the precision of a bin.
    #[must_use]
    pub fn count_at_or_below(&self, value: Nanos) -> u64 {
        let last = Bin::of(value.0).index();
        let filled = self.pages.filled(0..=Bin::of(value.0).page());
        filled
            .take_while(|(bin, _)| bin.index() <= last)
            .fold(0, |sum: u64, (_, count)| sum.saturating_add(count))
    }

    /// The filled bins in rising order: the highest value that falls into the bin, and its count.
    pub fn bins(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        self.filled()
            .map(|(bin, count)| (Nanos(bin.highest()), count))
    }

    /// The filled bins in rising order, and their counts.
    fn filled(&self) -> impl Iterator<Item = (Bin, u64)> + '_ {
        self.pages.filled(self.reach())
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Copies the pages that are filled, not those that have been.
impl Clone for Histogram {
    fn clone(&self) -> Self {
        let mut copy = Self::new();
        copy.merge(self);
        copy
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count)
            .field("sum_ns", &self.sum)
            .field("min", &self.min())
            .field("max", &self.max())
            .field("bins", &self.bins().collect::<Vec<_>>())
            .finish()
    }
}
