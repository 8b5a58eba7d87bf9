//! Measures WebSocket servers from a program, as the command `wsbench` does, which is built on it.
//!
//! ```
//! use wsbench::{Bench, Nanos, StopRule};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut bench = Bench::embedded(); // or Bench::against("ws://localhost:3000/")?
//! bench.spec().clients.connections = 4;
//! bench.spec().stop = StopRule::Duration(Nanos::from_millis(200));
//! let outcome = bench.run()?;
//! println!("{}", outcome.read("messages_per_s")?);
//! println!("audit: {}", outcome.document.audit.verdict.word());
//! # assert!(outcome.document.messages.answered > 0);
//! # Ok(())
//! # }
//! ```
//!
//! # A tour
//!
//! * A [`Bench`] is a server and what is to be asked of it. Its settings are a [`PlanSpec`], plain
//!   data that [`plan`] tells of; they are checked when it is run.
//! * [`Bench::run`] makes one run and gives an [`Outcome`]. The run blocks its thread; the load is
//!   made by threads of its own. A server that fails, refuses or answers wrongly is no error: the
//!   outcome tells of it.
//! * [`Outcome::read`] gives a figure by name with its interval, [`Outcome::judge`] says whether a
//!   condition holds, and that noise cannot have made it hold. [`Outcome::document`] is everything
//!   that was measured, with an audit that says how far to believe it ([`document`]).
//! * An [`Observer`] looks on while runs are under way, and may end them ([`Wish`]). There may be
//!   many; none of them delays the load.
//! * [`Bench::into_runner`] gives a [`LocalRunner`] for many runs: repeated, compared, searched,
//!   swept ([`experiment`]).
//! * [`Bench::stop_signal`] stops whatever is under way, from any thread.
//!
//! The page [docs/library.md](https://github.com/wsbench/wsbench/blob/main/docs/library.md) does
//! each of these in an example, and `examples/` has whole programs.
//!
//! # What is promised
//!
//! What this page shows, and nothing else: items that it does not show are for the command, and the
//! crates below (`wsbench-load`, `wsbench-record`, …) may change with any version. Until 1.0 a change
//! that breaks programs raises the second number of the version.
//!
//! # Features
//!
//! * `http2` (default): WebSockets over HTTP/2 (RFC 8441).
#![forbid(unsafe_code)]

mod amount;
mod bench;
#[doc(hidden)]
pub mod bounded;
mod digest;
pub mod document;
mod embedded;
pub mod error;
pub mod experiment;
mod floor;
mod helpers;
mod lines;
pub mod observer;
pub mod plan;
mod raw_log;
pub mod reading;
mod runner;
mod server_process;
mod story;

// For the command alone: what flags and suites are made of, and how many servers are ranked. What
// of it a program needs is named below.
#[doc(hidden)]
pub mod carrier;
#[doc(hidden)]
pub mod cores;
#[doc(hidden)]
pub mod defaults;
#[doc(hidden)]
pub mod header;
#[doc(hidden)]
pub mod local_values;
#[doc(hidden)]
pub mod machine;
#[doc(hidden)]
pub mod preflight;
#[doc(hidden)]
pub mod quantity;
#[doc(hidden)]
pub mod ranking;
#[doc(hidden)]
pub mod redirects;
#[doc(hidden)]
pub mod scenario;
#[doc(hidden)]
pub mod suite;
#[doc(hidden)]
pub mod target;

pub use bench::{Bench, Outcome};
pub use cores::EmbeddedCores;
pub use document::{Document, Ended, Series, Verdict};
pub use embedded::EmbeddedServer;
pub use error::BenchError;
pub use helpers::{Helpers, Serving};
pub use observer::{LogRecord, Observer, Progress, Pulse, Wish};
pub use plan::{Plan, PlanSpec, StopRule, Target};
pub use raw_log::{LogError, LogFailure, RawLog};
pub use reading::{Judgement, ReadError, Reading, State};
pub use redirects::Follow;
pub use runner::LocalRunner;
pub use server_process::ServerProcess;
pub use story::story;
pub use wsbench_drive::run::StopSignal;
pub use wsbench_experiment::target::supervisor::supervise;
pub use wsbench_judge::until::{self, Until};
pub use wsbench_load::nanos::Nanos;
pub use wsbench_setting::{Field, Mention, Paths, Spelling};

/// The page of the documentation, whose examples are tests of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
mod library_page {}
