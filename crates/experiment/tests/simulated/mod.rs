//! A runner on simulated time: named servers, each a scenario, measured in milliseconds whatever
//! time passes in them.
#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::BTreeMap;

use wsbench_drive::simulated::{self, Scenario};
use wsbench_experiment::runner::{Runner, RunnerError};
use wsbench_load::plan::{Plan, Target};
use wsbench_report::document::{Document, RunContext};

/// A plan's target at the simulated server of this name.
pub(crate) fn target(server: &str) -> Target {
    Target {
        host: server.into(),
        port: 80,
        resource: "/".into(),
        secure: false,
    }
}

/// Runs plans against the scenario that their host names.
pub(crate) struct Simulated {
    servers: BTreeMap<String, Scenario>,
    /// Simulated time that all runs have taken, s.
    elapsed_s: f64,
    /// Every plan carried out, in order.
    pub(crate) plans: Vec<Plan>,
}

impl Simulated {
    pub(crate) fn new(servers: impl IntoIterator<Item = (&'static str, Scenario)>) -> Self {
        let named = |(name, scenario): (&str, Scenario)| (name.to_owned(), scenario);
        Self {
            servers: servers.into_iter().map(named).collect(),
            elapsed_s: 0.0,
            plans: Vec::new(),
        }
    }
}

impl Runner for Simulated {
    fn run(&mut self, plan: &Plan) -> Result<Document, RunnerError> {
        let scenario = self.servers.get(&plan.target.host).cloned();
        let scenario =
            scenario.ok_or_else(|| RunnerError::Failed(format!("no {}", plan.target.host)))?;
        let result = simulated::run(plan, scenario, None);
        self.elapsed_s += result.total.as_secs_f64();
        self.plans.push(plan.clone());
        Ok(Document::new(&result, plan, &RunContext::default()))
    }

    fn now_s(&self) -> f64 {
        self.elapsed_s
    }
}
