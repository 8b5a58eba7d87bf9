//! `wsbench serve`: the embedded echo server, in the foreground.
//!
//! The server itself is the crate `echo`; this is its command line, its first line of output and
//! its end.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context;
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use wsbench_drive::host;
use wsbench_echo::{Calibration, Config, Misbehaviour, Server, Stall};
use wsbench_load::nanos::Nanos;
use wsbench_report::units::counted;

use crate::exit::{Exit, say};
use crate::output;
use crate::plan::check_cpus;
use crate::quantity::{self, CpuList, QuantityError};
use crate::usage::UsageError;

/// The embedded echo server, with delays and faults that can be set.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Port to listen on; 0 takes a free one. The first line printed says which.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Threads that answer.
    #[arg(short, long, value_name = "N", default_value = "1",
          value_parser = quantity::positive_u32)]
    pub(crate) threads: u32,
    /// Cores to pin the threads to, in turn (example: 2-3,5).
    #[arg(long, value_name = "CORES", value_parser = quantity::cpu_list)]
    pub(crate) pin: Option<CpuList>,
    /// Largest message taken; a larger one is refused with close code 1009.
    #[arg(long, value_name = "SIZE", default_value = "64m", value_parser = quantity::message_size)]
    pub(crate) max_message: u32,
    /// Hold each answer for so long (example: 20ms).
    #[arg(long, value_name = "TIME", value_parser = quantity::span, help_heading = "Calibration")]
    pub(crate) delay: Option<Nanos>,
    /// Stop altogether for LENGTH every EVERY (example: 100ms/1s).
    #[arg(long, value_name = "LENGTH/EVERY", value_parser = stall, help_heading = "Calibration")]
    pub(crate) stall: Option<Stall>,
    /// Misbehave in this way; repeat for several (example: wrong-bytes:every=1000).
    ///
    /// drop, duplicate, swap, wrong-bytes, silent-connections and unasked take :every=N;
    /// fragments:pieces=N; status:N; close-after:messages=N,code=N; reset-after:messages=N;
    /// ping-every:n=N; wrong-opcode, empty-pong, split, merge, wrong-accept, masked,
    /// unasked-extension, no-close-reply, garbage, silent-accept and accept-then-close take none.
    #[arg(long, value_name = "MODE", help_heading = "Calibration")]
    pub(crate) misbehave: Vec<Misbehaviour>,
    /// End when standard input closes, so that the server never outlives who started it.
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
}

/// Why a text says of no stall how long and how often.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StallError {
    /// There is no slash. Give both times.
    #[error("'{0}' does not say how often; write it like 100ms/1s")]
    NoSlash(String),
    /// One of the times is none.
    #[error(transparent)]
    Time(#[from] QuantityError),
    /// The server would never run in between.
    #[error("'{0}' stalls for as long as it lasts until the next; write it like 100ms/1s")]
    NeverRuns(String),
}

/// Reads `LENGTH/EVERY`.
fn stall(text: &str) -> Result<Stall, StallError> {
    let (length, every) = text
        .split_once('/')
        .ok_or_else(|| StallError::NoSlash(text.to_owned()))?;
    let length = quantity::positive_span(length)?;
    let every = quantity::positive_span(every)?;
    if length >= every {
        return Err(StallError::NeverRuns(text.to_owned()));
    }
    Ok(Stall {
        every: every.into(),
        length: length.into(),
    })
}

/// Serves until a signal comes, or standard input closes where that was asked for.
///
/// # Errors
/// When the address cannot be listened on, or standard output cannot be written.
pub(crate) fn run(serve: &Serve) -> anyhow::Result<Exit> {
    // More descriptors are only needed by many connections; without them it serves fewer.
    let _ = host::raise_descriptor_limit();
    let server = Server::bind(&config(serve, &host::cpus())?)?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(&stop).context("signals cannot be watched")?;
    if serve.until_stdin_closes {
        stop_on_end_of_input(&stop);
    }
    output::print(&format!("listening on ws://{}/\n", server.local_addr()))?;
    let stats = server.run(&stop);
    if !serve.until_stdin_closes {
        say(&format!(
            "served {} over {}, {} at most at a time",
            counted(stats.messages, "message"),
            counted(stats.connections, "connection"),
            stats.peak_connections
        ));
    }
    Ok(Exit::Ok)
}

/// The server's configuration on a machine whose cores are `allowed`.
fn config(serve: &Serve, allowed: &[usize]) -> Result<Config, UsageError> {
    let cpus = serve.pin.clone().map_or_else(Vec::new, |pin| pin.0);
    check_cpus(&cpus, allowed)?;
    Ok(Config {
        address: SocketAddr::new(serve.host, serve.port),
        threads: serve.threads as usize,
        cpus,
        max_message: u64::from(serve.max_message),
        calibration: Calibration {
            delay: serve.delay.unwrap_or(Nanos::ZERO).into(),
            stall: serve.stall,
            misbehave: serve.misbehave.clone(),
        },
    })
}

/// Raises `stop` at the first SIGINT or SIGTERM; the second ends the process at once.
fn stop_on_signal(stop: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        // In this order: the shutdown looks at the flag before the first signal has raised it.
        let code = Exit::Interrupted as i32;
        flag::register_conditional_shutdown(signal, code, Arc::clone(stop))?;
        flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Raises `stop` when standard input ends, which the kernel sees to when its other end dies.
fn stop_on_end_of_input(stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut ignored = [0; 64];
        let mut stdin = io::stdin().lock();
        while matches!(stdin.read(&mut ignored), Ok(1..)) {}
        stop.store(true, Ordering::Relaxed);
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn serve(words: &[&str]) -> Serve {
        let words = ["wsbench", "serve"].iter().chain(words).copied();
        match Cli::try_parse_from(words).unwrap().command {
            Some(Command::Serve(serve)) => serve,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_flags_it_echoes_on_a_free_port() {
        let config = config(&serve(&[]), &[0]).unwrap();
        assert_eq!(config.address, "127.0.0.1:0".parse().unwrap());
        assert_eq!((config.threads, config.cpus), (1, vec![]));
        assert_eq!(config.max_message, 64 << 20);
        assert!(config.calibration.is_none());
    }

    #[test]
    fn delays_and_faults_reach_the_server() {
        let words = [
            "--port",
            "4000",
            "--host",
            "::1",
            "-t",
            "2",
            "--pin",
            "0-1",
            "--max-message",
            "1k",
            "--delay",
            "20ms",
            "--stall",
            "100ms/1s",
            "--misbehave",
            "drop:every=10",
            "--misbehave",
            "masked",
        ];
        let config = config(&serve(&words), &[0, 1]).unwrap();
        assert_eq!(config.address, "[::1]:4000".parse().unwrap());
        assert_eq!((config.threads, config.cpus), (2, vec![0, 1]));
        assert_eq!(config.max_message, 1_024);
        let expected = Calibration {
            delay: Duration::from_millis(20),
            stall: Some(Stall {
                every: Duration::from_secs(1),
                length: Duration::from_millis(100),
            }),
            misbehave: vec![Misbehaviour::Drop { every: 10 }, Misbehaviour::Masked],
        };
        assert_eq!(config.calibration, expected);
    }

    #[test]
    fn cores_that_are_not_there_are_refused() {
        let refused = config(&serve(&["--pin", "5"]), &[0, 1]).unwrap_err();
        assert!(matches!(refused, UsageError::NoSuchCpu { cpu: 5, .. }));
    }

    #[test]
    fn a_stall_leaves_time_to_run() {
        assert!(matches!(stall("100ms"), Err(StallError::NoSlash(_))));
        assert!(matches!(stall("1s/1s"), Err(StallError::NeverRuns(_))));
        assert!(matches!(stall("0/1s"), Err(StallError::Time(_))));
    }
}
