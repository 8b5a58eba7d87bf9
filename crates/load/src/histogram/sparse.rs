//! A histogram at rest: its filled bins alone, a few bytes each.
//!
//! A run keeps one for every slice of its window, and a histogram that can be recorded into takes
//! 8 KiB for each octave however little is in it. Nothing is recorded here; spans are counted in
//! a [`Histogram`] and put to rest when their slice is over.

use super::Histogram;
use super::bin::Bin;
use crate::nanos::Nanos;

/// The filled bins of a histogram, in rising order.
///
/// ```
/// use wsbench_load::{histogram::{Histogram, Sparse}, nanos::Nanos};
/// let mut spans = Histogram::new();
/// spans.record_n(Nanos::from_micros(7), 3);
/// let at_rest = Sparse::of(&spans);
/// assert_eq!((at_rest.count(), at_rest.to_histogram().max()), (3, spans.max()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sparse {
    /// Of each filled bin, how far it is from the one before and how many spans it counts, both as
    /// numbers of seven bits a byte, the lowest first (LEB128).
    bins: Vec<u8>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl Sparse {
    /// The filled bins of `spans`.
    #[must_use]
    pub fn of(spans: &Histogram) -> Self {
        let mut bins = Vec::new();
        let mut before = 0;
        for (bin, count) in spans.filled() {
            push(&mut bins, (bin.index() - before) as u64);
            push(&mut bins, count);
            before = bin.index();
        }
        bins.shrink_to_fit();
        Self {
            bins,
            count: spans.count(),
            sum: spans.sum_ns(),
            min: spans.min().unwrap_or_default().0,
            max: spans.max().unwrap_or_default().0,
        }
    }

    /// Spans counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The filled bins in rising order: the highest value that falls into the bin, and its count.
    pub fn bins(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        let mut rest = &self.bins[..];
        let mut index = 0;
        std::iter::from_fn(move || {
            index += take(&mut rest)? as usize;
            let bin = Bin::with_index(index);
            Some((Nanos(bin.highest()), take(&mut rest)?))
        })
    }

    /// Adds every count to `spans`: exact, extremes and sum with it.
    pub fn add_to(&self, spans: &mut Histogram) {
        if self.count == 0 {
            return;
        }
        for (value, count) in self.bins() {
            spans.pages.add(value.0, count);
        }
        spans.count = spans.count.saturating_add(self.count);
        spans.sum += self.sum;
        spans.min = spans.min.min(self.min);
        spans.max = spans.max.max(self.max);
    }

    /// The histogram that was put to rest.
    #[must_use]
    pub fn to_histogram(&self) -> Histogram {
        let mut spans = Histogram::new();
        self.add_to(&mut spans);
        spans
    }

    /// Adds every span of `other`, which is in the way of a histogram: rare.
    pub fn merge(&mut self, other: &Histogram) {
        if other.is_empty() {
            return;
        }
        let mut spans = self.to_histogram();
        spans.merge(other);
        *self = Self::of(&spans);
    }
}

/// Appends a number, seven bits a byte, the lowest first.
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front; `None` at the end.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_at_rest_wakes_as_it_was() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut spans = Histogram::new();
        for _ in 0..10_000 {
            let bits = random.u32(..50);
            spans.record(Nanos(random.u64(..1 << bits)));
        }
        let at_rest = Sparse::of(&spans);
        let again = at_rest.to_histogram();
        assert!(spans.bins().eq(again.bins()) && spans.bins().eq(at_rest.bins()));
        assert_eq!(again.sum_ns(), spans.sum_ns());
        assert_eq!((again.min(), again.max()), (spans.min(), spans.max()));
        assert_eq!(at_rest.count(), 10_000);
        let bins = spans.bins().count();
        assert!(at_rest.bins.len() < 4 * bins, "a few bytes each");
    }

    #[test]
    fn merging_adds_counts() {
        let mut low = Histogram::new();
        low.record(Nanos(5));
        let mut high = Histogram::new();
        high.record_n(Nanos::from_secs(7_200), 300);
        let mut both = Sparse::of(&low);
        both.merge(&high);
        low.merge(&high);
        assert_eq!(both, Sparse::of(&low));
        assert_eq!(both.to_histogram().max(), Some(Nanos::from_secs(7_200)));
        both.merge(&Histogram::new());
        assert_eq!(both.count(), 301);
        assert_eq!(Sparse::default().to_histogram().count(), 0);
    }
}
