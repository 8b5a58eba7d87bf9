//! Many servers under several workloads, in rounds: which run is made next, and what is kept.
//!
//! It decides the order and keeps the ledger; servers are started and measured by a [`Testbed`],
//! which is this machine in the binary and a simulated one in tests. What the runs amount to
//! together is `judge::ranking`'s. A server that cannot be installed, does not start, dies or hangs
//! costs bounded time and has that on the ledger; nothing of it ends the ranking.

mod ledger;
mod program;

use wsbench_judge::ranking::failed_record;
use wsbench_record::gate::Stamp;
use wsbench_record::ranking::{Failed, RunRecord, Stage};

pub use ledger::{Ledger, LedgerEntry, MOST_FAILURES};
pub use program::{Planned, PlannedRun, Program, Turn};

/// Testbed on which servers are installed, started, examined, measured and stopped. One server is
/// up at a time; servers and workloads are named by their place in the [`Program`].
pub trait Testbed {
    /// Time since some fixed moment, in seconds.
    fn now_s(&self) -> f64;

    /// True if somebody asked to stop.
    fn is_interrupted(&self) -> bool;

    /// Sees to it that a server is installed, and gives its library's version where it says it.
    ///
    /// # Errors
    /// [`Trouble`], with what it said last.
    fn install(&mut self, server: usize) -> Result<Option<String>, Trouble>;

    /// Starts a server afresh, and gives how long it took until it accepted a connection, s.
    ///
    /// # Errors
    /// [`Trouble`]; nothing that was started is left then.
    fn start(&mut self, server: usize) -> Result<f64, Trouble>;

    /// Holds the server that is up against the RFC.
    ///
    /// # Errors
    /// [`Trouble`]: it could not be examined. A server that was found wanting is no trouble.
    fn gate(&mut self, server: usize) -> Result<Stamp, Trouble>;

    /// Makes one run against the server that is up.
    ///
    /// # Errors
    /// [`Trouble`]: there is no record of a whole run.
    fn run(&mut self, server: usize, run: &PlannedRun, place: Place) -> Result<RunRecord, Trouble>;

    /// Ends the server that is up, if one is, and all that it has started.
    fn stop(&mut self);

    /// Keeps an entry, so that it outlives this process.
    ///
    /// # Errors
    /// In words, when it cannot be kept.
    fn keep(&mut self, entry: &LedgerEntry) -> Result<(), String>;

    /// Hears how it is going, for whoever waits for it. Nothing depends on it.
    fn told(&mut self, event: &RankEvent<'_>) {
        let _ = event;
    }
}

/// Position of a run in the ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its round, from 1.
    pub round: u32,
    /// Its place among all runs, from 1.
    pub number: u32,
}

/// Why something did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It failed; the words say why.
    Failed(String),
    /// Somebody asked to stop.
    Interrupted,
}

/// Event of a ranking under way.
#[derive(Clone, Copy, Debug)]
pub enum RankEvent<'a> {
    /// A server is being installed or examined.
    Begins(Stage, &'a str),
    /// A server is installed.
    Installed(&'a str, Option<&'a str>),
    /// A server was examined.
    Examined(&'a str, &'a Stamp),
    /// Something of a server failed.
    Failed(&'a str, &'a Failed),
    /// A server's turn begins.
    Turn {
        /// The round, from 1.
        round: u32,
        /// The turn's place in its round, from 1.
        turn: usize,
        /// The server.
        server: &'a str,
    },
    /// A run begins.
    Runs(&'a str),
    /// A run is over.
    Ran(&'a RunRecord),
    /// A server's turn is over.
    TurnOver {
        /// Time that is left to do, s.
        left_s: f64,
    },
}

/// End of a ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All was done that could be.
    Complete,
    /// Somebody asked to stop.
    Interrupted,
    /// The time was used up.
    OutOfTime,
}

/// Why a ranking cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was measured cannot be kept: {0}")]
pub struct NotKept(String);

/// Carries a program out as far as the ledger do not say that it has been. `total_s` bounds how long
/// it takes: no round begins that would probably not be over by then, and no turn after it.
///
/// # Errors
/// [`NotKept`]: there is no use in measuring what is lost. Whatever fails of a server is on the
/// ledger.
pub fn rank(
    program: &Program,
    ledger: &mut Ledger,
    total_s: f64,
    setting: &mut dyn Testbed,
) -> Result<Ending, NotKept> {
    let began_s = setting.now_s();
    let mut ranker = Ranker {
        program,
        ledger,
        setting,
        pace: Pace::default(),
    };
    let ending = ranker
        .prepare()
        .and_then(|()| ranker.measure(began_s + total_s));
    ranker.setting.stop();
    match ending {
        Ok(()) => Ok(Ending::Complete),
        Err(Halt::Interrupted) => Ok(Ending::Interrupted),
        Err(Halt::OutOfTime) => Ok(Ending::OutOfTime),
        Err(Halt::NotKept(words)) => Err(NotKept(words)),
    }
}

/// Why it goes no further.
enum Halt {
    Interrupted,
    OutOfTime,
    NotKept(String),
}

/// Time that turns have taken so far, beside the time that they were expected to take.
#[derive(Debug, Default)]
struct Pace {
    spent_s: f64,
    expected_s: f64,
}

impl Pace {
    /// Time that something will take that was expected to take so long, s.
    fn corrected(&self, expected_s: f64) -> f64 {
        if self.expected_s > 0.0 {
            expected_s * self.spent_s / self.expected_s
        } else {
            expected_s
        }
    }
}

/// A ranking under way.
struct Ranker<'a> {
    program: &'a Program,
    ledger: &'a mut Ledger,
    setting: &'a mut dyn Testbed,
    pace: Pace,
}

impl Ranker<'_> {
    /// Installs all, then examines each once, freshly started, where they can be examined.
    fn prepare(&mut self) -> Result<(), Halt> {
        let program = self.program;
        for (at, name) in program.servers.iter().enumerate() {
            if self.ledger.is_installed(name) || self.ledger.is_left_out(name, None) {
                continue;
            }
            self.check_interrupted()?;
            self.setting.told(&RankEvent::Begins(Stage::Install, name));
            match self.setting.install(at) {
                Ok(version) => {
                    self.setting
                        .told(&RankEvent::Installed(name, version.as_deref()));
                    let server = name.clone();
                    self.note(LedgerEntry::Installed { server, version })?;
                }
                Err(trouble) => self.fail(name, Stage::Install, None, trouble)?,
            }
        }
        let examined = program.servers.iter().enumerate();
        for (at, name) in examined.filter(|_| program.is_examined) {
            if self.ledger.gates.contains_key(name) || self.ledger.is_left_out(name, None) {
                continue;
            }
            self.check_interrupted()?;
            self.setting.told(&RankEvent::Begins(Stage::Gate, name));
            if self.start(at, None)? {
                match self.setting.gate(at) {
                    Ok(stamp) => {
                        self.setting.told(&RankEvent::Examined(name, &stamp));
                        let server = name.clone();
                        self.note(LedgerEntry::Gate { server, stamp })?;
                    }
                    Err(trouble) => self.fail(name, Stage::Gate, None, trouble)?,
                }
            }
            self.setting.stop();
        }
        Ok(())
    }

    /// Makes the rounds.
    fn measure(&mut self, until_s: f64) -> Result<(), Halt> {
        for round in 1..=self.program.rounds {
            let turns = self.turns_left(round);
            let round_s: f64 = turns.iter().map(|turn| self.expected_s(turn)).sum();
            let ends_s = self.setting.now_s() + self.pace.corrected(round_s);
            if !turns.is_empty() && round > 1 && ends_s > until_s {
                return Err(Halt::OutOfTime);
            }
            for (at, turn) in turns.iter().enumerate() {
                self.check_interrupted()?;
                if self.setting.now_s() > until_s {
                    return Err(Halt::OutOfTime);
                }
                let begun_s = self.setting.now_s();
                let turn_at = at + 1;
                let server = &self.program.servers[turn.server];
                self.setting.told(&RankEvent::Turn {
                    round,
                    turn: turn_at,
                    server,
                });
                let ended = self.turn(round, turn);
                self.setting.stop();
                ended?;
                self.pace.spent_s += self.setting.now_s() - begun_s;
                self.pace.expected_s += self.expected_s(turn);
                let left_s = self.left_s(round, &turns[turn_at..]);
                self.setting.told(&RankEvent::TurnOver { left_s });
            }
        }
        Ok(())
    }

    /// Turns of a round that have not been done.
    fn turns_left(&self, round: u32) -> Vec<Turn> {
        let program = self.program;
        let turns = program.round(round).into_iter().map(|turn| {
            let server = &program.servers[turn.server];
            let is_left = |run: &PlannedRun| {
                let workload = &program.workloads[run.workload].workload.name;
                !self.ledger.is_done(server, round, workload)
                    && !self.ledger.is_left_out(server, None)
                    && !self.ledger.is_left_out(server, Some(workload))
            };
            Turn {
                server: turn.server,
                runs: turn.runs.into_iter().filter(is_left).collect(),
            }
        });
        turns.filter(|turn| !turn.runs.is_empty()).collect()
    }

    fn expected_s(&self, turn: &Turn) -> f64 {
        let workloads = turn.runs.iter().map(|run| run.workload);
        self.program.expected_s(workloads)
    }

    /// Time that is left after a turn, s: the rest of its round, and all later rounds.
    fn left_s(&self, round: u32, rest: &[Turn]) -> f64 {
        let later = (round + 1..=self.program.rounds).map(|round| self.turns_left(round));
        let of_later = later.flatten().map(|turn| self.expected_s(&turn));
        let of_round = rest.iter().map(|turn| self.expected_s(turn));
        self.pace
            .corrected(of_round.chain(of_later).fold(0.0, |sum, s| sum + s))
    }

    /// A server's turn: started, its runs made, and started afresh after a run that failed.
    fn turn(&mut self, round: u32, turn: &Turn) -> Result<(), Halt> {
        let server = &self.program.servers[turn.server];
        let mut is_up = false;
        for run in &turn.runs {
            let workload = &self.program.workloads[run.workload].workload;
            if self.ledger.is_left_out(server, None) {
                return Ok(());
            }
            self.check_interrupted()?;
            if !is_up && !self.start(turn.server, Some(round))? {
                return self.leave_out(server, round, &workload.name);
            }
            self.setting.told(&RankEvent::Runs(&workload.name));
            let number = self.ledger.runs.len() as u32 + 1;
            let place = Place { round, number };
            let record = match self.setting.run(turn.server, run, place) {
                Ok(record) => record,
                Err(Trouble::Interrupted) => return Err(Halt::Interrupted),
                Err(Trouble::Failed(words)) => {
                    failed_record(server, workload, round, number, &words)
                }
            };
            is_up = record.failed.is_none();
            if !is_up {
                self.setting.stop();
            }
            self.setting.told(&RankEvent::Ran(&record));
            let record = Box::new(record);
            self.note(LedgerEntry::Run { record })?;
            self.leave_out(server, round, &workload.name)?;
        }
        Ok(())
    }

    /// Starts a server; says whether it is up.
    fn start(&mut self, server: usize, round: Option<u32>) -> Result<bool, Halt> {
        let name = &self.program.servers[server];
        match self.setting.start(server) {
            Ok(ready_s) => {
                let server = name.clone();
                self.note(LedgerEntry::Ready { server, ready_s })?;
                Ok(true)
            }
            Err(trouble) => {
                self.fail(name, Stage::Start, round, trouble)?;
                Ok(false)
            }
        }
    }

    /// Leaves a server, or it under this workload, out of what follows, if it has failed too often.
    fn leave_out(&mut self, server: &str, round: u32, workload: &str) -> Result<(), Halt> {
        let Some(of) = self.ledger.to_leave_out(server, workload) else {
            return Ok(());
        };
        let words = format!("left out from here on: it has failed {MOST_FAILURES} times on end");
        self.note_failed(
            server,
            Failed {
                stage: Stage::LeftOut,
                round: Some(round),
                workload: of,
                words,
            },
        )
    }

    /// Puts a failure on the ledger; an interruption is none.
    fn fail(
        &mut self,
        server: &str,
        stage: Stage,
        round: Option<u32>,
        trouble: Trouble,
    ) -> Result<(), Halt> {
        match trouble {
            Trouble::Interrupted => Err(Halt::Interrupted),
            Trouble::Failed(words) => self.note_failed(
                server,
                Failed {
                    stage,
                    round,
                    workload: None,
                    words,
                },
            ),
        }
    }

    fn note_failed(&mut self, server: &str, failed: Failed) -> Result<(), Halt> {
        self.setting.told(&RankEvent::Failed(server, &failed));
        let server = server.to_owned();
        self.note(LedgerEntry::Failed { server, failed })
    }

    /// Keeps an entry first, then acts on it.
    fn note(&mut self, entry: LedgerEntry) -> Result<(), Halt> {
        self.setting.keep(&entry).map_err(Halt::NotKept)?;
        self.ledger.note(entry);
        Ok(())
    }

    fn check_interrupted(&self) -> Result<(), Halt> {
        if self.setting.is_interrupted() {
            return Err(Halt::Interrupted);
        }
        Ok(())
    }
}
