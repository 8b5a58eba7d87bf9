//! What the workers of one run have in common. Read on the hot path, written off it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::SeqCst};

use wsbench_load::nanos::Nanos;
use wsbench_load::result::Ended;

/// A server that was there is given up when it has answered on no connection for this long and
/// none is open.
pub(crate) const SERVER_DEAD_AFTER: Nanos = Nanos::from_secs(3);

/// Asks a run to end in order: drain, close, report.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// A signal not yet given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end.
    pub fn request(&self) {
        self.0.store(true, SeqCst);
    }

    /// Whether the end has been asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(SeqCst)
    }
}

/// What the workers of one run have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) stop: StopSignal,
    /// Workers some of whose connections have neither opened nor failed yet.
    unsettled: AtomicU32,
    /// When the load begins; `u64::MAX` until all workers are settled.
    load_from: AtomicU64,
    /// Connections ever upgraded.
    upgraded: AtomicU64,
    /// Connections upgraded and open.
    alive: AtomicU64,
    /// When a connection that had answered anything was last seen to end; failing that, when the
    /// first one ended. `u64::MAX` while none has.
    dead_since: AtomicU64,
    /// Number of the next connection.
    next_connection: AtomicU32,
    /// How the run ends, once a worker has found out; 0 until then.
    ended: AtomicU8,
}

impl Shared {
    pub(crate) fn new(workers: u32, stop: StopSignal) -> Arc<Self> {
        Arc::new(Self {
            stop,
            unsettled: AtomicU32::new(workers),
            load_from: AtomicU64::new(u64::MAX),
            upgraded: AtomicU64::new(0),
            alive: AtomicU64::new(0),
            dead_since: AtomicU64::new(u64::MAX),
            next_connection: AtomicU32::new(0),
            ended: AtomicU8::new(0),
        })
    }

    pub(crate) fn connection_number(&self) -> u32 {
        self.next_connection.fetch_add(1, SeqCst)
    }

    pub(crate) fn connection_upgraded(&self) {
        self.upgraded.fetch_add(1, SeqCst);
        self.alive.fetch_add(1, SeqCst);
    }

    /// A server that upgrades connections and ends them without a single answer is no more alive
    /// than one that refuses them, so only those that answered set the clock back.
    pub(crate) fn connection_gone(&self, now: Nanos, had_answers: bool) {
        if had_answers || self.dead_since.load(SeqCst) == u64::MAX {
            self.dead_since.store(now.0, SeqCst);
        }
        self.alive.fetch_sub(1, SeqCst);
    }

    /// One worker's connections have all opened or failed. The last one sets the load's beginning.
    pub(crate) fn worker_settled(&self, now: Nanos) {
        if self.unsettled.fetch_sub(1, SeqCst) > 1 {
            return;
        }
        if self.upgraded.load(SeqCst) == 0 {
            self.end(Ended::NothingConnected);
        } else {
            self.load_from.store(now.0, SeqCst);
        }
    }

    pub(crate) fn load_from(&self) -> Nanos {
        Nanos(self.load_from.load(SeqCst))
    }

    pub(crate) fn is_server_dead(&self, now: Nanos) -> bool {
        self.alive.load(SeqCst) == 0
            && now - Nanos(self.dead_since.load(SeqCst)) >= SERVER_DEAD_AFTER
    }

    /// Ends the run for all workers; the first reason given stays.
    pub(crate) fn end(&self, reason: Ended) {
        let code = match reason {
            Ended::Complete => return,
            Ended::Interrupted => 1,
            Ended::NothingConnected => 2,
            Ended::ServerDied => 3,
        };
        let _ = self.ended.compare_exchange(0, code, SeqCst, SeqCst);
    }

    /// Why the run ends before its stop rule holds; `Complete` while it does not.
    pub(crate) fn ended(&self) -> Ended {
        match self.ended.load(SeqCst) {
            0 if self.stop.is_requested() => Ended::Interrupted,
            0 => Ended::Complete,
            1 => Ended::Interrupted,
            2 => Ended::NothingConnected,
            _ => Ended::ServerDied,
        }
    }
}
