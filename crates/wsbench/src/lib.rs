//! wsbench as a library.
#![forbid(unsafe_code)]

mod bench;
pub mod cores;
pub mod defaults;
pub mod embedded;
mod error;
mod floor;
pub mod header;
mod helpers;
pub mod machine;
mod observer;
pub mod preflight;
pub mod quantity;
pub mod ranking;
mod raw_log;
pub mod redirects;
mod runner;
mod server_process;
mod story;
pub mod suite;
pub mod target;

pub use bench::{Bench, Outcome};
pub use cores::EmbeddedCores;
pub use error::BenchError;
pub use helpers::{Helpers, Serving};
pub use observer::{Observer, Wish};
pub use raw_log::{LogFailure, RawLog};
pub use runner::LocalRunner;
pub use server_process::ServerProcess;
pub use story::story;
pub use wsbench_drive::run::StopSignal;
pub use wsbench_load::nanos::Nanos;
pub use wsbench_load::plan::{Plan, PlanSpec, StopRule};
