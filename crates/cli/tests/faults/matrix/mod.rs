//! The fault matrix as a page, docs/faults.md: each row is carried out, held to what it owes, and
//! what was seen of it is compared with the page.
//!
//! The tests beside this one look at one row each, closely. Here every row is held to the same few
//! demands: it ends within a limit, the books add up (`running`), the fault is counted under its own
//! kind, the first instance names peer and time, the exit code is the one that belongs to it. What
//! was seen is written with `SNAPSHOTS=overwrite`. Counts, peers and times are left out, as they
//! differ from run to run.
#![allow(
    clippy::too_many_lines,
    reason = "the rows of a table, one after the other"
)]

mod exchange;
mod here;
mod opening;

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::raw::{Peer, Raw};
use crate::running::{Run, caveat, workspace};
use crate::short_run;

/// Rows that are carried out at the same time: most of them wait.
const AT_ONCE: usize = 4;

/// One row of the matrix.
struct Row {
    phase: &'static str,
    fault: String,
    carry_out: Box<dyn Fn() -> Seen + Send + Sync>,
}

/// What a row came to, as the page tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    counted: String,
    said: String,
    exit: i32,
    /// Whether the audit let the figures stand; `None` when there were none.
    stands: Option<bool>,
}

/// Under which name a fault is to be found.
#[derive(Clone, Copy)]
enum Name {
    /// Among the errors of the document: phase and kind.
    Error(&'static str, &'static str),
    /// Among the caveats of the audit.
    Caveat(&'static str),
    /// It is no fault, and nothing may be said to be one.
    Nothing,
}

impl Row {
    /// A row whose run leaves a document.
    fn of(
        phase: &'static str,
        fault: impl Into<String>,
        name: Name,
        run: impl Fn() -> Run + Send + Sync + 'static,
    ) -> Self {
        Self::told(phase, fault, move || Seen::of(&run(), name))
    }

    /// A row that tells by itself what was seen.
    fn told(
        phase: &'static str,
        fault: impl Into<String>,
        carry_out: impl Fn() -> Seen + Send + Sync + 'static,
    ) -> Self {
        Self {
            phase,
            fault: fault.into(),
            carry_out: Box::new(carry_out),
        }
    }
}

impl Seen {
    fn of(run: &Run, name: Name) -> Self {
        let (counted, said) = match name {
            Name::Error(phase, kind) => {
                assert!(run.errors(phase, kind) > 0, "{kind}: {}", run.story());
                let example = run.example(phase, kind);
                let words = without_peer_and_time(example);
                (format!("{phase} `{kind}`"), settled(words))
            }
            Name::Caveat(kind) => {
                let found = caveat(&run.document, kind);
                let found = found.unwrap_or_else(|| panic!("{kind}: {}", run.story()));
                let message = found["message"].as_str().unwrap();
                (format!("audit `{kind}`"), without_numbers(message))
            }
            Name::Nothing => {
                assert_eq!(run.document["errors"], serde_json::json!([]));
                ("nothing".to_owned(), String::new())
            }
        };
        Self {
            counted,
            said,
            exit: run.exit,
            stands: Some(run.document["audit"]["verdict"] != "invalid"),
        }
    }
}

/// The first instance names its peer and its time, `127.0.0.1:3000 at 0.012 s: …`, and then says
/// what happened.
fn without_peer_and_time(example: &str) -> &str {
    let (place, words) = example.split_once(" s: ").unwrap_or_else(|| {
        panic!("neither peer nor time: {example}");
    });
    let (peer, time) = place.split_once(" at ").unwrap();
    assert!(
        peer.contains(':') && time.parse::<f64>().is_ok(),
        "{example}"
    );
    words
}

/// The words, with an ellipsis for what differs from run to run: numbers of messages and
/// connections, how many were unanswered, large numbers, and keys.
fn settled(words: &str) -> String {
    // What was sent and what came back differ from run to run.
    let words = words.split("; sent \"").next().unwrap_or(words);
    let unanswered = ["0 messages unanswered", "1 message unanswered"];
    let words = unanswered.iter().fold(words.to_owned(), |words, counted| {
        words.replace(counted, "… unanswered")
    });
    // Whether anything had come is told, not how much.
    let words = ["1", "2"].iter().fold(words, |words, bytes| {
        words.replace(&format!("; {bytes} bytes had come"), "; … bytes had come")
    });
    let mut settled: Vec<String> = Vec::new();
    for word in words.split(' ') {
        let core = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_number = core.chars().all(|c| c.is_ascii_digit() || ",_".contains(c));
        let is_counted = settled
            .last()
            .is_some_and(|before| ["message", "connection", "byte"].contains(&before.as_str()));
        let differs = is_number && (is_counted || core.len() > 4);
        let is_key = word.len() > 27 && word.contains('=');
        settled.push(match differs || is_key {
            true if core.is_empty() => word.to_owned(),
            true if is_key => "…".to_owned(),
            true => word.replace(core, "…"),
            false => word.to_owned(),
        });
    }
    settled.join(" ").replace('|', "\\|")
}

/// What an audit says, up to the first instance, with an ellipsis for each number.
fn without_numbers(message: &str) -> String {
    let general = message.split("; first: ").next().unwrap_or_default();
    let general = general.split(": ").next().unwrap_or_default();
    let words = general.split(' ').map(|word| {
        if word.contains(|c: char| c.is_ascii_digit()) {
            "…"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Carries all rows out, some at a time; what was seen, in their order.
fn carried_out(rows: Vec<Row>) -> Vec<(Row, Seen)> {
    let next = AtomicUsize::new(0);
    let seen: Mutex<Vec<Option<Seen>>> = Mutex::new(rows.iter().map(|_| None).collect());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((at, row)) = rows.get(next.fetch_add(1, SeqCst)).map(|row| {
                    let at = rows.iter().position(|other| std::ptr::eq(other, row));
                    (at.unwrap(), row)
                }) {
                    let of_row = (row.carry_out)();
                    seen.lock().unwrap()[at] = Some(of_row);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap().into_iter().flatten();
    rows.into_iter().zip(seen).collect()
}

const HEAD: &str = "\
# Faults

What wsbench makes of servers that misbehave, of networks that fail, and of what goes wrong on its own side. Each row was
carried out by `crates/cli/tests/faults/matrix`, which wrote this page and compares it with what it sees in every run of
the tests (`SNAPSHOTS=overwrite cargo test --workspace --test faults the_matrix` writes it anew). Of each row is asserted
that

* it ends within a bounded time, whatever the server keeps doing;
* sent = answered + timed out + failed + in flight at the end, and the histograms hold exactly the answered;
* the fault is counted under the name given here, and its first instance is told with peer and time (left out here, as
  are numbers that differ from run to run: `…`);
* where nothing was answered, no time is printed: \"no samples\" is not 0;
* the exit code is the one given. 1: nothing connected, nothing answered, the server died, or the audit found the figures
  invalid, as it does where more than 1 % of the messages failed or as many connections were ended by the server. Faults
  that end a connection are made on few messages here; one in thousands leaves the figures standing.

Closer looks at single rows, such as exact counts, are in the other files of `crates/cli/tests/faults`.
";

const TAIL: &str = "
## What cannot be made here

* **The clock is stepped**: it would be this machine's, under all that runs on it. Times are taken from a clock that is not
  stepped (`CLOCK_MONOTONIC`, or the time stamp counter); the kernel's stamps, which are of the wall clock, divide nothing
  when they contradict it, and `drive::stamps` has a test of that.
* **The machine is suspended**: for the process it is the same as being stopped and continued, which is a row.
* **Delay and loss on the network**: this kernel has no netem. The simulated engine has both, with reordered completions,
  short reads and writes, resets and stalls, in thousands of seeded runs (`crates/drive/tests`).
";

/// The page that these rows make.
fn page(rows: &[(Row, Seen)]) -> String {
    let mut page = HEAD.to_owned();
    let mut phase = "";
    for (row, seen) in rows {
        if row.phase != phase {
            phase = row.phase;
            let _ = write!(
                page,
                "\n## {phase}\n\n| fault | counted as | said of the first | figures | exit |\n\
                 |---|---|---|---|--:|\n"
            );
        }
        let stands = match seen.stands {
            Some(true) => "stand",
            Some(false) => "invalid",
            None => "none",
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {stands} | {} |",
            row.fault, seen.counted, seen.said, seen.exit
        );
    }
    page + TAIL
}

#[test]
fn the_matrix_is_the_published_one() {
    let mut rows = opening::rows();
    rows.extend(exchange::rows());
    rows.extend(here::rows());
    let fresh = page(&carried_out(rows));
    let path = workspace().join("docs/faults.md");
    if std::env::var_os("SNAPSHOTS").is_some_and(|what| what == "overwrite") {
        fs::write(path, fresh).unwrap();
        return;
    }
    let published = fs::read_to_string(path).unwrap();
    let lines = published.lines().zip(fresh.lines());
    let changed: Vec<_> = lines.filter(|(old, new)| old != new).collect();
    assert!(
        published == fresh,
        "SNAPSHOTS=overwrite writes the page anew; changed: {changed:#?}"
    );
}

/// What a server does with each of its connections.
type Serving = Arc<dyn Fn(Peer) + Send + Sync>;

/// Milliseconds are enough for what never comes.
const SOON: [&str; 4] = ["--timeout", "300ms", "--connect-timeout", "500ms"];

/// The limits of a row's run. Where everything comes, nothing is waited for in vain, and on a busy
/// machine it may come late.
fn limits(name: Name) -> &'static [&'static str] {
    match name {
        Name::Nothing => &[],
        Name::Error(..) | Name::Caveat(_) => &SOON,
    }
}

/// A row against a server of the test's own.
fn raw(
    phase: &'static str,
    fault: &str,
    name: Name,
    serve: impl Fn(Peer) + Send + Sync + 'static,
) -> Row {
    let serve: Serving = Arc::new(serve);
    Row::of(phase, fault, name, move || {
        let serve = Arc::clone(&serve);
        let server = Raw::start(move |peer| serve(peer));
        short_run(&server.url(), limits(name))
    })
}

/// Echoes until the client has gone.
fn echo(peer: &mut Peer) {
    while let Some(message) = peer.message() {
        peer.echo(&message);
    }
}
