//! The coordinator's side: a state machine that brings one run through on agents that are there.
//!
//! ```text
//! mustering ─► probing ─► tasking ─prepared─► connecting ─ready─► loaded ─finals─► over
//!      └───────────┴─────────┴──── refused, or the end asked for ────────────────────┘
//! ```
//!
//! It measures nothing and holds no books: entries go to whoever drives it, who adds them up. Each step
//! has an end: an agent that is not heard of for [`SILENCE`] while the bus is there is lost, and a bus
//! that is away for [`BUS_AWAY`] ends the waiting.

mod dealing;
mod losses;
mod member;
mod muster;

use std::collections::BTreeMap;

use thiserror::Error;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::settling::Settling;

pub use self::member::AgentState;
use self::member::Enrolled;
use crate::agent::HEARTBEAT;
use crate::build::Build;
use crate::bus::{Bus, BusEntry, Heard, LeaseAsk, Said};
use crate::clock::Estimate;
use crate::deal::TooFewConnections;
use crate::outbox::Outbox;
use crate::portable::NotPortable;
use crate::protocol::{EndWord, Order, Orders, Standing, Task, What, Word};

/// An agent that is not heard of for so long, while the bus is there, is lost.
pub const SILENCE: Nanos = Nanos::from_secs(8);
/// A bus that is away for so long is not waited for.
pub const BUS_AWAY: Nanos = Nanos::from_secs(60);
/// Agents may take so long to answer the first greeting; those that are there answer in milliseconds.
const MUSTER: Nanos = Nanos::from_secs(5);
/// Probes of each clock before a run; the fastest is believed.
const PROBES: u32 = 64;
/// Probes of each clock at a time meanwhile.
const PROBES_AGAIN: u32 = 8;
/// From one such time to the next.
const PROBE_EVERY: Nanos = Nanos::from_secs(10);
/// Probing ends after this even if not all came back.
const PROBING: Nanos = Nanos::from_secs(5);
/// The load begins so long ahead, at least: time enough for the word to be said again once.
const LEAD: Nanos = Nanos::from_millis(1_500);
/// And so many times the worst bound of a clock.
const LEAD_IN_BOUNDS: u64 = 20;
/// Connecting begins so long after all are prepared.
const CONNECT_LEAD: Nanos = Nanos::from_millis(300);
/// Agents find the server and make sure of their machine within this.
const PREPARING: Nanos = Nanos::from_secs(30);
/// Parts that a final names and that have not come are awaited for so long.
const LATE_PARTS: Nanos = Nanos::from_secs(10);
/// Stopped agents drain and hand over within this.
const STOPPING: Nanos = Nanos::from_secs(30);

/// A run that is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Name of the run.
    pub run: String,
    /// The plan; its threads are those that each agent is to have.
    pub plan: Plan,
    /// Threads of each agent; `None` has as many as it has cores.
    pub threads: Option<u32>,
    /// Agents that are to take part.
    pub agents: usize,
    /// True where the run goes on when an agent is lost.
    pub keeps_going: bool,
    /// The command line that asks for it, without secrets.
    pub command: String,
    /// The program that all have to be.
    pub build: Build,
    /// The coordinator's wall clock at its clock's zero, milliseconds since the Unix epoch.
    pub zero_unix_ms: u64,
    /// Number that tells this coordinator from others.
    pub life: u64,
}

/// Something that happens to a coordinator.
#[derive(Clone, Debug)]
pub enum CoordinatorEvent {
    /// Time passes; to be told ten times a second at least.
    Tick,
    /// The bus has something.
    Bus(Heard),
    /// The end is asked for.
    End(EndWord),
}

/// Consequence, for whoever drives the coordinator.
#[derive(Clone, Debug)]
pub enum CoordinatorAction {
    /// Words for the user.
    Tell(String),
    /// All have their shares: this is the whole plan, and who has what.
    Dealt(Box<Task>, Plan),
    /// An entry of the run, to be added up.
    Stored(BusEntry),
    /// Nothing more is awaited of this agent.
    Lost(String, String),
    /// The run is over: all that will come has come.
    Over,
    /// There is no run.
    Failed(NoRun),
}

/// The reason why there is no run.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum NoRun {
    /// Too few agents are there.
    #[error("{0}")]
    TooFew(String),
    /// An agent cannot take part.
    #[error("agent {agent} cannot take part: {why}")]
    Refused {
        /// The agent.
        agent: String,
        /// Its reason.
        why: String,
    },
    /// An agent was lost before there was anything to measure.
    #[error("agent {agent} was lost before the load began: {why}; nothing was measured")]
    LostEarly {
        /// The agent.
        agent: String,
        /// Sign of it.
        why: String,
    },
    /// The plan cannot be given to others.
    #[error(transparent)]
    NotPortable(#[from] NotPortable),
    /// Connections do not go round.
    #[error(transparent)]
    TooFewConnections(#[from] TooFewConnections),
    /// Messages between agents do not go round.
    #[error(
        "{rooms} rooms leave {numbers} messages of each of {threads} threads to be told apart by agents, and \
         there will be more; take fewer rooms, a shorter run, a lower rate, or more threads"
    )]
    TooFewNumbers {
        /// Rooms of the plan.
        rooms: u32,
        /// Messages of each thread.
        numbers: u64,
        /// Threads of the fleet.
        threads: u32,
    },
    /// The bus went away.
    #[error("the bus was away for {0:.0} s: {1}")]
    NoBus(f64, String),
    /// It was ended before the load began.
    #[error("interrupted before the load began")]
    Interrupted,
}

/// Step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RunPhase {
    Mustering,
    Probing,
    Tasking,
    Connecting,
    Loaded,
    Over,
}

/// The coordinator of one run.
#[derive(Debug)]
pub struct Coordinator {
    ask: Ask,
    phase: RunPhase,
    since: Nanos,
    /// All agents that were heard of while mustering.
    present: BTreeMap<String, (Word, Nanos)>,
    /// Those that take part.
    members: Vec<Enrolled>,
    task: Option<Task>,
    outbox: Outbox,
    orders: Orders,
    /// Zero of the run's clock by ours.
    zero: Nanos,
    said_at: Option<Nanos>,
    probed_at: Nanos,
    probe: u32,
    bus_down: Option<(Nanos, String)>,
    settling: Settling,
    ticks_settled: u64,
    /// Time at which the end was asked for.
    ended_at: Option<Nanos>,
}

impl Coordinator {
    /// A coordinator at `now` of its clock.
    #[must_use]
    pub fn new(ask: Ask, now: Nanos) -> Self {
        let orders = Orders {
            run: ask.run.clone(),
            ..Orders::default()
        };
        Self {
            ask,
            phase: RunPhase::Mustering,
            since: now,
            present: BTreeMap::new(),
            members: Vec::new(),
            task: None,
            outbox: Outbox::default(),
            orders,
            zero: Nanos::ZERO,
            said_at: None,
            probed_at: now,
            probe: 0,
            bus_down: None,
            settling: Settling::default(),
            ticks_settled: 0,
            ended_at: None,
        }
    }

    /// The agents that take part, as they are by now.
    #[must_use]
    pub fn agents(&self) -> Vec<AgentState> {
        self.members.iter().map(Enrolled::state).collect()
    }

    /// The time of the run's clock.
    #[must_use]
    pub fn run_time(&self, now: Nanos) -> Nanos {
        now - self.zero
    }

    /// Time at which the load begins, once that is known, of the run's clock.
    #[must_use]
    pub fn begins(&self) -> Option<Nanos> {
        self.orders.begin
    }

    /// True once it has nothing more to say.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase == RunPhase::Over
    }

    /// Takes in what happens at `now` of its clock, and says what comes of it.
    pub fn step(
        &mut self,
        now: Nanos,
        event: CoordinatorEvent,
        bus: &mut dyn Bus,
    ) -> Vec<CoordinatorAction> {
        let mut acts = Vec::new();
        if self.is_over() {
            return acts;
        }
        match event {
            CoordinatorEvent::Tick => {}
            CoordinatorEvent::Bus(heard) => self.hear(now, heard, &mut acts),
            CoordinatorEvent::End(why) => self.end(now, why, bus, &mut acts),
        }
        if !self.is_over() {
            self.look_at_the_clock(now, bus, &mut acts);
        }
        acts
    }

    fn hear(&mut self, now: Nanos, heard: Heard, acts: &mut Vec<CoordinatorAction>) {
        match heard {
            Heard::Said(Said::Word(word)) => self.take_word(now, *word),
            Heard::Said(Said::Echo(echo)) => {
                let is_it = |it: &&mut Enrolled| it.name == echo.agent && it.life == echo.life;
                let member = self.members.iter_mut().find(is_it);
                let estimate = Estimate::of(echo.sent, echo.at, now);
                if let Some((member, estimate)) = member.zip(estimate) {
                    member.probed(estimate);
                }
            }
            Heard::Stored(entry) if entry.key.run == self.ask.run => {
                let by = self.members.iter_mut().find(|it| it.is_author(&entry.key));
                if let Some(member) = by {
                    member.stored(now, &entry);
                    acts.push(CoordinatorAction::Stored(entry));
                }
            }
            Heard::Kept(key) => self.outbox.kept(&key),
            Heard::NotKept(key, why) => {
                acts.extend(self.outbox.not_kept(&key, why).map(CoordinatorAction::Tell));
            }
            Heard::Down(why) => {
                self.bus_down.get_or_insert((now, why));
            }
            Heard::Up => {
                self.bus_down = None;
                self.outbox.ask_again();
                // Words were lost meanwhile: nobody is the worse for it.
                for member in &mut self.members {
                    member.heard = now;
                    member.out_since = None;
                }
                self.said_at = None;
            }
            Heard::Said(_) | Heard::Stored(_) | Heard::Lease(..) => {}
        }
    }

    fn take_word(&mut self, now: Nanos, word: Word) {
        match self.phase {
            RunPhase::Mustering => {
                self.present.insert(word.agent.clone(), (word, now));
            }
            _ => {
                let member = self.members.iter_mut().find(|it| it.name == word.agent);
                if let Some(member) = member {
                    member.take_word(now, word, &self.ask.run);
                }
            }
        }
    }

    fn end(
        &mut self,
        now: Nanos,
        why: EndWord,
        bus: &mut dyn Bus,
        acts: &mut Vec<CoordinatorAction>,
    ) {
        if self.orders.end.is_some() {
            return;
        }
        self.orders.end = Some(why);
        self.ended_at = Some(now);
        self.say_orders(now, bus);
        if self.phase < RunPhase::Connecting {
            self.fail(now, NoRun::Interrupted, bus, acts);
        }
    }

    fn fail(
        &mut self,
        now: Nanos,
        trouble: NoRun,
        bus: &mut dyn Bus,
        acts: &mut Vec<CoordinatorAction>,
    ) {
        if self.orders.end.is_none() {
            self.orders.end = Some(EndWord::Interrupted);
        }
        self.say_orders(now, bus);
        self.phase = RunPhase::Over;
        acts.push(CoordinatorAction::Failed(trouble));
    }

    fn look_at_the_clock(
        &mut self,
        now: Nanos,
        bus: &mut dyn Bus,
        acts: &mut Vec<CoordinatorAction>,
    ) {
        if let Some((since, why)) = self.bus_down.clone() {
            if now - since >= BUS_AWAY {
                let trouble = NoRun::NoBus((now - since).as_secs_f64(), why);
                match self.phase < RunPhase::Loaded {
                    true => self.fail(now, trouble, bus, acts),
                    false => {
                        acts.push(CoordinatorAction::Tell(format!("{trouble}")));
                        self.give_all_up(&trouble.to_string(), acts);
                        self.conclude(acts);
                    }
                }
            }
            return;
        }
        match self.phase {
            RunPhase::Mustering => self.muster(now, bus, acts),
            RunPhase::Probing => self.probe(now, bus, acts),
            RunPhase::Tasking => self.await_prepared(now, bus, acts),
            RunPhase::Connecting => self.await_ready(now, bus, acts),
            RunPhase::Loaded => self.await_finals(now, bus, acts),
            RunPhase::Over => {}
        }
        if self.phase > RunPhase::Mustering && self.phase < RunPhase::Over {
            self.look_for_the_lost(now, bus, acts);
        }
        let is_due = self.said_at.is_none_or(|said| now - said >= HEARTBEAT);
        if is_due && self.phase < RunPhase::Over {
            self.say_again(now, bus);
        }
    }

    /// Says again what holds by now, for whoever has not heard it.
    fn say_again(&mut self, now: Nanos, bus: &mut dyn Bus) {
        if self.phase == RunPhase::Mustering {
            self.said_at = Some(now);
            say(bus, None, What::Hello);
            return;
        }
        if self.phase == RunPhase::Tasking
            && let Some(task) = &self.task
        {
            for member in self.members.iter().filter(|it| it.standing.is_none()) {
                say(bus, Some(&member.name), What::Task(Box::new(task.clone())));
            }
        }
        self.outbox.look_at_the_clock(now, bus);
        for member in self.members.iter().filter(|it| it.is_lost) {
            // Whoever comes back finds its lease taken.
            bus.lease(LeaseAsk {
                run: self.ask.run.clone(),
                agent: member.name.clone(),
                holder: self.ask.life,
            });
        }
        let is_loaded = self.phase == RunPhase::Loaded;
        if is_loaded && now - self.probed_at >= PROBE_EVERY {
            self.send_probes(now, PROBES_AGAIN, bus);
        }
        self.say_orders(now, bus);
    }

    fn say_orders(&mut self, now: Nanos, bus: &mut dyn Bus) {
        self.said_at = Some(now);
        say(bus, None, What::Standing(self.orders.clone()));
    }

    fn send_probes(&mut self, now: Nanos, probes: u32, bus: &mut dyn Bus) {
        self.probed_at = now;
        let names = self.members.iter().filter(|it| !it.is_lost);
        let names: Vec<String> = names.map(|it| it.name.clone()).collect();
        for _ in 0..probes {
            for name in &names {
                self.probe += 1;
                let number = self.probe;
                say(bus, Some(name), What::Probe { number, sent: now });
            }
        }
    }

    fn enter(&mut self, phase: RunPhase, now: Nanos) {
        (self.phase, self.since) = (phase, now);
    }

    fn await_prepared(&mut self, now: Nanos, bus: &mut dyn Bus, acts: &mut Vec<CoordinatorAction>) {
        if let Some(trouble) = self.refusal() {
            return self.fail(now, trouble, bus, acts);
        }
        let is_prepared = |it: &Enrolled| it.standing >= Some(Standing::Prepared);
        if self.members.iter().all(is_prepared) {
            self.orders.connect = Some(self.run_time(now) + CONNECT_LEAD);
            self.enter(RunPhase::Connecting, now);
            if self.ask.plan.load_begins_at_once() {
                self.orders.begin = self.orders.connect;
                self.enter(RunPhase::Loaded, now);
            }
            self.say_orders(now, bus);
        } else if now - self.since >= PREPARING {
            let late = self.members.iter().find(|it| !is_prepared(it));
            let agent = late.map_or_else(String::new, |it| it.name.clone());
            let why = format!(
                "it was not ready to connect within {:.0} s",
                PREPARING.as_secs_f64()
            );
            self.fail(now, NoRun::Refused { agent, why }, bus, acts);
        }
    }

    /// The words of an agent that cannot take part.
    fn refusal(&self) -> Option<NoRun> {
        self.members.iter().find_map(|it| match &it.standing {
            Some(Standing::Refused(why) | Standing::Stopping(why)) => Some(NoRun::Refused {
                agent: it.name.clone(),
                why: why.clone(),
            }),
            _ => None,
        })
    }

    fn await_ready(&mut self, now: Nanos, bus: &mut dyn Bus, acts: &mut Vec<CoordinatorAction>) {
        let alive = || self.members.iter().filter(|it| !it.is_lost);
        if alive().any(|it| it.upgraded.is_none() && it.final_at.is_none()) {
            if self.orders.end.is_some() {
                self.enter(RunPhase::Loaded, now);
            }
            return;
        }
        let upgraded: u64 = alive().filter_map(|it| it.upgraded).sum();
        let asked = self.ask.plan.clients.connections;
        if upgraded == 0 {
            self.end(now, EndWord::NothingConnected, bus, acts);
        } else {
            if upgraded < u64::from(asked) {
                acts.push(CoordinatorAction::Tell(format!(
                    "{upgraded} of {asked} connections came about: {}",
                    self.connected_by_agent()
                )));
            }
            let bounds = self.members.iter().filter_map(|it| it.before.best());
            let worst = bounds.map(|it| it.bound_ns).max().unwrap_or(0);
            let lead = LEAD.max(Nanos(worst.saturating_mul(LEAD_IN_BOUNDS)));
            self.orders.begin = Some(self.run_time(now) + lead);
        }
        self.enter(RunPhase::Loaded, now);
        self.say_orders(now, bus);
    }

    fn connected_by_agent(&self) -> String {
        let by_agent = self.members.iter().map(|it| {
            let upgraded = it.upgraded.map_or("?".to_owned(), |many| many.to_string());
            format!("{} {upgraded}", it.name)
        });
        by_agent.collect::<Vec<_>>().join(", ")
    }

    fn await_finals(&mut self, now: Nanos, bus: &mut dyn Bus, acts: &mut Vec<CoordinatorAction>) {
        self.settle(now, bus);
        let found = self.members.iter().filter_map(|it| it.ended);
        let found = found.max().filter(|end| *end > EndWord::Enough);
        if let Some(end) = found {
            // One that finds the server gone speaks for all.
            self.end(now, end, bus, acts);
        }
        let is_late = self.ended_at.is_some_and(|at| now - at >= STOPPING);
        let is_done = |it: &Enrolled| it.is_lost || it.is_whole(now, LATE_PARTS);
        if self.members.iter().all(is_done) {
            self.conclude(acts);
        } else if is_late {
            let why = format!("it did not end within {:.0} s", STOPPING.as_secs_f64());
            self.give_all_up(&why, acts);
            self.conclude(acts);
        }
    }

    /// Opens the window once the ticks of the warm-up, added up over all agents, have settled.
    fn settle(&mut self, now: Nanos, bus: &mut dyn Bus) {
        let is_found = self.ask.plan.warmup.at_most.is_some();
        if !is_found || self.orders.opens.is_some() || self.orders.begin.is_none() {
            return;
        }
        loop {
            let tick = self.ticks_settled;
            let alive = self.members.iter().filter(|it| it.left.is_none());
            let told: Option<Vec<_>> = alive.map(|it| it.ticks.get(&tick).copied()).collect();
            let Some(told) = told.filter(|told| !told.is_empty()) else {
                return;
            };
            self.ticks_settled += 1;
            let answers = told.iter().map(|it| it.answers).sum();
            let service_ns = told.iter().map(|it| u128::from(it.service_ns)).sum();
            if self.settling.tick(answers, service_ns) {
                self.orders.opens = Some(self.run_time(now) + LEAD);
                return self.say_orders(now, bus);
            }
        }
    }

    fn conclude(&mut self, acts: &mut Vec<CoordinatorAction>) {
        self.phase = RunPhase::Over;
        acts.push(CoordinatorAction::Over);
    }

    /// The reason for which the run was ended before its stop rule held.
    #[must_use]
    pub fn end_word(&self) -> Option<EndWord> {
        self.orders.end
    }
}

/// Says an order.
fn say(bus: &mut dyn Bus, to: Option<&str>, what: What) {
    let to = to.map(ToOwned::to_owned);
    bus.say(Said::Order(Box::new(Order { to, what })));
}
