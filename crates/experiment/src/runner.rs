//! The seam between an experiment and its runs: a plan goes in, a document comes out.
//!
//! What an experiment learns of a run is what a stored result would tell, so a comparison of fresh
//! runs and one of stored results are the same computation.

use thiserror::Error;
use wsbench_load::plan::Plan;
use wsbench_report::document::Document;

/// Carries out one run after the other.
pub trait Runner {
    /// Carries `plan` out and gives its document, audited. Blocks until the run is over.
    ///
    /// # Errors
    /// [`RunnerError`]: there is no document. A run of which nothing good can be said (no
    /// connection, a dead server) has a document that says so, and is no error here.
    fn run(&mut self, plan: &Plan) -> Result<Document, RunnerError>;

    /// Time since some fixed moment, in seconds: experiments bound how long they take by it.
    fn now_s(&self) -> f64;
}

/// Why there is no document.
#[derive(Debug, Error)]
pub enum RunnerError {
    /// The run could not be set up or carried out; the words say why and what to do.
    #[error("{0}")]
    Failed(String),
    /// Somebody asked the experiment to stop. What was measured until then is kept.
    #[error("interrupted")]
    Interrupted,
}
