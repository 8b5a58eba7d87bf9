//! Searches and sweeps over real sockets, against a server that serves for a known time each.
//!
//! Bounded and tolerant: what is found is held to nothing that a busy machine could break.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::running::embedded::Embedded;
use serde_json::Value;

fn wsbench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wsbench"))
}

fn document(path: &std::path::Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn find_ends_within_its_limit_and_prints_a_bracket() {
    let server = Embedded::start(&["--service", "2ms"]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("find.json");
    let began = Instant::now();
    let output = wsbench()
        .args(["find", &server.url, "--slo", "p90<500ms", "-c", "8"])
        .args(["-d", "500ms", "--warmup", "100ms", "--limit", "12s", "-o"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(60));
    let text = String::from_utf8(output.stdout).unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}\n{words}");
    assert!(text.contains("msg/s (p90 ≤ 500 ms)"), "{text}");
    assert!(words.contains("trial 1 bracket at"), "{words}");
    let found = document(&file);
    assert_eq!(found["schema"], "wsbench.find/1");
    let holds = found["holds"]["load"].as_f64().unwrap();
    // A queue takes its time to grow: within a trial of half a second at r/s, of a server that does
    // 500/s, the last message waits (r / 500 - 1) / 2 s, which is within the objective up to 1,000/s.
    assert!(holds > 0.0 && holds < 1_000.0, "{holds} of 500/s");
    assert!(found["trials"].as_array().unwrap().len() >= 2);
    // Stored, it prints the same.
    let report = wsbench().arg("report").arg(&file).output().unwrap();
    assert_eq!(String::from_utf8(report.stdout).unwrap(), text);
}

#[test]
fn a_short_limit_has_short_trials() {
    let server = Embedded::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("find.json");
    let output = wsbench()
        .args([
            "find",
            &server.url,
            "--slo",
            "p50<10s",
            "-c",
            "4",
            "--limit",
            "3s",
        ])
        .args(["--no-state", "-o", file.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let found = document(&file);
    let first = found["trials"][0]["length_s"].as_f64().unwrap();
    assert!((0.4..0.9).contains(&first), "{first}");
}

#[test]
fn objectives_of_what_the_load_does_not_have_are_refused() {
    for objective in [
        "item.gap.p99<5ms",
        "ack.p99<5ms",
        "skew.p50<1s",
        "delivery.reach>=99%",
    ] {
        let name = objective.split(['<', '>']).next().unwrap();
        assert_no_search(&["--slo", objective], &format!("--slo {name}"));
    }
}

#[test]
fn sweep_draws_a_curve_and_stores_it() {
    let server = Embedded::start(&["--service", "2ms"]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sweep.json");
    let output = wsbench()
        .args(["sweep", &server.url, "--rate", "100..700", "--points", "3"])
        .args([
            "--rounds", "1", "-d", "1s", "--warmup", "100ms", "-c", "8", "-o",
        ])
        .arg(&file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("hollow: overloaded") || text.contains("capital: overloaded"),
        "{text}"
    );
    let swept = document(&file);
    assert_eq!(swept["schema"], "wsbench.sweep/1");
    let points = swept["points"].as_array().unwrap();
    assert_eq!(points.len(), 3);
    assert_eq!(points[2]["overloaded"], true, "700/s of 500/s");
    let csv = wsbench()
        .args(["report", "--format", "csv"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(csv.stdout).unwrap().lines().count(), 4);
}

/// Neither arrows nor blocks: whatever is beyond ASCII is not of the drawing.
#[test]
fn a_curve_is_drawn_with_letters_and_dashes_on_request() {
    let server = Embedded::start(&[]);
    let rates = ["--rate", "100..300", "--points", "2", "--rounds", "1"];
    let short = ["-d", "500ms", "--warmup", "100ms", "-c", "2"];
    let directory = tempfile::tempdir().unwrap();
    let shown = |words: &[&str]| {
        let words = [&["sweep", &server.url], &rates[..], &short, words].concat();
        let mut command = wsbench();
        // Where the locale has them, drawings have other characters unless nobody wants them.
        command
            .env("LC_ALL", "C.UTF-8")
            .current_dir(directory.path());
        let output = command.args(&words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let is_drawn = |text: &str| text.contains(['─', '│', '●', '┤', '└']);
    let usual = shown(&[]);
    assert!(is_drawn(&usual), "{usual}");
    let plain = shown(&["--ascii"]);
    let (_, drawing) = plain.split_once("msg/s\n").unwrap();
    let (drawing, _) = drawing.split_once("\n\n").unwrap();
    let drawing = drawing.replace('µ', "u");
    assert!(drawing.is_ascii() && drawing.contains('|'), "{plain}");
}

/// What the flags of searches and sweeps say where they are left out.
#[test]
fn what_the_experiments_help_says_of_defaults_holds() {
    let directory = tempfile::tempdir().unwrap();
    let first = |words: &[&str]| {
        let file = directory.path().join("r.json");
        let output = wsbench().args(words).arg("-o").arg(&file).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        (document(&file), told)
    };
    // Without a URL it is the embedded server; each connection has one message in flight.
    let find = [
        "find",
        "--slo",
        "p50<10s",
        "--over",
        "connections",
        "--start",
        "2",
    ];
    let short = ["--trials", "1", "-d", "500ms", "--warmup", "100ms"];
    let (found, told) = first(&[&find[..], &short].concat());
    assert_eq!(
        found["over"]["connections"]["rate_per_connection"],
        Value::Null
    );
    assert_eq!(
        found["trials"][0]["asked_per_s"],
        Value::Null,
        "a closed loop"
    );
    assert!(told.contains("ws://127.0.0.1:"), "{told}");
}

/// A connection each 20 ms is granted: a hundred sessions a second are too many, and ten are not.
#[test]
fn the_greatest_number_of_sessions_is_searched_for() {
    let server = Embedded::start(&["--accept-delay", "20ms"]);
    for mode in [&["--mode", "idle", "--live", "200ms"][..], &["-r", "2"]] {
        // On a busy machine a trial may say no more than that it was none.
        let mut tries = (0..4).map(|_| searched_over_sessions(&server.url, mode));
        let is_judged = |found: &(Value, String)| {
            let verdict = &found.0["trials"][0]["verdict"];
            verdict == "fails" || verdict == "holds"
        };
        let (found, printed) = tries.find(is_judged).expect("a trial that is judged");
        let trial = &found["trials"][0];
        assert_eq!(trial["load"], 100.0);
        assert_eq!(trial["verdict"], "fails", "{found:#}");
        assert!(found["trials"][1]["load"].as_f64().unwrap() < 100.0);
        assert!(printed.contains("sessions a second, each for"), "{printed}");
    }
}

/// Document and printed text of a search over sessions, from a hundred a second on.
fn searched_over_sessions(url: &str, mode: &[&str]) -> (Value, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("find.json");
    let output = wsbench()
        .args(["find", url, "--over", "sessions", "--start", "100"])
        .args(mode)
        .args(["--slo", "opening.p90<100ms", "-d", "1s", "--warmup"])
        .args(["100ms", "--trials", "2", "--limit", "20s", "-o"])
        .arg(&file)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    (document(&file), printed)
}

#[test]
fn what_a_search_over_sessions_does_not_go_with_is_refused() {
    for (words, said) in [
        (&["--slo", "p99<5ms", "--live", "1s"][..], "--over sessions"),
        (
            &["--slo", "p99<5ms", "--over", "sessions", "-c", "5"],
            "--connections",
        ),
        (
            &["--slo", "p99<5ms", "--over", "sessions", "-R", "5"],
            "--rate",
        ),
        (
            &["--slo", "p99<5ms", "--over", "sessions", "--mode", "idle"],
            "opening.p99",
        ),
        (
            &["--slo", "p99<5ms", "--over", "sessions", "--mode", "push"],
            "--over sessions",
        ),
        (&["--slo", "p99<5ms", "--mode", "idle"], "no rate to find"),
    ] {
        assert_no_search(words, said);
    }
}

/// A scenario may say as well how long each session is there, and whether anything is answered.
#[test]
fn sessions_of_a_scenario_are_searched_over_as_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("held.toml");
    let held = "[[clients]]\nroles = [\"idle\"]\narrive = \"5/s\"\nlive = \"300ms\"\n";
    std::fs::write(&file, held).unwrap();
    let scenario = file.to_str().unwrap();
    let slo = ["--slo", "p99<5ms"];
    for (over, said) in [
        ("sessions", "opening.p99 or login.p99"),
        ("connections", "how many come, which the scenario says"),
    ] {
        let words = [&slo[..], &["--scenario", scenario, "--over", over]].concat();
        assert_no_search(&words, said);
    }

    let server = Embedded::start(&[]);
    let found = directory.path().join("find.json");
    let output = wsbench()
        .args(["find", &server.url, "--over", "sessions"])
        .args(["--scenario", scenario, "--slo", "opening.p90<10s"])
        .args(["--start", "10", "-d", "1s", "--warmup", "100ms"])
        .args(["--trials", "1", "--limit", "5s", "-o"])
        .arg(&found)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("sessions a second, each for 300 ms"),
        "{printed}"
    );
    // Nothing flows, so what is told of a trial is how long connections took to open.
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("holds: opening p99"), "{told}");
    assert_eq!(document(&found)["over"]["sessions"]["stay"]["live_s"], 0.3);
}

/// What a server sends by itself, opens at once or has back is asked for by connections, of which there may be
/// too many.
#[test]
fn pushes_and_storms_are_searched_for_over_connections() {
    let directory = tempfile::tempdir().unwrap();
    let found = directory.path().join("find.json");
    let pushing = Embedded::start(&["--push", "100/s"]);
    let storm = Embedded::start(&[]);
    for (server, words, slo, over) in [
        (
            &pushing,
            &["--mode", "push", "--stamp", "json:/T:us"][..],
            "push.age.p50<10s",
            "push.age p50",
        ),
        (&storm, &["--mode", "storm"], "storm.p50<10s", "storm p50"),
        (
            &storm,
            &[
                "-R",
                "200",
                "--drill",
                "cut 90% at 100ms",
                "--reconnect",
                "immediate",
            ],
            "back.p50<10s",
            "back p50",
        ),
    ] {
        let output = wsbench()
            .args(["find", &server.url, "--over", "connections", "--slo", slo])
            .args(words)
            .args(["--start", "40", "-d", "1s", "--warmup", "0"])
            .args(["--trials", "1", "--limit", "6s", "-o"])
            .arg(&found)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let kept = document(&found);
        let trial = &kept["trials"][0];
        assert_eq!(trial["verdict"], "holds", "{over}: {told}");
        assert!(
            trial["readings"][0]["figure"].as_f64() > Some(0.0),
            "{over}: {kept:#}"
        );
        assert_eq!(trial["load"], 40.0);
    }
    // What there is no rate of is not searched for by rates, and a figure of another load is refused.
    assert_no_search(
        &["--slo", "push.age.p99<5ms", "--mode", "push"],
        "no rate to find",
    );
    assert_no_search(&["--slo", "back.p99<5ms"], "back.p99");
}

/// Asserts that no search is begun with these words behind its server, and what is said.
fn assert_no_search(words: &[&str], said: &str) {
    let output = wsbench()
        .args(["find", "localhost:1"])
        .args(words)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {told}");
    assert!(told.contains(said), "{words:?}: {told}");
}

#[test]
fn what_is_no_objective_is_refused_with_the_way_out() {
    for (flags, words) in [
        (&["--slo", "p99"][..], "write it like p99<5ms"),
        (&[][..], "--slo"),
        (
            &["--slo", "p99<5ms", "--rate-per-connection", "5"][..],
            "--over connections",
        ),
        (&["--slo", "p99<5ms", "--limit", "1s"][..], "--limit"),
    ] {
        assert_no_search(flags, words);
    }
}

#[test]
fn nobody_there_is_a_failed_search() {
    let output = wsbench()
        .args(["find", "127.0.0.1:1", "--slo", "p99<5ms"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("nothing connected"), "{told}");
}

/// What is published is what the types say: `wsbench schema find > docs/…`.
#[test]
fn the_published_schemas_are_those_in_the_binary() {
    for (of, file) in [("find", "find-1"), ("sweep", "sweep-1")] {
        let printed = wsbench().args(["schema", of]).output().unwrap().stdout;
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
        let published = std::fs::read(format!("{root}/wsbench.{file}.schema.json")).unwrap();
        // Not `assert_eq`: what differs is told by `git diff` after printing it again.
        assert!(
            printed == published,
            "wsbench schema {of} > docs/wsbench.{file}.schema.json"
        );
    }
}
