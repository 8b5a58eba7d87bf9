//! The fleet that a run is shared out to, and what goes with one machine alone.

use wsbench_load::plan::PlanSpec;
#[cfg(feature = "fleet")]
use wsbench_load::plan::StopRule;

use crate::args::Measure;
use crate::fleet_args::FleetOrder;
use crate::usage::UsageError;

/// The fleet that is asked for, if one is.
///
/// # Errors
/// Flags that are of one machine alone.
pub(super) fn order(
    measure: &Measure,
    spec: &mut PlanSpec,
) -> Result<Option<FleetOrder>, UsageError> {
    let machine = &measure.machine;
    let Some(order) = machine.fleet.order(machine.threads) else {
        return Ok(None);
    };
    let is_fanned_out = spec.clients.is_fanned_out();
    // Each agent has threads of its own.
    (spec.threads, spec.cpus) = (1, Vec::new());
    #[cfg(not(feature = "fleet"))]
    {
        let _ = (order, is_fanned_out);
        Err(UsageError::NoFleet)
    }
    #[cfg(feature = "fleet")]
    {
        let server = &measure.server;
        let is_counted = is_fanned_out && matches!(spec.stop, StopRule::Messages(_));
        let others = [
            (
                measure.url.is_none(),
                "the embedded server",
                "give the URL of a server that agents reach",
            ),
            (machine.pin.is_some(), "--pin", "give it to each agent"),
            (
                server.server_pid.is_some(),
                "--server-pid",
                "watch the server where it runs",
            ),
            (
                server.exec.is_some(),
                "--exec",
                "start the server where it is to run",
            ),
            (
                server.server_cpus.is_some(),
                "--server-cpus",
                "start the server where it is to run",
            ),
            (measure.output.gate, "--gate", "use wsbench check"),
            (
                measure.log.log.is_some(),
                "--log",
                "measure with one machine",
            ),
            (
                is_fanned_out && spec.clients.sessions().is_some(),
                "--arrive with messages to many",
                "measure with one machine",
            ),
            (
                is_fanned_out && spec.clients.exchange.numbered.is_some(),
                "--match with messages to many",
                "let the tag in the messages tell which each is",
            ),
            (
                spec.clients.voices().next().is_some(),
                "several clients that publish",
                "let one table of clients publish",
            ),
            (
                is_counted,
                "-n with messages to many",
                "give -d: no agent knows of the last message of another",
            ),
        ];
        match others.into_iter().find(|(is_given, ..)| *is_given) {
            Some((_, flag, advice)) => Err(UsageError::FleetAnd { flag, advice }),
            None => Ok(Some(order)),
        }
    }
}
