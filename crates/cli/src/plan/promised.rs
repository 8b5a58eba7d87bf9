//! Defaults as the help prints them: each flag that is given its default makes the plan that there is
//! without it.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use clap::{Arg, CommandFactory};
use serde_json::Value;

use super::stored::made_of;
use crate::command_line::Cli;

/// Defaults that are words, or of what no plan holds, by flag: the words as they are printed. Where they
/// are a value of something, a test of its own holds them, which stands beside.
const IN_WORDS: &[(&str, &str)] = &[
    // `what_depends_is_as_it_is_said`, below.
    ("until", "2m"),
    ("warmup", "1s for a timed run, else 0"),
    ("tolerate-failures", "1%"),
    ("settle", "1s without --joined"),
    ("follow-redirects", "5"),
    ("streams", "100, or what the server allows"),
    ("alpn", "http/1.1, or h2 with --http 2"),
    // No value could say the same.
    ("max-sessions", "as many as come in all, 65536 at most"),
    ("connect-rate", "as fast as they complete"),
    ("spread-addresses", "to the first that accepts"),
    ("server-name", "the URL's host"),
    ("tls", "1.2 and 1.3"),
    ("pin", "the embedded server only"),
    ("seed", "random, and printed"),
    // What is printed, and of fleets: no part of a plan. `rendering.rs` and the fleet's tests.
    ("format", "text"),
    ("on-agent-loss", "abort"),
    ("fleet", "default"),
];

/// What a flag goes with.
const BESIDE: &[(&str, &[&str])] = &[
    ("roundtrips", &["--clients", "10"]),
    ("arrival", &["-R", "1k"]),
    ("churn-live", &["--churn", "10/s"]),
    ("pace", &["-R", "1k"]),
    ("max-in-flight", &["-R", "1k"]),
    (
        "rooms-each",
        &["--mode", "pubsub", "--rooms", "4", "-R", "10"],
    ),
    (
        "match",
        &["--mode", "request", "--template", "{\"id\":{id}}"],
    ),
];

/// The plan of these words against a server.
fn plan(words: &[&str]) -> Value {
    let words = words.iter().map(|word| (*word).to_owned());
    let words: Vec<String> = words.chain(["ws://127.0.0.1:9/".to_owned()]).collect();
    let made = made_of(&words);
    assert!(made.get("refused").is_none(), "{words:?}: {made}");
    made
}

/// The default that a flag's help prints, wherever it does.
fn printed(arg: &Arg) -> Option<String> {
    if let [value] = arg.get_default_values()
        && arg
            .get_num_args()
            .is_none_or(|number| number.takes_values())
    {
        return Some(value.to_str().unwrap().to_owned());
    }
    let long = arg.get_long_help().or_else(|| arg.get_help())?.to_string();
    let (_, rest) = long.split_once("[default")?;
    let (_, rest) = rest.split_once(": ")?;
    let (words, _) = rest.split_once(']')?;
    Some(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn each_default_that_is_printed_is_what_holds() {
    let command = Cli::command();
    let mut seen = Vec::new();
    for arg in command.get_arguments() {
        let (Some(flag), Some(default)) = (arg.get_long(), printed(arg)) else {
            continue;
        };
        seen.push(flag);
        if let Some((_, words)) = IN_WORDS.iter().find(|(of, _)| *of == flag) {
            assert_eq!(default, *words, "--{flag}");
            continue;
        }
        let beside = BESIDE.iter().find(|(of, _)| *of == flag);
        let beside = beside.map_or(&[][..], |(_, words)| words);
        let given = format!("--{flag}={default}");
        let with = [beside, &[given.as_str()]].concat();
        assert_eq!(plan(&with), plan(beside), "{given}");
    }
    for (flag, _) in IN_WORDS {
        assert!(seen.contains(flag), "--{flag} has no default any more");
    }
    assert!(seen.len() > 25, "{seen:?}");
}

#[test]
fn what_depends_is_as_it_is_said() {
    for (without, with) in [
        (&["-d", "5s"][..], &["-d", "5s", "--warmup", "1s"][..]),
        (&["-n", "10"], &["-n", "10", "--warmup", "0"]),
        (&["--until", "p99±5%"], &["--until", "p99±5%", "-d", "2m"]),
        (&["--follow-redirects"], &["--follow-redirects=5"]),
        (&["--http", "2"], &["--http", "2", "--streams", "100"]),
        (&[], &["--alpn", "http/1.1"]),
        (&["--http", "2"], &["--http", "2", "--alpn", "h2"]),
        (&["--join", "hello"], &["--join", "hello", "--settle", "1s"]),
    ] {
        assert_eq!(plan(with), plan(without), "{with:?}");
    }
    let spec = wsbench_load::plan::PlanSpec::against("ws://127.0.0.1:9/".parse().unwrap());
    assert_eq!(spec.expect.tolerated_failures(), 0.01);
}
