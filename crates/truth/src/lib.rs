//! Experiments whose result is known beforehand: what the instrument says, beside what a formula
//! says that it must say.
//!
//! An instrument is believed as far as it has been held against the truth. Each [`Experiment`] is a
//! server or a generator of which everything is known, a [`formula`], and [`Finding`]s: expected,
//! measured, and the tolerance, which was chosen beforehand from the size of the sample. On
//! simulated time ([`simulated`]) they are exact and the same everywhere, and so are those on what is
//! concluded from many runs ([`concluded`]): searches, intervals, comparisons, rankings. Over the
//! kernel ([`kernel`]) they use the binary as a user would, against its own calibration modes. The
//! table of all of them is `docs/validation.md` ([`table`]).
//!
//! This crate is no part of what is installed: it proves, and measures for nobody.
#![forbid(unsafe_code)]

pub mod concluded;
pub mod finding;
pub mod formula;
pub mod kernel;
pub mod picture;
pub mod simulated;
pub mod table;

pub use finding::{Experiment, Finding, Tolerance};
