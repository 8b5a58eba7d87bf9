//! The experiments over the kernel: the binary as its user calls it, against its own server.
//!
//! They are bounded in time and count, on loopback. How near they come is also the machine's affair:
//! a busy one is late, and says so in its send lag. What is exact, counts, is exact here, too.

pub mod deliveries;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::series::Series;
use wsbench_record::document::{self, Distribution, Document};
use wsbench_stats::gaps::Gaps;

use crate::finding::{Experiment, Finding, Tolerance};
use crate::formula;

/// Machine on which an experiment over the kernel is run.
#[derive(Clone, Copy, Debug)]
pub struct KernelTestbed<'a> {
    /// The binary.
    pub program: &'a Path,
    /// Length of the measured window of each timed run, s.
    pub seconds: u32,
}

/// A server of the binary; dropping it ends it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
    said: String,
}

impl Server {
    /// Starts `wsbench serve` with these arguments on a free port of loopback.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "--port", "0", "--until-stdin-closes"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let mut line = String::new();
        let output = child.stdout.as_mut().context("its output is a pipe")?;
        BufReader::new(output).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ");
        let url = url.ok_or_else(|| anyhow!("the server said '{line}'"))?;
        Ok(Self {
            url: url.to_owned(),
            said: arguments.join(" "),
            child,
        })
    }

    /// Ends it, and waits until it has ended.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn end(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }

    /// Stops it or lets it go on.
    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).context("process numbers are small")?;
        Ok(kill(Pid::from_raw(pid), signal)?)
    }

    /// CPU time of its threads so far, s (proc(5), `schedstat`).
    fn cpu_s(&self) -> anyhow::Result<f64> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()))?;
        let mut sum = 0.0;
        for task in tasks {
            let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let ran = stat.split_whitespace().next().unwrap_or_default();
            sum += ran
                .parse::<f64>()
                .context("schedstat begins with a number")?
                / 1e9;
        }
        Ok(sum)
    }

    /// The most memory that it ever had resident, KiB (proc(5), `VmHWM`).
    fn most_memory_kib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        let number = number.context("status has a VmHWM")?;
        Ok(number.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl KernelTestbed<'_> {
    /// Starts a server.
    ///
    /// # Errors
    /// It does not come up.
    pub fn serve(&self, arguments: &str) -> anyhow::Result<Server> {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        Server::start(self.program, &arguments)
    }

    /// Measures it.
    ///
    /// # Errors
    /// There is no document.
    pub fn measure(&self, server: &Server, arguments: &str) -> anyhow::Result<Document> {
        let output = Command::new(self.program)
            .args(["--format", "json"])
            .args(arguments.split_whitespace())
            .arg(&server.url)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        document::read(&text).map_err(|error| anyhow!("{arguments}: {error}"))
    }

    /// Measures it for as long as a run is.
    fn timed(&self, server: &Server, arguments: &str) -> anyhow::Result<Document> {
        let seconds = self.seconds;
        self.measure(server, &format!("{arguments} -d {seconds}s --seed 1"))
    }

    /// Measures it with a Poisson open loop for as long as a run is.
    fn open(&self, server: &Server, rate: u32) -> anyhow::Result<Document> {
        self.timed(server, &format!("-R {rate} -c 100"))
    }
}

/// Every experiment, in the order of its number.
///
/// # Errors
/// A process does not come up or does not do what it is asked to.
pub fn all(machine: &KernelTestbed<'_>) -> anyhow::Result<Vec<Experiment>> {
    let (open, closed) = stall(machine)?;
    Ok(vec![
        open,
        closed,
        delay(machine)?,
        queue(machine)?,
        shaper(machine)?,
        arrivals(machine)?,
        faults(machine)?,
        burn(machine)?,
        touch(machine)?,
        openings(machine)?,
        overflow(machine)?,
        nagle(machine)?,
        deliveries::serial(machine)?,
        deliveries::delayed(machine)?,
        deliveries::lossy(machine)?,
        deliveries::pushed(machine)?,
        deliveries::storm(machine)?,
        deliveries::arrivals(machine)?,
        deliveries::slow_reader(machine)?,
        deliveries::cut_off(machine)?,
        deliveries::streams(machine)?,
    ])
}

/// V1: the stalling server, open and closed loop.
///
/// # Errors
/// As [`all`] has them.
pub fn stall(machine: &KernelTestbed<'_>) -> anyhow::Result<(Experiment, Experiment)> {
    let server = machine.serve("--stall 100ms/1s")?;
    let open = machine.open(&server, 1_000)?;
    let seconds = machine.seconds;
    let closed = machine.measure(&server, &format!("-c 10 -d {seconds}s --seed 1"))?;
    let quantile = |q: f64| {
        let expected = formula::stall_quantile(q, 100.0, 1_000.0, 0.0);
        let name = format!("response p{}, ms", 100.0 * q);
        Finding::new(
            name,
            expected,
            Tolerance::By(5.0),
            ms(open.at(Series::Response), q),
        )
    };
    let worst = ms(closed.at(Series::Service), 0.99);
    Ok((
        Experiment {
            id: "V1",
            title: format!("serve {}; -R 1000 -c 100", server.said),
            formula: "max(0, S − (1 − q)P)",
            findings: vec![quantile(0.95), quantile(0.99)],
        },
        Experiment {
            id: "V1",
            title: format!("serve {}; -c 10, closed loop", server.said),
            formula: "hidden: 1/((P − S)/r + 1) of all messages meet the stall",
            findings: vec![
                Finding::new("service p99, ms", 10.0, Tolerance::AtMost, worst),
                Finding::new(
                    "gaps of 90 ms or more",
                    5.0_f64.min(f64::from(seconds) - 1.0),
                    Tolerance::AtLeast,
                    closed
                        .gaps
                        .iter()
                        .filter(|gap| gap.length_s >= 0.09)
                        .count() as f64,
                ),
            ],
        },
    ))
}

/// V2: exponential delays, which overtake each other.
///
/// # Errors
/// As [`all`] has them.
pub fn delay(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--delay exp:5ms")?;
    let run = machine.open(&server, 1_000)?;
    let finding = |q: f64, tolerance| {
        let expected = formula::exponential_quantile(q, 5.0);
        let name = format!("service p{}, ms", 100.0 * q);
        let tolerance = Tolerance::Share(tolerance);
        Finding::new(name, expected, tolerance, ms(run.at(Series::Service), q))
    };
    Ok(Experiment {
        id: "V2",
        title: format!("serve {}; -R 1000 -c 100", server.said),
        formula: "−ln(1 − q)·5 ms",
        findings: vec![
            finding(0.5, 0.1),
            finding(0.9, 0.1),
            finding(0.99, 0.1),
            Finding::new(
                "not answered, or not rightly",
                0.0,
                Tolerance::Exact,
                (run.messages.sent - run.messages.answered) as f64,
            ),
        ],
    })
}

/// V3: one queue with constant service. What this machine takes for a round trip beside the service,
/// measured just before under the same load, is part of what is expected: the formula knows of no
/// wake-up. It is measured with answers that are held as long without a queue, for who has slept a
/// millisecond wakes up more slowly than who has slept for microseconds. At this load just half of the
/// messages do not wait, so the median is the slowest of those: it has all of their jitter in it.
///
/// # Errors
/// As [`all`] has them.
pub fn queue(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let held = {
        let server = machine.serve("--delay 1ms")?;
        machine.open(&server, 500)?
    };
    let wake_ups_ms = ms(held.at(Series::Response), 0.5) - 1.0;
    let server = machine.serve("--service 1ms")?;
    let run = machine.open(&server, 500)?;
    let finding = |q: f64| {
        let expected = formula::md1_quantile(q, 0.5) + wake_ups_ms;
        let name = format!("response p{}, ms", 100.0 * q);
        let tolerance = Tolerance::Share(0.15);
        Finding::new(name, expected, tolerance, ms(run.at(Series::Response), q))
    };
    Ok(Experiment {
        id: "V3",
        title: format!("serve {}; -R 500 -c 100 (M/D/1, ρ = 0.5)", server.said),
        formula: "Erlang, as above, and what the median of --delay 1ms is above 1 ms",
        findings: vec![finding(0.5), finding(0.9), finding(0.99)],
    })
}

/// V5: more than the server takes.
///
/// # Errors
/// As [`all`] has them.
pub fn shaper(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--token-bucket 5000/s,burst=100")?;
    let arguments = "-R 6000 -c 100 -d 5s --warmup 0 --arrival constant --seed 1";
    let run = machine.measure(&server, arguments)?;
    let delay = |t: f64| 1e3 * ((1_000.0 * t - 100.0) / 5_000.0);
    let received = run.messages_per_s.unwrap_or(f64::NAN);
    let finding =
        |name, expected, measured| Finding::new(name, expected, Tolerance::Share(0.05), measured);
    Ok(Experiment {
        id: "V5",
        title: format!("serve {}; {arguments}", server.said),
        formula: "delay(t) = ((λ − r)t − B)/r; received (rT + B)/T",
        findings: vec![
            finding("received, msg/s", 5_020.0, received),
            finding(
                "response p50, ms",
                delay(2.5),
                ms(run.at(Series::Response), 0.5),
            ),
            finding(
                "response p99, ms",
                delay(4.95),
                ms(run.at(Series::Response), 0.99),
            ),
        ],
    })
}

/// V8: the arrivals that the server wrote down.
///
/// # Errors
/// As [`all`] has them.
pub fn arrivals(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let file = std::env::temp_dir().join(format!("wsbench-arrivals-{}", std::process::id()));
    let said = file.to_string_lossy().into_owned();
    let server = machine.serve(&format!("--arrivals {said}"))?;
    let run = machine.open(&server, 1_000)?;
    server.end()?;
    let lines = std::fs::read_to_string(&file)?;
    let _ = std::fs::remove_file(&file);
    let times: Vec<f64> = lines.lines().filter_map(|line| line.parse().ok()).collect();
    let gaps = Gaps::between(&times).context("there are arrivals")?;
    let sent = run.messages.sent + run.messages.warmup;
    Ok(Experiment {
        id: "V8",
        title: "serve --arrivals FILE; -R 1000 -c 100".into(),
        formula: "as many as were sent; gaps exponential: variation 1",
        findings: vec![
            Finding::new(
                "messages at the server",
                sent as f64,
                Tolerance::By(2.0),
                times.len() as f64,
            ),
            Finding::new(
                "variation of the gaps",
                1.0,
                Tolerance::By(0.1),
                gaps.variation,
            ),
            Finding::new(
                "distance from exponential",
                0.05,
                Tolerance::AtMost,
                gaps.from_exponential,
            ),
        ],
    })
}

/// V11: faults, each in a run of its own, counted to the last one.
///
/// # Errors
/// As [`all`] has them.
pub fn faults(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    const MESSAGES: u64 = 20_020;
    type Count = fn(&Document) -> u64;
    let runs: [(&str, u64, Count); 4] = [
        ("drop", 1_000, |run| run.messages.timed_out),
        ("duplicate", 777, |run| run.messages.duplicated),
        ("swap", 500, |run| run.messages.reordered),
        ("wrong-bytes", 7_001, |run| run.messages.corrupted),
    ];
    let mut findings = Vec::new();
    for (fault, every, count) in runs {
        let server = machine.serve(&format!("--misbehave {fault}:every={every}"))?;
        let arguments = format!("-n {MESSAGES} -c 4 -p 8 --warmup 0 --timeout 2s");
        let run = machine.measure(&server, &arguments)?;
        let expected = (MESSAGES / every) as f64;
        let name = format!("{fault}:every={every}");
        findings.push(Finding::new(
            name,
            expected,
            Tolerance::Exact,
            count(&run) as f64,
        ));
    }
    Ok(Experiment {
        id: "V11",
        title: format!("serve --misbehave …; -n {MESSAGES} -c 4 -p 8"),
        formula: "⌊N/k⌋",
        findings,
    })
}

/// The load of V12.
const BURNT: &str = "-R 2000 -n 20000 -c 4 --warmup 0 --seed 1";

/// V12: CPU burnt for each message, as wsbench tells it of the server's process, and by the kernel's
/// own account. All servers get the same few messages a second: in a closed loop the one that burns
/// would answer a generator that has gone to sleep, and pay for waking it each time, which the other
/// does not.
///
/// # Errors
/// As [`all`] has them.
pub fn burn(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let each = |of_server: &str| cpu_of_a_message(machine, of_server);
    let mut findings = Vec::new();
    for threads in [1, 4] {
        // The plain server with times of its own, so that only the work differs.
        let (plain, plain_account) = each(&format!("--touch 1 -t {threads}"))?;
        let (burnt, burnt_account) = each(&format!("--burn 50us -t {threads}"))?;
        let of = match threads {
            1 => "1 thread".to_owned(),
            many => format!("{many} threads"),
        };
        let mut found = |name: String, measured| {
            findings.push(Finding::new(name, 50.0, Tolerance::By(3.0), measured));
        };
        found(format!("CPU a message, {of}, µs"), burnt - plain);
        found(
            format!("the same by schedstat, {of}, µs"),
            burnt_account - plain_account,
        );
    }
    Ok(Experiment {
        id: "V12",
        title: format!("serve --burn 50us; {BURNT} --server-pid; against the same without"),
        formula: "50 µs more a message",
        findings,
    })
}

/// CPU time that a message costs a server with these arguments, µs: as the run tells it, and by the kernel's
/// account of the process.
///
/// # Errors
/// As [`all`] has them.
pub fn cpu_of_a_message(
    machine: &KernelTestbed<'_>,
    of_server: &str,
) -> anyhow::Result<(f64, f64)> {
    let server = machine.serve(of_server)?;
    let before = server.cpu_s()?;
    let process = server.child.id();
    let run = machine.measure(&server, &format!("{BURNT} --server-pid {process}"))?;
    let account = 1e6 * (server.cpu_s()? - before) / run.messages.answered as f64;
    let told = run.server.and_then(|server| server.cpu_us_per_message);
    Ok((told.context("the server was watched")?, account))
}

/// V13: memory written for each connection, as a slope.
///
/// # Errors
/// As [`all`] has them.
pub fn touch(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let slope = |arguments: &str| -> anyhow::Result<f64> {
        let most = |connections: u32| -> anyhow::Result<f64> {
            let server = machine.serve(arguments)?;
            machine.measure(
                &server,
                &format!("-c {connections} -d 1s --warmup 0 -R 100"),
            )?;
            server.most_memory_kib()
        };
        Ok((most(900)? - most(100)?) / 800.0)
    };
    let touched = slope("--touch 64k")?;
    let plain = slope("--touch 1")?;
    Ok(Experiment {
        id: "V13",
        title: "serve --touch 64k; -c 100 and -c 900; against the same without".into(),
        formula: "64 KiB more a connection",
        findings: vec![Finding::new(
            "memory a connection, KiB",
            64.0,
            Tolerance::Share(0.05),
            touched - plain,
        )],
    })
}

/// V14: connections accepted one each 3 ms.
///
/// # Errors
/// As [`all`] has them.
pub fn openings(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--accept-delay 3ms")?;
    let run = machine.measure(&server, "--clients 600 -r 1 -c 30")?;
    Ok(Experiment {
        id: "V14",
        title: format!("serve {}; --clients 600 -r 1 -c 30", server.said),
        formula: "1/3 ms",
        findings: vec![Finding::new(
            "new clients a second",
            1e3 / 3.0,
            Tolerance::Share(0.05),
            run.connections.clients_completed as f64 / run.total_s,
        )],
    })
}

/// V14, the other half: more connections at once than the listener's queue takes, while nobody
/// accepts. The kernel drops what finds no place, and the client's tries again a second later.
///
/// # Errors
/// As [`all`] has them.
pub fn overflow(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    const BURST: u32 = 60;
    const QUEUE: u32 = 16;
    let server = machine.serve(&format!("--backlog {QUEUE}"))?;
    let arguments = format!("--clients {BURST} -r 1 -c {BURST} --connect-timeout 30s");
    server.signal(Signal::SIGSTOP)?;
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Longer than it takes to begin all connections, shorter than the first second try.
            std::thread::sleep(Duration::from_millis(500));
            let _ = server.signal(Signal::SIGCONT);
        });
        machine.measure(&server, &arguments)
    })?;
    let opened = run.at(Series::Tcp).histogram();
    let opened = opened.context("connections were opened")?;
    let at_once = opened.count_at_or_below(Nanos::from_millis(900));
    let overflows = run
        .pressure
        .as_ref()
        .and_then(|pressure| pressure.tcp_trouble.get("ListenOverflows"));
    let floor = f64::from(BURST - 2 * QUEUE);
    Ok(Experiment {
        id: "V14",
        title: format!(
            "serve {}, stopped for the first 500 ms; {arguments}",
            server.said
        ),
        formula: "the kernel takes one more than the queue; the others try again after 1 s, 3 s, 7 s",
        findings: vec![
            Finding::new(
                "clients that made their round trip",
                f64::from(BURST),
                Tolerance::Exact,
                run.connections.clients_completed as f64,
            ),
            Finding::new(
                "connections that took 0.9 s or more to open",
                floor,
                Tolerance::AtLeast,
                (opened.count() - at_once) as f64,
            ),
            Finding::new(
                "ListenOverflows, as the audit tells",
                floor,
                Tolerance::AtLeast,
                overflows.map_or(0.0, |count| *count as f64),
            ),
        ],
    })
}

/// V16: header and payload in two writes without TCP_NODELAY.
///
/// # Errors
/// As [`all`] has them.
pub fn nagle(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--two-writes")?;
    let run = machine.measure(&server, "-c 1 -d 3s --warmup 1s")?;
    Ok(Experiment {
        id: "V16",
        title: format!("serve {}; -c 1", server.said),
        formula: "a delayed acknowledgement, 40 ms, each message",
        findings: vec![Finding::new(
            "service p50, ms",
            42.0,
            Tolerance::By(4.0),
            ms(run.at(Series::Service), 0.5),
        )],
    })
}

/// A quantile in milliseconds; not a number where there is none.
fn ms(spans: &Distribution, q: f64) -> f64 {
    let quantile = spans
        .histogram()
        .as_ref()
        .and_then(|all: &Histogram| all.quantile(q));
    quantile.map_or(f64::NAN, |span| span.0 as f64 / 1e6)
}
