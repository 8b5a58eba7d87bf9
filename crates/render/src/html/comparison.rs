//! The page of a comparison: the verdict, the ratios, the noise, and what both sides did.

use wsbench_judge::figure::Figure;
use wsbench_record::audit::Severity;
use wsbench_record::comparison::{Comparison, Contrast, Doubt, Found};
use wsbench_record::document::Distribution;
use wsbench_setting::Spelling;

use super::conditions::conditions;
use super::grid::{Cell, Grid};
use super::page::{Page, caveats, verdict};
use super::plot::{Axis, Scale, Unit};
use super::ranges::{Range, Ranges, swatched};
use super::{latency, run};
use crate::comparison::{design, legend, plan, row};
use crate::summary::seeded;

/// The page of a comparison.
#[must_use]
pub fn render(comparison: &Comparison, spelling: &'static dyn Spelling) -> String {
    let title = format!("{} against {}", comparison.b.label, comparison.a.label);
    let mut page = Page::new("Comparison", &title, spelling);
    let mut sides = Grid::new()
        .text("")
        .text("")
        .figures("runs")
        .text("details");
    for (at, (name, side, id)) in sides_of(comparison).into_iter().enumerate() {
        let mut link = super::markup::Markup::new();
        link.element("a", &[("href", &format!("#{id}"))], "its runs");
        sides.push(vec![
            swatched(name, Some(at)),
            Cell::text(&side.label),
            Cell::text(&side.runs.len().to_string()),
            Cell::markup(link),
        ]);
    }
    page.push(&sides.markup());
    if let Some(plan) = plan(comparison) {
        page.prose(&plan);
    }
    page.quiet(&design(comparison));
    page.push(&verdict(tone(comparison), &sentence(&comparison.verdict)));
    doubts(&mut page, comparison);
    page.push(&conditions(&comparison.conditions));
    page.section("ratios", "Ratios");
    page.push(&ratios(comparison).figure());
    page.section("figures", "Figures");
    page.push(&figures(comparison).markup());
    for note in legend(comparison, spelling) {
        page.quiet(&note);
    }
    overlaid(&mut page, comparison);
    for (name, side, id) in sides_of(comparison) {
        page.section(id, &format!("Runs of {name}"));
        page.prose(&side.label);
        for (at, document) in side.runs.iter().enumerate() {
            let name = format!("{name} {}", at + 1);
            run::folded(&mut page, &format!("{id}-{}", at + 1), &name, document);
        }
    }
    page.section("repeat", "To repeat it");
    page.command(&match comparison.seed {
        Some(seed) => seeded(&comparison.command, seed, spelling),
        None => comparison.command.clone(),
    });
    page.html()
}

/// Both sides with their name and the place of their runs on the page.
fn sides_of(
    comparison: &Comparison,
) -> [(
    &'static str,
    &wsbench_record::comparison::Side,
    &'static str,
); 2] {
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
        "plain"
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

fn doubts(page: &mut Page, comparison: &Comparison) {
    let told: Vec<(Severity, String, String)> = comparison
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
    let told = told.iter();
    page.push(&caveats(told.map(|(severity, words, advice)| {
        (*severity, words.as_str(), advice.as_str())
    })));
}

/// B ÷ A of each figure, with its interval.
fn ratios(comparison: &Comparison) -> Ranges {
    let rows = comparison.figures.iter().filter_map(|contrast| {
        let (figure, ratio) = (Figure::recorded(&contrast.name)?, contrast.ratio?);
        let ends = contrast.ratio_low.zip(contrast.ratio_high);
        Some(Range {
            name: figure.label(),
            value: Some(ratio),
            ends,
            words: match ends {
                Some((low, high)) => format!("{ratio:.3} [{low:.3}, {high:.3}]"),
                None => format!("{ratio:.3}, noise unknown"),
            },
            colour: match contrast.finding {
                Some(Found::Greater | Found::Less) => Some(1),
                Some(Found::Equivalent) => Some(0),
                _ => None,
            },
            ..Range::default()
        })
    });
    Ranges {
        title: "B ÷ A with its 95 % interval".to_owned(),
        caption: "Right of 1, B's is greater: good for messages a second, bad for times. Coloured \
                  where a difference, or equality within 5 %, is shown; grey where neither is."
            .to_owned(),
        axis: Axis::new("B ÷ A", Scale::Ratios, Unit::Ratio),
        reference: Some(1.0),
        rows: rows.collect(),
    }
}

/// Every figure of both sides with its noise.
fn figures(comparison: &Comparison) -> Grid {
    let mut grid = Grid::new()
        .text("figure")
        .figures("A")
        .figures("B")
        .figures("B ÷ A")
        .figures("95 %")
        .figures("noise A, B")
        .text("shown")
        .sortable();
    for contrast in &comparison.figures {
        let Some(mut words) = row(contrast) else {
            continue;
        };
        words.resize(7, String::new());
        let keys = [
            None,
            contrast.a,
            contrast.b,
            contrast.ratio,
            contrast.ratio,
            contrast.noise_a,
        ];
        let keys = keys.into_iter().chain([None]);
        let cells = words
            .iter()
            .zip(keys)
            .map(|(words, key)| Cell::known(words, key));
        grid.push(cells.collect());
    }
    grid
}

/// Latency by percentile of both sides.
fn overlaid(page: &mut Page, comparison: &Comparison) {
    page.section("latency", "Latency of both");
    if !comparison.compares_latency {
        page.quiet(
            "Of closed loops: the two lines are of different loads, and are not to be compared.",
        );
    }
    let mut kind = "latency";
    let lines = sides_of(comparison)
        .into_iter()
        .enumerate()
        .map(|(at, (name, side, _))| {
            let spans = side.runs.iter().map(|document| {
                kind = run::times(document).0;
                run::times(document).1
            });
            let spans: Vec<&Distribution> = spans.collect();
            latency::band(name, Some(at), &spans)
        });
    let lines = lines.collect();
    let mut plot = latency::plot("Latency by percentile", kind, lines);
    plot.caption = format!(
        "{} The bands reach from the least run to the greatest.",
        plot.caption
    );
    page.plot(&plot);
}
