//! Figures handed out while runs are under way: by every command that makes runs, and to standard
//! output, which then has nothing else.
#![cfg(all(unix, feature = "export"))]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use snapbox::cmd::cargo_bin;

use crate::running::embedded::Embedded;
use crate::running::head_of;

fn wsbench(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(cargo_bin!("wsbench"));
    command.args(words).current_dir(folder).env("NO_COLOR", "1");
    command.stdin(Stdio::null()).output().unwrap()
}

/// The numbers of the runs whose end is told in these lines.
fn ended(text: &str) -> BTreeSet<u64> {
    let lines = text.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ended = lines.filter(|line| line["stage"] == "ended");
    ended.map(|line| line["run"].as_u64().unwrap()).collect()
}

#[test]
fn every_command_that_makes_runs_hands_them_out() {
    let server = Embedded::start(&[]);
    let url = server.url.as_str();
    let folder = tempfile::tempdir().unwrap();
    let suite = format!(
        "schema = \"wsbench.suite/1\"\nname = \"test\"\npause = \"0s\"\nrounds = 2\n\n\
         [[workload]]\nname = \"closed\"\nkind = \"closed\"\nconnections = 2\n\
         duration = \"300ms\"\nwarmup = \"100ms\"\n\n\
         [[server]]\nname = \"a\"\nlibrary = \"a\"\nlanguage = \"Rust\"\ncores = \"one\"\n\
         url = \"ws://127.0.0.1:{{port}}/\"\nstart = \"'{}' serve --port $PORT\"\n",
        cargo_bin!("wsbench").display()
    );
    fs::write(folder.path().join("suite.toml"), suite).unwrap();
    let short = ["-c", "2", "-d", "300ms", "--warmup", "100ms"];
    let load = [&short[..], &[url]].concat();
    for (words, least) in [
        (["-n", "60", "-c", "2", url].to_vec(), 1),
        (["-n", "60", "-c", "2", "--repeat", "2", url].to_vec(), 2),
        (
            ["compare", "--rounds", "2", "-n", "60", "-c", "2", url, url].to_vec(),
            4,
        ),
        (
            [&["find", "--slo", "p50<10s", "--trials", "2"][..], &load].concat(),
            2,
        ),
        (
            [
                &[
                    "sweep", "--rate", "100..200", "--points", "2", "--rounds", "1",
                ][..],
                &load,
            ]
            .concat(),
            2,
        ),
        (["rank", "suite.toml", "-o", "ranking.json"].to_vec(), 2),
    ] {
        let words = [
            &words[..],
            &["--stream", "ndjson=lines", "--format", "quiet"],
        ]
        .concat();
        let output = wsbench(folder.path(), &words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{words:?}: {told}"
        );
        let runs = ended(&fs::read_to_string(folder.path().join("lines")).unwrap());
        assert!(runs.len() >= least, "{words:?}: {runs:?}: {told}");
        let numbered: BTreeSet<u64> = (1..=runs.len() as u64).collect();
        assert_eq!(runs, numbered, "{words:?}");
    }
}

#[test]
fn standard_output_has_the_lines_and_nothing_else() {
    let server = Embedded::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["-n", "60", "-c", "2", "--stream", "ndjson", &server.url];
    let output = wsbench(folder.path(), &words);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(ended(&String::from_utf8(output.stdout).unwrap()).len(), 1);
    for more in [&["-o", "-"][..], &["--format", "csv"]] {
        let output = wsbench(folder.path(), &[&words[..], more].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("ndjson=FILE"), "{told}");
    }
}

/// What is sent to a collector has the headers that the environment names.
#[test]
fn a_collector_is_told_the_headers_of_the_environment() {
    use std::io::Write as _;
    let server = Embedded::start(&[]);
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", collector.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        let head = head_of(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        head.to_lowercase()
    });
    let mut command = Command::new(cargo_bin!("wsbench"));
    command.args([
        "-n",
        "60",
        "-c",
        "2",
        "--format",
        "quiet",
        "--otlp",
        &url,
        &server.url,
    ]);
    command.env(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "x-tenant=seven,authorization=Bearer%20abc",
    );
    let ended = command.stdin(Stdio::null()).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let head = heard.join().unwrap();
    assert!(head.starts_with("post /v1/metrics "), "{head}");
    assert!(head.contains("\r\nx-tenant: seven\r\n"), "{head}");
    assert!(head.contains("\r\nauthorization: bearer abc\r\n"), "{head}");
}
