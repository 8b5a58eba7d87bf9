//! What of this machine is certain to make a run fail, found before it, with the fix.
//!
//! Only errors are refused here; the rules are those of `wsbench doctor`, and what merely may go
//! wrong is the audit's.

use thiserror::Error;
use wsbench_judge::doctor;
use wsbench_load::plan::Plan;
use wsbench_record::doctor::{Asked, Check, Level, Subject};
use wsbench_record::document::Host;
use wsbench_setting::Spelling;

use crate::machine::asked;

/// The reason why a run cannot succeed on this machine as it is set up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} ({}); {}", .0.seen, .0.rule, .0.fix)]
pub struct PreflightError(Check);

/// Makes sure that this machine has what `plan` needs; what is said of settings is in `spelling`.
///
/// # Errors
/// [`PreflightError`] for a limit that the plan is certain to hit.
pub fn check(plan: &Plan, host: &Host, spelling: &dyn Spelling) -> Result<(), PreflightError> {
    // No rule that may end in an error depends on where the server is.
    refuse(host, &asked(plan, false), spelling)
}

/// What may well go wrong with local ports in a run by `plan` on this machine, in words of
/// `spelling`, with the way out: clients that come and go take a port each, and give it back late.
pub fn foretold(
    plan: &Plan,
    on_this_machine: bool,
    host: &Host,
    spelling: &dyn Spelling,
) -> Vec<String> {
    let checks = doctor::settings(host, &asked(plan, on_this_machine), spelling);
    let is_scarce =
        |check: &Check| check.level == Level::Warning && check.subject == Subject::TimeWait;
    let scarce = checks.into_iter().filter(is_scarce);
    scarce
        .map(|check| format!("{} ({}); {}", check.seen, check.rule, check.fix))
        .collect()
}

fn refuse(host: &Host, asked: &Asked, spelling: &dyn Spelling) -> Result<(), PreflightError> {
    let checks = doctor::settings(host, asked, spelling);
    let gravest = checks.into_iter().find(|check| check.level == Level::Error);
    gravest.map_or(Ok(()), |check| Err(PreflightError(check)))
}

#[cfg(test)]
mod tests {
    use wsbench_setting::Paths;

    use super::*;

    fn asked_for(connections: u32) -> Asked {
        Asked {
            connections,
            descriptors: u64::from(connections) + 36,
            opened: connections.into(),
            on_this_machine: true,
            ..Asked::default()
        }
    }

    #[test]
    fn ports_are_refused_only_when_they_are_certain_to_run_out() {
        let host = |first, last| Host {
            first_port: Some(first),
            last_port: Some(last),
            ..Host::default()
        };
        let asked = asked_for(1_000);
        assert_eq!(refuse(&Host::default(), &asked, &Paths), Ok(()));
        assert_eq!(refuse(&host(1_000, 1_999), &asked, &Paths), Ok(()));
        let refused = refuse(&host(1_001, 1_999), &asked, &Paths).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "1,000 connections to one address need as many local ports, and there are 999 \
             (1001–1999) (every connection to one address takes a local port); \
             sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\", several addresses to come from \
             (connect.route.sources), or fewer connections (clients.connections)"
        );
        let from_two = Asked {
            source_addresses: 2,
            ..asked
        };
        assert_eq!(refuse(&host(1_001, 1_999), &from_two, &Paths), Ok(()));
        let refused = refuse(&host(1_001, 1_499), &from_two, &Paths).unwrap_err();
        let words = "there are 998 (499 on each of 2 addresses, 1001–1499)";
        assert!(refused.to_string().contains(words), "{refused}");
    }

    #[test]
    fn a_unix_socket_takes_no_ports() {
        let host = Host {
            first_port: Some(1_001),
            last_port: Some(1_999),
            ..Host::default()
        };
        let asked = Asked {
            over_unix_socket: true,
            ..asked_for(100_000)
        };
        assert_eq!(refuse(&host, &asked, &Paths), Ok(()));
    }

    #[test]
    fn descriptors_are_refused_with_the_way_to_more() {
        let host = Host {
            descriptors: Some(100),
            ..Host::default()
        };
        assert_eq!(refuse(&host, &asked_for(64), &Paths), Ok(()));
        let refused = refuse(&host, &asked_for(65), &Paths).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "65 connections need 101 file descriptors, and this process may open 100 (every \
             connection takes one); ulimit -Hn 101 && ulimit -n 101 as root and wsbench from the \
             same shell, or fewer connections (clients.connections)"
        );
    }
}
