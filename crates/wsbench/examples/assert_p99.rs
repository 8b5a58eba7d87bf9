//! Holds a server to a promise about its latency, as a test of it would.
//!
//! ```text
//! cargo run -p wsbench --example assert_p99 -- 50ms ws://localhost:3000/
//! ```
//!
//! The first argument is the bound on the 99th percentile (250ms where there is none), the second
//! the server (the embedded one where there is none). It ends with 0 where the promise is kept, with
//! 1 where it is broken, and with 2 where this run cannot tell.

use std::process::ExitCode;

use wsbench::{Bench, Nanos, State, StopRule, Verdict};

/// What a test makes of a run.
enum Promise {
    Kept(String),
    Broken(String),
    /// Neither is shown: a test may skip, or measure for longer, and must not claim either.
    Open(String),
}

fn latency_of(url: Option<&str>, bound: &str) -> Result<Promise, Box<dyn std::error::Error>> {
    let mut bench = match url {
        Some(url) => Bench::against(url)?,
        None => Bench::embedded(),
    };
    bench.spec().clients.connections = 4;
    bench.spec().stop = StopRule::Duration(Nanos::from_secs(2));
    let outcome = bench.run()?;

    // The figure with its interval, or why the run has none: too few samples for a percentile.
    match outcome.read("p99") {
        Ok(p99) => println!("{p99}"),
        Err(why) => return Ok(Promise::Open(why.to_string())),
    }
    // Doubts do not change a figure, but who reads the test's output has to see them.
    let audit = &outcome.document.audit;
    for caveat in &audit.caveats {
        println!("note: {}", caveat.message);
    }
    if audit.verdict == Verdict::Invalid {
        return Ok(Promise::Open(
            "the figures are not those of an echo server".to_owned(),
        ));
    }
    // Noise neither keeps a promise nor breaks one: the whole interval has to be on one side.
    let kept = outcome.judge(&format!("p99<{bound}"))?;
    if kept.state == State::Holds {
        return Ok(Promise::Kept(kept.words));
    }
    let broken = outcome.judge(&format!("p99>={bound}"))?;
    Ok(match broken.state {
        State::Holds => Promise::Broken(broken.words),
        _ => Promise::Open(kept.words),
    })
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let bound = words.next().unwrap_or_else(|| "250ms".to_owned());
    let url = words.next();
    let (words, code) = match latency_of(url.as_deref(), &bound)? {
        Promise::Kept(words) => (format!("kept: {words}"), 0),
        Promise::Broken(words) => (format!("broken: {words}"), 1),
        Promise::Open(words) => (format!("cannot be judged: {words}"), 2),
    };
    println!("{words}");
    Ok(ExitCode::from(code))
}
