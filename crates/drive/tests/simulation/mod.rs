//! Plans and scenarios for runs on simulated time, and what must hold of every result.
#![allow(dead_code, reason = "each test file takes what it needs")]

pub(crate) mod chance;
pub(crate) mod sums;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Connect, Encoding, Family, Pace, Payload, Plan, StopRule, Target, Upgrade, Verify,
};
use wsbench_load::result::{Phase, RunResult};

/// A plan as the command line would make it for `ws://simulated/`: default payload and time-outs.
pub(crate) fn plan(connections: u32, depth: u32, stop: StopRule) -> Plan {
    Plan {
        name: None,
        target: Target {
            host: "simulated".into(),
            port: 80,
            resource: "/".into(),
        },
        connections,
        arrival: Arrival::Closed { depth },
        stop,
        warmup: Nanos::ZERO,
        pace: Pace::Auto,
        payload: text(30),
        verify: Verify::Full,
        upgrade: Upgrade::default(),
        connect: Connect {
            rate_per_s: None,
            timeout: Nanos::from_secs(5),
            family: Family::Any,
        },
        timeout: Nanos::from_secs(10),
        threads: 1,
        cpus: Vec::new(),
        seed: 1,
        interval: Nanos::from_secs(1),
        raw_log: false,
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
pub(crate) fn failures(result: &RunResult, phase: Phase, kind: &str) -> u64 {
    result
        .failures
        .iter()
        .filter(|failure| failure.phase == phase && failure.kind == kind)
        .map(|failure| failure.count)
        .sum()
}
