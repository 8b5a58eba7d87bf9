//! HdrHistogram's V2 encoding, which other tools read: written and read by the crate of that name.

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use super::bin::HIGHEST_BINNED_NS;
use super::{DIGITS, HIGHEST_NS, Histogram, LOWEST_NS};

/// Greatest count that the encoding can hold.
const MOST: u64 = i64::MAX as u64;

impl Histogram {
    /// The histogram in HdrHistogram's V2 deflate encoding, bytes before base64.
    #[must_use]
    pub fn to_v2_deflate(&self) -> Vec<u8> {
        let mut dense: Hdr<u64> = Hdr::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS)
            .expect("the bounds are constants that HdrHistogram accepts");
        for (value, count) in self.bins() {
            dense
                .record_n(value.0, count.min(MOST))
                .expect("both have the same bins");
        }
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&dense, &mut bytes)
            .expect("writing to memory does not fail");
        bytes
    }

    /// Reads HdrHistogram's V2 deflate encoding; `None` when the bytes are no such histogram or
    /// reach beyond the highest bin. Extremes and sums, which the encoding does not carry, are to
    /// the precision of a bin.
    #[must_use]
    pub fn from_v2_deflate(bytes: &[u8]) -> Option<Self> {
        let read: Hdr<u64> = Deserializer::new().deserialize(&mut &bytes[..]).ok()?;
        if read.max() > HIGHEST_BINNED_NS {
            return None;
        }
        let mut histogram = Self::new();
        for filled in read.iter_recorded() {
            let (value, count) = (filled.value_iterated_to(), filled.count_at_value());
            // Bins of another precision are wider or narrower: the lowest value tells where.
            histogram.pages.add(read.lowest_equivalent(value), count);
            histogram.count = histogram.count.saturating_add(count);
            histogram.sum += u128::from(value) * u128::from(count);
        }
        if !read.is_empty() {
            (histogram.min, histogram.max) = (read.min(), read.max());
        }
        Some(histogram)
    }
}
