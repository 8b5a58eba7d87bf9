//! Defaults: what holds where nobody says otherwise, for the command and for suites alike.

use std::net::Ipv4Addr;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Stay, StopRule};
use wsbench_load::route::Target;

/// Messages in flight on one connection of the open loop: enough for a second's stall of a server
/// at a thousand messages a second on each connection.
pub const MAX_IN_FLIGHT: u32 = 1024;
/// Round trips of each client that is replaced, or of each session, as the older tool had it.
pub const ROUND_TRIPS: u32 = 5;
/// Size of a generated message, bytes, as the older tool had it.
pub const SIZE: u32 = 30;
/// Upper end over lower end of the bracket that ends a search which is told of none: `5%`.
pub const RESOLUTION: f64 = 1.05;
/// The most trials of a search that is told of no number.
pub const TRIALS: u32 = 40;
/// Trials grow up to this many times the length of a first one.
pub const LONGEST_TRIAL: u64 = 6;
/// Points that the time series of a timed run has at least, where its intervals allow.
const POINTS: u64 = 40;
/// The shortest interval: shorter ones have too few answers to be worth a percentile.
const SHORTEST_INTERVAL: Nanos = Nanos::from_millis(40);
/// The longest interval.
const LONGEST_INTERVAL: Nanos = Nanos::from_secs(1);
/// The longest interval of a run that ends when its answer is known: it is asked after each.
pub const WATCHED_INTERVAL: Nanos = Nanos::from_millis(250);
/// The interval of a run whose length is not known beforehand.
pub const UNTIMED_INTERVAL: Nanos = Nanos::from_millis(100);

/// The length of one interval of the time series.
#[must_use]
pub fn interval(stop: StopRule) -> Nanos {
    let Some(duration) = stop.duration() else {
        return UNTIMED_INTERVAL;
    };
    Nanos(duration.0 / POINTS)
        .max(SHORTEST_INTERVAL)
        .min(LONGEST_INTERVAL)
}

/// Stay of sessions that are told a time, or a number of round trips, or neither.
#[must_use]
pub fn stay(live: Option<Nanos>, round_trips: Option<u32>) -> Stay {
    live.map_or(
        Stay::RoundTrips(round_trips.unwrap_or(ROUND_TRIPS)),
        Stay::Time,
    )
}

/// The target that stands in a plan until its server has said where it listens: on another port of
/// the same address.
#[must_use]
pub fn target_to_come() -> Target {
    Target {
        host: Ipv4Addr::LOCALHOST.to_string(),
        port: 1,
        resource: "/".to_owned(),
        secure: false,
    }
}
