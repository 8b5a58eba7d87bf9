//! Command lines that are refused, and files that cannot be shown: exit code and words are those that
//! are stored.
//!
//! A line of `golden/refusals.txt` that begins with `$ ` is a command line; below it stand the exit
//! code and what was said. `WSBENCH_BLESS=1` stores them anew.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use crate::golden::{self, Golden};
use snapbox::cmd::cargo_bin;

/// What a command line comes to: nothing on standard output, a code and words.
fn refusal(line: &str) -> String {
    let output = Command::new(cargo_bin!("wsbench"))
        .args(golden::words(line))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(code == 1 || code == 2, "{line}: {code} {said}");
    assert!(output.stdout.is_empty(), "{line}");
    let mut text = format!("$ {line}\nexit {code}\n");
    for line in said.lines() {
        let _ = writeln!(text, "  {}", independent_of_the_machine(line));
    }
    text
}

/// Which cores there are is the machine's affair.
fn independent_of_the_machine(line: &str) -> String {
    match line.split_once("; it may use ") {
        Some((said, _)) => format!("{said}; it may use [CORES]"),
        None => line.to_owned(),
    }
}

#[test]
fn every_wrong_command_line_is_refused_in_the_words_that_are_stored() {
    let stored = fs::read_to_string(golden::folder().join("refusals.txt")).unwrap();
    let lines = golden::command_lines(&stored);
    assert!(lines.len() >= 100, "{}", lines.len());
    let said: String = lines.iter().map(|line| refusal(line)).collect();
    let mut golden = Golden::default();
    golden.compare("refusals.txt", &said);
    golden.end();
}
