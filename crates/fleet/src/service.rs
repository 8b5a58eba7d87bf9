//! An agent at work: its rules, told of the bus, of the clock and of its machine, which runs the shares.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wsbench::local_values::LocalValues;
use wsbench::{Bench, LocalRunner, Spelling, StopSignal, story};
use wsbench_drive::clock::Clock;
use wsbench_drive::resolve::Resolved;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;

use crate::agent::{Agent, AgentAction, AgentEvent, Here};
use crate::bus::{Bus, Heard};
use crate::member::{Member, Reins, last_books, no_books, own_plan};
use crate::protocol::{EndWord, Facts, Seat, Task};
use crate::wire;

/// From one look at the clock to the next.
const TICK: Duration = Duration::from_millis(50);
/// Between two looks whether connecting is to begin.
const NAP: Duration = Duration::from_micros(200);

/// A way to the bus, and from it.
pub struct Line {
    /// Words that are said.
    pub bus: Box<dyn Bus + Send>,
    /// Words that are heard.
    pub heard: Receiver<Heard>,
}

/// An agent, ready for runs.
pub struct AgentService {
    /// Its name within the fleet.
    pub name: String,
    /// Number that its process drew.
    pub life: u64,
    /// Words that it says of itself.
    pub facts: Facts,
    /// Cores that its threads are pinned to, in turn; empty where the scheduler chooses.
    pub cpus: Vec<usize>,
    /// Variables that references in headers and logins are resolved by.
    pub environment: BTreeMap<String, String>,
    /// The words for settings.
    pub spelling: &'static dyn Spelling,
    /// It leaves when no run was asked for in this time.
    pub idle_exit: Option<Duration>,
}

/// Reason for which an agent left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It was asked to.
    Asked,
    /// No run was asked for.
    Idle,
    /// Another one has its name.
    NameTaken,
}

/// Orders for the thread that carries a share out.
#[derive(Debug)]
enum LoadOrder {
    Connect(Nanos),
    End,
}

/// A share that is being carried out.
struct LoadThread {
    reins: Reins,
    orders: Sender<LoadOrder>,
    stop: StopSignal,
    /// Words of its thread, which nobody hears any more once the share is forgotten.
    told: Receiver<Here>,
}

impl AgentService {
    /// Serves until `stop` is asked for and no share is under way any more; a share that is under way is
    /// ended then. `tell` hears what is to be said to whoever looks on here.
    pub fn serve(&self, mut line: Line, stop: &StopSignal, tell: &mut dyn FnMut(&str)) -> Left {
        let mut busy_at = Instant::now();
        let clock = Clock::start();
        let mut agent = Agent::new(
            self.name.clone(),
            self.life,
            self.facts.clone(),
            clock.now(),
        );
        let mut running: Option<LoadThread> = None;
        let mut is_leaving = false;
        loop {
            // What the machine says is told at once; the bus is waited for.
            let mut events: Vec<AgentEvent> = Vec::new();
            if let Some(running) = &running {
                events.extend(running.told.try_iter().map(AgentEvent::Here));
            }
            if stop.is_requested() && !is_leaving {
                is_leaving = true;
                events.push(AgentEvent::Leave);
            }
            match line.heard.recv_timeout(if events.is_empty() {
                NAP * 10
            } else {
                Duration::ZERO
            }) {
                Ok(heard) => events.push(AgentEvent::Bus(heard)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
            }
            events.push(AgentEvent::Tick);
            for event in events {
                for act in agent.step(clock.now(), event, line.bus.as_mut()) {
                    if act == AgentAction::Leave {
                        return Left::NameTaken;
                    }
                    self.act(act, &clock, &mut running, tell);
                }
            }
            if agent.is_busy() || agent.has_unkept() {
                busy_at = Instant::now();
            } else if is_leaving {
                return Left::Asked;
            } else if self.idle_exit.is_some_and(|idle| busy_at.elapsed() >= idle) {
                return Left::Idle;
            }
        }
    }

    fn act(
        &self,
        act: AgentAction,
        clock: &Clock,
        running: &mut Option<LoadThread>,
        tell: &mut dyn FnMut(&str),
    ) {
        match act {
            AgentAction::Prepare(task) => {
                tell(&format!("run {}: a share of it is taken", task.run));
                *running = Some(self.start(*task, clock));
            }
            AgentAction::Connect(at) => {
                if let Some(running) = running {
                    let _ = running.orders.send(LoadOrder::Connect(at));
                }
            }
            AgentAction::Begin(at) => {
                if let Some(running) = running {
                    running.reins.begin(at);
                }
            }
            AgentAction::Open(at) => {
                if let Some(running) = running {
                    running.reins.open(at);
                }
            }
            AgentAction::End(word, why) => {
                tell(&format!("the load ends: {why}"));
                if let Some(running) = running {
                    running.end(word);
                }
            }
            AgentAction::Forget => {
                tell("the share is over and handed in");
                *running = None;
            }
            AgentAction::Tell(words) => tell(&words),
            AgentAction::Leave => {}
        }
    }

    /// Starts the thread of a share.
    fn start(&self, task: Task, clock: &Clock) -> LoadThread {
        let (orders, obeyed) = channel();
        let (here, told) = channel();
        let (reins, stop) = (Reins::default(), StopSignal::new());
        let share = OnThread {
            name: self.name.clone(),
            build: self.facts.build.build.clone(),
            cpus: self.cpus.clone(),
            environment: self.environment.clone(),
            spelling: self.spelling,
            task,
            clock: clock.clone(),
            reins: reins.clone(),
            stop: stop.clone(),
            here: here.clone(),
            parts: Arc::default(),
        };
        let started = thread::Builder::new()
            .name("share".to_owned())
            .spawn(move || share.carry_out(&obeyed));
        if let Err(error) = started {
            let _ = here.send(Here::Refused(format!("cannot start a thread: {error}")));
        }
        LoadThread {
            reins,
            orders,
            stop,
            told,
        }
    }
}

impl LoadThread {
    fn end(&self, word: EndWord) {
        self.reins.end(word);
        if word == EndWord::Interrupted {
            self.stop.request();
        }
        let _ = self.orders.send(LoadOrder::End);
    }
}

/// A share on its thread.
struct OnThread {
    name: String,
    build: String,
    cpus: Vec<usize>,
    environment: BTreeMap<String, String>,
    spelling: &'static dyn Spelling,
    task: Task,
    clock: Clock,
    reins: Reins,
    stop: StopSignal,
    here: Sender<Here>,
    parts: Arc<Mutex<Vec<(u32, u32)>>>,
}

impl OnThread {
    fn say(&self, here: Here) {
        let _ = self.here.send(here);
    }

    fn carry_out(&self, orders: &Receiver<LoadOrder>) {
        let (mut runner, own, resolved, run_clock) = match self.prepare() {
            Ok(prepared) => prepared,
            Err(why) => return self.say(Here::Refused(why)),
        };
        self.say(Here::Prepared);
        let Ok(LoadOrder::Connect(at)) = orders.recv() else {
            return;
        };
        while run_clock.now() < at && !self.stop.is_requested() {
            thread::sleep(Duration::from(at - run_clock.now()).min(NAP * 50));
        }
        let document = runner.carry_out(&own, &resolved);
        let parts = self
            .parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let books = match document {
            Ok(document) => {
                let total = run_clock.now();
                last_books(
                    &self.name,
                    &self.build,
                    &document,
                    &self.reins,
                    parts,
                    total,
                )
            }
            Err(error) => no_books(
                &self.name,
                &self.build,
                &story(&error, self.spelling),
                parts,
            ),
        };
        if let Ok(bytes) = wire::packed(&books) {
            self.say(Here::Over(bytes));
        }
    }

    fn prepare(&self) -> Result<(LocalRunner, Plan, Resolved, Clock), String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let task = &self.task;
        let variable = |name: &str| self.environment.get(name).cloned();
        let whole = task
            .portable()
            .resolved(&LocalValues::new(&variable).confined())
            .map_err(|it| words(&it))?;
        let seat: &Seat = task
            .seat(&self.name)
            .ok_or("the task has no share for this agent")?;
        let own = own_plan(&whole, seat, &self.cpus).map_err(|it| words(&it))?;
        let clock = self.clock.from(seat.zero);
        let member = Member {
            whole,
            seat: seat.clone(),
            clock: clock.clone(),
            reins: self.reins.clone(),
            here: self.here.clone(),
            parts: Arc::clone(&self.parts),
        };
        let bench = Bench::of(own)
            .stopped_by(self.stop.clone())
            .spelled(self.spelling)
            .command(task.command.clone())
            .carried_by(Box::new(member));
        let told = |error| story(&error, self.spelling);
        let (runner, own) = bench.into_runner().map_err(told)?;
        let resolved = runner.prepare(&own).map_err(told)?;
        Ok((runner, own, resolved, clock))
    }
}
