//! A synthetic search.
#![allow(
    dead_code,
    reason = "every test binary uses its own part of the collection"
)]

use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::search::{
    Cause, Edge, Ending, Limit, Over, Purpose, Reading, SCHEMA, Search, Trial, TrialVerdict,
};

/// What has to hold.
pub(crate) fn objective() -> Objective {
    Objective::Time {
        series: None,
        percentile: 99.0,
        at_most_ns: 2_000_000,
    }
}

/// A search that is certain of both ends.
pub(crate) fn certain(provenance: Provenance, ended: Ending) -> Search {
    let trials = [
        (8_000.0, 0.4),
        (16_000.0, 0.6),
        (32_000.0, 1.1),
        (64_000.0, 9.0),
        (45_000.0, 1.9),
        (54_000.0, 2.6),
    ];
    let trials = trials.iter().enumerate().map(|(at, (load, ms))| Trial {
        number: at as u32 + 1,
        purpose: Purpose::Bracket,
        load: *load,
        length_s: 5.0,
        seed: 7,
        asked_per_s: Some(*load),
        achieved_per_s: Some(*load),
        error_share: Some(0.0),
        readings: vec![Reading {
            figure: Some(ms * 1e6),
            low: Some(ms * 0.95e6),
            high: Some(ms * 1.07e6),
        }],
        verdict: match *ms > 2.0 {
            true => TrialVerdict::Fails,
            false => TrialVerdict::Holds,
        },
        marginal: false,
        cause: (*ms > 2.0).then_some(Cause::ResponseTime),
        doubt: None,
    });
    let edge = |load| Some(Edge { load, trials: 1 });
    Search {
        schema: SCHEMA.to_owned(),
        provenance,
        over: Over::Rate,
        objectives: vec![objective()],
        resolution: 1.05,
        most_trials: 40,
        limit_s: 300.0,
        took_s: 61.0,
        capacity_per_s: Some(80_000.0),
        holds: edge(45_000.0),
        fails: edge(54_000.0),
        limited_by: Limit::Server,
        ended,
        longer_s: None,
        recovery: None,
        trials: trials.collect(),
    }
}
