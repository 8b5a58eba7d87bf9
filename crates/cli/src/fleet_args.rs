//! The flags by which a run is given to a fleet, and those of whoever takes part in one.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wsbench::quantity;

/// A load that agents on other machines make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Fleet")]
pub(crate) struct FleetArgs {
    /// Have the load made by agents on other machines, who meet on this NATS server with JetStream
    /// (nats://HOST, tls://HOST); see wsbench agent (a build with the feature fleet).
    #[arg(long, value_name = "URL", requires = "agents")]
    pub(crate) bus: Option<String>,
    /// Agents that take part: the first so many that are there, by name.
    #[arg(long, value_name = "N", requires = "bus", value_parser = quantity::positive_u32)]
    pub(crate) agents: Option<u32>,
    /// Fate of a run that loses an agent: it ends, and what was measured is told; or it goes
    /// on with the others, and is doubtful.
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        default_value_t,
        requires = "bus"
    )]
    pub(crate) on_agent_loss: OnAgentLoss,
    /// Identity towards the bus, and the fleet that is meant.
    #[command(flatten)]
    pub(crate) who: BusArgs,
}

/// Identity towards a bus, and the fleet of it that is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Fleet")]
pub(crate) struct BusArgs {
    /// Credentials for the bus: the file of a user, as nsc writes it.
    #[arg(long, value_name = "FILE", requires = "bus")]
    pub(crate) creds: Option<PathBuf>,
    /// Authorities that the certificate of the bus may come from, beside those of this system.
    #[arg(long, value_name = "FILE", requires = "bus")]
    pub(crate) bus_ca: Option<PathBuf>,
    /// Name of the fleet; others on the same bus are strangers.
    #[arg(long, value_name = "NAME", default_value = "default", requires = "bus")]
    pub(crate) fleet: String,
}

/// Fate of a run that loses an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnAgentLoss {
    /// It ends.
    #[default]
    Abort,
    /// It goes on.
    Keep,
}

/// A fleet that is to carry a run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FleetOrder {
    /// The bus.
    pub(crate) bus: String,
    /// Identity towards it.
    pub(crate) who: BusArgs,
    /// Agents that take part.
    pub(crate) agents: u32,
    /// Threads of each; `None` has one for each of its cores.
    pub(crate) threads: Option<u32>,
    /// True where a run goes on when an agent is lost.
    pub(crate) keeps_going: bool,
}

impl FleetArgs {
    /// The fleet that is asked for; `None` where this machine makes the load.
    pub(crate) fn order(&self, threads: quantity::Threads) -> Option<FleetOrder> {
        let (bus, agents) = self.bus.clone().zip(self.agents)?;
        Some(FleetOrder {
            bus,
            who: self.who.clone(),
            agents,
            threads: match threads {
                quantity::Threads::Exactly(threads) => Some(threads),
                quantity::Threads::Auto => None,
            },
            keeps_going: self.on_agent_loss == OnAgentLoss::Keep,
        })
    }
}
