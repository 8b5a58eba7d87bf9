//! Several independent runs of one plan: how far their figures agree.
//!
//! The spread between runs stands beside what a single run says of itself, for a run has a value
//! of its own that its messages, however many, do not average away. Pure of where runs come from.

use wsbench_record::document::Document;
use wsbench_record::repetition::{FigureOfRuns, Repetition, SCHEMA};
use wsbench_stats as stats;
use wsbench_stats::runs;

use crate::figure::{Figure, Missing, Reading};
use crate::pooled;
use crate::recurring::recurring;

/// Puts runs together; `None` of no runs.
#[must_use]
pub fn repeated(runs: Vec<Document>, asked_runs: u32) -> Option<Repetition> {
    let first = runs.first()?;
    let figures = figures(first, &runs);
    Some(Repetition {
        schema: SCHEMA.to_owned(),
        tool_version: first.tool_version.clone(),
        command: first.command.clone(),
        asked_runs,
        figures: figures
            .into_iter()
            .map(|figure| figure_of_runs(figure, &runs))
            .collect(),
        caveats: recurring(&runs),
        conditions: Vec::new(),
        runs,
    })
}

/// The figures worth a row: those that the plan is about, and what went wrong.
fn figures(first: &Document, runs: &[Document]) -> Vec<Figure> {
    let mut figures = vec![Figure::MESSAGES_PER_S];
    figures.extend(Figure::percentiles(first.plan.clients.headline()));
    if first.plan.clients.is_fanned_out() {
        figures.extend(Figure::OF_DELIVERIES);
    }
    for figure in [Figure::GENERATOR_US, Figure::SERVER_US] {
        if runs.iter().any(|run| figure.read(run).is_ok()) {
            figures.push(figure);
        }
    }
    for figure in [Figure::ERRORS, Figure::UNANSWERED] {
        let is_seen = |run: &Document| figure.read(run).is_ok_and(|reading| reading.value > 0.0);
        if runs.iter().any(is_seen) {
            figures.push(figure);
        }
    }
    figures
}

/// One figure over all runs.
fn figure_of_runs(figure: Figure, runs: &[Document]) -> FigureOfRuns {
    let empty = FigureOfRuns {
        name: figure.name(),
        mean: None,
        low: None,
        high: None,
        least: None,
        most: None,
        deviation: None,
        deviation_within: None,
        is_pooled: false,
        missing: None,
    };
    let readings = match readings(figure, runs) {
        Ok(readings) => readings,
        Err(missing) => {
            // None has it that is not known by each, but for all samples together.
            let Some(pooled) = pooled::over_runs(figure, runs) else {
                let missing = Some(missing);
                return FigureOfRuns { missing, ..empty };
            };
            return FigureOfRuns {
                mean: Some(pooled.value),
                low: Some(pooled.interval.low),
                high: Some(pooled.interval.high).filter(|high| high.is_finite()),
                is_pooled: true,
                ..empty
            };
        }
    };
    let values: Vec<f64> = readings.iter().map(|reading| reading.value).collect();
    if figure.is_count() {
        return FigureOfRuns {
            least: values.iter().copied().reduce(f64::min),
            most: values.iter().copied().reduce(f64::max),
            ..empty
        };
    }
    let Some(spread) = runs::spread(&values) else {
        return FigureOfRuns {
            missing: Some("zero in a run".to_owned()),
            ..empty
        };
    };
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    FigureOfRuns {
        mean: Some(spread.mean),
        low: spread.interval.map(|interval| interval.low),
        high: spread.interval.map(|interval| interval.high),
        least: Some(spread.least),
        most: Some(spread.most),
        deviation: stats::standard_deviation(&logs),
        deviation_within: within(&readings),
        ..empty
    }
}

/// The figure of every run, or why one does not have it.
pub(crate) fn readings(figure: Figure, runs: &[Document]) -> Result<Vec<Reading>, String> {
    let mut readings = Vec::with_capacity(runs.len());
    for run in runs {
        match figure.read(run) {
            Ok(reading) if reading.is_lower_bound => {
                return Err("messages never answered reach into it".to_owned());
            }
            Ok(reading) => readings.push(reading),
            Err(missing @ Missing::TooFew { .. }) => return Err(format!("{missing} in a run")),
            Err(missing) => return Err(missing.to_string()),
        }
    }
    Ok(readings)
}

/// The standard deviation that a run knows of from its inside, as a share, at the median.
fn within(readings: &[Reading]) -> Option<f64> {
    let shares: Option<Vec<f64>> = readings
        .iter()
        .map(|reading| {
            let within = reading.within?;
            // An interval at 95 % is 2 × 1.96 standard errors long.
            Some((within.high - within.low) / (2.0 * 1.96) / reading.value)
        })
        .collect();
    stats::median(&shares?)
}
