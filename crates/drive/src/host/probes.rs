//! What the machine costs, measured: readings of the clock, copies, sleeps, stolen time.
//!
//! Each takes milliseconds to a few seconds, so that none is made in or before a run unasked.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Clock;

/// Readings of a clock in one go.
const READINGS: u32 = 20_000;
/// Goes, of which the fastest counts: whatever disturbs makes them slower, never faster.
const GOES: usize = 7;
/// Bytes copied in one go.
const COPIED: usize = 2 << 20;
/// Places where source and destination begin, beyond where the allocator put them: alike, as a
/// frame's header shifts its payload, and the other way about.
const PLACES: [(usize, usize); 5] = [(0, 0), (8, 0), (0, 2), (0, 48), (64, 7)];

/// Cost of one reading of each clock, ns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockCost {
    /// The run's own clock: the processor's counter where it has one.
    pub own_ns: f64,
    /// The system's monotonic clock.
    pub system_ns: f64,
}

/// Measures what a reading of the clocks costs.
#[must_use]
pub fn clock_cost() -> ClockCost {
    let clock = Clock::start();
    let readings = |read: &mut dyn FnMut()| {
        fastest(|| (0..READINGS).for_each(|_| read())) / f64::from(READINGS)
    };
    ClockCost {
        own_ns: readings(&mut || {
            black_box(clock.now());
        }),
        system_ns: readings(&mut || {
            black_box(Instant::now());
        }),
    }
}

/// Cost of a copy of so many bytes, ns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CopyCost {
    /// Bytes copied.
    pub bytes: usize,
    /// The C library's `memcpy`.
    pub library_ns: f64,
    /// A plain loop over words, as masking while copying is.
    pub loop_ns: f64,
}

/// Measures copies of so many bytes, between buffers that stay in the cache.
///
/// On some processors that promise fast string copies the library's copy is many times slower than
/// the loop from about 2 KiB on, and that depends on where in a page the bytes lie: the slowest of
/// a few places counts.
#[must_use]
pub fn copy_cost(bytes: usize) -> CopyCost {
    let places = PLACES.map(|(from, to)| copy_cost_at(bytes, from, to));
    let slowest = places.into_iter().max_by(|a, b| {
        let ratio = |cost: &CopyCost| cost.library_ns / cost.loop_ns;
        ratio(a).total_cmp(&ratio(b))
    });
    slowest.expect("there are places")
}

/// Measures copies between buffers that begin so many bytes into an allocation.
fn copy_cost_at(bytes: usize, from_at: usize, to_at: usize) -> CopyCost {
    let from = vec![0x5a_u8; bytes + from_at];
    let mut to = vec![0_u8; bytes + to_at];
    let times = (COPIED / bytes.max(1)).max(1);
    let mut measured = |copy: &mut dyn FnMut(&[u8], &mut [u8])| {
        fastest(|| {
            for _ in 0..times {
                copy(black_box(&from[from_at..]), black_box(&mut to[to_at..]));
            }
        }) / times as f64
    };
    CopyCost {
        bytes,
        library_ns: measured(&mut |from, to| to.copy_from_slice(from)),
        // A mask that is not known to be zero, or the compiler would make it the library's copy.
        loop_ns: measured(&mut |from, to| copy_masked(from, to, black_box(0))),
    }
}

/// Copies word by word, each combined with `mask`.
fn copy_masked(from: &[u8], to: &mut [u8], mask: u64) {
    let (words, rest) = from.as_chunks::<8>();
    let (into, into_rest) = to.as_chunks_mut::<8>();
    for (into, word) in into.iter_mut().zip(words) {
        *into = (u64::from_ne_bytes(*word) ^ mask).to_ne_bytes();
    }
    into_rest.copy_from_slice(rest);
}

/// Lateness of the ends of sleeps of a millisecond, in rising order; `times` of them.
#[must_use]
pub fn sleep_lateness(times: usize) -> Vec<Duration> {
    let span = Duration::from_millis(1);
    let mut late: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            thread::sleep(span);
            begun.elapsed().saturating_sub(span)
        })
        .collect();
    late.sort_unstable();
    late
}

/// Time of the fastest of a few goes, ns.
fn fastest(mut work: impl FnMut()) -> f64 {
    let go = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_nanos() as f64
    };
    (0..GOES).map(go).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_costs_something() {
        let clocks = clock_cost();
        assert!(clocks.own_ns > 0.0 && clocks.system_ns > 0.0, "{clocks:?}");
        let copy = copy_cost(1_024);
        assert!(copy.library_ns > 0.0 && copy.loop_ns > 0.0, "{copy:?}");
        let late = sleep_lateness(3);
        assert!(late.len() == 3 && late.is_sorted());
    }

    #[test]
    fn the_loop_copies() {
        let from: Vec<u8> = (0..37).collect();
        let mut to = vec![0; 37];
        copy_masked(&from, &mut to, 0);
        assert_eq!(from, to);
    }
}
