//! A run over time: the rate above, times below it, on one axis.

use wsbench_load::series::Series;
use wsbench_record::document::{Document, Ended, Interval};
use wsbench_record::units::seconds;

use crate::brief::died::Departure;
use crate::html::plot::{
    Axis, AxisUnit, Dead, MOST_POINTS, Panel, Plot, PlotPoint, Scale, Shape, Trace,
};
use crate::times::{IntervalCounts, Tempo};

/// Height of the rates, px.
const RATES: f64 = 106.0;
/// Height of the times, px.
const TIMES: f64 = 138.0;
/// Dead times that are shorter are not hatched, s.
const LEAST_DEAD_S: f64 = 0.5;

/// A run among others.
pub(super) struct NamedRun<'a> {
    /// Name of it.
    pub(super) name: &'a str,
    /// Its look.
    pub(super) look: Option<usize>,
    /// True of one among many.
    pub(super) is_thin: bool,
    /// The run.
    pub(super) document: &'a Document,
}

/// The chart of one run; `None` where it is too short for one.
pub(super) fn of_one(document: &Document) -> Option<Plot> {
    let groups = grouped(&document.intervals);
    if groups.len() < 2 {
        return None;
    }
    let counted = Tempo::of(&document.plan.clients);
    let unit = counted.unit();
    let figure = |group: &[Interval]| of_group(counted, group);
    let mut rates = vec![line(unit, Some(0), Shape::Steps, &groups, &figure)];
    if document.plan.clients.is_open_loop() {
        let due = |group: &[Interval]| {
            let (due, length) = sums(group, |interval| interval.due);
            (length > 0.0).then(|| due / length)
        };
        rates.insert(0, line("due", None, Shape::Steps, &groups, &due));
    }
    let told = document.plan.clients.course();
    let times = vec![
        line("p50", Some(0), Shape::Line, &groups, &|group| {
            p50(group, told)
        }),
        line("p99", Some(1), Shape::Line, &groups, &|group| {
            p99(group, told)
        }),
    ];
    let course: Vec<f64> = groups.iter().filter_map(|group| figure(group)).collect();
    let (least, most) = (
        course.iter().copied().fold(f64::INFINITY, f64::min),
        course.iter().copied().fold(0.0, f64::max),
    );
    let each = document.intervals[0].length_s * groups[0].len() as f64;
    let [from, to] = [least, most].map(|figure| counted.words(figure));
    let range = format!("{from}–{to} {unit}");
    let mut plot = Plot {
        beside: format!("every {}; {range}", seconds(each)),
        answer: format!("{range}."),
        dead: dead(document),
        ..chart("Was it steady?", rates)
    };
    let y = Axis::new("", Scale::Log, AxisUnit::Span);
    let panel = Panel::new(y, TIMES, times);
    if panel.series.iter().any(|series| series.points.len() > 1) {
        plot.panels.push(panel);
    }
    Some(plot)
}

/// The rates of several runs over time.
pub(super) fn of_several(runs: &[NamedRun<'_>]) -> Option<Plot> {
    let lines = |shape, of: &dyn Fn(&[Interval]) -> Option<f64>| -> Vec<Trace> {
        let lines = runs.iter().map(|run| {
            let groups = grouped(&run.document.intervals);
            Trace {
                is_thin: run.is_thin,
                ..line(run.name, run.look, shape, &groups, of)
            }
        });
        lines.filter(|line| line.points.len() > 1).collect()
    };
    let counted = Tempo::of(&runs.first()?.document.plan.clients);
    let rates = lines(Shape::Steps, &|group| of_group(counted, group));
    if rates.is_empty() {
        return None;
    }
    let mut plot = chart("Were they steady?", rates);
    let told = runs.first()?.document.plan.clients.course();
    plot.beside = format!(
        "{} above, p99 {} below",
        counted.unit(),
        told.info().caption
    );
    let times = lines(Shape::Line, &|group| p99(group, told));
    if !times.is_empty() {
        let y = Axis::new("", Scale::Log, AxisUnit::Span);
        plot.panels.push(Panel::new(y, TIMES, times));
    }
    Some(plot)
}

/// Messages out and waiting over time; `None` where that is not known.
pub(super) fn in_flight(document: &Document) -> Option<Plot> {
    let groups = grouped(&document.intervals);
    let last = |of: fn(&Interval) -> Option<u64>| {
        move |group: &[Interval]| Some(of(group.last()?)? as f64)
    };
    let out = last(|interval| interval.in_flight);
    let waiting = last(|interval| interval.waiting.filter(|number| *number > 0));
    let mut lines = vec![
        line("in flight", Some(0), Shape::Line, &groups, &out),
        line("waiting", Some(1), Shape::Line, &groups, &waiting),
    ];
    lines.retain(|line| line.points.len() > 1);
    if lines.is_empty() {
        return None;
    }
    let mut plot = chart("How many messages were out?", Vec::new());
    "at the end of each interval".clone_into(&mut plot.beside);
    let y = Axis::new("messages", Scale::Linear, AxisUnit::Rate);
    plot.panels = vec![Panel::new(y, TIMES, lines)];
    Some(plot)
}

fn chart(title: &str, rates: Vec<Trace>) -> Plot {
    let y = Axis::new("messages/s", Scale::Linear, AxisUnit::Rate);
    let x = Axis::new("", Scale::Linear, AxisUnit::Seconds);
    Plot::new(title, x, Panel::new(y, RATES, rates))
}

/// Neighbouring intervals together, so that there are no more than a picture can show.
fn grouped(intervals: &[Interval]) -> Vec<&[Interval]> {
    let size = intervals.len().div_ceil(MOST_POINTS).max(1);
    intervals.chunks(size).collect()
}

/// What a load counts, over a group; of what is open, as many as there were at its end.
fn of_group(counted: Tempo, group: &[Interval]) -> Option<f64> {
    let sum = |of: fn(&Interval) -> u64| group.iter().map(of).sum();
    counted.figure(&IntervalCounts {
        received: sum(|interval| interval.messages),
        sent: sum(|interval| interval.sent.unwrap_or_default()),
        alive: group.last()?.alive,
        length_s: group.iter().map(|interval| interval.length_s).sum(),
    })
}

/// The sum of a count over a group, and its length, s.
fn sums(group: &[Interval], of: impl Fn(&Interval) -> Option<u64>) -> (f64, f64) {
    let known = group
        .iter()
        .filter_map(|one| Some((of(one)?, one.length_s)));
    known.fold((0.0, 0.0), |(sum, length), (number, s)| {
        (sum + number as f64, length + s)
    })
}

fn line(
    name: &str,
    look: Option<usize>,
    shape: Shape,
    groups: &[&[Interval]],
    y: &dyn Fn(&[Interval]) -> Option<f64>,
) -> Trace {
    let points = groups.iter().filter_map(|group| {
        // To the millisecond, so that the seconds of several runs stand one above the other.
        let at = (group.last()?.at_s * 1e3).round() / 1e3;
        // What is not known breaks the line.
        Some(PlotPoint::at(at, y(group).unwrap_or(f64::NAN)))
    });
    let mut points: Vec<PlotPoint> = points.collect();
    if shape == Shape::Steps || points.iter().all(|point| point.y.is_nan()) {
        points.retain(|point| point.y.is_finite());
    }
    while points.last().is_some_and(|point| point.y.is_nan()) {
        points.pop();
    }
    Trace {
        name: name.to_owned(),
        look,
        shape,
        points,
        ..Trace::default()
    }
}

/// The median of the medians.
fn p50(group: &[Interval], told: Series) -> Option<f64> {
    let mut known: Vec<u64> = group
        .iter()
        .filter_map(|interval| interval.at(told).p50)
        .collect();
    known.sort_unstable();
    known.get(known.len() / 2).map(|ns| *ns as f64)
}

/// The greatest of them: a worse second must not vanish in a mean.
fn p99(group: &[Interval], told: Series) -> Option<f64> {
    let known = group.iter().filter_map(|interval| interval.at(told).p99);
    known.max().map(|ns| ns as f64)
}

/// Stretches without any answer, and from where the server was gone.
fn dead(document: &Document) -> Vec<Dead> {
    let end = document.intervals.last().map_or(0.0, |last| last.at_s);
    if let Some(gone) = Departure::of(document) {
        let cause = match document.ended {
            Ended::ServerDied => "the server was gone",
            _ => "no connection was left",
        };
        return vec![Dead {
            from: gone.at_s,
            to: end.max(gone.at_s),
            cause: cause.to_owned(),
        }];
    }
    let gaps = document.gaps.iter();
    let gaps = gaps.filter(|gap| gap.length_s >= LEAST_DEAD_S.max(end / 100.0));
    gaps.map(|gap| Dead {
        from: gap.start_s,
        to: (gap.start_s + gap.length_s).min(end),
        cause: format!("no answer for {}", seconds(gap.length_s)),
    })
    .collect()
}
