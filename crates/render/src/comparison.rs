//! A comparison as text, as Markdown for a pull request, and as CSV.

use std::fmt::Write as _;

use wsbench_judge::comparison::finding;
use wsbench_judge::figure::Figure;
use wsbench_record::comparison::{Comparison, Contrast, Design, Doubt};
use wsbench_record::units::{counted, percent};
use wsbench_setting::{Field, Spelling, text};

use crate::conditions;
use crate::csv;
use crate::foreign::markdown as cell;
use crate::page::LabelledText;
use crate::plan_line::plan_line;
use crate::repetition::{doubt_label, doubt_words};
use crate::style::{Style, Tone};
use crate::table::Table;

/// Heads of the columns.
const HEAD: [&str; 7] = ["", "A", "B", "B ÷ A", "95 %", "noise A, B", "shown"];

/// Explanation of the noise.
const LEGEND: &str = "noise: two runs of the same server differ by less than this, 95 % of the \
                      time; a difference is shown when chance is excluded at 95 % among all \
                      figures and it is 2 % at least";

/// The reason why latencies are missing.
fn withheld(spelling: &dyn Spelling) -> String {
    let text = text![
        "latency not compared: in the closed loop the faster server is given more load, so its \
         latencies are of another load; give both the same rate with ",
        Field::Arrival.brief().with("RATE"),
        ", or ",
        Field::Force,
    ];
    text.spelled(spelling)
}

/// The comparison for people, ending with a line end.
#[must_use]
pub fn text(comparison: &Comparison, style: Style) -> String {
    let mut page = LabelledText::new(style);
    page.prose("compare", &format!("A {}", comparison.a.label), None);
    page.prose("", &format!("B {}", comparison.b.label), None);
    if let Some(plan) = plan(comparison) {
        page.prose("plan", &plan, None);
    }
    page.prose("runs", &design(comparison), None);
    page.prose("verdict", &comparison.verdict, Some(Tone::Headline));
    if !comparison.doubts.is_empty() {
        let number = counted(comparison.doubts.len() as u64, "doubt");
        page.prose(
            "trust",
            &format!("{number}, below the figures"),
            Some(Tone::Doubt),
        );
    }
    page.gap();
    page.wide_table(&table(comparison));
    page.gap();
    for doubt in &comparison.doubts {
        let (label, words, tone) = doubted(doubt);
        page.prose(label, &words, Some(tone));
    }
    if !comparison.compares_latency {
        page.prose("", &withheld(style.spelling), Some(Tone::Quiet));
    }
    page.prose("", LEGEND, Some(Tone::Quiet));
    conditions::put(&mut page, &comparison.conditions);
    page.text
}

/// The comparison as a section of a pull request.
#[must_use]
pub fn markdown(comparison: &Comparison, spelling: &dyn Spelling) -> String {
    let mut text = format!("**{}**\n\n", cell(&comparison.verdict));
    let _ = writeln!(text, "- A: {}", cell(&comparison.a.label));
    let _ = writeln!(text, "- B: {}", cell(&comparison.b.label));
    if let Some(plan) = plan(comparison) {
        let _ = writeln!(text, "- {}", cell(&plan));
    }
    let _ = writeln!(text, "- {}", design(comparison));
    for doubt in &comparison.doubts {
        let (label, words, _) = doubted(doubt);
        let _ = writeln!(text, "- **{label}**: {}", cell(&words));
    }
    text.push('\n');
    text.push_str(&conditions::markdown(&comparison.conditions));
    text.push_str(&table(comparison).markdown());
    for note in legend(comparison, spelling) {
        let _ = writeln!(text, "\n{note}");
    }
    text
}

/// Explanations that are needed to read the table.
pub(crate) fn legend(comparison: &Comparison, spelling: &dyn Spelling) -> Vec<String> {
    let withheld = (!comparison.compares_latency).then(|| withheld(spelling));
    withheld.into_iter().chain([LEGEND.to_owned()]).collect()
}

/// The comparison as CSV: a header, then a line a figure; times in nanoseconds.
#[must_use]
pub fn csv(comparison: &Comparison) -> String {
    csv::table(comparison.figures.iter().map(|contrast| {
        let mut row = csv::CsvRow::default();
        row.put("figure", &contrast.name);
        row.put_known("a", contrast.a);
        row.put_known("b", contrast.b);
        row.put_known("ratio", contrast.ratio);
        row.put_known("ratio_low", contrast.ratio_low);
        row.put_known("ratio_high", contrast.ratio_high);
        row.put_known("p_value", contrast.p_value);
        let found = contrast.finding.map(serde_json::to_value);
        let found = found.and_then(Result::ok);
        row.put_known("found", found.as_ref().and_then(|word| word.as_str()));
        row.put("pooled", &contrast.is_pooled);
        row
    }))
}

/// A ratio as a factor, in three digits: `×1.70`, `×12.4`; less than one half as its inverse, `÷4.00`.
pub(crate) fn factor(ratio: f64) -> String {
    match ratio {
        ..0.5 => format!("÷{}", digits(1.0 / ratio)),
        _ => format!("×{}", digits(ratio)),
    }
}

/// The ends of a ratio as factors: `×1.70–2.00`, `÷4.00–2.50`.
pub(crate) fn factors(low: f64, high: f64) -> String {
    let (from, to) = (factor(low), factor(high));
    let is_alike = from.chars().next() == to.chars().next();
    let to = if is_alike {
        &to[to.char_indices().nth(1).map_or(0, |(at, _)| at)..]
    } else {
        &to
    };
    format!("{from}–{to}")
}

fn digits(factor: f64) -> String {
    let places = match factor {
        99.95.. => 0,
        9.995.. => 1,
        _ => 2,
    };
    format!("{factor:.places$}")
}

/// Plan of each run; the seed is that from which those of the runs follow.
pub(crate) fn plan(comparison: &Comparison) -> Option<String> {
    let mut plan = comparison.a.runs.first()?.plan.clone();
    plan.seed = comparison.seed.unwrap_or(plan.seed);
    Some(plan_line(&plan))
}

/// Design by which the runs were made.
pub(crate) fn design(comparison: &Comparison) -> String {
    match comparison.design {
        Design::Interleaved { rounds, .. } => {
            format!("{rounds} rounds, each with one run of A and one of B in random order")
        }
        Design::Apart => format!(
            "{} of A and {} of B, measured apart",
            comparison.a.runs.len(),
            comparison.b.runs.len()
        ),
    }
}

/// A doubt with its label and its tone.
fn doubted(doubt: &Doubt) -> (&'static str, String, Tone) {
    match doubt {
        Doubt::Audit { side, caveat } => {
            let (label, tone) = doubt_label(caveat.severity);
            (label, format!("{side} {}", doubt_words(caveat)), tone)
        }
        Doubt::Design { words } => ("note", words.clone(), Tone::Doubt),
    }
}

fn table(comparison: &Comparison) -> Table {
    let mut table = Table::new(&HEAD).left(0).left(HEAD.len() - 1);
    for mut row in comparison.figures.iter().filter_map(row) {
        row.resize(HEAD.len(), String::new());
        table.push(row);
    }
    table
}

/// A figure's cells, in the order of the columns; those at the end may be missing.
pub(crate) fn row(contrast: &Contrast) -> Option<Vec<String>> {
    let figure: Figure = Figure::recorded(&contrast.name)?;
    let value =
        |value: Option<f64>| value.map_or_else(|| "—".to_owned(), |value| figure.written(value));
    let mut cells = vec![figure.label(), value(contrast.a), value(contrast.b)];
    if let Some(missing) = &contrast.missing {
        let blank = || "—".to_owned();
        cells.extend([
            blank(),
            blank(),
            blank(),
            format!("not compared: {missing}"),
        ]);
        return Some(cells);
    }
    if figure.is_count() {
        return Some(cells);
    }
    let noise = |noise: Option<f64>| {
        noise.map_or_else(
            || "?".to_owned(),
            |share| match share {
                great if great > 1.0 => "> ×2".to_owned(),
                share => format!("±{}", percent(share)),
            },
        )
    };
    cells.extend([
        contrast
            .ratio
            .map_or_else(|| "—".to_owned(), |ratio| format!("{ratio:.3}")),
        match (contrast.ratio_low, contrast.ratio_high) {
            (Some(low), Some(high)) => format!("{low:.3}–{high:.3}"),
            _ => "?".to_owned(),
        },
        format!("{}, {}", noise(contrast.noise_a), noise(contrast.noise_b)),
        match contrast.is_pooled {
            true => format!("{}; all runs together", finding(figure, contrast)),
            false => finding(figure, contrast),
        },
    ]);
    Some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_factors_in_three_digits() {
        assert_eq!(
            [0.25, 0.94, 1.7, 12.44, 1891.0].map(factor),
            ["÷4.00", "×0.94", "×1.70", "×12.4", "×1891"]
        );
        assert_eq!(factors(1.7, 2.0), "×1.70–2.00");
        assert_eq!(factors(0.25, 0.4), "÷4.00–2.50");
        assert_eq!(factors(0.25, 1.5), "÷4.00–×1.50");
    }
}
