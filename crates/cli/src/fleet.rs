//! Runs that a fleet carries out, and its bus: from flags to what the crate `fleet` takes.

use wsbench_fleet::build::Build;
use wsbench_fleet::carrier::{FleetCarrier, FleetObserver};
use wsbench_fleet::nats::{self, BusClient, BusPlace};
use wsbench_load::nanos::Nanos;

use crate::exit::say;
use crate::fleet_args::{BusArgs, FleetOrder};
use crate::usage::UsageError;

/// The place of a fleet.
///
/// # Errors
/// A name that is none.
pub(crate) fn place(bus: &str, who: &BusArgs) -> Result<BusPlace, UsageError> {
    let fleet = nats::name(&who.fleet).map_err(|error| no_name("--fleet", &error))?;
    Ok(BusPlace {
        url: bus.to_owned(),
        creds: who.creds.clone(),
        cacert: who.bus_ca.clone(),
        fleet,
    })
}

/// A name of a flag that is none.
pub(crate) fn no_name(flag: &'static str, error: &nats::NoName) -> UsageError {
    UsageError::NoName {
        flag,
        words: error.to_string(),
    }
}

/// Whoever carries runs out as `order` says, of which the results say that this command has made them.
///
/// # Errors
/// A name that is none, a program whose file cannot be read.
pub(crate) fn carrier(order: &FleetOrder, command: &str) -> anyhow::Result<FleetCarrier> {
    let place = place(&order.bus, &order.who)?;
    Ok(FleetCarrier {
        connect: Box::new(move |run| {
            let line = nats::open(&place, BusClient::Coordinator(run.to_owned()));
            line.map_err(|error| error.to_string())
        }),
        agents: order.agents as usize,
        threads: order.threads,
        keeps_going: order.keeps_going,
        command: command.to_owned(),
        build: Build::this()?,
        watch: Box::new(Telling),
    })
}

/// Says to the user what becomes of the fleet.
struct Telling;

impl FleetObserver for Telling {
    fn tell(&mut self, words: &str) {
        say(words);
    }
}

/// The words for how well a clock is known.
pub(crate) fn bound(bound_ns: u64) -> String {
    wsbench_record::units::seconds(Nanos(bound_ns).as_secs_f64())
}
