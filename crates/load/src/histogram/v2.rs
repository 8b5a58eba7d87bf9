//! HdrHistogram's V2 encoding, which other tools read: written and read by the crate of that name.

use std::io::Read;

use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use super::bin::HIGHEST_BINNED_NS;
use super::{DIGITS, HIGHEST_NS, Histogram, LOWEST_NS, Spares};

/// Greatest count that the encoding can hold.
const MOST: u64 = i64::MAX as u64;

/// First bytes of a histogram that is not deflated, and of one that is.
const PLAIN: [u8; 4] = 0x1c84_9313_u32.to_be_bytes();
const DEFLATED: [u8; 4] = 0x1c84_9314_u32.to_be_bytes();
/// Bytes of the header before the counts: cookie, length, offset, digits, lowest, highest, ratio.
const HEADER: usize = 40;
/// Most bytes of a count.
const COUNT_BYTES: usize = 9;
/// Most bins that a histogram may claim to have, 32 MiB of counts: five digits of nanoseconds up
/// to four hours. The reader of the crate makes room for what a header claims, whatever follows.
const MOST_BINS: usize = 1 << 22;

impl Histogram {
    /// The histogram in HdrHistogram's V2 deflate encoding, bytes before base64.
    #[must_use]
    pub fn to_hdr_v2(&self) -> Vec<u8> {
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

    /// Reads HdrHistogram's V2 encoding, deflated or not; `None` when the bytes are no such
    /// histogram, claim more than they hold or more than 4 Mi bins, or reach beyond the highest
    /// bin. Extremes and sums, which the encoding does not carry, are to
    /// the precision of a bin.
    #[must_use]
    pub fn from_hdr_v2(bytes: &[u8]) -> Option<Self> {
        let plain = checked(bytes)?;
        let read: Hdr<u64> = Deserializer::new().deserialize(&mut &plain[..]).ok()?;
        if read.max() > HIGHEST_BINNED_NS {
            return None;
        }
        let mut histogram = Self::new();
        for filled in read.iter_recorded() {
            let (value, count) = (filled.value_iterated_to(), filled.count_at_value());
            // Bins of another precision are wider or narrower: the lowest value tells where.
            histogram
                .pages
                .add(read.lowest_equivalent(value), count, &mut Spares::none());
            histogram.count = histogram.count.saturating_add(count);
            histogram.sum += u128::from(value) * u128::from(count);
        }
        if !read.is_empty() {
            (histogram.min, histogram.max) = (read.min(), read.max());
        }
        Some(histogram)
    }
}

/// The histogram inflated, once what its header says is known to be true and small enough.
fn checked(bytes: &[u8]) -> Option<Vec<u8>> {
    let plain = match *bytes.first_chunk()? {
        PLAIN => bytes.to_vec(),
        DEFLATED => inflated(bytes.get(4..)?)?,
        _ => return None,
    };
    let payload = plain.get(HEADER..)?;
    let is_whole = number(&plain, 4)? == payload.len() as u64;
    (is_whole && bins(&plain)? <= MOST_BINS && are_counts(payload)).then_some(plain)
}

/// True if these are numbers in LEB128 of at most nine bytes, none of which is minus 2^63: so many
/// zeros cannot be skipped, for their number cannot be had by turning the sign.
fn are_counts(mut payload: &[u8]) -> bool {
    while !payload.is_empty() {
        let last = payload
            .iter()
            .take(COUNT_BYTES - 1)
            .position(|byte| byte & 0x80 == 0);
        let length = last.map_or(COUNT_BYTES, |last| last + 1);
        match payload.split_at_checked(length) {
            Some((count, rest)) if count != [0xff; COUNT_BYTES] => payload = rest,
            _ => return false,
        }
    }
    true
}

/// Bytes after the length, inflated, when the length is that of the rest, and the header in it is
/// of a histogram that can have as many bytes.
fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let packed = bytes.get(4..)?;
    if number(bytes, 0)? != packed.len() as u64 {
        return None;
    }
    let mut reader = ZlibDecoder::new(packed);
    let mut plain = vec![0; HEADER];
    reader.read_exact(&mut plain).ok()?;
    let most = bins(&plain).filter(|bins| *bins <= MOST_BINS)? * COUNT_BYTES;
    let claimed = usize::try_from(number(&plain, 4)?).ok()?;
    if claimed > most {
        return None;
    }
    // One byte more than is claimed tells that there is more.
    let rest = &mut reader.take(claimed as u64 + 1);
    rest.read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// Four bytes as a number.
fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u64::from(u32::from_be_bytes(*four)))
}

/// Bins that a histogram with this header has; `None` for digits and bounds that none can have.
pub(super) fn bins(header: &[u8]) -> Option<usize> {
    let long = |at: usize| {
        header
            .get(at..)?
            .first_chunk()
            .map(|eight| u64::from_be_bytes(*eight))
    };
    let digits = u32::try_from(number(header, 12)?)
        .ok()
        .filter(|digits| *digits <= 5)?;
    let (lowest, highest) = (long(16)?, long(24)?);
    if lowest == 0 || highest / 2 < lowest {
        return None;
    }
    // The bins of the first octaves are as many as tell the digits apart; each further octave
    // has half of them.
    let first = (2 * 10_u64.pow(digits)).next_power_of_two();
    let reached = highest >> lowest.ilog2();
    let octaves = (reached / first)
        .checked_ilog2()
        .map_or(0, |octaves| octaves + 1);
    usize::try_from(first / 2 * (u64::from(octaves) + 2)).ok()
}
