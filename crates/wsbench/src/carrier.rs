//! Who carries a runner's runs out: this process, or others whom somebody else speaks for.

use wsbench_drive::resolve::Resolved;
use wsbench_drive::run::{self, StopSignal};
use wsbench_load::plan::Plan;
use wsbench_load::result::RunResult;
use wsbench_record::document::{Agent, Fleet};

use crate::error::BenchError;

/// Carries runs out, in the place of this process alone.
pub trait Carrier {
    /// True where the load comes from other machines: then they find the server, and make sure of
    /// themselves, and nothing of this one is measured.
    fn is_elsewhere(&self) -> bool;

    /// Carries `plan` out. Blocks until the run is over; `observer` hears of it meanwhile, and `stop` ends
    /// it.
    ///
    /// # Errors
    /// There is no result.
    fn carry_out(
        &mut self,
        plan: &Plan,
        resolved: &Resolved,
        stop: &StopSignal,
        observer: &mut dyn run::RunObserver,
    ) -> Result<Carried, BenchError>;
}

/// A run that was carried out.
#[derive(Debug)]
pub struct Carried {
    /// What was measured.
    pub result: RunResult,
    /// The plan as it was carried out, where others had a say in it.
    pub plan: Option<Plan>,
    /// Facts of the fleet, where one did it.
    pub fleet: Option<Fleet>,
    /// Its agents.
    pub agents: Vec<Agent>,
    /// True where agents reached the server over loopback; `None` asks this process.
    pub loopback: Option<bool>,
}

impl Carried {
    /// A run that this process carried out.
    #[must_use]
    pub fn here(result: RunResult) -> Self {
        Self {
            result,
            plan: None,
            fleet: None,
            agents: Vec::new(),
            loopback: None,
        }
    }
}
