//! What a build is told: conditions in every output, JUnit's XML, GitHub's summary and annotations.
//! Over real sockets, judged by what is certain: an answer that is held back for 40 ms is later than
//! 5 ms, and none takes a minute.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use roxmltree::Document;
use serde_json::Value;
use snapbox::cmd::cargo_bin;
use yaml_rust2::{Yaml, YamlLoader};

use crate::running::embedded::Embedded;
use crate::running::workspace;

/// What came of a command: its exit code, what it said, and the summary of the step.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
    summary: String,
}

/// Carries a command out in a folder, as a step of GitHub's runner where `is_step`.
fn said(folder: &Path, words: &[&str], is_step: bool) -> Said {
    let summary = folder.join("summary.md");
    let _ = fs::remove_file(&summary);
    let mut command = Command::new(cargo_bin!("wsbench"));
    command.args(words).current_dir(folder).env("NO_COLOR", "1");
    match is_step {
        true => command.env("GITHUB_STEP_SUMMARY", &summary),
        false => command.env_remove("GITHUB_STEP_SUMMARY"),
    };
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        summary: fs::read_to_string(&summary).unwrap_or_default(),
    }
}

/// A short run with a condition that holds, one that does not, and one that cannot be judged.
fn conditions<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let conditions = [
        "--fail-if",
        "p50>5ms",
        "--fail-if",
        "p50>60s",
        "--fail-if",
        "p99.99>60s",
    ];
    let run = ["-n", "200", "-c", "4", url];
    [&run[..], &conditions, more].concat()
}

#[test]
fn conditions_are_in_every_output() {
    let server = Embedded::start(&["--delay", "40ms"]);
    let folder = tempfile::tempdir().unwrap();
    let words = conditions(&server.url, &["-o", "run.json", "--junit", "run.xml"]);
    let run = said(folder.path(), &words, false);
    assert_eq!(run.code, 99, "{}", run.stderr);
    let lines = [
        "✕ fail-if p50>5ms: holds (",
        "✓ fail-if p50>60s: does not hold (",
        "? fail-if p99.99>60s: cannot be judged",
    ];
    for line in lines {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    assert!(
        !run.stderr.contains("fail-if"),
        "said twice: {}",
        run.stderr
    );
    let stored: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("run.json")).unwrap()).unwrap();
    let states = stored["conditions"].as_array().unwrap().iter();
    let states: Vec<&str> = states.map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["holds", "does_not_hold", "cannot_be_judged"]);
    assert!(stored["conditions"][2]["samples_times"].as_f64().unwrap() > 1.0);
    for format in ["text", "markdown", "csv", "html", "github", "json"] {
        let again = said(
            folder.path(),
            &["report", "run.json", "--format", format],
            false,
        );
        assert_eq!(
            again.code, 99,
            "a stored result ends as it did: {}",
            again.stderr
        );
        let escaped = again.stdout.replace("&gt;", ">");
        for condition in ["p50>5ms", "p50>60s", "p99.99>60s"] {
            assert!(escaped.contains(condition), "{format}: {escaped}");
        }
    }
    junit_of(&fs::read_to_string(folder.path().join("run.xml")).unwrap());
}

/// Holds the XML of that run to what it must say.
fn junit_of(text: &str) {
    let xml = Document::parse(text).unwrap();
    let suite = xml.root_element().first_element_child().unwrap();
    let count = |name: &str| suite.attribute(name).unwrap().parse::<u32>().unwrap();
    assert_eq!(
        (count("tests"), count("failures"), count("errors")),
        (4, 1, 1),
        "{text}"
    );
    let cases = suite.children().filter(|it| it.has_tag_name("testcase"));
    let found: Vec<(&str, Vec<&str>)> = cases
        .map(|case| {
            let inside = case.children().filter(roxmltree::Node::is_element);
            (
                case.attribute("name").unwrap(),
                inside.map(|it| it.tag_name().name()).collect(),
            )
        })
        .collect();
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["the figures are valid", "p50>5ms", "p50>60s", "p99.99>60s"]
    );
    assert!(!found[0].1.contains(&"failure"));
    assert_eq!(found[1].1, ["failure"]);
    assert_eq!(found[2].1, ["system-out"]);
    assert_eq!(found[3].1, ["error"]);
}

#[test]
fn a_step_of_github_has_its_summary_and_annotations_by_itself() {
    let server = Embedded::start(&["--delay", "40ms"]);
    let folder = tempfile::tempdir().unwrap();
    let run = said(
        folder.path(),
        &conditions(&server.url, &["--format", "json"]),
        true,
    );
    assert_eq!(run.code, 99, "{}", run.stderr);
    let _: Value = serde_json::from_str(&run.stdout).expect("a document and nothing else");
    assert!(run.summary.starts_with("### ❌ wsbench"), "{}", run.summary);
    assert!(
        run.summary.contains("| p50>5ms | ❌ holds ("),
        "{}",
        run.summary
    );
    assert!(
        run.summary.contains("| p50>60s | ✅ does not hold ("),
        "{}",
        run.summary
    );
    assert!(run.summary.contains("<details>"), "{}", run.summary);
    let annotations: Vec<&str> = run
        .stderr
        .lines()
        .filter(|it| it.starts_with("::"))
        .collect();
    assert!(
        annotations[0].starts_with("::error title=wsbench p50>5ms holds::"),
        "{annotations:?}"
    );
    assert!(
        annotations[1].starts_with("::warning title=wsbench p99.99>60s cannot"),
        "{annotations:?}"
    );
    // Outside of a runner the format shows the same.
    let words = conditions(&server.url, &["--format", "github"]);
    let shown = said(folder.path(), &words, false);
    assert!(
        shown.stdout.starts_with("### ❌ wsbench"),
        "{}",
        shown.stdout
    );
    assert!(
        shown.stderr.contains("\n::error ") && shown.summary.is_empty(),
        "{}",
        shown.stderr
    );
}

#[test]
fn a_run_that_fails_is_a_failure_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["-d", "1s", "-c", "1", "--junit", "run.xml", "127.0.0.1:1"];
    let run = said(folder.path(), &words, true);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let text = fs::read_to_string(folder.path().join("run.xml")).unwrap();
    let xml = Document::parse(&text).unwrap();
    let failure = xml
        .descendants()
        .find(|it| it.has_tag_name("failure"))
        .unwrap();
    assert_eq!(failure.attribute("type"), Some("invalid"));
    assert!(
        failure
            .attribute("message")
            .unwrap()
            .contains("nothing connected"),
        "{text}"
    );
    assert!(
        run.stderr.contains("::error title=wsbench"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_comparison_is_held_to_a_change() {
    let (fast, slow) = (Embedded::start(&[]), Embedded::start(&["--delay", "60ms"]));
    let folder = tempfile::tempdir().unwrap();
    let rounds = [
        "--rounds", "3", "-R", "200", "-d", "500ms", "-c", "4", "--warmup", "100ms",
    ];
    let compare = |a: &str, b: &str, condition: &str| {
        let words = [
            "compare",
            a,
            b,
            "--fail-if",
            condition,
            "-o",
            "c.json",
            "--junit",
            "c.xml",
        ];
        said(folder.path(), &[&words[..], &rounds].concat(), false)
    };
    let slower = compare(&fast.url, &slow.url, "service.p50>+100%");
    assert_eq!(slower.code, 99, "{}{}", slower.stdout, slower.stderr);
    assert!(
        slower.stdout.contains("service.p50>+100%: holds"),
        "{}",
        slower.stdout
    );
    let again = said(folder.path(), &["report", "c.json"], false);
    assert_eq!((again.code, again.stdout), (99, slower.stdout));
    let xml = fs::read_to_string(folder.path().join("c.xml")).unwrap();
    assert!(
        Document::parse(&xml)
            .unwrap()
            .descendants()
            .any(|it| it.has_tag_name("failure"))
    );
    let faster = compare(&slow.url, &fast.url, "service.p50>+5%");
    assert_eq!(faster.code, 0, "{}{}", faster.stdout, faster.stderr);
    let unknown = compare(&fast.url, &slow.url, "server.threads>+5%");
    assert_eq!(unknown.code, 5, "{}{}", unknown.stdout, unknown.stderr);
}

fn yaml(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).unwrap().remove(0)
}

#[test]
fn the_action_is_what_the_runner_takes() {
    let action = yaml(&fs::read_to_string(workspace().join("action.yml")).unwrap());
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    let script = fs::read_to_string(workspace().join("scripts/action")).unwrap();
    for step in action["runs"]["steps"].as_vec().unwrap() {
        let run = step["run"].as_str().unwrap();
        assert_eq!(step["shell"].as_str(), Some("bash"), "{run}");
        let name = run.rsplit(' ').next().unwrap();
        assert!(
            script.contains(&format!("\n{name}() {{\n")),
            "no step {name} in scripts/action"
        );
        // What anybody may write into an input is never a part of a script.
        assert!(!run.contains("${{"), "{run}");
    }
    let inputs = action["inputs"].as_hash().unwrap();
    let named = inputs.keys().filter_map(Yaml::as_str);
    let text = fs::read_to_string(workspace().join("action.yml")).unwrap();
    for name in named {
        assert!(
            text.contains(&format!("inputs.{name} ")),
            "the input {name} is read by no step"
        );
    }
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one job, from its first step to its conclusion"
)]
fn the_actions_steps_run_comment_and_conclude() {
    let server = Embedded::start(&["--delay", "40ms"]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // A program that takes the comment, and finds the one that is in a file.
    let gh = path("gh");
    let program = "#!/bin/sh\n\
        case \"$*\" in *--paginate*) cat \"$GH_FOUND\"; printf '%s\\n' \"$MARKER\" >\"$GH_SAID\"; exit;; esac\n\
        printf '%s\\n' \"$@\" >>\"$GH_SAID\"\n\
        for word; do case $word in body=@*) cat \"${word#body=@}\" >>\"$GH_SAID\";; esac; done\n";
    fs::write(&gh, program).unwrap();
    fs::write(path("found"), "").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
    let step = |name: &str, variables: &[(&str, &str)]| {
        let mut command = Command::new(workspace().join("scripts/action"));
        let paths = format!(
            "{}:{}",
            folder.path().display(),
            std::env::var("PATH").unwrap()
        );
        command
            .arg(name)
            .env("PATH", paths)
            .env("GITHUB_ACTION_PATH", workspace())
            .env("GITHUB_OUTPUT", path("output"))
            .env("GITHUB_STEP_SUMMARY", path("step.md"))
            .env("GH_SAID", path("gh.txt"))
            .env("GH_FOUND", path("found"))
            .env("GH_REPO", "a/b")
            .env("GITHUB_JOB", "bench")
            .envs(variables.iter().copied());
        command.output().unwrap().status.code().unwrap()
    };
    let outputs = |name: &str| {
        let text = fs::read_to_string(path("output")).unwrap();
        let line = text
            .lines()
            .rfind(|line| line.starts_with(&format!("{name}=")));
        line.map(|line| line[name.len() + 1..].to_owned())
            .unwrap_or_default()
    };
    let program = cargo_bin!("wsbench").to_str().unwrap();
    assert_eq!(step("binary", &[("BINARY", program)]), 0);
    assert_eq!(outputs("binary"), program);
    assert_eq!(step("binary", &[("BINARY", "/no/such/program")]), 1);
    // Quotes part words; what a shell would carry out stays words.
    let args = format!(
        "-n 200 -c 4 --name 'a b $(false)' --fail-if 'p50>5ms' {}",
        server.url
    );
    assert_eq!(step("run", &[("WSBENCH", program), ("ARGS", &args)]), 0);
    assert_eq!(outputs("exit-code"), "99");
    let stored = fs::read_to_string(outputs("result")).unwrap();
    assert!(stored.contains("\"name\": \"a b $(false)\""), "{stored}");
    let xml = fs::read_to_string(outputs("junit")).unwrap();
    assert!(Document::parse(&xml).is_ok());
    assert!(
        fs::read_to_string(path("step.md"))
            .unwrap()
            .contains("❌ holds")
    );
    let summary = outputs("summary");
    let commented = || {
        let variables = [("PULL_REQUEST", "7"), ("SUMMARY", summary.as_str())];
        assert_eq!(step("comment", &variables), 0);
        fs::read_to_string(path("gh.txt")).unwrap()
    };
    let first = commented();
    let marker = first.lines().next().unwrap().to_owned();
    assert!(
        marker.contains("wsbench") && marker.contains("/ bench /"),
        "{marker}"
    );
    assert!(
        first[marker.len()..].starts_with("\npr\ncomment\n7\n--body-file\n"),
        "{first}"
    );
    // The one before is found by its marker, whatever else was said meanwhile.
    fs::write(path("found"), "41\n42\n").unwrap();
    let second = commented();
    assert!(
        second.contains("\nPATCH\nrepos/a/b/issues/comments/42\n"),
        "{second}"
    );
    assert!(
        second.contains(&format!("{marker}\n### ❌ wsbench")),
        "{second}"
    );
    assert_eq!(step("conclude", &[("EXIT_CODE", "99")]), 99);
    assert_eq!(step("conclude", &[("EXIT_CODE", "5")]), 5);
    assert_eq!(
        step("conclude", &[("EXIT_CODE", "5"), ("UNDECIDED", "pass")]),
        0
    );
    assert_eq!(
        step("conclude", &[("EXIT_CODE", "99"), ("UNDECIDED", "pass")]),
        99
    );
}
