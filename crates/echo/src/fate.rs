//! Fate of a connection after a turn of its worker.

/// Fate of a peer in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits for the socket.
    Waits,
    /// It has more to read, without the socket telling so again.
    Hungry,
    /// It is to be dropped.
    Gone,
    /// It is no WebSocket, but an HTTP/2 connection for many.
    #[cfg(feature = "http2")]
    Multiplexed,
}

impl Fate {
    /// This fate if it is the end, the other otherwise.
    #[inline]
    pub(crate) fn or(self, other: impl FnOnce() -> Self) -> Self {
        if self == Self::Gone { self } else { other() }
    }
}
