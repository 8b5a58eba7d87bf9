//! A result as a build sees it: whether it may be believed, and the conditions that it was held
//! against; as JUnit's XML, and as GitHub shows it.

mod github;
mod junit;

pub use github::{annotations, summary};
pub use junit::junit;

use wsbench_judge::figure::{Figure, Statistic};
use wsbench_judge::outcome::{RunStatus, outcome, worst};
use wsbench_record::audit::Severity;
use wsbench_record::comparison::{Comparison, Doubt};
use wsbench_record::condition::{Judgement, State};
use wsbench_record::document::{Document, Known};
use wsbench_record::repetition::Repetition;
use wsbench_setting::Spelling;

use crate::mark;
use crate::plan_line::{plan_line, title};
use crate::repetition::doubt_words;
use crate::{comparison, markdown, repetition};

/// A result, for a build.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildCheck {
    /// What was measured: the server's address.
    title: String,
    /// How: the plan of a run.
    plan: String,
    command: String,
    started_at: String,
    /// Time that the runs took, s.
    took_s: f64,
    /// Why the figures are none; `None` of a valid result.
    invalid: Option<String>,
    /// What may be doubted, the gravest first.
    doubts: Vec<String>,
    conditions: Vec<Judgement>,
    /// The figures that are read first, with their names.
    figures: Vec<(String, String)>,
    /// Everything, as a section in Markdown.
    details: String,
}

impl BuildCheck {
    /// Of a single run; under `strict` a doubt makes it invalid.
    #[must_use]
    pub fn of_run(run: &Document, strict: bool, spelling: &dyn Spelling) -> Self {
        Self {
            invalid: invalid(outcome(run, strict)),
            doubts: run.audit.doubts().map(ToString::to_string).collect(),
            conditions: run.conditions.clone(),
            details: markdown::render(run, spelling),
            ..Self::of_runs(std::slice::from_ref(run))
        }
    }

    /// Of several runs of one plan.
    #[must_use]
    pub fn of_repetition(repetition: &Repetition, strict: bool) -> Self {
        let doubts = repetition.caveats.iter();
        let doubts = doubts.filter(|caveat| caveat.severity != Severity::Note);
        Self {
            invalid: invalid(worst(&repetition.runs, strict)),
            doubts: doubts.map(doubt_words).collect(),
            conditions: repetition.conditions.clone(),
            details: repetition::markdown(repetition),
            figures: repetition
                .figures
                .iter()
                .filter_map(|of_runs| {
                    let figure = Figure::recorded(&of_runs.name)?;
                    let (mean, within) = (of_runs.mean?, of_runs.low.zip(of_runs.high));
                    let words = mark::with_interval(figure, mean, within);
                    let words = words.unwrap_or_else(|| figure.written(mean));
                    Some((figure.label(), words))
                })
                .collect(),
            ..Self::of_runs(&repetition.runs)
        }
    }

    /// Of a comparison, which there is of valid runs alone.
    #[must_use]
    pub fn of_comparison(compared: &Comparison, spelling: &dyn Spelling) -> Self {
        let doubts = compared.doubts.iter().filter_map(|doubt| match doubt {
            Doubt::Audit { caveat, .. } if caveat.severity == Severity::Note => None,
            Doubt::Audit { side, caveat } => Some(format!("{side} {}", doubt_words(caveat))),
            Doubt::Design { words } => Some(words.clone()),
        });
        let runs = compared.a.runs.iter().chain(&compared.b.runs);
        Self {
            title: format!("{} against {}", compared.b.label, compared.a.label),
            took_s: runs.map(|run| run.total_s).sum(),
            doubts: doubts.collect(),
            conditions: compared.conditions.clone(),
            figures: vec![("verdict".to_owned(), compared.verdict.clone())],
            details: comparison::markdown(compared, spelling),
            ..Self::of_runs(&compared.b.runs)
        }
    }

    fn of_runs(runs: &[Document]) -> Self {
        let first = runs.first();
        let text = |of: &dyn Fn(&Document) -> String| first.map_or_else(String::new, of);
        Self {
            title: text(&|run| title(&run.plan)),
            plan: text(&|run| plan_line(&run.plan)),
            command: text(&|run| run.command.clone()),
            started_at: text(&|run| run.started_at.clone()),
            took_s: runs.iter().map(|run| run.total_s).sum(),
            invalid: None,
            doubts: Vec::new(),
            conditions: Vec::new(),
            figures: first.map(figures).unwrap_or_default(),
            details: String::new(),
        }
    }

    /// True where the build is to fail: by exit codes other than 0.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let is_kept = |one: &Judgement| one.state == State::DoesNotHold;
        self.invalid.is_some() || !self.conditions.iter().all(is_kept)
    }
}

/// Why figures are none, by what a run amounts to.
fn invalid(outcome: RunStatus) -> Option<String> {
    match outcome {
        RunStatus::Ok => None,
        RunStatus::Failed(reason) => Some(format!("the run failed: {reason}")),
        RunStatus::NonConforming => Some("the server did not pass the conformance gate".to_owned()),
        RunStatus::AuditFailed => Some("the audit found something to doubt".to_owned()),
    }
}

/// The rate, the percentiles and what went wrong.
fn figures(run: &Document) -> Vec<(String, String)> {
    let headline = run.plan.clients.headline();
    let percentiles = Figure::percentiles(headline);
    let all = [Figure::MESSAGES_PER_S].into_iter().chain(percentiles);
    let all = all.chain([Figure::ERRORS]);
    let told = all.filter_map(|figure| {
        // Of a percentile also a bound is told, as everywhere, though nothing is judged by it alone.
        if let Some(Statistic::At(percentile)) = figure.point() {
            let known = run.at(headline).known(percentile);
            let words = mark::with_its_interval(mark::words(known));
            return (known != Known::Not).then(|| (figure.label(), words));
        }
        let reading = figure.read(run).ok()?;
        if let (Figure::MESSAGES_PER_S, Some(half)) = (figure, mark::rate_confidence(run)) {
            return Some((
                figure.label(),
                format!("{} {half}", reading.written(figure)),
            ));
        }
        let within = reading.within.filter(|_| !reading.is_lower_bound);
        let within = within.map(|it| (it.low, it.high));
        let words = mark::with_interval(figure, reading.value, within);
        let words = words.unwrap_or_else(|| reading.written(figure));
        Some((figure.label(), words))
    });
    told.chain([("audit".to_owned(), run.audit.verdict.word().to_owned())])
        .collect()
}
