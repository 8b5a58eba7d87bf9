//! A bus and its fleet, on one queue of events. Each agent has a clock of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use wsbench_fleet::agent::{self, Agent};
use wsbench_fleet::build::Build;
use wsbench_fleet::bus::{Bus, BusEntry, EntryKey, Heard, LEASE, LeaseAsk, LeaseTaken, Of, Said};
use wsbench_fleet::coordinator::{self, Ask, Coordinator};
use wsbench_fleet::protocol::{Facts, Task};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;

use crate::host::Host;
use crate::{AGENTS, THREADS};

/// Everything is over by then, or it never is.
const LIMIT: Nanos = Nanos::from_secs(240);
/// From one look at the clock to the next.
const TICK: Nanos = Nanos::from_millis(50);

/// What goes wrong in a run. Times are of the world's clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Of a thousand words, so many are lost.
    pub(crate) lost: u32,
    /// So many come twice.
    pub(crate) doubled: u32,
    /// Agent of this number is dead from then on.
    pub(crate) dies: Option<(usize, Nanos)>,
    /// It stands still from then, for so long.
    pub(crate) stands_still: Option<(usize, Nanos, Nanos)>,
    /// It, or with `AGENTS` the coordinator, is cut off from the bus from then, for so long.
    pub(crate) cut_off: Option<(usize, Nanos, Nanos)>,
    /// Everybody is: the bus is gone, and comes back with what it has kept.
    pub(crate) bus_gone: Option<(Nanos, Nanos)>,
    /// The coordinator dies.
    pub(crate) coordinator_dies: Option<Nanos>,
    /// An agent cannot take part.
    pub(crate) refuses: Option<usize>,
    /// The run goes on without a lost agent.
    pub(crate) keeps_going: bool,
}

impl Faults {
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
        let agent = random.usize(0..AGENTS as usize);
        let mut at = || Nanos::from_millis(random.u64(0..18_000));
        let times = [at(), at(), at(), at(), at()];
        let length = Nanos::from_millis(random.u64(100..40_000));
        let one_in = |random: &mut fastrand::Rng, n: u32| random.u32(0..n) == 0;
        Self {
            lost: if one_in(&mut random, 2) {
                random.u32(0..200)
            } else {
                0
            },
            doubled: random.u32(0..300),
            dies: one_in(&mut random, 5).then_some((agent, times[0])),
            stands_still: one_in(&mut random, 5).then_some((agent, times[1], length)),
            cut_off: one_in(&mut random, 4)
                .then(|| (random.usize(0..=AGENTS as usize), times[2], length)),
            bus_gone: one_in(&mut random, 6).then_some((times[3], length)),
            coordinator_dies: one_in(&mut random, 8).then_some(times[4]),
            refuses: one_in(&mut random, 40).then_some(agent),
            keeps_going: random.bool(),
        }
    }
}

/// The load of one agent as it was, by the world's clock.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) from: Nanos,
    pub(crate) until: Option<Nanos>,
    /// End of a standstill of a lease's length within it.
    pub(crate) stood_still_until: Option<Nanos>,
    /// When the coordinator gave it up.
    pub(crate) given_up_at: Option<Nanos>,
    /// It could not hear of that before.
    pub(crate) cut_off_until: Nanos,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) is_over: bool,
    pub(crate) failed: Option<String>,
    pub(crate) all_idle: bool,
    pub(crate) dealt: Option<(Task, Plan)>,
    pub(crate) kept: Vec<BusEntry>,
    pub(crate) loads: Vec<Load>,
    pub(crate) told: Vec<String>,
    pub(crate) took: Nanos,
}

/// Whom an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whom {
    Agent(usize),
    Coordinator,
    Bus,
}

#[derive(Clone, Debug)]
enum Event {
    Tick,
    Heard(Heard),
    Keep(BusEntry, usize),
    Lease(LeaseAsk, Whom),
}

/// Words that were said in one step.
#[derive(Default)]
struct Outgoing {
    said: Vec<Said>,
    keeps: Vec<BusEntry>,
    leases: Vec<LeaseAsk>,
}

impl Bus for Outgoing {
    fn say(&mut self, said: Said) {
        self.said.push(said);
    }

    fn keep(&mut self, entry: &BusEntry) {
        self.keeps.push(entry.clone());
    }

    fn lease(&mut self, ask: LeaseAsk) {
        self.leases.push(ask);
    }
}

pub(crate) struct World {
    random: fastrand::Rng,
    faults: Faults,
    now: Nanos,
    queue: BinaryHeap<Reverse<(Nanos, u64, usize)>>,
    events: BTreeMap<usize, (Whom, Event)>,
    numbered: usize,
    agents: Vec<(Agent, Host)>,
    /// Each agent's clock is so far ahead of the world's.
    ahead: Vec<Nanos>,
    coordinator: Coordinator,
    leases: BTreeMap<(String, String), (u64, Nanos)>,
    stored: BTreeMap<EntryKey, BusEntry>,
    outcome: Outcome,
    was_cut_off: [bool; AGENTS as usize + 1],
    given_up: BTreeMap<String, Nanos>,
}

fn facts() -> Facts {
    Facts {
        build: Build {
            version: "1".to_owned(),
            build: "b".to_owned(),
            schema: "s".to_owned(),
        },
        cores: THREADS,
        ..Facts::default()
    }
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults, plan: Plan) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let all = 0..AGENTS as usize;
        let ahead: Vec<Nanos> = all
            .clone()
            .map(|_| Nanos(random.u64(0..20_000_000_000_000)))
            .collect();
        let agents = all.map(|number| {
            let name = format!("a{number}");
            let mut host = Host::new(name.clone());
            host.refuses = faults.refuses == Some(number);
            (
                Agent::new(name, 100 + number as u64, facts(), ahead[number]),
                host,
            )
        });
        let agents = agents.collect();
        let ask = Ask {
            run: "r".to_owned(),
            plan,
            threads: None,
            agents: AGENTS as usize,
            keeps_going: faults.keeps_going,
            command: String::new(),
            build: facts().build,
            zero_unix_ms: 0,
            life: 1,
        };
        let mut world = Self {
            random,
            faults,
            now: Nanos::ZERO,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            numbered: 0,
            agents,
            ahead,
            coordinator: Coordinator::new(ask, Nanos::ZERO),
            leases: BTreeMap::new(),
            stored: BTreeMap::new(),
            outcome: Outcome::default(),
            was_cut_off: [false; AGENTS as usize + 1],
            given_up: BTreeMap::new(),
        };
        for number in 0..AGENTS as usize {
            world.at(Nanos(number as u64), Whom::Agent(number), Event::Tick);
        }
        world.at(Nanos::ZERO, Whom::Coordinator, Event::Tick);
        world
    }

    fn at(&mut self, at: Nanos, whom: Whom, event: Event) {
        self.numbered += 1;
        // Those of one time come in random order.
        self.queue
            .push(Reverse((at, self.random.u64(..), self.numbered)));
        self.events.insert(self.numbered, (whom, event));
    }

    fn delay(&mut self) -> Nanos {
        match self.random.u32(0..10) {
            0 => Nanos::from_micros(self.random.u64(100..50_000)),
            _ => Nanos::from_micros(self.random.u64(100..2_000)),
        }
    }

    fn within(now: Nanos, from: Nanos, length: Nanos) -> bool {
        now >= from && now < from + length
    }

    fn is_cut_off(&self, who: usize) -> bool {
        let is_gone = self
            .faults
            .bus_gone
            .is_some_and(|(at, long)| Self::within(self.now, at, long));
        let is_cut = self
            .faults
            .cut_off
            .is_some_and(|(whom, at, long)| whom == who && Self::within(self.now, at, long));
        is_gone || is_cut
    }

    fn number(whom: Whom) -> usize {
        match whom {
            Whom::Agent(number) => number,
            Whom::Coordinator | Whom::Bus => AGENTS as usize,
        }
    }

    fn is_dead(&self, whom: Whom) -> bool {
        match whom {
            Whom::Agent(number) => self
                .faults
                .dies
                .is_some_and(|(who, at)| who == number && self.now >= at),
            Whom::Coordinator => self
                .faults
                .coordinator_dies
                .is_some_and(|at| self.now >= at),
            Whom::Bus => false,
        }
    }

    /// When an agent that stands still runs again.
    fn stands_still(&self, whom: Whom) -> Option<Nanos> {
        let (who, at, length) = self.faults.stands_still?;
        let is_it = whom == Whom::Agent(who) && Self::within(self.now, at, length);
        is_it.then_some(at + length)
    }

    pub(crate) fn run(mut self) -> Outcome {
        while let Some(Reverse((at, _, number))) = self.queue.pop() {
            self.now = at;
            let Some((whom, event)) = self.events.remove(&number) else {
                continue;
            };
            if at > LIMIT || self.is_quiet() {
                break;
            }
            if self.is_dead(whom) {
                continue;
            }
            if let Some(until) = self.stands_still(whom) {
                self.at(until, whom, event);
                continue;
            }
            self.happen(whom, event);
        }
        self.conclude()
    }

    /// True once nobody alive has anything to do any more.
    fn is_quiet(&self) -> bool {
        let is_done = self.coordinator.is_over() || self.is_dead(Whom::Coordinator);
        is_done && self.are_all_idle() && self.now > Nanos::from_secs(1)
    }

    fn are_all_idle(&self) -> bool {
        let alive = (0..AGENTS as usize).filter(|number| !self.is_dead(Whom::Agent(*number)));
        alive.into_iter().all(|number| {
            let (agent, _) = &self.agents[number];
            !agent.is_busy() && !agent.has_unkept()
        })
    }

    fn happen(&mut self, whom: Whom, event: Event) {
        match (whom, event) {
            (Whom::Bus, Event::Keep(entry, by)) => self.keep(entry, by),
            (Whom::Bus, Event::Lease(ask, by)) => self.lease(ask, by),
            (Whom::Bus, _) => {}
            (_, Event::Tick) => {
                let next = self.now + TICK;
                self.at(next, whom, Event::Tick);
                self.tell_of_the_bus(whom);
                self.step(whom, None);
            }
            (_, Event::Heard(heard)) if !self.is_cut_off(Self::number(whom)) => {
                self.step(whom, Some(heard));
            }
            // What is stored is told once the way is free again.
            (_, Event::Heard(heard @ Heard::Stored(_))) => {
                let later = self.now + Nanos::from_millis(500);
                self.at(later, whom, Event::Heard(heard));
            }
            _ => {}
        }
    }

    /// A client of the bus notices that it is away, and that it is back.
    fn tell_of_the_bus(&mut self, whom: Whom) {
        let number = Self::number(whom);
        let is_cut_off = self.is_cut_off(number);
        if is_cut_off != self.was_cut_off[number] {
            self.was_cut_off[number] = is_cut_off;
            self.step(
                whom,
                Some(match is_cut_off {
                    true => Heard::Down("cut off".to_owned()),
                    false => Heard::Up,
                }),
            );
        }
    }

    fn step(&mut self, whom: Whom, heard: Option<Heard>) {
        let mut bus = Outgoing::default();
        match whom {
            Whom::Agent(number) => {
                let now = self.now + self.ahead[number];
                let mut events: Vec<agent::AgentEvent> = match heard {
                    Some(heard) => vec![agent::AgentEvent::Bus(heard)],
                    None => vec![agent::AgentEvent::Tick],
                };
                let (agent, host) = &mut self.agents[number];
                let mut next = 0;
                while next < events.len() {
                    for act in agent.step(now, events[next].clone(), &mut bus) {
                        if let agent::AgentAction::End(_, why) = &act {
                            let at = self.now.as_secs_f64();
                            self.outcome
                                .told
                                .push(format!("{at:.2} a{number} ends: {why}"));
                        }
                        host.act(now, act, &mut self.random);
                    }
                    next += 1;
                    if next == events.len() {
                        events.extend(host.says(now).into_iter().map(agent::AgentEvent::Here));
                    }
                }
            }
            _ => {
                let event = heard.map_or(
                    coordinator::CoordinatorEvent::Tick,
                    coordinator::CoordinatorEvent::Bus,
                );
                for act in self.coordinator.step(self.now, event, &mut bus) {
                    self.coordinate(act);
                }
            }
        }
        self.send(whom, bus);
    }

    fn coordinate(&mut self, act: coordinator::CoordinatorAction) {
        let at = self.now.as_secs_f64();
        match act {
            coordinator::CoordinatorAction::Tell(words) => {
                self.outcome.told.push(format!("{at:.2} {words}"));
            }
            coordinator::CoordinatorAction::Dealt(task, plan) => {
                self.outcome.dealt = Some((*task, plan));
            }
            coordinator::CoordinatorAction::Stored(_) => {}
            coordinator::CoordinatorAction::Lost(agent, why) => {
                self.outcome
                    .told
                    .push(format!("{at:.2} lost {agent}: {why}"));
                self.given_up.entry(agent).or_insert(self.now);
            }
            coordinator::CoordinatorAction::Over => self.outcome.is_over = true,
            coordinator::CoordinatorAction::Failed(trouble) => {
                self.outcome.told.push(format!("{at:.2} {trouble}"));
                self.outcome.failed = Some(trouble.to_string());
            }
        }
    }

    fn send(&mut self, by: Whom, bus: Outgoing) {
        if self.is_cut_off(Self::number(by)) {
            return;
        }
        for said in bus.said {
            let to: Vec<Whom> = match &said {
                Said::Order(_) => (0..AGENTS as usize).map(Whom::Agent).collect(),
                Said::Word(_) | Said::Echo(_) => vec![Whom::Coordinator],
            };
            for whom in to {
                let times = match self.random.u32(0..1_000) {
                    chance if chance < self.faults.lost => 0,
                    chance if chance >= 1_000 - self.faults.doubled => 2,
                    _ => 1,
                };
                for _ in 0..times {
                    let at = self.now + self.delay();
                    self.at(at, whom, Event::Heard(Heard::Said(said.clone())));
                }
            }
        }
        for entry in bus.keeps {
            if self.random.u32(0..1_000) >= self.faults.lost {
                let at = self.now + self.delay();
                self.at(at, Whom::Bus, Event::Keep(entry, Self::number(by)));
            }
        }
        for ask in bus.leases {
            if self.random.u32(0..1_000) >= self.faults.lost {
                let at = self.now + self.delay();
                self.at(at, Whom::Bus, Event::Lease(ask, by));
            }
        }
    }

    fn whom(number: usize) -> Whom {
        match number {
            number if number < AGENTS as usize => Whom::Agent(number),
            _ => Whom::Coordinator,
        }
    }

    fn keep(&mut self, entry: BusEntry, by: usize) {
        let is_new = !self.stored.contains_key(&entry.key);
        if is_new {
            self.stored.insert(entry.key.clone(), entry.clone());
            self.outcome.kept.push(entry.clone());
        }
        if entry.key.of != Of::Task && (is_new || self.random.u32(0..1_000) < self.faults.doubled) {
            let at = self.now + self.delay();
            self.at(
                at,
                Whom::Coordinator,
                Event::Heard(Heard::Stored(entry.clone())),
            );
        }
        if self.random.u32(0..1_000) >= self.faults.lost {
            let at = self.now + self.delay();
            self.at(at, Self::whom(by), Event::Heard(Heard::Kept(entry.key)));
        }
    }

    fn lease(&mut self, ask: LeaseAsk, by: Whom) {
        let place = (ask.run.clone(), ask.agent.clone());
        let held = self
            .leases
            .get(&place)
            .filter(|(_, until)| *until > self.now);
        let is_granted = held.is_none_or(|(holder, _)| *holder == ask.holder);
        if is_granted {
            self.leases.insert(place, (ask.holder, self.now + LEASE));
        }
        if self.random.u32(0..1_000) >= self.faults.lost {
            let at = self.now + self.delay();
            let answer = if is_granted { Ok(()) } else { Err(LeaseTaken) };
            self.at(at, by, Event::Heard(Heard::Lease(ask, answer)));
        }
    }

    fn conclude(mut self) -> Outcome {
        self.outcome.all_idle = self.are_all_idle();
        self.outcome.took = self.now;
        for (number, (_, host)) in self.agents.iter().enumerate() {
            let Some((from, until)) = host.load else {
                continue;
            };
            let ahead = self.ahead[number];
            let died = self.faults.dies.filter(|(who, _)| *who == number);
            let until = until.map(|until| until - ahead).or(died.map(|(_, at)| at));
            let still = self.faults.stands_still.filter(|(who, at, length)| {
                *who == number
                    && *length >= LEASE + TICK
                    && *at > from - ahead
                    && until.is_none_or(|until| *at < until)
            });
            let ends = |(at, length): (Nanos, Nanos)| at + length;
            let cut = self
                .faults
                .cut_off
                .filter(|(who, ..)| *who == number || *who == AGENTS as usize);
            let cut = cut.map_or(Nanos::ZERO, |(_, at, length)| ends((at, length)));
            let gone = self.faults.bus_gone.map_or(Nanos::ZERO, ends);
            let stood = self.faults.stands_still.filter(|(who, ..)| *who == number);
            let stood = stood.map_or(Nanos::ZERO, |(_, at, length)| ends((at, length)));
            self.outcome.loads.push(Load {
                from: from - ahead,
                until,
                stood_still_until: still.map(|(_, at, length)| at + length),
                given_up_at: self.given_up.get(&format!("a{number}")).copied(),
                cut_off_until: cut.max(gone).max(stood),
            });
        }
        self.outcome
    }
}
