//! Encoded histograms: whatever the bytes are, they are read or refused within bounds, and what is
//! read is written again as the same.

use wsbench_load::histogram::Histogram;

/// The bytes of a histogram, as they stand in a document behind base64.
pub(crate) fn attempt(data: &[u8]) {
    let Some(read) = Histogram::from_hdr_v2(data) else {
        return;
    };
    let filled: Vec<_> = read.bins().collect();
    assert!(filled.is_sorted_by(|one, next| one.0 < next.0));
    assert_eq!(filled.is_empty(), read.is_empty());
    assert!(read.quantile(0.5) >= read.min() && read.quantile(1.0) <= read.max());
    let written = read.to_hdr_v2();
    let again = Histogram::from_hdr_v2(&written).expect("what was written is read");
    assert_eq!(again.bins().count(), filled.len());
    assert_eq!(again.to_hdr_v2(), written);
}
