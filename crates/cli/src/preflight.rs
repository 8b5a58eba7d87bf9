//! What of this machine would spoil a run, found before it, with the fix.
//!
//! Only limits that are certain to be hit are refused; what merely may go wrong is the audit's.
//! Descriptors are not here: the driver, which opens them, raises their limit and says so.

use std::fs;

use thiserror::Error;
use wsbench_load::plan::Plan;

/// Why a run cannot succeed on this machine as it is set up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PreflightError {
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

/// Makes sure that this machine has what `plan` needs.
///
/// # Errors
/// [`PreflightError`] for a limit that the plan is certain to hit.
pub(crate) fn check(plan: &Plan) -> Result<(), PreflightError> {
    // The range serves IPv6 as well, whatever its name says (kernel documentation, ip-sysctl).
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    fits(plan.connections, range.ok().as_deref().and_then(ports_in))
}

fn fits(connections: u32, ports: Option<u64>) -> Result<(), PreflightError> {
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
    use super::*;

    #[test]
    fn a_range_is_refused_only_when_it_is_certain_to_run_out() {
        assert_eq!(fits(1_000, None), Ok(()));
        assert_eq!(fits(1_000, Some(1_000)), Ok(()));
        let refused = fits(1_000, Some(999)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "1000 connections to one address need as many local ports and there are 999: widen \
             the range (sysctl net.ipv4.ip_local_port_range=\"1024 65535\"), or use fewer \
             --connections"
        );
    }

    #[test]
    fn the_kernel_writes_both_ends() {
        assert_eq!(ports_in("32768\t60999\n"), Some(28_232));
        assert_eq!(ports_in("5\n"), None);
        assert_eq!(ports_in("9 5"), None);
    }
}
