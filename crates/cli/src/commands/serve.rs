//! `wsbench serve`: the embedded echo server, in the foreground.
//!
//! The server itself is the crate `echo`; this is its command line, its first line of output and
//! its end.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use wsbench::bounded::{self, LARGEST_WRITTEN};
use wsbench_drive::host;
use wsbench_echo::{Certificate, Config, Server};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Compression;
use wsbench_record::units::{counted, span};
use wsbench_stats::gaps::Gaps;

use crate::compress;
use crate::exit::{Exit, say};
use crate::output::{self, OutputFile};
use crate::plan::check_cpus;
use crate::route;
use crate::usage::UsageError;
use wsbench::machine::room_for_messages;
use wsbench::quantity::{self, CpuList};

mod calibration;
use calibration::Calibrating;

/// The embedded echo server, with delays and faults that can be set.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Port to listen on; 0 takes a free one. The first line printed says which.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Listen on this Unix domain socket in place of address and port. A file that is left there from
    /// a server that is gone gives way.
    #[arg(long, value_name = "PATH", value_parser = route::unix_socket,
          conflicts_with_all = ["port", "host"])]
    pub(crate) unix_socket: Option<Arc<Path>>,
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
    /// Most memory for messages that are not complete, over all connections; whoever sends more is
    /// closed with code 1013 [default: half of what is available].
    #[arg(long, value_name = "SIZE", value_parser = quantity::memory_size)]
    pub(crate) max_unfinished: Option<u64>,
    /// Drop whoever has not asked for the upgrade within this time.
    #[arg(long, value_name = "TIME", default_value = "10s",
          value_parser = quantity::positive_span)]
    pub(crate) handshake_timeout: Nanos,
    /// Grant compression (permessage-deflate) where a client offers it.
    ///
    /// Words between commas narrow what is granted: no-takeover, client-no-takeover,
    /// server-no-takeover; a window of 8 to 15 bits for both, or client-bits=N, server-bits=N;
    /// level=N, 0 to 9, of the answers (example: --compress=no-takeover,server-bits=10).
    #[arg(long, value_name = "WORDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_parser = compress::parse)]
    pub(crate) compress: Option<Compression>,
    /// Speak TLS, with a self-signed certificate for localhost and the address.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Speak TLS with the certificate in F (PEM); needs --key.
    #[arg(long, value_name = "F", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The private key of --cert (PEM).
    #[arg(long, value_name = "F", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Write the certificate of --tls to F, so that a client can trust it (--cacert F).
    #[arg(long, value_name = "F", requires = "tls")]
    pub(crate) write_cert: Option<PathBuf>,
    /// Deviations from a plain echo.
    #[command(flatten)]
    calibrating: Calibrating,
    /// End when standard input closes, so that the server never outlives who started it.
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
}

/// Serves until a signal comes, or standard input closes where that was asked for.
///
/// # Errors
/// When the address cannot be listened on, or standard output cannot be written.
pub(crate) fn run(serve: &Serve) -> anyhow::Result<Exit> {
    // More descriptors are only needed by many connections; without them it serves fewer.
    let _ = host::raise_descriptor_limit();
    let arrivals = serve.calibrating.arrivals.as_deref();
    let arrivals = arrivals.map(|path| OutputFile::check("--arrivals", path));
    let arrivals = arrivals.transpose()?;
    let mut config = config(serve, &host::cpus())?;
    config.certificate = certificate(serve)?;
    let server = Server::bind(&config).map_err(|error| match error.is_of_configuration() {
        true => UsageError::NoServer(error).into(),
        false => anyhow::Error::from(error),
    })?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(&stop).context("signals cannot be watched")?;
    if serve.until_stdin_closes {
        stop_on_end_of_input(&stop);
    }
    let scheme = match config.certificate {
        Some(_) => "wss",
        None => "ws",
    };
    output::print(&match &config.unix_socket {
        None => format!("listening on {scheme}://{}/\n", server.local_addr()),
        Some(path) => format!(
            "listening for {scheme}://localhost/ on unix:{}\n",
            path.display()
        ),
    })?;
    let served = server.serve(&stop);
    let stats = served.stats;
    for (number, words) in [
        (
            stats.timed_out,
            "had not asked for an upgrade in time (--handshake-timeout)",
        ),
        (
            stats.turned_away,
            "had messages without an end (--max-unfinished)",
        ),
    ] {
        if number > 0 && !serve.until_stdin_closes {
            say(&format!("{} {words}", counted(number, "connection")));
        }
    }
    if let Some(file) = arrivals {
        file.write_naming(&listed(&served.arrivals))?;
        say(&shape(&served.arrivals));
    }
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

/// The arrivals as they are written to a file: nanoseconds since the run began, one a line.
fn listed(arrivals: &[Duration]) -> String {
    let mut lines = String::new();
    for arrival in arrivals {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}", arrival.as_nanos());
    }
    lines
}

/// Distribution of the gaps between arrivals, in a line.
fn shape(arrivals: &[Duration]) -> String {
    let times: Vec<f64> = arrivals.iter().map(Duration::as_secs_f64).collect();
    let Some(gaps) = Gaps::between(&times) else {
        return "arrivals: too few to tell how they are distributed".to_owned();
    };
    format!(
        "arrivals: {} gaps of {} on average, variation {:.3} (1 if Poisson, 0 if even), at most {:.4} \
         from exponential, A² {:.2}: {}",
        gaps.count,
        span(gaps.mean * 1e9),
        gaps.variation,
        gaps.from_exponential,
        gaps.anderson_darling,
        if gaps.may_be_poisson() {
            "may be Poisson"
        } else {
            "not Poisson"
        }
    )
}

/// Certificate that the server shows; none of a plain one.
fn certificate(serve: &Serve) -> anyhow::Result<Option<Certificate>> {
    if let (Some(chain), Some(key)) = (&serve.cert, &serve.key) {
        let read = |flag, path: &PathBuf| {
            bounded::text_of(path, LARGEST_WRITTEN).map_err(|source| UsageError::FileUnreadable {
                flag,
                path: path.clone(),
                source,
            })
        };
        return Ok(Some(Certificate {
            chain: read("--cert", chain)?,
            key: read("--key", key)?,
        }));
    }
    if !serve.tls {
        return Ok(None);
    }
    let certificate = Certificate::self_signed(&["localhost", &serve.host.to_string()])?;
    if let Some(path) = &serve.write_cert {
        OutputFile::check("--write-cert", path)?.write_naming(&certificate.chain)?;
    }
    Ok(Some(certificate))
}

/// The server's configuration on a machine whose cores are `allowed`.
fn config(serve: &Serve, allowed: &[usize]) -> Result<Config, UsageError> {
    let cpus = serve.pin.clone().map_or_else(Vec::new, |pin| pin.0);
    check_cpus("--pin", &cpus, allowed)?;
    let plain = Config::new(SocketAddr::new(serve.host, serve.port));
    Ok(Config {
        unix_socket: serve.unix_socket.as_deref().map(Path::to_owned),
        threads: serve.threads as usize,
        cpus,
        backlog: serve.calibrating.backlog.unwrap_or(plain.backlog),
        max_message: u64::from(serve.max_message),
        max_unfinished: serve.max_unfinished.unwrap_or_else(room_for_messages),
        handshake_timeout: serve.handshake_timeout.into(),
        compression: serve.compress.map(|asked| wsbench_echo::Compression {
            wish: asked.wish,
            level: asked.level,
        }),
        calibration: serve.calibrating.calibration(),
        ..plain
    })
}

/// Raises `stop` at the first SIGINT, SIGTERM or SIGHUP; the second ends the process at once.
fn stop_on_signal(stop: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
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
    use clap::Parser;
    use wsbench_echo::{Calibration, Misbehaviour, Stall, TimeDistribution, TokenBucket};

    use super::*;
    use crate::command_line::{Cli, Command};

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
        assert_eq!(config.handshake_timeout, Duration::from_secs(10));
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
            "--service",
            "exp:1ms",
            "--token-bucket",
            "5k/s,burst=10,drop",
            "--burn",
            "50us",
            "--touch",
            "64k",
            "--accept-delay",
            "3ms",
            "--backlog",
            "16",
            "--two-writes",
            "--arrivals",
            "times",
            "--seed",
            "9",
            "--misbehave",
            "drop:every=10",
            "--misbehave",
            "masked",
        ];
        let config = config(&serve(&words), &[0, 1]).unwrap();
        assert_eq!(config.address, "[::1]:4000".parse().unwrap());
        assert_eq!((config.threads, config.cpus), (2, vec![0, 1]));
        assert_eq!((config.max_message, config.backlog), (1_024, 16));
        let expected = Calibration {
            delay: TimeDistribution::Constant(Duration::from_millis(20)),
            service: TimeDistribution::Exponential(Duration::from_millis(1)),
            bucket: Some(TokenBucket {
                interval: Duration::from_micros(200),
                burst: 10,
                drops: true,
            }),
            burn: Duration::from_micros(50),
            touch: 64 << 10,
            accept_delay: Duration::from_millis(3),
            two_writes: true,
            arrivals: true,
            broadcast: None,
            streams: None,
            seed: 9,
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
}
