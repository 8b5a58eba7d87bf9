//! Comparisons, repetitions and conditions from the command line: over real sockets, judged by
//! what is certain (a delay of 20 ms is slower than none) and never by how fast it was.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::running::embedded::Embedded;
use serde_json::Value;
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

/// Exit code, standard output, standard error.
fn said(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = wsbench(directory, arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn found(comparison: &Value, figure: &str) -> String {
    let figures = comparison["figures"].as_array().unwrap();
    let contrast = figures.iter().find(|one| one["name"] == figure);
    let contrast = contrast.unwrap_or_else(|| panic!("no {figure} in {figures:?}"));
    contrast["finding"].as_str().unwrap_or("none").to_owned()
}

/// Short rounds by count, so that a busy machine makes them longer and no other.
const ROUNDS: [&str; 6] = ["--rounds", "3", "-n", "60", "-c", "2"];

#[test]
fn a_slow_server_is_found_out_and_the_result_is_stored() {
    // What a busy machine takes from a round is little beside what the faster one needs, and of five rounds
    // one may be like no other.
    let fast = Embedded::start(&["--delay", "4ms"]);
    let slow = Embedded::start(&["--delay", "40ms"]);
    let directory = tempfile::tempdir().unwrap();
    let words = ["compare", &fast.url, &slow.url, "-o", "c.json"];
    let rounds = ["--rounds", "5", "-n", "60", "-c", "2"];
    let (code, shown, told) = said(directory.path(), &[&words[..], &rounds].concat());
    assert_eq!(code, 0, "{told}");
    assert!(shown.contains("A answers"), "{shown}");
    assert!(shown.contains("as many messages a second"), "{shown}");
    assert!(shown.contains("latency not compared"), "{shown}");
    assert!(told.contains("round 5/5"), "{told}");
    let stored = read(&directory.path().join("c.json"));
    assert_eq!(stored["schema"], "wsbench.comparison/1");
    assert_eq!(found(&stored, "messages_per_s"), "less");
    assert_eq!(stored["a"]["runs"].as_array().unwrap().len(), 5);
    // Rendered again it is the same, and each side can be compared again.
    let (code, again, _) = said(directory.path(), &["report", "c.json"]);
    assert_eq!((code, again), (0, shown));
    let (code, markdown, _) = said(
        directory.path(),
        &["compare", "c.json#b", "c.json#a", "--format", "markdown"],
    );
    assert_eq!(code, 0);
    assert!(
        markdown.contains("more messages a second")
            || markdown.contains("as many messages a second")
    );
    assert!(markdown.contains("| messages/s |"), "{markdown}");
    let (code, _, told) = said(directory.path(), &["compare", "c.json", "c.json#a"]);
    assert_eq!(code, 1);
    assert!(told.contains("c.json#a or c.json#b"), "{told}");
}

#[test]
fn at_the_same_rate_latencies_are_compared() {
    let (fast, slow) = (Embedded::start(&[]), Embedded::start(&["--delay", "60ms"]));
    let directory = tempfile::tempdir().unwrap();
    let (code, shown, told) = said(
        directory.path(),
        &[
            "compare", &fast.url, &slow.url, "--rounds", "3", "-R", "200", "-d", "500ms", "-c",
            "4", "--warmup", "100ms", "--format", "json",
        ],
    );
    assert_eq!(code, 0, "{told}");
    let comparison: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(comparison["compares_latency"], true);
    assert_eq!(found(&comparison, "service.p50"), "greater");
}

#[test]
fn what_was_not_asked_to_do_the_same_is_not_compared() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    for (connections, file) in [("2", "a.json"), ("3", "b.json")] {
        let words = ["-n", "60", "-c", connections, "-o", file, &server.url];
        assert_eq!(said(directory.path(), &words).0, 0);
    }
    let (code, _, told) = said(directory.path(), &["compare", "a.json", "b.json"]);
    assert_eq!(code, 1);
    assert!(told.contains("2 connections and 3"), "{told}");
    let forced = ["compare", "a.json", "b.json", "--force"];
    let (code, shown, _) = said(directory.path(), &forced);
    assert_eq!(code, 0);
    assert!(shown.contains("forced"), "{shown}");
}

#[test]
fn an_unfit_side_is_named() {
    let (right, wrong) = (
        Embedded::start(&[]),
        Embedded::start(&["--misbehave", "wrong-bytes:every=10"]),
    );
    let directory = tempfile::tempdir().unwrap();
    let words = ["compare", &right.url, &wrong.url];
    let (code, shown, told) = said(directory.path(), &[&words[..], &ROUNDS].concat());
    assert_eq!((code, shown.as_str()), (1, ""), "{told}");
    assert!(told.contains("of B ("), "{told}");
}

#[test]
fn runs_are_repeated_and_their_spread_is_kept() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let words = [
        "--repeat",
        "3",
        "-n",
        "200",
        "-c",
        "2",
        "-o",
        "r.json",
        &server.url,
    ];
    let (code, shown, told) = said(directory.path(), &words);
    assert_eq!(code, 0, "{told}");
    assert!(shown.contains("95 % between runs"), "{shown}");
    let stored = read(&directory.path().join("r.json"));
    assert_eq!(stored["schema"], "wsbench.repeat/1");
    assert_eq!(stored["runs"].as_array().unwrap().len(), 3);
    let rate = &stored["figures"][0];
    let figure = |name: &str| rate[name].as_f64().unwrap();
    assert!(
        figure("low") <= figure("mean") && figure("mean") <= figure("high"),
        "{rate}"
    );
    let (code, again, _) = said(directory.path(), &["report", "r.json"]);
    assert_eq!((code, again), (0, shown));
    let (code, _, told) = said(directory.path(), &["compare", "r.json", "r.json"]);
    assert_eq!(code, 0, "{told}");
}

#[test]
fn conditions_choose_the_exit_code() {
    let server = Embedded::start(&["--delay", "20ms"]);
    let directory = tempfile::tempdir().unwrap();
    let exit = |more: &[&str]| {
        let words = ["-n", "400", "-c", "8", &server.url, "--format", "quiet"];
        let (code, _, told) = said(directory.path(), &[&words[..], more].concat());
        (code, told)
    };
    let (code, told) = exit(&["--fail-if", "p50>5ms"]);
    assert_eq!(code, 99, "{told}");
    assert!(told.contains("fail-if p50>5ms: holds"), "{told}");
    let (code, told) = exit(&["--fail-if", "p50>59s", "--fail-if", "errors > 0"]);
    assert_eq!(code, 0, "{told}");
    // Ten of 400 are beyond p97.5: p99.99 is not known, and nobody may pass by that.
    let (code, told) = exit(&["--fail-if", "p99.99>59s"]);
    assert_eq!(code, 5, "{told}");
    assert!(told.contains("cannot be judged: too few samples"), "{told}");
    assert!(told.contains(" messages would suffice"), "{told}");
    // What holds fails a build, whatever is not known beside it.
    let unknown = ["--fail-if", "p99.99>59s"];
    let both = [&unknown[..], &["--fail-if", "p50>5ms"], &unknown].concat();
    assert_eq!(exit(&both).0, 99);
    // Of a server that is not there nothing is to be judged, and that is no want of samples.
    let nobody = [
        "-d",
        "1s",
        "--fail-if",
        "p50>5ms",
        "ws://127.0.0.1:1",
        "--format",
        "quiet",
    ];
    assert_eq!(said(directory.path(), &nobody).0, 1);
}

#[test]
fn a_baseline_is_held_against() {
    let (fast, slow) = (Embedded::start(&[]), Embedded::start(&["--delay", "40ms"]));
    let directory = tempfile::tempdir().unwrap();
    let runs = ["--repeat", "3", "-n", "60", "-c", "2"];
    let kept = [&runs[..], &["-o", "before.json", &fast.url]].concat();
    assert_eq!(said(directory.path(), &kept).0, 0);
    let exit = |condition: &str| {
        let baseline = [
            "--baseline",
            "before.json",
            "--fail-if",
            condition,
            &slow.url,
        ];
        said(directory.path(), &[&runs[..], &baseline].concat())
    };
    let (code, shown, told) = exit("messages_per_s<0.9*baseline");
    assert_eq!(code, 99, "{told}");
    let words: Vec<&str> = shown.split_whitespace().collect();
    assert!(words.join(" ").contains("of the baseline"), "{shown}");
    assert!(shown.contains("B this result"), "{shown}");
    let (code, _, told) = exit("messages_per_s>2*baseline");
    assert_eq!(code, 0, "{told}");
}

/// One side is stored: the other is run so often.
#[test]
fn a_stored_side_is_compared_with_runs_of_the_other() {
    let (fast, slow) = (Embedded::start(&[]), Embedded::start(&["--delay", "40ms"]));
    let directory = tempfile::tempdir().unwrap();
    let runs = ["--repeat", "3", "-n", "60", "-c", "2"];
    let kept = [&runs[..], &["-o", "before.json", &fast.url]].concat();
    assert_eq!(said(directory.path(), &kept).0, 0);
    let words = [
        "compare",
        "before.json",
        &slow.url,
        "-o",
        "c.json",
        "--rounds",
        "2",
    ];
    let (code, _, told) = said(
        directory.path(),
        &[&words[..], &["-n", "60", "-c", "2"]].concat(),
    );
    assert_eq!(code, 0, "{told}");
    let stored = read(&directory.path().join("c.json"));
    let runs = ["a", "b"].map(|side| stored[side]["runs"].as_array().unwrap().len());
    assert_eq!(runs, [3, 2]);
    assert_eq!(found(&stored, "messages_per_s"), "less");
}

#[test]
fn a_comparison_is_held_to_a_value_of_b() {
    let (fast, slow) = (Embedded::start(&[]), Embedded::start(&["--delay", "40ms"]));
    let directory = tempfile::tempdir().unwrap();
    let code = |a: &str, b: &str| {
        let words = [
            "compare",
            a,
            b,
            "--fail-if",
            "p50>20ms",
            "--fail-if",
            "errors>0",
        ];
        said(directory.path(), &[&words[..], &ROUNDS].concat()).0
    };
    assert_eq!(code(&fast.url, &slow.url), 99);
    assert_eq!(code(&slow.url, &fast.url), 0, "A's own is not asked for");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_started() {
    let directory = tempfile::tempdir().unwrap();
    for (words, why) in [
        (
            &["--fail-if", "p99>5", "localhost:1"][..],
            "at character 6: '5' has no unit: write 5s or 5ms or 5us",
        ),
        (
            &["--fail-if", "speed>5", "localhost:1"],
            "no figure is called 'speed'",
        ),
        (
            &["--fail-if", "p99>1.1*baseline", "localhost:1"],
            "add --baseline FILE",
        ),
        (
            &["--baseline", "none.json", "localhost:1"],
            "there is no such file",
        ),
        (
            &["--repeat", "2", "--hgrm", "t", "localhost:1"],
            "--hgrm is of one run",
        ),
        (&["compare", "localhost:1"], "<B>"),
        (&["compare", "localhost:1", "http://x/"], "neither a file"),
        (
            &["compare", "localhost:1", "localhost:2", "--rounds", "1"],
            "give 2 at least",
        ),
    ] {
        let (code, shown, told) = said(directory.path(), words);
        assert_eq!((code, shown.as_str()), (2, ""), "{words:?}: {told}");
        assert!(told.contains(why), "{words:?}: {told}");
    }
}
