//! What a WebSocket echo server must do, case by case, sans-IO (RFC 6455, RFC 7692).
//!
//! A [`case::Case`] is data: what is sent, and what must come of it, each with its section of the
//! RFC. An [`examination::CaseExamination`] carries one case out: it says what to write and how
//! long to read, is told what came, and ends with a [`finding::Finding`]. Sockets and clocks are
//! the caller's; how findings are shown is the affair of `render`. It is not a test suite of every
//! corner of the protocol: it is the gate before a measurement, which keeps a server from being
//! fast because it is wrong.
//!
//! ```
//! use wsbench_conformance::cases;
//! let all = cases::all(42);
//! assert!(all.len() >= 40);
//! assert!(all.iter().all(|case| case.section.starts_with("RFC ")));
//! ```
#![forbid(unsafe_code)]

pub mod case;
pub mod cases;
mod compressing;
pub mod examination;
pub mod finding;
