//! The seam between an experiment and its runs: a plan goes in, a document comes out.
//!
//! What an experiment learns of a run is what a stored result would tell, so a comparison of fresh
//! runs and one of stored results are the same computation.

use thiserror::Error;
use wsbench_load::plan::{Plan, PlanError};
use wsbench_load::result::RunResult;
use wsbench_record::document::Document;
use wsbench_record::search::Trial;
use wsbench_setting::{Paths, Spelling, Text, Told};

/// Carries out one run after the other.
pub trait Runner {
    /// Carries `plan` out and gives its document, audited. Blocks until the run is over.
    ///
    /// # Errors
    /// [`RunnerError`]: there is no document of a whole run. A run of which nothing good can be
    /// said (no connection, a dead server) has a document that says so, and is no error here.
    fn run(&mut self, plan: &Plan) -> Result<Document, RunnerError>;

    /// The same, over as soon as `is_enough` says so of all that was measured until then; it is asked
    /// once an interval. A runner that cannot tell makes the whole run.
    ///
    /// # Errors
    /// As [`Runner::run`].
    fn run_until(
        &mut self,
        plan: &Plan,
        is_enough: &mut dyn FnMut(&RunResult) -> bool,
    ) -> Result<Document, RunnerError> {
        let _ = is_enough;
        self.run(plan)
    }

    /// Time since some fixed moment, in seconds: experiments bound how long they take by it.
    fn now_s(&self) -> f64;

    /// The words in which settings are named in what is stored of an experiment, as they are in the
    /// documents of its runs.
    fn spelling(&self) -> &dyn Spelling {
        &Paths
    }

    /// Hears how the experiment is going, for whoever waits for it. Nothing depends on it.
    fn told(&mut self, step: &Step<'_>) {
        let _ = step;
    }
}

/// A run of an experiment is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The name of the run: `round 3/20 A`.
    pub name: String,
    /// Its result.
    pub document: &'a Document,
    /// The trial that it was, where a search made it.
    pub trial: Option<&'a Trial>,
    /// The time that the experiment will still take, s; `None` when nobody can tell.
    pub left_s: Option<f64>,
}

/// The reason why there is no document.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The run could not be set up or carried out; the words say why and what to do.
    #[error("{0}")]
    Failed(String),
    /// The plan that the experiment makes of its own is none.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Somebody asked to stop, before this run or in the middle of it. A run that was cut short is
    /// no run of an experiment; the runs before it are kept.
    #[error("interrupted")]
    Interrupted,
}

impl Told for RunnerError {
    fn text(&self) -> Text {
        match self {
            Self::Plan(error) => error.text(),
            Self::Failed(_) | Self::Interrupted => self.to_string().into(),
        }
    }
}
