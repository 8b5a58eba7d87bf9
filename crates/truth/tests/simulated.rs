//! Every experiment that is the same everywhere agrees with its formula, and the published page with
//! both.
//!
//! A change of the engine that costs or saves a clock reading shifts last digits: with
//! `SNAPSHOTS=overwrite` these parts of the page are written anew.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::sync::{Mutex, PoisonError};

use wsbench_truth::table::{self, PageSection};
use wsbench_truth::{Experiment, concluded, simulated};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/validation.md");

/// Held while the page is read and written: tests run side by side.
static AT_THE_PAGE: Mutex<()> = Mutex::new(());

#[test]
fn what_is_measured_is_what_is_true() {
    assert_true_and_published(&simulated::all(), PageSection::Simulated);
}

#[test]
fn what_is_concluded_is_what_is_true() {
    assert_true_and_published(&concluded::all(), PageSection::Concluded);
}

fn assert_true_and_published(experiments: &[Experiment], part: PageSection) {
    let complaints: String = experiments.iter().map(Experiment::complaints).collect();
    assert!(complaints.is_empty(), "{complaints}");
    let _turn = AT_THE_PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = std::fs::read_to_string(PAGE).unwrap();
    let published = part.of(&page).unwrap();
    let fresh = table::table(experiments);
    if std::env::var_os("SNAPSHOTS").is_some_and(|what| what == "overwrite") {
        std::fs::write(PAGE, page.replace(published, &fresh)).unwrap();
        return;
    }
    let lines = published.lines().zip(fresh.lines());
    let changed: Vec<_> = lines.filter(|(old, new)| old != new).collect();
    assert!(
        published == fresh,
        "SNAPSHOTS=overwrite writes the page anew; changed: {changed:#?}"
    );
}
