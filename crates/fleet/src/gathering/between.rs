//! Messages from one agent to another: what became of them is exact, and when they came is known by two
//! clocks. Times that these do not know well enough are taken out of the result, and named.

use wsbench_drive::crew::Collector;
use wsbench_load::fanout::TOLD_WITHIN;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_record::document::{Agent, Between, Withheld};

use crate::protocol::Task;

/// Times are told where the clocks are known to this share of their median.
const OF_MEDIAN: f64 = 0.1;

/// The series that have times of two agents' clocks in them.
const BETWEEN: [Series; 4] = [
    Series::DeliveryBetween,
    Series::DeliveryFirst,
    Series::DeliveryLast,
    Series::Skew,
];

/// A collector of the parts of a run that was dealt so, by its whole plan.
pub(super) fn collector<'a>(task: &Task, plan: &'a Plan) -> Collector<'a> {
    let collector = Collector::new(plan, plan.threads, task.started_at_unix_ms);
    if task.seats.len() < 2 {
        return collector;
    }
    let mut homes = vec![0; plan.threads as usize];
    for (home, seat) in (0..).zip(&task.seats) {
        for worker in &seat.workers {
            if let Some(of_worker) = homes.get_mut(*worker as usize) {
                *of_worker = home;
            }
        }
    }
    let bounds = task.seats.iter().map(|seat| seat.clock.bound_ns);
    collector.among(homes, Nanos(of_two(bounds)))
}

/// Two clocks are one to within the sum of the two worst bounds.
fn of_two(bounds: impl Iterator<Item = u64>) -> u64 {
    let mut bounds: Vec<u64> = bounds.collect();
    bounds.sort_unstable();
    bounds.iter().rev().take(2).sum()
}

/// Says how far times between agents are known, and takes out of a result those that are not; `None` where
/// no message went from one to another.
pub(super) fn judged(result: &mut RunResult, agents: &[Agent]) -> Option<Between> {
    if result.deliveries.between_agents == 0 {
        return None;
    }
    let bounds = of_two(agents.iter().map(|agent| agent.clock.bound_ns));
    // Drift that is known is more than the bounds, and clocks were last set before the run.
    let drifts = agents.iter().filter_map(|agent| agent.clock.drift_ppm);
    let (slowest, fastest) = drifts.fold((0.0_f64, 0.0_f64), |(slowest, fastest), ppm| {
        (slowest.min(ppm), fastest.max(ppm))
    });
    let drifted = (fastest - slowest) / 1e6 * result.total.as_secs_f64() * 1e9;
    let bound_ns = bounds + drifted as u64 + TOLD_WITHIN.0;
    let mut between = Between {
        bound_ns,
        withheld: Vec::new(),
    };
    for series in BETWEEN {
        let Some(median) = result.at(series).quantile(0.5) else {
            continue;
        };
        if bound_ns as f64 > OF_MEDIAN * median.0 as f64 {
            withhold(result, series);
            between.withheld.push(Withheld {
                series: series.path(),
                median_ns: median.0,
            });
        }
    }
    Some(between)
}

/// Takes the times of a series out of a result, and those of its tail.
fn withhold(result: &mut RunResult, series: Series) {
    for series in std::iter::once(series).chain(series.info().tail) {
        result.tally.times[series].clear();
        for slice in &mut result.slices {
            if let Some(times) = slice.times.get_mut(series) {
                *times = Default::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(bound_ns: u64, drift_ppm: Option<f64>) -> Agent {
        let mut agent = Agent::default();
        (agent.clock.bound_ns, agent.clock.drift_ppm) = (bound_ns, drift_ppm);
        agent
    }

    fn result(median: Nanos) -> RunResult {
        let mut result = RunResult {
            total: Nanos::from_secs(10),
            ..RunResult::default()
        };
        result.tally.deliveries.between_agents = 3;
        for series in BETWEEN.into_iter().chain([Series::Delivery]) {
            result.tally.times[series].record_n(median, 3);
        }
        result
    }

    #[test]
    fn times_are_told_where_the_clocks_are_known_to_a_tenth_of_their_median() {
        let agents = [agent(300_000, None), agent(10, None), agent(200_000, None)];
        let mut told = result(Nanos::from_millis(6));
        let between = judged(&mut told, &agents).unwrap();
        assert_eq!((between.bound_ns, between.withheld.len()), (501_000, 0));
        assert_eq!(told.at(Series::DeliveryBetween).count(), 3);
        let mut untold = result(Nanos::from_millis(4));
        let between = judged(&mut untold, &agents).unwrap();
        let names: Vec<&str> = between
            .withheld
            .iter()
            .map(|it| it.series.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "delivery_between_ns",
                "delivery_first_ns",
                "delivery_last_ns",
                "skew_ns"
            ]
        );
        for series in BETWEEN {
            assert!(untold.at(series).is_empty(), "{series:?}");
        }
        assert_eq!(
            untold.at(Series::Delivery).count(),
            3,
            "within an agent it is exact"
        );
    }

    #[test]
    fn drift_that_is_known_widens_the_bound() {
        let agents = [agent(100, Some(-20.0)), agent(100, Some(30.0))];
        let between = judged(&mut result(Nanos::from_secs(1)), &agents).unwrap();
        assert_eq!(between.bound_ns, 200 + 500_000 + 1_000);
        let mut none = RunResult::default();
        assert_eq!(
            judged(&mut none, &agents),
            None,
            "nothing went between them"
        );
    }
}
