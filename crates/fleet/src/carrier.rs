//! A fleet as who carries runs out: the coordinator, told of the bus and of the clock, and the books of
//! all agents added up while they come.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use wsbench::carrier::{Carried, Carrier};
use wsbench::error::BenchError;
use wsbench_drive::clock::Clock;
use wsbench_drive::resolve::Resolved;
use wsbench_drive::run::{Moment, Pulse, RunObserver, StopSignal};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::result::{Ended, Progress};
use wsbench_load::tally::LogRecord;

use crate::build::Build;
use crate::bus::BusEntry;
use crate::coordinator::{Ask, Coordinator, CoordinatorAction, CoordinatorEvent};
use crate::gathering::{Beside, Gathered, Gathering};
use crate::protocol::{EndWord, Task};
use crate::service::Line;

/// The longest wait for the bus between two looks at the clock.
const TICK: Duration = Duration::from_millis(5);
/// From one pulse to the next.
const PULSE: Nanos = Nanos::from_millis(100);

/// Hears of a fleet while its runs are under way.
pub trait FleetObserver {
    /// Words for the user.
    fn tell(&mut self, words: &str);
}

/// Opens a way to the bus for a run of a name; words where there is none.
pub type Connect = Box<dyn Fn(&str) -> Result<Line, String>>;

/// A fleet that carries runs out.
pub struct FleetCarrier {
    /// Opens a way to the bus for a run of this name.
    pub connect: Connect,
    /// Agents that are to take part.
    pub agents: usize,
    /// Threads of each; `None` has one for each of its cores.
    pub threads: Option<u32>,
    /// True where a run goes on when an agent is lost.
    pub keeps_going: bool,
    /// The command line, without secrets.
    pub command: String,
    /// The program that all have to be.
    pub build: Build,
    /// Whoever looks on.
    pub watch: Box<dyn FleetObserver>,
}

/// Name of a run: when it was asked for and a number that was drawn.
fn named(clock: &Clock, drawn: u32) -> String {
    let seconds = clock.started_at_unix_ns() / 1_000_000_000;
    let of_day = seconds % 86_400;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!(
        "{}-{hour:02}{minute:02}{second:02}-{drawn:06x}",
        seconds / 86_400
    )
}

impl Carrier for FleetCarrier {
    fn is_elsewhere(&self) -> bool {
        true
    }

    fn carry_out(
        &mut self,
        plan: &Plan,
        _: &Resolved,
        stop: &StopSignal,
        observer: &mut dyn RunObserver,
    ) -> Result<Carried, BenchError> {
        let clock = Clock::start();
        let life = drawn();
        let run = named(&clock, (life & 0xff_ffff) as u32);
        let line = (self.connect)(&run).map_err(BenchError::Elsewhere)?;
        let ask = Ask {
            run,
            plan: plan.clone(),
            threads: self.threads,
            agents: self.agents,
            keeps_going: self.keeps_going,
            command: self.command.clone(),
            build: self.build.clone(),
            zero_unix_ms: clock.started_at_unix_ns() / 1_000_000,
            life,
        };
        let mut under_way = FleetRun {
            coordinator: Coordinator::new(ask, clock.now()),
            clock,
            line,
            watch: self.watch.as_mut(),
            stop,
            pulse_at: Nanos::ZERO,
            alive: 0,
        };
        let (task, whole) = under_way.deal(observer).map_err(BenchError::Elsewhere)?;
        let gathered = under_way.gather(&task, &whole, observer);
        let gathered = gathered.map_err(BenchError::Elsewhere)?;
        Ok(Carried {
            result: gathered.result,
            plan: Some(whole),
            fleet: Some(gathered.fleet),
            agents: gathered.agents,
            loopback: Some(gathered.loopback),
        })
    }
}

/// A number that nobody else has drawn.
#[must_use]
pub fn drawn() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // The standard library's hash maps are seeded by the system.
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}

/// A run while it is under way.
struct FleetRun<'a> {
    coordinator: Coordinator,
    clock: Clock,
    line: Line,
    watch: &'a mut dyn FleetObserver,
    stop: &'a StopSignal,
    pulse_at: Nanos,
    /// Connections open at the end of the newest interval.
    alive: u64,
}

/// An observer that also keeps how many connections were open.
struct Passing<'a> {
    to: &'a mut dyn RunObserver,
    alive: &'a mut u64,
}

impl RunObserver for Passing<'_> {
    fn progress(&mut self, progress: &Progress) {
        *self.alive = progress.so_far.intervals.last().map_or(0, |it| it.alive);
        self.to.progress(progress);
    }

    fn log(&mut self, records: &[LogRecord]) {
        self.to.log(records);
    }
}

impl FleetRun<'_> {
    /// One step: waits for the bus for a moment, and passes on what the user asks for.
    fn step(&mut self, observer: &mut dyn RunObserver) -> Result<Vec<CoordinatorAction>, String> {
        let event = match self.line.heard.recv_timeout(TICK) {
            Ok(heard) => CoordinatorEvent::Bus(heard),
            Err(RecvTimeoutError::Timeout) => CoordinatorEvent::Tick,
            Err(RecvTimeoutError::Disconnected) => {
                return Err("the thread that speaks with the bus has ended".to_owned());
            }
        };
        let now = self.clock.now();
        let bus = self.line.bus.as_mut();
        let mut acts = self.coordinator.step(now, event, bus);
        if self.stop.is_requested() {
            acts.extend(self.coordinator.step(
                now,
                CoordinatorEvent::End(EndWord::Interrupted),
                bus,
            ));
        } else if self.stop.has_sufficed() {
            acts.extend(
                self.coordinator
                    .step(now, CoordinatorEvent::End(EndWord::Enough), bus),
            );
        }
        if now - self.pulse_at >= PULSE {
            self.pulse_at = now;
            let moment = match self.coordinator.begins() {
                None => Moment::Connecting,
                Some(_) => Moment::Measuring,
            };
            let at = self.coordinator.run_time(now);
            observer.pulse(&Pulse::new(at, moment, self.alive));
        }
        Ok(acts)
    }

    /// Until all have their shares, or there is no run.
    fn deal(&mut self, observer: &mut dyn RunObserver) -> Result<(Task, Plan), String> {
        loop {
            for act in self.step(observer)? {
                match act {
                    CoordinatorAction::Tell(words) => self.watch.tell(&words),
                    CoordinatorAction::Dealt(task, plan) => return Ok((*task, plan)),
                    CoordinatorAction::Failed(trouble) => return Err(trouble.to_string()),
                    CoordinatorAction::Stored(_)
                    | CoordinatorAction::Lost(..)
                    | CoordinatorAction::Over => {}
                }
            }
        }
    }

    /// Until the run is over: adds up what comes.
    fn gather(
        &mut self,
        task: &Task,
        whole: &Plan,
        observer: &mut dyn RunObserver,
    ) -> Result<Gathered, String> {
        self.watch.tell(&format!(
            "fleet: run {} on {}",
            task.run,
            task.seats
                .iter()
                .map(|it| it.agent.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ));
        let mut gathering = Gathering::new(task, whole);
        let mut alive = 0;
        let mut is_over = false;
        while !is_over {
            self.alive = alive;
            let acts = self.step(observer)?;
            let is_news = |act: &CoordinatorAction| {
                matches!(
                    act,
                    CoordinatorAction::Stored(_) | CoordinatorAction::Lost(..)
                )
            };
            if acts.iter().any(is_news) {
                gathering.tell_of(&self.coordinator.agents());
            }
            for act in acts {
                let mut passing = Passing {
                    to: observer,
                    alive: &mut alive,
                };
                match act {
                    CoordinatorAction::Tell(words) => self.watch.tell(&words),
                    CoordinatorAction::Stored(entry) => {
                        self.take(&mut gathering, &entry, &mut passing);
                    }
                    CoordinatorAction::Lost(agent, _) => {
                        gathering.give_up(&agent, &mut passing);
                    }
                    CoordinatorAction::Over => is_over = true,
                    CoordinatorAction::Failed(trouble) => return Err(trouble.to_string()),
                    CoordinatorAction::Dealt(..) => {}
                }
            }
        }
        let agents = self.coordinator.agents();
        let beside = |name: &str| {
            let agent = agents.iter().find(|it| it.name == name);
            agent.map_or_else(Beside::default, |it| Beside {
                left: it.left.clone(),
                drift_ppm: it.drift_ppm,
                heard_of_beginning: it.heard_of_beginning,
                host: Some(it.facts.host.clone()),
            })
        };
        let ended = self.coordinator.end_word().map(Ended::from);
        Ok(gathering.finish(ended, &beside, observer))
    }

    fn take(
        &mut self,
        gathering: &mut Gathering<'_>,
        entry: &BusEntry,
        observer: &mut dyn RunObserver,
    ) {
        if let Err(unreadable) = gathering.take(entry, observer) {
            self.watch.tell(&unreadable.to_string());
        }
    }
}
