//! An agent by itself: its name, and being told to leave.

use wsbench_load::nanos::Nanos;

use super::{Agent, AgentAction, AgentEvent, HEARTBEAT, NAMES};
use crate::build::Build;
use crate::bus::{Bus, BusEntry, Heard, LEASE, LeaseAsk, LeaseTaken, Said};
use crate::clock::Estimate;
use crate::protocol::{Facts, Order, Seat, Standing, Task, What, Word};

/// A bus that keeps what it is asked for.
#[derive(Default)]
struct Asked {
    words: Vec<Word>,
    leases: Vec<LeaseAsk>,
}

impl Bus for Asked {
    fn say(&mut self, said: Said) {
        if let Said::Word(word) = said {
            self.words.push(*word);
        }
    }

    fn keep(&mut self, _: &BusEntry) {}

    fn lease(&mut self, ask: LeaseAsk) {
        self.leases.push(ask);
    }
}

const LIFE: u64 = 7;

fn at(ms: u64) -> Nanos {
    Nanos::from_millis(ms)
}

fn agent() -> Agent {
    Agent::new("a1".to_owned(), LIFE, Facts::default(), Nanos::ZERO)
}

fn name(answer: Result<(), LeaseTaken>) -> AgentEvent {
    let ask = LeaseAsk {
        run: NAMES.to_owned(),
        agent: "a1".to_owned(),
        holder: LIFE,
    };
    AgentEvent::Bus(Heard::Lease(ask, answer))
}

fn task() -> AgentEvent {
    let seat = Seat {
        agent: "a1".to_owned(),
        life: LIFE,
        workers: vec![0],
        before: 0,
        zero: Nanos::ZERO,
        clock: Estimate {
            offset_ns: 0,
            bound_ns: 1,
            at: Nanos::ZERO,
        },
    };
    let task = Task {
        run: "1-000000-000001".to_owned(),
        build: Build::default(),
        plan: serde_json::Value::Null,
        headers: Vec::new(),
        logins: Vec::new(),
        command: String::new(),
        started_at_unix_ms: 0,
        seats: vec![seat],
    };
    let what = What::Task(Box::new(task));
    AgentEvent::Bus(Heard::Said(Said::Order(Box::new(Order { to: None, what }))))
}

#[test]
fn nothing_is_said_under_a_name_before_it_is_granted() {
    let (mut agent, mut bus) = (agent(), Asked::default());
    agent.step(at(0), AgentEvent::Tick, &mut bus);
    assert!(bus.words.is_empty());
    assert_eq!(bus.leases.len(), 1);
    agent.step(at(1), name(Ok(())), &mut bus);
    assert_eq!(bus.words.len(), 1);
}

#[test]
fn an_agent_that_is_started_again_waits_for_the_lease_of_what_it_was() {
    let (mut agent, mut bus) = (agent(), Asked::default());
    // What it was renewed its lease just before it was killed.
    let mut acts = Vec::new();
    for ms in (0..LEASE.0 / 1_000_000).step_by(1_000) {
        acts.extend(agent.step(at(ms), AgentEvent::Tick, &mut bus));
        acts.extend(agent.step(at(ms), name(Err(LeaseTaken)), &mut bus));
    }
    assert!(acts.is_empty() && bus.words.is_empty(), "{acts:?}");
    agent.step(LEASE, name(Ok(())), &mut bus);
    assert_eq!(bus.words.len(), 1);
}

#[test]
fn a_name_that_another_one_goes_on_renewing_is_given_up() {
    let (mut agent, mut bus) = (agent(), Asked::default());
    let step =
        |agent: &mut Agent, bus: &mut Asked, now| agent.step(now, name(Err(LeaseTaken)), bus);
    assert_eq!(step(&mut agent, &mut bus, at(0)), []);
    assert_eq!(step(&mut agent, &mut bus, LEASE), []);
    assert_eq!(
        step(&mut agent, &mut bus, LEASE + HEARTBEAT),
        [AgentAction::Leave]
    );
    assert!(bus.words.is_empty());
}

#[test]
fn an_agent_that_is_told_to_leave_gives_up_what_it_has_not_begun_and_takes_no_more() {
    let (mut agent, mut bus) = (agent(), Asked::default());
    agent.step(at(0), name(Ok(())), &mut bus);
    let acts = agent.step(at(1), task(), &mut bus);
    assert!(matches!(acts[..], [AgentAction::Prepare(_)]), "{acts:?}");
    let acts = agent.step(at(2), AgentEvent::Leave, &mut bus);
    assert!(
        matches!(acts[..], [AgentAction::End(..), AgentAction::Forget]),
        "{acts:?}"
    );
    assert!(!agent.is_busy());
    let said_why = |word: &Word| {
        let run = word.run.as_ref();
        run.is_some_and(
            |run| matches!(&run.standing, Standing::Stopping(why) if why.contains("leave")),
        )
    };
    assert!(bus.words.iter().any(said_why), "{:?}", bus.words);
    let acts = agent.step(at(3), task(), &mut bus);
    assert_eq!(acts, []);
    assert!(!agent.is_busy());
}
