//! What is said while a ranking is under way: a line a step, on standard error.
//!
//! On a terminal the step that is being made stands below, and is written over.

use std::io::{self, IsTerminal, Write};

use wsbench_experiment::rank::{Program, RankEvent};
use wsbench_judge::ranking::metric;
use wsbench_record::ranking::{RunRecord, Stage, Workload};
use wsbench_record::units::seconds;

use wsbench_render::foreign::{printable, printable_lines};

use crate::exit::say;

/// Tells how it is going.
#[derive(Debug)]
pub(crate) struct Progress {
    workloads: Vec<Workload>,
    rounds: u32,
    turns: usize,
    is_quiet: bool,
    /// True where a line can be written over.
    is_terminal: bool,
    /// The turn under way: where it stands, and what its runs gave.
    heading: String,
    told: Vec<String>,
}

impl Progress {
    /// Of this program; says nothing where quiet was asked for.
    pub(crate) fn of(program: &Program, is_quiet: bool) -> Self {
        let workloads = program.workloads.iter();
        Self {
            workloads: workloads.map(|planned| planned.workload.clone()).collect(),
            rounds: program.rounds,
            turns: program.servers.len(),
            is_quiet,
            is_terminal: io::stderr().is_terminal(),
            heading: String::new(),
            told: Vec::new(),
        }
    }

    /// Tells an event.
    pub(crate) fn tell(&mut self, event: &RankEvent<'_>) {
        if self.is_quiet {
            return;
        }
        match event {
            RankEvent::Begins(Stage::Install, server) => self.show(&format!("install  {server} …")),
            RankEvent::Begins(stage, server) => {
                self.show(&format!("{:<8} {server} …", stage.word()));
            }
            RankEvent::Installed(server, version) => {
                let version = version.unwrap_or("installed, version unknown");
                self.line(&format!("install  {server}: {version}"));
            }
            RankEvent::Examined(server, stamp) => {
                self.line(&format!("gate     {server}: {}", stamp.words()));
            }
            RankEvent::Failed(server, failed) => {
                let stage = failed.stage.word();
                let of = failed.workload.as_ref();
                let of = of.map_or_else(String::new, |workload| format!(" {workload}"));
                self.line(&format!(
                    "{stage:<8} {server}{of}: FAILED: {}",
                    failed.words
                ));
            }
            RankEvent::Turn {
                round,
                turn,
                server,
            } => {
                let (rounds, turns) = (self.rounds, self.turns);
                self.heading = format!("round {round}/{rounds}  {turn}/{turns} {server}:");
                self.told.clear();
                self.show(&self.heading.clone());
            }
            RankEvent::Runs(workload) => {
                self.show(&format!("{} {workload} …", self.so_far()));
            }
            RankEvent::Ran(record) => {
                let figure = self.figure(record);
                self.told.push(figure);
            }
            RankEvent::TurnOver { left_s } => {
                self.line(&format!("{}  ({} left)", self.so_far(), time_left(*left_s)));
            }
        }
    }

    fn so_far(&self) -> String {
        format!("{} {}", self.heading, self.told.join(", "))
    }

    /// Result of a run, in the first figure that its workload is ranked by.
    fn figure(&self, record: &RunRecord) -> String {
        let name = &record.workload;
        if let Some(failed) = &record.failed {
            let first = failed.lines().next().unwrap_or_default();
            return format!("{name} FAILED: {first}");
        }
        let workload = self.workloads.iter().find(|one| one.name == *name);
        let metric = workload.and_then(|one| metric::ranked(one.kind).first());
        let figure = metric.and_then(|metric| Some((metric, record.figure(&metric.key())?)));
        match figure {
            Some((metric, value)) => {
                format!(
                    "{name} {} {}",
                    metric::words(*metric, value),
                    metric.title()
                )
            }
            None => format!("{name} –"),
        }
    }

    /// Shows what is being done, where it can be written over.
    fn show(&self, words: &str) {
        if self.is_terminal {
            let mut out = io::stderr();
            // A closed standard error leaves nobody to be told.
            let _ = write!(out, "\r\x1b[K{}", clipped(words)).and_then(|()| out.flush());
        }
    }

    /// Tells what has been done.
    fn line(&self, words: &str) {
        let words = &printable(words);
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        say(words);
    }
}

/// As much as fits in a line that can be written over.
fn clipped(words: &str) -> String {
    let columns = usize::from(crate::terminal::style().width).max(20);
    printable(words).chars().take(columns - 1).collect()
}

/// A time left, as people say it.
fn time_left(s: f64) -> String {
    let s = s.round();
    if s < 90.0 {
        format!("{s:.0} s")
    } else {
        format!("{:.0} min", s / 60.0)
    }
}

/// Text on what a ranking would do, without doing it.
pub(crate) fn plan_text(program: &Program) -> String {
    let mut text = String::new();
    let servers = program.servers.len();
    for (at, server) in program.servers.iter().enumerate() {
        let heading = if at == 0 { "servers" } else { "" };
        text.push_str(&format!("{heading:<10} {server}\n"));
    }
    for (at, planned) in program.workloads.iter().enumerate() {
        let heading = if at == 0 { "workloads" } else { "" };
        let workload = &planned.workload;
        text.push_str(&format!(
            "{heading:<10} {:<14} {:>2} of {} rounds, about {} each: {}\n",
            workload.name,
            workload.rounds.min(program.rounds),
            program.rounds,
            seconds(planned.expected_s),
            workload.command,
        ));
    }
    let least = (1..=program.rounds).map(|round| program.round_s(round));
    let (shortest, longest) = least.fold((f64::INFINITY, 0.0_f64), |(least, most), s| {
        (least.min(s), most.max(s))
    });
    text.push_str(&format!(
        "{:<10} {servers} servers × {} rounds, {} runs; a round takes {} to {}\n",
        "in all",
        program.rounds,
        program.runs_in_all(),
        time_left(shortest),
        time_left(longest),
    ));
    text.push_str(&format!(
        "{:<10} about {} and the time for installing and examining\n",
        "duration",
        time_left(program.all_s()),
    ));
    printable_lines(&text)
}
