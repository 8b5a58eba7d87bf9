//! A whole benchmark on simulated time: a made-up network, server and clocks under the same workers
//! that run over the kernel.
//!
//! A run depends on plan, scenario and the plan's seed alone, and takes milliseconds whatever
//! time passes in it. It proves what the instrument makes of a server; how fast the instrument
//! itself is, it cannot say. For tests alone: nothing that is shipped depends on it.
//!
//! Each worker runs on a core of its own, all of them in one world. The formulas of what is known
//! beforehand hold for one worker, on whose clock everything happens; of several it is known that the
//! same seed gives the same run, and that the sums hold.
//!
//! ```
//! use wsbench_load::{nanos::Nanos, plan::{PlanSpec, StopRule}, series::Series};
//! use wsbench_simulate::Scenario;
//! let mut spec = PlanSpec::against("ws://simulated/".parse().unwrap());
//! spec.clients.connections = 4;
//! spec.stop = StopRule::Messages(100);
//! let plan = spec.check().unwrap();
//! // A plan for 100 messages, against a healthy server 50 µs away that takes 10 µs.
//! let result = wsbench_simulate::run(&plan, Scenario::default(), None);
//! assert_eq!(result.messages.answered, 100);
//! assert!(result.at(Series::Service).min() >= Some(Nanos::from_micros(110)));
//! ```
#![forbid(unsafe_code)]

mod apart;
mod compressor;
mod cores;
mod engine;
mod fault;
mod link;
mod outlet;
#[cfg(feature = "runner")]
pub mod runner;
mod scenario;
mod server;
mod timing;
mod world;

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use wsbench_drive::coordination::Alone;
use wsbench_drive::crew::{Agreed, Crew, CrewTerms, Equipment, Intake, Part, Standstill, Worker};
use wsbench_drive::run::{RunObserver, StopSignal};
use wsbench_load::compression::Stopwatch;
use wsbench_load::exchange::Exchange;
use wsbench_load::exchange::echo::Echo;
use wsbench_load::exchange::mixed::Mixed;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, Timestamps};
use wsbench_load::result::{Progress, RunResult, Stage, Stamps};
use wsbench_load::tally::LogRecord;

pub use crate::scenario::{
    Acking, AnswerFault, Breach, Bucket, ConnectFault, Cut, Death, Disruption, Ending, Every,
    Machine, Network, OpeningFault, Outage, Pause, PeriodicStall, Pushing, Queue, Scenario, Server,
    ServiceCourse, ServiceTime, Streaming, ToAll, Unsent,
};

pub use crate::apart::handed_apart;
use crate::engine::Attended;
use crate::world::World;

/// The wall clock when a simulated run begins, ns since the Unix epoch.
pub(crate) const EPOCH_NS: u64 = 0;

/// Statement that is true of a worker that is right.
const RIGHT: &str = "a worker that is right ends its run, does not spin, and hands all over once";

/// Time that each call of the generator's codec takes, by its own books; no simulated time passes.
pub const CODEC_CALL: Nanos = Nanos::from_micros(1);

/// A simulated run as both sides saw it: what the instrument says, and what was.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Result by the instrument.
    pub result: RunResult,
    /// Records that it gave for the raw log, in order.
    pub log: Vec<LogRecord>,
    /// Stages in the order in which the live view was told of them.
    pub stages: Vec<Stage>,
    /// Connects that the generator asked its kernel for, granted or not.
    pub connects: u64,
    /// Connections that the generator's kernel held, from connect to close, after each change:
    /// when, and how many.
    pub presence: Vec<(Nanos, usize)>,
    /// The most of them that each worker had at a time.
    pub most_present: Vec<usize>,
    /// Of several workers: what each of them handed over, added up apart from the others.
    pub parts: Vec<RunResult>,
    /// Whole messages that the server received.
    pub messages_at_server: u64,
    /// Instants at which the server received each of them, since the run began.
    pub arrivals_at_server: Vec<Nanos>,
    /// Requests and frames of ours that broke the protocol at the server. None ever should.
    pub violations_of_ours: u64,
}

/// Carries `plan` out in `scenario`, on as many workers as it has threads; `stop_at` asks it to stop
/// at that time of the run, as Ctrl-C does. The result is complete but for what only a machine has:
/// the wall clock's time, addresses and memory.
///
/// # Panics
/// The run is not over after an hour of simulated time, or waits again and again for a time long
/// past: a fault in wsbench.
#[must_use]
pub fn run(plan: &Plan, scenario: Scenario, stop_at: Option<Nanos>) -> RunResult {
    witness(plan, scenario, stop_at).result
}

/// The same as [`run`], with all that was seen from outside.
///
/// # Panics
/// As [`run`] does.
#[must_use]
pub fn witness(plan: &Plan, scenario: Scenario, stop_at: Option<Nanos>) -> Witness {
    if plan.clients.are_mixed() {
        witness_of::<Mixed>(plan, scenario, stop_at)
    } else {
        witness_of::<Echo>(plan, scenario, stop_at)
    }
}

/// The same as [`witness`], by workers that are made for exchange `X`.
///
/// # Panics
/// As [`run`] does.
#[must_use]
pub fn witness_of<X: Exchange>(plan: &Plan, scenario: Scenario, stop_at: Option<Nanos>) -> Witness {
    attend::<X>(plan, scenario, stop_at, &mut |_| false)
}

/// The same as [`run`], over as soon as `is_enough` says so of what was measured until then: it is
/// asked whenever the live view would be told.
///
/// # Panics
/// As [`run`] does.
#[must_use]
pub fn run_until(
    plan: &Plan,
    scenario: Scenario,
    is_enough: &mut dyn FnMut(&RunResult) -> bool,
) -> RunResult {
    if plan.clients.are_mixed() {
        attend::<Mixed>(plan, scenario, None, is_enough).result
    } else {
        attend::<Echo>(plan, scenario, None, is_enough).result
    }
}

/// A simulated run, and the parts of its books as its workers handed them over.
#[derive(Debug)]
pub struct RunInParts {
    /// The run.
    pub witness: Witness,
    /// The parts, in the order in which they were handed over.
    pub parts: Vec<Part>,
    /// What the workers had agreed on by the end.
    pub agreed: Agreed,
}

/// The same as [`witness`], with the parts.
///
/// # Panics
/// As [`run`] does.
#[must_use]
pub fn handed(plan: &Plan, scenario: Scenario, stop_at: Option<Nanos>) -> RunInParts {
    let mut parts = Vec::new();
    let on_part = &mut |part: &Part| parts.push(part.clone());
    let (witness, agreed) = if plan.clients.are_mixed() {
        attend_to::<Mixed>(plan, scenario, stop_at, &mut |_| false, on_part)
    } else {
        attend_to::<Echo>(plan, scenario, stop_at, &mut |_| false, on_part)
    };
    RunInParts {
        witness,
        parts,
        agreed,
    }
}

fn attend<X: Exchange>(
    plan: &Plan,
    scenario: Scenario,
    stop_at: Option<Nanos>,
    is_enough: &mut dyn FnMut(&RunResult) -> bool,
) -> Witness {
    attend_to::<X>(plan, scenario, stop_at, is_enough, &mut |_| {}).0
}

fn attend_to<X: Exchange>(
    plan: &Plan,
    scenario: Scenario,
    stop_at: Option<Nanos>,
    is_enough: &mut dyn FnMut(&RunResult) -> bool,
    on_part: &mut dyn FnMut(&Part),
) -> (Witness, Agreed) {
    let stop = StopSignal::new();
    let workers = plan.threads as usize;
    let world = World::new(scenario, workers, plan.seed, stop.clone(), stop_at);
    let world = RefCell::new(world);
    let mut notes = Notes {
        log: Vec::new(),
        stages: Vec::new(),
        parts: vec![RunResult::default(); if workers > 1 { workers } else { 0 }],
        is_enough,
        stop: stop.clone(),
    };
    let terms = CrewTerms {
        stop,
        coordination: Box::<Alone>::default(),
        peer: "simulated".into(),
        started_at_unix_ns: EPOCH_NS,
        workers: (0..plan.threads).collect(),
    };
    let crew = Crew::<_, X>::new(plan, terms, |share| {
        Ok::<_, Infallible>(Equipment {
            engine: Attended::new(&world, share.worker, tells_arrivals(plan)),
            stopwatch: counting_stopwatch(),
        })
    });
    let Ok(Crew {
        workers,
        mut intake,
    }) = crew;
    take_turns(workers, &world, || {
        take_in(&mut intake, &mut notes, on_part);
    });
    let mut world = world.into_inner();
    assert_eq!(intake.missing(), [], "{RIGHT}");
    let agreed = intake.shared().agreed();
    let mut result = intake.finish(world.end(), &mut notes);
    result.stamps = match plan.timestamps {
        Timestamps::User => Stamps::User,
        Timestamps::Auto | Timestamps::Kernel => Stamps::Kernel,
    };
    let witness = Witness {
        result,
        log: notes.log,
        stages: notes.stages,
        connects: world.connects,
        most_present: world.most_present(),
        presence: world.presence,
        parts: notes.parts,
        messages_at_server: world.server.messages,
        arrivals_at_server: world.server.arrivals,
        violations_of_ours: world.server.violations,
    };
    (witness, agreed)
}

/// Whether the simulated kernel says when something has come.
fn tells_arrivals(plan: &Plan) -> bool {
    plan.timestamps != Timestamps::User
}

/// Lets each worker have its turns until all have ended; calls `after` after each turn.
fn take_turns<X: Exchange>(
    mut workers: Vec<Worker<Attended<'_>, X>>,
    world: &RefCell<World>,
    mut after: impl FnMut(),
) {
    let mut deadlines = vec![Nanos::ZERO; workers.len()];
    let mut turn = |index: usize, worker: &mut Worker<Attended<'_>, X>, deadline: &mut Nanos| {
        match worker.step().expect(RIGHT) {
            Standstill::Until(until) => {
                *deadline = until;
                world.borrow_mut().stand_still(index, until);
            }
            Standstill::Over => {
                worker.end();
                world.borrow_mut().leave(index);
            }
        }
        after();
    };
    for (index, worker) in workers.iter_mut().enumerate() {
        worker.begin();
        turn(index, worker, &mut deadlines[index]);
    }
    loop {
        let next = world.borrow_mut().next_turn();
        let Some(index) = next else {
            return;
        };
        let worker = &mut workers[index];
        let woken = worker.wait(deadlines[index]).expect(RIGHT);
        worker.serve(woken);
        turn(index, worker, &mut deadlines[index]);
    }
}

/// Gathers in what has been handed over: between turns, rather than on a thread apart.
fn take_in(intake: &mut Intake<'_>, notes: &mut Notes<'_>, on_part: &mut dyn FnMut(&Part)) {
    while let Ok(part) = intake.next(Duration::ZERO) {
        on_part(&part);
        if let Some(of_worker) = notes.parts.get_mut(part.share as usize) {
            of_worker.tally.merge(&part.tally);
        }
        intake.take(part, notes).expect(RIGHT);
    }
}

/// A stopwatch that is [`CODEC_CALL`] later at each reading, so that the codec's time is known
/// beforehand: the simulated one stands still while the codec works.
fn counting_stopwatch() -> Stopwatch {
    let mut time = Nanos::ZERO;
    Box::new(move || {
        time += CODEC_CALL;
        time
    })
}

struct Notes<'a> {
    log: Vec<LogRecord>,
    stages: Vec<Stage>,
    parts: Vec<RunResult>,
    is_enough: &'a mut dyn FnMut(&RunResult) -> bool,
    stop: StopSignal,
}

impl RunObserver for Notes<'_> {
    fn progress(&mut self, progress: &Progress) {
        if (self.is_enough)(&progress.so_far) {
            self.stop.suffice();
        }
        if self.stages.last() != Some(&progress.stage) {
            self.stages.push(progress.stage);
        }
    }

    fn log(&mut self, records: &[LogRecord]) {
        self.log.extend_from_slice(records);
    }
}
