//! One league: its table, the rank intervals, and the figures with theirs.

use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::value_words;
use wsbench_record::ranking::{Entry, League, Place, Ranking};

use super::names::{gate, named};
use crate::html::grid::{Cell, Grid};
use crate::html::page::Page;
use crate::html::plot::{Axis, Scale, Unit};
use crate::html::ranges::{Range, Ranges};
use crate::ranking::words;

/// Half the room of a rank.
const HALF: f64 = 0.4;

/// Shows a league.
pub(super) fn show(page: &mut Page, ranking: &Ranking, league: &League) {
    page.heading(&words::title(league));
    page.push(&table(ranking, league).markup());
    if league.places.len() > 1 {
        if league.is_ranked {
            page.push(&ranks(league).figure());
        }
        if let Some(values) = values(league) {
            page.push(&values.figure());
        }
    }
}

fn table(ranking: &Ranking, league: &League) -> Grid {
    let mut grid = Grid::new()
        .figures("rank")
        .text("server")
        .text("language")
        .figures("value")
        .figures("95 %")
        .figures("tier")
        .text("gate")
        .text("flags")
        .sortable();
    for place in &league.places {
        let entry = ranking.server(&place.server);
        let rank = place.rank_low.zip(place.rank_high);
        let middle = rank.map(|(low, high)| f64::from(low) + f64::from(high) / 1e3);
        let tier = place.tier.map(|tier| tier.to_string());
        let value = value_words(league, place.value, place.generator_limited);
        grid.push(vec![
            Cell::known(&words::rank(place), middle),
            named(ranking, &place.server),
            language(entry),
            Cell::figure(&value, place.value),
            Cell::text(&words::interval(place)),
            Cell::known(&tier.unwrap_or_default(), place.tier.map(f64::from)),
            stamp(entry),
            flags(entry, league),
        ]);
    }
    if let Some((name, control)) = words::control(ranking, league) {
        let entry = ranking.server(&name);
        grid.push(vec![
            Cell::text(""),
            named(ranking, &name),
            language(entry),
            Cell::figure(&value_words(league, control, false), control),
            Cell::text(""),
            Cell::text(""),
            stamp(entry),
            Cell::text("the control is no contender"),
        ]);
    }
    for unranked in &league.unranked {
        let entry = ranking.server(&unranked.server);
        grid.push(vec![
            Cell::text("–"),
            named(ranking, &unranked.server),
            language(entry),
            Cell::text("—"),
            Cell::text(""),
            Cell::text(""),
            stamp(entry),
            Cell::text(&unranked.reason),
        ]);
    }
    grid
}

fn language(entry: Option<&Entry>) -> Cell {
    Cell::text(entry.map_or("", |entry| entry.facts.language.as_str()))
}

fn stamp(entry: Option<&Entry>) -> Cell {
    entry.map_or_else(Cell::default, |entry| Cell::markup(gate(entry)))
}

fn flags(entry: Option<&Entry>, league: &League) -> Cell {
    entry.map_or_else(Cell::default, |entry| {
        Cell::text(&words::notes(entry, league))
    })
}

/// The colour of a place: its tier's, so that what cannot be told apart looks alike.
fn colour(place: &Place) -> Option<usize> {
    place
        .tier
        .map(|tier| tier as usize - 1)
        .filter(|tier| *tier < 8)
}

/// The places that the data allow.
fn ranks(league: &League) -> Ranges {
    let rows = league.places.iter().filter_map(|place| {
        let (low, high) = (f64::from(place.rank_low?), f64::from(place.rank_high?));
        Some(Range {
            name: place.server.clone(),
            // A rank takes the room of one, so that a single one is a bar as well.
            ends: Some((low - HALF, high + HALF)),
            words: match place.tier {
                Some(tier) => format!("{}, tier {tier}", words::rank(place)),
                None => words::rank(place),
            },
            colour: colour(place),
            ..Range::default()
        })
    });
    Ranges {
        title: "Rank intervals".to_owned(),
        caption: "The places that the data allow at 95 %; bars that overlap are not told apart. A \
                  colour is a tier."
            .to_owned(),
        axis: Axis::new("rank", Scale::Ranks, Unit::Rate),
        reference: None,
        rows: rows.collect(),
    }
}

/// The figures with their intervals, from zero.
fn values(league: &League) -> Option<Ranges> {
    let metric = Figure::recorded(&league.metric)?;
    let rows = league.places.iter().map(|place| Range {
        name: place.server.clone(),
        value: Some(place.value),
        ends: place.low.zip(place.high),
        words: format!(
            "{} {}",
            value_words(league, place.value, place.generator_limited),
            words::interval(place)
        ),
        colour: colour(place),
        ..Range::default()
    });
    Some(Ranges {
        title: format!("{} with 95 % intervals", metric.title()),
        caption: match metric.sense() {
            wsbench_judge::figure::Sense::More => "More is better.".to_owned(),
            wsbench_judge::figure::Sense::Less => "Less is better.".to_owned(),
        },
        axis: Axis::new("", Scale::Linear, metric.unit().into()),
        reference: None,
        rows: rows.collect(),
    })
}
