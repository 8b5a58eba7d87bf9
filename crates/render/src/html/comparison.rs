//! The page of a comparison: the verdict, the ratios, and how each round of both sides went.

use wsbench_judge::figure::Figure;
use wsbench_record::audit::Severity;
use wsbench_record::comparison::{Comparison, Contrast, Doubt, Found, Side};
use wsbench_record::document::{Distribution, Document};
use wsbench_record::units::UNKNOWN;
use wsbench_setting::Spelling;

use super::conditions::conditions;
use super::markup::Markup;
use super::page::{Page, caveats, said, severity_words};
use super::plot::{Axis, AxisUnit, Panel, Plot, PlotPoint, Scale, Shape, Trace};
use super::ranges::{Range, Ranges};
use super::{latency, run};
use crate::comparison::{design, factors, legend, plan, row};
use crate::summary::seeded;
use crate::times::headline;

/// A difference that is smaller is never told.
const LEAST: (f64, f64) = (1.0 / 1.02, 1.02);
/// Runs that may lie beyond the axis before it is made longer.
const EDGE: f64 = 4.0;
/// Height of the picture of rounds, px.
const ROUNDS: f64 = 262.0;

/// The page of a comparison.
#[must_use]
pub fn render(comparison: &Comparison, spelling: &'static dyn Spelling) -> String {
    let title = format!("A {} against B {}", comparison.a.label, comparison.b.label);
    let mut page = Page::new(&title, spelling);
    let done = match plan(comparison) {
        Some(plan) => format!("{plan}; {}", design(comparison)),
        None => design(comparison),
    };
    let began = comparison.a.runs.first();
    let began = began.map_or("", |first| first.started_at.as_str());
    let origin = run::origin("comparison", began, &comparison.tool_version);
    page.head(&done, &origin, &[("#repeat", "the command")]);
    let doubts = doubts(comparison);
    let beside = gravest(&doubts);
    page.push(&said(
        tone(comparison),
        &sentence(&comparison.verdict),
        &beside,
    ));
    page.push(&conditions(&comparison.conditions));
    page.push(&ratios(comparison).figure());
    for note in legend(comparison, spelling) {
        page.quiet(&note);
    }
    page.columns();
    if let Some(plot) = overlaid(comparison) {
        page.chart(&plot);
    }
    if let Some(plot) = rounds(comparison) {
        page.chart(&plot);
    }
    page.end();
    if !doubts.is_empty() {
        let heading = format!("What may be doubted ({})", doubts.len());
        page.fold_of("doubts", "doubts", &heading, &doubts[0].1);
        let told = doubts.iter();
        page.push(&caveats(told.map(|(severity, words, advice)| {
            (*severity, words.as_str(), advice.as_str())
        })));
        page.unfold();
    }
    for (name, side, id) in sides_of(comparison) {
        for (at, document) in side.runs.iter().enumerate() {
            let name = format!("{name}, run {}", at + 1);
            run::folded(&mut page, &format!("{id}-{}", at + 1), &name, document);
        }
    }
    page.fold("repeat", "To repeat it", "");
    page.command(&match comparison.seed {
        Some(seed) => seeded(&comparison.command, seed, spelling),
        None => comparison.command.clone(),
    });
    page.unfold();
    page.html()
}

/// Both sides with their name and the place of their runs on the page.
fn sides_of(comparison: &Comparison) -> [(&'static str, &Side, &'static str); 2] {
    [
        ("A", &comparison.a, "runs-a"),
        ("B", &comparison.b, "runs-b"),
    ]
}

/// Tone, by whether something was shown.
fn tone(comparison: &Comparison) -> &'static str {
    let shown =
        |contrast: &Contrast| matches!(contrast.finding, Some(Found::Greater | Found::Less));
    if comparison.figures.iter().any(shown) {
        "shown"
    } else {
        ""
    }
}

/// Words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

fn doubts(comparison: &Comparison) -> Vec<(Severity, String, String)> {
    let mut doubts: Vec<(Severity, String, String)> = comparison
        .doubts
        .iter()
        .map(|doubt| match doubt {
            Doubt::Audit { side, caveat } => (
                caveat.severity,
                format!("{side} {}: {}", caveat.how_often(), caveat.message),
                caveat.advice.clone(),
            ),
            Doubt::Design { words } => (Severity::Note, words.clone(), String::new()),
        })
        .collect();
    doubts.sort_by_key(|(severity, ..)| std::cmp::Reverse(*severity));
    doubts
}

/// The gravest doubt in a line, with the way to the others.
fn gravest(doubts: &[(Severity, String, String)]) -> Markup {
    let mut line = Markup::new();
    if let Some((severity, words, _)) = doubts.first() {
        let (sign, class, word) = severity_words(*severity);
        line.element("b", &[("class", class)], &format!("{sign} {word}"));
        line.text(" ").prose(words).text(". ");
        if doubts.len() > 1 {
            let all = format!("{} reservations", doubts.len());
            line.element("a", &[("href", "#doubts")], &all);
        }
    }
    line
}

/// B ÷ A of each figure, with its interval and the ratio of each round.
fn ratios(comparison: &Comparison) -> Ranges {
    let rows = comparison.figures.iter().filter_map(|contrast| {
        let figure = Figure::recorded(&contrast.name)?;
        let cells = row(contrast)?;
        let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
        let (look, tone, sign) = match contrast.finding {
            Some(Found::Greater | Found::Less) => (Some(1), "c1 told", "▲ "),
            Some(Found::Equivalent) => (Some(2), "good", "= "),
            _ => (None, "quiet", "? "),
        };
        let sign = if contrast.finding.is_some() { sign } else { "" };
        let missing = contrast.missing.clone().unwrap_or_default();
        Some(Range {
            name: figure.label(),
            before: vec![cell(1), cell(2)],
            value: contrast.ratio,
            ends: contrast.ratio_low.zip(contrast.ratio_high),
            is_hollow: matches!(contrast.finding, Some(Found::Undecided)),
            dots: match contrast.is_pooled {
                true => Vec::new(),
                false => of_rounds(comparison, figure),
            },
            after: vec![
                interval(contrast),
                cell(5),
                if missing.is_empty() {
                    format!("{sign}{}", cell(6))
                } else {
                    "not compared".to_owned()
                },
            ],
            missing,
            tone,
            look,
        })
    });
    let rows: Vec<Range> = rows.collect();
    let ends = rows.iter().flat_map(|row| {
        let ends = row.ends.into_iter().flat_map(|(low, high)| [low, high]);
        ends.chain(row.value)
    });
    let held = ends.map(|value| value.clamp(1.0 / EDGE, EDGE)).collect();
    Ranges {
        title: "How do they compare?".to_owned(),
        beside: "B ÷ A with its 95 % interval; small circles: each round; grey strip: less than \
                 2 %, never called a difference"
            .to_owned(),
        before: vec!["figure", "A", "B"],
        after: vec!["B ÷ A, 95 %", "noise A, B", "finding"],
        axis: Axis::new("← B less · B more →", Scale::Ratios, AxisUnit::Factor),
        held,
        reference: Some((1.0, LEAST.0, LEAST.1)),
        rows,
    }
}

/// The ends of a ratio as factors.
fn interval(contrast: &Contrast) -> String {
    match (contrast.ratio_low, contrast.ratio_high) {
        (Some(low), Some(high)) => factors(low, high),
        _ => UNKNOWN.to_owned(),
    }
}

/// The ratio of each round; none where the sides were not run in rounds.
fn of_rounds(comparison: &Comparison, figure: Figure) -> Vec<f64> {
    let (a, b) = (&comparison.a.runs, &comparison.b.runs);
    if a.len() != b.len() {
        return Vec::new();
    }
    let ratios = a.iter().zip(b).filter_map(|(a, b)| {
        let (a, b) = (figure.read(a).ok()?.value, figure.read(b).ok()?.value);
        (a > 0.0 && b > 0.0).then_some(b / a)
    });
    ratios.collect()
}

/// Latency by percentile of both sides, each run a thin line.
fn overlaid(comparison: &Comparison) -> Option<Plot> {
    let mut kind = "latency";
    let mut lines = Vec::new();
    for (at, (_, side, _)) in sides_of(comparison).into_iter().enumerate() {
        for document in &side.runs {
            kind = run::kind(document);
            lines.push(Trace {
                is_thin: true,
                ..latency::line("", Some(at), headline(document))
            });
        }
    }
    for (at, (name, side, _)) in sides_of(comparison).into_iter().enumerate() {
        let spans = side.runs.iter().map(headline);
        let spans: Vec<&Distribution> = spans.collect();
        let mut line = latency::band(name, Some(at), &spans);
        for point in &mut line.points {
            point.y_range = None;
        }
        lines.push(line);
    }
    let beside = if comparison.compares_latency {
        format!("{kind} by percentile; thin: each run")
    } else {
        format!("{kind} of closed loops: of different loads, not to be compared")
    };
    let plot = latency::plot("Where do they differ?", &beside, lines);
    (!plot.is_empty()).then_some(plot)
}

/// The first figure that was compared and is not alike, round by round.
fn rounds(comparison: &Comparison) -> Option<Plot> {
    let figures = comparison.figures.iter().filter_map(|contrast| {
        let figure = Figure::recorded(&contrast.name)?;
        // What is of all runs together no round has.
        let is_of_rounds = contrast.ratio.is_some() && !contrast.is_pooled;
        (is_of_rounds && !figure.is_count()).then_some((contrast, figure))
    });
    let shown = |(contrast, _): &&(&Contrast, Figure)| {
        matches!(contrast.finding, Some(Found::Greater | Found::Less))
    };
    let figures: Vec<(&Contrast, Figure)> = figures.collect();
    let (_, figure) = figures.iter().find(shown).or(figures.first())?;
    let of_side = |(at, (name, side, _)): (usize, (&'static str, &Side, &str))| {
        let read = |(at, run): (usize, &Document)| {
            let value = figure.read(run).ok()?.value;
            Some(PlotPoint::at((at + 1) as f64, value))
        };
        Trace {
            name: name.to_owned(),
            look: Some(at),
            shape: Shape::Line,
            has_dots: true,
            points: side.runs.iter().enumerate().filter_map(read).collect(),
            ..Trace::default()
        }
    };
    let series = sides_of(comparison).into_iter().enumerate().map(of_side);
    let y = Axis::new("", Scale::Log, figure.unit().into());
    let x = Axis::new("round", Scale::Ranks, AxisUnit::Rate);
    let plot = Plot {
        beside: format!("{}, run by run", figure.label()),
        ..Plot::new(
            "Did they differ in each round?",
            x,
            Panel::new(y, ROUNDS, series.collect()),
        )
    };
    (!plot.is_empty()).then_some(plot)
}
