//! The experiments on what is concluded from runs: searches for the greatest rate, intervals of
//! confidence, comparisons, rankings, and the histograms that all of them stand on.
//!
//! Most are asked many times over: what has to be right 95 times of 100 is held to that, from either
//! side where the number is known. Series and runs are by seed, on simulated time where a run is
//! made, so these figures too are the same on every machine.

use wsbench_load::nanos::Nanos;
use wsbench_simulate::{Queue, Scenario, ServiceTime};

use crate::finding::{Experiment, side_by_side};
use crate::simulated::server;

mod comparisons;
mod histograms;
mod intervals;
mod rankings;
mod searches;

/// Every experiment, in the order of its number. Takes about as long as those of
/// [`simulated`](crate::simulated), on as many threads as there are groups of them.
///
/// # Panics
/// A run of a healthy server does not end, or comes to nothing: a fault in wsbench.
#[must_use]
pub fn all() -> Vec<Experiment> {
    side_by_side(&[
        searches::all,
        intervals::all,
        comparisons::alike,
        comparisons::slower,
        rankings::alike,
        rankings::unlike,
        histograms::all,
    ])
}

/// A server that takes `mean` a message, all but a tenth of which is certain: so many messages one
/// after the other are off by a tenth over the root of their number.
fn steady(mean: Nanos) -> Scenario {
    let by_chance = ServiceTime::Exponential(Nanos(mean.0 / 10));
    let mut scenario = server(by_chance, Queue::Fifo);
    scenario.network.latency = Nanos((mean.0 - mean.0 / 10) / 2);
    scenario
}

/// So many of `count` at least where each comes out right with this probability, less two standard
/// deviations.
fn at_least(count: u32, probability: f64) -> f64 {
    let count = f64::from(count);
    let deviation = (count * probability * (1.0 - probability)).sqrt();
    (count * probability - 2.0 * deviation).ceil()
}

/// Two standard deviations of a percentage of so many, each of which comes out right with this
/// probability.
fn two_deviations(count: u32, probability: f64) -> f64 {
    200.0 * (probability * (1.0 - probability) / f64::from(count)).sqrt()
}

/// So many of so many, in percent.
fn percent(some: u32, of: u32) -> f64 {
    100.0 * f64::from(some) / f64::from(of)
}
