//! What the sessions of one worker share where messages are compressed (RFC 7692), and the books of
//! it. How a message is compressed is `wsbench_wire::deflate`'s affair; what a session does with
//! it stands in `session::compressed`.

use std::fmt;
use std::mem;

use wsbench_wire::deflate::Pool;

use crate::meter::Meter;
use crate::nanos::Nanos;
use crate::plan::Compression;
use crate::tally::CompressedCounts;

/// Bytes that a message is decompressed into at a time.
const ROOM: usize = 64 * 1024;

/// Tells the time, for the span that a call of the codec takes. A clock of the driver's: `load`
/// has none. It is asked twice a call, and only where messages are compressed, which takes a
/// hundred times as long.
pub type Stopwatch = Box<dyn FnMut() -> Nanos + Send>;

/// Tools that the sessions of one worker share where messages are compressed.
pub struct CompressionContext {
    pub(crate) pool: Pool,
    /// The message that is being sent, compressed.
    pub(crate) packed: Vec<u8>,
    /// A piece of the message that is being received, decompressed.
    pub(crate) room: Box<[u8]>,
    stopwatch: Option<Stopwatch>,
    /// Messages composed since the latest write, to be booked at its time.
    composed: CompressedCounts,
}

impl CompressionContext {
    pub(crate) fn new(compression: &Compression) -> Self {
        Self {
            pool: Pool::new(compression.level),
            packed: Vec::new(),
            room: vec![0; ROOM].into(),
            stopwatch: None,
            composed: CompressedCounts::default(),
        }
    }

    /// Has the codec's time measured from now on; until then it counts as nothing.
    pub fn set_stopwatch(&mut self, stopwatch: Stopwatch) {
        self.stopwatch = Some(stopwatch);
    }

    #[inline]
    pub(crate) fn now(&mut self) -> Nanos {
        self.stopwatch.as_mut().map_or(Nanos::ZERO, |now| now())
    }

    /// A message has been composed and awaits its write.
    pub(crate) fn composed(&mut self, message: &CompressedCounts) {
        self.composed.merge(message);
    }

    /// The write that carries what was composed begins at `sent`.
    pub(crate) fn book_sent(&mut self, meter: &mut Meter, sent: Nanos) {
        let composed = mem::take(&mut self.composed);
        if meter.window().contains(sent) {
            meter.tally.compression.sent.merge(&composed);
        }
    }
}

impl fmt::Debug for CompressionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompressionContext")
            .field("pool", &self.pool)
            .field("composed", &self.composed)
            .finish_non_exhaustive()
    }
}
