//! Distribution of the gaps between the sends of an open loop, beside those of its schedule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::arrival::{self, Process, Schedule};
use wsbench_load::plan::{Arrival, PlanSpec};
use wsbench_load::result::RunResult;
use wsbench_load::send_gaps::SendGap;
use wsbench_stats::gaps::{self, Gaps};

/// Fewer gaps than this say nothing.
const FEWEST: usize = 8;

/// Distribution of the gaps between the sends of an open loop, beside those of its schedule.
/// Messages that had to wait for their connection are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalShape {
    /// Gaps looked at: a random sample of all.
    pub samples: u64,
    /// Distance between the distributions of the gaps sent and of those planned, 0.0 to 1.0: the
    /// greatest difference of their cumulated shares (Kolmogorov); of an even schedule, the share
    /// of the gaps that are off by more than that share of a gap (Lévy).
    pub distance: f64,
    /// `A²` of Anderson and Darling of the gaps sent against exponential ones, with Stephens' factor
    /// for an estimated mean: of Poisson arrivals above 1.321 one time in twenty, above 1.959 one
    /// time in a hundred. Absent unless the schedule is Poisson with one rate and no message had to
    /// wait for its connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anderson_darling: Option<f64>,
    /// How far the schedule itself is from what the plan promises, 0.0 to 1.0, as its due times over
    /// all threads tell: of Poisson arrivals the distance of their gaps from exponential ones, of
    /// even ones as in `distance`. Absent unless the plan has one rate throughout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_distance: Option<f64>,
}

impl ArrivalShape {
    /// The shape of a run's arrivals; `None` in the closed loop and of few messages.
    pub(super) fn of(result: &RunResult, plan: &PlanSpec) -> Option<Self> {
        let pairs = &result.send_gaps;
        let Arrival::Open { schedule, .. } = &plan.clients.arrival else {
            return None;
        };
        if pairs.len() < FEWEST {
            return None;
        }
        let sent: Vec<f64> = pairs.iter().map(|gap| gap.sent).collect();
        let distance = match schedule.process {
            Process::Poisson => {
                let planned: Vec<f64> = pairs.iter().map(|gap| gap.planned).collect();
                gaps::kolmogorov(&sent, &planned)
            }
            Process::Constant => {
                let off = |gap: &SendGap| gap.sent / gap.planned.max(1.0);
                gaps::levy_from_one(&pairs.iter().map(off).collect::<Vec<_>>())
            }
        };
        let may_be_exponential = is_level_poisson(schedule) && result.blocked_by.all() == 0;
        Some(Self {
            samples: pairs.len() as u64,
            distance: distance?,
            anderson_darling: Gaps::of(&sent)
                .filter(|_| may_be_exponential)
                .map(|gaps| gaps.anderson_darling),
            schedule_distance: schedule_distance(schedule, plan),
        })
    }

    /// The distance that is still that of arrivals as planned, when so much of it is allowed
    /// beside what may come about by chance.
    #[must_use]
    pub fn limit(&self, tolerance: f64) -> f64 {
        tolerance + gaps::allowance(self.samples)
    }
}

/// Due times by which a schedule is judged.
const LOOKED_AT: usize = 10_000;

/// How far the gaps that a schedule has, over all workers of the plan, are from those that the plan
/// promises.
fn schedule_distance(schedule: &Schedule, plan: &PlanSpec) -> Option<f64> {
    let rate_per_s = schedule.stretches.first()?.from_per_s;
    if !is_level(schedule) {
        return None;
    }
    let shared = (plan.threads, plan.clients.publishers());
    let due = arrival::first_due(schedule, shared, plan.seed, LOOKED_AT);
    let gaps = due.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64());
    let gaps: Vec<f64> = gaps.map(|gap| gap * rate_per_s).collect();
    if gaps.len() < FEWEST {
        return None;
    }
    match schedule.process {
        Process::Constant => gaps::levy_from_one(&gaps),
        Process::Poisson => {
            // Quantiles of the exponential distribution, as many as there are gaps.
            let count = gaps.len() as f64;
            let promised = (0..gaps.len()).map(|at| -(-(at as f64 + 0.5) / count).ln_1p());
            gaps::kolmogorov(&gaps, &promised.collect::<Vec<_>>())
        }
    }
}

/// True if all gaps of a schedule are exponential with the same mean.
fn is_level_poisson(schedule: &Schedule) -> bool {
    schedule.process == Process::Poisson && is_level(schedule)
}

/// Whether a schedule has one rate throughout.
fn is_level(schedule: &Schedule) -> bool {
    let first = schedule.stretches.first().map(|first| first.from_per_s);
    schedule
        .stretches
        .iter()
        .all(|stretch| [stretch.from_per_s, stretch.to_per_s].map(Some) == [first; 2])
}
