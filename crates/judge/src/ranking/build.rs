//! From the runs to the document: cells, leagues, trade-offs, the overall score, headlines.

use std::collections::BTreeMap;

use wsbench_record::ranking::{
    Cell, CellFigure, Cores, Entry, League, Overall, Ranking, RunRecord, Rung, SCHEMA, Score,
    ServerFacts, Unranked, Weight, Workload,
};
use wsbench_record::units::percent;
use wsbench_stats::{median, runs};

use super::input::RankingInput;
use super::metric;
use super::runs::{is_generator_limited, is_overloaded, is_stalled, together, too_few_together};
use super::{league, tradeoff};
use crate::figure::Figure;
use crate::recurring::recurring_in;

/// The control may drift by so much over a ranking; more puts all of it in doubt (METHOD 3).
const MOST_DRIFT: f64 = 0.05;

/// Makes a ranking of what was gathered.
#[must_use]
pub fn rank(gathered: RankingInput) -> Ranking {
    let servers: Vec<Entry> = gathered
        .servers
        .iter()
        .map(|facts| entry(facts, &gathered))
        .collect();
    let leagues = leagues(&gathered, &servers);
    let tradeoffs = tradeoff::fronts(&gathered.suite.tradeoffs, &leagues);
    let rounds = rounds_made(&gathered);
    let mut doubts = gathered.doubts.clone();
    let mut found = drift(&gathered.servers, &servers);
    if rounds < gathered.suite.rounds {
        let asked = gathered.suite.rounds;
        found.push(format!("{rounds} of {asked} rounds were finished"));
    }
    // A ranking that is made again of its own runs has these already.
    found.retain(|doubt| !doubts.contains(doubt));
    doubts.extend(found);
    Ranking {
        schema: SCHEMA.to_owned(),
        tool_version: gathered.tool_version,
        command: gathered.command,
        started_at: gathered.started_at,
        ended_at: gathered.ended_at,
        seed: gathered.seed,
        host: gathered.host,
        rounds,
        cut_short: gathered.cut_short,
        headlines: leagues.iter().filter_map(league::headline).collect(),
        overall: overall(&gathered.suite.weights, &leagues),
        suite: gathered.suite,
        leagues,
        tradeoffs,
        servers,
        doubts,
    }
}

/// Rounds of which every server that took part has some run.
fn rounds_made(gathered: &RankingInput) -> u32 {
    let last = gathered.runs.iter().map(|run| run.round).max();
    let Some(last) = last else { return 0 };
    // The last one is whole when the ranking went to its end.
    if gathered.cut_short.is_some() {
        last.saturating_sub(1)
    } else {
        last
    }
}

/// A server's row.
fn entry(facts: &ServerFacts, gathered: &RankingInput) -> Entry {
    let cells = gathered.suite.workloads.iter().map(|workload| {
        let runs = gathered.runs.iter();
        let own = |run: &&RunRecord| run.server == facts.name && run.workload == workload.name;
        cell(workload, runs.filter(own).cloned().collect())
    });
    let failures = gathered.failures.iter();
    Entry {
        gate: gathered.gates.get(&facts.name).cloned(),
        failures: failures
            .filter(|(server, _)| *server == facts.name)
            .map(|(_, failed)| failed.clone())
            .collect(),
        ready_s: gathered
            .ready_s
            .get(&facts.name)
            .and_then(|starts| median(starts)),
        cells: cells.collect(),
        facts: facts.clone(),
    }
}

/// One server under one workload.
fn cell(workload: &Workload, runs: Vec<RunRecord>) -> Cell {
    let count = |is: fn(&RunRecord) -> bool| runs.iter().filter(|run| is(run)).count() as u32;
    let audits: Vec<_> = runs.iter().map(|run| &run.audit).collect();
    Cell {
        workload: workload.name.clone(),
        figures: metric::shown(workload)
            .iter()
            .map(|metric| figure(*metric, &runs))
            .collect(),
        latency: latency(&runs),
        generator_limited_runs: count(is_generator_limited),
        overloaded_runs: count(is_overloaded),
        stalled_runs: count(is_stalled),
        caveats: recurring_in(&audits),
        runs,
    }
}

/// One figure over the runs that have it. With half of the runs without it there is none: what is
/// left would be the runs that went well.
fn figure(metric: Figure, runs: &[RunRecord]) -> CellFigure {
    let values: Vec<f64> = runs
        .iter()
        .filter_map(|run| run.figure(&metric.key()))
        .collect();
    let is_most = values.len() * 2 > runs.len();
    let spread = if is_most { runs::spread(&values) } else { None };
    if spread.is_none()
        && let Some(together) = together(metric, runs)
    {
        return together;
    }
    let missing = spread
        .is_none()
        .then(|| too_few_together(metric, runs).unwrap_or_else(|| reason(metric, runs)));
    CellFigure {
        metric: metric.key(),
        value: spread.map(|spread| spread.mean),
        low: spread.and_then(|spread| Some(spread.interval?.low)),
        high: spread.and_then(|spread| Some(spread.interval?.high)),
        least: spread.map(|spread| spread.least),
        most: spread.map(|spread| spread.most),
        runs: values.len() as u32,
        is_pooled: false,
        missing,
    }
}

/// Why most runs do not have a figure: the reason that is given most often.
fn reason(metric: Figure, runs: &[RunRecord]) -> String {
    let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
    for run in runs {
        let of_run = run
            .failed
            .as_ref()
            .or_else(|| run.missing.get(&metric.key()));
        if let Some(words) = of_run {
            *reasons.entry(words).or_default() += 1;
        }
    }
    let most = reasons.into_iter().max_by_key(|(_, runs)| *runs);
    most.map_or_else(|| "not run".to_owned(), |(words, _)| words.to_owned())
}

/// The latency curve over all runs, as far as every run has it.
fn latency(runs: &[RunRecord]) -> Vec<Rung> {
    let curves: Vec<&[Rung]> = runs
        .iter()
        .filter(|run| run.failed.is_none())
        .map(|run| run.latency.as_slice())
        .collect();
    let Some(shortest) = curves.iter().min_by_key(|curve| curve.len()) else {
        return Vec::new();
    };
    (0..shortest.len())
        .filter_map(|at| {
            let share = shortest[at].share;
            let of_runs: Vec<f64> = curves.iter().map(|curve| curve[at].ns).collect();
            let spread = runs::spread(&of_runs)?;
            Some(Rung {
                share,
                ns: spread.mean,
                least_ns: Some(spread.least),
                most_ns: Some(spread.most),
            })
        })
        .collect()
}

/// Every league, in the order of the workloads and their metrics.
fn leagues(gathered: &RankingInput, servers: &[Entry]) -> Vec<League> {
    let on_one_core = gathered.suite.server_core_count == Some(1);
    let class_of = |entry: &Entry| {
        if on_one_core {
            Cores::One
        } else {
            entry.facts.cores
        }
    };
    let mut leagues = Vec::new();
    for workload in &gathered.suite.workloads {
        for metric in metric::ranked(workload) {
            for class in [Cores::One, Cores::All] {
                let of_class: Vec<&Entry> = servers
                    .iter()
                    .filter(|entry| class_of(entry) == class)
                    .collect();
                leagues.extend(league::of(workload, *metric, class, &of_class));
            }
        }
    }
    leagues
}

/// The control is one and the same server all along: where its figures of the first half differ
/// from those of the second, it is the machine that has changed.
fn drift(facts: &[ServerFacts], servers: &[Entry]) -> Vec<String> {
    let control = facts.iter().position(|facts| facts.is_control);
    let Some(control) = control.map(|at| &servers[at]) else {
        return Vec::new();
    };
    let mut doubts = Vec::new();
    for cell in &control.cells {
        let of_runs: Vec<f64> = cell
            .runs
            .iter()
            .filter_map(|run| run.figure(&Figure::MESSAGES_PER_S.key()))
            .collect();
        if of_runs.len() < 4 {
            continue;
        }
        let (first, second) = of_runs.split_at(of_runs.len() / 2);
        let Some(ratio) = runs::unpaired(first, second) else {
            continue;
        };
        if (ratio.value - 1.0).abs() > MOST_DRIFT {
            doubts.push(format!(
                "the control ({}) answered {} of its first half's messages/s in the second half \
                 under {}: the machine has changed meanwhile",
                control.facts.name,
                percent(ratio.value),
                cell.workload
            ));
        }
    }
    doubts
}

/// The score that the weights give; `None` without weights, or where no league is named by them.
fn overall(weights: &[Weight], leagues: &[League]) -> Option<Overall> {
    let weighed: Vec<(&League, f64)> = weights
        .iter()
        .filter(|weight| weight.weight > 0.0)
        .flat_map(|weight| {
            let named = leagues.iter().filter(|league| league.key == weight.key);
            named.map(|league| (league, weight.weight))
        })
        .collect();
    if weighed.is_empty() {
        return None;
    }
    let mut scores: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut lacking: BTreeMap<&str, String> = BTreeMap::new();
    for (league, weight) in &weighed {
        let Some(best) = league.places.first().map(|place| place.value) else {
            continue;
        };
        for place in &league.places {
            let over_best = (place.value / best).ln().abs();
            let (sum, of) = scores.entry(&place.server).or_default();
            *sum -= weight * over_best;
            *of += weight;
        }
        for unranked in &league.unranked {
            let words = format!("no {}: {}", league.key, unranked.reason);
            lacking.entry(&unranked.server).or_insert(words);
        }
    }
    let mut scores: Vec<Score> = scores
        .into_iter()
        .filter(|(server, _)| !lacking.contains_key(server))
        .map(|(server, (sum, of))| Score {
            server: server.to_owned(),
            score: (sum / of).exp(),
        })
        .collect();
    scores.sort_by(|a, b| b.score.total_cmp(&a.score));
    Some(Overall {
        weights: weights.to_vec(),
        scores,
        unranked: lacking
            .into_iter()
            .map(|(server, reason)| Unranked {
                server: server.to_owned(),
                reason,
            })
            .collect(),
    })
}
