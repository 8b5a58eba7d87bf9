//! A runner on simulated time: named servers, each a scenario, measured in milliseconds whatever
//! time passes in them.
//!
//! It is to experiments what this crate is to runs: how a search, a comparison or a ranking
//! is held to a truth that is known beforehand.

use std::collections::BTreeMap;

use wsbench_experiment::runner::{Runner, RunnerError};
use wsbench_judge::judged;
use wsbench_load::plan::Plan;
use wsbench_load::result::RunResult;
use wsbench_load::route::Target;
use wsbench_record::document::{Document, Record, RunContext};
use wsbench_setting::{Paths, Spelling};

use crate::Scenario;

/// A plan's target at the simulated server of this name.
#[must_use]
pub fn target(server: &str) -> Target {
    Target {
        host: server.into(),
        port: 80,
        resource: "/".into(),
        secure: false,
    }
}

/// Runs plans against the scenario that their host names.
///
/// ```
/// use wsbench_simulate::Scenario;
/// use wsbench_experiment::runner::Runner;
/// use wsbench_load::plan::{PlanSpec, StopRule};
/// use wsbench_simulate::runner::{Simulated, target};
/// let mut runner = Simulated::new([("a", Scenario::default())]);
/// let spec = PlanSpec::against(target("a")).with(|spec| spec.stop = StopRule::Messages(100));
/// assert_eq!(runner.run(&spec.check().unwrap()).unwrap().messages.answered, 100);
/// ```
#[derive(Debug)]
pub struct Simulated<S = Paths> {
    servers: BTreeMap<String, Scenario>,
    /// The words for settings in audits.
    spelling: S,
    /// Simulated time that all runs have taken, s.
    elapsed_s: f64,
    /// Every plan carried out, in order.
    pub plans: Vec<Plan>,
}

impl Simulated {
    /// A runner to which these servers are known, and whose audits name settings by their paths.
    pub fn new<Name: Into<String>>(servers: impl IntoIterator<Item = (Name, Scenario)>) -> Self {
        let named = |(name, scenario): (Name, Scenario)| (name.into(), scenario);
        Self {
            servers: servers.into_iter().map(named).collect(),
            spelling: Paths,
            elapsed_s: 0.0,
            plans: Vec::new(),
        }
    }

    /// The same with audits in these words.
    pub fn spelled<S: Spelling>(self, spelling: S) -> Simulated<S> {
        Simulated {
            servers: self.servers,
            spelling,
            elapsed_s: self.elapsed_s,
            plans: self.plans,
        }
    }
}

impl<S: Spelling> Runner for Simulated<S> {
    fn run(&mut self, plan: &Plan) -> Result<Document, RunnerError> {
        self.run_until(plan, &mut |_| false)
    }

    fn run_until(
        &mut self,
        plan: &Plan,
        is_enough: &mut dyn FnMut(&RunResult) -> bool,
    ) -> Result<Document, RunnerError> {
        let scenario = self.servers.get(&plan.target.host).cloned();
        let scenario =
            scenario.ok_or_else(|| RunnerError::Failed(format!("no {}", plan.target.host)))?;
        let result = crate::run_until(plan, scenario, is_enough);
        self.elapsed_s += result.total.as_secs_f64();
        self.plans.push(plan.clone());
        let spelling = &self.spelling;
        let record = Record::of(&result, plan, &RunContext::default(), spelling);
        Ok(judged(record, spelling))
    }

    fn now_s(&self) -> f64 {
        self.elapsed_s
    }

    fn spelling(&self) -> &dyn Spelling {
        &self.spelling
    }
}
