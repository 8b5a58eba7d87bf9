//! What a histogram in pages costs beside HdrHistogram's dense array: recording warm, recording
//! over as many series as a worker keeps, merging and clearing, side by side in one run.
//!
//! `dense` is what a histogram would be without pages: the crate `hdrhistogram` with exact extremes
//! and an exact sum beside it. Both count the same spans, 20 µs to 1 ms, as round trips to a near
//! server are. A round does every piece of work in both ways, each round beginning with the other
//! way; what counts is the median of the ratios, since absolute figures drift on a shared machine.
//!
//! `cargo bench -p wsbench-load --bench histogram`
//!
//! Where even ratios are noise, instructions are not: `-- WAY WORK TIMES` does one kind of work that
//! many times and prints a checksum. Two such runs under a tool that counts instructions
//! (`valgrind --tool=callgrind`) differ by the work alone.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark looks at the clock, and has only its reason to say if it cannot"
)]
#![allow(missing_docs, reason = "nothing here is for others to call")]

use std::hint::black_box;
use std::time::Instant;

use wsbench_load::histogram::{DIGITS, HIGHEST_NS, Histogram, LOWEST_NS};
use wsbench_load::nanos::Nanos;

/// Series that a worker keeps.
const SERIES: usize = 14;
/// Spans recorded between two clearings; a power of two.
const SPANS: usize = 1 << 14;
/// Rounds behind each median; odd.
const ROUNDS: usize = 31;

/// What both ways can do.
trait Counting {
    fn new() -> Self;
    fn record_n(&mut self, span: u64, count: u64);
    fn merge(&mut self, other: &Self);
    fn clear(&mut self);
    fn count(&self) -> u64;
}

impl Counting for Histogram {
    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn record_n(&mut self, span: u64, count: u64) {
        self.record_n(Nanos(span), count);
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn count(&self) -> u64 {
        self.count()
    }
}

struct Dense {
    bins: hdrhistogram::Histogram<u64>,
    sum: u128,
    min: u64,
    max: u64,
}

impl Counting for Dense {
    fn new() -> Self {
        Self {
            bins: hdrhistogram::Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS).unwrap(),
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }

    #[inline]
    fn record_n(&mut self, span: u64, count: u64) {
        self.bins.saturating_record_n(span, count);
        self.sum += u128::from(span) * u128::from(count);
        self.min = self.min.min(span);
        self.max = self.max.max(span);
    }

    fn merge(&mut self, other: &Self) {
        if other.bins.is_empty() {
            return;
        }
        self.bins.add(&other.bins).unwrap();
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    fn clear(&mut self) {
        if !self.bins.is_empty() {
            self.bins.reset();
        }
        (self.sum, self.min, self.max) = (0, u64::MAX, 0);
    }

    fn count(&self) -> u64 {
        self.bins.len()
    }
}

/// A kind of work, and how often it is done between two looks at the clock.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    times: usize,
}

const WARM: Work = Work {
    name: "record",
    times: 1_000_000,
};
const IN_TURN: Work = Work {
    name: "record-in-turn",
    times: 1_000_000,
};
const MERGE: Work = Work {
    name: "merge",
    times: 200,
};
const CLEAR: Work = Work {
    name: "clear",
    times: 200,
};

/// One way of counting, filled and ready for any work.
struct Bench<H> {
    spans: Vec<u64>,
    series: Vec<H>,
    total: H,
}

impl<H: Counting> Bench<H> {
    fn new() -> Self {
        let mut random = fastrand::Rng::with_seed(1);
        let spans: Vec<u64> = (0..SPANS)
            .map(|_| (20_000.0 * 50_f64.powf(random.f64())) as u64)
            .collect();
        let mut bench = Self {
            spans,
            series: (0..SERIES).map(|_| H::new()).collect(),
            total: H::new(),
        };
        bench.record_in_turn(SERIES * SPANS);
        bench.merge(1);
        bench
    }

    fn run(&mut self, work: &str, times: usize) {
        match work {
            "record" => self.record(times),
            "record-in-turn" => self.record_in_turn(times),
            "merge" => self.merge(times),
            "clear" => self.clear(times),
            _ => panic!("the work is record, record-in-turn, merge or clear"),
        }
    }

    #[inline(never)]
    fn record(&mut self, times: usize) {
        let series = &mut self.series[0];
        for span in self.spans.iter().cycle().take(times) {
            series.record_n(*span, black_box(1));
        }
    }

    #[inline(never)]
    fn record_in_turn(&mut self, times: usize) {
        let mut spans = self.spans.iter().cycle();
        for turn in 0..times.div_ceil(SERIES) {
            let series = self.series.iter_mut().take(times - turn * SERIES);
            for (series, span) in series.zip(&mut spans) {
                series.record_n(*span, black_box(1));
            }
        }
    }

    #[inline(never)]
    fn merge(&mut self, times: usize) {
        for turn in 0..times {
            self.total.merge(&self.series[turn % SERIES]);
        }
    }

    /// Clears, after a span at each end so that there is something to clear.
    #[inline(never)]
    fn clear(&mut self, times: usize) {
        for turn in 0..times {
            let series = &mut self.series[turn % SERIES];
            series.record_n(20_001, 1);
            series.record_n(999_999, 1);
            series.clear();
        }
    }

    fn checksum(&self) -> u64 {
        let counts = self.series.iter().map(Counting::count);
        counts.fold(self.total.count(), u64::wrapping_add)
    }

    /// Time that one piece of the work takes, ns.
    fn time(&mut self, work: Work) -> f64 {
        let began = Instant::now();
        self.run(work.name, work.times);
        black_box(self.checksum());
        began.elapsed().as_nanos() as f64 / work.times as f64
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["dense", work, times, ..] => once::<Dense>(work, times),
        ["pages", work, times, ..] => once::<Histogram>(work, times),
        ["--bench", ..] => side_by_side(),
        // Whoever lists or runs all targets as tests finds none here.
        _ => {}
    }
}

fn once<H: Counting>(work: &str, times: &str) {
    let mut bench = Bench::<H>::new();
    bench.run(work, times.parse().unwrap());
    println!("{}", bench.checksum());
}

fn side_by_side() {
    let (mut dense, mut pages) = (Bench::<Dense>::new(), Bench::<Histogram>::new());
    println!("medians of {ROUNDS} rounds, ns each: dense, pages, pages / dense");
    // Clearing comes last: what it leaves is of no use to the others.
    for work in [WARM, IN_TURN, MERGE, CLEAR] {
        let mut rounds = [const { Vec::new() }; 3];
        for round in 0..ROUNDS {
            let (dense, pages) = if round % 2 == 0 {
                let dense = dense.time(work);
                (dense, pages.time(work))
            } else {
                let pages = pages.time(work);
                (dense.time(work), pages)
            };
            for (figures, figure) in rounds.iter_mut().zip([dense, pages, pages / dense]) {
                figures.push(figure);
            }
        }
        let [dense, pages, ratio] = rounds.map(median);
        let name = work.name;
        println!("{name:15} {dense:10.2} {pages:10.2} {ratio:8.3}");
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
