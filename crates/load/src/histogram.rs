//! A histogram of time spans: what is recorded a million times a second.
//!
//! It is HdrHistogram with the bounds and the precision fixed for the whole project, so that any
//! two of ours can be merged by adding counts (Tene, HdrHistogram: merging is exact when the
//! bounds are equal), and with exact extremes and an exact mean beside the bins. It is not a
//! summary: percentiles are asked of it, never averaged.

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use crate::nanos::Nanos;

mod sparse;

pub use sparse::Sparse;

/// Lowest value told apart from zero, ns.
pub const LOWEST_NS: u64 = 1;
/// Highest value recorded in a bin of its own, ns: one hour. Longer spans are counted in the last
/// bin; their exact maximum is still kept.
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
#[derive(Clone, Debug)]
pub struct Histogram {
    bins: Hdr<u64>,
    /// Sum of all spans, ns. `u128` cannot overflow in the life of a run.
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram.
    #[must_use]
    pub fn new() -> Self {
        let bins = Hdr::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS)
            .expect("the bounds are constants that HdrHistogram accepts");
        Self {
            bins,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }

    /// Counts one span.
    #[inline]
    pub fn record(&mut self, span: Nanos) {
        self.bins.saturating_record(span.0);
        self.sum += u128::from(span.0);
        self.min = self.min.min(span.0);
        self.max = self.max.max(span.0);
    }

    /// Counts `count` spans of the same length.
    #[inline]
    pub fn record_n(&mut self, span: Nanos, count: u64) {
        self.bins.saturating_record_n(span.0, count);
        self.sum += u128::from(span.0) * u128::from(count);
        self.min = self.min.min(span.0);
        self.max = self.max.max(span.0);
    }

    /// Adds every count of `other`: exact, in any order.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.bins
            .add(&other.bins)
            .expect("all histograms of the project have the same bounds");
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets every span; keeps the memory.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.bins.reset();
        }
        (self.sum, self.min, self.max) = (0, u64::MAX, 0);
    }

    /// Spans counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.bins.len()
    }

    /// Whether nothing has been counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bins.is_empty()
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
        (!self.is_empty()).then(|| self.bins.stdev())
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
        let n = self.count();
        let rank = (q * n as f64 - 1e-9 * n as f64).ceil().clamp(1.0, n as f64) as u64;
        // Half a rank down, so that the library's own rounding up lands on exactly this rank.
        let value = self.bins.value_at_quantile((rank as f64 - 0.5) / n as f64);
        Some(Nanos(value.clamp(self.min, self.max)))
    }

    /// Spans at or below `value`, to the precision of a bin.
    #[must_use]
    pub fn count_at_or_below(&self, value: Nanos) -> u64 {
        self.bins.count_between(0, value.0)
    }

    /// The filled bins in rising order: the highest value that falls into the bin, and its count.
    pub fn bins(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        self.bins.iter_recorded().map(|bin| {
            (
                Nanos(bin.value_iterated_to()),
                bin.count_since_last_iteration(),
            )
        })
    }

    /// The histogram in HdrHistogram's V2 deflate encoding, bytes before base64.
    #[must_use]
    pub fn to_v2_deflate(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.bins, &mut bytes)
            .expect("writing to memory does not fail");
        bytes
    }

    /// Reads HdrHistogram's V2 deflate encoding; `None` when the bytes are no such histogram or
    /// have other bounds. Extremes and sums, which the encoding does not carry, are to the
    /// precision of a bin.
    #[must_use]
    pub fn from_v2_deflate(bytes: &[u8]) -> Option<Self> {
        let read: Hdr<u64> = Deserializer::new().deserialize(&mut &bytes[..]).ok()?;
        let mut histogram = Self::new();
        histogram.bins.add(&read).ok()?;
        for (value, count) in read
            .iter_recorded()
            .map(|b| (b.value_iterated_to(), b.count_at_value()))
        {
            histogram.sum += u128::from(value) * u128::from(count);
        }
        if !read.is_empty() {
            (histogram.min, histogram.max) = (read.min(), read.max());
        }
        Some(histogram)
    }
}
