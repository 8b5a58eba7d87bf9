//! What is to be seen of an experiment while it is under way: the table that it will end with, as
//! far as it is filled.
//!
//! A course takes in what has happened, run by run, and gives the view of it. It decides nothing: a
//! trial's verdict is the search's, an interval that of the statistics of runs.

use wsbench_load::plan::PlanSpec;
use wsbench_load::result::Progress;
use wsbench_record::audit::Verdict;
use wsbench_record::document::{Document, Known, Percentile};
use wsbench_record::search::{Trial, TrialVerdict};
use wsbench_record::units::{self, Ranged, counted, percent, rate, seconds, span};
use wsbench_stats::runs::{paired, spread};

use crate::comparison::{factor, factors};
use crate::live;
use crate::mark;
use crate::plan_line::{plan_line, title};
use crate::times::headline;

/// The view of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExperimentView {
    /// Name of the experiment, and the target.
    pub title: String,
    /// Time that it has taken and may take, or will still take.
    pub clock: String,
    /// The plan of its runs in one line.
    pub plan: String,
    /// Share that is done, 0.0 to 1.0.
    pub done: f64,
    /// The answer so far; empty while there is none.
    pub answer: String,
    /// Words that stand behind the answer.
    pub beside: String,
    /// Heads of the columns: before the axis, of the figure, behind the axis.
    pub heads: [String; 3],
    /// Layout of the axis.
    pub axis: AxisLayout,
    /// The rows, from above.
    pub rows: Vec<TableRow>,
    /// Words on the run that is under way.
    pub now: String,
    /// The gravest verdict of the runs so far, and its words.
    pub audit: (Verdict, String),
    /// Words that are needed to read the rows.
    pub legend: String,
    /// True where the first rows matter most; otherwise the newest are kept in sight.
    pub is_from_above: bool,
}

/// Layout of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxisLayout {
    /// Figures from zero.
    #[default]
    Linear,
    /// Figures by their logarithms.
    Log,
    /// Ratios, by their logarithms, around one.
    Ratios,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRow {
    /// Its name.
    pub name: String,
    /// The figure in words.
    pub figure: String,
    /// Place of its mark on the axis.
    pub value: Option<f64>,
    /// Ends of what it reaches over.
    pub ends: Option<(f64, f64)>,
    /// Words behind the axis.
    pub after: String,
    /// Tone of the row.
    pub tone: RowTone,
}

/// Tone of a row, with the mark that says the same without colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowTone {
    /// As it is: `●`.
    #[default]
    Plain,
    /// It holds: `●`.
    Good,
    /// It does not: `○`.
    Bad,
    /// It cannot be told: `?`.
    Open,
    /// It is under way: `━`.
    Now,
    /// To be read with care: no mark.
    Weak,
}

/// Kind of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub enum ExperimentKind {
    /// A search for the greatest load, with what has to hold, and the unit of the load.
    Find(String, &'static str),
    /// A curve of latency over load.
    Sweep,
    /// Two servers against each other, by their labels.
    Compare(String, String),
    /// The same run several times.
    Repeat,
}

/// The course of an experiment whose runs are told one by one.
#[derive(Clone, Debug)]
pub struct Course {
    kind: ExperimentKind,
    view: ExperimentView,
    limit_s: Option<f64>,
    left_s: Option<f64>,
    trials: Vec<Trial>,
    runs: Vec<(String, RunFigures)>,
    verdicts: [usize; 3],
    gravest: Option<String>,
    running: Option<f64>,
    /// True where a schedule gives all runs the same load.
    has_one_load: bool,
}

/// The figures of a run that rows are made of.
#[derive(Clone, Copy, Debug)]
struct RunFigures {
    asked: Option<f64>,
    per_s: Option<f64>,
    p50: Known,
    p99: Known,
    is_overloaded: bool,
}

impl RunFigures {
    fn of(document: &Document) -> Self {
        let spans = headline(document);
        Self {
            asked: document.asked_messages_per_s,
            per_s: document.messages_per_s,
            p50: spans.known(Percentile::P50),
            p99: spans.known(Percentile::P99),
            is_overloaded: document.plan.clients.is_open_loop()
                && wsbench_judge::limit::is_rate_missed(document),
        }
    }

    /// The figure of this number, where it is known: the rate, the median, the tail.
    fn at(&self, column: usize) -> Option<f64> {
        [self.per_s, self.p50.value(), self.p99.value()][column % COLUMNS.len()]
    }

    /// The median and the tail in words, each with its interval.
    fn times(&self) -> String {
        format!("{}, {}", mark::compact(self.p50), mark::compact(self.p99))
    }
}

/// A ratio whose upper end is so many times its lower one is not known yet.
const WIDEST: f64 = 10.0;
/// The figures that rows can be drawn by.
const COLUMNS: [&str; 3] = ["msg/s", "p50", "p99"];

impl Course {
    /// The course of an experiment whose runs are like `plan` and that may take so long.
    #[must_use]
    pub fn new(kind: ExperimentKind, plan: &PlanSpec, limit_s: Option<f64>) -> Self {
        let (name, subject) = match &kind {
            ExperimentKind::Find(asked, _) => ("find", format!("  greatest with {asked}")),
            ExperimentKind::Sweep => ("sweep", "  latency over load".to_owned()),
            ExperimentKind::Compare(a, b) => ("compare", format!("  A {a}  B {b}")),
            ExperimentKind::Repeat => ("repeat", String::new()),
        };
        let target = match &kind {
            ExperimentKind::Compare(..) => String::new(),
            _ => format!(" {}", title(plan)),
        };
        Self {
            view: ExperimentView {
                title: format!("{name}{target}{subject}"),
                plan: plan_line(plan),
                ..ExperimentView::default()
            },
            kind,
            limit_s,
            left_s: None,
            trials: Vec::new(),
            runs: Vec::new(),
            verdicts: [0; 3],
            gravest: None,
            running: None,
            has_one_load: plan.clients.is_open_loop(),
        }
    }

    /// Takes in that a run begins.
    pub fn begins(&mut self, plan: &PlanSpec) {
        if matches!(self.kind, ExperimentKind::Find(..) | ExperimentKind::Sweep) {
            // Loads change, and the pilot's loop is a closed one.
            self.view.plan = plan_line(plan);
        }
        self.running = match plan.clients.arrival {
            wsbench_load::plan::Arrival::Open { ref schedule, .. } => {
                schedule.stretches.first().map(|stretch| stretch.to_per_s)
            }
            wsbench_load::plan::Arrival::Closed { .. } => None,
        };
    }

    /// Takes in how the run under way is going.
    pub fn progress(&mut self, progress: &Progress, plan: &PlanSpec) {
        self.view.now = live::line(progress, plan);
    }

    /// Takes in that a run is over, whose name is `name`; of a search the trial that it was.
    pub fn step(
        &mut self,
        name: &str,
        document: &Document,
        trial: Option<&Trial>,
        left_s: Option<f64>,
    ) {
        self.left_s = left_s;
        self.view.now.clear();
        self.running = None;
        let verdict = document.audit.verdict;
        self.verdicts[verdict as usize] += 1;
        if let Some(doubt) = document.audit.doubts().next()
            && (self.gravest.is_none() || verdict == Verdict::Invalid)
        {
            self.gravest = Some(doubt.message.clone());
        }
        match trial {
            Some(trial) => self.trials.push(trial.clone()),
            None => self.runs.push((name.to_owned(), RunFigures::of(document))),
        }
    }

    /// The view after so many seconds; rows are drawn by the figure of this number.
    #[must_use]
    pub fn view(&self, took_s: f64, column: usize) -> ExperimentView {
        let mut view = self.view.clone();
        view.clock = self.clock(took_s);
        view.done = self.done(took_s);
        view.audit = self.audit();
        match &self.kind {
            ExperimentKind::Find(_, unit) => self.search(&mut view, unit),
            ExperimentKind::Sweep => self.curve(&mut view),
            ExperimentKind::Compare(..) => self.comparison(&mut view),
            ExperimentKind::Repeat => self.repetition(&mut view, column),
        }
        view
    }

    fn clock(&self, took_s: f64) -> String {
        match (self.limit_s, self.left_s) {
            (Some(limit), _) => format!("{took_s:.0} s of {} at most", seconds(limit)),
            (None, Some(left)) => format!("{took_s:.0} s, {left:.0} s left"),
            (None, None) => format!("{took_s:.0} s"),
        }
    }

    fn done(&self, took_s: f64) -> f64 {
        let all = match (self.limit_s, self.left_s) {
            (Some(limit), _) => limit,
            (None, Some(left)) => took_s + left,
            (None, None) => return 0.0,
        };
        (took_s / all.max(1e-9)).clamp(0.0, 1.0)
    }

    /// The verdicts of the runs so far, in words.
    fn audit(&self) -> (Verdict, String) {
        let all: usize = self.verdicts.iter().sum();
        let verdict = match self.verdicts {
            [_, 0, 0] => Verdict::Ok,
            [_, _, 0] => Verdict::Doubtful,
            _ => Verdict::Invalid,
        };
        let against = self.verdicts[1] + self.verdicts[2];
        let words = match &self.gravest {
            _ if all == 0 => String::new(),
            Some(doubt) => format!("{against} of {all} runs: {doubt}"),
            None => format!("{all} of {all} runs"),
        };
        (verdict, words)
    }

    /// A row a trial, the bracket drawn as it stood after it.
    fn search(&self, view: &mut ExperimentView, unit: &str) {
        view.heads = ["trial".to_owned(), String::new(), "verdict".to_owned()];
        view.axis = AxisLayout::Log;
        let (mut holds, mut fails) = (None, None);
        for trial in &self.trials {
            let tone = tone(trial);
            view.rows.push(TableRow {
                name: trial.number.to_string(),
                figure: rate(trial.load),
                value: Some(trial.load),
                ends: holds
                    .zip(fails)
                    .map(|(low, high): (f64, f64)| (low.min(high), high)),
                after: after(trial),
                tone,
            });
            match tone {
                RowTone::Good => holds = Some(holds.unwrap_or(0.0).max(trial.load)),
                RowTone::Bad => fails = Some(fails.unwrap_or(f64::INFINITY).min(trial.load)),
                _ => {}
            }
        }
        if let Some(load) = self.running {
            view.rows.push(TableRow {
                name: (self.trials.len() + 1).to_string(),
                figure: rate(load),
                value: Some(load),
                ends: holds.zip(fails),
                after: "running".to_owned(),
                tone: RowTone::Now,
            });
        }
        (view.answer, view.beside) = match (holds, fails) {
            (Some(low), Some(high)) if low < high => (
                format!("{}–{} {unit}", rate(low), rate(high)),
                format!("holds, fails; ×{:.2} apart", high / low),
            ),
            (Some(low), _) => (format!("at least {} {unit}", rate(low)), "holds".to_owned()),
            (None, Some(high)) => (
                format!("less than {} {unit}", rate(high)),
                "fails".to_owned(),
            ),
            (None, None) => (String::new(), "no trial has told anything yet".to_owned()),
        };
        "● holds  ○ fails  ? undecided; log scale".clone_into(&mut view.legend);
    }

    /// A row a rate, from its median to its tail.
    fn curve(&self, view: &mut ExperimentView) {
        view.heads = [
            "msg/s".to_owned(),
            "received".to_owned(),
            "p50, p99".to_owned(),
        ];
        view.axis = AxisLayout::Log;
        let mut runs: Vec<&RunFigures> = self.runs.iter().map(|(_, figures)| figures).collect();
        runs.retain(|figures| figures.asked.is_some());
        runs.sort_by(|a, b| a.asked.unwrap_or(0.0).total_cmp(&b.asked.unwrap_or(0.0)));
        for figures in runs {
            let ends = figures.p50.at_least().zip(figures.p99.at_least());
            let mut after = match ends {
                Some(_) => figures.times(),
                None => mark::NO_SAMPLES.to_owned(),
            };
            if figures.is_overloaded {
                after.push_str(" overloaded");
            }
            view.rows.push(TableRow {
                name: figures.asked.map_or_else(String::new, rate),
                figure: figures.per_s.map_or_else(String::new, rate),
                value: figures.p99.at_least(),
                ends,
                after,
                tone: if figures.is_overloaded {
                    RowTone::Bad
                } else {
                    RowTone::Plain
                },
            });
        }
        if let Some(load) = self.running {
            view.rows.push(TableRow {
                name: rate(load),
                after: "running".to_owned(),
                tone: RowTone::Now,
                ..TableRow::default()
            });
        }
        let made = view
            .rows
            .iter()
            .filter(|row| row.tone != RowTone::Now)
            .count();
        view.answer = counted(made as u64, "rate");
        "lines: p50 to p99; ○ the rate was not held; log scale".clone_into(&mut view.legend);
    }

    /// A row a figure, B ÷ A over the rounds that both sides have.
    fn comparison(&self, view: &mut ExperimentView) {
        view.heads = ["figure".to_owned(), "B ÷ A".to_owned(), "A, B".to_owned()];
        view.axis = AxisLayout::Ratios;
        let side = |side: &str| -> Vec<RunFigures> {
            let runs = self.runs.iter().filter(|(name, _)| name.ends_with(side));
            runs.map(|(_, figures)| *figures).collect()
        };
        let (a, b) = (side(" A"), side(" B"));
        // At one rate a latency tells of the server, at two rates of the load.
        let told = if self.has_one_load { COLUMNS.len() } else { 1 };
        for (column, name) in COLUMNS.iter().enumerate().take(told) {
            let pairs = a.iter().zip(&b);
            let pairs = pairs.filter_map(|(a, b)| Some((a.at(column)?, b.at(column)?)));
            let pairs: Vec<(f64, f64)> = pairs.collect();
            let Some(ratio) = paired(&pairs) else {
                continue;
            };
            let written = |value| {
                if column == 0 {
                    rate(value)
                } else {
                    span(value)
                }
            };
            let ends = ratio.interval.map(|interval| (interval.low, interval.high));
            let is_wide = ends.is_some_and(|(low, high)| high > WIDEST * low);
            // The axis fits what is known.
            let ends = ends.filter(|_| !is_wide);
            let (last_a, last_b) = pairs[pairs.len() - 1];
            view.rows.push(TableRow {
                name: (*name).to_owned(),
                figure: match ends {
                    Some((low, high)) => factors(low, high),
                    None if is_wide => "not known yet".to_owned(),
                    None => factor(ratio.value),
                },
                value: Some(ratio.value).filter(|_| !is_wide),
                ends,
                after: format!("{}, {}", written(last_a), written(last_b)),
                tone: match ends {
                    Some((low, high)) if low > 1.0 || high < 1.0 => RowTone::Plain,
                    _ => RowTone::Weak,
                },
            });
        }
        view.answer = counted(a.len().min(b.len()) as u64, "round");
        view.legend = if self.has_one_load {
            "lines: 95 % between rounds so far; A, B: the newest round; nothing is decided before \
             the last"
        } else {
            "lines: 95 % between rounds so far; A, B: the newest round; latencies of closed loops \
             are of different loads"
        }
        .to_owned();
    }

    /// A row a run.
    fn repetition(&self, view: &mut ExperimentView, column: usize) {
        let column = column % COLUMNS.len();
        view.heads = [
            "run".to_owned(),
            COLUMNS[column].to_owned(),
            "msg/s, p50, p99".to_owned(),
        ];
        view.axis = if column == 0 {
            AxisLayout::Linear
        } else {
            AxisLayout::Log
        };
        let written = |value| {
            if column == 0 {
                rate(value)
            } else {
                span(value)
            }
        };
        for (at, (_, figures)) in self.runs.iter().enumerate() {
            let value = figures.at(column);
            view.rows.push(TableRow {
                name: (at + 1).to_string(),
                figure: value.map_or_else(|| mark::NO_SAMPLES.to_owned(), written),
                value,
                ends: None,
                after: all(figures),
                tone: RowTone::Plain,
            });
        }
        let figures: Vec<f64> = self
            .runs
            .iter()
            .filter_map(|(_, one)| one.at(column))
            .collect();
        view.answer = counted(self.runs.len() as u64, "run");
        if let Some(spread) = spread(&figures) {
            let ends = spread.interval.map(|one| (one.low, one.high));
            view.beside = match ends {
                Some((low, high)) if column == 0 => {
                    let ranged = Ranged::rate(spread.mean, low, high);
                    format!("mean {}, 95 % {}", ranged.value, ranged.ends)
                }
                Some((low, high)) => {
                    let ranged = Ranged::span(spread.mean, low, high);
                    format!("mean {}, 95 % {}", ranged.value, ranged.ends)
                }
                None => String::new(),
            };
        }
        "fresh connections and another seed in each run".clone_into(&mut view.legend);
    }
}

fn all(figures: &RunFigures) -> String {
    let per_s = figures
        .per_s
        .map_or_else(|| units::UNKNOWN.to_owned(), rate);
    format!("{per_s}, {}", figures.times())
}

fn tone(trial: &Trial) -> RowTone {
    match trial.verdict {
        TrialVerdict::GeneratorLimited => RowTone::Open,
        _ if trial.marginal => RowTone::Open,
        TrialVerdict::Holds => RowTone::Good,
        TrialVerdict::Fails => RowTone::Bad,
    }
}

/// The first reading of a trial, and what became of it.
fn after(trial: &Trial) -> String {
    let reading = trial.readings.iter().find_map(|reading| {
        let figure = reading.figure?;
        // Shares of errors are below one; spans are in nanoseconds.
        Some(if figure > 1.0 {
            span(figure)
        } else {
            percent(figure)
        })
    });
    let word = match (trial.marginal, trial.verdict) {
        (_, TrialVerdict::GeneratorLimited) => "? generator",
        (true, _) => "? undecided",
        (false, TrialVerdict::Holds) => "● holds",
        (false, TrialVerdict::Fails) => "○ fails",
    };
    format!("{:<9} {word}", reading.unwrap_or_default())
}
