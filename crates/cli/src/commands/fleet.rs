//! `wsbench fleet --bus URL`: who is there, with which program, clock, ports and health.

use clap::Args;

use crate::exit::Exit;
use crate::fleet_args::BusArgs;

/// Shows who is there.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Exit codes: 0 somebody is there and all are of this build, 1 nobody is there, or not of this build, \
2 usage.")]
pub(crate) struct FleetLookArgs {
    /// The NATS server with JetStream where the fleet meets.
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) bus: String,
    /// Identity towards the bus, and the fleet that is meant.
    #[command(flatten)]
    pub(crate) who: BusArgs,
}

/// Greets all, probes their clocks and prints a line for each.
///
/// # Errors
/// The bus refuses us.
#[cfg(feature = "fleet")]
pub(crate) fn run(args: &FleetLookArgs) -> anyhow::Result<Exit> {
    looking::run(args)
}

/// Says that there are no fleets in this build.
///
/// # Errors
/// Always.
#[cfg(not(feature = "fleet"))]
pub(crate) fn run(_: &FleetLookArgs) -> anyhow::Result<Exit> {
    Err(crate::usage::UsageError::NoFleet.into())
}

#[cfg(feature = "fleet")]
mod looking {
    use wsbench_fleet::build::Build;
    use wsbench_fleet::nats::{self, BusClient};
    use wsbench_fleet::roster::{Present, roster};
    use wsbench_record::units::counted;

    use super::FleetLookArgs;
    use crate::exit::{Exit, say};
    use crate::fleet;
    use crate::output;

    pub(super) fn run(args: &FleetLookArgs) -> anyhow::Result<Exit> {
        let place = fleet::place(&args.bus, &args.who)?;
        let this = Build::this()?;
        let line = nats::open(&place, BusClient::Onlooker)?;
        let present = roster(line);
        if present.is_empty() {
            let (shown, name) = (place.shown(), &place.fleet);
            say(&format!("no agent of fleet {name} is there on {shown}"));
            return Ok(Exit::Failed);
        }
        let mut text = String::new();
        for agent in &present {
            text.push_str(&line_of(agent, &this));
        }
        let cores: u32 = present.iter().map(|agent| agent.word.facts.cores).sum();
        let agents = counted(present.len() as u64, "agent");
        text.push_str(&format!("{agents}, {}\n", counted(cores.into(), "core")));
        output::print(&text)?;
        let are_alike = present.iter().all(|agent| agent.word.facts.build == this);
        Ok(if are_alike { Exit::Ok } else { Exit::Failed })
    }

    /// A line of an agent, and one for each doubt in its machine.
    fn line_of(agent: &Present, this: &Build) -> String {
        let facts = &agent.word.facts;
        let state = match &agent.word.run {
            None => "free".to_owned(),
            Some(run) => format!("in run {}", run.run),
        };
        let clock = match &agent.clock {
            Some(clock) => format!("clock ±{}", fleet::bound(clock.bound_ns)),
            None => "clock unknown".to_owned(),
        };
        let ports = match (facts.host.first_port, facts.host.last_port) {
            (Some(first), Some(last)) => format!("ports {first}–{last}"),
            _ => "ports unknown".to_owned(),
        };
        let descriptors = facts.host.descriptors;
        let files = descriptors.map_or(String::new(), |most| format!(", {most} descriptors"));
        let build = match facts.build == *this {
            true => format!("build {}", facts.build.build),
            false => format!("ANOTHER BUILD: wsbench {}", facts.build),
        };
        let name = &agent.word.agent;
        let mut text = format!(
            "{name}: {state}, {} cores, {clock}, {ports}{files}, {build}\n",
            facts.cores
        );
        for doubt in &facts.doubts {
            text.push_str(&format!("  {doubt}\n"));
        }
        text
    }
}
