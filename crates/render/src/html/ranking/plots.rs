//! The plots over all servers: latency by percentile, latency over load, memory over connections,
//! and trade-offs with their fronts.

use wsbench_judge::figure::Figure;
use wsbench_judge::objective;
use wsbench_judge::ranking::metric;
use wsbench_record::objective::Objective;
use wsbench_record::ranking::{
    Cell as OfServer, Entry, Front, League, Ranking, Workload, WorkloadKind,
};

use super::names::named;
use crate::html::grid::{Cell, Grid};
use crate::html::page::Page;
use crate::html::plot::{Axis, COLOURS, Level, Plot, Point, Scale, Trace, Unit};
use crate::html::run;
use crate::ranking::words;

/// Latency by percentile of every server, a plot a workload.
pub(super) fn latencies(page: &mut Page, ranking: &Ranking) {
    let workloads = ranking.suite.workloads.iter();
    let plots: Vec<Plot> = workloads
        .filter_map(|workload| latency(ranking, workload))
        .collect();
    if plots.is_empty() {
        return;
    }
    page.section("latency", "Latency by percentile");
    page.quiet(
        "Geometric mean of the runs in a band from the least to the greatest; lines end where a \
         run has fewer than ten samples above them. Latencies of closed loops are of different \
         loads, and are not to be compared as latency at a rate.",
    );
    for plot in &plots {
        page.plot(plot);
    }
}

fn latency(ranking: &Ranking, workload: &Workload) -> Option<Plot> {
    let (kind, of) = match workload.kind {
        WorkloadKind::Open => ("response time", "open loop"),
        WorkloadKind::Closed => ("service time", "closed loop"),
        _ => return None,
    };
    let series = in_order(ranking, &workload.name).into_iter().enumerate();
    let series: Vec<Trace> = series
        .map(|(at, (entry, cell))| Trace {
            name: entry.facts.name.clone(),
            colour: run::colour(at),
            is_joined: true,
            points: cell
                .latency
                .iter()
                .filter(|rung| rung.ns > 0.0)
                .map(|rung| Point {
                    // Bands of all would hide each other; the best have them.
                    y_range: rung.least_ns.zip(rung.most_ns).filter(|_| at < COLOURS / 2),
                    ..Point::at(-(1.0 - rung.share).log10(), rung.ns)
                })
                .collect(),
            ..Trace::default()
        })
        .collect();
    let plot = Plot {
        title: format!("{}: {kind}", workload.name),
        caption: format!("{of}, {}", words::workload(workload)),
        x: Axis::new("percentile", Scale::Nines, Unit::Percentile),
        y: Axis::new(kind, Scale::Log, Unit::Span),
        series: drawn_last_first(series),
        levels: Vec::new(),
    };
    (!plot.is_empty()).then_some(plot)
}

/// The servers that have figures under a workload, in the order of its first league, the control
/// last: colours go to those ahead.
fn in_order<'a>(ranking: &'a Ranking, workload: &str) -> Vec<(&'a Entry, &'a OfServer)> {
    let mut leagues = ranking.leagues.iter();
    let league = leagues.find(|league| league.workload == workload);
    let place = |entry: &Entry| {
        let places = league.map_or(&[][..], |league| league.places.as_slice());
        let at = places
            .iter()
            .position(|place| place.server == entry.facts.name);
        at.unwrap_or(usize::MAX)
    };
    let known = ranking.servers.iter();
    let known = known.filter_map(|entry| Some((entry, entry.cell(workload)?)));
    let mut known: Vec<_> = known.filter(|(_, cell)| !cell.runs.is_empty()).collect();
    known.sort_by_key(|(entry, _)| place(entry));
    known
}

/// Series in the order of drawing: what is grey lies below what is coloured.
fn drawn_last_first(mut series: Vec<Trace>) -> Vec<Trace> {
    series.retain(|series| !series.points.is_empty());
    series.sort_by_key(|series| series.colour.is_some());
    series
}

/// Latency over load, where a workload was run at several rates.
pub(super) fn curves(page: &mut Page, ranking: &Ranking) {
    let open = |workload: &&Workload| workload.kind == WorkloadKind::Open;
    let open: Vec<&Workload> = ranking.suite.workloads.iter().filter(open).collect();
    let mut shapes: Vec<(u32, u64)> = open.iter().map(|one| shape(one)).collect();
    shapes.dedup();
    let plots = shapes.into_iter().filter_map(|(connections, size)| {
        let alike = open
            .iter()
            .copied()
            .filter(|one| shape(one) == (connections, size));
        let alike: Vec<&Workload> = alike.collect();
        (alike.len() > 1).then(|| curve(ranking, &alike, connections, size))
    });
    let plots: Vec<Plot> = plots.filter(|plot| !plot.is_empty()).collect();
    if plots.is_empty() {
        return;
    }
    page.section("load", "Latency over load");
    for plot in &plots {
        page.plot(plot);
    }
}

/// Shape that workloads of one curve share.
fn shape(workload: &Workload) -> (u32, u64) {
    (workload.connections, workload.size_bytes)
}

fn curve(ranking: &Ranking, workloads: &[&Workload], connections: u32, size: u64) -> Plot {
    let servers = in_order(ranking, &workloads[0].name).into_iter();
    let series = servers.enumerate().map(|(at, (entry, _))| {
        let points = workloads.iter().filter_map(|workload| {
            let cell = entry.cell(&workload.name)?;
            let value = |metric: Figure| cell.figure(&metric.key())?.value;
            Some(Point {
                is_hollow: cell.overloaded_runs as usize * 2 > cell.runs.len(),
                ..Point::at(value(Figure::MESSAGES_PER_S)?, value(Figure::RESPONSE_P99)?)
            })
        });
        let mut points: Vec<Point> = points.collect();
        points.sort_by(|one, other| one.x.total_cmp(&other.x));
        Trace {
            name: entry.facts.name.clone(),
            colour: run::colour(at),
            is_joined: true,
            has_dots: true,
            points,
            ..Trace::default()
        }
    });
    Plot {
        title: format!("p99 response time, {connections} connections, {size} B"),
        caption: "Hollow: the server did not hold the rate in most runs.".to_owned(),
        x: Axis::new("received, messages/s", Scale::Linear, Unit::Rate),
        y: Axis::new("p99 response time", Scale::Log, Unit::Span),
        series: drawn_last_first(series.collect()),
        levels: limit(ranking),
    }
}

/// The objective as a level, where it is one of p99.
fn limit(ranking: &Ranking) -> Vec<Level> {
    let words = ranking.suite.objective.as_deref().unwrap_or_default();
    let ns = match objective::parse(words) {
        Ok(Objective::ResponseTime {
            percentile: 99.0,
            at_most_ns,
        }) => Some(at_most_ns as f64),
        _ => None,
    };
    ns.map(|y| Level {
        name: words.to_owned(),
        y,
    })
    .into_iter()
    .collect()
}

/// Memory over connections, where connections were held idle at several numbers.
pub(super) fn memory(page: &mut Page, ranking: &Ranking) {
    let idle = |workload: &&Workload| workload.kind == WorkloadKind::Idle;
    let idle: Vec<&Workload> = ranking.suite.workloads.iter().filter(idle).collect();
    let Some(first) = idle.first() else { return };
    let servers = in_order(ranking, &first.name).into_iter();
    let series = servers.enumerate().map(|(at, (entry, _))| {
        let points = idle.iter().filter_map(|workload| {
            let figure = entry
                .cell(&workload.name)?
                .figure(&Figure::BYTES_AT_LOAD.key())?;
            Some(Point::at(f64::from(workload.connections), figure.value?))
        });
        let mut points: Vec<Point> = points.collect();
        points.sort_by(|one, other| one.x.total_cmp(&other.x));
        Trace {
            name: slope(entry, first),
            colour: run::colour(at),
            is_joined: true,
            has_dots: true,
            points,
            ..Trace::default()
        }
    });
    let plot = Plot {
        title: "Memory over connections that are held".to_owned(),
        caption: "Shared pages counted once; in the legend the slope, bytes a connection."
            .to_owned(),
        x: Axis::new("connections", Scale::Linear, Unit::Rate),
        y: Axis::new("memory", Scale::Linear, Unit::Bytes),
        series: drawn_last_first(series.collect()),
        levels: Vec::new(),
    };
    if !plot.is_empty() {
        page.section("memory", "Memory");
        page.plot(&plot);
    }
}

fn slope(entry: &Entry, workload: &Workload) -> String {
    let figure = entry.cell(&workload.name);
    let figure = figure.and_then(|cell| cell.figure(&Figure::BYTES_PER_CONNECTION.key())?.value);
    match figure {
        Some(value) => format!(
            "{} ({})",
            entry.facts.name,
            Figure::BYTES_PER_CONNECTION.written(value)
        ),
        None => entry.facts.name.clone(),
    }
}

/// Trade-offs with the servers that no other beats in both.
pub(super) fn tradeoffs(page: &mut Page, ranking: &Ranking) {
    if ranking.tradeoffs.is_empty() {
        return;
    }
    page.section("tradeoffs", "Trade-offs");
    for line in words::fronts(ranking) {
        page.prose(&line);
    }
    for front in &ranking.tradeoffs {
        if let (Some(x), Some(y)) = (metric_of(&front.x), metric_of(&front.y)) {
            page.plot(&scatter(ranking, front, x, y));
            page.push(&points(ranking, front, x, y).markup());
        }
    }
}

/// The metric of a league key.
fn metric_of(key: &str) -> Option<Figure> {
    Figure::recorded(key.split_once('/')?.1)
}

/// The interval of a server's value in a league.
fn ends(ranking: &Ranking, key: &str, server: &str) -> Option<(f64, f64)> {
    let places = ranking
        .leagues_of(key)
        .flat_map(|league: &League| &league.places);
    let mut own = places.filter(|place| place.server == server);
    own.next().and_then(|place| place.low.zip(place.high))
}

fn scatter(ranking: &Ranking, front: &Front, x: Figure, y: Figure) -> Plot {
    let clouds = [false, true].map(|on_front| {
        let own = front
            .points
            .iter()
            .filter(|point| point.on_front == on_front);
        let points = own.map(|point| Point {
            x_range: ends(ranking, &front.x, &point.server),
            y_range: ends(ranking, &front.y, &point.server),
            label: point.server.clone(),
            ..Point::at(point.x, point.y)
        });
        Trace {
            name: if on_front {
                "beaten by none in both"
            } else {
                "beaten in both"
            }
            .to_owned(),
            colour: on_front.then_some(0),
            points: points.collect(),
            ..Trace::default()
        }
    });
    let mut steps: Vec<Point> = clouds[1]
        .points
        .iter()
        .map(|one| Point::at(one.x, one.y))
        .collect();
    steps.sort_by(|one, other| one.x.total_cmp(&other.x));
    let line = Trace {
        colour: Some(0),
        is_joined: true,
        is_dashed: true,
        points: steps,
        ..Trace::default()
    };
    let axis = |key: &str, metric: Figure| {
        let name = format!(
            "{} ({})",
            metric.title(),
            key.split('/').next().unwrap_or(key)
        );
        Axis::new(&name, Scale::Log, metric.unit().into())
    };
    let [beaten, best] = clouds;
    let better = |metric: Figure, more: &'static str, less: &'static str| match metric.sense() {
        wsbench_judge::figure::Sense::More => more,
        wsbench_judge::figure::Sense::Less => less,
    };
    Plot {
        title: format!("{} against {}", x.title(), y.title()),
        caption: format!(
            "Better is {} and {}. Crosses are 95 % intervals; grey is beaten in both.",
            better(x, "right", "left"),
            better(y, "up", "down")
        ),
        x: axis(&front.x, x),
        y: axis(&front.y, y),
        series: vec![beaten, line, best],
        levels: Vec::new(),
    }
}

/// The same as a table: names of what is grey have no room in the picture.
fn points(ranking: &Ranking, front: &Front, x: Figure, y: Figure) -> Grid {
    let mut grid = Grid::new()
        .text("server")
        .figures(&front.x)
        .figures(&front.y)
        .text("front")
        .sortable();
    for point in &front.points {
        grid.push(vec![
            named(ranking, &point.server),
            Cell::figure(&metric::words(x, point.x), point.x),
            Cell::figure(&metric::words(y, point.y), point.y),
            Cell::text(if point.on_front { "beaten by none" } else { "" }),
        ]);
    }
    grid
}
