//! A histogram at rest: its filled bins alone, a few bytes each.
//!
//! A run keeps one for every slice of its window, and a histogram that can be recorded into takes
//! 8 KiB for each octave however little is in it. Nothing is recorded here; spans are counted in
//! a [`Histogram`] and put to rest when their slice is over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bin::{BINS_A_PAGE, Bin, PAGES};
use super::{HIGHEST_NS, Histogram, Spares};
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Packed", try_from = "Packed")]
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

    /// True where bins, count, sum and extremes are of one histogram, so that it can be woken.
    fn is_sound(&self) -> bool {
        if self.count == 0 {
            return *self == Self::default();
        }
        let mut rest = &self.bins[..];
        let (mut first, mut last, mut count) = (None, 0, 0_u64);
        while !rest.is_empty() {
            let (Some(step), Some(filled)) = (take(&mut rest), take(&mut rest)) else {
                return false;
            };
            let most = (PAGES * BINS_A_PAGE - 1 - last) as u64;
            if step > most || filled == 0 || (step == 0 && first.is_some()) {
                return false;
            }
            last += step as usize;
            first = first.or(Some(last));
            count = count.saturating_add(filled);
        }
        // What has no bin of its own is counted in that of the highest value that must have one.
        let highest = Bin::of(HIGHEST_NS).index();
        let own = |value| Some(Bin::of(value).index()).filter(|_| Bin::of(value).page() < PAGES);
        let of_all = |each: u64| u128::from(each) * u128::from(self.count);
        // A count that has reached the greatest number says nothing of the sum.
        let is_within = (of_all(self.min)..=of_all(self.max)).contains(&self.sum);
        count == self.count
            && self.min <= self.max
            && first.is_some_and(|first| first == own(self.min).unwrap_or(first.max(highest)))
            && last == own(self.max).unwrap_or(last.max(highest))
            && (is_within || count == u64::MAX)
    }

    /// Adds every count to `spans`: exact, extremes and sum with it.
    pub fn add_to(&self, spans: &mut Histogram) {
        if self.count == 0 {
            return;
        }
        for (value, count) in self.bins() {
            spans.pages.add(value.0, count, &mut Spares::none());
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

/// A histogram at rest as other processes are given it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    /// [`Sparse::bins`] in base64.
    bins: String,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// What is given is no histogram at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no histogram: its bins contradict themselves, or its count, sum or extremes")]
pub struct NoHistogram;

impl From<Sparse> for Packed {
    fn from(at_rest: Sparse) -> Self {
        let Sparse {
            bins,
            count,
            sum,
            min,
            max,
        } = at_rest;
        let bins = BASE64.encode(bins);
        Self {
            bins,
            count,
            sum,
            min,
            max,
        }
    }
}

impl TryFrom<Packed> for Sparse {
    type Error = NoHistogram;

    fn try_from(packed: Packed) -> Result<Self, NoHistogram> {
        let bins = BASE64.decode(packed.bins).map_err(|_| NoHistogram)?;
        let at_rest = Self {
            bins,
            count: packed.count,
            sum: packed.sum,
            min: packed.min,
            max: packed.max,
        };
        at_rest.is_sound().then_some(at_rest).ok_or(NoHistogram)
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

/// Takes a number off the front; `None` at the end, and of one beyond 64 bits.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut shift = 0;
    while shift < u64::BITS {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
    None
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

    #[test]
    fn a_histogram_at_rest_is_given_to_others_whole() {
        let mut random = fastrand::Rng::with_seed(11);
        for samples in [0, 1, 2, 1_000] {
            let mut spans = Histogram::new();
            for _ in 0..samples {
                let bits = random.u32(..64);
                spans.record_n(Nanos(random.u64(..=u64::MAX >> bits)), random.u64(1..1_000));
            }
            let at_rest = Sparse::of(&spans);
            let given = serde_json::to_string(&at_rest).unwrap();
            assert_eq!(serde_json::from_str::<Sparse>(&given).unwrap(), at_rest);
        }
        let mut full = Histogram::new();
        full.record_n(Nanos(1), u64::MAX);
        full.record_n(Nanos(9), u64::MAX);
        let given = serde_json::to_string(&Sparse::of(&full)).unwrap();
        assert_eq!(
            serde_json::from_str::<Sparse>(&given).unwrap().count(),
            u64::MAX
        );
    }

    #[test]
    fn what_contradicts_itself_is_no_histogram() {
        let mut spans = Histogram::new();
        spans.record_n(Nanos(100), 3);
        spans.record_n(Nanos(5_000_000), 2);
        let sound = serde_json::to_value(Packed::from(Sparse::of(&spans))).unwrap();
        let read = |json: &serde_json::Value| serde_json::from_value::<Sparse>(json.clone());
        assert!(read(&sound).is_ok());
        let long = |bytes: &[u8]| BASE64.encode(bytes).into();
        for (key, wrong) in [
            ("bins", "".into()),
            ("bins", "not base64!".into()),
            ("bins", long(&[100, 3])),
            ("bins", long(&[100, 5, 0])),
            ("bins", long(&[0xff; 40])),
            ("bins", long(&[100, 3, 0xff, 0xff, 0xff, 0x7f, 2])),
            ("bins", long(&[100, 3, 0, 2])),
            ("count", 6.into()),
            ("count", 0.into()),
            ("sum", 25_000_001.into()),
            ("min", 99.into()),
            ("max", u64::MAX.into()),
            ("more", 1.into()),
        ] {
            let mut json = sound.clone();
            json[key] = wrong;
            assert!(read(&json).is_err(), "{json}");
        }
    }
}
