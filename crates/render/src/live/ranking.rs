//! What is to be seen of a ranking while it is under way: the servers by the figure of a workload,
//! the best first, as far as their rounds have come. Places are for the end.

use std::collections::BTreeMap;

use wsbench_judge::figure::{Figure, Sense};
use wsbench_judge::ranking::{is_bound, is_set_by_generator, metric};
use wsbench_record::audit::Verdict;
use wsbench_record::ranking::{RunRecord, Workload};
use wsbench_record::units::{count, counted};
use wsbench_stats::runs::spread;

use super::experiment::{AxisLayout, ExperimentView, RowTone, TableRow};
use crate::foreign::printable;

/// Ratio of the ends of an interval from which on it is no one figure.
const WIDE: f64 = 1.5;

/// The course of a ranking.
#[derive(Clone, Debug)]
pub struct RankingCourse {
    name: String,
    workloads: Vec<Workload>,
    servers: Vec<String>,
    rounds: u32,
    /// The figures of each server under each workload, by their numbers, and which the generator set.
    figures: BTreeMap<(usize, usize), Vec<(f64, bool)>>,
    /// The newest failure of a server.
    failed: BTreeMap<usize, String>,
    failures: usize,
    turn: (u32, usize, String),
    now: String,
    left_s: Option<f64>,
    took_s: f64,
}

impl RankingCourse {
    /// The course of the ranking `name` of these servers, in so many rounds.
    #[must_use]
    pub fn new(name: &str, workloads: Vec<Workload>, servers: Vec<String>, rounds: u32) -> Self {
        Self {
            name: printable(name),
            workloads,
            servers,
            rounds,
            figures: BTreeMap::new(),
            failed: BTreeMap::new(),
            failures: 0,
            turn: (0, 0, String::new()),
            now: String::new(),
            left_s: None,
            took_s: 0.0,
        }
    }

    /// Takes in what is being done.
    pub fn does(&mut self, words: &str) {
        self.now = printable(words);
    }

    /// Takes in that a server's turn begins: in which round, and the turn's place in it.
    pub fn turn(&mut self, round: u32, turn: usize, server: &str) {
        self.turn = (round, turn, server.to_owned());
        self.now = printable(server);
    }

    /// Takes in that a run under a workload begins.
    pub fn runs(&mut self, workload: &str) {
        self.now = printable(&format!("{} {workload}", self.turn.2));
    }

    /// Takes in a run.
    pub fn ran(&mut self, record: &RunRecord) {
        let Some(server) = self.servers.iter().position(|name| *name == record.server) else {
            return;
        };
        if let Some(words) = &record.failed {
            self.fails(server, words);
            return;
        }
        let is_it = |workload: &Workload| workload.name == record.workload;
        let Some(workload) = self.workloads.iter().position(is_it) else {
            return;
        };
        let figure = figure_of(&self.workloads[workload]);
        let Some(figure) = figure else {
            return;
        };
        if let Some(value) = record.figure(&figure.key()) {
            let figures = self.figures.entry((workload, server)).or_default();
            figures.push((value, is_set_by_generator(record, figure)));
        }
    }

    /// Takes in that something of a server failed.
    pub fn failed(&mut self, server: &str, words: &str) {
        if let Some(server) = self.servers.iter().position(|name| name == server) {
            self.fails(server, words);
        }
    }

    fn fails(&mut self, server: usize, words: &str) {
        self.failures += 1;
        let first = words.lines().next().unwrap_or_default();
        self.failed.insert(server, printable(first));
    }

    /// Takes in that a turn is over, and the time that is left, s.
    pub fn over(&mut self, left_s: f64, took_s: f64) {
        (self.left_s, self.took_s) = (Some(left_s), took_s);
    }

    /// The view by the workload of this number.
    #[must_use]
    pub fn view(&self, column: usize) -> ExperimentView {
        let number = column % self.workloads.len().max(1);
        let (round, turn, _) = &self.turn;
        let mut view = ExperimentView {
            title: format!(
                "rank {}  {}, {}",
                self.name,
                counted(self.servers.len() as u64, "server"),
                counted(self.workloads.len() as u64, "workload")
            ),
            clock: match self.left_s {
                Some(left) => {
                    format!("round {round} of {}, {} left", self.rounds, about(left))
                }
                None => format!("round {round} of {}", self.rounds),
            },
            plan: format!("turn {turn} of {} in this round", self.servers.len()),
            done: match self.left_s {
                Some(left) => self.took_s / (self.took_s + left).max(1e-9),
                None => 0.0,
            },
            now: self.now.clone(),
            audit: match self.failures {
                0 => (Verdict::Ok, "nothing has failed".to_owned()),
                failures => (
                    Verdict::Doubtful,
                    format!("{} failed", count(failures as u64)),
                ),
            },
            legend: "lines: 95 % between rounds; sorted, not ranked: places are for the end"
                .to_owned(),
            is_from_above: true,
            ..ExperimentView::default()
        };
        let Some(workload) = self.workloads.get(number) else {
            return view;
        };
        let Some(figure) = figure_of(workload) else {
            return view;
        };
        view.answer = format!("{}, {}", figure.title(), workload.name);
        view.heads = ["server".to_owned(), figure.title(), "rounds".to_owned()];
        view.axis = match figure.unit() {
            wsbench_judge::figure::Unit::Rate => AxisLayout::Linear,
            _ => AxisLayout::Log,
        };
        view.rows = self.rows(number, figure);
        view
    }

    /// The servers, the best first, then those of which nothing is known.
    fn rows(&self, workload: usize, figure: Figure) -> Vec<TableRow> {
        let mut rows: Vec<TableRow> = self
            .servers
            .iter()
            .enumerate()
            .map(|(server, name)| self.row(workload, figure, server, name))
            .collect();
        let sign = match figure.sense() {
            Sense::More => -1.0,
            Sense::Less => 1.0,
        };
        rows.sort_by(|one, other| {
            let key = |row: &TableRow| row.value.map_or(f64::INFINITY, |value| sign * value);
            key(one).total_cmp(&key(other))
        });
        rows
    }

    fn row(&self, workload: usize, figure: Figure, server: usize, name: &str) -> TableRow {
        let mut row = TableRow {
            name: printable(name),
            ..TableRow::default()
        };
        let figures = self.figures.get(&(workload, server)).into_iter().flatten();
        let (values, bounds): (Vec<f64>, Vec<bool>) = figures.copied().unzip();
        if let Some(spread) = spread(&values) {
            let ends = spread.interval.map(|one| (one.low, one.high));
            // Of two rounds an interval may reach anywhere: the axis has to hold the figures.
            let (least, most) = (spread.least / WIDE, spread.most * WIDE);
            row.ends = ends.map(|(low, high)| (low.max(least), high.min(most)));
            row.value = Some(spread.mean);
            let mark = match is_bound(bounds) {
                true => metric::bound_mark(figure),
                false => "",
            };
            row.figure = format!("{mark}{}", metric::words(figure, spread.mean));
            row.after = spread.runs.to_string();
            if ends.is_some_and(|(low, high)| high > low * WIDE) {
                row.tone = RowTone::Weak;
            }
        }
        if let Some(words) = self.failed.get(&server) {
            row.tone = RowTone::Bad;
            row.after = format!("{} {words}", row.after).trim_start().to_owned();
        }
        row
    }
}

/// The first figure by which servers are ranked under a workload.
fn figure_of(workload: &Workload) -> Option<Figure> {
    metric::ranked(workload).first().copied()
}

/// A length of time, as people say it.
#[must_use]
pub fn about(s: f64) -> String {
    let s = s.round();
    if s < 90.0 {
        format!("{s:.0} s")
    } else {
        format!("{:.0} min", s / 60.0)
    }
}
