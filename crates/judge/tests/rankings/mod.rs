//! Synthetic rankings with a known truth: servers that are so fast and no faster, under noise of a
//! run of its own and noise that all runs of a round share.

#![allow(
    dead_code,
    reason = "every test binary uses its own part of the collection"
)]

use std::collections::BTreeMap;

use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::{RankingInput, failed_record};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_record::audit::{Audit, Caveat, Kind, Severity, Verdict};
use wsbench_record::document::{Distribution, Host};
use wsbench_record::ranking::{
    Cores, Deflate, Failed, Nodelay, RunRecord, ServerFacts, Stage, SuiteFacts, Tradeoff, Workload,
    WorkloadKind,
};

/// The noise of a synthetic ranking, as standard deviations of logarithms.
pub(crate) struct Noise {
    /// Of a run by itself.
    pub(crate) run: f64,
    /// Of a round, shared by all its runs.
    pub(crate) round: f64,
}

/// A workload at its simplest.
pub(crate) fn workload(name: &str, kind: WorkloadKind, rounds: u32) -> Workload {
    Workload {
        name: name.to_owned(),
        kind,
        connections: 64,
        depth: 1,
        size_bytes: 30,
        rate_per_s: (kind == WorkloadKind::Open).then_some(5_000.0),
        duration_s: 1.0,
        warmup_s: 0.5,
        rounds,
        command: "wsbench -c 64 -d 1s URL".to_owned(),
        scenario: None,
    }
}

/// A server at its simplest.
pub(crate) fn server(name: &str) -> ServerFacts {
    ServerFacts {
        name: name.to_owned(),
        library: format!("lib{name}"),
        language: "C".to_owned(),
        version: Some("1.0".to_owned()),
        cores: Cores::One,
        nodelay: Nodelay::On,
        deflate: Deflate::Declines,
        is_control: false,
        start: "exec ./echo".to_owned(),
        install: None,
        environment: BTreeMap::new(),
        notes: Vec::new(),
    }
}

/// A run with these figures.
pub(crate) fn run(
    server: &str,
    of: &Workload,
    (round, number): (u32, u32),
    figures: &[(Figure, f64)],
) -> RunRecord {
    let mut record = failed_record(server, of, round, number, "");
    record.failed = None;
    for (metric, value) in figures {
        record.missing.remove(&metric.key());
        record.figures.insert(metric.key(), *value);
    }
    record
}

/// What is gathered of a suite with these workloads and servers, and no run yet.
pub(crate) fn gathered(workloads: Vec<Workload>, servers: Vec<ServerFacts>) -> RankingInput {
    let rounds = workloads.iter().map(|one| one.rounds).max().unwrap_or(0);
    RankingInput {
        tool_version: "0.1.0".to_owned(),
        command: "wsbench rank suite.toml".to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        ended_at: "2026-01-01T01:00:00Z".to_owned(),
        seed: 7,
        suite: SuiteFacts {
            name: "synthetic".to_owned(),
            server_cores: Some("0".to_owned()),
            server_core_count: Some(1),
            generator_cores: Some("1".to_owned()),
            rounds,
            workloads,
            ..SuiteFacts::default()
        },
        host: Host::default(),
        cut_short: None,
        servers,
        gates: BTreeMap::new(),
        ready_s: BTreeMap::new(),
        failures: Vec::new(),
        runs: Vec::new(),
        doubts: Vec::new(),
    }
}

/// Servers that answer so many messages a second, over rounds.
pub(crate) fn closed(
    truths: &[(&str, f64)],
    rounds: u32,
    noise: &Noise,
    seed: u64,
) -> RankingInput {
    let closed = workload("closed", WorkloadKind::Closed, rounds);
    let servers = truths.iter().map(|(name, _)| server(name)).collect();
    let mut gathered = gathered(vec![closed.clone()], servers);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut number = 0;
    for round in 1..=rounds {
        let shared = noise.round * normal(&mut random);
        for (name, per_s) in truths {
            number += 1;
            let own = noise.run * normal(&mut random);
            let value = per_s * (shared + own).exp();
            let figures = [(Figure::MESSAGES_PER_S, value)];
            let record = run(name, &closed, (round, number), &figures);
            gathered.runs.push(record);
        }
    }
    gathered
}

/// A standard normal number, by Box and Muller.
fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

/// An audit with one doubt.
pub(crate) fn doubt(kind: Kind) -> Audit {
    Audit {
        verdict: Verdict::Doubtful,
        limit: None,
        caveats: vec![Caveat {
            kind,
            severity: Severity::Doubtful,
            message: "as it is".to_owned(),
            advice: String::new(),
        }],
    }
}

/// A trade-off between two leagues.
pub(crate) fn tradeoff(x: &str, y: &str) -> Tradeoff {
    Tradeoff {
        x: x.to_owned(),
        y: y.to_owned(),
    }
}

/// What a busy machine does: 3 % between runs of one server, 10 % shared by all runs of a round.
pub(crate) const NOISE: Noise = Noise {
    run: 0.03,
    round: 0.10,
};

/// Three servers under a closed loop and held idle.
/// One server that is quick, one that is small, one that is neither.
pub(crate) fn two_workloads() -> RankingInput {
    let (closed, idle) = (
        workload("closed", WorkloadKind::Closed, 2),
        workload("idle", WorkloadKind::Idle, 2),
    );
    let servers = ["quick", "small", "neither"].map(server).to_vec();
    let mut gathered = gathered(vec![closed.clone(), idle.clone()], servers);
    let truths = [
        ("quick", 100.0, 9_000.0),
        ("small", 60.0, 1_000.0),
        ("neither", 50.0, 9_500.0),
    ];
    for round in 1..=2 {
        for (name, per_s, bytes) in truths {
            let messages = [(Figure::MESSAGES_PER_S, per_s)];
            let memory = [(Figure::BYTES_PER_CONNECTION, bytes)];
            gathered
                .runs
                .push(run(name, &closed, (round, 1), &messages));
            gathered.runs.push(run(name, &idle, (round, 2), &memory));
        }
    }
    gathered
}

/// Three servers, of which the generator held one up.
pub(crate) fn held_up() -> RankingInput {
    let noise = Noise {
        run: 0.01,
        round: 0.0,
    };
    let truths = [("bound", 80.0), ("free", 100.0), ("slow", 50.0)];
    let mut measured = closed(&truths, 10, &noise, 5);
    for run in measured.runs.iter_mut().filter(|run| run.server == "bound") {
        run.audit = doubt(Kind::GeneratorCpu);
    }
    measured
}

/// Servers whose response times are exponential with these means, µs, each round too short to know a 99th
/// percentile of its own.
pub(crate) fn few_samples(means_us: &[(&str, f64)], rounds: u32, seed: u64) -> RankingInput {
    let open = workload("open", WorkloadKind::Open, rounds);
    let servers = means_us.iter().map(|(name, _)| server(name)).collect();
    let mut measured = gathered(vec![open.clone()], servers);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 1..=rounds {
        for (name, mean_us) in means_us {
            let mut record = run(name, &open, (round, round), &[]);
            let mut spans = Histogram::new();
            for _ in 0..400 {
                let span = -(1.0 - random.f64()).ln() * mean_us * 1e3;
                spans.record(Nanos(span as u64));
            }
            let packed = Distribution::of(&spans)
                .hdr_v2_base64
                .expect("there are samples");
            record.samples.insert("response".to_owned(), packed);
            record.effective.insert(Figure::RESPONSE_P99.key(), 400.0);
            let missing = &mut record.missing;
            missing.insert(Figure::RESPONSE_P99.key(), "too few samples".to_owned());
            measured.runs.push(record);
        }
    }
    measured
}

/// Two servers at one rate, in whose runs the generator sent late.
pub(crate) fn late_sends() -> RankingInput {
    let open = workload("open", WorkloadKind::Open, 10);
    let mut measured = gathered(vec![open.clone()], vec![server("slow"), server("fast")]);
    for round in 1..=10 {
        for (name, us) in [("slow", 300.0), ("fast", 100.0)] {
            // A little noise, for no two runs are alike.
            let us = us * (1.0 + 0.001 * f64::from(round));
            let figures = [
                (Figure::RESPONSE_P50, us * 1e3),
                (Figure::RESPONSE_P99, us * 5e3),
            ];
            let mut record = run(name, &open, (round, round), &figures);
            record.audit = doubt(Kind::Pace);
            measured.runs.push(record);
        }
    }
    measured
}

/// Three servers, of which one dies in most rounds and one cannot be installed.
pub(crate) fn without_figures() -> RankingInput {
    let mut measured = closed(
        &[("fine", 100.0), ("dies", 100.0), ("never", 1.0)],
        10,
        &NOISE,
        2,
    );
    measured.runs.retain(|run| run.server != "never");
    measured.failures.push((
        "never".to_owned(),
        Failed {
            stage: Stage::Install,
            round: None,
            workload: None,
            words: "no such package: libnever-dev\nand more".to_owned(),
        },
    ));
    let of_dies = measured.runs.iter_mut().filter(|run| run.server == "dies");
    for run in of_dies.skip(4) {
        let workload = workload("closed", WorkloadKind::Closed, 10);
        *run = failed_record("dies", &workload, run.round, run.number, "the server died");
    }
    measured
}
