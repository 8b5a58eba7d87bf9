//! A run put together from what the bus has kept, when its coordinator is gone.

use std::collections::BTreeMap;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use thiserror::Error;
use wsbench::carrier::{Carried, Carrier};
use wsbench::error::BenchError;
use wsbench_drive::resolve::Resolved;
use wsbench_drive::run::{RunObserver, StopSignal};
use wsbench_load::plan::{Plan, PlanSpec};
use wsbench_record::document::Fleet;

use crate::bus::{BusEntry, EntryKey, Heard, Of};
use crate::gathering::{Beside, Gathering};
use crate::portable::NotPortable;
use crate::protocol::{Final, Task};
use crate::service::Line;
use crate::wire;

/// The reason why there is nothing to put together.
#[derive(Debug, Error)]
pub enum CollectError {
    /// The bus has kept nothing of it.
    #[error(
        "the bus has kept nothing of run {0}; the name was said when the run began, and entries are kept \
             for a day"
    )]
    Unknown(String),
    /// Its task is not there.
    #[error("the bus has kept parts of run {0}, but not what run it was")]
    NoTask(String),
    /// Its task cannot be read.
    #[error("what run {0} was cannot be read: {1}")]
    Broken(String, String),
    /// Its plan is none.
    #[error(transparent)]
    Plan(#[from] NotPortable),
}

/// Everything that is kept of a run.
#[derive(Debug)]
pub struct Kept {
    task: Task,
    entries: Vec<BusEntry>,
}

/// All that is kept of a run, with its plan. It waits until all is there, or nothing new has come for
/// `quiet` and two intervals of the run: agents that are still under load hand over once an interval.
///
/// # Errors
/// [`CollectError`].
pub fn collect(
    run: &str,
    line: &Line,
    quiet: Duration,
    tell: &mut dyn FnMut(&str),
) -> Result<(Plan, Kept), CollectError> {
    let mut entries: BTreeMap<EntryKey, BusEntry> = BTreeMap::new();
    let mut new_at = Instant::now();
    let mut task: Option<Task> = None;
    let mut patience = quiet;
    while new_at.elapsed() < patience {
        match line.heard.recv_timeout(Duration::from_millis(50)) {
            Ok(Heard::Stored(entry)) if entry.key.run == run => {
                if entry.key.of == Of::Task {
                    let read = wire::unpacked(&entry.bytes);
                    let broken = |error: std::io::Error| {
                        CollectError::Broken(run.to_owned(), error.to_string())
                    };
                    let read: Task = read.map_err(broken)?;
                    // A plan that cannot be read is refused below.
                    let plan = serde_json::from_value::<PlanSpec>(read.plan.clone());
                    let interval = plan.map_or(Duration::ZERO, |plan| plan.interval.into());
                    patience = quiet.saturating_add(interval.saturating_mul(2));
                    task = Some(read);
                }
                entries.insert(entry.key.clone(), entry);
                new_at = Instant::now();
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if task.as_ref().is_some_and(|task| is_whole(task, &entries)) {
            break;
        }
    }
    if entries.is_empty() {
        return Err(CollectError::Unknown(run.to_owned()));
    }
    let task = task.ok_or_else(|| CollectError::NoTask(run.to_owned()))?;
    let parts = entries.len() - 1;
    tell(&format!(
        "run {run}: {parts} entries of {} agents",
        task.seats.len()
    ));
    let plan = task.portable().unresolved()?;
    let entries = entries.into_values().collect();
    Ok((plan, Kept { task, entries }))
}

/// True once the last of the books of all agents are there, and all parts that they name.
fn is_whole(task: &Task, entries: &BTreeMap<EntryKey, BusEntry>) -> bool {
    task.seats.iter().all(|seat| {
        let agent = &seat.agent;
        let of = |of| EntryKey {
            run: task.run.clone(),
            of,
        };
        let last = entries.get(&of(Of::Final(agent.clone())));
        let last = last.and_then(|last| wire::unpacked::<Final>(&last.bytes).ok());
        last.is_some_and(|last| {
            last.parts.iter().all(|&(worker, parts)| {
                (0..parts).all(|number| {
                    entries.contains_key(&of(Of::Part(agent.clone(), worker, number)))
                })
            })
        })
    })
}

/// A run that was carried out by others, and is only added up.
pub struct Collected {
    kept: Kept,
}

impl Collected {
    /// Of what was kept.
    #[must_use]
    pub fn new(kept: Kept) -> Self {
        Self { kept }
    }
}

impl Carrier for Collected {
    fn is_elsewhere(&self) -> bool {
        true
    }

    fn carry_out(
        &mut self,
        plan: &Plan,
        _: &Resolved,
        _: &StopSignal,
        observer: &mut dyn RunObserver,
    ) -> Result<Carried, BenchError> {
        let Kept { task, entries } = &self.kept;
        let mut gathering = Gathering::new(task, plan);
        for entry in entries {
            // One that cannot be read is among the missing parts of the result; the others are no worse.
            let _ = gathering.take(entry, observer);
        }
        let gathered = gathering.finish(None, &|_| Beside::default(), observer);
        Ok(Carried {
            result: gathered.result,
            plan: None,
            fleet: Some(Fleet {
                collected: true,
                ..gathered.fleet
            }),
            agents: gathered.agents,
            loopback: Some(gathered.loopback),
        })
    }
}
