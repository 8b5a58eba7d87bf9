//! Bytes on their way between `h2` and whoever owns the socket.
//!
//! Nobody is woken here: who puts bytes in or takes them out polls `h2` afterwards.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets that wait for the socket at most; what is beyond stays within `h2`.
const OUTBOUND_AT_MOST: usize = 256 * 1024;

/// Both directions of one connection. Copies are of the same pipe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipe(Arc<Mutex<Ways>>);

#[derive(Debug, Default)]
struct Ways {
    inbound: BytesMut,
    outbound: BytesMut,
    /// Nothing more comes in.
    has_ended: bool,
}

impl Pipe {
    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These bytes have come from the peer.
    pub(crate) fn receive(&self, bytes: &[u8]) {
        self.ways().inbound.extend_from_slice(bytes);
    }

    /// The peer's end of the stream has come.
    pub(crate) fn end(&self) {
        self.ways().has_ended = true;
    }

    /// Gives what is there for the peer to `write`, until nothing is left or it fails.
    ///
    /// # Errors
    /// Those of `write`; what it has not taken is kept.
    pub(crate) fn send(&self, mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        let outbound = &mut self.ways().outbound;
        while !outbound.is_empty() {
            match write(outbound)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                len => outbound.advance(len),
            }
        }
        Ok(())
    }

    /// Octets that have come and that `h2` has not taken.
    pub(crate) fn unread(&self) -> usize {
        self.ways().inbound.len()
    }

    /// True if so much waits for the peer that no more is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.ways().outbound.len() >= OUTBOUND_AT_MOST
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ways = self.ways();
        if ways.inbound.is_empty() && !ways.has_ended {
            return Poll::Pending;
        }
        let len = buffer.remaining().min(ways.inbound.len());
        buffer.put_slice(&ways.inbound[..len]);
        ways.inbound.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outbound = &mut self.ways().outbound;
        let len = bytes
            .len()
            .min(OUTBOUND_AT_MOST.saturating_sub(outbound.len()));
        if len == 0 && !bytes.is_empty() {
            return Poll::Pending;
        }
        outbound.extend_from_slice(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
