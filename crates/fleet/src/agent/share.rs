//! An agent's share of one run, and what ends it.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::PlanSpec;

use super::{AgentAction, GRACE, ORPHANED, PATIENCE};
use crate::protocol::{EndWord, Orders, Standing, Task, WarmTick};

/// Ticks of the warm-up that are told again, in case words were lost: more than pass in three words.
const TICKS_TOLD: usize = 80;

/// A share of a run.
#[derive(Debug)]
pub(super) struct AgentShare {
    pub(super) task: Task,
    pub(super) standing: Standing,
    /// Zero of the run's clock by the agent's own.
    zero: Nanos,
    /// Longest time from the beginning of the load to its end by the plan; `None` where the plan has no
    /// end by the clock.
    longest: Option<Nanos>,
    /// True where the load begins with the connections.
    begins_at_once: bool,
    pub(super) upgraded: Option<u64>,
    pub(super) heard_of_beginning: Option<Nanos>,
    pub(super) ticks: Vec<WarmTick>,
    pub(super) ended: Option<EndWord>,
    /// Time by the agent's clock when the coordinator was last heard of.
    heard: Nanos,
    /// Times at which connecting and the load begin, of the run's clock.
    connects: Option<Nanos>,
    begins: Option<Nanos>,
    opens: Option<Nanos>,
    /// The load may not go on after this, by the agent's clock.
    deadline: Option<Nanos>,
    /// True once the coordinator has no more use for an agent that refused.
    pub(super) is_dismissed: bool,
}

impl AgentShare {
    /// The share of agent `name`; `None` where the task has none or no plan.
    pub(super) fn of(task: Task, name: &str, now: Nanos) -> Option<Self> {
        let zero = task.seat(name)?.zero;
        // One that cannot be read is refused when it is prepared.
        let plan = serde_json::from_value::<PlanSpec>(task.plan.clone()).ok();
        let longest = plan.as_ref().and_then(|plan| {
            let length = plan.stop.duration()?;
            Some(plan.warmup.longest() + length + plan.clients.timeout + GRACE)
        });
        Some(Self {
            begins_at_once: plan.is_some_and(|plan| plan.load_begins_at_once()),
            task,
            standing: Standing::Preparing,
            zero,
            longest,
            upgraded: None,
            heard_of_beginning: None,
            ticks: Vec::new(),
            ended: None,
            heard: now,
            connects: None,
            begins: None,
            opens: None,
            deadline: None,
            is_dismissed: false,
        })
    }

    /// The time of the run's clock.
    fn run_time(&self, now: Nanos) -> Nanos {
        now - self.zero
    }

    pub(super) fn is_connecting_or_later(&self) -> bool {
        self.connects.is_some()
    }

    pub(super) fn is_prepared(&mut self) {
        if self.standing == Standing::Preparing {
            self.standing = Standing::Prepared;
        }
    }

    pub(super) fn settled(&mut self, upgraded: u64) {
        self.upgraded = Some(upgraded);
        if self.standing == Standing::Connecting {
            self.standing = Standing::Ready;
        }
    }

    pub(super) fn warmed(&mut self, tick: WarmTick) {
        self.ticks.push(tick);
        if self.ticks.len() > TICKS_TOLD {
            self.ticks.remove(0);
        }
    }

    /// Somebody else holds the lease: the coordinator, who counts on nothing from here any more.
    pub(super) fn lease_is_taken(&mut self, acts: &mut Vec<AgentAction>) {
        let why = "somebody else holds its lease".to_owned();
        self.stop(EndWord::Interrupted, why, acts);
    }

    /// Follows orders; each once.
    pub(super) fn follow(
        &mut self,
        now: Nanos,
        orders: &Orders,
        name: &str,
        acts: &mut Vec<AgentAction>,
    ) {
        self.heard = now;
        if orders.lost.iter().any(|lost| lost == name) {
            self.is_dismissed = true;
            let why = "the coordinator has given it up".to_owned();
            return self.stop(EndWord::Interrupted, why, acts);
        }
        if let Some(end) = orders.end {
            self.is_dismissed = true;
            return self.stop(end, "the coordinator ends the run".to_owned(), acts);
        }
        if let Some(at) = orders
            .connect
            .filter(|_| self.standing == Standing::Prepared)
        {
            self.connects = Some(at);
            self.standing = Standing::Connecting;
            acts.push(AgentAction::Connect(at));
            if self.begins_at_once {
                self.begin(now, at);
            }
        }
        let is_waiting = matches!(self.standing, Standing::Connecting | Standing::Ready);
        if let Some(at) = orders.begin.filter(|_| is_waiting && self.begins.is_none()) {
            self.begin(now, at);
            acts.push(AgentAction::Begin(at));
        }
        if let Some(at) = orders.opens.filter(|_| self.opens.is_none()) {
            self.opens = Some(at);
            acts.push(AgentAction::Open(at));
        }
    }

    fn begin(&mut self, now: Nanos, at: Nanos) {
        self.begins = Some(at);
        self.heard_of_beginning = Some(self.run_time(now));
        self.standing = Standing::Loaded;
        self.deadline = self.longest.map(|longest| self.zero + at + longest);
    }

    /// Ends the load, if there may be one. Heard once, and nothing is begun after it.
    pub(super) fn stop(&mut self, end: EndWord, why: String, acts: &mut Vec<AgentAction>) {
        let is_ending = matches!(
            self.standing,
            Standing::Stopping(_) | Standing::Refused(_) | Standing::Over
        );
        if !is_ending {
            self.standing = Standing::Stopping(why.clone());
            acts.push(AgentAction::End(end, why));
        }
    }

    /// Ends by the clock alone: where others are awaited in vain, and where the plan's time is over.
    pub(super) fn look_at_the_clock(&mut self, now: Nanos, acts: &mut Vec<AgentAction>) {
        let silent = now - self.heard;
        let seconds = silent.as_secs_f64();
        match self.standing {
            Standing::Loaded => match self.deadline {
                Some(deadline) if now >= deadline => {
                    let why = "the time of the plan is over".to_owned();
                    self.stop(EndWord::Interrupted, why, acts);
                }
                None if silent >= ORPHANED => {
                    let why = format!("nothing was heard of the coordinator for {seconds:.0} s");
                    self.stop(EndWord::Interrupted, why, acts);
                }
                _ => {}
            },
            Standing::Refused(_) => self.is_dismissed |= silent >= PATIENCE,
            Standing::Over | Standing::Stopping(_) => {}
            _ if silent >= PATIENCE => {
                let why = format!("nothing was heard of the coordinator for {seconds:.0} s");
                self.stop(EndWord::Interrupted, why, acts);
            }
            _ => {}
        }
    }
}
