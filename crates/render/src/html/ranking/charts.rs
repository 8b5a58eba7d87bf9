//! The charts of a ranking: one for each question.

use std::borrow::Cow;

use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::is_supported;
use wsbench_record::ranking::{Front, FrontPoint, League, Place, Ranking};
use wsbench_record::units::count;

use super::questions::{AnswerSource, Question, axis, beaten_by_none};
use super::told::ToldFigure;
use crate::html::grid::{Grid, GridCell};
use crate::html::markup::Markup;
use crate::html::plot::drawing::{line, percent};
use crate::html::plot::scale::AxisRange;
use crate::html::plot::{Axis, Panel, Plot, PlotPoint, Scale, Shape, Trace, caption, folded};
use crate::html::ranges::{Range, reach};

/// Characters of a name beside a row.
const LONGEST_NAME: usize = 14;

/// Servers in a chart: the table has all.
const MOST: usize = 13;
/// Height of a row, px.
const ROW: f64 = 22.0;
/// Height of the chart of a trade-off, px.
const HEIGHT: f64 = 310.0;

/// The chart of a question with its answer, and the same as a table.
pub(super) fn chart(ranking: &Ranking, question: &Question<'_>, number: usize) -> Markup {
    match question.of {
        AnswerSource::League(league, figure) => {
            let with = tail(ranking, league, figure);
            rows(question, league, figure, with)
        }
        AnswerSource::Front(front) => tradeoff(ranking, front, number, &question.title),
    }
}

/// The p99 beside a p50.
fn tail<'a>(ranking: &'a Ranking, league: &League, figure: Figure) -> Option<&'a League> {
    let metric = Figure::RESPONSE_P99.key();
    let mut leagues = ranking.leagues.iter();
    let is_it = |one: &&League| one.workload == league.workload && one.metric == metric;
    leagues
        .find(is_it)
        .filter(|_| figure == Figure::RESPONSE_P50)
}

/// The best of a league, a row each, in one picture.
fn rows(question: &Question<'_>, league: &League, figure: Figure, tail: Option<&League>) -> Markup {
    let shown: Vec<(&Place, ToldFigure)> = league
        .places
        .iter()
        .filter_map(|place| Some((place, ToldFigure::of_place(league, place)?)))
        .take(MOST)
        .collect();
    let of_tail = |place: &Place| {
        let league = tail?;
        let mut places = league.places.iter();
        let place = places.find(|other| other.server == place.server)?;
        ToldFigure::of_place(league, place)
    };
    let axis = axis(figure);
    let held = shown.iter().flat_map(|(place, told)| {
        let ends = told.ends.filter(|_| told.key.is_some());
        let tail = of_tail(place).and_then(|told| told.ends.filter(|_| told.key.is_some()));
        let ends = ends.into_iter().chain(tail);
        let ends = ends.flat_map(|(low, high)| [low, high]);
        told.held().into_iter().chain(ends).collect::<Vec<f64>>()
    });
    let extent = axis.extent(&held.collect::<Vec<f64>>());
    let height = ROW * shown.len() as f64;
    let height_px = format!("{height}");
    let label = format!("{} {}", question.title, question.answer);
    let mut svg = Markup::new();
    svg.open(
        "svg",
        &[
            ("class", "plot rows"),
            ("height", &height_px),
            ("role", "img"),
            ("aria-label", &label),
        ],
    );
    grid(&mut svg, &axis, &extent, &height_px);
    for (at, (place, told)) in shown.iter().enumerate() {
        let y = format!("{}", ROW * at as f64);
        svg.open("svg", &[("y", &y), ("height", "22")]);
        let attributes = [("x", "-8"), ("y", "14"), ("class", "e who")];
        svg.element("text", &attributes, &named(&place.server));
        if let Some(tail) = of_tail(place) {
            let tail = Range {
                ends: tail.ends.filter(|_| tail.key.is_some()),
                look: Some(1),
                ..Range::default()
            };
            reach(&mut svg, &tail, |value| axis.place(&extent, value));
        }
        reach(&mut svg, &range(told, 0), |value| {
            axis.place(&extent, value)
        });
        let end = told
            .ends
            .filter(|_| told.key.is_some())
            .map(|(_, high)| high);
        let end = end.or(told.value).unwrap_or(extent.from);
        let x = percent(axis.place(&extent, end));
        let attributes = [("x", &*x), ("dx", "8"), ("y", "14"), ("class", "name")];
        svg.element("text", &attributes, &told.words).close("svg");
    }
    svg.close("svg");
    let scale = if axis.scale == Scale::Log {
        ", log scale"
    } else {
        ""
    };
    let with = if tail.is_some() { "; dashed: p99" } else { "" };
    let beside = format!(
        "{}{scale}{with}; {} of {}",
        question.subject,
        shown.len(),
        count(league.places.len() as u64)
    );
    whole(
        &question.title,
        &beside,
        &question.answer,
        &svg,
        &table(league),
    )
}

/// A server's name as far as there is room for it beside a row; the table below has it whole.
fn named(server: &str) -> Cow<'_, str> {
    match server.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &server[..end]).into(),
        None => server.into(),
    }
}

/// Lines down a picture of rows, each with its value above it.
fn grid(svg: &mut Markup, axis: &Axis, extent: &AxisRange, height_px: &str) {
    let last = extent.ticks.len().saturating_sub(1);
    for (at, tick) in extent.ticks.iter().enumerate() {
        let x = percent(axis.place(extent, *tick));
        line(svg, "", (&x, "0"), (&x, height_px));
        let class = if (last - at) % 2 == 1 && last > 3 {
            "m odd"
        } else {
            "m"
        };
        let attributes = [("x", &*x), ("y", "-5"), ("class", class)];
        svg.element("text", &attributes, &axis.label(*tick));
    }
}

fn range(told: &ToldFigure, look: usize) -> Range {
    Range {
        value: told.value,
        ends: told.ends.filter(|_| told.key.is_some()),
        is_hollow: told.is_bound,
        look: (!told.is_weak).then_some(look),
        ..Range::default()
    }
}

fn table(league: &League) -> Grid {
    let mut grid = Grid::new().text("server").figures("figure");
    for place in &league.places {
        if let Some(told) = ToldFigure::of_place(league, place) {
            grid.push(vec![
                GridCell::text(&place.server),
                GridCell::text(&told.words),
            ]);
        }
    }
    for unranked in &league.unranked {
        let why = GridCell::text(&unranked.reason);
        grid.push(vec![GridCell::text(&unranked.server), why]);
    }
    grid
}

fn whole(title: &str, beside: &str, answer: &str, svg: &Markup, table: &Grid) -> Markup {
    let mut figure = Markup::new();
    figure.open("figure", &[]).push(&caption(title, beside));
    figure.element("p", &[("class", "answer")], answer);
    figure.push(svg).push(&folded(table)).close("figure");
    figure
}

/// A trade-off: who is beaten by none in both. The axes fit figures that are known alone.
pub(super) fn tradeoff(ranking: &Ranking, front: &Front, number: usize, title: &str) -> Markup {
    let (Some(x), Some(y)) = (metric_of(&front.x), metric_of(&front.y)) else {
        return Markup::new();
    };
    let place = |key: &str, server: &str| placed(ranking, key, server);
    let is_known = |point: &&FrontPoint| {
        let along = [&front.x, &front.y].map(|key| place(key, &point.server));
        along.iter().flatten().all(|place| is_supported(place))
    };
    let known: Vec<&FrontPoint> = front.points.iter().filter(is_known).collect();
    let unknown: Vec<&FrontPoint> = front.points.iter().filter(|one| !is_known(one)).collect();
    let ends = |key: &str, server: &str| place(key, server).and_then(|one| one.low.zip(one.high));
    let point = |point: &FrontPoint| PlotPoint {
        x_range: ends(&front.x, &point.server),
        y_range: ends(&front.y, &point.server),
        // Few names can be read.
        label: if point.on_front {
            named(&point.server).into_owned()
        } else {
            String::new()
        },
        name: point.server.clone(),
        ..PlotPoint::at(point.x, point.y)
    };
    let cloud = |on_front: bool| Trace {
        name: if on_front {
            "beaten by none in both"
        } else {
            "beaten in both"
        }
        .to_owned(),
        look: on_front.then_some(0),
        points: known
            .iter()
            .filter(|point| point.on_front == on_front)
            .map(|one| point(one))
            .collect(),
        ..Trace::default()
    };
    let best = cloud(true);
    let mut steps: Vec<PlotPoint> = best
        .points
        .iter()
        .map(|one| PlotPoint::at(one.x, one.y))
        .collect();
    steps.sort_by(|one, other| one.x.total_cmp(&other.x));
    let line = Trace {
        look: Some(3),
        shape: Shape::Line,
        is_thin: true,
        points: steps,
        ..Trace::default()
    };
    let named_axis = |key: &str, figure: Figure| {
        let workload = key.split('/').next().unwrap_or(key);
        Axis {
            name: format!("{}, {workload}", figure.title()),
            ..axis(figure)
        }
    };
    let panel = Panel::new(
        named_axis(&front.y, y),
        HEIGHT,
        vec![cloud(false), line, best],
    );
    let plot = Plot {
        beside: format!("{} ↑, {} →; lines: 95 %", y.title(), x.title()),
        answer: beaten_by_none(front),
        ..Plot::new(title, named_axis(&front.x, x), panel)
    };
    let mut markup = plot.figure(number);
    let left = left_out(&unknown);
    let words = format!("{}.{left}", beaten_by_none(front));
    markup.element("p", &[("class", "answer note")], &words);
    let mut whole = Markup::new();
    whole.wrapped("div", &[], &markup);
    whole
}

/// Servers that a trade-off leaves out, in words.
fn left_out(unknown: &[&FrontPoint]) -> String {
    let names: Vec<&str> = unknown.iter().map(|point| point.server.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(
            " Not known, so on no front and not drawn: {}.",
            names.join(", ")
        ),
    }
}

/// A server's place in the leagues of a key.
fn placed<'a>(ranking: &'a Ranking, key: &str, server: &str) -> Option<&'a Place> {
    let leagues = ranking.leagues.iter().filter(|league| league.key == key);
    let mut places = leagues.flat_map(|league| &league.places);
    places.find(|place| place.server == server)
}

/// The metric of a league key.
fn metric_of(key: &str) -> Option<Figure> {
    Figure::recorded(key.split_once('/')?.1)
}
