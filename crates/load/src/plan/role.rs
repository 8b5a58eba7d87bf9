//! Roles: what the connections of one run do, where they do not all do the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::login::{LoginSteps, StoredStep};
use crate::plan::slow::Reads;
use crate::plan::voice::{StoredVoice, Voice};

/// Connections of one run that do the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// The number of them.
    pub connections: u32,
    /// True where they send messages.
    pub publishes: bool,
    /// True where messages are for them.
    pub subscribes: bool,
    /// Way in which they read, of slow readers; `None` where they read as fast as they can.
    pub reads: Option<Reads>,
    /// Steps behind the login that all have.
    pub join: LoginSteps,
    /// Share of the messages that they send, and what they say; `None` where no other role sends any.
    pub voice: Option<Voice>,
}

impl Role {
    /// True of those among which slow readers may be: they receive, and neither send nor are slow by
    /// their role.
    pub(super) fn may_be_slow(&self) -> bool {
        self.subscribes && !self.publishes && self.reads.is_none()
    }
}

/// A role as documents hold it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Role")]
pub(super) struct StoredRole {
    /// The number of connections.
    connections: u32,
    /// True where they send messages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    publishes: bool,
    /// True where messages are for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    subscribes: bool,
    /// Way in which they read, of slow readers; absent where they read as fast as they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reads: Option<Reads>,
    /// What was said and awaited behind the login that all have; absent where nothing was. What was
    /// sent is withheld.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    join: Vec<StoredStep>,
    /// Share of the messages that they sent; absent where no other role did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<StoredVoice>,
}

impl StoredRole {
    pub(super) fn of(role: &Role) -> Self {
        Self {
            connections: role.connections,
            publishes: role.publishes,
            subscribes: role.subscribes,
            reads: role.reads,
            join: role.join.written(),
            voice: role.voice.as_ref().map(StoredVoice::of),
        }
    }

    pub(super) fn told(self) -> Result<Role, String> {
        Ok(Role {
            connections: self.connections,
            publishes: self.publishes,
            subscribes: self.subscribes,
            reads: self.reads,
            join: LoginSteps::told(self.join)?,
            voice: self.voice.map(StoredVoice::told).transpose()?,
        })
    }
}
