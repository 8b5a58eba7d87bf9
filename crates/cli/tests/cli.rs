//! The command line as a user meets it: help, what the subcommands print, what they exit with.
//!
//! Nothing here measures; runs against real sockets are in `loopback`.

use std::fs;

use crate::transcripts::{failed_in, refused, wsbench, wsbench_in};
use snapbox::cmd::cargo_bin;
use snapbox::{file, str};

#[test]
fn help_is_short_and_long() {
    wsbench(&["-h"])
        .success()
        .stdout_eq(file!["transcripts/help-short.txt"]);
    wsbench(&["--help"])
        .success()
        .stdout_eq(file!["transcripts/help-long.txt"]);
    wsbench(&["serve", "--help"])
        .success()
        .stdout_eq(file!["transcripts/help-serve.txt"]);
    wsbench(&["doctor", "--help"])
        .success()
        .stdout_eq(file!["transcripts/help-doctor.txt"]);
    wsbench(&["compare", "-h"])
        .success()
        .stdout_eq(file!["transcripts/help-compare.txt"]);
    wsbench(&["report", "-h"])
        .success()
        .stdout_eq(file!["transcripts/help-report.txt"]);
    wsbench(&["rank", "--help"])
        .success()
        .stdout_eq(file!["transcripts/help-rank.txt"]);
    wsbench(&["--n", "5", "--help"])
        .success()
        .stdout_eq(file!["transcripts/help-legacy.txt"]);
}

#[test]
fn the_version_is_the_packages() {
    let version = format!("wsbench {}\n", env!("CARGO_PKG_VERSION"));
    wsbench(&["--version"]).success().stdout_eq(version);
}

/// What is published is what the types say: `wsbench schema > docs/wsbench.result-1.schema.json`.
#[test]
fn the_published_schema_is_the_one_in_the_binary() {
    wsbench(&["schema"])
        .success()
        .stdout_eq(file!["../../../docs/wsbench.result-1.schema.json"].raw());
    wsbench(&["schema", "repeat"])
        .success()
        .stdout_eq(file!["../../../docs/wsbench.repeat-1.schema.json"].raw());
    wsbench(&["schema", "comparison"])
        .success()
        .stdout_eq(file!["../../../docs/wsbench.comparison-1.schema.json"].raw());
    wsbench(&["schema", "ranking"])
        .success()
        .stdout_eq(file!["../../../docs/wsbench.ranking-1.schema.json"].raw());
    wsbench(&["schema", "suite"])
        .success()
        .stdout_eq(file!["../../../docs/wsbench.suite-1.schema.json"].raw());
    wsbench(&["schema", "scenario"])
        .success()
        .stdout_eq(file!["../../../docs/wsbench.scenario-1.schema.json"].raw());
    wsbench(&["schema", "server"])
        .success()
        .stdout_eq(file!["../../../docs/wsbench.server-1.schema.json"].raw());
}

#[test]
fn completions_name_the_flags() {
    for (shell, sign) in [
        ("bash", "complete -F _wsbench"),
        ("zsh", "#compdef wsbench"),
        ("fish", "complete -c wsbench"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let asserted = wsbench(&["completions", shell]).success();
        let script = String::from_utf8(asserted.get_output().stdout.clone()).unwrap();
        assert!(script.contains(sign), "{shell}: {script}");
        assert!(script.contains("connect-timeout"), "{shell}: {script}");
    }
    refused(
        &["completions", "tcsh"],
        str![[r#"
error: invalid value 'tcsh' for '<SHELL>'
  [possible values: bash, elvish, fish, powershell, zsh]

  tip: a similar value exists: 'zsh'

For more information, try '--help'.

"#]],
    );
}

#[test]
fn man_pages_are_written_into_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    wsbench_in(directory.path(), &["man", "."])
        .success()
        .stdout_eq("");
    let mut names: Vec<String> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "wsbench-agent.1",
        "wsbench-check.1",
        "wsbench-collect.1",
        "wsbench-compare.1",
        "wsbench-completions.1",
        "wsbench-doctor.1",
        "wsbench-find.1",
        "wsbench-fleet.1",
        "wsbench-man.1",
        "wsbench-preset.1",
        "wsbench-rank.1",
        "wsbench-record.1",
        "wsbench-report.1",
        "wsbench-schema.1",
        "wsbench-serve.1",
        "wsbench-sweep.1",
        "wsbench.1",
    ];
    assert_eq!(names, expected);
    let page = fs::read_to_string(directory.path().join("wsbench.1")).unwrap();
    for part in [
        ".TH wsbench 1",
        ".SH SYNOPSIS",
        "connect\\-rate",
        "Exit codes:",
    ] {
        assert!(page.contains(part), "{part} is not in the page:\n{page}");
    }
    let serve = fs::read_to_string(directory.path().join("wsbench-serve.1")).unwrap();
    assert!(serve.contains(".TH wsbench-serve 1"), "{serve}");
    let asserted = wsbench(&["man"]).success();
    assert_eq!(String::from_utf8_lossy(&asserted.get_output().stdout), page);
    refused(
        &["man", "missing"],
        str![[r#"
error: man missing/wsbench.1: cannot be written (No such file or directory (os error 2)); give a writable place

For more information, try '--help'.

"#]],
    );
}

#[test]
fn the_schema_is_json_and_names_the_result() {
    let asserted = wsbench(&["schema"]).success();
    let schema: serde_json::Value = serde_json::from_slice(&asserted.get_output().stdout).unwrap();
    assert_eq!(schema["title"], "wsbench result");
    assert!(schema["properties"]["response_ns"].is_object());
}

#[test]
fn a_report_of_what_is_no_result_says_so() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("cut.json"), "{\"schema\":").unwrap();
    fs::write(directory.path().join("other.json"), "{}").unwrap();
    failed_in(
        directory.path(),
        &["report", "missing.json"],
        str![[r#"
error: missing.json cannot be read: No such file or directory (os error 2)

"#]],
    );
    failed_in(
        directory.path(),
        &["report", "cut.json"],
        str![[r#"
error: cut.json cannot be shown: not JSON, at line 1 column 10: EOF while parsing a value

"#]],
    );
    failed_in(
        directory.path(),
        &["report", "other.json"],
        str![[r#"
error: other.json cannot be shown: not a wsbench result: its `schema` is missing

"#]],
    );
    refused(
        &["report", "a", "b", "--hgrm", "c"],
        str![[r#"
error: --hgrm writes the times of one result, and 2 were given; give one FILE

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_server_that_cannot_listen_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    wsbench(&["serve", "--port", &port])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: cannot listen on 127.0.0.1:[..]: Address already in use (os error [..]); choose another address or port

"#]]);
    refused(
        &["serve", "--misbehave", "nicely"],
        str![[r#"
error: invalid value 'nicely' for '--misbehave <MODE>': no fault is called "nicely"; there are: drop, duplicate, swap, wrong-bytes, wrong-opcode, empty-pong, fragments, split, merge, silent-connections, wrong-accept, status, masked, unasked-extension, close-after, reset-after, no-close-reply, ping-every, garbage, silent-accept, accept-then-close, cross-room, no-ack, unasked

For more information, try '--help'.

"#]],
    );
    refused(
        &["serve", "--stall", "1s"],
        str![[r#"
error: invalid value '1s' for '--stall <LENGTH/EVERY>': '1s' does not say how often; write it like 100ms/1s

For more information, try '--help'.

"#]],
    );
    refused(
        &["serve", "--stall", "1s/1s"],
        str![[r#"
error: invalid value '1s/1s' for '--stall <LENGTH/EVERY>': '1s/1s' stalls for as long as it lasts until the next; write it like 100ms/1s

For more information, try '--help'.

"#]],
    );
    refused(
        &["serve", "--pin", "8191"],
        str![[r#"
error: --pin: core 8191 is not there for this process; it may use [..]

For more information, try '--help'.

"#]],
    );
    refused(
        &["serve", "--host", "localhost"],
        str![[r#"
error: invalid value 'localhost' for '--host <ADDRESS>': invalid IP address syntax

For more information, try '--help'.

"#]],
    );
}

/// A reader that has seen enough is no error (`| head`).
#[cfg(unix)]
#[test]
fn a_closed_standard_output_is_no_panic() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let mut child = Command::new(cargo_bin!("wsbench"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut errors = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert_eq!(errors, "");
    assert!(child.wait().unwrap().success());
}
