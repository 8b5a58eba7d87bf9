//! Prints each interval of a run while it is under way, by an observer.
//!
//! `cargo run -p wsbench --example each_interval -- ws://localhost:3000/`

use wsbench::{Bench, Document, Nanos, Observer, Plan, Progress, Series, StopRule, Wish};

/// A printer of intervals.
#[derive(Default)]
struct Printer {
    /// Intervals that are printed already: progress is told while nothing is measured as well.
    printed: usize,
}

impl Observer for Printer {
    fn begin(&mut self, plan: &Plan) {
        println!(
            "{} with {} connections",
            plan.target.url(),
            plan.clients.connections
        );
        self.printed = 0;
    }

    fn progress(&mut self, progress: &Progress) -> Wish {
        let intervals = &progress.so_far.intervals;
        for interval in &intervals[self.printed..] {
            let service = interval.times.get(Series::Service);
            let p99 = service.and_then(|times| times.p99);
            let p99 = p99.map_or_else(|| "–".to_owned(), |p99| format!("{} µs", p99.0 / 1_000));
            let (at, answered) = (interval.at.as_secs_f64(), interval.answered);
            println!("{at:.2} s: {answered} answered, p99 {p99}");
        }
        self.printed = intervals.len();
        Wish::Continue
    }

    fn end(&mut self, document: &Document) {
        println!("{} answered in all", document.messages.answered);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut bench = match std::env::args().nth(1) {
        Some(url) => Bench::against(&url)?,
        None => Bench::embedded(),
    };
    bench.spec().clients.connections = 2;
    bench.spec().stop = StopRule::Duration(Nanos::from_secs(2));
    bench.spec().interval = Nanos::from_millis(250);
    bench.observe(Printer::default()).run()?;
    Ok(())
}
