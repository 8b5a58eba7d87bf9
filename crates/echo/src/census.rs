//! Connections open at present and at most, over all threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The count, shared by the threads of a server. Written only when a connection comes or goes.
#[derive(Debug, Default)]
pub(crate) struct Census {
    open: AtomicU64,
    peak: AtomicU64,
}

/// One connection's place in the count, from its acceptance until this is dropped.
///
/// It is dropped before the server ends its half: a client that then opens another connection finds
/// this one gone from the count, on whatever thread the other is accepted.
#[derive(Debug)]
pub(crate) struct Presence(Arc<Census>);

impl Census {
    /// Counts a connection.
    pub(crate) fn enter(self: &Arc<Self>) -> Presence {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(open, Ordering::Relaxed);
        Presence(Arc::clone(self))
    }

    /// The most connections that were open at the same time.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
