//! One league: servers told apart as far as the data can, by one metric.
//!
//! Every pair is asked by the paired t of logarithms over the rounds that both have; all pairs of
//! the league are one family under Holm's adjustment, so that one false difference in the whole
//! league is as rare as one time in twenty (METHOD 5.6; rank intervals as in Mogstad, Romano,
//! Shaikh and Wilhelm). A difference below 2 % is none that anybody should act on.

use wsbench_record::ranking::{Cores, Entry, League, Place, Unranked, Workload};
use wsbench_record::units::counted;
use wsbench_stats::Interval;
use wsbench_stats::runs::{Finding, Ratio, holm, judge, of_intervals, paired};

use super::metric;
use super::runs::{is_bound, is_set_by_generator, together};
use crate::figure::{Figure, Sense};

/// Fewer rounds cannot tell servers apart that are 10 % apart: nothing is ranked then (METHOD 5.6).
pub const FEWEST_ROUNDS: u32 = 10;

/// Of more who lead together the first are named; the table has them all.
const MOST_NAMED: usize = 5;

/// One server's figures, by round.
struct FiguresByRound {
    by_round: Vec<(u32, f64)>,
    place: Place,
}

/// The league of these servers; `None` where none of them was run.
pub(super) fn of(
    workload: &Workload,
    metric: Figure,
    class: Cores,
    entries: &[&Entry],
) -> Option<League> {
    let mut contenders = Vec::new();
    let mut unranked = Vec::new();
    let rivals = || entries.iter().filter(|entry| !entry.facts.is_control);
    // A percentile of all rounds together is no mean of those of each: who can be is told the same way.
    let is_pooled = rivals().any(|entry| {
        let figure = entry.cell(&workload.name);
        let figure = figure.and_then(|cell| cell.figure(&metric.key()));
        figure.is_some_and(|figure| figure.is_pooled)
    });
    for entry in rivals() {
        match contender(entry, workload, metric, is_pooled) {
            Ok(contender) => contenders.push(contender),
            Err(reason) => unranked.push(Unranked {
                server: entry.facts.name.clone(),
                reason,
            }),
        }
    }
    if contenders.is_empty() && unranked.is_empty() {
        return None;
    }
    let by_goodness = |a: &FiguresByRound, b: &FiguresByRound| {
        let rising = a.place.value.total_cmp(&b.place.value);
        match metric.sense() {
            Sense::Less => rising,
            Sense::More => rising.reverse(),
        }
    };
    contenders.sort_by(by_goodness);
    let rounds = contenders
        .iter()
        .map(|contender| contender.place.runs)
        .max()
        .unwrap_or(0);
    let is_ranked = rounds >= FEWEST_ROUNDS && contenders.len() > 1;
    if is_ranked {
        rank(&mut contenders, metric);
    }
    Some(League {
        key: format!("{}/{}", workload.name, metric.key()),
        workload: workload.name.clone(),
        metric: metric.key(),
        class,
        rounds,
        is_ranked,
        places: contenders
            .into_iter()
            .map(|contender| contender.place)
            .collect(),
        unranked,
    })
}

/// A server's figures in this league, those of all rounds together where it `is_pooled` and they are known, or
/// why it has none.
fn contender(
    entry: &Entry,
    workload: &Workload,
    metric: Figure,
    is_pooled: bool,
) -> Result<FiguresByRound, String> {
    let no_run = || {
        let first = entry.failures.first();
        first.map_or_else(
            || "not run".to_owned(),
            |failed| format!("{}: {}", failed.stage.word(), first_line(&failed.words)),
        )
    };
    let cell = entry
        .cell(&workload.name)
        .filter(|cell| !cell.runs.is_empty());
    let cell = cell.ok_or_else(no_run)?;
    let figure = cell.figure(&metric.key()).ok_or_else(no_run)?;
    let of_all = if is_pooled && !figure.is_pooled {
        together(metric, &cell.runs)
    } else {
        None
    };
    let figure = of_all.as_ref().unwrap_or(figure);
    let Some(value) = figure.value else {
        return Err(figure.missing.clone().unwrap_or_else(no_run));
    };
    let by_round = cell.runs.iter();
    let by_round = by_round.filter_map(|run| Some((run.round, run.figure(&metric.key())?)));
    let set_by_generator = cell.runs.iter();
    let set_by_generator = set_by_generator.map(|run| is_set_by_generator(run, metric));
    let limited = is_bound(set_by_generator);
    Ok(FiguresByRound {
        by_round: by_round.collect(),
        place: Place {
            server: entry.facts.name.clone(),
            value,
            low: figure.low,
            high: figure.high,
            rank_low: None,
            rank_high: None,
            tier: None,
            generator_limited: limited,
            runs: figure.runs,
            is_pooled: figure.is_pooled,
        },
    })
}

fn first_line(words: &str) -> &str {
    words.lines().next().unwrap_or_default()
}

/// Gives every contender, the best first, its rank interval and its tier.
fn rank(contenders: &mut [FiguresByRound], metric: Figure) {
    let better = surely_better(contenders, metric);
    let among = contenders.len();
    for at in 0..among {
        let ahead = (0..among).filter(|other| better[*other][at]).count() as u32;
        let behind = (0..among).filter(|other| better[at][*other]).count() as u32;
        contenders[at].place.rank_low = Some(1 + ahead);
        contenders[at].place.rank_high = Some(among as u32 - behind);
    }
    let mut tier = 0;
    while let Some(leader) = contenders.iter().position(|one| one.place.tier.is_none()) {
        tier += 1;
        for at in leader..among {
            if contenders[at].place.tier.is_none() && !better[leader][at] {
                contenders[at].place.tier = Some(tier);
            }
        }
    }
}

/// Pairs of contenders of which one is surely better: `better[i][j]` says that the i-th is better
/// than the j-th.
fn surely_better(contenders: &[FiguresByRound], metric: Figure) -> Vec<Vec<bool>> {
    let among = contenders.len();
    let mut pairs: Vec<(usize, usize, Ratio)> = Vec::new();
    for first in 0..among {
        for second in first + 1..among {
            let ratio = ratio(&contenders[first], &contenders[second]);
            if let Some(ratio) = ratio.filter(|ratio| ratio.p_value.is_some()) {
                pairs.push((first, second, ratio));
            }
        }
    }
    let p_values: Vec<f64> = pairs
        .iter()
        .filter_map(|(_, _, ratio)| ratio.p_value)
        .collect();
    let adjusted = holm(&p_values);
    let mut better = vec![vec![false; among]; among];
    for ((first, second, ratio), p_value) in pairs.into_iter().zip(adjusted) {
        let (ahead, behind) = match (judge(&ratio, Some(p_value)), metric.sense()) {
            (Finding::Less, Sense::More) | (Finding::Greater, Sense::Less) => (first, second),
            (Finding::Greater, Sense::More) | (Finding::Less, Sense::Less) => (second, first),
            _ => continue,
        };
        // Who was held up by the generator may be better than it was seen to be.
        if !contenders[behind].place.generator_limited {
            better[ahead][behind] = true;
        }
    }
    better
}

/// The second by the first: by the rounds that both have, or by their intervals where a percentile is of all
/// rounds together. What the machine did in a round was done to both, so that those are too wide, if anything.
/// `None` where one is of all rounds and the other is a mean of them.
fn ratio(first: &FiguresByRound, second: &FiguresByRound) -> Option<Ratio> {
    match (first.place.is_pooled, second.place.is_pooled) {
        (false, false) => return paired(&in_common(&first.by_round, &second.by_round)),
        (true, true) => {}
        _ => return None,
    }
    let known = |one: &Place| {
        let (low, high) = one.low.zip(one.high)?;
        Some((one.value, Interval { low, high }))
    };
    let freedom = f64::from(first.place.runs.min(second.place.runs).max(2) - 1);
    of_intervals(known(&first.place)?, known(&second.place)?, freedom)
}

/// The figures of two servers, by the rounds that both have.
fn in_common(first: &[(u32, f64)], second: &[(u32, f64)]) -> Vec<(f64, f64)> {
    let of_second = |round: u32| second.iter().find(|(other, _)| *other == round);
    first
        .iter()
        .filter_map(|(round, value)| Some((*value, of_second(*round)?.1)))
        .collect()
}

/// Result of a league, in one sentence; `None` where nothing was ranked.
pub(super) fn headline(league: &League) -> Option<String> {
    if !league.is_ranked {
        return None;
    }
    let metric = Figure::recorded(&league.metric)?;
    let first: Vec<&Place> = league
        .places
        .iter()
        .filter(|place| place.tier == Some(1))
        .collect();
    let tiers = league.places.iter().filter_map(|place| place.tier).max()?;
    let value = |place: &Place| value_words(league, place.value, place.generator_limited);
    let names: Vec<String> = first
        .iter()
        .map(|place| format!("{} ({})", place.server, value(place)))
        .collect();
    let lead = match names.as_slice() {
        [] => return None,
        [one] => format!("{one} leads"),
        [one, other] => format!("{one} and {other} lead and cannot be told apart"),
        many if many.len() > MOST_NAMED => format!(
            "{} and {} others lead and cannot be told apart",
            many[..MOST_NAMED].join(", "),
            many.len() - MOST_NAMED
        ),
        [some @ .., last] => format!(
            "{} and {last} lead and cannot be told apart",
            some.join(", ")
        ),
    };
    let among = counted(league.places.len() as u64, "server");
    let class = match league.class {
        Cores::One => "",
        Cores::All => " on all cores",
    };
    Some(format!(
        "{}, {}{class}: {lead}; {} among {among}",
        league.workload,
        metric.title(),
        counted(u64::from(tiers), "tier"),
    ))
}

/// A value with its unit; of one that is bounded by the generator, that it is a bound.
#[must_use]
pub fn value_words(league: &League, value: f64, is_bound: bool) -> String {
    let Some(metric) = Figure::recorded(&league.metric) else {
        return value.to_string();
    };
    let bound = if is_bound {
        metric::bound_mark(metric)
    } else {
        ""
    };
    format!("{bound}{}", metric::words(metric, value))
}
