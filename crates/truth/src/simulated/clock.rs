//! The clock of a server that pushes, asked for over ways of unequal length: V21.
//!
//! What answers allow holds the true offset whatever either way takes, and an age that is less the middle
//! of it is that of ways of equal length: half the round trip.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, ClockProbe, Flow, Pushes};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::ClockBounds;
use wsbench_simulate::{Pushing, Queue, ServiceTime, ToAll};

use super::deliveries::within;
use super::{mean_ms, plan, run, server};
use crate::finding::{Experiment, Finding, Tolerance};

/// Time by which the server's clock is ahead, ms.
const AHEAD_MS: f64 = 5.0;
/// Time that a segment takes to the server, ms.
const THERE_MS: f64 = 0.2;
/// Time that one takes back, ms.
const BACK_MS: f64 = 0.8;
/// Requests for the time, before the window and after it.
const REQUESTS: f64 = 16.0;

pub(super) fn all() -> Vec<Experiment> {
    vec![unequal(), jittered()]
}

/// 100 pushes a second to each of ten connections, of which one asks for the time.
fn asking(jitter_ms: f64) -> RunResult {
    let ns = |ms: f64| Nanos((ms * 1e6).round() as u64);
    let mut plan = plan(Arrival::Closed { depth: 1 }, 10, 60, 1);
    let clock = "json:/now:ns".parse().ok();
    plan.clients.exchange.flow = Flow::Push(Pushes {
        stamp: "json:/E:ns".parse().ok(),
        sequence: None,
        clock: clock.map(|stamp| ClockProbe {
            ask: r#"{"time":1}"#.to_owned(),
            stamp,
        }),
    });
    let mut scenario = server(ServiceTime::Constant(Nanos(0)), Queue::Fifo);
    scenario.network.latency = ns(THERE_MS);
    scenario.network.slower_back = ns(BACK_MS - THERE_MS);
    scenario.network.jitter = ns(jitter_ms);
    scenario.server.pushes = Some(Pushing {
        every: Nanos::from_millis(10),
        to: ToAll::default(),
        clock_ahead: ns(AHEAD_MS),
    });
    run(&plan, scenario)
}

fn middle_ms(bounds: &ClockBounds) -> f64 {
    bounds.middle_ns().map_or(f64::NAN, |ns| ns as f64 / 1e6)
}

fn within_ms(bounds: &ClockBounds) -> f64 {
    bounds.within_ns() as f64 / 1e6
}

/// The true offset, and the true mean age, are within what is said.
fn told(result: &RunResult, age_ms: f64) -> Vec<Finding> {
    let both = [
        ("before", result.clock.before),
        ("after", result.clock.after),
    ];
    let mut findings: Vec<_> = both
        .iter()
        .map(|(when, bounds)| {
            Finding::new(
                format!("offset {when} the window off the true one by, of what is said, ms"),
                within_ms(bounds),
                Tolerance::AtMost,
                (middle_ms(bounds) - AHEAD_MS).abs(),
            )
        })
        .collect();
    findings.push(Finding::new(
        "mean age off the true one by, of what is said, ms",
        within_ms(&result.clock.before),
        Tolerance::AtMost,
        (mean_ms(result.at(Series::PushAge)) - age_ms).abs(),
    ));
    findings.push(Finding::new(
        "pushes without an age",
        0.0,
        Tolerance::Exact,
        (result.pushes.unclocked + result.pushes.from_the_future) as f64,
    ));
    findings
}

/// Ways that take always the same.
fn unequal() -> Experiment {
    let result = asking(0.0);
    let half = f64::midpoint(THERE_MS, BACK_MS);
    let offset = AHEAD_MS + f64::midpoint(THERE_MS, -BACK_MS);
    let (before, after) = (result.clock.before, result.clock.after);
    let mut findings = vec![
        within("offset before the window, ms", offset, middle_ms(&before)),
        within("known to ±, ms", half, within_ms(&before)),
        within("offset after it, ms", offset, middle_ms(&after)),
        within("age mean, ms", half, mean_ms(result.at(Series::PushAge))),
    ];
    findings.extend(told(&result, BACK_MS));
    Experiment {
        id: "V21",
        title: "a server's clock 5 ms ahead, asked for over ways of 0.2 ms there and 0.8 ms back"
            .into(),
        formula: "offset A + (d₁ − d₂)/2 ± (d₁ + d₂)/2; age (d₁ + d₂)/2",
        findings,
    }
}

/// Ways that take up to 1 ms longer, each segment for itself.
fn jittered() -> Experiment {
    const JITTER_MS: f64 = 1.0;
    let result = asking(JITTER_MS);
    let least = JITTER_MS / (REQUESTS + 1.0);
    let half = f64::midpoint(THERE_MS, BACK_MS) + least;
    // The least of n even draws deviates by nearly its mean, and this is the mean of two.
    let deviations = 3.0 * least / 2.0_f64.sqrt();
    let by = Tolerance::By(deviations);
    let before = within_ms(&result.clock.before);
    let mut findings = vec![Finding::new("known to ±, ms", half, by, before)];
    findings.extend(told(&result, BACK_MS + JITTER_MS / 2.0));
    Experiment {
        id: "V21",
        title: "the same, each segment up to 1 ms later".into(),
        formula: "known to ± (d₁ + d₂)/2 + j/(n + 1) by n answers, within three deviations",
        findings,
    }
}
