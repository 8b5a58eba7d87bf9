//! A sweep as text: the curve drawn, the knee, and the points in a table.

use wsbench_record::document::{Percentile, Support};
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::sweep::{Point, Sweep};
use wsbench_record::units::{self, counted, percent, rate, seconds, span};

use crate::curve::{self, Curve, Frame, Mark};
use crate::mark;
use crate::page::LabelledText;
use crate::plan_line::{plan_line, title};
use crate::style::{Glyphs, Style, Tone};
use crate::summary::seeded;
use crate::table::Table;

/// The percentiles drawn, and in the table.
const DRAWN: [Percentile; 3] = [Percentile::P50, Percentile::P99, Percentile::P99_9];
/// Lines of the drawing.
const ROWS: usize = 15;
/// Columns that the drawing's labels take.
const LABELS: u16 = 12;

/// Name of the run whose plan is shown: the pilot, or the first where there was none.
pub(crate) fn planned(sweep: &Sweep) -> &'static str {
    match sweep.capacity_per_s {
        Some(_) => "pilot",
        None => "first run",
    }
}

/// The sweep as text, ending with a line end.
#[must_use]
pub fn render(sweep: &Sweep, style: Style) -> String {
    let mut page = LabelledText::new(style);
    let plan = &sweep.provenance.plan;
    let target = page.style.paint(Tone::Headline, &title(plan));
    page.line("wsbench", &target);
    page.prose(planned(sweep), &plan_line(plan), None);
    page.gap();
    drawing(&mut page, sweep);
    for (index, line) in knee(sweep).iter().enumerate() {
        let label = if index == 0 { "knee" } else { "" };
        page.prose(label, line, None);
    }
    page.gap();
    page.table("", &table(sweep));
    let spans: Vec<_> = sweep.points.iter().map(|it| &it.response_ns).collect();
    let basis = mark::basis_of_runs(&spans).into_iter();
    for legend in basis.chain(mark::legends(&spans, &DRAWN)) {
        page.prose("", legend, Some(Tone::Quiet));
    }
    page.gap();
    for (index, line) in remarks(sweep).iter().enumerate() {
        let label = if index == 0 { "sweep" } else { "" };
        page.prose(label, line, None);
    }
    let Provenance { command, seed, .. } = &sweep.provenance;
    let command = seeded(command, *seed, style.spelling);
    page.command("repeat", &command);
    page.text
}

/// Response times over received rates.
fn drawing(page: &mut LabelledText, sweep: &Sweep) {
    let glyphs = page.style.glyphs;
    let series: Vec<Curve> = DRAWN.iter().map(|drawn| line_of(sweep, *drawn)).collect();
    let level = sweep
        .objectives
        .iter()
        .find_map(|objective| match objective {
            Objective::Time { at_most_ns, .. } => Some(*at_most_ns as f64),
            Objective::Errors { .. } | Objective::Reach { .. } => None,
        });
    let frame = Frame {
        columns: usize::from(page.style.width.saturating_sub(LABELS).clamp(20, 88)),
        rows: ROWS,
        glyphs,
    };
    let lines = curve::draw(&series, frame, level, rate, span);
    if lines.is_empty() {
        page.line("", mark::NO_SAMPLES);
        page.gap();
        return;
    }
    let times = mark::times_of(&sweep.provenance.plan.clients);
    page.plain(&format!("{times} over received rate, msg/s"));
    for line in lines {
        page.plain(&line);
    }
    let mut legend = curve::legend(&series, glyphs);
    legend.push_str(match glyphs {
        Glyphs::Unicode => "   hollow: overloaded",
        Glyphs::Ascii => "   capital: overloaded",
    });
    page.line("", &legend);
    page.gap();
}

fn line_of(sweep: &Sweep, percentile: Percentile) -> Curve {
    let known = sweep.points.iter().filter_map(|point| {
        let spans = &point.response_ns;
        // A place on a curve, not a figure: estimates are drawn also where the table has a bound.
        let y = spans.at(percentile)? as f64;
        let is_drawn = percentile.support(spans.count) != Support::Unknown;
        (is_drawn && y > 0.0).then_some(Mark {
            x: point.received_per_s,
            y,
            is_hollow: point.overloaded,
        })
    });
    Curve {
        name: percentile.label().to_owned(),
        points: known.collect(),
    }
}

/// The knee by each rule, with the rule.
pub(crate) fn knee(sweep: &Sweep) -> Vec<String> {
    let knee = &sweep.knee;
    let times = mark::times_of(&sweep.provenance.plan.clients);
    let mut lines = Vec::new();
    if !sweep.objectives.is_empty() {
        let asked: Vec<String> = sweep.objectives.iter().map(ToString::to_string).collect();
        let asked = asked.join(", ");
        lines.push(match knee.objectives_met_per_s {
            Some(per_s) => format!("{} msg/s: the highest rate with {asked}", rate(per_s)),
            None => format!("no rate of these has {asked}"),
        });
    }
    if let Some(per_s) = knee.p99_doubles_per_s {
        lines.push(format!(
            "{} msg/s: up to here p99 is at most twice that of the lowest rate",
            rate(per_s)
        ));
    }
    if let Some(per_s) = knee.greatest_power_per_s {
        lines.push(format!(
            "{} msg/s: the greatest power, received rate ÷ mean {times}",
            rate(per_s)
        ));
    }
    if lines.is_empty() {
        lines.push("not known".to_owned());
    }
    lines
}

/// Remarks that are needed beside the curve.
pub(crate) fn remarks(sweep: &Sweep) -> Vec<String> {
    let runs: usize = sweep.points.iter().map(|point| point.runs.len()).sum();
    let took = seconds(sweep.took_s.round());
    let rounds = sweep.points.iter().map(|point| point.runs.len()).max();
    let mut lines = vec![format!(
        "{} in random order, {}, {took}",
        counted(runs as u64, "run"),
        counted(rounds.unwrap_or(0) as u64, "round")
    )];
    if let Some(words) = &sweep.fitted {
        lines.push(words.clone());
    }
    if let Some(reason) = &sweep.cut_short {
        lines.push(format!("cut short: {reason}"));
    }
    if let Some(capacity) = sweep.capacity_per_s {
        lines.push(format!(
            "pressed as hard as it could, the pilot got {} msg/s",
            rate(capacity)
        ));
    }
    let limited = sweep.points.iter().flat_map(|point| &point.runs);
    let limited = limited.filter(|run| run.generator_limited).count();
    if limited > 0 {
        lines.push(format!(
            "in {limited} of the runs the generator was in the way: those times are partly its own"
        ));
    }
    lines
}

/// Every point, as a table.
pub(crate) fn table(sweep: &Sweep) -> Table {
    let names = [
        "asked/s",
        "received/s",
        "p50",
        "p99",
        "p99 of runs",
        "p99.9",
        "max",
        "errors",
        "runs",
        "",
    ];
    // The tail, which is drawn above, and the range over the runs are what a narrow terminal misses.
    let mut table = Table::new(&names).left(names.len() - 1).spare(&[5, 4]);
    for point in &sweep.points {
        table.push(row(point));
    }
    table
}

fn row(point: &Point) -> Vec<String> {
    let spans = &point.response_ns;
    let p99s = point.runs.iter().filter_map(|run| run.p99_ns);
    let range = match (p99s.clone().min(), p99s.max()) {
        (Some(low), Some(high)) if low == high => span(low as f64),
        (Some(low), Some(high)) => format!("{}–{}", span(low as f64), span(high as f64)),
        _ => units::UNKNOWN.to_owned(),
    };
    vec![
        rate(point.asked_per_s),
        rate(point.received_per_s),
        mark::percentile(spans, Percentile::P50),
        mark::percentile(spans, Percentile::P99),
        range,
        mark::percentile(spans, Percentile::P99_9),
        mark::longest(spans),
        percent(point.error_share),
        point.runs.len().to_string(),
        if point.overloaded { "overloaded" } else { "" }.to_owned(),
    ]
}
