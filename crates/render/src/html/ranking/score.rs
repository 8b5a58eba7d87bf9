//! The overall score by weights that the reader may change: an opinion, and said to be one.
//!
//! The script computes what `Ranking::of` computed, from the same logarithms. Without it the table
//! stands by the suite's weights.

use std::collections::BTreeMap;

use serde_json::json;
use wsbench_record::ranking::{Overall, Ranking, Weight};

use crate::html::grid::{Grid, GridCell};
use crate::html::markup::Markup;
use crate::html::page::Page;
use crate::ranking::words;

/// Shows the score, where the suite states weights.
pub(super) fn show(page: &mut Page, ranking: &Ranking) {
    let Some(overall) = &ranking.overall else {
        return;
    };
    let best = overall.scores.first();
    let gist = best.map_or_else(String::new, |best| {
        format!("{} first, an opinion", best.server)
    });
    page.fold("overall", "One number, by weights", &gist);
    page.prose(
        "No single number does a server justice; this one is an opinion, and its weights are \
         stated. It is the weighted geometric mean of each value over the best one's: 1 is the best \
         in everything.",
    );
    page.quiet(&format!(
        "The suite's weights: {}.",
        words::weights(overall)
    ));
    page.push(&form(overall));
    page.push(&table(ranking, overall));
    for unranked in &overall.unranked {
        page.quiet(&format!(
            "{} has no score: {}",
            unranked.server, unranked.reason
        ));
    }
    page.unfold();
}

/// The weights, to be changed where there is a script.
fn form(overall: &Overall) -> Markup {
    let mut form = Markup::new();
    form.open("form", &[("class", "weights"), ("hidden", "")]);
    for Weight { key, weight } in &overall.weights {
        let weight = weight.to_string();
        form.open("label", &[]).element("span", &[], key);
        let most = weight.parse::<f64>().unwrap_or(1.0).max(1.0) * 4.0;
        let most = most.to_string();
        form.open(
            "input",
            &[
                ("type", "range"),
                ("min", "0"),
                ("max", &most),
                ("step", "any"),
                ("value", &weight),
                ("data-key", key),
            ],
        );
        form.element("output", &[], &weight).close("label");
    }
    form.element("button", &[("type", "reset")], "the suite's weights");
    form.close("form");
    form
}

fn table(ranking: &Ranking, overall: &Overall) -> Markup {
    let mut grid = Grid::new().text("server").figures("score");
    for score in &overall.scores {
        let words = format!("{:.3}", score.score);
        grid.push(vec![
            GridCell::text(&score.server),
            GridCell::figure(&words, score.score),
        ]);
    }
    let mut markup = Markup::new();
    markup.open("div", &[("id", "scores")]).push(&grid.markup());
    markup.data(&json!(shortfalls(ranking, overall)));
    markup.close("div");
    markup
}

/// Distance of each server from the best, as the absolute logarithm of the ratio: for each weight
/// the servers in the order of the table.
fn shortfalls(ranking: &Ranking, overall: &Overall) -> BTreeMap<String, Vec<Vec<f64>>> {
    let of_key = |key: &str| {
        let servers = overall.scores.iter().map(|score| {
            // A server that is in several classes of a league counts in each.
            let leagues = ranking.leagues_of(key).filter_map(|league| {
                let best = league.places.first()?.value;
                let mut places = league.places.iter();
                let place = places.find(|place| place.server == score.server)?;
                Some((place.value / best).ln().abs())
            });
            leagues.collect()
        });
        servers.collect()
    };
    let keys = overall.weights.iter();
    keys.map(|weight| (weight.key.clone(), of_key(&weight.key)))
        .collect()
}
