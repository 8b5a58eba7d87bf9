//! One core of the generator's machine, with one worker on it: its clock, and where it stands.
//!
//! Whose turn it is and what happens meanwhile is `world`'s affair.

use wsbench_drive::engine::Ready;
use wsbench_load::nanos::Nanos;

use crate::scenario::Pause;
use crate::server::Conn;

/// One core, and what the kernel keeps for its worker.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) clock: Nanos,
    /// Spent on reading the clock and on calls of the kernel.
    pub(crate) read_for: Nanos,
    pub(crate) called_for: Nanos,
    pub(crate) state: State,
    /// Instant at which the worker's latest wait began.
    pub(crate) stands_since: Nanos,
    /// A wait is over, and the worker has not been told of what is ready.
    pub(crate) has_waited: bool,
    pub(crate) ready: Vec<Ready>,
    pub(crate) idle_turns: u32,
    /// The worker's connections.
    pub(crate) slots: Vec<Option<Conn>>,
    /// Those to which something has happened.
    pub(crate) edges: Vec<Conn>,
    /// Number of connections, and the most that there were.
    pub(crate) present: usize,
    pub(crate) most_present: usize,
    /// The pause that is still to come.
    pause: Option<Pause>,
}

/// State of a core's worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// In the middle of its turn.
    Running,
    /// Looking, at its clock's time, whether what it waits for has come, and if not for `until`.
    Looking { until: Nanos },
    /// Asleep until something happens to a connection of its own, or `until`.
    Sleeping { until: Nanos },
    /// At its end.
    Left,
}

impl Core {
    pub(crate) fn new(pause: Option<Pause>) -> Self {
        Self {
            clock: Nanos::ZERO,
            read_for: Nanos::ZERO,
            called_for: Nanos::ZERO,
            state: State::Running,
            stands_since: Nanos::ZERO,
            has_waited: false,
            ready: Vec::new(),
            idle_turns: 0,
            slots: Vec::new(),
            edges: Vec::new(),
            present: 0,
            most_present: 0,
            pause,
        }
    }

    /// Instant to which the world may go without the worker: of nothing that happens by then it
    /// hears too late. None when it has ended.
    pub(crate) fn reach(&self) -> Option<Nanos> {
        match self.state {
            State::Running | State::Looking { .. } => Some(self.clock),
            State::Sleeping { until } => Some(until),
            State::Left => None,
        }
    }

    pub(crate) fn read_clock(&mut self, cost: Nanos) -> Nanos {
        self.read_for += cost;
        self.clock += cost;
        self.clock
    }

    pub(crate) fn call(&mut self, cost: Nanos) {
        self.clock += cost;
        self.called_for += cost;
    }

    /// The worker begins to wait.
    pub(crate) fn stand_still(&mut self, until: Nanos) {
        self.stands_since = self.clock;
        self.state = State::Looking { until };
    }

    /// Things have happened at `at`: a core that sleeps looks at what it was to be woken by.
    pub(crate) fn look_up(&mut self, at: Nanos) {
        if let State::Sleeping { until } = self.state {
            self.clock = at;
            self.take_pause();
            if self.clock >= until || self.clock > at || !self.edges.is_empty() {
                self.state = State::Looking { until };
            }
        }
    }

    /// Nothing has happened to a core that sleeps, and `until` has come; it is told so much later.
    pub(crate) fn oversleep(&mut self, until: Nanos, late: Nanos) {
        self.clock = until + late;
        self.take_pause();
        self.state = State::Looking { until };
    }

    /// The worker's wait is over.
    pub(crate) fn wake(&mut self) {
        self.state = State::Running;
        self.has_waited = true;
    }

    fn take_pause(&mut self) {
        let now = self.clock;
        if let Some(Pause { length, .. }) = self.pause.take_if(|pause| pause.at <= now) {
            self.clock = now + length;
        }
    }

    /// Gives a slot its connection.
    pub(crate) fn put(&mut self, slot: usize, conn: Conn) {
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        self.slots[slot] = Some(conn);
    }
}
