//! Every experiment on simulated time agrees with its formula, and the published page with both.
//!
//! A change of the engine that costs or saves a clock reading shifts last digits: with
//! `SNAPSHOTS=overwrite` the page's part on simulated time is written anew.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_truth::{simulated, table};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/validation.md");

#[test]
fn what_is_measured_is_what_is_true() {
    let experiments = simulated::all();
    let complaints: String = experiments.iter().map(|one| one.complaints()).collect();
    assert!(complaints.is_empty(), "{complaints}");
    let page = std::fs::read_to_string(PAGE).unwrap();
    let published = table::simulated_part(&page).unwrap();
    let fresh = table::simulated(&experiments);
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
