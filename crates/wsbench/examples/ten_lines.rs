//! Measures a server in about ten lines: the one at the URL that is given, else the embedded one.
//!
//! `cargo run -p wsbench --example ten_lines -- ws://localhost:3000/`

use wsbench::{Bench, Nanos, StopRule};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1);
    let mut bench = url.map_or_else(|| Ok(Bench::embedded()), |url| Bench::against(&url))?;
    bench.spec().clients.connections = 8;
    bench.spec().stop = StopRule::Duration(Nanos::from_secs(2));
    let outcome = bench.run()?;
    for figure in ["messages_per_s", "p50", "p99", "errors"] {
        match outcome.read(figure) {
            Ok(reading) => println!("{reading}"),
            Err(why) => println!("{why}"), // too few samples behind a percentile
        }
    }
    println!("audit: {}", outcome.document.audit.verdict.word());
    Ok(())
}
