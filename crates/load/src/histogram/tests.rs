//! The histogram against the crate `hdrhistogram`, whose bins it claims to have.

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};
use proptest::prelude::*;

use super::bin::{BINS_A_PAGE, HIGHEST_BINNED_NS};
use super::*;

const PAGE_BYTES: usize = BINS_A_PAGE * size_of::<u64>();

/// The crate's histogram with our bounds, and the exact figures that it does not keep.
#[derive(Clone)]
struct Oracle {
    dense: Hdr<u64>,
    spans: Vec<(u64, u64)>,
}

impl Oracle {
    fn new() -> Self {
        Self {
            dense: Hdr::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS).unwrap(),
            spans: Vec::new(),
        }
    }

    fn of(spans: &[(u64, u64)]) -> Self {
        let mut oracle = Self::new();
        for &(span, count) in spans {
            oracle.dense.saturating_record_n(span, count);
        }
        oracle.spans = spans.to_vec();
        oracle
    }

    fn bins(&self) -> Vec<(Nanos, u64)> {
        let recorded = self.dense.iter_recorded();
        recorded
            .map(|bin| (Nanos(bin.value_iterated_to()), bin.count_at_value()))
            .collect()
    }

    /// The quantile as it was asked of the crate: half a rank down, so that its own rounding up
    /// lands on exactly the rank.
    fn quantile(&self, q: f64) -> u64 {
        let n = self.dense.len() as f64;
        let rank = (q * n - 1e-9 * n).ceil().clamp(1.0, n);
        let value = self.dense.value_at_quantile((rank - 0.5) / n);
        value.clamp(self.min(), self.max())
    }

    fn min(&self) -> u64 {
        self.spans.iter().map(|(span, _)| *span).min().unwrap()
    }

    fn max(&self) -> u64 {
        self.spans.iter().map(|(span, _)| *span).max().unwrap()
    }

    fn sum(&self) -> u128 {
        let sums = self.spans.iter();
        sums.map(|(span, count)| u128::from(*span) * u128::from(*count))
            .sum()
    }

    fn v2(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.dense, &mut bytes)
            .unwrap();
        bytes
    }
}

fn of(spans: &[(u64, u64)]) -> Histogram {
    let mut histogram = Histogram::new();
    for &(span, count) in spans {
        histogram.record_n(Nanos(span), count);
    }
    histogram
}

/// Any number of binary digits is as likely as any other, and so are the borders of octaves.
fn span() -> impl Strategy<Value = u64> {
    let drawn = (0_u32..64, any::<u64>()).prop_map(|(bits, any)| any >> bits);
    let border = (0_u32..44, 0_u64..3).prop_map(|(bits, off)| (1_u64 << bits) + off - 1);
    let limits = prop::sample::select(vec![
        HIGHEST_NS,
        HIGHEST_NS + 1,
        HIGHEST_BINNED_NS,
        HIGHEST_BINNED_NS + 1,
        u64::MAX,
    ]);
    prop_oneof![6 => drawn, 3 => border, 1 => limits]
}

fn spans(most: usize) -> impl Strategy<Value = Vec<(u64, u64)>> {
    let count = prop_oneof![Just(1_u64), 1_u64..50, 1_u64..1 << 30];
    prop::collection::vec((span(), count), 1..most)
}

/// Everything that can be asked of a histogram is as the oracle says.
fn assert_same(histogram: &Histogram, oracle: &Oracle) {
    assert_eq!(histogram.bins().collect::<Vec<_>>(), oracle.bins());
    assert_eq!(histogram.count(), oracle.dense.len());
    assert_eq!(histogram.min(), Some(Nanos(oracle.min())));
    assert_eq!(histogram.max(), Some(Nanos(oracle.max())));
    assert_eq!(histogram.sum_ns(), oracle.sum());
    let mean = oracle.sum() as f64 / oracle.dense.len() as f64;
    assert_eq!(histogram.mean_ns(), Some(mean));
    let deviation = histogram.stdev_ns().map(f64::to_bits);
    assert_eq!(deviation, Some(oracle.dense.stdev().to_bits()));
    for q in [
        0.0, 0.001, 0.01, 0.07, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 1.0,
    ] {
        assert_eq!(
            histogram.quantile(q),
            Some(Nanos(oracle.quantile(q))),
            "{q}"
        );
    }
    assert_eq!(histogram.to_hdr_v2(), oracle.v2());
}

proptest! {
    // Several histograms a case, each asked for everything.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_that_are_merged_are_the_whole(parts in prop::collection::vec(spans(20), 1..6)) {
        let mut merged = Histogram::new();
        for part in &parts {
            merged.merge(&of(part));
            merged.merge(&Histogram::new());
        }
        let whole = Oracle::of(&parts.concat());
        assert_same(&merged, &whole);
        assert_same(&merged.clone(), &whole);
        let mut at_rest = Sparse::default();
        for part in &parts {
            at_rest.merge(&of(part));
        }
        assert_same(&at_rest.to_histogram(), &whole);
    }

    #[test]
    fn what_is_cleared_leaves_nothing_behind(rounds in prop::collection::vec(spans(20), 1..6)) {
        let mut histogram = Histogram::new();
        for spans in &rounds {
            histogram.clear();
            prop_assert!(histogram.is_empty() && histogram.bins().next().is_none());
            prop_assert_eq!((histogram.min(), histogram.sum_ns()), (None, 0));
            for &(span, count) in spans {
                histogram.record_n(Nanos(span), count);
            }
            assert_same(&histogram, &Oracle::of(spans));
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_recorded_is_as_in_hdrhistogram(
        spans in spans(60), q in 0.0..=1.0, upto in span(),
    ) {
        let (histogram, oracle) = (of(&spans), Oracle::of(&spans));
        assert_same(&histogram, &oracle);
        prop_assert_eq!(histogram.quantile(q), Some(Nanos(oracle.quantile(q))));
        let below = oracle.dense.count_between(0, upto);
        prop_assert_eq!(histogram.count_at_or_below(Nanos(upto)), below);
    }

    #[test]
    fn every_bin_has_hdrhistograms_borders(span in 0..=HIGHEST_BINNED_NS) {
        let oracle = Oracle::new();
        let bin = Bin::of(span);
        prop_assert_eq!(bin.highest(), oracle.dense.highest_equivalent(span));
        prop_assert_eq!(bin.middle(), oracle.dense.median_equivalent(span));
        prop_assert_eq!(Bin::at(bin.page(), bin.place()), bin);
        prop_assert_eq!(Bin::of(oracle.dense.lowest_equivalent(span)), bin);
        prop_assert_ne!(Bin::of(bin.highest() + 1), bin);
    }

    #[test]
    fn one_by_one_is_as_many_at_once(span in span(), count in 1_u64..100) {
        let mut one_by_one = Histogram::new();
        (0..count).for_each(|_| one_by_one.record(Nanos(span)));
        assert_same(&one_by_one, &Oracle::of(&[(span, count)]));
    }

    #[test]
    fn what_was_encoded_is_read_as_hdrhistogram_reads_it(spans in spans(40)) {
        let oracle = Oracle::of(&spans);
        let read = Histogram::from_hdr_v2(&oracle.v2()).unwrap();
        prop_assert_eq!(read.bins().collect::<Vec<_>>(), oracle.bins());
        prop_assert_eq!(read.count(), oracle.dense.len());
        prop_assert_eq!(read.min(), Some(Nanos(oracle.dense.min())));
        prop_assert_eq!(read.max(), Some(Nanos(oracle.dense.max())));
        let bins = oracle.bins().into_iter();
        let sums = bins.map(|(value, count)| u128::from(value.0) * u128::from(count));
        prop_assert_eq!(read.sum_ns(), sums.sum::<u128>());
        prop_assert_eq!(read.to_hdr_v2(), oracle.v2());
    }

    /// Histograms of another precision are counted where the crate would add them.
    #[test]
    fn other_precisions_are_added_by_their_bins(
        spans in prop::collection::vec((0..=HIGHEST_NS, 1_u64..50), 1..40), digits in 0_u8..=5,
    ) {
        let mut other: Hdr<u64> = Hdr::new_with_bounds(1, 2 * HIGHEST_NS, digits).unwrap();
        for &(span, count) in &spans {
            other.record_n(span, count).unwrap();
        }
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&other, &mut bytes).unwrap();
        let mut expected = Oracle::new();
        let fits = expected.dense.add(&other).is_ok();
        let read = Histogram::from_hdr_v2(&bytes);
        prop_assert_eq!(read.is_some(), fits);
        if let Some(read) = read {
            prop_assert_eq!(read.bins().collect::<Vec<_>>(), expected.bins());
            let mut merged = Histogram::new();
            merged.merge(&read);
            prop_assert_eq!(merged.bins().collect::<Vec<_>>(), expected.bins());
        }
    }

    /// Foreign documents hold any count; a sum of them stays at the greatest number.
    #[test]
    fn counts_stay_at_the_greatest_number(
        spans in prop::collection::vec((span(), 1_u64 << 60..=u64::MAX), 1..30),
    ) {
        let spans: Vec<_> = spans.iter().map(|(span, count)| (span >> 8, *count)).collect();
        let (histogram, oracle) = (of(&spans), Oracle::of(&spans));
        prop_assert_eq!(histogram.bins().collect::<Vec<_>>(), oracle.bins());
        prop_assert_eq!(histogram.count(), oracle.dense.len());
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        let mut dense = oracle.dense.clone();
        dense.add(&oracle.dense).unwrap();
        let twice_the_oracle = Oracle { dense, spans: Vec::new() };
        prop_assert_eq!(twice.count(), twice_the_oracle.dense.len());
        prop_assert_eq!(twice.bins().collect::<Vec<_>>(), twice_the_oracle.bins());
        prop_assert!(twice.quantile(0.5) >= twice.min() && twice.quantile(1.0) <= twice.max());
        let read = Histogram::from_hdr_v2(&twice.to_hdr_v2());
        prop_assert_eq!(read.unwrap().bins().count(), twice.bins().count());
    }
}

#[test]
fn the_pages_are_as_many_as_hdrhistogram_has_octaves() {
    let oracle = Oracle::new();
    assert_eq!(oracle.dense.distinct_values(), PAGES * BINS_A_PAGE);
    assert_eq!(Bin::of(HIGHEST_BINNED_NS).index() + 1, PAGES * BINS_A_PAGE);
    assert_eq!(Bin::of(HIGHEST_BINNED_NS + 1).page(), PAGES);
}

#[test]
fn what_is_empty_takes_no_memory() {
    let mut histogram = Histogram::new();
    assert_eq!(histogram.pages.bytes(), 0);
    histogram.merge(&Histogram::new());
    histogram.clear();
    assert_eq!(histogram.pages.bytes(), 0);
    assert_eq!(Sparse::of(&histogram).to_histogram().pages.bytes(), 0);
    assert!(size_of::<Histogram>() <= 320);
}

#[test]
fn each_octave_takes_one_page() {
    let mut histogram = Histogram::new();
    for octaves in 1..=6 {
        // From 16 µs upwards, where the round trips of a run begin.
        for _ in 0..1_000 {
            histogram.record(Nanos((1 << 14) << (octaves - 1)));
        }
        assert_eq!(histogram.pages.bytes(), octaves * PAGE_BYTES);
    }
    histogram.record(Nanos::MAX);
    assert_eq!(histogram.pages.bytes(), 7 * PAGE_BYTES, "no page between");
    for bits in 0..64 {
        histogram.record(Nanos(1 << bits));
    }
    assert_eq!(
        histogram.pages.bytes(),
        PAGES * PAGE_BYTES,
        "and never more"
    );
}

#[test]
fn pages_that_were_cleared_are_kept_but_not_copied() {
    let mut histogram = of(&[(10, 1), (1 << 20, 1), (1 << 30, 1)]);
    assert_eq!(histogram.pages.bytes(), 3 * PAGE_BYTES);
    histogram.clear();
    assert_eq!(histogram.pages.bytes(), 3 * PAGE_BYTES);
    // The page between the two is there and empty.
    histogram.record(Nanos(10));
    histogram.record(Nanos(1 << 30));
    let mut merged = Histogram::new();
    merged.merge(&histogram);
    assert_eq!(merged.pages.bytes(), 2 * PAGE_BYTES);
    assert_eq!(histogram.clone().pages.bytes(), 2 * PAGE_BYTES);
}

#[test]
fn debug_tells_what_is_filled_and_nothing_else() {
    let mut histogram = of(&[(10, 1), (1 << 20, 1)]);
    histogram.clear();
    histogram.record_n(Nanos(7), 2);
    assert_eq!(format!("{histogram:?}"), format!("{:?}", of(&[(7, 2)])));
}

/// A histogram's header with these fields, then the counts.
fn encoded(length: u32, offset: u32, digits: u32, bounds: (u64, u64), counts: &[u8]) -> Vec<u8> {
    let mut bytes = 0x1c84_9313_u32.to_be_bytes().to_vec();
    bytes.extend([length, offset, digits].map(u32::to_be_bytes).concat());
    bytes.extend([bounds.0, bounds.1].map(u64::to_be_bytes).concat());
    bytes.extend(1.0_f64.to_be_bytes());
    bytes.extend(counts);
    bytes
}

/// The same, deflated, with the length of what is deflated as it is or as it is claimed.
fn deflated(plain: &[u8], claimed: Option<u32>) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(plain).unwrap();
    let packed = packer.finish().unwrap();
    let mut bytes = 0x1c84_9314_u32.to_be_bytes().to_vec();
    bytes.extend(claimed.unwrap_or(packed.len() as u32).to_be_bytes());
    bytes.extend(packed);
    bytes
}

#[test]
fn what_a_header_claims_is_checked_before_it_is_believed() {
    const HOUR: (u64, u64) = (1, HIGHEST_NS);
    let one = [2];
    let good = encoded(1, 0, 3, HOUR, &one);
    for bytes in [good.clone(), deflated(&good, None)] {
        assert_eq!(Histogram::from_hdr_v2(&bytes).unwrap().count(), 1);
    }
    let longest = [0xff; 9];
    let hostile = [
        ("a length of minus one", encoded(u32::MAX, 0, 3, HOUR, &one)),
        ("two gigabytes", encoded(i32::MAX as u32, 0, 3, HOUR, &one)),
        ("shorter than what follows", encoded(0, 0, 3, HOUR, &one)),
        ("longer than what follows", encoded(2, 0, 3, HOUR, &one)),
        ("an offset", encoded(1, 1, 3, HOUR, &one)),
        ("digits", encoded(1, 0, 6, HOUR, &one)),
        ("digits that wrap round", encoded(1, 0, 259, HOUR, &one)),
        ("no lowest value", encoded(1, 0, 3, (0, HIGHEST_NS), &one)),
        ("bounds that cross", encoded(1, 0, 3, (9, 10), &one)),
        (
            "bounds at the end",
            encoded(1, 0, 5, (u64::MAX / 2 + 1, u64::MAX), &one),
        ),
        (
            "more bins than memory",
            encoded(1, 0, 5, (1, u64::MAX), &one),
        ),
        ("zeros without end", encoded(9, 0, 3, HOUR, &longest)),
        (
            "zeros without end, then one",
            encoded(10, 0, 3, HOUR, &[&longest[..], &one].concat()),
        ),
    ];
    for (what, bytes) in hostile {
        assert!(Histogram::from_hdr_v2(&bytes).is_none(), "{what}");
        assert!(
            Histogram::from_hdr_v2(&deflated(&bytes, None)).is_none(),
            "{what}, deflated"
        );
    }
    for claimed in [0, 1, i32::MAX as u32, u32::MAX] {
        assert!(Histogram::from_hdr_v2(&deflated(&good, Some(claimed))).is_none());
    }
    // A bomb: a kilobyte that would be a megabyte of counts behind a header of one.
    let bomb = encoded(1, 0, 3, HOUR, &vec![0; 1 << 20]);
    assert!(Histogram::from_hdr_v2(&deflated(&bomb, None)).is_none());
    let bomb = encoded(1 << 20, 0, 3, HOUR, &vec![0; 1 << 20]);
    assert!(Histogram::from_hdr_v2(&deflated(&bomb, None)).is_none());
}

proptest! {
    /// The bound follows the crate's own count of bins, so that it refuses nothing that is small.
    #[test]
    fn any_header_is_read_or_refused(
        digits in 0_u32..8, lowest in any::<u64>(), highest in any::<u64>(), shifts in (0_u32..64, 0_u32..64),
        counts in prop::collection::vec(any::<u8>(), 0..40), is_deflated in any::<bool>(),
    ) {
        let bounds = (lowest >> shifts.0, highest >> shifts.1);
        let plain = encoded(counts.len() as u32, 0, digits, bounds, &counts);
        let made = Hdr::<u64>::new_with_bounds(bounds.0, bounds.1, digits as u8);
        let bins = made.ok().map(|made| made.distinct_values());
        if bins.is_some() {
            prop_assert_eq!(super::v2::bins(&plain), bins);
        }
        let bytes = if is_deflated { deflated(&plain, None) } else { plain };
        if let Some(read) = Histogram::from_hdr_v2(&bytes) {
            prop_assert!(read.bins().map(|(_, count)| count).all(|count| count > 0));
        }
    }
}
