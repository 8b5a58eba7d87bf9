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
mod reading;
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
pub use reading::{ReadError, Reading};
pub use runner::LocalRunner;
pub use server_process::ServerProcess;
pub use story::story;
pub use wsbench_drive::run::StopSignal;
pub use wsbench_judge::condition::{Judgement, State};
pub use wsbench_load::nanos::Nanos;
pub use wsbench_load::plan::{Plan, PlanSpec, StopRule};
pub use wsbench_load::result::Progress;
pub use wsbench_load::series::Series;
pub use wsbench_record::audit::Verdict;
pub use wsbench_record::document::Document;
