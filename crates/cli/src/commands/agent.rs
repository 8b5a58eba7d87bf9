//! `wsbench agent --bus URL`: takes shares of runs that others ask for.

use clap::Args;
use wsbench_load::nanos::Nanos;

use crate::exit::Exit;
use crate::fleet_args::BusArgs;
use wsbench::quantity::{self, CpuList};

/// Takes shares of runs, one after the other, until it is ended.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  wsbench agent --bus nats://ctl --name a1
  TOKEN=… wsbench agent --bus tls://ctl --creds agent.creds
                              the runs say -H 'Authorization: Bearer {env:TOKEN}'

Exit codes: 0 it was ended by a signal or was idle for as long as --idle-exit says, 1 the bus refuses \
us, or another agent has the name, 2 usage.")]
pub(crate) struct AgentArgs {
    /// The NATS server with JetStream where the fleet meets (nats://HOST, tls://HOST). It is awaited
    /// where it is not there yet.
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) bus: String,
    /// Name within the fleet, of letters, digits, - and _ [default: agent-N by JOB_COMPLETION_INDEX, else
    /// the host's].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Cores to pin the threads to, in turn; the threads are then as many (example: 2-7).
    #[arg(long, value_name = "CORES", value_parser = quantity::cpu_list)]
    pub(crate) pin: Option<CpuList>,
    /// End when no run was asked for in this time [default: never].
    #[arg(long, value_name = "TIME", value_parser = quantity::length)]
    pub(crate) idle_exit: Option<Nanos>,
    /// Identity towards the bus, and the fleet that is meant.
    #[command(flatten)]
    pub(crate) who: BusArgs,
}

/// Serves until it is ended.
///
/// # Errors
/// The bus refuses us, another agent has the name.
#[cfg(feature = "fleet")]
pub(crate) fn run(args: &AgentArgs) -> anyhow::Result<Exit> {
    serving::run(args)
}

/// Says that there are no fleets in this build.
///
/// # Errors
/// Always.
#[cfg(not(feature = "fleet"))]
pub(crate) fn run(_: &AgentArgs) -> anyhow::Result<Exit> {
    Err(crate::usage::UsageError::NoFleet.into())
}

#[cfg(feature = "fleet")]
mod serving {
    use std::time::{Duration, Instant};

    use anyhow::Context;
    use wsbench::StopSignal;
    use wsbench::machine::this_host;
    use wsbench_drive::host;
    use wsbench_fleet::build::Build;
    use wsbench_fleet::carrier::drawn;
    use wsbench_fleet::nats::{self, BusClient, BusError, BusPlace};
    use wsbench_fleet::protocol::Facts;
    use wsbench_fleet::service::{AgentService, Left, Line};
    use wsbench_judge::doctor;
    use wsbench_record::doctor::{Asked, Level};

    use super::AgentArgs;
    use crate::exit::{Exit, say};
    use crate::fleet;
    use crate::measuring::watch_signals;
    use crate::plan::check_cpus;
    use crate::spelling::Flags;

    /// Between two attempts to find a bus that is not there yet.
    const AGAIN: Duration = Duration::from_secs(1);

    pub(super) fn run(args: &AgentArgs) -> anyhow::Result<Exit> {
        let place = fleet::place(&args.bus, &args.who)?;
        let name = args.name.clone().unwrap_or_else(name_of_this_machine);
        let name = nats::name(&name).map_err(|error| fleet::no_name("--name", &error))?;
        let allowed = host::cpus();
        let pin = args
            .pin
            .as_ref()
            .map(|pin| pin.0.clone())
            .unwrap_or_default();
        check_cpus("--pin", &pin, &allowed)?;
        let interrupts = watch_signals()?;
        let build = Build::this().context("the program's own file cannot be read")?;
        let here = this_host();
        let checks = doctor::settings(&here, &Asked::default(), &Flags);
        let doubts = checks
            .into_iter()
            .filter(|check| check.level >= Level::Warning);
        let service = AgentService {
            facts: Facts {
                cores: if pin.is_empty() {
                    allowed.len()
                } else {
                    pin.len()
                } as u32,
                doubts: doubts.map(|check| check.seen).collect(),
                host: here,
                build: build.clone(),
            },
            life: drawn(),
            cpus: pin,
            // What is no UTF-8 can stand in no plan.
            environment: std::env::vars_os()
                .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
                .collect(),
            spelling: &Flags,
            idle_exit: args.idle_exit.map(Duration::from),
            name: name.clone(),
        };
        let Some(line) = awaited(&place, &name, interrupts.stop_signal())? else {
            return Ok(Exit::Ok);
        };
        say(&format!(
            "agent {name} of fleet {} on {}: wsbench {build}, {} cores",
            place.fleet,
            place.shown(),
            service.facts.cores,
        ));
        match service.serve(line, interrupts.stop_signal(), &mut |words| say(words)) {
            Left::Asked | Left::Idle => Ok(Exit::Ok),
            Left::NameTaken => Err(anyhow::anyhow!(
                "another agent of fleet {} is called {name}; give each a --name of its own",
                place.fleet
            )),
        }
    }

    /// A way to the bus, which may come up after its agents; `None` where it was ended meanwhile.
    fn awaited(place: &BusPlace, name: &str, stop: &StopSignal) -> anyhow::Result<Option<Line>> {
        let mut has_said = false;
        while !stop.is_requested() {
            match nats::open(place, BusClient::Agent(name.to_owned())) {
                Ok(line) => return Ok(Some(line)),
                Err(error @ (BusError::Unreachable(..) | BusError::NoStreams(_))) => {
                    if !has_said {
                        say(&format!("{error}; it is awaited"));
                    }
                    has_said = true;
                }
                Err(error) => return Err(error.into()),
            }
            let until = Instant::now() + AGAIN;
            while Instant::now() < until && !stop.is_requested() {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(None)
    }

    /// A name that nobody has to give: the index within a Kubernetes job, else the host's name.
    fn name_of_this_machine() -> String {
        if let Ok(index) = std::env::var("JOB_COMPLETION_INDEX") {
            return format!("agent-{index}");
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() {
            "agent"
        } else {
            host.trim()
        };
        let fit = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        };
        host.chars().map(fit).take(48).collect()
    }
}
