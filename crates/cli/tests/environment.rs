//! Flags by the environment: what they set, what outweighs them, and what is said of them.
#![cfg(unix)]

use std::process::{Command, Stdio};

use serde_json::Value;
use snapbox::cmd::cargo_bin;

use crate::running::embedded::Embedded;

/// Exit code, standard output and standard error of a command under these variables.
fn said(words: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(cargo_bin!("wsbench"));
    command
        .args(words)
        .env("NO_COLOR", "1")
        .envs(variables.iter().copied());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn variables_set_flags_and_flags_outweigh_them() {
    let server = Embedded::start(&[]);
    let variables = [
        ("WSBENCH_MESSAGES", "100"),
        ("WSBENCH_CONNECTIONS", "3"),
        ("WSBENCH_BINARY", "yes"),
        ("WSBENCH_STRICT", "false"),
        ("WSBENCH_COMPRESS", "true"),
        ("WSBENCH_FOLLOW_REDIRECTS", "off"),
        ("WSBENCH_HEADER", "X-A: 1\nX-B: 2"),
        ("WSBENCH_BEARER", "hidden"),
        ("WSBENCH_SIZE", ""),
    ];
    let (code, stdout, stderr) = said(&["--format", "json", "-c", "2", &server.url], &variables);
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&stdout).unwrap();
    let plan = &document["plan"];
    assert_eq!(plan["connections"], 2, "a flag outweighs a variable");
    assert_eq!(plan["stop"]["messages"], 100, "{plan}");
    let command = document["command"].as_str().unwrap();
    assert!(command.starts_with("wsbench --"), "{command}");
    for word in [
        " --messages=100 ",
        " --binary ",
        // A flag whose value may be left out.
        " --compress ",
        "'--header=X-A: 1' '--header=X-B: 2'",
        " -c 2 ",
    ] {
        assert!(command.contains(word), "{word} in {command}");
    }
    assert!(
        !command.contains("--connections") && !command.contains("--strict"),
        "{command}"
    );
    assert!(!command.contains("redirects"), "{command}");
    assert!(!plan["compression"].is_null(), "{plan}");
    assert!(
        !stdout.contains("hidden") && command.contains("--bearer="),
        "{command}"
    );
    assert!(!stderr.contains("warning:"), "{stderr}");
}

#[test]
fn a_subcommand_has_its_own_flags_and_no_others() {
    // `sweep` has another `--rate`, and what a run's would refuse it takes.
    let rate = [("WSBENCH_RATE", "1k..2k"), ("WSBENCH_LIMIT", "1ms")];
    let (code, _, stderr) = said(&["sweep", "127.0.0.1:1"], &rate);
    assert_eq!(code, 2);
    assert!(stderr.contains("--limit"), "{stderr}");
    let (code, _, stderr) = said(&["127.0.0.1:1"], &rate);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("1k..2k") && stderr.contains("WSBENCH_RATE"),
        "{stderr}"
    );
}

#[test]
fn a_misspelt_variable_is_told_and_no_secret_is() {
    let (code, _, stderr) = said(&["schema", "result"], &[("WSBENCH_CONECTIONS", "3")]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stderr.contains("WSBENCH_CONECTIONS says; is WSBENCH_CONNECTIONS meant?"),
        "{stderr}"
    );
    let wrong = [("WSBENCH_AUTH", "hidden"), ("WSBENCH_COOKIE", "a=hidden")];
    let (code, stdout, stderr) = said(&["127.0.0.1:1"], &wrong);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        !format!("{stdout}{stderr}").contains("hidden"),
        "{stdout}{stderr}"
    );
    for words in [&["--help"][..], &["-h"], &["find", "--help"]] {
        let (code, stdout, _) = said(
            words,
            &[("WSBENCH_BEARER", "hidden"), ("WSBENCH_RATE", "77")],
        );
        assert_eq!(code, 0);
        assert!(
            !stdout.contains("hidden") && !stdout.contains("77"),
            "{stdout}"
        );
    }
}
