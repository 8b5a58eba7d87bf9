//! What the benchmarks of this crate share: processes of their own for the server and for whoever
//! holds connections, and a run that nobody looks on at.
//!
//! A benchmark starts itself anew, with a role in the environment, for what has to be a process.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;

use wsbench_drive::host;
use wsbench_drive::resolve::Resolved;
use wsbench_drive::run::{RunObserver, StopSignal, run};
use wsbench_echo::{Config, Server};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_load::result::{Progress, RunResult};
use wsbench_load::route::Target;
use wsbench_load::tally::LogRecord;

/// What a child process is to do, and where the server is.
const ROLE: &str = "WSBENCH_BENCH_ROLE";
const ADDRESS: &str = "WSBENCH_BENCH_ADDRESS";

/// What this process is to do, where it is a child: a word and what belongs to it.
pub(crate) fn role() -> Option<(String, String)> {
    let role = env::var(ROLE).ok()?;
    let (word, rest) = role.split_once(' ').unwrap_or((&role, ""));
    Some((word.to_owned(), rest.to_owned()))
}

/// Whether figures are asked for: `cargo test --all-targets` runs benchmarks, too, and asks for none.
pub(crate) fn is_asked_for() -> bool {
    env::args().any(|argument| argument == "--bench")
}

/// The embedded echo server in a process of its own; ended when dropped.
pub(crate) struct EchoProcess {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl EchoProcess {
    /// Starts a child in a role that ends in [`serve`].
    pub(crate) fn start(role: &str) -> Self {
        let mut child = command(role).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            address: line.trim().parse().unwrap(),
        }
    }

    /// Runs a child that [`tell`]s of itself to its end: CPU µs and resident octets.
    pub(crate) fn told(&self, role: &str) -> (f64, f64) {
        let output = command(role)
            .env(ADDRESS, self.address.to_string())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let (cpu, rss) = text.trim().split_once(' ').unwrap();
        (cpu.parse().unwrap(), rss.parse().unwrap())
    }
}

impl Drop for EchoProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(ROLE, role);
    command
}

/// Where an echo server is to listen.
pub(crate) fn anywhere() -> Config {
    Config::new("127.0.0.1:0".parse().unwrap())
}

/// What the child of [`EchoProcess::start`] does, on core 1, until it is killed.
pub(crate) fn serve(config: &Config) {
    host::pin_thread(1);
    host::raise_descriptor_limit();
    let server = Server::bind(config).unwrap();
    println!("{}", server.local_addr());
    let _ = server.run(&AtomicBool::new(false));
}

/// Where the server is, for the children of [`EchoProcess::told`].
pub(crate) fn server_address() -> SocketAddr {
    env::var(ADDRESS).unwrap().parse().unwrap()
}

/// CPU µs and resident octets of this process, for the parent to read.
pub(crate) fn tell() {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let us = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64;
    println!(
        "{} {}",
        us(usage.user_time()) + us(usage.system_time()),
        host::max_rss_bytes()
    );
}

/// Opens the plan's connections with the instrument and tells once all are upgraded, before any
/// load; ends the process.
pub(crate) fn hold(plan: PlanSpec) {
    struct Opened(u64);
    impl RunObserver for Opened {
        fn progress(&mut self, progress: &Progress) {
            if progress.so_far.connections.upgraded == self.0 {
                tell();
                std::process::exit(0);
            }
        }
        fn log(&mut self, _: &[LogRecord]) {}
    }
    let count = u64::from(plan.clients.connections);
    let plan = plan.with(|spec| {
        spec.stop = StopRule::Messages(1);
        spec.warmup.least = Nanos::ZERO;
    });
    let found = resolved(server_address());
    let plan = plan.check().unwrap();
    let _ = run(&plan, &found, &StopSignal::new(), &mut Opened(count));
    panic!("not all of {count} connections were upgraded");
}

/// Carries a plan out to its end. Nothing may go wrong meanwhile.
pub(crate) fn measure(plan: &PlanSpec, address: SocketAddr) -> RunResult {
    struct Silent;
    impl RunObserver for Silent {
        fn progress(&mut self, _: &Progress) {}
        fn log(&mut self, _: &[LogRecord]) {}
    }
    let found = resolved(address);
    let plan = plan.clone().check().unwrap();
    let result = run(&plan, &found, &StopSignal::new(), &mut Silent).unwrap();
    assert!(result.messages.is_conserved(), "{:?}", result.messages);
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    result
}

/// The target at an address, with TLS or without.
pub(crate) fn target(address: SocketAddr, secure: bool) -> Target {
    Target {
        host: address.ip().to_string(),
        port: address.port(),
        resource: "/".into(),
        secure,
    }
}

fn resolved(address: SocketAddr) -> Resolved {
    Resolved {
        addresses: vec![address.into()],
        took: None,
        behind_proxy: None,
    }
}
