//! A NATS server, agents and an embedded server on loopback, all of which end with the test.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::namespaces::Machines;

/// The longest that anything here is awaited.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This program with these words.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsbench"));
    command
        .args(words)
        .env("WSBENCH_STATE_DIR", "")
        .stdin(Stdio::null());
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A NATS server that keeps streams in a folder of its own.
pub(crate) struct Bus {
    port: u16,
    folder: TempDir,
    /// Flags of the server beside those of its place.
    server_flags: Vec<String>,
    scheme: &'static str,
    /// Flags by which wsbench is let in, and what stands before the host for that.
    flags: Vec<String>,
    login: String,
    process: Option<Process>,
}

impl Bus {
    fn new(server_flags: Vec<String>, scheme: &'static str) -> Self {
        let mut bus = Self {
            port: free_port(),
            folder: TempDir::new().unwrap(),
            server_flags,
            scheme,
            flags: Vec::new(),
            login: String::new(),
            process: None,
        };
        bus.start();
        bus
    }

    /// One that lets everybody in.
    pub(crate) fn plain() -> Self {
        Self::new(Vec::new(), "nats")
    }

    pub(crate) fn with_login(user: &str, password: &str) -> Self {
        let flags = ["--user", user, "--pass", password];
        Self::new(flags.map(str::to_owned).into(), "nats")
    }

    /// One whose server is configured by this file, and speaks TLS alone.
    pub(crate) fn secured(configuration: &Path) -> Self {
        let file = configuration.display().to_string();
        Self::new(vec!["-c".to_owned(), file], "tls")
    }

    /// The same to which wsbench comes with these flags.
    pub(crate) fn let_in_by(self, flags: &[String]) -> Self {
        Self {
            flags: flags.to_vec(),
            ..self
        }
    }

    /// The same to which wsbench comes with a login in the URL.
    pub(crate) fn with_url_login(self, login: &str) -> Self {
        Self {
            login: format!("{login}@"),
            ..self
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}127.0.0.1:{}", self.scheme, self.login, self.port)
    }

    pub(crate) fn start(&mut self) {
        let mut server = Command::new("nats-server");
        server.args([
            "-a",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-js",
            "-sd",
        ]);
        server.arg(self.folder.path());
        server.args(&self.server_flags);
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let child = server
            .spawn()
            .expect("nats-server is missing; scripts/servers installs it");
        self.process = Some(Process(child));
        until("the bus listens", || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
    }
}

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        sleep(Duration::from_millis(50));
    }
}

struct AgentProcess {
    name: String,
    process: Process,
    said: PathBuf,
}

/// A bus, agents and a server to load.
pub(crate) struct Fleet {
    // Agents first, so that they do not miss the bus.
    agents: Vec<AgentProcess>,
    server: Process,
    url: String,
    pub(crate) bus: Bus,
    folder: TempDir,
}

/// What came of a command.
pub(crate) struct Measured {
    pub(crate) document: Value,
    pub(crate) said: String,
    pub(crate) code: i32,
}

impl Measured {
    /// The document, and what was said, of a command that has to end with this code.
    pub(crate) fn with_code(self, code: i32) -> (Value, String) {
        assert_eq!(self.code, code, "{}", self.said);
        (self.document, self.said)
    }
}

/// A run that is under way.
pub(crate) struct Run {
    process: Process,
    said: PathBuf,
    output: PathBuf,
}

impl Fleet {
    pub(crate) fn of(names: &[&str]) -> Self {
        Self::over(Bus::plain(), names, &[])
    }

    /// Agents of these names and a server with these flags, over a bus.
    pub(crate) fn over(bus: Bus, names: &[&str], server: &[&str]) -> Self {
        let mut serve = command(&["serve", "--port", "0"]);
        serve.args(server);
        let mut child = serve
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let url = first
            .split_whitespace()
            .find(|word| word.starts_with("ws://"));
        let mut fleet = Self {
            agents: Vec::new(),
            url: url
                .unwrap_or_else(|| panic!("no URL in {first}"))
                .to_owned(),
            server: Process(child),
            bus,
            folder: TempDir::new().unwrap(),
        };
        for name in names {
            fleet.add(name, Command::new(env!("CARGO_BIN_EXE_wsbench")));
        }
        fleet
    }

    fn add(&mut self, name: &str, mut agent: Command) {
        agent.arg("agent");
        self.begin_agent(name, agent);
        self.await_words(name, &format!("agent {name} of fleet default"));
    }

    /// An agent with these flags, wherever its bus is; nothing of it is awaited.
    pub(crate) fn begin_with(&mut self, name: &str, flags: &[&str]) {
        let mut agent = Command::new(env!("CARGO_BIN_EXE_wsbench"));
        agent.arg("agent").args(flags);
        self.begin_agent(name, agent);
    }

    /// The cores that each generator thread of an agent may run on, as the kernel writes them.
    pub(crate) fn cores_of_generators(&self, name: &str) -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid(name))).unwrap();
        let tasks = tasks.flatten().map(|task| task.path());
        let generators = tasks.filter(|task| {
            let name = fs::read_to_string(task.join("comm"));
            name.is_ok_and(|name| name.starts_with("generator-"))
        });
        let cores = generators.filter_map(|task| {
            let status = fs::read_to_string(task.join("status")).ok()?;
            let line = status
                .lines()
                .find(|line| line.starts_with("Cpus_allowed_list:"))?;
            Some(line.split_whitespace().nth(1)?.to_owned())
        });
        cores.collect()
    }

    fn begin_agent(&mut self, name: &str, mut agent: Command) {
        let said = self.folder.path().join(format!("{name}.log"));
        agent.args(["--name", name, "--bus", &self.bus.url()]);
        agent.args(&self.bus.flags);
        agent
            .stdin(Stdio::null())
            .stderr(fs::File::create(&said).unwrap());
        let process = Process(agent.spawn().unwrap());
        self.agents.push(AgentProcess {
            name: name.to_owned(),
            process,
            said,
        });
    }

    /// The same agent in another process.
    pub(crate) fn start_again(&mut self, name: &str) {
        self.agents.retain(|agent| agent.name != name);
        self.add(name, Command::new(env!("CARGO_BIN_EXE_wsbench")));
    }

    /// An agent whose system has been up for so many seconds more, as far as its clocks tell; `false` where no
    /// such can be made.
    pub(crate) fn add_after(&mut self, seconds: u32, name: &str) -> bool {
        let elsewhere = || {
            let mut unshare = Command::new("unshare");
            let seconds = seconds.to_string();
            // Ended by its parent's end, and so by the test's.
            unshare.args(["--time", "--fork", "--kill-child"]);
            unshare.args(["--monotonic", &seconds, "--boottime", &seconds]);
            unshare
        };
        let can = elsewhere().arg("true").stderr(Stdio::null()).status();
        if !can.is_ok_and(|status| status.success()) {
            return false;
        }
        let mut agent = elsewhere();
        agent.arg(env!("CARGO_BIN_EXE_wsbench"));
        self.add(name, agent);
        true
    }

    /// Until the process of an agent has ended by itself.
    pub(crate) fn await_end(&mut self, name: &str) {
        let agent = self.agents.iter_mut().find(|agent| agent.name == name);
        let process = &mut agent.unwrap().process.0;
        until(&format!("{name} ends"), || {
            process.try_wait().unwrap().is_some()
        });
    }

    /// An agent whose program's file differs by a byte behind its end.
    pub(crate) fn add_of_another_build(&mut self, name: &str) {
        let copy = self.folder.path().join("wsbench-other");
        fs::copy(env!("CARGO_BIN_EXE_wsbench"), &copy).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&copy).unwrap();
        std::io::Write::write_all(&mut file, b"!").unwrap();
        drop(file);
        self.add(name, Command::new(copy));
    }

    /// This program with these words and the bus.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = command(words);
        command.args(["--bus", &self.bus.url()]);
        command.args(&self.bus.flags);
        command
    }

    fn agent(&self, name: &str) -> &AgentProcess {
        self.agents.iter().find(|agent| agent.name == name).unwrap()
    }

    /// The number of an agent's process.
    pub(crate) fn pid(&self, name: &str) -> u32 {
        self.agent(name).process.0.id()
    }

    pub(crate) fn signal(&self, name: &str, signal: &str) {
        let pid = self.pid(name).to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn await_words(&self, name: &str, words: &str) {
        let file = &self.agent(name).said;
        let said = || fs::read_to_string(file).unwrap_or_default();
        until(&format!("{name} says '{words}'"), || said().contains(words));
    }

    /// Until these agents have handed their shares in.
    pub(crate) fn await_free(&self, names: &[&str]) {
        for name in names {
            self.await_words(name, "the share is over and handed in");
        }
    }

    /// Until the server is under load: connections are open and the beginning is past.
    pub(crate) fn await_load(&mut self) {
        assert!(
            self.server.0.try_wait().unwrap().is_none(),
            "the server has ended"
        );
        for agent in &self.agents {
            self.await_words(&agent.name, "a share of it is taken");
        }
        // Clocks, connections and the lead take two or three seconds.
        sleep(Duration::from_secs(5));
    }

    pub(crate) fn begin(&self, agents: u32, words: &[String]) -> Run {
        self.start(None, agents, words)
    }

    fn start(&self, experiment: Option<&str>, agents: u32, words: &[String]) -> Run {
        let (said, output) = (
            self.folder.path().join("said"),
            self.folder.path().join("run.json"),
        );
        let _ = fs::remove_file(&output);
        let mut run = command(&[]);
        run.args(experiment);
        run.args(words)
            .args(["--agents", &agents.to_string(), "--bus", &self.bus.url()]);
        run.args(&self.bus.flags);
        run.arg(&self.url).arg("-o").arg(&output);
        run.stdout(Stdio::null())
            .stderr(fs::File::create(&said).unwrap());
        Run {
            process: Process(run.spawn().unwrap()),
            said,
            output,
        }
    }

    pub(crate) fn measure(&self, agents: u32, words: &[String]) -> Measured {
        self.begin(agents, words).end()
    }

    /// The same with a run that all of them carry out, under load.
    pub(crate) fn under(mut self, words: &[String]) -> (Self, Run) {
        let run = self.begin(self.agents.len() as u32, words);
        self.await_load();
        (self, run)
    }

    /// The same of a run that goes well: its document, and what was said.
    pub(crate) fn measured(&self, agents: u32, words: &[String]) -> (Value, String) {
        self.measure(agents, words).with_code(0)
    }

    pub(crate) fn experiment(&self, name: &str, agents: u32, words: &[String]) -> Measured {
        self.start(Some(name), agents, words).end()
    }

    pub(crate) fn collect(&self, run: &str) -> Measured {
        let (said, output) = (
            self.folder.path().join("said"),
            self.folder.path().join("all.json"),
        );
        let _ = fs::remove_file(&output);
        let mut collect = self.command(&["collect", run]);
        collect.arg("-o").arg(&output).stdout(Stdio::null());
        collect.stderr(fs::File::create(&said).unwrap());
        let process = Process(collect.spawn().unwrap());
        Run {
            process,
            said,
            output,
        }
        .end()
    }
}

impl Run {
    fn said(&self) -> String {
        let mut said = String::new();
        let file = fs::File::open(&self.said);
        let _ = file.and_then(|mut file| file.read_to_string(&mut said));
        said
    }

    pub(crate) fn interrupt(&self) {
        let pid = self.process.0.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
    }

    /// Kills the coordinator, and says what its run is called.
    pub(crate) fn kill_and_name(mut self) -> String {
        let said = self.said();
        self.process.0.kill().unwrap();
        let rest = said.split_once("fleet: run ").expect("it says the name").1;
        rest.split(' ').next().unwrap().to_owned()
    }

    pub(crate) fn end(mut self) -> Measured {
        let begun = Instant::now();
        let status = loop {
            match self.process.0.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(begun.elapsed() < 2 * PATIENCE, "no end: {}", self.said()),
            }
            sleep(Duration::from_millis(50));
        };
        let text = fs::read_to_string(&self.output).unwrap_or_default();
        Measured {
            document: serde_json::from_str(&text).unwrap_or(Value::Null),
            said: self.said(),
            code: status.code().unwrap_or(-1),
        }
    }
}

/// Machines that are apart, with the bus on the first, the server on the second, and an agent on each of
/// the others.
pub(crate) struct Apart<'a> {
    machines: &'a Machines,
    agents: Vec<(Process, PathBuf)>,
    _server: Process,
    _bus: Process,
    folder: TempDir,
}

impl<'a> Apart<'a> {
    /// With a server that has these flags.
    pub(crate) fn of(machines: &'a Machines, agents: &[&str], server: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let program = env!("CARGO_BIN_EXE_wsbench");
        let quiet = |command: &mut Command| {
            let command = command.stdin(Stdio::null()).stdout(Stdio::null());
            Process(command.stderr(Stdio::null()).spawn().unwrap())
        };
        let mut bus = machines.command("ctl", "nats-server");
        bus.args(["-a", &machines.address("ctl"), "-js", "-sd"]);
        let bus = quiet(bus.arg(folder.path().join("js")));
        let mut serve = machines.command("srv", program);
        serve.args([
            "serve",
            "--host",
            &machines.address("srv"),
            "--port",
            "9001",
        ]);
        let server = quiet(serve.args(server));
        let url = format!("nats://{}", machines.address("ctl"));
        let start = |name: &&str| {
            let said = folder.path().join(name);
            let mut agent = machines.command(name, program);
            agent
                .args(["agent", "--name", name, "--bus", &url])
                .stdin(Stdio::null());
            agent.stderr(fs::File::create(&said).unwrap());
            (Process(agent.spawn().unwrap()), said)
        };
        let all = Self {
            machines,
            agents: agents.iter().map(start).collect(),
            _server: server,
            _bus: bus,
            folder,
        };
        until("all agents are there", || {
            all.have_said("of fleet default on")
        });
        all
    }

    fn have_said(&self, words: &str) -> bool {
        let said = |file: &PathBuf| fs::read_to_string(file).unwrap_or_default();
        self.agents
            .iter()
            .all(|(_, file)| said(file).contains(words))
    }

    /// A command on a machine, against the server.
    fn start(&self, on: &str, words: &[String]) -> Run {
        let (said, output) = (
            self.folder.path().join("said"),
            self.folder.path().join("run.json"),
        );
        let _ = fs::remove_file(&output);
        let mut run = self.machines.command(on, env!("CARGO_BIN_EXE_wsbench"));
        let url = format!("ws://{}:9001/", self.machines.address("srv"));
        run.args(words).arg(url).arg("-o").arg(&output);
        run.env("WSBENCH_STATE_DIR", "").stdout(Stdio::null());
        run.stderr(fs::File::create(&said).unwrap());
        Run {
            process: Process(run.spawn().unwrap()),
            said,
            output,
        }
    }

    /// What the fleet measures by these words, of a run or of an experiment; `meanwhile` is done under load.
    pub(crate) fn measure(&self, words: &[String], meanwhile: impl FnOnce()) -> Measured {
        let bus = format!("nats://{}", self.machines.address("ctl"));
        let fleet = ["--agents", &self.agents.len().to_string(), "--bus", &bus].map(str::to_owned);
        let run = self.start("ctl", &[words, &fleet].concat());
        until("all have their shares", || {
            self.have_said("a share of it is taken")
        });
        meanwhile();
        run.end()
    }

    /// The same of one process on one of the machines.
    pub(crate) fn alone(&self, on: &str, words: &[String]) -> Measured {
        self.start(on, words).end()
    }
}
