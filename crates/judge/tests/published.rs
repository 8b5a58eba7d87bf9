//! What is published in docs/ranking holds together: conservation and Little's law in every row, and
//! leagues that are what their own runs say.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::fs;
use std::path::{Path, PathBuf};

use wsbench_judge::ranking::{RankingInput, rank};
use wsbench_record::ranking::{self, Ranking, RunRecord, WorkloadKind};

/// Answers a second times mean service time may be off by this share from the messages that were
/// out (METHOD 3, check G), beside those that straddle the window's edges.
const OFF_AT_MOST: f64 = 0.03;

/// Every published ranking.
fn published() -> Vec<(PathBuf, Ranking)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ranking");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    json.map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let ranking = ranking::read(&text).unwrap();
        (path, ranking)
    })
    .collect()
}

fn runs(ranking: &Ranking) -> impl Iterator<Item = (WorkloadKind, &RunRecord)> {
    ranking.suite.workloads.iter().flat_map(move |workload| {
        let cells = ranking.servers.iter();
        let cells = cells.filter_map(|server| server.cell(&workload.name));
        cells.flat_map(move |cell| cell.runs.iter().map(move |run| (workload.kind, run)))
    })
}

#[test]
fn something_is_published() {
    assert!(!published().is_empty());
    for (path, ranking) in published() {
        let without = ranking.without_figures().count();
        assert!(without < ranking.servers.len(), "{}", path.display());
    }
}

#[test]
fn every_message_of_every_run_is_accounted_for() {
    for (path, ranking) in published() {
        let mut checked = 0;
        for (_, run) in runs(&ranking) {
            let Some(accounts) = &run.accounts else {
                continue;
            };
            assert!(accounts.are_conserved(), "{}: {run:?}", path.display());
            checked += 1;
        }
        assert!(checked > 0, "{}", path.display());
    }
}

/// Over all runs of a row. What straddles a window's edge is in the mean service time with all its
/// length, and in the window with a part of it: by that much, as long as the longest times that the
/// runs know, the law may be off in windows as short as these.
#[test]
fn littles_law_holds_in_every_closed_row() {
    let mut rankings = 0;
    for (path, ranking) in published() {
        let workloads = ranking.suite.workloads.iter();
        let closed = workloads.filter(|workload| workload.kind == WorkloadKind::Closed);
        // One of broadcasts alone has none.
        let is_closed = closed.clone().next().is_some();
        let mut checked = 0;
        for (workload, server) in
            closed.flat_map(|one| ranking.servers.iter().map(move |it| (one, it)))
        {
            let runs = server
                .cell(&workload.name)
                .into_iter()
                .flat_map(|cell| &cell.runs);
            let runs = runs.filter(|run| run.failed.is_none());
            let (mut by_law, mut out, mut straddling, mut made) = (0.0, 0.0, 0.0, 0.0);
            let places = f64::from(workload.connections) * f64::from(workload.depth);
            for run in runs {
                let Some(one) = &run.accounts else { continue };
                let of_run = one.in_flight_mean.unwrap();
                // No more messages are out than there are places for them.
                assert!(of_run <= places * 1.000_001, "{of_run} of {places}");
                by_law += one.littles_ratio().unwrap() * of_run;
                out += of_run;
                let longest_s = run.latency.last().map_or(0.0, |rung| rung.ns / 1e9);
                straddling += longest_s / one.duration_s;
                made += 1.0;
            }
            if made == 0.0 {
                continue;
            }
            assert!(
                (by_law / out - 1.0).abs() <= OFF_AT_MOST + straddling / made,
                "{}: {} of {} under {}",
                path.display(),
                by_law / out,
                server.facts.name,
                workload.name
            );
            checked += 1;
        }
        assert_eq!(checked > 0, is_closed, "{}", path.display());
        rankings += u32::from(is_closed);
    }
    assert!(rankings > 0);
}

/// With `SNAPSHOTS=overwrite` what is published is made again of its own runs, where the rules by
/// which leagues are made have changed.
#[test]
fn the_leagues_are_what_the_runs_say() {
    for (path, published) in published() {
        let again = rank(regathered(&published));
        if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
            fs::write(&path, ranking::write(&again)).unwrap();
            continue;
        }
        assert_eq!(again.leagues, published.leagues, "{}", path.display());
        assert_eq!(again.headlines, published.headlines, "{}", path.display());
        assert_eq!(again.tradeoffs, published.tradeoffs, "{}", path.display());
    }
}

/// What a ranking was made of, as far as leagues depend on it.
fn regathered(of: &Ranking) -> RankingInput {
    let servers = of.servers.iter();
    let failures = servers.clone().flat_map(|entry| {
        let name = entry.facts.name.clone();
        let failures = entry.failures.iter().cloned();
        failures.map(move |failed| (name.clone(), failed))
    });
    RankingInput {
        tool_version: of.tool_version.clone(),
        command: of.command.clone(),
        started_at: of.started_at.clone(),
        ended_at: of.ended_at.clone(),
        seed: of.seed,
        suite: of.suite.clone(),
        host: of.host.clone(),
        cut_short: of.cut_short.clone(),
        servers: servers.clone().map(|entry| entry.facts.clone()).collect(),
        gates: servers
            .clone()
            .filter_map(|entry| Some((entry.facts.name.clone(), entry.gate.clone()?)))
            .collect(),
        ready_s: servers
            .clone()
            .filter_map(|entry| Some((entry.facts.name.clone(), vec![entry.ready_s?])))
            .collect(),
        failures: failures.collect(),
        runs: servers
            .flat_map(|entry| &entry.cells)
            .flat_map(|cell| cell.runs.iter().cloned())
            .collect(),
        doubts: of.doubts.clone(),
    }
}
