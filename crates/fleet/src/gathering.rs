//! The books of all agents, added up: while the run is under way, or afterwards from what the bus has
//! kept. Counts are added bin by bin by the same collector that adds up the threads of one process.

mod between;
mod rates;

use std::collections::BTreeMap;

use thiserror::Error;
use wsbench_drive::crew::{Agreed, Collector, Part, Refused};
use wsbench_drive::run::RunObserver;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::result::{Absences, Ended, RunResult};
use wsbench_record::document::{Agent, AgentClock, Fleet};

use self::rates::Rates;
use crate::bus::{BusEntry, Of};
use crate::coordinator::AgentState;
use crate::protocol::{Final, Seat, Task};
use crate::wire;

/// An entry could not be added up.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// It has another form.
    #[error("agent {agent} has handed over what cannot be read: {why}")]
    Broken {
        /// Its owner.
        agent: String,
        /// Fault of it.
        why: String,
    },
    /// It is of a worker that is not this agent's.
    #[error("agent {agent} has handed over a part of worker {worker}, which is not its own")]
    NotItsOwn {
        /// Its owner.
        agent: String,
        /// The worker.
        worker: u32,
    },
    /// It does not belong where it says.
    #[error("agent {agent}: {refused}")]
    Refused {
        /// Its owner.
        agent: String,
        /// Reason why it was not counted.
        refused: Refused,
    },
}

/// Facts of an agent beside its books.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Reason why it left before the end, if it did.
    pub left: Option<String>,
    /// Drift of its clock, parts in a million, where that is known.
    pub drift_ppm: Option<f64>,
    /// Time at which it heard of the beginning of the load, of the run's clock.
    pub heard_of_beginning: Option<Nanos>,
    /// Words that it said of its machine.
    pub host: Option<wsbench_record::document::Host>,
}

/// The whole run, added up.
#[derive(Debug)]
pub struct Gathered {
    /// Its result.
    pub result: RunResult,
    /// Facts of the fleet.
    pub fleet: Fleet,
    /// The agents, in the order of their shares.
    pub agents: Vec<Agent>,
    /// True where an agent reached the server over loopback.
    pub loopback: bool,
}

/// Adds up the books of one run.
#[derive(Debug)]
pub struct Gathering<'a> {
    task: &'a Task,
    collector: Collector<'a>,
    finals: BTreeMap<String, Final>,
    parts: u64,
    rates: Rates,
}

impl<'a> Gathering<'a> {
    /// Of the run that was dealt so, by its whole plan.
    #[must_use]
    pub fn new(task: &'a Task, plan: &'a Plan) -> Self {
        Self {
            task,
            collector: between::collector(task, plan),
            finals: BTreeMap::new(),
            parts: 0,
            rates: Rates::default(),
        }
    }

    /// Tells the live view how the agents stand, with what comes next.
    pub fn tell_of(&mut self, agents: &[AgentState]) {
        self.collector.tell_of(self.rates.standings(agents));
    }

    /// Takes an entry in, once however often it comes; `observer` hears of what it completes.
    ///
    /// # Errors
    /// [`Unreadable`]: it is not counted. One that comes again is no error.
    pub fn take(
        &mut self,
        entry: &BusEntry,
        observer: &mut dyn RunObserver,
    ) -> Result<(), Unreadable> {
        let broken = |agent: &str, error: std::io::Error| Unreadable::Broken {
            agent: agent.to_owned(),
            why: error.to_string(),
        };
        match &entry.key.of {
            Of::Task => Ok(()),
            Of::Final(agent) => {
                let said = wire::unpacked(&entry.bytes).map_err(|it| broken(agent, it))?;
                self.finals.entry(agent.clone()).or_insert(said);
                Ok(())
            }
            Of::Part(agent, worker, _) => {
                let part: Part = wire::unpacked(&entry.bytes).map_err(|it| broken(agent, it))?;
                let seat = self.task.seat(agent);
                let is_its_own = seat.is_some_and(|seat| seat.workers.contains(&part.share));
                if !is_its_own || part.share != *worker {
                    return Err(Unreadable::NotItsOwn {
                        agent: agent.clone(),
                        worker: part.share,
                    });
                }
                self.rates.take(agent, &part);
                match self.collector.take(part, observer) {
                    Ok(_) => {
                        self.parts += 1;
                        Ok(())
                    }
                    Err(Refused::Doubled { .. }) => Ok(()),
                    Err(refused) => Err(Unreadable::Refused {
                        agent: agent.clone(),
                        refused,
                    }),
                }
            }
        }
    }

    /// Awaits nothing more of an agent.
    pub fn give_up(&mut self, agent: &str, observer: &mut dyn RunObserver) {
        if let Some(seat) = self.task.seat(agent) {
            for &worker in &seat.workers {
                self.collector.give_up(worker, observer);
            }
        }
    }

    /// Words for the parts that have not come.
    fn holes(&self) -> Vec<String> {
        let owner = |worker: u32| {
            let mut seats = self.task.seats.iter();
            let seat = seats.find(|seat| seat.workers.contains(&worker));
            seat.map_or("?", |seat| seat.agent.as_str())
        };
        let missing = self.collector.missing();
        let words = missing.iter().map(|hole| {
            let (agent, worker) = (owner(hole.share), hole.share);
            match hole.until {
                Some(until) if until == hole.from + 1 => {
                    format!("agent {agent}, worker {worker}: part {}", hole.from)
                }
                Some(until) => {
                    format!(
                        "agent {agent}, worker {worker}: parts {} to {}",
                        hole.from,
                        until - 1
                    )
                }
                None => format!(
                    "agent {agent}, worker {worker}: all from part {} on",
                    hole.from
                ),
            }
        });
        words.collect()
    }

    /// What all agreed on: the load began with the first, and the run ended as the gravest end has it.
    fn agreed(&self, ended: Option<Ended>) -> Agreed {
        let all = || self.finals.values().filter_map(|it| it.agreed.as_ref());
        let gravest = |ended: Ended| match ended {
            Ended::Complete => 0,
            Ended::Interrupted => 1,
            Ended::NothingConnected => 2,
            Ended::ServerDied => 3,
        };
        let found = all().map(|it| it.ended).max_by_key(|it| gravest(*it));
        let longest = all().map(|it| it.absences).max_by_key(|it| it.total);
        Agreed {
            ended: ended.or(found).unwrap_or(Ended::Interrupted),
            absences: longest.unwrap_or(Absences::default()),
            load_from: all().map(|it| it.load_from).min().unwrap_or(Nanos::MAX),
            opens: all().map(|it| it.opens).min().unwrap_or(Nanos::MAX),
        }
    }

    /// The whole run, of all that has come. `ended` is why, where somebody asked for its end; `beside`
    /// tells of an agent what its own books do not.
    #[must_use]
    pub fn finish(
        mut self,
        ended: Option<Ended>,
        beside: &dyn Fn(&str) -> Beside,
        observer: &mut dyn RunObserver,
    ) -> Gathered {
        // Whose last words have not come is not there any more: nobody says when its members left.
        let silent = |seat: &&Seat| !self.finals.contains_key(&seat.agent);
        let silent = self.task.seats.iter().filter(silent);
        let silent: Vec<String> = silent.map(|seat| seat.agent.clone()).collect();
        for agent in &silent {
            self.give_up(agent, observer);
        }
        let agreed = self.agreed(ended);
        let holes = self.holes();
        let doubled_parts = self.collector.doubled();
        let total = self
            .finals
            .values()
            .map(|it| it.total)
            .max()
            .unwrap_or(Nanos::ZERO);
        let seats = self.task.seats.iter();
        let agents = seats.map(|seat| {
            let known = beside(&seat.agent);
            let said = self.finals.get(&seat.agent).map(|it| it.agent.clone());
            let late = |heard: Nanos| (heard - agreed.load_from).0;
            let has_begun = agreed.load_from < Nanos::MAX;
            let mut agent = said.unwrap_or_default();
            agent.name.clone_from(&seat.agent);
            agent.threads = seat.workers.len() as u32;
            agent.clock = AgentClock {
                offset_ns: seat.clock.offset_ns,
                bound_ns: seat.clock.bound_ns,
                drift_ppm: known.drift_ppm,
            };
            let heard = known.heard_of_beginning.filter(|_| has_begun);
            agent.began_late_ns = agent.began_late_ns.or(heard.map(late));
            // What it said of itself stands, where nothing else is known of its end.
            agent.lost = known.left.or_else(|| agent.lost.take()).or_else(|| {
                let has_final = self.finals.contains_key(&seat.agent);
                (!has_final).then(|| "the last of its books has not come".to_owned())
            });
            if let Some(host) = known.host {
                agent.host = host;
            }
            agent
        });
        let agents: Vec<Agent> = agents.collect();
        let bounds = || agents.iter().map(|it| it.clock.bound_ns);
        let late = || agents.iter().filter_map(|it| it.began_late_ns);
        let spread = late().max().zip(late().min());
        let mut addresses: Vec<String> = Vec::new();
        for address in self.finals.values().flat_map(|it| &it.addresses) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        let by_kernel = !self.finals.is_empty() && self.finals.values().all(|it| it.told_by_kernel);
        let loopback = self.finals.values().any(|it| it.loopback);
        let max_rss_bytes = self.finals.values().map(|it| it.max_rss_bytes).max();
        let mut result = self.collector.finish(agreed, total, observer);
        result.addresses = addresses;
        result.generator.max_rss_bytes = max_rss_bytes.unwrap_or(0);
        if by_kernel {
            result.be_told_by_kernel();
        }
        let fleet = Fleet {
            run: self.task.run.clone(),
            asked: self.task.seats.len() as u32,
            start_spread_ns: spread.map(|(last, first)| last - first),
            clock_bound_ns: bounds().max().unwrap_or(0),
            parts: self.parts,
            doubled_parts,
            missing_parts: holes,
            between: between::judged(&mut result, &agents),
            collected: false,
        };
        Gathered {
            fleet,
            result,
            agents,
            loopback,
        }
    }
}
