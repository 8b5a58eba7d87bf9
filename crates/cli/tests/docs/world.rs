//! The world that a page speaks of, on this machine and for the length of a test: its servers and
//! proxies under the ports that the pages give them, its files, and `wsbench` by its name.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

use crate::page::{Block, Command};
use crate::raw::Raw;
use crate::running::embedded::Embedded;
use crate::running::proxy::{Dialogue, Proxy, http, socks};
use crate::running::{Ended, Process, send_signal, workspace};
use crate::short::{LENGTHS, shorten};

/// Far beyond what any command here takes, also where the cores are busy: one that takes longer
/// hangs.
const LIMIT: Duration = Duration::from_secs(240);

/// The port of the pages' first server, and of their second.
const PLAIN: [u16; 2] = [3000, 3001];
/// That of their server behind TLS, whose certificate is in `ca.pem`.
const SECURED: u16 = 3443;
/// That of one which redirects every handshake to the first server.
const REDIRECTING: u16 = 3080;
/// A port where `--exec` starts a server of its own.
const EXECUTED: u16 = 4711;
/// The scripts' and suites' folders, as seen from the root of the repository.
const FOLDERS: [&str; 2] = ["suites", "servers"];
/// A ranking that was stored, under the names that the pages give to theirs.
const STORED: [&str; 2] = ["ranking.json", "full.json"];
/// A browser's export, under the name that the pages give to theirs.
const EXPORT: &str = "app.har";
/// Flags that name a file which is written.
const WRITING: [&str; 9] = [
    "-o", "--output", "--html", "--junit", "--hgrm", "--hlog", "-l", "--log", "--l",
];

/// Servers, proxies and files of one page. All of it ends with the value, whatever has failed.
pub(crate) struct World {
    directory: TempDir,
    servers: BTreeMap<u16, Embedded>,
    redirecting: Option<Raw>,
    executed: Option<u16>,
    /// Servers that the block under way has started, under the port that it gave them.
    started: Vec<(Option<u16>, Embedded)>,
    /// Recordings that it has started.
    recordings: Vec<Recording>,
}

/// `wsbench record` at work, killed when the test is over.
struct Recording {
    /// The port that the page gave it, and the one that it has.
    ports: [u16; 2],
    /// The file that it writes.
    output: String,
    child: Child,
    said: JoinHandle<String>,
}

impl Recording {
    /// Ends it as Ctrl-C does; it has written its file then.
    fn end(mut self) {
        send_signal("-INT", self.child.id());
        let status = self.child.wait().unwrap();
        let said = self.said.join().unwrap();
        assert!(status.success(), "{}: {said}", self.output);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let bin = directory.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(cargo_bin!("wsbench"), bin.join("wsbench")).unwrap();
        for folder in FOLDERS {
            symlink(workspace().join(folder), directory.path().join(folder)).unwrap();
        }
        for name in STORED {
            let ranking = workspace().join("docs/ranking/full.json");
            symlink(ranking, directory.path().join(name)).unwrap();
        }
        let export = workspace().join("fuzz/corpus/har/socket.io");
        symlink(export, directory.path().join(EXPORT)).unwrap();
        Self {
            directory,
            servers: BTreeMap::new(),
            redirecting: None,
            executed: None,
            started: Vec::new(),
            recordings: Vec::new(),
        }
    }

    /// Writes a file that a block shows, where its first line names it; its windows are short.
    pub(crate) fn keep(&self, block: &Block) {
        let first = block.lines.first().map_or("", |(_, line)| line.as_str());
        let name = first
            .strip_prefix("# ")
            .filter(|name| name.ends_with(".toml"));
        let Some(name) = name else { return };
        let lines = block.lines.iter().map(|(_, line)| match line {
            _ if line.starts_with("duration") => "duration = \"400ms\"\n".to_owned(),
            _ if line.starts_with("warmup") => "warmup = \"50ms\"\n".to_owned(),
            _ => format!("{line}\n"),
        });
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines.collect::<String>()).unwrap();
    }

    /// Writes the file of users that a block shows.
    pub(crate) fn keep_rows(&self, block: &Block) {
        let lines = block.lines.iter().map(|(_, line)| format!("{line}\n"));
        fs::write(self.path("users.csv"), lines.collect::<String>()).unwrap();
    }

    /// Carries a command of a page out, and holds it to its exit code and to the files that it
    /// says it writes.
    pub(crate) fn carry_out(&mut self, command: &Command) {
        let place = &command.place;
        let words = words_of(command);
        assert_eq!(words[0], "wsbench", "{place}: {} is not run", command.text);
        if words.get(1).is_some_and(|word| word == "serve") {
            return self.serve(place, &words[1..]);
        }
        let listens = |word: &String| word == "--listen";
        if words.get(1).is_some_and(|word| word == "record") && words.iter().any(listens) {
            return self.record(place, &words[1..]);
        }
        self.end_recordings(|recording| words.contains(&recording.output));
        let (words, into) = redirected(words);
        let mut attempts = LENGTHS.map(|length| shorten(&words[1..], length)).to_vec();
        attempts.dedup();
        let (mut words, mut ended) = self.attempt(&attempts[0]);
        let is_right = |words: &[String], ended: &Ended| {
            let code = ended.status.code();
            let is_told = code.is_some_and(|code| command.exits.contains(&code));
            is_told || is_undecided(words, ended)
        };
        for longer in &attempts[1..] {
            if is_right(&words, &ended) {
                break;
            }
            (words, ended) = self.attempt(longer);
        }
        let told = || format!("{place}: wsbench {}\n{}", words.join(" "), story(&ended));
        assert!(is_right(&words, &ended), "{}", told());
        if let Some(into) = into {
            fs::write(self.path(&into), &ended.stdout).unwrap();
            assert!(!ended.stdout.is_empty(), "{}", told());
        }
        let is_planned = words.iter().any(|word| word == "--plan");
        for pair in words.windows(2).filter(|_| !is_planned) {
            if WRITING.contains(&pair[0].as_str()) {
                let written = fs::metadata(self.path(&pair[1]));
                let size = written.map_or(0, |file| file.len());
                assert!(size > 0, "{} was not written: {}", pair[1], told());
            }
        }
    }

    /// Ends the servers that a block has started; each ends in order.
    pub(crate) fn end_of_block(&mut self, page: &str) {
        self.end_recordings(|_| true);
        for (_, server) in self.started.drain(..) {
            let status = server.end();
            assert!(status.success(), "{page}: a server ended with {status}");
        }
    }

    /// Starts the server of a `wsbench serve`, on a port that is free.
    fn serve(&mut self, place: &str, words: &[String]) {
        let mut words = words.to_vec();
        let mut port = None;
        if let Some(at) = words.iter().position(|word| word == "--port") {
            port = Some(words[at + 1].parse().unwrap());
            words[at + 1] = "0".to_owned();
        }
        words.push("--until-stdin-closes".to_owned());
        let server = Embedded::of(self.program().args(&words));
        let address = &server.url;
        assert!(address.contains(['/', ':']), "{place}: it says '{address}'");
        self.started.push((port, server));
    }

    /// Starts a recording, on a port that is free.
    fn record(&mut self, place: &str, words: &[String]) {
        let mut words = self.here(words);
        let behind = |flag: &str| {
            let at = words.iter().position(|word| word == flag);
            at.unwrap_or_else(|| panic!("{place}: it has no {flag}")) + 1
        };
        let (listen, output) = (behind("--listen"), words[behind("-o")].clone());
        let given = words[listen].parse().unwrap();
        words[listen] = "0".to_owned();
        let mut program = self.program();
        let child = program
            .args(&words)
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let port = port_of(line.trim()).unwrap_or_else(|| panic!("{place}: it says '{line}'"));
        let said = thread::spawn(move || {
            let mut rest = String::new();
            said.read_to_string(&mut rest).unwrap();
            rest
        });
        self.recordings.push(Recording {
            ports: [given, port],
            output,
            child,
            said,
        });
    }

    /// Ends the recordings of which this is so.
    fn end_recordings(&mut self, is_over: impl Fn(&Recording) -> bool) {
        let all = std::mem::take(&mut self.recordings);
        for recording in all {
            match is_over(&recording) {
                true => recording.end(),
                false => self.recordings.push(recording),
            }
        }
    }

    /// Runs these words of a page in this world; as what they are run, and how that ended.
    fn attempt(&mut self, words: &[String]) -> (Vec<String>, Ended) {
        let words = self.here(words);
        let ended = Process::start(self.program().args(&words)).ended_within(LIMIT);
        (words, ended)
    }

    /// `wsbench`, among the files of the page.
    fn program(&self) -> Program {
        let bin = self.path("bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = [bin.clone()].into_iter().chain(env::split_paths(&path));
        let mut program = Program::new(bin.join("wsbench"));
        program
            .current_dir(self.directory.path())
            .env("PATH", env::join_paths(path).unwrap())
            .env("WSBENCH_STATE_DIR", self.path("state"))
            .env("NO_COLOR", "1");
        program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The words with the places of this world in place of those of the page.
    fn here(&mut self, words: &[String]) -> Vec<String> {
        let mut here: Vec<String> = Vec::new();
        for word in words {
            let place = match here.last().map(String::as_str) {
                Some("-x") => self.proxy(word),
                // Whoever asks there is on no page.
                Some("--prometheus") => "127.0.0.1:0".to_owned(),
                _ => self.ports(word),
            };
            here.push(place);
        }
        here
    }

    /// A word with the ports of this world: those behind a colon and behind `--port`.
    fn ports(&mut self, word: &str) -> String {
        let mut rest = word;
        let mut here = String::new();
        while let Some(at) = rest.find([':', ' ']) {
            let (before, after) = rest.split_at(at + 1);
            here.push_str(before);
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, behind) = after.split_at(digits);
            let is_whole = !behind.starts_with(|c: char| c.is_alphanumeric());
            let is_port = before.ends_with(':') || here.ends_with("--port ");
            let port = number.parse().ok().filter(|_| is_whole && is_port);
            match port.and_then(|port| self.port(port)) {
                Some(port) => here.push_str(&port.to_string()),
                None => here.push_str(number),
            }
            rest = behind;
        }
        here + rest
    }

    /// The port of what a page has at this one; none where it has nothing.
    fn port(&mut self, port: u16) -> Option<u16> {
        let started = self.started.iter().rev();
        let mut started = started.filter(|(at, _)| *at == Some(port));
        if let Some((_, server)) = started.next() {
            return Some(server.port().parse().unwrap());
        }
        let recorded = self.recordings.iter().find(|it| it.ports[0] == port);
        if let Some(recording) = recorded {
            return Some(recording.ports[1]);
        }
        match port {
            EXECUTED => Some(*self.executed.get_or_insert_with(free_port)),
            REDIRECTING => {
                let to = self.port(PLAIN[0])?;
                let head = format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{to}/\r\n\
                     Content-Length: 0\r\n\r\n"
                );
                let server = self
                    .redirecting
                    .get_or_insert_with(|| Raw::responding(head));
                port_of(&server.url())
            }
            _ if PLAIN.contains(&port) || port == SECURED => {
                let certificate = self.path("ca.pem");
                let server = self.servers.entry(port).or_insert_with(|| match port {
                    SECURED => {
                        let file = certificate.to_str().unwrap();
                        Embedded::start(&["--tls", "--write-cert", file])
                    }
                    _ => Embedded::start(&["--compress"]),
                });
                port_of(&server.url)
            }
            _ => None,
        }
    }

    /// A proxy as the URL of the page says, which leads where the names of the pages are.
    fn proxy(&mut self, url: &str) -> String {
        let (scheme, place) = url.split_once("://").unwrap();
        let login = place.split_once('@').map_or("", |(login, _)| login);
        let (plain, secured) = (self.port(PLAIN[0]).unwrap(), self.port(SECURED).unwrap());
        let route = move |asked: &str| {
            if asked.ends_with(":443") {
                secured
            } else {
                plain
            }
        };
        let proxy = match (scheme, login) {
            ("http", "") => Proxy::leading(route, http as Dialogue, ""),
            (_, "") => Proxy::leading(route, socks, ""),
            (_, "user:pass") => Proxy::leading(route, socks, "user:pass"),
            _ => panic!("no such proxy in this world: {url}"),
        };
        let at = if login.is_empty() { "" } else { "@" };
        format!("{scheme}://{login}{at}{}", proxy.address)
    }
}

/// The words of a command as a shell takes them. What `cargo run` runs is the binary.
pub(crate) fn words_of(command: &Command) -> Vec<String> {
    if command.text == "cargo run --release" {
        return vec!["wsbench".to_owned()];
    }
    let words = shlex::split(&command.text);
    words.unwrap_or_else(|| panic!("{}: a quote is open", command.place))
}

/// The words before `>`, and the file behind it.
fn redirected(mut words: Vec<String>) -> (Vec<String>, Option<String>) {
    match words.iter().position(|word| word == ">") {
        None => (words, None),
        Some(at) => {
            let file = words[at + 1].clone();
            words.truncate(at);
            (words, Some(file))
        }
    }
}

/// Whether a command made short has too few samples to know its answer, and said that, by the code
/// that is documented for it: a condition that cannot be judged, a search without a certain end.
fn is_undecided(words: &[String], ended: &Ended) -> bool {
    let says = |words: &str| ended.stdout.contains(words) || ended.stderr.contains(words);
    let is_search = words[0] == "find";
    let is_judged = words.iter().any(|word| word == "--fail-if");
    match ended.status.code() {
        Some(5) => is_judged && says("cannot be judged"),
        Some(1) => is_search && says("\nsustainable "),
        _ => false,
    }
}

fn story(ended: &Ended) -> String {
    format!("{}\n{}{}", ended.status, ended.stdout, ended.stderr)
}

fn port_of(url: &str) -> Option<u16> {
    let authority = url.trim_end_matches('/');
    authority.rsplit(':').next().unwrap().parse().ok()
}

/// A port that nobody has now, for a server that is told which one to take: below those that the
/// kernel gives away by itself, and another one for each process and each call.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let of_process = 20_000 + (std::process::id() * 8 % 12_000) as u16;
    let mut ports = std::iter::repeat_with(|| of_process + NEXT.fetch_add(1, Relaxed) % 700);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).unwrap()
}

/// Holds a command that is not run here to what can be seen without running it: its script, or
/// the packages, benchmarks, tests, profiles and folders that it names.
pub(crate) fn assert_is_there(command: &Command) {
    let words = words_of(command);
    let place = &command.place;
    let words = match words[0].as_str() {
        "taskset" => &words[3..],
        _ => &words[..],
    };
    if words[0].starts_with("scripts/") {
        let script = workspace().join(&words[0]);
        return assert!(script.is_file(), "{place}: there is no {}", words[0]);
    }
    assert_eq!(words[0], "cargo", "{place}: {}", command.text);
    for pair in words.windows(2) {
        let [flag, name] = [&pair[0], &pair[1]];
        let is_there = match flag.as_str() {
            "-p" | "--package" => !manifests_with(&format!("name = \"{name}\"")).is_empty(),
            "--bench" => sources("benches").any(|file| file == *name),
            "--test" => sources("tests").any(|file| file == *name),
            "--example" => sources("examples").any(|file| file == *name),
            "--path" => workspace().join(name).join("Cargo.toml").is_file(),
            "--profile" => {
                let manifest = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
                manifest.contains(&format!("[profile.{name}]"))
            }
            _ => true,
        };
        assert!(is_there, "{place}: there is no {flag} {name}");
    }
}

/// Crates whose manifest has this line.
fn manifests_with(line: &str) -> Vec<PathBuf> {
    let has = |folder: &PathBuf| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|it| it == line)
    };
    crates().filter(has).collect()
}

fn crates() -> impl Iterator<Item = PathBuf> {
    let folders = fs::read_dir(workspace().join("crates")).unwrap();
    folders.map(|folder| folder.unwrap().path())
}

/// Names of the sources in a folder of any crate.
fn sources(folder: &'static str) -> impl Iterator<Item = String> {
    let files = crates().flat_map(move |of| fs::read_dir(of.join(folder)).into_iter().flatten());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(move |file| name(&file.unwrap().path()))
}
