//! Everything that is known of each server, as data: the page's script draws a server when it is
//! opened. Words are made here, so that a figure looks as it does everywhere.

use serde_json::{Value, json};
use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::metric;
use wsbench_record::ranking::{Cell, Contest, Entry, Place, Ranking, Stage, Workload};
use wsbench_record::units::seconds;

use super::told::ToldFigure;
use crate::ranking::words;

/// The data of all servers, in the document's order.
pub(super) fn all(ranking: &Ranking) -> Value {
    let servers: Vec<Value> = ranking
        .servers
        .iter()
        .map(|entry| server(ranking, entry))
        .collect();
    let contenders = ranking.servers.iter().filter(|one| !one.facts.is_control);
    let workloads = ranking.suite.workloads.iter().map(|one| one.name.as_str());
    json!({
        "of": contenders.count(),
        "workloads": workloads.collect::<Vec<_>>(),
        "servers": servers,
    })
}

fn server(ranking: &Ranking, entry: &Entry) -> Value {
    let facts = &entry.facts;
    let gate = entry.gate.as_ref();
    let failures: Vec<String> = entry
        .failures
        .iter()
        .map(|failed| {
            let stage = match failed.stage {
                Stage::LeftOut => "left out".to_owned(),
                stage => format!("{} failed", stage.word()),
            };
            format!("{stage}: {}", failed.words.trim_end())
        })
        .collect();
    let mut made = vec![format!("started by {}", facts.start)];
    made.extend(
        facts
            .install
            .as_ref()
            .map(|how| format!("installed by {how}")),
    );
    let ready = entry.ready_s.map(|s| format!("ready after {}", seconds(s)));
    made.extend(ready);
    json!({
        "what": format!(
            "{}, {}; {}",
            facts.language,
            facts.library_and_version(),
            words::defaults(facts)
        ),
        "gate": words::gate(entry),
        "cases": gate.map_or_else(String::new, |stamp| stamp.failed.join(", ")),
        "made": made,
        "notes": facts.notes,
        "failures": failures,
        "places": places(ranking, entry),
        "cells": entry.cells.iter().map(cell).collect::<Vec<_>>(),
        "latency": latency(ranking, entry),
    })
}

/// Its place in each league: title, from, to, figure.
fn places(ranking: &Ranking, entry: &Entry) -> Vec<Value> {
    let leagues = ranking.leagues.iter().filter(|league| league.is_ranked);
    let places = leagues.filter_map(|league| {
        let mut places = league.places.iter();
        let place: &Place = places.find(|place| place.server == entry.facts.name)?;
        let told = ToldFigure::of_place(league, place)?;
        let figure = Figure::recorded(&league.metric)?;
        Some(json!([
            format!("{}, {}", figure.title(), league.workload),
            place.rank_low?,
            place.rank_high?,
            told.words
        ]))
    });
    places.collect()
}

/// The figures of a workload: title, figure, its range over the runs, runs.
fn cell(cell: &Cell) -> Value {
    let figures = cell.figures.iter().filter_map(|of| {
        let figure = Figure::recorded(&of.metric)?;
        let told = ToldFigure::of_figure(of)?;
        let range = of
            .least
            .zip(of.most)
            .map_or_else(String::new, |(low, high)| {
                let (low, high) = (metric::words(figure, low), metric::words(figure, high));
                format!("{low}–{high}")
            });
        let words = match (told.key, told.reason.is_empty()) {
            (_, true) => told.words,
            (Some(_), false) => format!("{} ({})", told.words, told.reason),
            (None, false) => told.reason,
        };
        Some(json!([figure.title(), words, range, of.runs]))
    });
    let caveats = cell.caveats.iter();
    let caveats = caveats.map(|one| format!("{}: {}", one.how_often(), one.message));
    let failed = cell.runs.iter().filter_map(|run| {
        let reason = run.failed.as_deref()?;
        Some(format!("round {}: {reason}", run.round))
    });
    json!([
        figures.collect::<Vec<_>>(),
        caveats.chain(failed).collect::<Vec<_>>()
    ])
}

/// Latency by percentile under the first workload at a rate: nines, and µs of the mean, the least and the most.
fn latency(ranking: &Ranking, entry: &Entry) -> Value {
    let mut open = ranking.suite.workloads.iter();
    let is_at_a_rate = |workload: &&Workload| match workload.contest() {
        Contest::Times
        | Contest::ItemTimes
        | Contest::Deliveries
        | Contest::Pushes
        | Contest::PushAges
        | Contest::Openings => true,
        Contest::Throughput
        | Contest::Items
        | Contest::Memory
        | Contest::Connects
        | Contest::GreatestRate => false,
    };
    let open = open.find(is_at_a_rate);
    let Some(cell) = open.and_then(|workload| entry.cell(&workload.name)) else {
        return Value::Null;
    };
    let us = |ns: f64| (ns / 100.0).round() / 10.0;
    let rungs = cell.latency.iter().filter(|rung| rung.ns > 0.0);
    let rungs: Vec<Value> = rungs
        .map(|rung| {
            let nines = (-(1.0 - rung.share).log10() * 1e3).round() / 1e3;
            let (low, high) = (
                rung.least_ns.unwrap_or(rung.ns),
                rung.most_ns.unwrap_or(rung.ns),
            );
            json!([nines, us(rung.ns), us(low), us(high)])
        })
        .collect();
    json!([cell.workload, rungs])
}
