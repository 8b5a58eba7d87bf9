//! What was said on connections, in order of time.

use wsbench_load::nanos::Nanos;
use wsbench_wire::connection::MessageKind;

/// All that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Connections in the order in which they were opened.
    pub conversations: Vec<Conversation>,
    /// Messages that were said and are not kept, since there was no room for them.
    pub left_out: u64,
    /// Messages to and from other servers, which are no part of it.
    pub of_others: u64,
}

/// One connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Time of the upgrade, from the beginning of the transcript.
    pub opened: Nanos,
    /// Path and query that the client asked for.
    pub resource: String,
    /// Request headers of the client's own, without those that the handshake sets.
    pub headers: Vec<(String, String)>,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// Subprotocols that the client offered.
    pub subprotocols: Vec<String>,
    /// Messages of both ends, in order.
    pub said: Vec<Transcribed>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcribed {
    /// Time at which it was whole, from the beginning of the transcript.
    pub at: Nanos,
    /// Party that said it.
    pub by: Party,
    /// Text or binary.
    pub kind: MessageKind,
    /// Its payload; of a long one the beginning.
    pub content: Vec<u8>,
    /// True if it was longer than what is kept.
    pub is_cut: bool,
}

/// End of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Party that opened it.
    Client,
    /// Party that was asked.
    Server,
}

impl Conversation {
    /// Messages of one end.
    #[must_use]
    pub fn count(&self, by: Party) -> usize {
        self.said.iter().filter(|said| said.by == by).count()
    }
}
