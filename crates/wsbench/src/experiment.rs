//! Experiments: many runs with a purpose, by a [`LocalRunner`](crate::LocalRunner).
//!
//! [`Bench::into_runner`](crate::Bench::into_runner) gives the runner. Each run has a seed of its
//! own, and every observer hears of every run. An experiment takes any [`Runner`], so that it can be
//! tested without a server.

pub use wsbench_experiment::compare::{CompareError, Rounds, compare};
pub use wsbench_experiment::find::{self, FindError, find};
pub use wsbench_experiment::pilot::PilotError;
pub use wsbench_experiment::repeat::repeat;
pub use wsbench_experiment::runner::{Runner, RunnerError, Step};
pub use wsbench_experiment::sweep::{self, SweepError, sweep};
pub use wsbench_judge::comparison::{ComparisonError, Terms};
pub use wsbench_judge::objective;
pub use wsbench_record::comparison::{Comparison, Contrast, Found, Side};
pub use wsbench_record::objective::Objective;
pub use wsbench_record::search::{Over, Search};
pub use wsbench_record::sweep::Sweep;
