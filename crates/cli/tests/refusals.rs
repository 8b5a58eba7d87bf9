//! Command lines that make no run: each is refused with exit code 2, before anything is started, in
//! words that name the flag, what was wrong and what to do.

use std::fs;

use crate::transcripts::{refused, wsbench_in};
use snapbox::str;

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
        &["--timeout", "10", "localhost:1"],
        str![[r#"
error: invalid value '10' for '--timeout <TIME>': '10' has no unit: write 10s, 10ms or 10m

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
error: invalid value 'nonsense' for '--header <NAME: VALUE>': it has no colon; write it like 'Authorization: Bearer abc'

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
  [possible values: full, contains, len, none]

For more information, try '--help'.

"#]],
    );
}

#[test]
fn a_schedule_that_is_none_is_refused() {
    for (words, said) in [
        (
            &["--rate", "0", "localhost:1"][..],
            "error: invalid value '0' for '--rate <RATE>'",
        ),
        (
            &["-R", "20k", "-p", "4", "localhost:1"],
            "error: --depth is of the closed loop, --rate and --stages of the open one",
        ),
        (
            &["-R", "20k", "--clients", "4", "localhost:1"],
            "error: --clients is of the closed loop",
        ),
        (
            &["--ramp", "5s", "localhost:1"],
            "error: --ramp is of the open loop; add --rate or --stages, or leave it out",
        ),
        (
            &["--stages", "10s:1k", "-d", "5s", "localhost:1"],
            "error: --stages says how long the run is; leave --duration out",
        ),
        (
            &["--stages", "10s", "localhost:1"],
            "'10s' is no stage; write its length and its rate, like 10s:1k",
        ),
        (
            &["-R", "1k", "--stages", "10s:1k", "localhost:1"],
            "error: --rate and --stages exclude each other; give one of them",
        ),
    ] {
        let output = std::process::Command::new(snapbox::cmd::cargo_bin!("wsbench"))
            .args(words)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(said), "{words:?}: {errors}");
    }
}

#[test]
fn a_url_that_cannot_be_measured_is_refused() {
    refused(
        &["--insecure", "ws://example.com/"],
        str![[r#"
error: --insecure is of TLS, and the server is not reached by it; write its URL with wss://

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
error: invalid value 'ws://(withheld)@localhost:3000/' for '[URL]': the URL carries a user name or password; leave them out and give them with -a USER:PASS

For more information, try '--help'.

"#]],
    );
    refused(
        &["swep"],
        str![[r#"
error: 'swep' is no subcommand; did you mean 'wsbench sweep'? (a server of that name is ws://swep/)

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
error: --roundtrips counts a client's own; add --clients N, or --messages N; a rate: -R

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
    refused(
        &["-o", "same", "--stream", "ndjson=same", "localhost:1"],
        str![[r#"
error: --output and --stream name the same file; give each its own

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

#[cfg(feature = "http2")]
#[test]
fn what_http2_does_not_go_with_is_refused() {
    refused(
        &["--streams", "5", "localhost:3000"],
        str![[r#"
error: --streams is of HTTP/2; add --http 2, or leave it out

For more information, try '--help'.

"#]],
    );
    refused(
        &["--http", "3", "localhost:3000"],
        str![[r#"
error: invalid value '3' for '--http <VERSION>'
  [possible values: 1.1, 2]

For more information, try '--help'.

"#]],
    );
}

/// What ours takes and another tool means otherwise is taken as ours, and said.
#[test]
fn what_another_tool_would_mean_is_noted() {
    let words = [
        "-m",
        "POST",
        "-n",
        "1",
        "-c",
        "1",
        "--no-state",
        "127.0.0.1:1",
    ];
    let said = |more: &[&str]| {
        let output = std::process::Command::new(snapbox::cmd::cargo_bin!("wsbench"))
            .args([&words[..], more].concat())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let noted = said(&[]);
    assert!(
        noted.contains("note: -m is a message here: each is the text 'POST'"),
        "{noted}"
    );
    assert!(!said(&["--format", "quiet"]).contains("note:"));
}
