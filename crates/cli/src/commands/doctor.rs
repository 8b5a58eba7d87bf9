//! `wsbench doctor`: what of this machine would spoil a run, with the exact fix.
//!
//! Facts and measurements are `drive`'s, rules and judgement `judge`'s; this is the command line,
//! and the two short runs against the embedded server that tell how late sends leave and what the
//! least round trip is here.

use std::net::SocketAddr;
use std::str::FromStr;

use clap::Args;
use wsbench_drive::host;
use wsbench_drive::resolve::resolve;
use wsbench_drive::run::{self, RunObserver, StopSignal};
use wsbench_judge::doctor::examine;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Family, PlanSpec, StopRule, WarmUp};
use wsbench_load::result::{Progress, RunResult};
use wsbench_load::route::{Sources, Target};
use wsbench_load::series::Series;
use wsbench_load::tally::LogRecord;
use wsbench_record::doctor::{Asked, Copied, Examination, Level, Measured, ServerSide};
use wsbench_render::doctor;
use wsbench_transport::address::Address;

use crate::advice;
use crate::exit::{Exit, say};
use crate::helpers::ThisProgram;
use crate::output;
use crate::output_args::{self, Format};
use wsbench::EmbeddedServer;
use wsbench::machine::{is_loopback, this_host};
use wsbench::quantity::{self, CpuList};
use wsbench::{EmbeddedCores, Serving};

use crate::spelling::Flags;
use crate::terminal;
use crate::usage::UsageError;

/// Sleeps whose lateness is looked at: enough for a p99 to be one of them.
const SLEEPS: usize = 100;
/// Sizes of the copies that are measured, bytes: below and above where libraries change their way.
const COPIES: [usize; 2] = [1 << 10, 16 << 10];
/// Length of the run that tells how late sends leave.
const PACED_FOR: Nanos = Nanos::from_secs(2);
/// Its rate, messages a second.
const PACED_AT: f64 = 1_000.0;
/// Length of the run that tells the least round trip.
const FLOOR_FOR: Nanos = Nanos::from_secs(1);

/// Look for what of this machine would spoil a run, each with the exact fix.
///
/// Descriptors, ports, queues, clock and its cost, governor and turbo, stolen time, memcpy, timers,
/// cores shared with the server. Exit code 1 when the run that is asked for would fail here, else
/// 0, warnings or not.
#[derive(Clone, Debug, Args)]
pub(crate) struct Doctor {
    /// The server that is to be measured; where it is on this machine, its side is looked at too.
    #[arg(value_name = "URL", value_parser = advice::target)]
    url: Option<Target>,
    /// Connections that are to be held open at the same time.
    #[arg(short, long, value_name = "N", default_value = "64",
          value_parser = quantity::positive_u32)]
    connections: u32,
    /// Addresses of this machine that connections are to come from, as in a run.
    #[arg(long, value_name = "ADDRESSES", value_parser = Sources::from_str)]
    source_ip: Option<Sources>,
    /// The server's process, where it cannot be found by its socket.
    #[arg(long, value_name = "PID", requires = "url")]
    server_pid: Option<u32>,
    /// Cores that the generator is to use, as in a run (example: 2-3,5).
    #[arg(long, value_name = "CORES", value_parser = quantity::cpu_list)]
    pin: Option<CpuList>,
    /// Look at settings alone, and measure nothing.
    #[arg(long)]
    quick: bool,
    /// Format printed.
    #[arg(long, value_name = "FORMAT", default_value = "text",
          value_parser = output_args::one_of(&[Format::Text, Format::Json]))]
    format: Format,
}

/// Examines the machine.
///
/// # Errors
/// [`UsageError`] for a process that is not there; a host that does not resolve, an embedded
/// server that does not start.
pub(crate) fn run(args: &Doctor) -> anyhow::Result<Exit> {
    let address = match &args.url {
        Some(url) => {
            let addresses = resolve(url, Family::Any)?.addresses;
            addresses.first().and_then(Address::tcp)
        }
        None => None,
    };
    let host = this_host();
    let server = address
        .map(|address| server_side(args, address))
        .transpose()?;
    let server = server.flatten();
    let measured = (!args.quick).then(measured).transpose()?;
    let asked = Asked {
        connections: args.connections,
        descriptors: host::descriptors_needed(args.connections, host.cpus.unwrap_or(1)),
        opened: args.connections.into(),
        // Without a URL a run would be against the embedded server.
        on_this_machine: args.url.is_none() || server.is_some(),
        over_unix_socket: false,
        source_addresses: args.source_ip.as_ref().map_or(0, Sources::count),
    };
    let examination = Examination {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..examine(host, asked, server, measured, &Flags)
    };
    output::print(&match args.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&examination)?),
        _ => doctor::render(&examination, terminal::style()),
    })?;
    Ok(match examination.level() {
        Level::Error => Exit::Failed,
        Level::Ok | Level::Info | Level::Warning => Exit::Ok,
    })
}

/// Facts that can be seen of the server; none when it is on another machine.
fn server_side(args: &Doctor, address: SocketAddr) -> Result<Option<ServerSide>, UsageError> {
    let listeners = host::listeners_at(address);
    let is_here = is_loopback(address.ip()) || !listeners.is_empty() || args.server_pid.is_some();
    if !is_here {
        return Ok(None);
    }
    let found = || {
        listeners
            .iter()
            .find_map(|it| host::owner_of_socket(it.inode))
    };
    let pid = args.server_pid.or_else(found);
    let facts = match pid.map(|pid| (pid, host::process(pid))) {
        Some((_, Some(facts))) => facts,
        Some((pid, None)) => return Err(UsageError::NoSuchProcess { pid }),
        None => host::ProcessFacts::default(),
    };
    Ok(Some(ServerSide {
        pid,
        name: (!facts.name.is_empty()).then_some(facts.name),
        listens: !listeners.is_empty(),
        // Several sockets share the connections between them; the shortest queue fills first.
        backlog: listeners.iter().map(|it| it.backlog).min(),
        descriptors: facts.descriptors,
        cpus: facts.cpus,
        generator_cpus: args.pin.clone().map_or_else(Vec::new, |pin| pin.0),
    }))
}

/// Measures clocks, copies, timers, pacing and the floor.
fn measured() -> anyhow::Result<Measured> {
    say("measuring clocks, copies, timers and the embedded server: about five seconds");
    let stolen = host::stolen_ticks();
    let clocks = host::clock_cost();
    let copied = |bytes| {
        let cost = host::copy_cost(bytes);
        Copied {
            bytes: bytes as u64,
            library_ns: cost.library_ns,
            loop_ns: cost.loop_ns,
        }
    };
    let late = host::sleep_lateness(SLEEPS);
    let late_at = |rank: usize| {
        let span = late.get(rank - 1)?;
        u64::try_from(span.as_nanos()).ok()
    };
    let (lag, floor) = against_the_embedded_server()?;
    let stolen_meanwhile = stolen.zip(host::stolen_ticks()).and_then(|(then, now)| {
        let all = now.1.checked_sub(then.1).filter(|ticks| *ticks > 0)?;
        Some(now.0.saturating_sub(then.0) as f64 / all as f64)
    });
    Ok(Measured {
        clock_ns: Some(clocks.own_ns),
        system_clock_ns: Some(clocks.system_ns),
        copies: COPIES.into_iter().map(copied).collect(),
        sleep_late_p50_ns: late_at(SLEEPS / 2),
        sleep_late_p99_ns: late_at(SLEEPS * 99 / 100),
        send_lag_p99_ns: lag.at(Series::SendLag).quantile(0.99).map(|lag| lag.0),
        floor_p50_ns: floor.at(Series::Service).quantile(0.50).map(|span| span.0),
        floor_per_s: (floor.measured > Nanos::ZERO)
            .then(|| floor.messages.received_in_window as f64 / floor.measured.as_secs_f64()),
        steal_share: stolen_meanwhile,
    })
}

/// A paced run, and one connection as fast as it goes.
fn against_the_embedded_server() -> anyhow::Result<(RunResult, RunResult)> {
    let cpus = host::cpus();
    // As a run without a URL shares the machine: the first half is the generator's.
    let (ours, theirs) = cpus.split_at(cpus.len() / 2);
    let server = EmbeddedServer::start(
        &Serving::on(EmbeddedCores {
            threads: 1,
            cpus: theirs.to_vec(),
        }),
        Some(&ThisProgram),
    )?;
    let rate = Schedule {
        process: Process::Poisson,
        stretches: vec![Stretch::level(Nanos::MAX, PACED_AT)],
    };
    let mut floor = PlanSpec::against(server.target().clone());
    floor.stop = StopRule::Duration(FLOOR_FOR);
    floor.warmup = WarmUp::of(Nanos::from_millis(200));
    floor.cpus = ours.to_vec();
    let floor = floor.check()?;
    let paced = floor.edited(|spec| {
        spec.stop = StopRule::Duration(PACED_FOR);
        spec.clients.arrival = Arrival::Open {
            schedule: rate,
            max_in_flight: 1_024,
        };
        spec.clients.connections = 8;
    })?;
    let resolved = resolve(server.target(), Family::Any)?;
    let stop = StopSignal::new();
    let carried_out = |plan| run::run(plan, &resolved, &stop, &mut Unwatched);
    Ok((carried_out(&paced)?, carried_out(&floor)?))
}

/// Nobody looks on.
struct Unwatched;

impl RunObserver for Unwatched {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, _: &[LogRecord]) {}
}
