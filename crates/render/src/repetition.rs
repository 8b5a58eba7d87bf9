//! A repetition as text and as Markdown.

use wsbench_judge::figure::Figure;
use wsbench_record::audit::{Recurring, Severity};
use wsbench_record::repetition::{FigureOfRuns, Repetition};
use wsbench_record::units::{counted, percent};

use crate::conditions;
use crate::foreign::markdown as cell;
use crate::mark;
use crate::page::LabelledText;
use crate::plan_line::{plan_line, title};
use crate::style::{Style, Tone};
use crate::summary::repeat_command;
use crate::table::Table;

/// Heads of the columns.
pub(crate) const HEAD: [&str; 7] = [
    "",
    "mean of runs",
    "95 % between runs",
    "least–most",
    "one run ±",
    "it thinks ±",
    "",
];

/// Meaning of the last two figures.
pub(crate) const LEGEND: &str = "one run ±: what a single run is off by, 95 % of the time, from the spread \
                      between runs; it thinks ±: the same as a run judges from its own inside";

/// The repetition for people, ending with a line end.
#[must_use]
pub fn text(repetition: &Repetition, style: Style) -> String {
    let Some(first) = repetition.runs.first() else {
        return String::new();
    };
    let mut page = LabelledText::new(style);
    page.prose("wsbench", &title(&first.plan), Some(Tone::Headline));
    page.prose("plan", &plan_line(&first.plan), None);
    page.prose("runs", &runs(repetition), None);
    for caveat in &repetition.caveats {
        let (label, tone) = doubt_label(caveat.severity);
        page.prose(label, &doubt_words(caveat), Some(tone));
    }
    page.gap();
    page.wide_table(&table(repetition));
    page.gap();
    page.prose("", LEGEND, Some(Tone::Quiet));
    conditions::put(&mut page, &repetition.conditions);
    page.command("repeat", &repeat_command(first, style.spelling));
    page.text
}

/// The repetition as a section in Markdown.
#[must_use]
pub fn markdown(repetition: &Repetition) -> String {
    let Some(first) = repetition.runs.first() else {
        return String::new();
    };
    let mut text = format!(
        "## {}\n\n{}\n\n{}\n\n",
        cell(&title(&first.plan)),
        cell(&plan_line(&first.plan)),
        runs(repetition)
    );
    for caveat in &repetition.caveats {
        text.push_str(&format!(
            "- **{}** {}\n",
            doubt_label(caveat.severity).0,
            cell(&doubt_words(caveat))
        ));
    }
    if !repetition.caveats.is_empty() {
        text.push('\n');
    }
    text.push_str(&conditions::markdown(&repetition.conditions));
    text.push_str(&table(repetition).markdown());
    text.push_str(&format!("\n{LEGEND}\n"));
    text
}

/// Number of runs, and what they are not.
pub(crate) fn runs(repetition: &Repetition) -> String {
    let made = repetition.runs.len();
    let asked = repetition.asked_runs as usize;
    let cut = if made < asked {
        format!(" of {asked}, then interrupted")
    } else {
        String::new()
    };
    let made = counted(made as u64, "run");
    format!(
        "{made}{cut}; fresh connections and another seed in each, the server not restarted: \
         over restarts the spread may be wider"
    )
}

/// A doubt with how often it was seen.
pub(crate) fn doubt_words(caveat: &Recurring) -> String {
    let advice = if caveat.advice.is_empty() {
        String::new()
    } else {
        format!(" — {}", caveat.advice)
    };
    format!("{}: {}{advice}", caveat.how_often(), caveat.message)
}

/// The label and the tone of a doubt.
pub(crate) fn doubt_label(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Note => ("note", Tone::Quiet),
        Severity::Doubtful => ("doubtful", Tone::Doubt),
        Severity::Invalid => ("invalid", Tone::Bad),
    }
}

fn table(repetition: &Repetition) -> Table {
    let last = HEAD.len() - 1;
    // Where all do not fit, the extremes go: the interval says more of further runs.
    let mut table = Table::new(&HEAD).left(0).left(last).spare(&[3]);
    for row in repetition.figures.iter().filter_map(row) {
        table.push(row);
    }
    table
}

/// A figure's cells, in the order of the columns.
pub(crate) fn row(of_runs: &FigureOfRuns) -> Option<Vec<String>> {
    let figure = Figure::recorded(&of_runs.name)?;
    let label = figure.label();
    if let Some(missing) = &of_runs.missing {
        let unknown = || "—".to_owned();
        let figures = std::iter::repeat_with(unknown).take(HEAD.len() - 2);
        let cells = std::iter::once(label).chain(figures);
        return Some(cells.chain([missing.clone()]).collect());
    }
    let beside = match of_runs.is_pooled {
        true => "all runs together",
        false => "",
    };
    let range = |low: Option<f64>, high: Option<f64>| match (low, high) {
        (Some(low), Some(high)) => mark::ends(figure, low, high),
        _ => "—".to_owned(),
    };
    let off_by = |deviation: Option<f64>| {
        deviation.map_or_else(
            || "—".to_owned(),
            |share| match 1.96 * share {
                great if great > 1.0 => "> ×2".to_owned(),
                share => percent(share),
            },
        )
    };
    Some(vec![
        label,
        of_runs
            .mean
            .map_or_else(|| "—".to_owned(), |mean| written(figure, of_runs, mean)),
        range(of_runs.low, of_runs.high),
        range(of_runs.least, of_runs.most),
        off_by(of_runs.deviation),
        off_by(of_runs.deviation_within),
        beside.to_owned(),
    ])
}

/// The value of a figure over all runs; of one whose upper end is not known the lower one, as a bound.
pub(crate) fn written(figure: Figure, of_runs: &FigureOfRuns, mean: f64) -> String {
    match (of_runs.low, of_runs.high) {
        (Some(low), None) if of_runs.is_pooled => format!("≥ {}", figure.written(low)),
        _ => figure.written(mean),
    }
}
