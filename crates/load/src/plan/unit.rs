//! Units: what one message is, within and across WebSocket messages.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One message of the protocol that is spoken, in terms of WebSocket messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageUnit {
    /// A WebSocket message is one.
    #[default]
    Frame,
    /// A line: up to a line feed, or to the end of its WebSocket message. Empty ones are none.
    Lines,
    /// A record, which ends in 0x1E (record separator), within its WebSocket message or a later one.
    Record,
    /// The same ending in NUL. Line ends before it are passed over, as STOMP's heartbeats are.
    Nul,
    /// An MQTT packet, which says its own length (MQTT 3.1.1 section 2.2, which is the same in 5.0).
    Mqtt,
}

impl MessageUnit {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Frame,
        Self::Lines,
        Self::Record,
        Self::Nul,
        Self::Mqtt,
    ];

    /// The name, as files and flags have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Lines => "lines",
            Self::Record => "record",
            Self::Nul => "nul",
            Self::Mqtt => "mqtt",
        }
    }

    /// The byte in which each has to end that is sent; `None` where nothing is put behind them.
    ///
    /// ```
    /// use wsbench_load::plan::MessageUnit;
    /// let unit: MessageUnit = "record".parse().unwrap();
    /// assert_eq!(unit.end(), Some(0x1e));
    /// let error = "records".parse::<MessageUnit>().unwrap_err();
    /// assert!(error.contains("frame, lines, record, nul or mqtt"));
    /// ```
    #[must_use]
    pub fn end(self) -> Option<u8> {
        match self {
            Self::Record => Some(0x1e),
            Self::Nul => Some(0),
            // The end of its WebSocket message ends a line as well, and a packet says its length.
            Self::Frame | Self::Lines | Self::Mqtt => None,
        }
    }

    /// True where a WebSocket message is one.
    #[must_use]
    pub fn is_frame(self) -> bool {
        self == Self::Frame
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands members over by reference"
    )]
    pub(super) fn is_default(&self) -> bool {
        self.is_frame()
    }
}

impl fmt::Display for MessageUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for MessageUnit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|unit| unit.name() == text);
        found.ok_or_else(|| format!("'{text}' is no unit; give frame, lines, record, nul or mqtt"))
    }
}
