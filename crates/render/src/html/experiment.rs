//! The pages of searches and sweeps: latency over load, and what was found on it.

use wsbench_record::document::{Percentile, Support};
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::search::{Over, Search, TrialVerdict};
use wsbench_record::sweep::{self, Sweep};
use wsbench_setting::Spelling;

use super::grid::{Cell, Grid};
use super::page::{Page, verdict};
use super::plot::{Axis, Level, Plot, Point, Scale, Trace, Unit};
use super::run::machine;
use crate::plan_line::{plan_line, title};
use crate::search;
use crate::summary::seeded;
use crate::table::Table;

/// The percentiles of a curve.
const DRAWN: [Percentile; 3] = [Percentile::P50, Percentile::P99, Percentile::P99_9];

/// The page of a search.
#[must_use]
pub fn search(search: &Search, spelling: &'static dyn Spelling) -> String {
    let plan = &search.provenance.plan;
    let mut page = Page::new("Search", &title(plan), spelling);
    page.prose(&format!(
        "{}. First trial: {}",
        search::over_words(search.over),
        plan_line(plan)
    ));
    let class = if search.holds.is_some() {
        "shown"
    } else {
        "bad"
    };
    page.push(&verdict(
        class,
        &format!("Sustainable: {}", search::answer(search)),
    ));
    for remark in search::remarks(search, spelling) {
        page.prose(&remark);
    }
    page.section("trials", "Trials");
    page.plot(&trials(search));
    page.push(&grid(&search::table(search)).markup());
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
    let mut page = Page::new("Sweep", &title(plan), spelling);
    page.prose(&format!("First run: {}", plan_line(plan)));
    let knee = crate::sweep::knee(sweep);
    page.push(&verdict("shown", &format!("Knee: {}", knee.join("; "))));
    for remark in crate::sweep::remarks(sweep) {
        page.prose(&remark);
    }
    page.section("curve", "Latency over load");
    let received = |point: &sweep::Point| point.received_per_s;
    let asked = |point: &sweep::Point| point.asked_per_s;
    page.plot(&curve(
        sweep,
        "Response time over received rate",
        "received, messages/s",
        received,
    ));
    page.plot(&curve(
        sweep,
        "Response time over offered rate",
        "offered, messages/s",
        asked,
    ));
    page.plot(&achieved(sweep));
    page.section("points", "Points");
    page.push(&grid(&crate::sweep::table(sweep)).markup());
    provenance(&mut page, &sweep.provenance);
    page.html()
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
        grid.push(row.iter().map(|words| Cell::text(words)).collect());
    }
    grid
}

/// The limits of response times among the objectives.
fn levels(objectives: &[Objective]) -> Vec<Level> {
    let limits = objectives.iter().filter_map(|objective| match objective {
        Objective::ResponseTime { at_most_ns, .. } => Some(Level {
            name: objective.to_string(),
            y: *at_most_ns as f64,
        }),
        Objective::Errors { .. } => None,
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
            let Objective::ResponseTime { .. } = objective else {
                return None;
            };
            let points = search.trials.iter().filter_map(|trial| {
                let reading = trial.readings.get(at)?;
                Some(Point {
                    y_range: reading.low.zip(reading.high),
                    is_hollow: trial.verdict != TrialVerdict::Holds,
                    ..Point::at(
                        trial.load,
                        reading.figure.filter(|figure| figure.is_finite())?,
                    )
                })
            });
            Some(Trace {
                name: objective.name(),
                colour: Some(at),
                has_dots: true,
                points: points.collect(),
                ..Trace::default()
            })
        });
    let x = match search.over {
        Over::Rate => "asked, messages/s",
        Over::Connections { .. } => "connections",
    };
    Plot {
        title: "Each trial".to_owned(),
        caption: "Hollow: did not hold. The lines are 95 % intervals, where one trial gives one."
            .to_owned(),
        x: Axis::new(x, Scale::Linear, Unit::Rate),
        y: Axis::new("response time", Scale::Log, Unit::Span),
        series: series.collect(),
        levels: levels(&search.objectives),
    }
}

/// The curve over one of its rates.
fn curve(sweep: &Sweep, title: &str, x: &str, along: fn(&sweep::Point) -> f64) -> Plot {
    let series = DRAWN.iter().enumerate().map(|(at, percentile)| {
        let known = sweep.points.iter().filter_map(|point| {
            let spans = &point.response_ns;
            let ns = spans.at(*percentile)?;
            let is_known = percentile.support(spans.count) != Support::Unknown;
            (is_known && ns > 0).then(|| Point {
                is_hollow: point.overloaded,
                ..Point::at(along(point), ns as f64)
            })
        });
        let mut points: Vec<Point> = known.collect();
        points.sort_by(|one, other| one.x.total_cmp(&other.x));
        Trace {
            name: percentile.label().to_owned(),
            colour: Some(at),
            is_joined: true,
            has_dots: true,
            points,
            ..Trace::default()
        }
    });
    Plot {
        title: title.to_owned(),
        caption: "Hollow: the server did not hold the rate.".to_owned(),
        x: Axis::new(x, Scale::Linear, Unit::Rate),
        y: Axis::new("response time", Scale::Log, Unit::Span),
        series: series.collect(),
        levels: levels(&sweep.objectives),
    }
}

/// Plot of what was received of what was asked: where the line bends, the server is at its end.
fn achieved(sweep: &Sweep) -> Plot {
    let line = |name: &str, colour, y: fn(&sweep::Point) -> f64| Trace {
        name: name.to_owned(),
        colour,
        is_joined: true,
        has_dots: colour.is_some(),
        is_dashed: colour.is_none(),
        points: sweep
            .points
            .iter()
            .map(|point| Point {
                is_hollow: point.overloaded && colour.is_some(),
                ..Point::at(point.asked_per_s, y(point))
            })
            .collect(),
    };
    Plot {
        title: "Received of offered".to_owned(),
        caption: "The dashed line is what was offered.".to_owned(),
        x: Axis::new("offered, messages/s", Scale::Linear, Unit::Rate),
        y: Axis::new("messages/s", Scale::Linear, Unit::Rate),
        series: vec![
            line("offered", None, |point| point.asked_per_s),
            line("received", Some(0), |point| point.received_per_s),
        ],
        levels: Vec::new(),
    }
}

/// Origin of the figures.
fn provenance(page: &mut Page, provenance: &Provenance) {
    page.section("machine", "Machine and versions");
    page.quiet(&format!(
        "Begun {} by wsbench {}",
        provenance.started_at, provenance.tool_version
    ));
    page.push(&machine(&provenance.host).markup());
    page.section("repeat", "To repeat it");
    let Provenance { command, seed, .. } = provenance;
    page.command(&seeded(command, *seed, page.spelling()));
}
