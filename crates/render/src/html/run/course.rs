//! A run over time: percentiles of each second, rates, and what was out.

use wsbench_load::series::Series;
use wsbench_record::document::{Document, Interval};

use crate::html::plot::{Axis, Plot, Point, Scale, Trace, Unit};

/// A run among others.
pub(super) struct Named<'a> {
    /// Name of it.
    pub(super) name: &'a str,
    /// Its colour.
    pub(super) colour: Option<usize>,
    /// The run.
    pub(super) document: &'a Document,
}

/// The plots of one run.
pub(super) fn of_one(document: &Document) -> Vec<Plot> {
    let line = |name: &str, colour, y: fn(&Interval) -> Option<f64>| {
        series(name, Some(colour), document, y)
    };
    let mut rates = vec![line("answered", 0, Interval::messages_per_s)];
    if document.plan.clients.is_open_loop() {
        let due = line("due", 3, |interval| per_s(interval, interval.due));
        rates.insert(
            0,
            Trace {
                is_dashed: true,
                ..due
            },
        );
    }
    let plots = [
        times(vec![
            line("p50", 0, p50),
            line("p99", 1, p99),
            line("max", 2, max),
        ]),
        throughput(rates),
        in_flight(vec![
            line("in flight", 0, |interval| Some(interval.in_flight? as f64)),
            line("due and waiting", 1, |interval| {
                interval
                    .waiting
                    .filter(|number| *number > 0)
                    .map(|number| number as f64)
            }),
        ]),
    ];
    drawn(plots)
}

/// The same plots of several runs, a line each.
pub(super) fn of_several(runs: &[Named<'_>]) -> Vec<Plot> {
    let lines = |y: fn(&Interval) -> Option<f64>| -> Vec<Trace> {
        let lines = runs.iter();
        lines
            .map(|run| series(run.name, run.colour, run.document, y))
            .collect()
    };
    let p99 = Plot {
        title: "p99 service time over time".to_owned(),
        ..times(lines(p99))
    };
    drawn([
        p99,
        throughput(lines(Interval::messages_per_s)),
        in_flight(lines(|interval| Some(interval.in_flight? as f64))),
    ])
}

/// Those of which there is something to draw.
fn drawn<const N: usize>(plots: [Plot; N]) -> Vec<Plot> {
    let has_course = |series: &Trace| series.points.len() > 1;
    let mut plots: Vec<Plot> = plots.into();
    for plot in &mut plots {
        plot.series.retain(has_course);
    }
    plots.retain(|plot| !plot.is_empty());
    plots
}

fn times(series: Vec<Trace>) -> Plot {
    plot(
        "Service time over time",
        Axis::new("service time", Scale::Log, Unit::Span),
        series,
    )
}

fn throughput(series: Vec<Trace>) -> Plot {
    plot(
        "Messages a second",
        Axis::new("messages/s", Scale::Linear, Unit::Rate),
        series,
    )
}

fn in_flight(series: Vec<Trace>) -> Plot {
    plot(
        "In flight at the end of each interval",
        Axis::new("messages", Scale::Linear, Unit::Rate),
        series,
    )
}

fn plot(title: &str, y: Axis, series: Vec<Trace>) -> Plot {
    Plot {
        title: title.to_owned(),
        caption: String::new(),
        x: Axis::new("since the window opened", Scale::Linear, Unit::Seconds),
        y,
        series,
        levels: Vec::new(),
    }
}

fn series(
    name: &str,
    colour: Option<usize>,
    document: &Document,
    y: fn(&Interval) -> Option<f64>,
) -> Trace {
    let known = document.intervals.iter().filter_map(|interval| {
        // To the millisecond, so that the seconds of several runs stand one above the other.
        let at = (interval.at_s * 1e3).round() / 1e3;
        Some(Point::at(at, y(interval)?))
    });
    Trace {
        name: name.to_owned(),
        colour,
        is_joined: true,
        points: known.collect(),
        ..Trace::default()
    }
}

fn p50(interval: &Interval) -> Option<f64> {
    Some(interval.at(Series::Service).p50? as f64)
}

fn p99(interval: &Interval) -> Option<f64> {
    Some(interval.at(Series::Service).p99? as f64)
}

fn max(interval: &Interval) -> Option<f64> {
    Some(interval.at(Series::Service).max? as f64)
}

fn per_s(interval: &Interval, number: Option<u64>) -> Option<f64> {
    let number = number?;
    (interval.length_s > 0.0).then(|| number as f64 / interval.length_s)
}
