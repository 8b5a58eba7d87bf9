//! The window in slices, each with its histograms at rest: few enough to be stored, whatever the
//! length of the run.
//!
//! It keeps what it is given and judges nothing; what slices tell is `judge`'s affair.

use std::mem;

use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::WindowSlice;
use wsbench_load::series::{BySeries, InSlices, Series};

/// Slices kept at most. Once there are as many, each two become one: enough for any statistics,
/// and a result of a day's run is no larger than that of a few minutes.
const SLICES: usize = 240;

/// Figures measured in an interval that is over.
#[derive(Debug, Default)]
pub(crate) struct MeasuredInterval {
    /// The end of the interval, since the opening of the window.
    pub(crate) at: Nanos,
    /// Answers received in it.
    pub(crate) received: u64,
    /// Their times, and those of what was given up.
    pub(crate) times: BySeries<Histogram>,
}

impl MeasuredInterval {
    /// Adds times of the series that slices have.
    pub(crate) fn add(&mut self, times: &BySeries<Histogram>) {
        for series in Series::IN_SLICES {
            self.times[series].merge(&times[series]);
        }
    }
}

/// Puts intervals into slices.
#[derive(Debug)]
pub(crate) struct Slicer {
    /// Intervals that make one slice.
    grain: u32,
    /// Intervals in the newest slice.
    filled: u32,
    most: usize,
}

impl Default for Slicer {
    fn default() -> Self {
        Self {
            grain: 1,
            filled: 0,
            most: SLICES,
        }
    }
}

impl Slicer {
    /// Adds an interval to the newest slice, or begins one.
    pub(crate) fn push(&mut self, slices: &mut Vec<WindowSlice>, measured: &MeasuredInterval) {
        let begun = self.filled > 0 && self.filled < self.grain;
        match slices.last_mut().filter(|_| begun) {
            Some(newest) => {
                newest.length += measured.at - newest.at;
                newest.at = measured.at;
                add(newest, measured);
                self.filled += 1;
            }
            None => {
                if slices.len() >= self.most {
                    *slices = in_pairs(mem::take(slices));
                    self.grain *= 2;
                }
                let before = slices.last().map_or(Nanos::ZERO, |newest| newest.at);
                slices.push(WindowSlice {
                    at: measured.at,
                    length: measured.at - before,
                    received: measured.received,
                    times: InSlices::from_fn(|series| Sparse::of(&measured.times[series])),
                });
                self.filled = 1;
            }
        }
    }
}

/// Adds what was measured to a slice, whose bounds stay.
pub(crate) fn add(slice: &mut WindowSlice, measured: &MeasuredInterval) {
    slice.received += measured.received;
    for (series, times) in slice.times.iter_mut() {
        times.merge(&measured.times[series]);
    }
}

/// Each two slices as one.
fn in_pairs(slices: Vec<WindowSlice>) -> Vec<WindowSlice> {
    let mut halved = Vec::with_capacity(slices.len().div_ceil(2));
    let mut slices = slices.into_iter();
    while let Some(mut slice) = slices.next() {
        if let Some(next) = slices.next() {
            slice.length += next.at - slice.at;
            slice.at = next.at;
            slice.received += next.received;
            for ((_, times), (_, more)) in slice.times.iter_mut().zip(next.times.iter()) {
                times.merge(&more.to_histogram());
            }
        }
        halved.push(slice);
    }
    halved
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An interval that ends at `at` seconds with one answer that took as many milliseconds.
    fn interval(at: u64) -> MeasuredInterval {
        let mut measured = MeasuredInterval {
            at: Nanos::from_secs(at),
            received: 1,
            ..MeasuredInterval::default()
        };
        for series in Series::IN_SLICES {
            measured.times[series].record(Nanos::from_millis(at));
        }
        measured
    }

    #[test]
    fn a_long_run_keeps_few_slices_and_every_answer() {
        let most = 8;
        for intervals in 1..=70 {
            let mut slicer = Slicer {
                most,
                ..Slicer::default()
            };
            let mut slices = Vec::new();
            let mut expected = Histogram::new();
            for at in 1..=intervals {
                let measured = interval(at);
                slicer.push(&mut slices, &measured);
                expected.merge(&measured.times[Series::Service]);
                assert!(slices.len() <= most);
            }
            let mut all = Histogram::new();
            let mut at = Nanos::ZERO;
            for slice in &slices {
                at += slice.length;
                assert_eq!(slice.at, at, "they follow each other");
                assert_eq!(Nanos::from_secs(slice.received), slice.length);
                let service = slice.times.get(Series::Service);
                service.expect("in slices").add_to(&mut all);
            }
            assert_eq!(at, Nanos::from_secs(intervals));
            assert_eq!(Sparse::of(&all), Sparse::of(&expected));
            let whole = &slices[..slices.len() - 1];
            assert!(
                whole
                    .windows(2)
                    .all(|pair| pair[0].length == pair[1].length)
            );
            assert!(intervals <= 8 || slices.len() > most / 2);
        }
    }
}
