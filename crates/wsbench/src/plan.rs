//! Settings of a run: what [`PlanSpec`] is made of.
//!
//! A [`PlanSpec`] is plain data with public fields and a default for each; [`Bench::spec`] gives it
//! to be changed. Checked it is a [`Plan`], which no later line has to doubt.
//!
//! [`Bench::spec`]: crate::Bench::spec

pub use wsbench_load::arrival::{Process, Schedule, Stretch};
pub use wsbench_load::corpus::{Corpus, CorpusError};
// All of them: a setting that joins the plan is here by itself.
pub use wsbench_load::plan::*;
pub use wsbench_load::route::{NoPlace, Place, Proxy, ProxyProtocol, Route, Sources, Target};
pub use wsbench_load::secret::Secret;
pub use wsbench_load::template::{Template, TemplateError};
