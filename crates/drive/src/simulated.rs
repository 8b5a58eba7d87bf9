//! A whole benchmark on simulated time: a made-up network, server and clock under the same worker
//! that runs over the kernel.
//!
//! A run depends on plan, scenario and the plan's seed alone, and takes milliseconds whatever
//! time passes in it. It proves what the instrument makes of a server; how fast the instrument
//! itself is, it cannot say.
//!
//! ```
//! use wsbench_load::{nanos::Nanos, plan::{Plan, StopRule, Target}};
//! use wsbench_drive::simulated::{self, Scenario};
//! let target = Target { host: "simulated".into(), port: 80, resource: "/".into(), secure: false };
//! let stop = StopRule::Messages(100);
//! let plan = Plan { connections: 4, stop, ..Plan::against(target) };
//! // A plan for 100 messages, against a healthy server 50 µs away that takes 10 µs.
//! let result = simulated::run(&plan, Scenario::default(), None);
//! assert_eq!(result.messages.answered, 100);
//! assert!(result.service.min() >= Some(Nanos::from_micros(110)));
//! ```

use std::io;
use std::time::Duration;

use wsbench_load::compression::Stopwatch;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, Timestamps};
use wsbench_load::result::{LogRecord, Progress, RunResult, Stage, Stamps, ThreadUsage};
use wsbench_load::session::Opened;

use crate::collector::Observer;
use crate::conductor::Alone;
use crate::crew::{Crew, Equipment, Intake, Standstill, Terms};
use crate::engine::{Engine, Ready, Received};
use crate::shared::StopSignal;

mod fault;
mod link;
mod press;
mod scenario;
mod server;
mod timing;
mod world;

pub use scenario::{
    AnswerFault, Breach, Bucket, ConnectFault, Course, Cut, Death, Disruption, Ending, Every,
    Machine, Network, OpeningFault, Outage, Pause, Queue, Scenario, Server, Service, Stall,
};
use world::World;

/// What is true of a worker that is right.
const RIGHT: &str = "a worker that is right ends its run and does not spin";

/// What each call of the generator's codec takes, by its own books; no simulated time passes.
pub const CODEC_CALL: Nanos = Nanos::from_micros(1);

/// A simulated run as both sides saw it: what the instrument says, and what was.
#[derive(Clone, Debug)]
pub struct Witness {
    /// What the instrument says.
    pub result: RunResult,
    /// What it gave for the raw log, in order.
    pub log: Vec<LogRecord>,
    /// Stages in the order in which the live view was told of them.
    pub stages: Vec<Stage>,
    /// Connects that the generator asked its kernel for, granted or not.
    pub connects: u64,
    /// Connections that the generator's kernel held, from connect to close, after each change:
    /// when, and how many.
    pub presence: Vec<(Nanos, usize)>,
    /// Whole messages that the server received.
    pub messages_at_server: u64,
    /// When the server received each of them, since the run began.
    pub arrivals_at_server: Vec<Nanos>,
    /// Requests and frames of ours that broke the protocol at the server. None ever should.
    pub violations_of_ours: u64,
}

/// Carries `plan` out in `scenario` on one worker; `stop_at` asks it to stop at that time of the
/// run, as Ctrl-C does. The result is complete but for what only a machine has: the wall clock's
/// time, addresses and memory.
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
    attend(plan, scenario, stop_at, &mut |_| false)
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
    attend(plan, scenario, None, is_enough).result
}

fn attend(
    plan: &Plan,
    scenario: Scenario,
    stop_at: Option<Nanos>,
    is_enough: &mut dyn FnMut(&RunResult) -> bool,
) -> Witness {
    let plan = &Plan {
        threads: 1,
        ..plan.clone()
    };
    let stop = StopSignal::new();
    let mut world = World::new(scenario, plan.seed, stop.clone(), stop_at);
    let mut notes = Notes {
        log: Vec::new(),
        stages: Vec::new(),
        is_enough,
        stop: stop.clone(),
    };
    let terms = Terms {
        stop,
        conductor: Box::new(Alone),
        peer: "simulated".into(),
        started_at_unix_ms: 0,
    };
    let mut place = Some(&mut world);
    let crew = Crew::new(plan, terms, |_| {
        let world = place.take().ok_or("the world is taken")?;
        let gives_stamps = plan.timestamps != Timestamps::User;
        Ok::<_, &str>(Equipment {
            engine: Attended {
                world,
                gives_stamps,
            },
            stopwatch: counting_stopwatch(),
        })
    });
    let Crew {
        workers,
        mut intake,
    } = crew.expect("one worker, one world");
    for mut worker in workers {
        worker.begin();
        loop {
            let standstill = worker.step().expect(RIGHT);
            take_in(&mut intake, &mut notes);
            let Standstill::Until(until) = standstill else {
                break;
            };
            let woken = worker.wait(until).expect(RIGHT);
            worker.serve(woken);
        }
        worker.end();
    }
    take_in(&mut intake, &mut notes);
    let mut result = intake.finish(world.now());
    result.stamps = match plan.timestamps {
        Timestamps::User => Stamps::User,
        Timestamps::Auto | Timestamps::Kernel => Stamps::Kernel,
    };
    result.generator.max_rss_bytes = 0; // that of the process around, not of the run
    Witness {
        result,
        log: notes.log,
        stages: notes.stages,
        connects: world.connects,
        presence: world.presence,
        messages_at_server: world.server.messages,
        arrivals_at_server: world.server.arrivals,
        violations_of_ours: world.server.violations,
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

/// Gathers in what has been handed over: while the worker waits, rather than on a thread apart.
fn take_in(intake: &mut Intake<'_>, notes: &mut Notes<'_>) {
    while let Ok(handover) = intake.next(Duration::ZERO) {
        intake.take(handover, notes);
    }
}

struct Notes<'a> {
    log: Vec<LogRecord>,
    stages: Vec<Stage>,
    is_enough: &'a mut dyn FnMut(&RunResult) -> bool,
    stop: StopSignal,
}

impl Observer for Notes<'_> {
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

/// The world as the worker's engine.
struct Attended<'a> {
    world: &'a mut World,
    gives_stamps: bool,
}

impl Engine for Attended<'_> {
    fn now(&self) -> Nanos {
        self.world.now()
    }

    fn open(&mut self, slot: usize) -> io::Result<()> {
        self.world.open(slot)
    }

    fn established(&mut self, slot: usize) -> io::Result<Option<Opened>> {
        self.world.established(slot)
    }

    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        self.world.write(slot, bytes)
    }

    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<Received> {
        let received = self.world.read(slot, buffer)?;
        let arrived = received.arrived.filter(|_| self.gives_stamps);
        Ok(Received {
            arrived,
            ..received
        })
    }

    fn close(&mut self, slot: usize) {
        self.world.close(slot);
    }

    fn wait(&mut self, now: Nanos, until: Nanos, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.world.wait(now, until, ready)
    }

    fn usage(&self) -> ThreadUsage {
        self.world.usage()
    }
}
