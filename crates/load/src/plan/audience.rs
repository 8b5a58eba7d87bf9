//! Whom a message is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The receivers of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Its sender alone: it is answered on the connection that it was sent on.
    #[default]
    Sender,
    /// Every connection. Whether senders hear themselves is found as the run goes on.
    All,
    /// The members of its sender's room.
    Room,
    /// The members of a room that is drawn for each message, which its sender is not in: one receiver where
    /// there are as many rooms as receivers.
    One,
}

impl Audience {
    /// True if nothing was said.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
