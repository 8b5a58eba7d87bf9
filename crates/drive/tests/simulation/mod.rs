//! Plans and scenarios for runs on simulated time, and what must hold of every result.
#![allow(dead_code, reason = "each test file takes what it needs")]

pub(crate) mod chance;
pub(crate) mod prints;
pub(crate) mod sums;

use wsbench_load::failure::FailureKind;
use wsbench_load::plan::{Arrival, Encoding, Payload, Plan, StopRule, Target};
use wsbench_load::result::{Phase, RunResult};

/// A plan as the command line would make it for `ws://simulated/`: default payload and time-outs.
pub(crate) fn plan(connections: u32, depth: u32, stop: StopRule) -> Plan {
    Plan {
        connections,
        arrival: Arrival::Closed { depth },
        stop,
        ..Plan::against(Target {
            host: "simulated".into(),
            port: 80,
            resource: "/".into(),
            secure: false,
        })
    }
}

/// Text of this many bytes.
pub(crate) fn text(len: u32) -> Payload {
    Payload::Generated {
        encoding: Encoding::Text,
        min: len,
        max: len,
        ascii: false,
    }
}

/// How often a kind of failure was counted in a phase.
pub(crate) fn failures(result: &RunResult, phase: Phase, kind: FailureKind) -> u64 {
    result
        .failures
        .iter()
        .filter(|failure| failure.phase == phase && failure.kind == kind)
        .map(|failure| failure.count)
        .sum()
}
