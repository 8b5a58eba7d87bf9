//! Pages of every kind, of synthetic documents, with words in them that would do harm if they
//! became markup.
#![allow(
    dead_code,
    reason = "every test binary uses its own part of the collection"
)]

use wsbench_judge::comparison::{Terms, compare};
use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::{RankingInput, rank};
use wsbench_judge::repetition::repeated;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::Stamps;
use wsbench_load::series::Series;
use wsbench_record::comparison::{Comparison, Side};
use wsbench_record::document::{Distribution, Document};
use wsbench_record::gate::{Counts, Stamp};
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::ranking::{
    Cores, Failed, Nodelay, Ranking, Rung, Stage, Weight, Workload, WorkloadKind,
};
use wsbench_record::repetition::Repetition;
use wsbench_record::search::{Ending, Search};
use wsbench_record::sweep::{Knee, Point, Run, Sweep};
use wsbench_render::html;

use crate::{rankings, runs, searches};

/// Words that would do harm as markup.
pub(crate) const HOSTILE: &str = "</script><img src=x onerror='document.title=\"owned\"'>\"&";

/// Messages of a synthetic run.
const SAMPLES: u64 = 64_000;

/// Every kind of page by name.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let (one, other) = (course("ours", 1.0, 7), course("theirs", 1.3, 8));
    vec![
        ("run", html::run(&one, &runs::Flags)),
        ("runs", html::runs(&[&one, &other], &runs::Flags)),
        ("comparison", html::comparison(&comparison(), &runs::Flags)),
        ("repetition", html::repetition(&repetition(), &runs::Flags)),
        ("search", html::search(&search(), &runs::Flags)),
        ("sweep", html::sweep(&sweep(), &runs::Flags)),
        ("ranking", html::ranking(&ranking(), &runs::Flags)),
    ]
}

/// A run whose figures change over time, with an error that quotes a hostile server.
pub(crate) fn course(name: &str, factor: f64, seed: u64) -> Document {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut result, mut plan) = runs::answered(SAMPLES);
    plan.seed = seed;
    let mut response = Histogram::new();
    for _ in 0..SAMPLES {
        // A queue's times: most are short, few are long.
        let us = factor * (150.0 - 220.0 * (1.0 - random.f64()).ln());
        response.record(Nanos((us * 1e3) as u64));
    }
    result.stamps = Stamps::Kernel;
    result.tally.times[Series::Outside] =
        runs::spread(SAMPLES, Nanos::from_micros(98), Nanos::from_micros(298));
    result.tally.times[Series::ReceiveWait] =
        runs::spread(SAMPLES, Nanos::from_micros(10), Nanos::from_micros(90));
    result.offered_in_flight_ns = response.sum_ns();
    result.service_in_window_ns = response.sum_ns();
    result.tally.times[Series::Service] = response.clone();
    result.tally.times[Series::Response] = response;
    let mut document = runs::document(&(result, plan));
    document.record.plan.name = Some(format!("{name} {HOSTILE}"));
    document.record.intervals = (1..=30)
        .map(|second| {
            let mut interval = document.intervals[0];
            let wave = 1.0 + 0.1 * random.f64() + if second == 12 { 3.0 } else { 0.0 };
            interval.at_s = f64::from(second);
            interval.length_s = 1.0;
            interval.messages = (64_000.0 / wave / factor) as u64;
            interval.in_flight = Some(60 + random.u64(0..9));
            let service = interval.times.get_mut(Series::Service);
            let service = service.expect("in intervals");
            service.p50 = Some((300_000.0 * wave * factor) as u64);
            service.p99 = Some((1_100_000.0 * wave * factor) as u64);
            service.max = Some((4_000_000.0 * wave * factor) as u64);
            interval
        })
        .collect();
    document.record.messages_per_s = Some(64_000.0 / factor * (0.99 + 0.02 * random.f64()));
    document.record.errors = vec![wsbench_record::document::Failure {
        phase: "frames".to_owned(),
        kind: "reserved_bits".to_owned(),
        code: None,
        count: 3,
        example: HOSTILE.to_owned(),
    }];
    document
}

pub(crate) fn comparison() -> Comparison {
    let side = |label: &str, factor: f64, from: u64| Side {
        label: label.to_owned(),
        runs: (from..from + 5)
            .map(|seed| course("run", factor, seed))
            .collect(),
    };
    let terms = Terms {
        command: "wsbench compare a.json b.json --force".to_owned(),
        tool_version: "0.1.0".to_owned(),
        seed: Some(5),
        asked_rounds: Some(5),
        is_forced: true,
    };
    let (a, b) = (side(HOSTILE, 1.0, 1), side("ws://192.0.2.8/", 1.12, 11));
    compare(a, b, &terms, &runs::Flags).unwrap()
}

pub(crate) fn repetition() -> Repetition {
    let runs = (1..=5).map(|seed| course("run", 1.0, seed)).collect();
    repeated(runs, 5).unwrap()
}

fn provenance() -> Provenance {
    Provenance::of(&course("first", 1.0, 1), 42)
}

pub(crate) fn sweep() -> Sweep {
    let points = (1..=10).map(|step: u32| {
        let asked = 8_000.0 * f64::from(step);
        let load = (f64::from(step) / 9.5).min(0.985);
        let mut spans = Histogram::new();
        let mut random = fastrand::Rng::with_seed(u64::from(step));
        for _ in 0..20_000 {
            let us = 60.0 - 40.0 / (1.0 - load) * (1.0 - random.f64()).ln();
            spans.record(Nanos((us * 1e3) as u64));
        }
        let spans = Distribution::of(&spans);
        let overloaded = step > 9;
        let received_per_s = asked.min(74_000.0);
        let run = Run {
            number: step,
            seed: 1,
            received_per_s,
            p50_ns: spans.p50,
            p99_ns: spans.p99,
            p99_9_ns: spans.p99_9,
            overloaded,
            generator_limited: false,
        };
        Point {
            asked_per_s: asked,
            received_per_s,
            response_ns: spans,
            delivery_last_ns: None,
            objectives: Vec::new(),
            error_share: 0.0,
            overloaded,
            runs: vec![run],
        }
    });
    Sweep {
        schema: wsbench_record::sweep::SCHEMA.to_owned(),
        provenance: provenance(),
        objectives: vec![objective()],
        rounds: 1,
        limit_s: 600.0,
        took_s: 70.0,
        capacity_per_s: Some(78_000.0),
        points: points.collect(),
        knee: Knee {
            p99_doubles_per_s: Some(40_000.0),
            greatest_power_per_s: Some(48_000.0),
            objectives_met_per_s: Some(64_000.0),
        },
        fitted: None,
        cut_short: None,
    }
}

/// A ranking with what rankings have: ties, a control, failures, a gate that was not passed.
pub(crate) fn ranking() -> Ranking {
    const SERVERS: [(&str, &str, f64); 12] = [
        ("uwebsockets", "C++", 92_000.0),
        ("tokio-tungstenite", "Rust", 88_500.0),
        ("fastwebsockets", "Rust", 88_000.0),
        ("gorilla", "Go", 71_000.0),
        ("gobwas", "Go", 70_500.0),
        ("netty", "Java", 66_000.0),
        ("kestrel", "C#", 61_000.0),
        ("ws", "JavaScript", 43_000.0),
        ("websockets", "Python", 12_400.0),
        ("aiohttp", "Python", 12_300.0),
        (HOSTILE, "Ruby", 9_000.0),
        ("control", "Rust", 95_000.0),
    ];
    let rounds = 10;
    let open = |name: &str, per_s: f64| Workload {
        rate_per_s: Some(per_s),
        ..rankings::workload(name, WorkloadKind::Open, rounds)
    };
    let idle = |name: &str, connections: u32| Workload {
        connections,
        ..rankings::workload(name, WorkloadKind::Idle, rounds)
    };
    let workloads = vec![
        rankings::workload("closed-64", WorkloadKind::Closed, rounds),
        open("open-2k", 2_000.0),
        open("open-5k", 5_000.0),
        open("open-8k", 8_000.0),
        idle("idle-100", 100),
        idle("idle-1000", 1_000),
    ];
    let servers = SERVERS.iter().map(|(name, language, _)| {
        let mut server = rankings::server(name);
        (*language).clone_into(&mut server.language);
        server.is_control = *name == "control";
        server.notes = vec!["as its README shows it".to_owned()];
        server
    });
    let mut gathered = rankings::gathered(workloads.clone(), servers.collect());
    gathered.servers[7].nodelay = Nodelay::Off;
    gathered.servers[6].cores = Cores::All;
    gathered.suite.name = "Twelve echo servers".to_owned();
    gathered.suite.objective = Some("p99<5ms".to_owned());
    let mut random = fastrand::Rng::with_seed(3);
    for round in 1..=rounds {
        for (name, _, per_s) in SERVERS {
            for workload in &workloads {
                measured(&mut gathered, workload, name, per_s, round, &mut random);
            }
        }
    }
    finish(&mut gathered);
    rank(gathered)
}

fn measured(
    gathered: &mut RankingInput,
    workload: &Workload,
    name: &str,
    per_s: f64,
    round: u32,
    random: &mut fastrand::Rng,
) {
    let mut noisy = |value: f64| value * (1.0 + 0.02 * (random.f64() - 0.5));
    let load = workload.rate_per_s.unwrap_or(0.0) / per_s;
    let service_ns = 1e9 / per_s;
    let p50 = noisy(40_000.0 + service_ns / (1.0 - load.min(0.97)));
    let memory = 3_000.0 + 2e8 / per_s;
    let figures = match workload.kind {
        WorkloadKind::Open => vec![
            (Figure::RESPONSE_P50, p50),
            (Figure::RESPONSE_P99, p50 * 4.0),
            (Figure::MESSAGES_PER_S, workload.rate_per_s.unwrap_or(0.0)),
            (Figure::SERVER_US, noisy(service_ns / 1e3)),
        ],
        WorkloadKind::Idle => vec![
            (Figure::BYTES_PER_CONNECTION, noisy(memory)),
            (
                Figure::BYTES_AT_LOAD,
                noisy(2e7 + memory * f64::from(workload.connections)),
            ),
        ],
        _ => vec![(Figure::MESSAGES_PER_S, noisy(per_s))],
    };
    let mut record = rankings::run(name, workload, (round, 1), &figures);
    if workload.kind != WorkloadKind::Idle {
        let shares = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999];
        record.latency = shares
            .map(|share: f64| Rung {
                share,
                ns: p50 * (0.6 - (1.0 - share).ln()),
                least_ns: None,
                most_ns: None,
            })
            .to_vec();
    }
    gathered.runs.push(record);
}

fn finish(gathered: &mut RankingInput) {
    let weight = |key: &str, weight| Weight {
        key: key.to_owned(),
        weight,
    };
    let (x, y) = (
        "closed-64/messages_per_s",
        "idle-1000/server.bytes_per_connection",
    );
    gathered.suite.weights = vec![weight(x, 2.0), weight(y, 1.0)];
    gathered.suite.tradeoffs = vec![rankings::tradeoff(x, y)];
    gathered.doubts = vec![HOSTILE.to_owned()];
    for (at, server) in gathered.servers.iter().enumerate() {
        let failed = u32::from(at == 9);
        let stamp = Stamp {
            counts: Counts {
                ok: 53 - failed,
                failed,
                ..Counts::default()
            },
            failed: (failed > 0)
                .then(|| "close/code-1005".to_owned())
                .into_iter()
                .collect(),
        };
        gathered.gates.insert(server.name.clone(), stamp);
        gathered
            .ready_s
            .insert(server.name.clone(), vec![0.2, 0.25]);
    }
    let mut broken = rankings::server("cannot-be-installed");
    broken.install = Some("make".to_owned());
    gathered.servers.push(broken);
    let failed = Failed {
        stage: Stage::Install,
        round: None,
        workload: None,
        words: format!("exit code 2: {HOSTILE}"),
    };
    gathered.failures = vec![("cannot-be-installed".to_owned(), failed)];
}

fn objective() -> Objective {
    searches::objective()
}

/// A search that ended with words in it that would do harm as markup.
pub(crate) fn search() -> Search {
    searches::certain(provenance(), Ending::Broken(HOSTILE.to_owned()))
}
