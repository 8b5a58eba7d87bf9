//! What workers hand over of messages to many, to be put together over all of them.

use serde::{Deserialize, Serialize};

use crate::nanos::Nanos;

/// A message that was sent within the measured window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The lane of its worker.
    pub lane: u32,
    /// Its place on that.
    pub position: u32,
    /// Number of the connection that sent it.
    pub publisher: u32,
    /// Instant at which it was due.
    pub due: Nanos,
    /// Members of its room when it was sent, its sender among them where it is one.
    pub members: u32,
    /// True where its sender is a member of the room.
    pub is_member: bool,
}

/// Receipts of a message, as far as one worker has had them since it last told of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// The lane of the message.
    pub lane: u32,
    /// Its place on that.
    pub position: u32,
    /// Receivers.
    pub count: u32,
    /// Receivers that left before they had it.
    pub left: u32,
    /// True where its sender is among the receivers.
    pub own: bool,
    /// The first receipt; `Nanos::MAX` without one.
    pub first: Nanos,
    /// The last receipt.
    pub last: Nanos,
    /// True of a message of a worker of another process.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_afar: bool,
}

/// The room of a message, where workers of several processes have to know it and there is more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressed {
    /// The lane of the message.
    pub lane: u32,
    /// Its place on that.
    pub position: u32,
    /// Its room.
    pub room: u32,
}

/// Members of a room that have come and gone, where workers of several processes have to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The worker whose they are.
    pub worker: u32,
    /// The room.
    pub room: u32,
    /// Instant at which that was so; that of the last where several joined before the load.
    pub at: Nanos,
    /// Connections that have joined.
    #[serde(default)]
    pub joined: u32,
    /// Connections that have left.
    #[serde(default)]
    pub left: u32,
}

/// What a worker tells of messages to many in a part of its books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handed {
    /// Messages that it sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
    /// Receipts of its connections.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partials: Vec<Partial>,
    /// Rooms of the messages that it sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addressed: Vec<Addressed>,
    /// Members of its own that have come and gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// Whether senders hear their own messages, once that has been seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hears_own: Option<bool>,
}

impl Handed {
    /// True of one that says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_of_no_message() && self.hears_own.is_none()
    }

    /// True of one that says nothing of messages and members.
    #[must_use]
    pub fn is_of_no_message(&self) -> bool {
        self.published.is_empty()
            && self.partials.is_empty()
            && self.addressed.is_empty()
            && self.moves.is_empty()
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.published.clear();
        self.partials.clear();
        self.addressed.clear();
        self.moves.clear();
        self.hears_own = None;
    }

    /// Appends what another one says.
    pub fn append(&mut self, mut other: Self) {
        self.published.append(&mut other.published);
        self.partials.append(&mut other.partials);
        self.addressed.append(&mut other.addressed);
        self.moves.append(&mut other.moves);
        self.hears_own = self.hears_own.or(other.hears_own);
    }
}
