//! What the workers of a process have to agree on with others, who carry out the same run elsewhere.
//!
//! Workers read what was agreed upon in `shared`, atomics of their own process; a conductor only says
//! what is written there. It hears of two things in a run, and of neither on the hot path.

use std::fmt;

use wsbench_load::nanos::Nanos;
use wsbench_load::result::Ended;

/// The load begins so long after the last connection is open: longer than a worker goes without
/// looking up, so that all begin together.
const LEAD: Nanos = Nanos::from_millis(25);

/// Speaks for the workers of this process to whoever else carries the run out.
pub trait Conductor: fmt::Debug + Send + Sync {
    /// Every connection of this process has opened or failed once, at `now`; so many WebSockets came
    /// about. Asked once a run, on the thread of the last worker to be ready.
    fn all_settled(&self, now: Nanos, upgraded: u64) -> Begin;

    /// The run was found to end before its stop rule holds, for this reason. Told once a run, on the
    /// thread of whoever found it.
    fn ended(&self, why: Ended);
}

/// When the load begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Then.
    At(Nanos),
    /// Not at all: the run ends for this reason.
    Never(Ended),
    /// When [`Shared::begin_at`](crate::crew::Shared::begin_at) says: others are not ready yet.
    Later,
}

/// The conductor of a run that one process carries out: its workers wait for nobody else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Conductor for Alone {
    fn all_settled(&self, now: Nanos, upgraded: u64) -> Begin {
        match upgraded {
            0 => Begin::Never(Ended::NothingConnected),
            _ => Begin::At(now + LEAD),
        }
    }

    fn ended(&self, _: Ended) {}
}
