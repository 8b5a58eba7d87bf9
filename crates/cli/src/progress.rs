//! Words while a ranking is under way: the table as it grows, on a screen of its own; where
//! there is none a line a step, on standard error, and the step that is being made below, written
//! over.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use wsbench_experiment::rank::{Program, RankEvent};
use wsbench_judge::ranking::metric;
use wsbench_record::ranking::{RunRecord, Stage, Workload};
use wsbench_record::units::seconds;

use wsbench_render::foreign::{printable, printable_lines};
use wsbench_render::live::ranking::{RankingCourse, about};

use crate::exit::say;
#[cfg(feature = "screen")]
use crate::held;
use crate::interrupt::Interrupts;
use crate::output_args::OutputArgs;
#[cfg(feature = "screen")]
use crate::screen::{Scene, Screen};
use crate::terminal;

/// Tells how it is going.
pub(crate) struct RankingProgress {
    workloads: Vec<Workload>,
    rounds: u32,
    turns: usize,
    is_quiet: bool,
    /// True where a line can be written over.
    is_terminal: bool,
    /// The turn under way: where it stands, and what its runs gave.
    heading: String,
    told: Vec<String>,
    began: Instant,
    course: RankingCourse,
    #[cfg(feature = "screen")]
    screen: Option<Screen>,
}

impl RankingProgress {
    /// Of this program of a suite of this name; says nothing where quiet was asked for.
    pub(crate) fn of(program: &Program, name: &str, is_quiet: bool) -> Self {
        let workloads = program.workloads.iter();
        let workloads: Vec<Workload> = workloads.map(|planned| planned.workload.clone()).collect();
        let servers = program.servers.clone();
        Self {
            began: Instant::now(),
            course: RankingCourse::new(name, workloads.clone(), servers, program.rounds),
            #[cfg(feature = "screen")]
            screen: None,
            workloads,
            rounds: program.rounds,
            turns: program.servers.len(),
            is_quiet,
            is_terminal: io::stderr().is_terminal(),
            heading: String::new(),
            told: Vec::new(),
        }
    }

    /// The same on a screen of its own, where there is one.
    #[cfg(feature = "screen")]
    pub(crate) fn on_screen(mut self, output: &OutputArgs, interrupts: &Interrupts) -> Self {
        if terminal::has_screen(output) {
            let first = self.scene();
            let style = terminal::style();
            self.screen = Screen::open(first, style, interrupts.clone()).ok();
        }
        self
    }

    /// The same: there is no screen.
    #[cfg(not(feature = "screen"))]
    pub(crate) fn on_screen(self, _: &OutputArgs, _: &Interrupts) -> Self {
        self
    }

    #[cfg(feature = "screen")]
    fn scene(&self) -> Scene {
        let course = self.course.clone();
        Scene::Table(Box::new(move |column| course.view(column)))
    }

    /// Takes an event into the table.
    fn note(&mut self, event: &RankEvent<'_>) {
        match event {
            RankEvent::Begins(stage, server) => {
                self.course.does(&format!("{} {server}", stage.word()));
            }
            RankEvent::Installed(..) | RankEvent::Examined(..) => {}
            RankEvent::Failed(server, failed) => {
                let words = format!("{}: {}", failed.stage.word(), failed.words);
                self.course.failed(server, &words);
            }
            RankEvent::Turn {
                round,
                turn,
                server,
            } => self.course.turn(*round, *turn, server),
            RankEvent::Runs(workload) => self.course.runs(workload),
            RankEvent::Ran(record) => self.course.ran(record),
            RankEvent::TurnOver { left_s } => {
                let took_s = self.began.elapsed().as_secs_f64();
                self.course.over(*left_s, took_s);
            }
        }
    }

    /// Tells an event.
    pub(crate) fn tell(&mut self, event: &RankEvent<'_>) {
        if self.is_quiet {
            return;
        }
        self.note(event);
        #[cfg(feature = "screen")]
        if let Some(screen) = self.screen.as_ref().filter(|_| held::is_taken()) {
            screen.show(self.scene());
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
                self.line(&format!("{}  ({} left)", self.so_far(), about(*left_s)));
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
        let metric = workload.and_then(|one| metric::ranked(one).first());
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
    let columns = usize::from(terminal::style().width).max(20);
    printable(words).chars().take(columns - 1).collect()
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
    let (shortest, longest) = (about(shortest), about(longest));
    let each = if shortest == longest {
        shortest
    } else {
        format!("{shortest} to {longest}")
    };
    text.push_str(&format!(
        "{:<10} {servers} servers × {} rounds, {} runs; a round takes {each}\n",
        "in all",
        program.rounds,
        program.runs_in_all(),
    ));
    text.push_str(&format!(
        "{:<10} about {} and the time for installing and examining\n",
        "duration",
        about(program.all_s()),
    ));
    printable_lines(&text)
}
