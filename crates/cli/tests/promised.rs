//! What the help and the README promise and no other test holds.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;

use crate::running::embedded::Embedded;
use crate::running::{Process, listed_commands, measured, wsbench};

/// The same fault, the same verdict: fifty runs against a server that closes each connection once it has
/// answered on it. How many connections happen to be open when a run ends is chance, and says nothing.
#[test]
fn fifty_runs_of_one_fault_end_with_one_code() {
    const RUNS: usize = 50;
    const AT_ONCE: usize = 5;
    let server = Embedded::start(&["--misbehave", "close-after:messages=1,code=1011"]);
    let seen = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                for _ in 0..RUNS / AT_ONCE {
                    let words = ["-d", "100ms", "--warmup", "0s", "-c", "4", &server.url];
                    let run = measured(&words);
                    let verdict = run.document["audit"]["verdict"].to_string();
                    let gravest = run.document["audit"]["caveats"][0]["kind"].to_string();
                    seen.lock().unwrap().push((run.exit, verdict, gravest));
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), RUNS);
    let kinds: BTreeSet<_> = seen.into_iter().collect();
    let expected = (1, "\"invalid\"".to_owned(), "\"connections\"".to_owned());
    assert_eq!(kinds, BTreeSet::from([expected]));
}

/// `find`: 1 where no load holds.
#[test]
fn a_search_in_which_no_load_holds_fails() {
    let server = Embedded::start(&["--delay", "20ms"]);
    let words = [
        "find",
        &server.url,
        "--slo",
        "p99<5ms",
        "-c",
        "4",
        "-d",
        "300ms",
        "--warmup",
        "100ms",
        "--limit",
        "20s",
    ];
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
}

/// The quantities that the help explains are taken as it says, by whoever takes such a thing.
#[test]
fn quantities_mean_what_the_help_says() {
    let server = Embedded::start(&[]);
    let plan = |words: &[&str]| {
        let run = measured(&[words, &["-c", "1", &server.url]].concat());
        run.document["plan"].clone()
    };
    // Numbers in thousands, times as a number of seconds and in parts, sizes in multiples of 1024.
    assert_eq!(plan(&["-n", "0.1k"])["stop"]["messages"], 100);
    let timed = plan(&["-d", "1", "--warmup", "1ms", "--timeout", "1m30s"]);
    assert_eq!(timed["stop"]["duration_s"], 1.0);
    assert_eq!(timed["warmup_s"], 0.001);
    assert_eq!(timed["timeout_s"], 90.0);
    let sized = plan(&["-n", "10", "-s", "64..4k"]);
    let sizes = ["min_bytes", "max_bytes"].map(|key| sized["payload"][key].as_u64().unwrap());
    assert_eq!(sizes, [64, 4096]);
    // Rates are of all connections together.
    let open = plan(&["-n", "10", "-R", "1/ms"]);
    assert_eq!(open["arrival"]["stretches"][0]["to_per_s"], 1000.0);
}

/// A dash is standard input or output, and the ending of a file says what goes into it.
#[test]
fn a_dash_is_standard_input_or_output_and_an_ending_says_the_form() {
    let server = Embedded::start(&[]);
    let words = ["-f", "-", "-o", "-", "-n", "5", "-c", "1", &server.url];
    let mut command = wsbench(&words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"from outside").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["plan"]["payload"]["base64"], "ZnJvbSBvdXRzaWRl");
    assert_eq!(document["messages"]["answered"], 5);
    let folder = tempfile::tempdir().unwrap();
    let words = ["-o", "page.html", "-n", "5", "-c", "1", &server.url];
    let ended = Process::start(wsbench(&words).current_dir(folder.path())).ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"), "{page}");
}

/// What the embedded server bears, and how its copies for many leave, is taken as the help says it.
#[test]
fn the_limits_of_the_embedded_server_are_taken() {
    let flags = ["--handshake-timeout", "5s", "--max-unfinished", "1m"];
    let server = Embedded::start(&flags);
    let run = measured(&["-n", "20", "-c", "2", &server.url]);
    assert_eq!(run.exit, 0, "{}", run.story());
    // A message of which more is unfinished than the server bears ends its connection.
    let run = measured(&["-n", "2", "-c", "1", "-s", "4m", &server.url]);
    assert_ne!(run.exit, 0, "{}", run.story());
    let of_many = ["--broadcast", "--delays", "0,2ms", "--most-unsent", "4m"];
    let many = |loss: &[&str]| {
        let server = Embedded::start(&[&of_many[..], loss].concat());
        let words = ["--mode", "broadcast", "-c", "4", "-R", "20", "-d", "1s"];
        let rest = ["--warmup", "0s", "--timeout", "300ms", &server.url];
        measured(&[&words[..], &rest].concat())
    };
    let whole = many(&[]);
    assert_eq!(
        whole.document["deliveries"]["missing"],
        0,
        "{}",
        whole.story()
    );
    let lossy = many(&["--loss", "50%"]);
    assert_ne!(
        lossy.document["deliveries"]["missing"],
        0,
        "{}",
        lossy.story()
    );
}

/// Every command of the help's list is one, and explains itself.
#[test]
fn every_command_that_is_listed_is_there() {
    let help = Process::start(&mut wsbench(&["--help"])).ended().stdout;
    let names = listed_commands(&help);
    assert!(names.len() > 12, "{names:?}");
    for name in &names {
        let words: &[&str] = if name == "help" {
            &["help"]
        } else {
            &[name, "--help"]
        };
        let ended = Process::start(&mut wsbench(words)).ended();
        assert_eq!(ended.status.code(), Some(0), "{name}");
        assert!(
            ended.stdout.contains("Usage: wsbench"),
            "{name}: {}",
            ended.stdout
        );
    }
}
