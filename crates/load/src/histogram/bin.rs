//! The bins of HdrHistogram for the project's bounds and precision, worked out without a table.
//!
//! Only arithmetic: what a bin counts is kept in [`pages`](super::pages). Three digits need bins
//! that are exact up to 2 × 10³, so up to the next power of two, 2,048; from there on each octave
//! has 1,024 bins, each twice as wide as those of the octave below (Tene, HdrHistogram, whose
//! indices these are).

use super::{DIGITS, HIGHEST_NS};

/// Bins of an octave, and of a page.
pub(super) const BINS_A_PAGE: usize = 1 << BITS;
/// Pages up to the one that holds [`HIGHEST_NS`].
pub(super) const PAGES: usize = Bin::of(HIGHEST_NS).page() + 1;
/// Highest value with a bin of its own, ns: the end of the octave that one hour falls into.
pub(super) const HIGHEST_BINNED_NS: u64 = (1 << (PAGES as u32 - 1 + BITS)) - 1;

/// Binary digits of a place in a page.
const BITS: u32 = exact_up_to().ilog2() - 1;

/// End of the range whose bins are one unit wide.
const fn exact_up_to() -> u64 {
    (2 * 10_u64.pow(DIGITS as u32)).next_power_of_two()
}

/// A bin, by its index in HdrHistogram's array of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bin(usize);

impl Bin {
    /// The bin of a value; beyond the last page for values above [`HIGHEST_BINNED_NS`].
    #[inline]
    pub(super) const fn of(value: u64) -> Self {
        // How often the value must be halved to fall into the exact range. The octaves above it
        // begin in the middle of that range, so adding makes them follow one another.
        let halvings = (value | (exact_up_to() - 1)).ilog2() - BITS;
        Self(((halvings as usize) << BITS) + (value >> halvings) as usize)
    }

    /// The bin at a place of a page.
    pub(super) const fn at(page: usize, place: usize) -> Self {
        Self((page << BITS) + place)
    }

    /// The bin with an index.
    pub(super) const fn with_index(index: usize) -> Self {
        Self(index)
    }

    /// The index in HdrHistogram's array.
    pub(super) const fn index(self) -> usize {
        self.0
    }

    /// The page that the bin is on.
    #[inline]
    pub(super) const fn page(self) -> usize {
        self.0 >> BITS
    }

    /// The place on that page.
    #[inline]
    pub(super) const fn place(self) -> usize {
        self.0 % BINS_A_PAGE
    }

    /// Values that share the bin.
    const fn width(self) -> u64 {
        1 << self.page().saturating_sub(1)
    }

    /// The lowest value of the bin.
    const fn lowest(self) -> u64 {
        let halved = if self.page() == 0 {
            self.place()
        } else {
            self.place() + BINS_A_PAGE
        };
        halved as u64 * self.width()
    }

    /// The highest value of the bin.
    pub(super) const fn highest(self) -> u64 {
        self.lowest() + (self.width() - 1)
    }

    /// The value in the middle of the bin.
    pub(super) const fn middle(self) -> u64 {
        self.lowest() + self.width() / 2
    }
}
