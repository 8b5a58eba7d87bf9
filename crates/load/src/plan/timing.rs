//! When messages are due, how long connections last, and when the run is over.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::arrival::{Process, Schedule};
use crate::nanos::Nanos;
use crate::seconds;

/// Rule by which the next message on a connection becomes due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Arrival {
    /// Closed loop: the next is due when an answer arrives, `depth` in flight at a time. The
    /// server's slowness throttles the load, so percentiles say nothing about a fixed rate.
    Closed {
        /// Messages in flight on each connection. At least 1.
        depth: u32,
    },
    /// Open loop: by a schedule that does not look at the server, each on a connection chosen
    /// evenly at random. What is due on a busy connection is sent all the same (WebSocket is full
    /// duplex), up to a bound; beyond it a message waits, and its waiting is response time.
    Open {
        /// Schedule of messages, from the beginning of the load, over all connections.
        #[serde(flatten)]
        schedule: Schedule,
        /// Messages in flight on each connection at most. At least 1.
        max_in_flight: u32,
    },
}

/// The pause between an answer and the next message, drawn evenly from a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Think {
    /// The shortest pause, s.
    #[serde(rename = "least_s", with = "seconds")]
    #[schemars(with = "f64")]
    pub least: Nanos,
    /// The longest pause, s; above zero, and not below the shortest.
    #[serde(rename = "most_s", with = "seconds")]
    #[schemars(with = "f64")]
    pub most: Nanos,
}

/// Way in which a thread waits for the next due time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Sleeps until shortly before it, then spins: on time, for up to a whole core.
    #[default]
    Auto,
    /// Sleeps on a timer: late by what the kernel takes to wake a thread, for little CPU.
    Sleep,
    /// Never sleeps: a whole core, always.
    Spin,
}

impl Pace {
    /// True if nothing was said.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose clock says when an answer had come to this machine, apart from when it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Timestamps {
    /// The kernel's, where it stamps what arrives; else nobody's.
    #[default]
    Auto,
    /// The kernel's, or the run is refused.
    Kernel,
    /// Nobody's: a time is known only from the end of a read.
    User,
}

impl Timestamps {
    /// True if nothing was said.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Lifetime of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Lifetime {
    /// For the run; one that fails is opened again.
    #[default]
    Held,
    /// For its round trips: it is a client, which closes then and is replaced at once (the
    /// client-replacement model).
    Replaced {
        /// Round trips of each client. At least 1.
        round_trips: u32,
    },
    /// For its stay: it is a session, which comes when it is due whatever the server does, and is not
    /// replaced.
    Scheduled(Sessions),
}

/// Sessions that come by a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sessions {
    /// Sessions that come due a second, over all threads. Above zero.
    pub per_s: f64,
    /// Distribution of the gaps between them.
    pub process: Process,
    /// Stay of each of them.
    pub stay: Stay,
}

/// Stay of a session, from when it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stay {
    /// For so many round trips; at least 1.
    RoundTrips(u32),
    /// For so long, s, and until what is awaited then has come.
    #[serde(rename = "live_s", with = "seconds")]
    Time(Nanos),
}

// Derived, its members would have no descriptions.
impl JsonSchema for Stay {
    fn schema_name() -> Cow<'static, str> {
        "Stay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Stay of a session, from when it is open.",
            "oneOf": [
                {
                    "type": "object",
                    "properties": {
                        "round_trips": {
                            "description": "For so many round trips; at least 1.",
                            "type": "integer",
                            "format": "uint32",
                            "minimum": 0
                        }
                    },
                    "required": ["round_trips"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {
                        "live_s": {
                            "description": "For so long, s, and until what is awaited then has come.",
                            "type": "number",
                            "format": "double"
                        }
                    },
                    "required": ["live_s"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// Rule by which the run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRule {
    /// After the measured window has been open this long.
    Duration(Nanos),
    /// After this many messages in all.
    Messages(u64),
    /// After this many clients, each replaced when it has made its round trips.
    Clients(u64),
}

impl StopRule {
    /// Length of the measured window, where that is known before the run; `None` where the run is
    /// over with the last of its messages or clients.
    #[must_use]
    pub fn duration(self) -> Option<Nanos> {
        match self {
            Self::Duration(length) => Some(length),
            Self::Messages(_) | Self::Clients(_) => None,
        }
    }
}

/// The load before the measured window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WarmUp {
    /// Its length; the least one where its end is found from the data.
    pub least: Nanos,
    /// Limit where its end is found from the data (`settling`): the window opens when the load has
    /// settled, after `least` at the earliest, and after this at the latest. `None` where `least`
    /// is all of it.
    pub at_most: Option<Nanos>,
    /// The length that a run has found, in the plan that it stores; `None` in a plan that is yet to
    /// be carried out.
    pub found: Option<Nanos>,
}

impl WarmUp {
    /// A warm-up of a given length.
    #[must_use]
    pub fn of(length: Nanos) -> Self {
        Self {
            least: length,
            ..Self::default()
        }
    }

    /// A warm-up whose end is found from the data, between these lengths.
    #[must_use]
    pub fn found_within(least: Nanos, at_most: Nanos) -> Self {
        Self {
            least,
            at_most: Some(at_most),
            found: None,
        }
    }

    /// The longest time until the window opens after the load has begun.
    #[must_use]
    pub fn longest(&self) -> Nanos {
        self.at_most.unwrap_or(self.least)
    }

    /// True if its end was to be found from the data, and the load did not settle in time.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        self.found
            .zip(self.at_most)
            .is_some_and(|(found, most)| found >= most)
    }
}
