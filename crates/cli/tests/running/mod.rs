//! wsbench as a process: started, awaited no longer than a limit, and held to what every result
//! document owes, whatever the server did.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary takes what it needs"
)]

pub mod embedded;
pub mod nobody;
pub mod proxy;
pub mod recording;

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use snapbox::cmd::cargo_bin;

/// Far beyond what any run here needs, also where the cores are busy with something else: a run
/// that takes longer hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// How often an end is looked for.
const GLANCE: Duration = Duration::from_millis(10);

/// A process under way, killed when the test fails.
pub struct Process {
    child: Child,
    begun: Instant,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// How a process ended and what it said.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// `wsbench` with these arguments, without a terminal.
pub fn wsbench(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("wsbench"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

impl Process {
    /// Starts `command` with nothing on its standard input, reading what it says.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            begun: Instant::now(),
            stdout: child.stdout.take().map(reader),
            stderr: child.stderr.take().map(reader),
            child,
        }
    }

    /// Process id, for signals.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is still at work.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal, as `kill` names it.
    pub fn signal(&self, signal: &str) {
        send_signal(signal, self.id());
    }

    /// Awaits the end; no end within [`LIMIT`] is a hang.
    pub fn ended(self) -> Ended {
        self.ended_within(LIMIT)
    }

    /// Awaits the end; no end within `limit` is a hang.
    pub fn ended_within(mut self, limit: Duration) -> Ended {
        let status = ended_within(&mut self.child, self.begun, limit);
        Ended {
            took: self.begun.elapsed(),
            status,
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Awaits the end of a process; no end within `limit` of `begun` is a hang.
pub(crate) fn ended_within(child: &mut Child, begun: Instant, limit: Duration) -> ExitStatus {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(begun.elapsed() < limit, "it hangs: {limit:?} are over");
        thread::sleep(GLANCE);
    }
}

/// Sends a signal, as `kill` names it, to a process.
pub fn send_signal(signal: &str, process: u32) {
    let process = process.to_string();
    let sent = Command::new("kill").args([signal, &process]).status();
    assert!(sent.unwrap().success(), "no signal to {process}");
}

fn reader(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

/// Text that a reader has read, once that is over.
fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.map(|reader| reader.join().unwrap());
    String::from_utf8(bytes.unwrap_or_default()).unwrap()
}

/// A run that printed its result document.
pub struct Run {
    pub document: Value,
    pub exit: i32,
    pub stderr: String,
    pub took: Duration,
}

/// Runs `wsbench --format json` with these arguments and a seed, and holds the document to what it
/// owes.
pub fn measured(arguments: &[&str]) -> Run {
    Run::of(start_measuring(arguments).ended())
}

/// Holds that these words, with a place to go to, are refused with exit code 2 and what is told.
pub fn assert_refused(words: &[&str], told: &str) {
    let ended = Process::start(&mut wsbench(&[words, &["localhost:1"]].concat())).ended();
    let said = ended.stderr;
    assert_eq!(ended.status.code(), Some(2), "{words:?}: {said}");
    assert!(said.contains(told), "{words:?}: {said}");
}

/// The exit code and the document of a run. It is not held to what [`Run`] holds one to: messages may be
/// sent that nobody answers, and clients may come by a schedule.
pub fn documented(arguments: &[&str]) -> (Option<i32>, Value) {
    let words = [&["--format", "json", "--no-state"], arguments].concat();
    let ended = Process::start(&mut wsbench(&words)).ended();
    (ended.status.code(), parsed(&ended))
}

fn parsed(ended: &Ended) -> Value {
    let document = serde_json::from_str(&ended.stdout);
    document.unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr))
}

/// Starts `wsbench --format json` with these arguments, and always with a seed: what is sent is the
/// same in every run of a test.
pub fn start_measuring(arguments: &[&str]) -> Process {
    let is_seeded = arguments.contains(&"--seed");
    let seed: &[&str] = if is_seeded { &[] } else { &["--seed", "1"] };
    let words = [&["--format", "json"], seed, arguments].concat();
    let directory = tempfile::tempdir().unwrap();
    // Where this test was started to outlive its terminal, what it starts is not.
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP");
    command.arg(cargo_bin!("wsbench")).args(words);
    command.env("NO_COLOR", "1").current_dir(directory.path());
    Process::start(&mut command)
}

impl Run {
    /// Reads the document that a process printed.
    pub fn of(ended: Ended) -> Self {
        let run = Self {
            document: parsed(&ended),
            exit: ended.status.code().unwrap(),
            stderr: ended.stderr,
            took: ended.took,
        };
        run.assert_adds_up();
        run
    }

    /// What holds in every document, whatever the server did.
    fn assert_adds_up(&self) {
        let messages = &self.document["messages"];
        let [sent, answered, failed] = ["sent", "answered", "failed"].map(|name| self.sent(name));
        let open = self.sent("timed_out") + self.sent("in_flight_at_end");
        assert_eq!(sent, answered + failed + open, "{messages}");
        // Of messages to many the last receiver's time is what a message has one of.
        let deliveries = &self.document["deliveries"];
        let of_messages: &[&str] = if deliveries.is_null() {
            &["service_ns", "response_ns"]
        } else {
            let fates = ["received", "missing", "in_flight_at_end"];
            let fates: u64 = fates.map(|fate| count(deliveries, fate)).iter().sum();
            assert_eq!(count(deliveries, "expected"), fates, "{deliveries}");
            &["delivery_last_ns"]
        };
        for times in of_messages {
            let times = &self.document[times];
            // Messages never answered stand among the response times as a censored tail.
            let censored = times["censored"].as_u64().unwrap_or(0);
            let count = times["count"].as_u64().unwrap();
            assert_eq!(count - censored, answered, "samples lost or invented");
            let answered = count;
            for figure in ["p50", "p99", "max", "mean"] {
                let is_absent = times.get(figure).is_none_or(Value::is_null);
                assert!(!is_absent || figure != "max" || answered == 0, "{times}");
                assert!(is_absent || answered > 0, "no samples is not a figure");
            }
        }
        let connections = ["attempted", "opened", "upgraded"].map(|name| self.connections(name));
        assert!(connections.is_sorted_by(|a, b| a >= b), "{connections:?}");
        let asked = self.connections("asked");
        assert!(self.connections("peak_concurrent") <= asked);
        let ran = ["least_running", "most_running"]
            .map(|name| self.document["connections"][name].as_u64().unwrap_or(0));
        assert!(
            ran[0] <= ran[1] && ran[1] <= asked,
            "{ran:?} ran of {asked}"
        );
        assert_eq!(self.document["schema"], "wsbench.result/1");
    }

    /// A count of messages by its name in the document.
    pub fn sent(&self, name: &str) -> u64 {
        count(&self.document["messages"], name)
    }

    /// A count of connections by its name in the document.
    pub fn connections(&self, name: &str) -> u64 {
        count(&self.document["connections"], name)
    }

    /// How often a failure was counted; zero when it never was.
    pub fn errors(&self, phase: &str, kind: &str) -> u64 {
        let of_kind = |error: &&Value| error["phase"] == phase && error["kind"] == kind;
        let found = self.document["errors"].as_array().unwrap();
        found
            .iter()
            .find(of_kind)
            .map_or(0, |error| count(error, "count"))
    }

    /// The first instance of a failure in words.
    pub fn example(&self, phase: &str, kind: &str) -> &str {
        let of_kind = |error: &&Value| error["phase"] == phase && error["kind"] == kind;
        let found = self.document["errors"].as_array().unwrap();
        let error = found.iter().find(of_kind);
        let error = error.unwrap_or_else(|| panic!("no {phase} {kind}: {found:#?}"));
        error["example"].as_str().unwrap()
    }

    /// Whether the audit named this caveat.
    pub fn has_caveat(&self, kind: &str) -> bool {
        caveat(&self.document, kind).is_some()
    }

    /// All failures, for the report of a test that failed.
    pub fn story(&self) -> String {
        let Value::Object(document) = &self.document else {
            return String::new();
        };
        let parts = ["ended", "audit", "messages", "connections", "errors"];
        let told = parts.map(|part| format!("{part}: {:#}", document[part]));
        format!("exit {}\n{}\n{}", self.exit, self.stderr, told.join("\n"))
    }
}

/// The head of a request, up to its empty line or the end of the stream.
pub fn head_of(stream: &mut impl Read) -> String {
    let (mut head, mut octet) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut octet).unwrap() > 0 {
        head.extend(octet);
    }
    String::from_utf8(head).unwrap()
}

/// A number of an object by its name.
pub fn count(object: &Value, name: &str) -> u64 {
    object[name].as_u64().unwrap_or_else(|| panic!("{name}"))
}

/// A caveat of this kind in a document's audit; `None` where it has none.
pub fn caveat<'a>(document: &'a Value, kind: &str) -> Option<&'a Value> {
    let caveats = document["audit"]["caveats"].as_array().unwrap();
    caveats.iter().find(|caveat| caveat["kind"] == kind)
}

/// The commands that the long help lists, by their names.
pub fn listed_commands(help: &str) -> Vec<String> {
    let (_, list) = help.split_once("\nSubcommands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    // Names stand two columns in, words go on further in.
    let names = list.lines().filter(|line| !line.starts_with("    "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// The directory of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Processes whose command line holds this text.
pub(crate) fn running_with(text: &str) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let holds = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line)
            .replace('\0', " ")
            .contains(text)
    };
    pids.filter(holds).collect()
}
