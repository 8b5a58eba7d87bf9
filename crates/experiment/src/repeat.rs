//! One plan several times over, each time with fresh connections and another seed.

use wsbench_judge::outcome::{RunStatus, outcome};
use wsbench_load::plan::Plan;
use wsbench_record::document::Document;

use crate::runner::{Runner, RunnerError, Step};

/// Runs `plan` so many times. An interruption ends it with the runs that were whole, which may be
/// none; a failed run ends it with that run as the last, for the next would fail as well.
///
/// # Errors
/// [`RunnerError::Failed`]: a run could not be carried out at all.
pub fn repeat(
    runner: &mut dyn Runner,
    plan: &Plan,
    runs: u32,
) -> Result<Vec<Document>, RunnerError> {
    let began_s = runner.now_s();
    let mut seeds = Seeds::of(plan);
    let mut documents = Vec::with_capacity(runs as usize);
    for number in 1..=runs {
        let plan = seeds.next_for(plan);
        let document = match runner.run(&plan) {
            Ok(document) => document,
            Err(RunnerError::Interrupted) => break,
            Err(failed) => return Err(failed),
        };
        let each_s = (runner.now_s() - began_s) / f64::from(number);
        runner.told(&Step {
            name: format!("run {number}/{runs}"),
            document: &document,
            trial: None,
            left_s: Some(each_s * f64::from(runs - number)),
        });
        let has_failed = matches!(outcome(&document, false), RunStatus::Failed(_));
        documents.push(document);
        if has_failed {
            break;
        }
    }
    Ok(documents)
}

/// A seed for each run of an experiment, all following from the plan's own.
///
/// The first run has the plan's seed itself, so that an experiment of one run is that run.
#[derive(Debug)]
pub(crate) struct Seeds {
    next: u64,
    random: fastrand::Rng,
}

impl Seeds {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            next: plan.seed,
            random: fastrand::Rng::with_seed(plan.seed),
        }
    }

    /// The plan with the next seed.
    pub(crate) fn next_for(&mut self, plan: &Plan) -> Plan {
        let seed = self.next;
        // 32 bits are enough to differ, short enough to be typed, and exact in any JSON reader.
        self.next = u64::from(self.random.u32(..));
        plan.with_seed(seed)
    }
}
