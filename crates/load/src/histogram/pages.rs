//! The counts of a histogram, in pages that are made when something falls into them.
//!
//! A page holds the bins of one octave, 8 KiB. All 33 of them would be 270 KB a series, most of
//! it never touched: a run's spans lie within a few octaves. Only counts are kept here; which
//! pages can be filled follows from the extremes that [`Histogram`](super::Histogram) keeps.

use std::array;
use std::fmt;
use std::ops::RangeInclusive;

use super::HIGHEST_NS;
use super::bin::{BINS_A_PAGE, Bin, PAGES};

/// The counts of one octave.
type Page = [u64; BINS_A_PAGE];

/// Counts by bin.
pub(super) struct Pages([Option<Box<Page>>; PAGES]);

impl Pages {
    /// No counts and no memory but that of the pointers.
    pub(super) fn new() -> Self {
        Self(array::from_fn(|_| None))
    }

    /// Counts `count` values. Those above the highest bin are counted where [`HIGHEST_NS`] is.
    /// A page that is not there yet is one of `spares`.
    #[inline]
    pub(super) fn add(&mut self, value: u64, count: u64, spares: &mut Spares) {
        let bin = Bin::of(value);
        // One look at the bounds of the array tells values beyond the last bin as well.
        match self.0.get_mut(bin.page()) {
            Some(Some(page)) => increase(&mut page[bin.place()], count),
            Some(page) => increase(&mut make(page, spares)[bin.place()], count),
            None => self.add_beyond(count, spares),
        }
    }

    /// Counts values that have no bin of their own.
    #[cold]
    #[inline(never)]
    fn add_beyond(&mut self, count: u64, spares: &mut Spares) {
        self.add(HIGHEST_NS, count, spares);
    }

    /// Adds the counts of some pages of `other`, a page at a time by `add`.
    pub(super) fn merge(
        &mut self,
        other: &Self,
        within: RangeInclusive<usize>,
        add: impl Fn(&mut Page, &Page),
    ) {
        let mine = &mut self.0[within.clone()];
        for (mine, theirs) in mine.iter_mut().zip(&other.0[within]) {
            let Some(theirs) = theirs else { continue };
            match mine {
                Some(mine) => add(mine, theirs),
                // A page that was filled before it was cleared is no reason to make one.
                None if theirs.iter().all(|count| *count == 0) => {}
                None => *mine = Some(theirs.clone()),
            }
        }
    }

    /// Sets the counts of some pages to zero and keeps their memory.
    pub(super) fn clear(&mut self, within: RangeInclusive<usize>) {
        for page in self.0[within].iter_mut().flatten() {
            page.fill(0);
        }
    }

    /// The filled bins of some pages in rising order, and their counts.
    pub(super) fn filled(
        &self,
        within: RangeInclusive<usize>,
    ) -> impl Iterator<Item = (Bin, u64)> + '_ {
        within
            .filter_map(|number| Some((number, self.0.get(number)?.as_deref()?)))
            .flat_map(|(number, page)| {
                let counts = page.iter().enumerate();
                counts.map(move |(place, count)| (Bin::at(number, place), *count))
            })
            .filter(|(_, count)| *count > 0)
    }

    /// Number of pages that are there.
    pub(super) fn number(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// Memory that the pages take, bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.number() * size_of::<Page>()
    }
}

/// Adds counts none of which can overflow: several in one instruction.
pub(super) fn add(mine: &mut Page, theirs: &Page) {
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        *mine = mine.wrapping_add(*theirs);
    }
}

/// Adds counts that stay at the greatest number.
pub(super) fn add_saturating(mine: &mut Page, theirs: &Page) {
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        increase(mine, *theirs);
    }
}

/// Adds to a count, which stays at the greatest number rather than begin anew.
#[inline]
fn increase(bin: &mut u64, count: u64) {
    *bin = bin.saturating_add(count);
}

/// Puts an empty page in its place: once for each octave that a series ever reaches.
#[cold]
#[inline(never)]
fn make<'a>(page: &'a mut Option<Box<Page>>, spares: &mut Spares) -> &'a mut Page {
    page.insert(spares.0.pop().unwrap_or_else(empty))
}

fn empty() -> Box<Page> {
    Box::new([0; BINS_A_PAGE])
}

/// Empty pages that histograms take from before they ask the system for memory, which may take
/// longer than a message.
#[derive(Default)]
pub struct Spares(Vec<Box<Page>>);

impl Spares {
    /// No pages: whoever takes from it asks the system.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Makes as many pages as are lacking to `count`, 8 KiB each.
    pub fn fill(&mut self, count: usize) {
        let lacking = count.saturating_sub(self.0.len());
        self.0.extend(std::iter::repeat_with(empty).take(lacking));
    }
}

/// A copy makes its own.
impl Clone for Spares {
    fn clone(&self) -> Self {
        Self::none()
    }
}

impl fmt::Debug for Spares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} spare pages", self.0.len())
    }
}
