//! The generator's end of one simulated TCP connection, as its kernel would hold it.
//!
//! What a read or a write returns, and what the readiness of the connection is, follows Linux:
//! bytes that had come are read before an error is told, an error is told once, and a FIN hides a
//! reset that comes after it. When things happen is `world`'s affair.

use std::io::{self, ErrorKind};

use nix::errno::Errno;
use wsbench_load::nanos::Nanos;

use wsbench_drive::engine::{Ready, Received};

/// The generator's end of one connection.
#[derive(Debug)]
pub(crate) struct GeneratorEnd {
    /// The core that it is held on, and its worker's slot for it.
    pub(crate) core: usize,
    pub(crate) slot: usize,
    pub(crate) established: bool,
    /// Bytes that have come; those before `read` have been read.
    inbox: Vec<u8>,
    read: usize,
    /// Segments in the inbox that have not been read to their end: where they end, and when they
    /// came.
    segments: Vec<(usize, Nanos)>,
    fin: bool,
    /// Told by the next call.
    error: Option<Errno>,
    /// Nothing goes either way any more.
    dead: bool,
    /// Bytes that may still be written, of `capacity`.
    room: usize,
    capacity: usize,
    /// A write found no room: room will be told.
    blocked: bool,
    /// Something has happened that `wait` has not told yet.
    pub(crate) has_edge: bool,
    /// Instant at which the latest segment arrives, each way: the next ones come no earlier.
    pub(crate) last_to_server: Nanos,
    pub(crate) last_to_client: Nanos,
}

impl GeneratorEnd {
    pub(crate) fn new(core: usize, slot: usize, capacity: usize) -> Self {
        Self {
            core,
            slot,
            established: false,
            inbox: Vec::new(),
            read: 0,
            segments: Vec::new(),
            fin: false,
            error: None,
            dead: false,
            room: capacity,
            capacity,
            blocked: false,
            has_edge: false,
            last_to_server: Nanos::ZERO,
            last_to_client: Nanos::ZERO,
        }
    }

    // --- What the generator does ---

    pub(crate) fn established(&mut self) -> io::Result<bool> {
        match self.error.take() {
            Some(error) => Err(error.into()),
            None => Ok(self.established),
        }
    }

    /// Number of bytes, of `len`, that are taken now.
    pub(crate) fn write(&mut self, len: usize) -> io::Result<usize> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        if self.dead {
            return Err(Errno::EPIPE.into());
        }
        let taken = if self.established {
            len.min(self.room)
        } else {
            0
        };
        self.blocked |= taken < len;
        if taken == 0 && len > 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        if self.capacity < usize::MAX {
            self.room -= taken;
        }
        Ok(taken)
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        const END: Received = Received {
            len: 0,
            arrived: None,
        };
        let there = &self.inbox[self.read..];
        if !there.is_empty() {
            let len = there.len().min(buffer.len());
            buffer[..len].copy_from_slice(&there[..len]);
            self.read += len;
            let arrived = self.stamp();
            if self.read == self.inbox.len() {
                self.inbox.clear();
                self.read = 0;
            }
            return Ok(Received { len, arrived });
        }
        if self.fin {
            return Ok(END);
        }
        match self.error.take() {
            Some(error) => Err(error.into()),
            None if self.dead => Ok(END),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Instant at which the segment came that the last byte read is of (Linux,
    /// `tcp_update_recv_tstamps`).
    fn stamp(&mut self) -> Option<Nanos> {
        let behind = self.segments.partition_point(|(end, _)| *end < self.read);
        let arrived = self.segments.get(behind).map(|(_, at)| *at);
        self.segments.retain(|(end, _)| *end > self.read);
        arrived
    }

    /// True if bytes have come that were not read: closing then resets the connection.
    pub(crate) fn has_unread(&self) -> bool {
        self.read < self.inbox.len()
    }

    // --- What the network does ---

    pub(crate) fn on_established(&mut self) {
        self.established = true;
    }

    pub(crate) fn on_bytes(&mut self, now: Nanos, bytes: &[u8]) {
        if !self.dead {
            self.inbox.extend_from_slice(bytes);
            self.segments.push((self.inbox.len(), now));
        }
    }

    pub(crate) fn on_fin(&mut self) {
        self.fin |= !self.dead;
    }

    /// A reset, or a refusal. Behind a FIN it is a broken pipe (Linux, `tcp_reset`).
    pub(crate) fn on_error(&mut self, error: Errno) {
        if !std::mem::replace(&mut self.dead, true) {
            self.error = Some(if self.fin { Errno::EPIPE } else { error });
        }
    }

    /// The server has taken `len` bytes. Whether a writer is told: only one that waits, and only
    /// once a third of the room is free (Linux, `sk_stream_write_space`).
    pub(crate) fn on_room(&mut self, len: usize) -> bool {
        self.room += len;
        let is_told = self.blocked && self.room >= self.capacity.div_ceil(3);
        self.blocked &= !is_told;
        is_told
    }

    /// All that it is ready for now; an edge tells all of it, whatever caused it.
    pub(crate) fn readiness(&self) -> Ready {
        let failed = self.error.is_some() || self.dead;
        Ready {
            slot: self.slot,
            readable: self.has_unread() || self.fin || failed,
            writable: failed || (self.established && self.room >= self.capacity.div_ceil(3)),
            closed: self.fin || failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn established(capacity: usize) -> GeneratorEnd {
        let mut link = GeneratorEnd::new(0, 0, capacity);
        link.on_established();
        link
    }

    #[test]
    fn what_had_come_is_read_before_the_reset_is_told_and_that_once() {
        let mut link = established(usize::MAX);
        link.on_bytes(Nanos(5), b"abc");
        link.on_error(Errno::ECONNRESET);
        let mut buffer = [0; 2];
        assert_eq!(link.read(&mut buffer).unwrap().len, 2);
        assert_eq!(link.read(&mut buffer).unwrap().len, 1);
        let error = link.read(&mut buffer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(link.read(&mut buffer).unwrap().len, 0);
        assert_eq!(link.write(1).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn behind_a_fin_a_reset_is_a_broken_pipe_and_reads_end_in_order() {
        let mut link = established(usize::MAX);
        link.on_fin();
        assert_eq!(link.write(3).unwrap(), 3, "the other way is still open");
        link.on_error(Errno::ECONNRESET);
        assert_eq!(link.read(&mut [0; 8]).unwrap().len, 0);
        assert_eq!(link.write(1).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_read_is_stamped_with_the_segment_of_its_last_byte() {
        let mut link = established(usize::MAX);
        link.on_bytes(Nanos(10), b"abc");
        link.on_bytes(Nanos(20), b"de");
        let mut stamps = |most| {
            let read = link.read(&mut [0; 8][..most]).unwrap();
            (read.len, read.arrived)
        };
        assert_eq!(stamps(2), (2, Some(Nanos(10))));
        assert_eq!(stamps(1), (1, Some(Nanos(10))), "to the segment's end");
        assert_eq!(stamps(1), (1, Some(Nanos(20))));
        assert_eq!(stamps(8), (1, Some(Nanos(20))));
        link.on_bytes(Nanos(30), b"f");
        link.on_bytes(Nanos(40), b"g");
        let both = link.read(&mut [0; 8]).unwrap();
        assert_eq!((both.len, both.arrived), (2, Some(Nanos(40))));
    }

    #[test]
    fn room_is_told_only_to_a_writer_that_waits_and_only_when_it_is_worth_while() {
        let mut link = established(9);
        assert_eq!(link.write(8).unwrap(), 8);
        assert!(!link.on_room(8), "nobody waits");
        assert_eq!(link.write(20).unwrap(), 9, "a short write waits");
        assert_eq!(link.write(11).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(!link.on_room(2));
        assert!(link.on_room(1));
        assert!(!link.on_room(6), "told once");
    }
}
