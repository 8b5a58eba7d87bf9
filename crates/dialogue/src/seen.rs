//! What comes, and what it makes of a dialogue.

use std::time::Duration;

use wsbench_wire::connection::MessageKind;

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionEnd {
    /// The end of the stream.
    Fin,
    /// A reset, also while we were writing.
    Reset,
}

/// A message that has come whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// Text or binary.
    pub kind: MessageKind,
    /// Its content, as it was before it was packed.
    pub content: Vec<u8>,
    /// Octets of payload that it was packed in; `None` of one that came as it is.
    pub packed_in: Option<usize>,
}

impl ReceivedMessage {
    /// One that came as it is.
    #[must_use]
    pub fn plain(kind: MessageKind, content: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            content: content.into(),
            packed_in: None,
        }
    }
}

/// A thing that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A message.
    Message(ReceivedMessage),
    /// A pong with this payload.
    Pong(Vec<u8>),
    /// A close frame, with this code or without one.
    Close(Option<u16>),
    /// The end of the connection.
    End(ConnectionEnd),
    /// A breach of the protocol, in words.
    Violation(String),
    /// Nothing, for this long.
    Silence(Duration),
}

/// How a dialogue went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upshot {
    /// Everything came as it was awaited.
    Met,
    /// Everything came, but not quite as it should; the first such thing, in words.
    Lenient(String),
    /// Something else came, in words.
    Failed(String),
}
