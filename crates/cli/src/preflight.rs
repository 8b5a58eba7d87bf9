//! What of this machine would spoil a run, found before it, with the fix.
//!
//! Only limits that are certain to be hit are refused; what merely may go wrong is the audit's.

use std::fs;

use thiserror::Error;
use wsbench_drive::host;
use wsbench_load::plan::Plan;

/// Descriptors that a run needs beside its connections: standard streams, files, and a poll, a
/// timer and a waker a thread.
const OWN_DESCRIPTORS: u64 = 16;
const DESCRIPTORS_PER_THREAD: u64 = 4;

/// Why a run cannot succeed on this machine as it is set up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PreflightError {
    /// Each connection takes a descriptor, and the limit is below.
    #[error(
        "{connections} connections need {needed} file descriptors and the limit is {limit}: \
         raise it (ulimit -n {needed}; the hard limit as root), or use fewer --connections"
    )]
    Descriptors {
        /// What was asked for.
        connections: u32,
        /// Descriptors that takes.
        needed: u64,
        /// Those that there are.
        limit: u64,
    },
    /// Each connection to one address takes a local port, and the range is smaller.
    #[error(
        "{connections} connections to one address need as many local ports and there are {ports}: \
         widen the range (sysctl net.ipv4.ip_local_port_range=\"1024 65535\"), \
         or use fewer --connections"
    )]
    Ports {
        /// What was asked for.
        connections: u32,
        /// Ports in the range.
        ports: u64,
    },
}

/// Raises what may be raised, and makes sure that `plan` fits.
///
/// # Errors
/// [`PreflightError`] for a limit that the plan is certain to hit.
pub(crate) fn check(plan: &Plan) -> Result<(), PreflightError> {
    let limit = host::raise_descriptor_limit();
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let ports = range.ok().as_deref().and_then(ports_in);
    // The range serves IPv6 as well, whatever its name says (kernel documentation, ip-sysctl).
    fits(plan, limit, ports)
}

fn fits(plan: &Plan, limit: Option<u64>, ports: Option<u64>) -> Result<(), PreflightError> {
    let connections = plan.connections;
    let own = OWN_DESCRIPTORS + DESCRIPTORS_PER_THREAD * u64::from(plan.threads);
    let needed = u64::from(connections) + own;
    if let Some(limit) = limit.filter(|limit| *limit < needed) {
        return Err(PreflightError::Descriptors {
            connections,
            needed,
            limit,
        });
    }
    match ports.filter(|ports| *ports < u64::from(connections)) {
        Some(ports) => Err(PreflightError::Ports { connections, ports }),
        None => Ok(()),
    }
}

/// Ports in a range as the kernel writes it: first and last, both included.
fn ports_in(range: &str) -> Option<u64> {
    let mut ends = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    last.checked_sub(first).map(|span| span + 1)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;
    use crate::plan::{Surroundings, order};
    use crate::target::target;

    fn plan(connections: &str) -> Plan {
        let words = ["wsbench", "-c", connections, "localhost:1", "-t", "2"];
        let surroundings = Surroundings {
            cpus: vec![0],
            random_seed: 1,
        };
        let order = order(&Cli::try_parse_from(words).unwrap().measure, &surroundings).unwrap();
        order.plan_against(target("localhost:1").unwrap())
    }

    #[test]
    fn limits_are_refused_only_when_they_are_certain_to_be_hit() {
        let plan = plan("1000");
        assert_eq!(fits(&plan, None, None), Ok(()));
        assert_eq!(fits(&plan, Some(1_024), Some(1_000)), Ok(()));
        let refused = fits(&plan, Some(1_023), None).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "1000 connections need 1024 file descriptors and the limit is 1023: raise it \
             (ulimit -n 1024; the hard limit as root), or use fewer --connections"
        );
        let ports = PreflightError::Ports {
            connections: 1_000,
            ports: 999,
        };
        assert_eq!(fits(&plan, None, Some(999)), Err(ports));
    }

    #[test]
    fn the_kernel_writes_both_ends() {
        assert_eq!(ports_in("32768\t60999\n"), Some(28_232));
        assert_eq!(ports_in("5\n"), None);
        assert_eq!(ports_in("9 5"), None);
    }
}
