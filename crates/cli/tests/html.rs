//! Pages from the command line: written beside the result, and of stored results again.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use snapbox::cmd::cargo_bin;

fn wsbench(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(cargo_bin!("wsbench"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A run of the embedded server, bounded by count.
const RUN: [&str; 6] = ["-n", "400", "-c", "2", "--seed", "7"];

#[test]
fn a_run_writes_its_page_and_a_report_writes_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let words = [&RUN[..], &["-o", "r.json", "--html", "r.html"]].concat();
    let output = wsbench(directory.path(), &words);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains(" msg/s"),
        "the summary is printed all the same"
    );
    let page = fs::read_to_string(directory.path().join("r.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("--seed 7"));
    let again = [
        "report",
        "r.json",
        "--html",
        "again.html",
        "--format",
        "quiet",
    ];
    let output = wsbench(directory.path(), &again);
    assert!(output.status.success() && output.stdout.is_empty());
    let written = fs::read_to_string(directory.path().join("again.html")).unwrap();
    assert_eq!(written, page);
    let output = wsbench(directory.path(), &["report", "r.json", "--format", "html"]);
    assert_eq!(text(&output.stdout), page);
    let output = wsbench(
        directory.path(),
        &["report", "r.json", "r.json", "--format", "html"],
    );
    assert!(text(&output.stdout).contains("<h1>2 runs</h1>"));
}

#[test]
fn a_repetition_has_one_page_and_no_part_in_another() {
    let directory = tempfile::tempdir().unwrap();
    let words = [
        &RUN[..],
        &["--repeat", "2", "-o", "r.json", "--html", "r.html"],
    ]
    .concat();
    let output = wsbench(directory.path(), &words);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let page = fs::read_to_string(directory.path().join("r.html")).unwrap();
    assert!(page.contains("How far the runs agree"));
    let output = wsbench(
        directory.path(),
        &["report", "r.json", "r.json", "--html", "x.html"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("of one stored result, or of several single runs"));
    assert!(!directory.path().join("x.html").exists());
}

#[test]
fn a_comparison_has_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let stored = [&RUN[..], &["-o", "r.json"]].concat();
    assert!(wsbench(directory.path(), &stored).status.success());
    let words = ["compare", "r.json", "r.json", "--force", "--html", "c.html"];
    let output = wsbench(directory.path(), &words);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let page = fs::read_to_string(directory.path().join("c.html")).unwrap();
    assert!(page.contains("B ÷ A with its 95 % interval"));
}

#[test]
fn a_page_and_a_result_need_two_files() {
    let directory = tempfile::tempdir().unwrap();
    let words = [&RUN[..], &["-o", "f", "--html", "f"]].concat();
    let output = wsbench(directory.path(), &words);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--output and --html name the same file"));
}
