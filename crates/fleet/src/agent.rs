//! The agent's side: a state machine that takes a share of one run after the other.
//!
//! ```text
//! idle ─task─► preparing ─► prepared ─connect─► connecting ─► ready ─begin─► loaded ─► over ─► idle
//!                 └─► refused         └────────── stopping (lease, standstill, silence) ──┘
//! ```
//!
//! It trusts nobody with its own end. It stops its load when somebody else holds its lease, when it
//! finds that it stood still for as long as a lease lasts, and by the plan's own deadline; the bus
//! alone, gone or slow, stops nobody who is under load.

mod share;
#[cfg(test)]
mod tests;

use wsbench_load::nanos::Nanos;
use wsbench_load::result::Ended;

use self::share::AgentShare;
use crate::bus::{Bus, BusEntry, EntryKey, Heard, LEASE, LeaseAsk, LeaseTaken, Of, Said};
use crate::outbox::Outbox;
use crate::protocol::{EndWord, Facts, InRun, Order, Orders, Standing, Task, WarmTick, What, Word};

/// From one word to the next, and from one renewal of a lease to the next.
pub const HEARTBEAT: Nanos = Nanos::from_secs(1);
/// An agent that waits for others, and does not hear of the coordinator for so long, gives the run up.
pub const PATIENCE: Nanos = Nanos::from_secs(15);
/// A load that has no end by the clock ends when the coordinator was not heard of for so long.
pub const ORPHANED: Nanos = Nanos::from_secs(60);
/// The lease of a name: in the place of a run, whose names begin with a digit.
const NAMES: &str = "names";
/// The load is over so long after its plan says so, at the latest: the drain and the closing
/// handshakes are in it.
const GRACE: Nanos = Nanos::from_secs(30);

/// Something that happens to an agent.
#[derive(Clone, Debug)]
pub enum AgentEvent {
    /// Time passes; to be told ten times a second.
    Tick,
    /// The bus has something.
    Bus(Heard),
    /// Its own machine has something to say of the run.
    Here(Here),
    /// Whoever started it wants it to leave: a share that it has ends, and it takes none any more.
    Leave,
}

/// Something that the machine of an agent says of its share of the run.
#[derive(Clone, Debug)]
pub enum Here {
    /// The server's address is found and nothing is known to be in the way.
    Prepared,
    /// It cannot take part, for this reason.
    Refused(String),
    /// Each connection has opened or failed once; so many came about.
    Settled(u64),
    /// Answers in one tick of the warm-up.
    Warmed(WarmTick),
    /// The end was found before the stop rule held.
    Ended(Ended),
    /// A part of the books, ready to be kept: worker, number, content.
    Part(u32, u32, std::sync::Arc<[u8]>),
    /// All is over: the last of the books.
    Over(std::sync::Arc<[u8]>),
}

/// Deed that an agent has its machine do.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentAction {
    /// Find the server and make sure of the machine.
    Prepare(Box<Task>),
    /// Connect, beginning at this time of the run's clock.
    Connect(Nanos),
    /// Begin the load then.
    Begin(Nanos),
    /// Open the window then.
    Open(Nanos),
    /// End: as if the stop rule held, or as an interruption; in words, why.
    End(EndWord, String),
    /// Forget the run.
    Forget,
    /// Say this to whoever looks on here.
    Tell(String),
    /// Leave the fleet: another one has this name.
    Leave,
}

/// An agent.
#[derive(Debug)]
pub struct Agent {
    name: String,
    life: u64,
    facts: Facts,
    share: Option<AgentShare>,
    outbox: Outbox,
    /// Time at which it was last told anything.
    looked_up: Nanos,
    said_at: Option<Nanos>,
    claim: Claim,
    is_leaving: bool,
}

/// An agent's claim to its name, which one process has at a time. An agent that was killed and started
/// again finds its name taken by what it was, until that lease has lapsed.
#[derive(Clone, Copy, Debug, Default)]
struct Claim {
    /// True of one that may speak under its name: it was granted once.
    was_granted: bool,
    /// Time since when another one has it.
    taken_since: Option<Nanos>,
}

impl Claim {
    fn answered(&mut self, now: Nanos, is_granted: bool) {
        if is_granted {
            *self = Self {
                was_granted: true,
                taken_since: None,
            };
        } else {
            self.taken_since.get_or_insert(now);
        }
    }

    /// True once the other one is seen to be alive: it has renewed what would have lapsed by now.
    fn is_lost(self, now: Nanos) -> bool {
        self.taken_since
            .is_some_and(|since| now - since >= LEASE + HEARTBEAT)
    }
}

impl Agent {
    /// An agent without a run, at `now` of its clock.
    #[must_use]
    pub fn new(name: String, life: u64, facts: Facts, now: Nanos) -> Self {
        Self {
            name,
            life,
            facts,
            share: None,
            outbox: Outbox::default(),
            looked_up: now,
            said_at: None,
            claim: Claim::default(),
            is_leaving: false,
        }
    }

    /// True while it has a share of a run.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.share.is_some()
    }

    /// True while entries wait to be kept.
    #[must_use]
    pub fn has_unkept(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Takes in what happens at `now` of its clock, and says what its machine is to do.
    pub fn step(&mut self, now: Nanos, event: AgentEvent, bus: &mut dyn Bus) -> Vec<AgentAction> {
        let mut acts = Vec::new();
        let stood_still = now - self.looked_up;
        self.looked_up = now;
        if let Some(share) = &mut self.share
            && stood_still >= LEASE
        {
            let why = format!("it stood still for {:.1} s", stood_still.as_secs_f64());
            share.stop(EndWord::Interrupted, why, &mut acts);
        }
        match event {
            AgentEvent::Tick => {}
            AgentEvent::Bus(heard) => self.hear(now, heard, bus, &mut acts),
            AgentEvent::Here(here) => self.take(now, here, bus, &mut acts),
            AgentEvent::Leave => {
                self.is_leaving = true;
                if let Some(share) = &mut self.share {
                    let why = "it was told to leave".to_owned();
                    share.stop(EndWord::Interrupted, why, &mut acts);
                }
            }
        }
        self.look_at_the_clock(now, bus, &mut acts);
        acts
    }

    fn hear(&mut self, now: Nanos, heard: Heard, bus: &mut dyn Bus, acts: &mut Vec<AgentAction>) {
        match heard {
            Heard::Said(Said::Order(order)) if self.is_meant(&order) => {
                self.obey(now, order.what, bus, acts);
            }
            Heard::Kept(key) => {
                self.outbox.kept(&key);
                self.forget_what_is_over(bus, acts);
            }
            Heard::Lease(ask, answer) if ask == self.lease_of(NAMES) => {
                let was_granted = self.claim.was_granted;
                self.claim.answered(now, answer.is_ok());
                if !was_granted && self.claim.was_granted {
                    self.say(now, bus);
                }
                // One that has a share stays until it has handed it in.
                let is_free = self.share.is_none() && self.outbox.is_empty();
                if is_free && self.claim.is_lost(now) {
                    acts.push(AgentAction::Leave);
                }
            }
            Heard::NotKept(key, why) => {
                acts.extend(self.outbox.not_kept(&key, why).map(AgentAction::Tell));
            }
            Heard::Lease(ask, Err(LeaseTaken)) if ask == self.lease_of(&ask.run) => {
                let share = self.share.as_mut().filter(|it| it.task.run == ask.run);
                if let Some(share) = share {
                    share.lease_is_taken(acts);
                }
            }
            Heard::Up => {
                self.outbox.ask_again();
                self.say(now, bus);
            }
            Heard::Lease(..) | Heard::Said(_) | Heard::Stored(_) | Heard::Down(_) => {}
        }
    }

    fn lease_of(&self, run: &str) -> LeaseAsk {
        LeaseAsk {
            run: run.to_owned(),
            agent: self.name.clone(),
            holder: self.life,
        }
    }

    fn is_meant(&self, order: &Order) -> bool {
        order.to.as_ref().is_none_or(|to| *to == self.name)
    }

    fn obey(&mut self, now: Nanos, what: What, bus: &mut dyn Bus, acts: &mut Vec<AgentAction>) {
        match what {
            What::Hello => self.say(now, bus),
            What::Probe { number, sent } => bus.say(Said::Echo(crate::protocol::ProbeAnswer {
                agent: self.name.clone(),
                life: self.life,
                number,
                sent,
                at: now,
            })),
            What::Task(task) => self.take_task(now, *task, bus, acts),
            What::Standing(orders) => self.follow(now, &orders, bus, acts),
        }
    }

    fn take_task(
        &mut self,
        now: Nanos,
        task: Task,
        bus: &mut dyn Bus,
        acts: &mut Vec<AgentAction>,
    ) {
        let seat = task.seat(&self.name);
        let is_ours = seat.is_some_and(|seat| seat.life == self.life);
        // Heard twice, or while another run is under way, it is answered by the standing there is.
        let is_free = self.share.is_none() && !self.is_leaving;
        if is_ours && is_free && !self.outbox.knows(&task.run) {
            bus.lease(self.lease_of(&task.run));
            acts.push(AgentAction::Prepare(Box::new(task.clone())));
            self.outbox.begin(&task.run);
            self.share = AgentShare::of(task, &self.name, now);
        }
        self.say(now, bus);
    }

    fn follow(
        &mut self,
        now: Nanos,
        orders: &Orders,
        bus: &mut dyn Bus,
        acts: &mut Vec<AgentAction>,
    ) {
        let share = self.share.as_mut().filter(|it| it.task.run == orders.run);
        let Some(share) = share else {
            return;
        };
        let before = share.standing.clone();
        share.follow(now, orders, &self.name, acts);
        if share.standing != before {
            self.say(now, bus);
        }
        self.forget_what_is_over(bus, acts);
    }

    fn take(&mut self, now: Nanos, here: Here, bus: &mut dyn Bus, acts: &mut Vec<AgentAction>) {
        let Some(share) = &mut self.share else {
            return;
        };
        let run = share.task.run.clone();
        let mut keep = |outbox: &mut Outbox, of: Of, bytes| {
            let key = EntryKey {
                run: run.clone(),
                of,
            };
            outbox.keep(now, BusEntry { key, bytes }, bus);
        };
        match here {
            Here::Part(worker, number, bytes) => {
                let part = Of::Part(self.name.clone(), worker, number);
                keep(&mut self.outbox, part, bytes);
                if self.outbox.is_full() {
                    let why = "the bus has kept nothing for so long that its books are too long";
                    share.stop(EndWord::Interrupted, why.to_owned(), acts);
                }
                return;
            }
            Here::Over(bytes) => {
                share.standing = Standing::Over;
                keep(&mut self.outbox, Of::Final(self.name.clone()), bytes);
            }
            Here::Prepared => share.is_prepared(),
            Here::Refused(why) => share.standing = Standing::Refused(why),
            Here::Settled(upgraded) => share.settled(upgraded),
            Here::Warmed(tick) => share.warmed(tick),
            Here::Ended(ended) => share.ended = share.ended.or(Some(ended.into())),
        }
        self.say(now, bus);
    }

    fn look_at_the_clock(&mut self, now: Nanos, bus: &mut dyn Bus, acts: &mut Vec<AgentAction>) {
        if let Some(share) = &mut self.share {
            share.look_at_the_clock(now, acts);
        }
        self.outbox.look_at_the_clock(now, bus);
        if self.said_at.is_none_or(|said| now - said >= HEARTBEAT) {
            if let Some(share) = &self.share
                && share.standing != Standing::Over
            {
                bus.lease(self.lease_of(&share.task.run));
            }
            bus.lease(self.lease_of(NAMES));
            self.say(now, bus);
        }
        self.forget_what_is_over(bus, acts);
    }

    /// Is free for another run once this one is over and all of it is kept, or it was never taken up.
    fn forget_what_is_over(&mut self, bus: &mut dyn Bus, acts: &mut Vec<AgentAction>) {
        let is_done = self
            .share
            .as_ref()
            .is_some_and(|share| match share.standing {
                Standing::Over => self.outbox.is_empty(),
                Standing::Refused(_) => share.is_dismissed,
                Standing::Stopping(_) => !share.is_connecting_or_later(),
                _ => false,
            });
        if is_done {
            let now = self.looked_up;
            self.say(now, bus);
            self.share = None;
            acts.push(AgentAction::Forget);
            self.say(now, bus);
        }
    }

    fn say(&mut self, now: Nanos, bus: &mut dyn Bus) {
        self.said_at = Some(now);
        if !self.claim.was_granted {
            return; // another one may be who speaks under this name
        }
        let run = self.share.as_ref().map(|share| InRun {
            run: share.task.run.clone(),
            standing: share.standing.clone(),
            upgraded: share.upgraded,
            heard_of_beginning: share.heard_of_beginning,
            warmed: share.ticks.clone(),
            ended: share.ended,
        });
        bus.say(Said::Word(Box::new(Word {
            agent: self.name.clone(),
            life: self.life,
            run,
            facts: self.facts.clone(),
        })));
    }
}
