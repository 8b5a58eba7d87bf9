//! A share of a run on this machine: its plan, its run beside the others', and the last of its books.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use wsbench::carrier::{Carried, Carrier};
use wsbench::error::BenchError;
use wsbench_drive::clock::Clock;
use wsbench_drive::coordination::{Begin, Coordination};
use wsbench_drive::crew::{Agreed, Part, Shared};
use wsbench_drive::resolve::Resolved;
use wsbench_drive::run::{self, Allotment, StopSignal};
use wsbench_load::meter::WarmUpAnswers;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Audience, Flow, Plan, PlanError, PlanSpec, Role, StopRule};
use wsbench_load::quota::Quota;
use wsbench_load::result::Ended;
use wsbench_record::document::{Agent, AgentClock, Document};

use crate::agent::Here;
use crate::deal::{connections_of, roles_of};
use crate::protocol::{EndWord, Final, Seat, WarmTick};
use crate::wire;

/// The plan of a share alone: of its connections, threads and rate, as its own books are judged by.
///
/// # Errors
/// It is none.
pub fn own_plan(whole: &Plan, seat: &Seat, cpus: &[usize]) -> Result<Plan, PlanError> {
    let all = whole.clients.connections;
    let own = connections_of(&seat.workers, whole.threads, all);
    let quota = Quota::of_workers(whole, seat.before, seat.workers.len() as u32);
    let senders = whole.clients.publishers();
    let own_senders = connections_of(&seat.workers, whole.threads, senders);
    let share = f64::from(own_senders) / f64::from(senders.max(1));
    whole.edited(|spec| {
        spec.threads = seat.workers.len() as u32;
        spec.cpus = cpus.to_vec();
        spec.clients.connections = own;
        if whole.clients.is_fanned_out() {
            fan_out(spec, seat, whole.threads);
        }
        spec.stop = match spec.stop {
            StopRule::Messages(_) => StopRule::Messages(quota.messages_left().max(1)),
            StopRule::Clients(_) => StopRule::Clients(quota.clients_left().max(1)),
            StopRule::Duration(length) => StopRule::Duration(length),
        };
        if let Arrival::Open { schedule, .. } = &mut spec.clients.arrival {
            for stretch in &mut schedule.stretches {
                stretch.from_per_s *= share;
                stretch.to_per_s *= share;
            }
        }
        let of_workers = seat.workers.len() as f64 / f64::from(whole.threads);
        if let Some(rate) = &mut spec.connect.rate_per_s {
            *rate *= of_workers;
        }
        if let Some(churn) = &mut spec.clients.churn {
            churn.per_s *= of_workers;
        }
    })
}

/// What of messages to many falls to a share. One without senders has listeners alone, and one without
/// receivers speaks to nobody here.
fn fan_out(spec: &mut PlanSpec, seat: &Seat, all_workers: u32) {
    let clients = &mut *spec.clients;
    clients.roles = roles_of(&seat.workers, all_workers, &clients.roles);
    let has = |of: fn(&Role) -> bool| clients.roles.is_empty() || clients.roles.iter().any(of);
    let (sends, receives) = (has(|role| role.publishes), has(|role| role.subscribes));
    let exchange = &mut clients.exchange;
    if let Some(rooms) = &mut exchange.rooms {
        rooms.each = rooms.each.min(rooms.count);
        rooms.count = rooms
            .count
            .min(clients.connections.saturating_mul(rooms.each));
        rooms.names.truncate(rooms.count as usize);
    }
    if sends && receives {
        return;
    }
    clients.roles.clear();
    (exchange.audience, exchange.envelope, exchange.ack) = (Audience::Sender, None, None);
    exchange.numbered = None;
    if sends {
        (exchange.flow, exchange.rooms) = (Flow::Oneway, None);
    } else {
        exchange.flow = Flow::Idle;
        clients.arrival = Arrival::Closed { depth: 1 };
        spec.warmup.at_most = None;
    }
}

/// Orders for a run that is under way on other threads: the newest of each, kept until there is a run.
#[derive(Clone, Debug, Default)]
pub struct Reins(Arc<Mutex<HeldReins>>);

#[derive(Debug, Default)]
struct HeldReins {
    run: Option<(Arc<Shared>, StopSignal)>,
    begin: Option<Nanos>,
    opens: Option<Nanos>,
    end: Option<EndWord>,
}

impl Reins {
    fn with(&self, change: impl FnOnce(&mut HeldReins)) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut held);
        let Some((shared, stop)) = &held.run else {
            return;
        };
        if let Some(at) = held.begin {
            shared.begin_at(at);
        }
        if let Some(at) = held.opens {
            shared.open_at(at);
        }
        match held.end {
            None => {}
            Some(EndWord::Enough | EndWord::Complete) => stop.suffice(),
            Some(EndWord::Interrupted) => stop.request(),
            Some(found @ (EndWord::NothingConnected | EndWord::ServerDied)) => {
                shared.end(found.into());
            }
        }
    }

    /// The load begins then.
    pub fn begin(&self, at: Nanos) {
        self.with(|held| held.begin = Some(at));
    }

    /// The window opens then.
    pub fn open(&self, at: Nanos) {
        self.with(|held| held.opens = Some(at));
    }

    /// The run ends.
    pub fn end(&self, why: EndWord) {
        self.with(|held| held.end = Some(why));
    }

    /// What the workers have agreed on by now; `None` where there never were any.
    fn agreed(&self) -> Option<Agreed> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.run.as_ref().map(|(shared, _)| shared.agreed())
    }
}

/// Carries a share out.
pub struct Member {
    /// The whole run.
    pub whole: Plan,
    /// Share of this machine.
    pub seat: Seat,
    /// The run's clock.
    pub clock: Clock,
    /// By which others' words reach the run.
    pub reins: Reins,
    /// Listener to all of it.
    pub here: Sender<Here>,
    /// Parts that were handed over, by worker.
    pub parts: Arc<Mutex<Vec<(u32, u32)>>>,
}

impl Carrier for Member {
    fn is_elsewhere(&self) -> bool {
        false
    }

    fn carry_out(
        &mut self,
        plan: &Plan,
        resolved: &Resolved,
        stop: &StopSignal,
        observer: &mut dyn run::RunObserver,
    ) -> Result<Carried, BenchError> {
        let coordination = Together {
            before: self.seat.before,
            workers: self.seat.workers.len() as u32,
            here: Mutex::new(self.here.clone()),
            ticks: Mutex::default(),
        };
        let (reins, here, parts) = (&self.reins, &self.here, &self.parts);
        let allotment = Allotment {
            whole: &self.whole,
            workers: self.seat.workers.clone(),
            clock: self.clock.clone(),
            coordination: Box::new(coordination),
            joined: &mut |shared| reins.with(|held| held.run = Some((shared, stop.clone()))),
            parts: &mut |part| hand_over(part, here, parts),
        };
        let result = run::run_allotted(plan, allotment, resolved, stop, observer)?;
        Ok(Carried::here(result))
    }
}

/// Hands a part of the books over, beside the workers.
fn hand_over(part: &Part, here: &Sender<Here>, parts: &Mutex<Vec<(u32, u32)>>) {
    let mut parts = parts.lock().unwrap_or_else(PoisonError::into_inner);
    let next = part.number + 1;
    match parts.iter_mut().find(|(worker, _)| *worker == part.share) {
        Some((_, count)) => *count = next,
        None => parts.push((part.share, next)),
    }
    // A part has a form in JSON; if it had none, it would be missed and said to be missing.
    if let Ok(bytes) = wire::packed(part) {
        let _ = here.send(Here::Part(part.share, part.number, bytes));
    }
}

/// Speaks for the workers here to the coordinator, by way of the agent.
#[derive(Debug)]
struct Together {
    before: u32,
    workers: u32,
    here: Mutex<Sender<Here>>,
    ticks: Mutex<u64>,
}

impl Together {
    fn say(&self, here: Here) {
        let sender = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = sender.send(here);
    }
}

impl Coordination for Together {
    fn quota(&self, plan: &Plan) -> Quota {
        Quota::of_workers(plan, self.before, self.workers)
    }

    fn all_settled(&self, _: Nanos, upgraded: u64) -> Begin {
        self.say(Here::Settled(upgraded));
        Begin::Later
    }

    fn warmed(&self, answers: WarmUpAnswers, _: Nanos) -> Option<Nanos> {
        let mut ticks = self.ticks.lock().unwrap_or_else(PoisonError::into_inner);
        self.say(Here::Warmed(WarmTick {
            tick: *ticks,
            answers: answers.answers,
            service_ns: u64::try_from(answers.service_ns).unwrap_or(u64::MAX),
        }));
        *ticks += 1;
        None
    }

    fn ended(&self, why: Ended) {
        self.say(Here::Ended(why));
    }
}

/// The last of the books of a share that was carried out.
#[must_use]
pub fn last_books(
    name: &str,
    build: &str,
    document: &Document,
    reins: &Reins,
    parts: Vec<(u32, u32)>,
    total: Nanos,
) -> Final {
    let threads = document.generator.threads.iter();
    let busiest = threads.map(|thread| thread.cpu_share).reduce(f64::max);
    let headline = document.plan.clients.headline();
    let from_sent = document.plan.clients.headline_from_sent();
    Final {
        agreed: reins.agreed(),
        parts,
        total,
        addresses: document.addresses.clone(),
        told_by_kernel: document.is_told_by_kernel(),
        loopback: document.loopback,
        max_rss_bytes: document.generator.max_rss_bytes.unwrap_or(0),
        agent: Agent {
            name: name.to_owned(),
            host: document.host.clone(),
            build: build.to_owned(),
            threads: document.plan.threads,
            connections_asked: document.plan.clients.connections,
            clock: AgentClock::default(),
            began_late_ns: None,
            lost: None,
            messages_per_s: document.messages_per_s,
            messages: document.messages,
            connections: document.connections,
            times_ns: document.at(headline).clone(),
            service_ns: document.at(from_sent).clone(),
            busiest_thread: busiest,
            audit: document.audit.clone(),
        },
    }
}

/// The books of a share that could not be carried out to its end.
#[must_use]
pub fn no_books(name: &str, build: &str, why: &str, parts: Vec<(u32, u32)>) -> Final {
    Final {
        agreed: None,
        parts,
        total: Nanos::ZERO,
        addresses: Vec::new(),
        told_by_kernel: false,
        loopback: false,
        max_rss_bytes: 0,
        agent: Agent {
            name: name.to_owned(),
            build: build.to_owned(),
            lost: Some(why.to_owned()),
            ..Agent::default()
        },
    }
}
