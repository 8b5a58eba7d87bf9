//! A destination behind a bounded queue, on a thread of its own: whoever hands a snapshot over never
//! waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use crate::snapshot::Snapshot;

/// Snapshots that wait for a destination, at most.
const QUEUED: usize = 64;

/// Something that snapshots are given to.
pub(crate) trait Taker: Send {
    /// Takes one. Of those before it so many were dropped.
    ///
    /// # Errors
    /// Words on why it was not taken.
    fn put(&mut self, snapshot: &Snapshot, dropped: u64) -> Result<(), String>;

    /// True where a newer snapshot says all that an older one does, so that those that wait may be
    /// passed over.
    fn is_cumulative(&self) -> bool {
        false
    }
}

/// The end of a queue that snapshots are put into.
pub(crate) struct Sink {
    /// Its name, for people: the flag, and where to.
    pub(crate) name: String,
    queue: SyncSender<Arc<Snapshot>>,
    dropped: Arc<AtomicU64>,
    done: Receiver<Delivered>,
}

/// Fates of the snapshots of a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    taken: u64,
    refused: u64,
    first_error: Option<String>,
}

impl Sink {
    /// Opens a queue towards a destination.
    pub(crate) fn open(name: String, destination: impl Taker + 'static) -> Self {
        let (queue, waiting) = mpsc::sync_channel(QUEUED);
        let (ended, done) = mpsc::sync_channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        thread::spawn(move || {
            let delivered = deliver(destination, &waiting, &counted);
            // Nobody may be left to hear it.
            let _ = ended.send(delivered);
        });
        Self {
            name,
            queue,
            dropped,
            done,
        }
    }

    /// Snapshots that did not fit into the queue.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Puts a snapshot into the queue, or counts it where there is no room.
    pub(crate) fn offer(&self, snapshot: &Arc<Snapshot>) {
        match self.queue.try_send(Arc::clone(snapshot)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Relaxed);
            }
        }
    }

    /// Closes the queue, waits for what is in it until `ends`, and says what was not delivered;
    /// `None` where all was.
    pub(crate) fn finish(self, ends: Instant) -> Option<String> {
        let Self {
            name,
            queue,
            dropped,
            done,
        } = self;
        drop(queue);
        let patience = ends.saturating_duration_since(Instant::now());
        let delivered = match done.recv_timeout(patience.max(Duration::from_millis(1))) {
            Ok(delivered) => delivered,
            Err(RecvTimeoutError::Timeout) => {
                return Some(format!("{name}: left before all was taken; it is too slow"));
            }
            Err(RecvTimeoutError::Disconnected) => return Some(format!("{name}: ended early")),
        };
        told(&name, &delivered, dropped.load(Relaxed))
    }
}

fn told(name: &str, delivered: &Delivered, dropped: u64) -> Option<String> {
    let mut words = Vec::new();
    if delivered.refused > 0 {
        let all = delivered.refused + delivered.taken;
        let first = delivered.first_error.as_deref().unwrap_or_default();
        words.push(format!("{} of {all} not taken: {first}", delivered.refused));
    }
    if dropped > 0 {
        words.push(format!("{dropped} dropped, for it is too slow"));
    }
    (!words.is_empty()).then(|| format!("{name}: {}", words.join("; ")))
}

fn deliver(
    mut destination: impl Taker,
    waiting: &Receiver<Arc<Snapshot>>,
    dropped: &AtomicU64,
) -> Delivered {
    let mut delivered = Delivered::default();
    let mut next = None;
    while let Some(mut snapshot) = next.take().or_else(|| waiting.recv().ok()) {
        // A newer one holds all of an older one of the same run.
        while destination.is_cumulative()
            && next.is_none()
            && let Ok(newer) = waiting.try_recv()
        {
            if newer.facts.run == snapshot.facts.run {
                snapshot = newer;
            } else {
                next = Some(newer);
            }
        }
        match destination.put(&snapshot, dropped.load(Relaxed)) {
            Ok(()) => delivered.taken += 1,
            Err(error) => {
                delivered.refused += 1;
                delivered.first_error.get_or_insert(error);
            }
        }
    }
    delivered
}
