//! What a worker needs of the machine: a clock, connections, and a way to wait.
//!
//! The trait is the seam between the load and the world. `readiness` carries it out over the
//! kernel, the crate `wsbench-simulate` over a made-up network and time; another engine would stand
//! beside them.
//! It moves bytes and knows nothing of WebSocket.

use std::io;

use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;
use wsbench_load::session::Opened;
use wsbench_transport::openings::Layer;

/// One worker's view of the machine. Connections are named by slot, a small number that the
/// worker chooses and reuses after `close`.
pub trait Engine {
    /// Time since the run began.
    fn now(&self) -> Nanos;

    /// Begins a TCP connection; `wait` tells when the slot is writable, `established` whether it
    /// came about.
    ///
    /// # Errors
    /// The connection could not even be begun: no descriptor, no local port, no route.
    fn open(&mut self, slot: usize) -> io::Result<()>;

    /// History of the opening of the connection begun by `open`, once it is established, and
    /// encrypted where that was asked for; `None` while it is not. To be asked after each readiness
    /// until then.
    ///
    /// # Errors
    /// It failed; the error says how.
    fn established(&mut self, slot: usize) -> io::Result<Option<Opened>>;

    /// The layer that is being made of a connection that is not established.
    fn under_way(&self, _slot: usize) -> Layer {
        Layer::Connect
    }

    /// Writes what the connection takes at once and returns how much that was.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing now; `wait` tells when it does. Others are final.
    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize>;

    /// Reads what is there, up to the buffer's length; no bytes are the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there now; `wait` tells when it is. Others are final.
    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<Received>;

    /// True if the end of the stream has come behind what was read last, so that it can be read and
    /// no readiness will tell of it.
    fn has_ended(&self, _slot: usize) -> bool {
        false
    }

    /// Drops the connection, if there is one.
    fn close(&mut self, slot: usize);

    /// Waits until a connection is ready or the clock reaches `until`, and appends what is ready.
    /// `now` is a recent reading of the clock. May return early with nothing.
    ///
    /// Readiness is edge-triggered: it is told once, and again only after more has arrived.
    ///
    /// # Errors
    /// The machine's waiting itself failed; the run cannot go on.
    fn wait(&mut self, now: Nanos, until: Nanos, ready: &mut Vec<Ready>) -> io::Result<()>;

    /// CPU time that the worker's thread has used since it began.
    fn usage(&self) -> ThreadUsage;
}

/// Result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes at the front of the buffer.
    pub len: usize,
    /// Instant at which the last of them had come to this machine, since the run began, by the
    /// kernel's own stamp; `None` where it gave none. Of bytes that came earlier it is too late a
    /// time: the wait that is taken from it is a lower bound.
    pub arrived: Option<Nanos>,
}

/// Readiness of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The connection.
    pub slot: usize,
    /// Bytes or the end of the stream may be read.
    pub readable: bool,
    /// Bytes may be written, or the connect call has come to its end.
    pub writable: bool,
    /// The peer has closed its side, so the end of the stream follows the bytes that are there.
    pub closed: bool,
}
