//! Stored documents: what a run's figures become, and what each of them is shown as, byte for byte.
//!
//! `golden/documents` holds documents of every kind; those of `made` and `experiments` are made
//! again here and compared. `golden/rendered` holds what `wsbench report` shows of each in every
//! format. Where a difference is meant, `WSBENCH_BLESS=1` stores all of it anew.

mod experiments;
#[path = "../../src/spelling/flags.rs"]
mod flags;
mod made;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::golden::{self, Golden};
use snapbox::cmd::cargo_bin;

/// Formats on standard output, and the ending of the file that each is stored in.
const FORMATS: [(&str, &str); 5] = [
    ("text", "txt"),
    ("markdown", "md"),
    ("csv", "csv"),
    ("json", "json"),
    ("html", "html"),
];
/// Formats in a file beside it.
const FILES: [&str; 2] = ["hgrm", "hlog"];
/// Formats that are long: a hash is stored of each, and all of it of `IN_FULL`.
const LONG: [&str; 4] = ["json", "html", "hgrm", "hlog"];
/// Documents of which long formats are stored in full, too.
const IN_FULL: [&str; 2] = ["few", "sweep"];
/// Documents that are also shown together.
const TOGETHER: [&[&str]; 3] = [
    &["closed", "overloaded", "nobody"],
    &["closed", "repetition"],
    &["repetition", "comparison"],
];

fn documents() -> PathBuf {
    golden::folder().join("documents")
}

/// Compares documents by name with the stored ones.
fn compare_all(made: BTreeMap<&'static str, String>) {
    let mut golden = Golden::default();
    for (name, text) in made {
        golden.compare(&format!("documents/{name}.json"), &text);
    }
    golden.end();
}

#[test]
fn runs_on_simulated_time_yield_the_documents_that_are_stored() {
    compare_all(made::results());
}

#[test]
fn experiments_on_simulated_time_yield_the_documents_that_are_stored() {
    compare_all(experiments::results());
}

/// Names of all stored documents, in order.
fn names() -> Vec<String> {
    let files = fs::read_dir(documents()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> = paths.map(name).collect();
    names.sort();
    names
}

/// What came of a call of `wsbench report`.
struct Shown {
    exit: i32,
    stdout: String,
    stderr: String,
}

fn shown(directory: &Path, words: &[&str]) -> Shown {
    let output = Command::new(cargo_bin!("wsbench"))
        .arg("report")
        .args(words)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    Shown {
        exit: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Compares what is shown of documents in one format, and notes exit code, hash and refusal.
fn compare(golden: &mut Golden, notes: &mut String, name: &str, ending: &str, shown: &Shown) {
    let (exit, hash) = (shown.exit, golden::hash(&shown.stdout));
    let _ = writeln!(notes, "{name} {ending} {exit} {hash:016x}");
    for line in shown.stderr.lines() {
        let _ = writeln!(notes, "    {line}");
    }
    let file = format!("rendered/{name}.{ending}");
    let is_stored = !LONG.contains(&ending) || IN_FULL.contains(&name);
    if is_stored && !shown.stdout.is_empty() {
        golden.compare(&file, &shown.stdout);
    } else {
        golden.keep_for_a_look(&file, &shown.stdout);
    }
}

#[test]
fn every_document_is_shown_in_every_format_as_it_was() {
    let (mut golden, mut notes) = (Golden::default(), String::new());
    let place = documents();
    let names = names();
    assert!(names.len() >= 24, "{names:?}");
    for name in &names {
        let file = format!("{name}.json");
        for (format, ending) in FORMATS {
            let shown = shown(&place, &[&file, "--format", format]);
            compare(&mut golden, &mut notes, name, ending, &shown);
        }
        let strict = shown(&place, &[&file, "--format", "quiet", "--strict"]);
        compare(&mut golden, &mut notes, name, "strict", &strict);
        for format in FILES {
            let directory = tempfile::tempdir().unwrap();
            let written = directory.path().join("written");
            let flag = format!("--{format}={}", written.display());
            let mut shown = shown(&place, &[&file, &flag, "--format", "quiet"]);
            assert_eq!(shown.stdout, "", "{name}");
            shown.stdout = fs::read_to_string(&written).unwrap_or_default();
            let hidden = directory.path().display().to_string();
            shown.stderr = shown.stderr.replace(&hidden, "[DIRECTORY]");
            compare(&mut golden, &mut notes, name, format, &shown);
        }
    }
    for several in TOGETHER {
        let name = several.join("+");
        let mut words: Vec<String> = several.iter().map(|one| format!("{one}.json")).collect();
        words.push("--format".to_owned());
        for (format, ending) in FORMATS {
            let words = words.iter().map(String::as_str).chain([format]);
            let shown = shown(&place, &words.collect::<Vec<_>>());
            compare(&mut golden, &mut notes, &name, ending, &shown);
        }
    }
    golden.compare("rendered/hashes.txt", &notes);
    golden.end();
}
