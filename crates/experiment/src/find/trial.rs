//! The plan of one trial: the load that is searched for, as connections, messages or sessions.

use wsbench_load::arrival::Schedule;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Lifetime, Plan, PlanError, Sessions, StopRule};
use wsbench_record::search::Over;

use super::Settings;
use crate::pilot;

/// Intervals of a trial: it is looked at once there are twenty.
const INTERVALS: u64 = 100;
/// Intervals of a short trial at least.
const FEWEST: u64 = 25;
/// The shortest interval of one that is not short.
const SHORTEST_INTERVAL: Nanos = Nanos::from_millis(100);

/// The plan of trial number `number`, which is `length_s` seconds long.
///
/// # Errors
/// It is none.
pub(super) fn plan(
    settings: &Settings,
    load: f64,
    length_s: f64,
    number: u32,
) -> Result<Plan, PlanError> {
    let length = Nanos((length_s * 1e9) as u64);
    let sessions = sessions_at(settings, load);
    // Whatever becomes of those that come, there is a place for each.
    let lasts = length + settings.plan.warmup.least;
    let places = sessions.map(|sessions| sessions.places(lasts));
    let connections = places.or(settings.over.connections_at(load));
    let connections = connections.unwrap_or(settings.plan.clients.connections);
    let arrival = match settings.over.rate_at(load) {
        None => Arrival::Closed { depth: 1 },
        Some(per_s) => Arrival::Open {
            schedule: Schedule::level(settings.process, per_s),
            max_in_flight: settings.max_in_flight,
        },
    };
    settings.plan.edited(|spec| {
        spec.clients.connections = connections;
        spec.threads = spec.threads.min(connections);
        if let Some(sessions) = sessions {
            spec.clients.lifetime = Lifetime::Scheduled(sessions);
        }
        spec.clients.arrival = arrival;
        spec.stop = StopRule::Duration(length);
        spec.interval = interval(length);
        spec.seed = pilot::seed(spec.seed, number);
    })
}

/// The sessions of a load, where they are what is searched for.
fn sessions_at(settings: &Settings, load: f64) -> Option<Sessions> {
    match settings.over {
        Over::Sessions { stay } => Some(Sessions {
            per_s: load,
            process: settings.process,
            stay,
        }),
        Over::Rate | Over::Connections { .. } | Over::Audience { .. } => None,
    }
}

/// The interval of the time series of a trial: short enough to be looked at early, and for a short one
/// to be looked at at all.
fn interval(length: Nanos) -> Nanos {
    let shortest = SHORTEST_INTERVAL.min(Nanos(length.0 / FEWEST));
    Nanos(length.0 / INTERVALS)
        .max(shortest)
        .min(Nanos::from_secs(1))
}
