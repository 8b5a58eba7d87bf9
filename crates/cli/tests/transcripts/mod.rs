//! How a transcript is taken: wsbench run in a directory of its own, on no terminal.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary takes what it needs"
)]

use std::path::Path;

use snapbox::cmd::{Command, OutputAssert, cargo_bin};

/// wsbench with these arguments, in a directory of its own, on no terminal.
pub fn wsbench(arguments: &[&str]) -> OutputAssert {
    let directory = tempfile::tempdir().unwrap();
    wsbench_in(directory.path(), arguments)
}

pub fn wsbench_in(directory: &Path, arguments: &[&str]) -> OutputAssert {
    Command::new(cargo_bin!("wsbench"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1")
        .timeout(std::time::Duration::from_secs(60))
        .assert()
}

/// Asserts that nothing is started: exit code 2, nothing on standard output, this on the other.
pub fn refused(arguments: &[&str], error: impl snapbox::IntoData) {
    wsbench(arguments).code(2).stdout_eq("").stderr_eq(error);
}

/// Asserts that the request came to nothing: exit code 1, this on standard error.
pub fn failed_in(directory: &Path, arguments: &[&str], error: impl snapbox::IntoData) {
    wsbench_in(directory, arguments)
        .code(1)
        .stdout_eq("")
        .stderr_eq(error);
}
