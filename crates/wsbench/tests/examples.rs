//! The examples, built by cargo beside the tests, run as programs.

use std::env;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any example takes on a machine that is busy with something else.
const LIMIT: Duration = Duration::from_secs(90);

/// The words for a percentile that cannot be told.
const TOO_FEW: &str = "service.p99: too few samples";

/// An example that has ended.
struct Ended {
    code: Option<i32>,
    said: String,
}

/// A running example, which does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has mostly ended by now; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program of an example: in the folder beside that of this test's.
fn program(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap();
    let program = built.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is not built; `cargo build --examples` does it, as `cargo test` by itself",
        program.display()
    );
    program
}

fn run(name: &str, words: &[&str]) -> Ended {
    let mut command = Command::new(program(name));
    command.args(words).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    // Read beside, so that it never waits for room in the pipe.
    let mut output = running.0.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut said = String::new();
        output.read_to_string(&mut said).map(|_| said)
    });
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = running.0.try_wait().unwrap() {
            break status.code();
        }
        assert!(begun.elapsed() < LIMIT, "{name} goes on and on");
        thread::sleep(Duration::from_millis(20));
    };
    let said = reader.join().unwrap().unwrap();
    Ended { code, said }
}

#[test]
fn ten_lines_measure_a_server() {
    let ended = run("ten_lines", &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let lines: Vec<&str> = ended.said.lines().collect();
    let [rate, p50, p99, errors, audit] = lines[..] else {
        panic!("{}", ended.said);
    };
    assert!(rate.starts_with("messages/s "), "{rate}");
    assert!(p50.starts_with("p50 service "), "{p50}");
    // A machine whose cores are busy may give it too few.
    let is_told = p99.starts_with("p99 service ") || p99.starts_with(TOO_FEW);
    assert!(is_told, "{p99}");
    assert_eq!(errors, "errors 0");
    assert!(["audit: ok", "audit: doubtful"].contains(&audit), "{audit}");
}

#[test]
fn what_cannot_be_measured_ends_an_example_with_words() {
    let ended = run("ten_lines", &["http://localhost:1/"]);
    assert_eq!((ended.code, ended.said.as_str()), (Some(1), ""));
}

#[test]
fn a_promise_is_kept_broken_or_left_open() {
    // Bounds that no machine misses, however busy it is.
    for (bound, code, begin) in [
        ("60s", 0, "kept: p99<60s: "),
        ("1ns", 1, "broken: p99>=1ns: "),
    ] {
        let ended = run("assert_p99", &[bound]);
        let last = ended.said.lines().last().unwrap();
        if ended.code == Some(2) {
            let words = last.strip_prefix("cannot be judged: ").unwrap();
            assert!(words.starts_with(TOO_FEW), "{}", ended.said);
            continue;
        }
        assert_eq!(ended.code, Some(code), "{}", ended.said);
        assert!(last.starts_with(begin), "{last}");
        assert!(ended.said.starts_with("p99 service "), "{}", ended.said);
    }
    // Nobody listens on the reserved port, so there is nothing to judge.
    let ended = run("assert_p99", &["5ms", "127.0.0.1:1"]);
    assert_eq!(ended.code, Some(2), "{}", ended.said);
    let open = format!("cannot be judged: {TOO_FEW}");
    assert!(ended.said.starts_with(&open), "{}", ended.said);
}

#[test]
fn each_interval_is_printed_once() {
    let ended = run("each_interval", &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let lines: Vec<&str> = ended.said.lines().collect();
    let [first, intervals @ .., last] = &lines[..] else {
        panic!("{}", ended.said);
    };
    assert!(first.starts_with("ws://127.0.0.1:"), "{first}");
    assert!(first.ends_with(" with 2 connections"), "{first}");
    let end = |line: &&str| line.split(" s: ").next().unwrap().parse::<f64>().unwrap();
    let ends: Vec<f64> = intervals.iter().map(end).collect();
    assert!(ends.is_sorted_by(|one, next| one < next), "{ends:?}");
    assert!(
        ends.iter().all(|end| (end * 4.0).fract() == 0.0),
        "{ends:?}"
    );
    assert_eq!(ends.last(), Some(&2.0), "{}", ended.said);
    let number = |text: &str| text.split(' ').next().unwrap().parse::<u64>().unwrap();
    let each = intervals
        .iter()
        .map(|line| number(line.split_once(": ").unwrap().1));
    let all = number(last);
    let sum: u64 = each.sum();
    // Answers that came while the last was awaited belong to no interval.
    assert!(sum > 0 && sum <= all && all <= sum + 2, "{sum} of {all}");
}
