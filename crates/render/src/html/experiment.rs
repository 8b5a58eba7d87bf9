//! The pages of searches and sweeps: latency over load, and what was found on it.

use wsbench_record::document::{Percentile, Support};
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::search::{Over, Search, TrialVerdict};
use wsbench_record::sweep::{self, Sweep};
use wsbench_setting::Spelling;

use super::grid::{Grid, GridCell};
use super::markup::Markup;
use super::page::{Page, said};
use super::plot::{Axis, AxisUnit, Panel, Plot, PlotPoint, ReferenceLine, Scale, Shape, Trace};
use super::run;
use crate::mark;
use crate::plan_line::{plan_line, title};
use crate::search;
use crate::summary::seeded;
use crate::table::Table;

/// The percentiles of a curve.
const DRAWN: [Percentile; 3] = [Percentile::P50, Percentile::P99, Percentile::P99_9];

/// Height of the pictures, px.
const HEIGHT: f64 = 262.0;

/// The page of a search.
#[must_use]
pub fn search(search: &Search, spelling: &'static dyn Spelling) -> String {
    let plan = &search.provenance.plan;
    let mut page = Page::new(&title(plan), spelling);
    let first = search::planned(search);
    let done = format!(
        "{}; {first}: {}",
        search::over_words(search.over),
        plan_line(plan)
    );
    head(&mut page, "search", &done, &search.provenance);
    let class = if search.holds.is_some() {
        "is-good"
    } else {
        "is-bad"
    };
    let remarks = search::remarks(search, spelling);
    let answer = format!("Sustainable: {}", search::answer(search));
    page.push(&said(class, &answer, &listed(&remarks)));
    page.columns();
    page.chart(&trials(search));
    page.push(&grid(&search::table(search)).markup());
    page.end();
    if search.trials.iter().any(|trial| trial.marginal) {
        page.quiet("~ the trial's confidence interval leaves it open; its estimate is told.");
    }
    for trial in &search.trials {
        if let (Some(doubt), TrialVerdict::GeneratorLimited) = (&trial.doubt, trial.verdict) {
            page.quiet(&format!("Trial {}: {doubt}", trial.number));
        }
    }
    provenance(&mut page, &search.provenance);
    page.html()
}

/// The page of a sweep.
#[must_use]
pub fn sweep(sweep: &Sweep, spelling: &'static dyn Spelling) -> String {
    let plan = &sweep.provenance.plan;
    let mut page = Page::new(&title(plan), spelling);
    let first = crate::sweep::planned(sweep);
    let done = format!("sweep; {first}: {}", plan_line(plan));
    head(&mut page, "sweep", &done, &sweep.provenance);
    let knee = crate::sweep::knee(sweep);
    let remarks = crate::sweep::remarks(sweep);
    let answer = format!("Knee: {}", knee.join("; "));
    page.push(&said("shown", &answer, &listed(&remarks)));
    page.columns();
    let received = |point: &sweep::Point| point.received_per_s;
    page.chart(&curve(
        sweep,
        "How does latency rise with the load?",
        "received, messages/s",
        received,
    ));
    page.chart(&achieved(sweep));
    page.end();
    page.push(&grid(&crate::sweep::table(sweep)).markup());
    provenance(&mut page, &sweep.provenance);
    page.html()
}

fn head(page: &mut Page, kind: &str, done: &str, provenance: &Provenance) {
    let origin = run::origin(kind, &provenance.started_at, &provenance.tool_version);
    page.head(done, &origin, &[("#repeat", "the command")]);
}

/// Remarks one behind the other.
fn listed(remarks: &[String]) -> Markup {
    let mut words = Markup::new();
    words.prose(&remarks.join("; "));
    words
}

/// A table of text as one of the page.
fn grid(table: &Table) -> Grid {
    let mut grid = Grid::new();
    for (at, name) in table.names().iter().enumerate() {
        grid = if table.is_left(at) {
            grid.text(name)
        } else {
            grid.figures(name)
        };
    }
    for row in table.rows() {
        grid.push(row.iter().map(|words| GridCell::text(words)).collect());
    }
    grid
}

/// The limits of response times among the objectives.
fn levels(objectives: &[Objective]) -> Vec<ReferenceLine> {
    let limits = objectives.iter().filter_map(|objective| match objective {
        Objective::Time { at_most_ns, .. } => Some(ReferenceLine {
            name: objective.to_string(),
            y: *at_most_ns as f64,
        }),
        Objective::Errors { .. } | Objective::Reach { .. } => None,
    });
    limits.collect()
}

/// Every trial's percentile over its load.
fn trials(search: &Search) -> Plot {
    let series = search
        .objectives
        .iter()
        .enumerate()
        .filter_map(|(at, objective)| {
            let Objective::Time { .. } = objective else {
                return None;
            };
            let points = search.trials.iter().filter_map(|trial| {
                let reading = trial.readings.get(at)?;
                Some(PlotPoint {
                    y_range: reading.low.zip(reading.high),
                    is_hollow: trial.verdict != TrialVerdict::Holds,
                    ..PlotPoint::at(
                        trial.load,
                        reading.figure.filter(|figure| figure.is_finite())?,
                    )
                })
            });
            Some(Trace {
                name: objective.name(),
                look: Some(at),
                has_dots: true,
                points: points.collect(),
                ..Trace::default()
            })
        });
    let x = match search.over {
        Over::Rate => "asked, messages/s",
        over => over.unit(),
    };
    let times = mark::times_of(&search.provenance.plan.clients);
    let y = Axis::new(times, Scale::Log, AxisUnit::Span);
    let mut panel = Panel::new(y, HEIGHT, series.collect());
    panel.levels = levels(&search.objectives);
    Plot {
        beside: "a mark each trial; hollow: did not hold; lines: 95 %".to_owned(),
        answer: format!("{}.", search::answer(search)),
        ..Plot::new(
            "What does it hold?",
            Axis::new(x, Scale::Linear, AxisUnit::Rate),
            panel,
        )
    }
}

/// The curve over one of its rates.
fn curve(sweep: &Sweep, title: &str, x: &str, along: fn(&sweep::Point) -> f64) -> Plot {
    let series = DRAWN.iter().enumerate().map(|(at, percentile)| {
        let known = sweep.points.iter().filter_map(|point| {
            let spans = &point.response_ns;
            // A place on a curve, not a figure: estimates are drawn also where the table has a bound.
            let ns = spans.at(*percentile)?;
            let is_drawn = percentile.support(spans.count) != Support::Unknown;
            let ends = spans.known(*percentile).ends();
            (is_drawn && ns > 0).then(|| PlotPoint {
                is_hollow: point.overloaded,
                y_range: ends.and_then(|(low, high)| Some((low, high?))),
                ..PlotPoint::at(along(point), ns as f64)
            })
        });
        let mut points: Vec<PlotPoint> = known.collect();
        points.sort_by(|one, other| one.x.total_cmp(&other.x));
        Trace {
            name: percentile.label().to_owned(),
            look: Some(at),
            shape: Shape::Line,
            has_dots: true,
            points,
            ..Trace::default()
        }
    });
    let times = mark::times_of(&sweep.provenance.plan.clients);
    let y = Axis::new(times, Scale::Log, AxisUnit::Span);
    let mut panel = Panel::new(y, HEIGHT, series.collect());
    panel.levels = levels(&sweep.objectives);
    Plot {
        beside: format!("{times}; hollow: the server did not hold the rate; lines: 95 %"),
        ..Plot::new(title, Axis::new(x, Scale::Linear, AxisUnit::Rate), panel)
    }
}

/// Chart of what was received of what was asked: where the line bends, the server is at its end.
fn achieved(sweep: &Sweep) -> Plot {
    let line = |name: &str, look: Option<usize>, y: fn(&sweep::Point) -> f64| Trace {
        name: name.to_owned(),
        look,
        shape: Shape::Line,
        has_dots: look.is_some(),
        points: sweep
            .points
            .iter()
            .map(|point| PlotPoint {
                is_hollow: point.overloaded && look.is_some(),
                ..PlotPoint::at(point.asked_per_s, y(point))
            })
            .collect(),
        ..Trace::default()
    };
    let series = vec![
        line("offered", None, |point| point.asked_per_s),
        line("received", Some(0), |point| point.received_per_s),
    ];
    let y = Axis::new("messages/s", Scale::Linear, AxisUnit::Rate);
    Plot {
        beside: "messages/s; grey: what was offered".to_owned(),
        ..Plot::new(
            "Does it answer what is asked?",
            Axis::new("offered, messages/s", Scale::Linear, AxisUnit::Rate),
            Panel::new(y, HEIGHT, series),
        )
    }
}

/// Origin of the figures.
fn provenance(page: &mut Page, provenance: &Provenance) {
    page.fold("machine", "Machine and versions", "");
    page.push(&run::machine(&provenance.host).markup()).unfold();
    page.fold("repeat", "To repeat it", "");
    let Provenance { command, seed, .. } = provenance;
    page.command(&seeded(command, *seed, page.spelling()));
    page.unfold();
}
