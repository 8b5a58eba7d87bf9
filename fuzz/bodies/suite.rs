//! Suites: a file is read, or refused with its line.

use std::path::Path;

use wsbench::suite::{Choices, Commands, Duty, Suite};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, Why};
use wsbench_setting::Field;

/// Commands that nobody types.
#[derive(Debug)]
struct Nameless;

impl Commands for Nameless {
    fn serve(&self, _: &[usize], _: &Duty) -> String {
        "serve".to_owned()
    }

    fn run(&self, _: &PlanSpec) -> String {
        "run".to_owned()
    }

    fn search(&self, _: &PlanSpec, _: &str, _: Nanos) -> String {
        "search".to_owned()
    }

    fn reason(&self, why: Why) -> String {
        why.to_string()
    }

    fn setting(&self, field: Field) -> String {
        field.to_string()
    }
}

/// A file, in a place where no server stands beside it.
pub(crate) fn attempt(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let place = Path::new("/nowhere/suite.toml");
    let nothing = |_: &str| None;
    match Suite::parse(place, text, &Choices::default(), &Nameless, &nothing) {
        Ok(suite) => assert!(!suite.workloads.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
