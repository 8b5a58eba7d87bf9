//! What the workers of a process have to agree on with others, who carry out the same run elsewhere.
//!
//! Workers read what was agreed upon in `shared` and `load::quota`, atomics of their own process;
//! this only says what is written there. It is asked a few times a run, and never on the hot path.
//! What it says later comes by way of [`Shared`](crate::crew::Shared) and
//! [`StopSignal`](crate::run::StopSignal).

use std::fmt;
use std::sync::{Mutex, PoisonError};

use wsbench_load::meter::WarmUpAnswers;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::quota::Quota;
use wsbench_load::result::Ended;
use wsbench_load::settling::Settling;

/// The load begins so long after the last connection is open: longer than a worker goes without
/// looking up, so that all begin together.
const LEAD: Nanos = Nanos::from_millis(25);

/// The window opens so long after the load is found to have settled: several times as long as a
/// worker goes without looking up, so that all know of it beforehand.
const OPENING_LEAD: Nanos = Nanos::from_millis(100);

/// Speaks for the workers of this process to whoever else carries the run out.
pub trait Coordination: fmt::Debug + Send + Sync {
    /// The messages and clients of the plan that the workers of this process may take. Asked once,
    /// before they are made.
    fn quota(&self, plan: &Plan) -> Quota;

    /// Every connection of this process has opened or failed once, at `now`; so many WebSockets came
    /// about. Asked once a run, on the thread of the last worker to be ready.
    fn all_settled(&self, now: Nanos, upgraded: u64) -> Begin;

    /// The answers of all workers of this process in the next tick of a warm-up whose end is found
    /// from the data, told of at `now`. The time at which the window opens, once there is one;
    /// [`Shared::open_at`](crate::crew::Shared::open_at) says it later.
    fn warmed(&self, answers: WarmUpAnswers, now: Nanos) -> Option<Nanos>;

    /// The run was found to end before its stop rule holds, for this reason. Told once a run, on the
    /// thread of whoever found it.
    fn ended(&self, why: Ended);
}

/// Beginning of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Then.
    At(Nanos),
    /// Not at all: the run ends for this reason.
    Never(Ended),
    /// Time that [`Shared::begin_at`](crate::crew::Shared::begin_at) says: others are not ready
    /// yet.
    Later,
}

/// A run that one process carries out: its workers wait for nobody else.
#[derive(Debug, Default)]
pub struct Alone {
    settling: Mutex<Settling>,
}

impl Coordination for Alone {
    fn quota(&self, plan: &Plan) -> Quota {
        Quota::new(plan)
    }

    fn all_settled(&self, now: Nanos, upgraded: u64) -> Begin {
        match upgraded {
            0 => Begin::Never(Ended::NothingConnected),
            _ => Begin::At(now + LEAD),
        }
    }

    fn warmed(&self, answers: WarmUpAnswers, now: Nanos) -> Option<Nanos> {
        let mut settling = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let has_settled = settling.tick(answers.answers, answers.service_ns);
        has_settled.then_some(now + OPENING_LEAD)
    }

    fn ended(&self, _: Ended) {}
}
