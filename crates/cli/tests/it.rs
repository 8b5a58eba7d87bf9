//! Tests of the binary in one binary: they are linked once, and one waits while another works.
//!
//! Apart from them are those whose kernel or machine must not be shared with others, and those that
//! are many: `faults`, `servers`, `truth`, `stamps`, `server_cost`, `docs`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[cfg(unix)]
mod acks;
#[cfg(unix)]
mod broadcast;
mod build;
mod check;
mod cli;
mod compare;
mod compression;
mod doctor;
#[path = "documents/main.rs"]
mod documents;
mod environment;
mod experiments;
mod golden;
mod html;
mod http2;
mod live;
#[cfg(unix)]
mod lives;
mod loopback;
#[cfg(unix)]
mod one_sided;
mod promised;
mod proxies;
#[cfg(unix)]
mod pubsub;
mod rank;
#[cfg(unix)]
#[allow(dead_code, reason = "the tests of faults take the rest")]
#[path = "faults/raw.rs"]
mod raw;
#[cfg(unix)]
mod record;
mod refusals;
mod refused;
#[cfg(unix)]
mod rows;
mod running;
#[cfg(unix)]
mod secrets;
#[cfg(unix)]
mod sent;
mod serve;
#[cfg(unix)]
mod streams;
mod templates;
#[cfg(unix)]
mod terminal;
mod tls;
mod transcripts;
mod ways;

/// A file that is declared nowhere would be compiled by nobody: `autotests` is off.
#[test]
fn every_file_of_tests_is_in_one_of_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let declared = [include_str!("it.rs"), include_str!("../Cargo.toml")].concat();
    for entry in std::fs::read_dir(folder.join("tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let has_main = path.join("main.rs").exists();
        let is_source = path.extension().is_some_and(|ending| ending == "rs");
        let ways = [
            format!("\nmod {name};\n"),
            format!("\"tests/{name}.rs\""),
            format!("\"tests/{name}/main.rs\""),
        ];
        let is_declared = ways.iter().any(|way| declared.contains(way));
        assert!(
            is_declared || !(has_main || is_source),
            "{}",
            path.display()
        );
    }
}
