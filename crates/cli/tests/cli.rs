//! The command line as a user meets it: what it prints and what it exits with.
//!
//! Nothing here measures; runs against real sockets are in `loopback`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::fs;
use std::path::Path;

use snapbox::cmd::{Command, OutputAssert, cargo_bin};
use snapbox::{file, str};

/// wsbench with these arguments, in a directory of its own, on no terminal.
fn wsbench(arguments: &[&str]) -> OutputAssert {
    let directory = tempfile::tempdir().unwrap();
    wsbench_in(directory.path(), arguments)
}

fn wsbench_in(directory: &Path, arguments: &[&str]) -> OutputAssert {
    Command::new(cargo_bin!("wsbench"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1")
        .timeout(std::time::Duration::from_secs(60))
        .assert()
}

/// Asserts that nothing is started: exit code 2, nothing on standard output, this on the other.
fn refused(arguments: &[&str], error: impl snapbox::IntoData) {
    wsbench(arguments).code(2).stdout_eq("").stderr_eq(error);
}

/// Asserts that the request came to nothing: exit code 1, this on standard error.
fn failed_in(directory: &Path, arguments: &[&str], error: impl snapbox::IntoData) {
    wsbench_in(directory, arguments)
        .code(1)
        .stdout_eq("")
        .stderr_eq(error);
}

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
    wsbench(&["report", "-h"])
        .success()
        .stdout_eq(file!["transcripts/help-report.txt"]);
    wsbench(&["--n", "5", "--help"])
        .success()
        .stdout_eq(file!["transcripts/help-legacy.txt"]);
}

#[test]
fn the_version_is_the_packages() {
    let version = format!("wsbench {}\n", env!("CARGO_PKG_VERSION"));
    wsbench(&["--version"]).success().stdout_eq(version);
}

#[test]
fn a_quantity_that_is_none_is_refused() {
    refused(
        &["-c", "0"],
        str![[r#"
error: invalid value '0' for '--connections <N>': must be more than 0, like 10k

For more information, try '--help'.

"#]],
    );
    refused(
        &["-p", "0", "localhost:1"],
        str![[r#"
error: invalid value '0' for '--depth <N>': must be more than 0, like 10k

For more information, try '--help'.

"#]],
    );
    refused(
        &["-n", "0", "localhost:1"],
        str![[r#"
error: invalid value '0' for '--messages <N>': must be more than 0, like 10k

For more information, try '--help'.

"#]],
    );
    refused(
        &["-d", "10", "localhost:1"],
        str![[r#"
error: invalid value '10' for '--duration <TIME>': '10' has no unit: write 10s, 10ms or 10m

For more information, try '--help'.

"#]],
    );
    refused(
        &["-d", "0s", "localhost:1"],
        str![[r#"
error: invalid value '0s' for '--duration <TIME>': must be more than 0, like 500ms

For more information, try '--help'.

"#]],
    );
    refused(
        &["-s", "65m", "localhost:1"],
        str![[r#"
error: invalid value '65m' for '--size <SIZE>': '65m' is too much: the limit is 64m (64 MiB)

For more information, try '--help'.

"#]],
    );
    refused(
        &["-s", "4k..64", "localhost:1"],
        str![[r#"
error: invalid value '4k..64' for '--size <SIZE>': '4k..64' ends below its start; write the smaller one first, like 64..4k

For more information, try '--help'.

"#]],
    );
    refused(
        &["--connect-rate", "fast", "localhost:1"],
        str![[r#"
error: invalid value 'fast' for '--connect-rate <RATE>': 'fast' is not a number; write it like 1k/s

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_choice_that_is_none_is_refused() {
    refused(
        &["--pin", "3-2", "localhost:1"],
        str![[r#"
error: invalid value '3-2' for '--pin <CORES>': '3-2' ends below its start; write the smaller one first, like 2-3,5

For more information, try '--help'.

"#]],
    );
    refused(
        &["-t", "some", "localhost:1"],
        str![[r#"
error: invalid value 'some' for '--threads <N>': 'some' is not a number; write it like 2, or auto

For more information, try '--help'.

"#]],
    );
    refused(
        &["-H", "nonsense", "localhost:1"],
        str![[r#"
error: invalid value 'nonsense' for '--header <NAME: VALUE>': 'nonsense' has no colon; write it like 'Authorization: Bearer abc'

For more information, try '--help'.

"#]],
    );
    refused(
        &["-H", "Host: x", "localhost:1"],
        str![[r#"
error: invalid value 'Host: x' for '--header <NAME: VALUE>': Host is set by the handshake itself: it is the URL's host and port

For more information, try '--help'.

"#]],
    );
    refused(
        &["--subprotocol", "a,b", "localhost:1"],
        str![[r#"
error: invalid value 'a,b' for '--subprotocol <NAME>': 'a,b' is not a subprotocol name: no spaces or commas; repeat the flag for several

For more information, try '--help'.

"#]],
    );
    refused(
        &["--verify", "half", "localhost:1"],
        str![[r#"
error: invalid value 'half' for '--verify <HOW>'
  [possible values: full, len, none]

For more information, try '--help'.

"#]],
    );
    refused(
        &["--rate", "20k", "localhost:1"],
        str![[r#"
error: unexpected argument '--rate' found

  tip: a similar argument exists: '--duration'

Usage: wsbench [OPTIONS] [URL]
       wsbench <SUBCOMMAND>

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_url_that_cannot_be_measured_is_refused() {
    refused(
        &["wss://example.com/"],
        str![[r#"
error: invalid value 'wss://example.com/' for '[URL]': wss:// (TLS) is not supported by this version; give the server's plain address, like ws://example.com/

For more information, try '--help'.

"#]],
    );
    refused(
        &["http://localhost:3000/chat"],
        str![[r#"
error: invalid value 'http://localhost:3000/chat' for '[URL]': http:// is not a WebSocket URL; did you mean ws://localhost:3000/chat ?

For more information, try '--help'.

"#]],
    );
    refused(
        &["ws://localhost:3000/#top"],
        str![[r#"
error: invalid value 'ws://localhost:3000/#top' for '[URL]': '#top' is a fragment, which a WebSocket URL must not have (RFC 6455 section 3); leave it out, or write %23 for a '#' that belongs to the path

For more information, try '--help'.

"#]],
    );
    refused(
        &["ws://user:secret@localhost:3000/"],
        str![[r#"
error: invalid value 'ws://user:secret@localhost:3000/' for '[URL]': the URL carries a user name or password; leave them out and send -H 'Authorization: Basic …' instead

For more information, try '--help'.

"#]],
    );
    refused(
        &["localhost"],
        str![[r#"
error: invalid value 'localhost' for '[URL]': 'localhost' is neither HOST:PORT nor a URL; write it like localhost:3000, ws://localhost/, or see --help for the subcommands (which come first)

For more information, try '--help'.

"#]],
    );
    refused(
        &["localhost:0"],
        str![[r#"
error: invalid value 'localhost:0' for '[URL]': port 0 cannot be connected to; give the port that the server listens on

For more information, try '--help'.

"#]],
    );
    refused(
        &["localhost:1", "localhost:2"],
        str![[r#"
error: 'localhost:2' is one word too many: there is one URL, and a subcommand comes first

For more information, try '--help'.

"#]],
    );
}

#[test]
fn two_stop_rules_are_refused() {
    refused(
        &["-n", "5", "-d", "1s"],
        str![[r#"
error: --messages and --duration both say when to stop; give one of them

For more information, try '--help'.

"#]],
    );
    refused(
        &["--clients", "5", "-n", "5"],
        str![[r#"
error: --clients and --messages both say when to stop; give one of them

For more information, try '--help'.

"#]],
    );
    refused(
        &["--clients", "5", "-d", "5s"],
        str![[r#"
error: --clients and --duration both say when to stop; give one of them

For more information, try '--help'.

"#]],
    );
    refused(
        &["-r", "5"],
        str![[r#"
error: --roundtrips is counted a client; add --clients N, or give --messages N instead

For more information, try '--help'.

"#]],
    );
    refused(
        &["--clients", "5", "--warmup", "1s"],
        str![[r#"
error: --warmup does not go with --clients, which measures every client; leave it out

For more information, try '--help'.

"#]],
    );
}

#[test]
fn payloads_that_contradict_are_refused() {
    refused(
        &["-m", "a", "-f", "b"],
        str![[r#"
error: --message and --file both say what to send; give one of them

For more information, try '--help'.

"#]],
    );
    refused(
        &["-m", "a", "-s", "5"],
        str![[r#"
error: --size does not go with --message, whose length is what it is; leave one of them out

For more information, try '--help'.

"#]],
    );
    refused(
        &["-f", "a", "-s", "5"],
        str![[r#"
error: --size does not go with --file, whose length is what it is; leave one of them out

For more information, try '--help'.

"#]],
    );
    refused(
        &["--text", "--binary"],
        str![[r#"
error: --text and --binary exclude each other; give one of them

For more information, try '--help'.

"#]],
    );
    refused(
        &["-4", "-6"],
        str![[r#"
error: -4 and -6 exclude each other; give one of them, or none for both

For more information, try '--help'.

"#]],
    );
    refused(
        &["--pin", "8191"],
        str![[r#"
error: --pin: core 8191 is not there for this process; it may use [..]

For more information, try '--help'.

"#]],
    );
    refused(
        &["--subprotocol", "a", "--subprotocol", "a"],
        str![[r#"
error: --subprotocol a is given twice; each may be offered once

For more information, try '--help'.

"#]],
    );
}

#[test]
fn files_that_cannot_be_used_are_refused() {
    refused(
        &["-f", "missing.bin", "localhost:1"],
        str![[r#"
error: --file missing.bin: No such file or directory (os error 2); check the path and its permissions

For more information, try '--help'.

"#]],
    );
    refused(
        &["-o", "missing/run.json", "localhost:1"],
        str![[r#"
error: --output missing/run.json: cannot be written (No such file or directory (os error 2)); give a writable place

For more information, try '--help'.

"#]],
    );
    refused(
        &["--hgrm", ".", "localhost:1"],
        str![[r#"
error: --hgrm .: cannot be written (is a directory); give a writable place

For more information, try '--help'.

"#]],
    );
    refused(
        &["--log", "missing/log.csv", "localhost:1"],
        str![[r#"
error: --log missing/log.csv: cannot be written (No such file or directory (os error 2)); give a writable place

For more information, try '--help'.

"#]],
    );
    refused(
        &["-o", "same", "--log", "same", "localhost:1"],
        str![[r#"
error: --output and --log name the same file; give each its own

For more information, try '--help'.

"#]],
    );
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("latin1"), b"caf\xe9").unwrap();
    wsbench_in(directory.path(), &["-f", "latin1", "--text", "localhost:1"])
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: --file latin1: with --text it must be UTF-8, and byte 3 is not; send it with --binary

For more information, try '--help'.

"#]]);
}

#[test]
fn a_refused_command_line_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let words = [
        "-o", "run.json", "--hgrm", "x.hgrm", "-l", "log.csv", "-4", "-6",
    ];
    wsbench_in(directory.path(), &words).code(2);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn the_older_command_line_refuses_what_it_would_not_obey() {
    refused(
        &["--n", "5", "--depth", "4"],
        str![[r#"
error: unexpected argument '--depth' found

Usage: wsbench --h HOST[:PORT][/PATH] [--n N] [--c N] [--r N] [--s N] [--l FILE] [OPTIONS]

For more information, try '--help'.

"#]],
    );
    refused(
        &["--n", "many"],
        str![[r#"
error: invalid value 'many' for '--n <N>': 'many' is not a number; write it like 10k

For more information, try '--help'.

"#]],
    );
    refused(
        &["--h", "wss://localhost"],
        str![[r#"
error: invalid value 'wss://localhost' for '--h <HOST[:PORT][/PATH]>': wss:// (TLS) is not supported by this version; give the server's plain address, like ws://localhost/

For more information, try '--help'.

"#]],
    );
    refused(
        &["--c=0"],
        str![[r#"
error: invalid value '0' for '--c <N>': must be more than 0, like 10k

For more information, try '--help'.

"#]],
    );
    refused(
        &["--l", "a", "--log", "b"],
        str![[r#"
error: --l and --log both name the log file; give one of them

For more information, try '--help'.

"#]],
    );
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
        "wsbench-completions.1",
        "wsbench-man.1",
        "wsbench-report.1",
        "wsbench-schema.1",
        "wsbench-serve.1",
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
        &["report"],
        str![[r#"
error: the following required arguments were not provided:
  <FILE>...

Usage: wsbench report <FILE>...

For more information, try '--help'.

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
error: invalid value 'nicely' for '--misbehave <MODE>': no fault is called "nicely"; there are: drop, duplicate, swap, wrong-bytes, wrong-opcode, empty-pong, fragments, split, merge, silent-connections, wrong-accept, status, masked, unasked-extension, close-after, reset-after, no-close-reply, ping-every, garbage, silent-accept, accept-then-close, unasked

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
