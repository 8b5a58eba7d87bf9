//! The machine of a simulated agent: it takes its time, loads, and hands over the parts that one process
//! made in truth.

use wsbench_drive::crew::{Agreed, Part};
use wsbench_fleet::agent::{AgentAction, Here};
use wsbench_fleet::protocol::{EndWord, Final, Task};
use wsbench_fleet::wire;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::{Absences, Ended};
use wsbench_record::document::Agent;

use crate::truth;

/// The drain: from the end of the load to the last of the books.
const DRAIN: Nanos = Nanos::from_millis(40);

/// A machine under the command of an agent. Times are of the agent's clock.
#[derive(Debug, Default)]
pub(crate) struct Host {
    task: Option<Task>,
    name: String,
    /// What it will say, and when.
    pending: Vec<(Nanos, Here)>,
    zero: Nanos,
    is_connecting: bool,
    /// When its load began and, once it is over, ended.
    pub(crate) load: Option<(Nanos, Option<Nanos>)>,
    begins: Option<Nanos>,
    /// Parts that were handed over, by worker.
    handed: Vec<(u32, u32)>,
    ends: Option<(Nanos, Ended)>,
    pub(crate) refuses: bool,
}

impl Host {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    pub(crate) fn act(&mut self, now: Nanos, act: AgentAction, random: &mut fastrand::Rng) {
        match act {
            AgentAction::Prepare(task) => {
                self.zero = task.seat(&self.name).map_or(Nanos::ZERO, |seat| seat.zero);
                self.task = Some(*task);
                let ready = now + Nanos::from_millis(random.u64(5..200));
                self.pending.push((
                    ready,
                    match self.refuses {
                        true => Here::Refused("the server is not found".to_owned()),
                        false => Here::Prepared,
                    },
                ));
            }
            AgentAction::Connect(at) => {
                self.is_connecting = true;
                let settled = (self.zero + at).max(now) + Nanos::from_millis(random.u64(20..600));
                self.pending.push((settled, Here::Settled(7)));
            }
            AgentAction::Begin(at) => {
                let at = (self.zero + at).max(now);
                self.begins = Some(at);
                // As long as the truth took.
                let length = Nanos::from_secs(13);
                self.ends.get_or_insert((at + length, Ended::Complete));
            }
            AgentAction::End(end, _) => {
                if self.is_connecting {
                    let ended = match end {
                        EndWord::Enough | EndWord::Complete => Ended::Complete,
                        other => other.into(),
                    };
                    let natural = self.ends.map_or(Nanos::MAX, |(at, _)| at);
                    if now < natural {
                        self.ends = Some((now, ended));
                    }
                    self.begins = self.begins.filter(|at| *at <= now);
                }
            }
            AgentAction::Forget => {
                let refuses = self.refuses;
                let load = self.load;
                *self = Self::new(std::mem::take(&mut self.name));
                (self.refuses, self.load) = (refuses, load);
            }
            AgentAction::Open(_) | AgentAction::Tell(_) => {}
            AgentAction::Leave => panic!("nobody else has its name"),
        }
    }

    /// What it says by `now`.
    pub(crate) fn says(&mut self, now: Nanos) -> Vec<Here> {
        let mut said = Vec::new();
        self.pending.retain(|(at, here)| {
            let is_due = *at <= now;
            if is_due {
                said.push(here.clone());
            }
            !is_due
        });
        if let Some(at) = self.begins.filter(|at| *at <= now) {
            self.load.get_or_insert((at, None));
            self.hand_over(now, at, &mut said);
        }
        if let Some((at, ended)) = self.ends.filter(|(at, _)| *at + DRAIN <= now) {
            if let Some((_, until)) = &mut self.load {
                // It is seen to be over when its machine runs again.
                until.get_or_insert(at);
            }
            self.close(ended, &mut said);
            self.ends = None;
            self.begins = None;
        }
        said
    }

    fn own_parts(&self) -> impl Iterator<Item = &'static (Part, std::sync::Arc<[u8]>)> + use<> {
        let workers = self.task.as_ref().and_then(|task| task.seat(&self.name));
        let workers = workers.map_or_else(Vec::new, |seat| seat.workers.clone());
        truth()
            .parts
            .iter()
            .filter(move |(part, _)| workers.contains(&part.share))
    }

    /// The parts whose time has come since the load began, but for the last of each worker.
    fn hand_over(&mut self, now: Nanos, began: Nanos, said: &mut Vec<Here>) {
        let ends = self.ends.map_or(Nanos::MAX, |(at, _)| at);
        let passed = now.min(ends) - began;
        for (part, bytes) in self.own_parts() {
            let known = self.handed.iter().find(|(worker, _)| *worker == part.share);
            let next = known.map_or(0, |(_, next)| *next);
            let is_due = part.now <= passed + Nanos::from_millis(100) && part.last.is_none();
            if part.number == next && is_due {
                self.note(part.share, next + 1);
                said.push(Here::Part(part.share, part.number, bytes.clone()));
            }
        }
    }

    fn note(&mut self, worker: u32, parts: u32) {
        self.handed.retain(|(of, _)| *of != worker);
        self.handed.push((worker, parts));
    }

    /// Hands over the rest: all of it of a run that is complete, and of one that is not the last words.
    fn close(&mut self, ended: Ended, said: &mut Vec<Here>) {
        let parts: Vec<_> = self.own_parts().collect();
        for (part, bytes) in &parts {
            let known = self.handed.iter().find(|(worker, _)| *worker == part.share);
            let next = known.map_or(0, |(_, next)| *next);
            if ended == Ended::Complete && part.number == next {
                self.note(part.share, next + 1);
                said.push(Here::Part(part.share, part.number, bytes.clone()));
            } else if ended != Ended::Complete && part.last.is_some() {
                let mut last = part.clone();
                last.number = next;
                *last.tally = wsbench_load::tally::Tally::default();
                self.note(part.share, next + 1);
                let bytes = wire::packed(&last).unwrap();
                said.push(Here::Part(part.share, next, bytes));
            }
        }
        let books = Final {
            agreed: Some(Agreed {
                ended,
                absences: Absences::default(),
                ..truth().run.agreed
            }),
            parts: self.handed.clone(),
            total: Nanos::from_secs(13),
            addresses: Vec::new(),
            told_by_kernel: true,
            loopback: false,
            max_rss_bytes: 0,
            agent: Agent::default(),
        };
        said.push(Here::Over(wire::packed(&books).unwrap()));
    }
}
