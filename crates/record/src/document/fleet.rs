//! The agents of a run that many machines carried out: what each of them did, and how well their
//! clocks are known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::tally::{ConnectionCounts, MessageCounts};

use super::distribution::Distribution;
use super::host::Host;
use crate::audit::Audit;

/// A run that many machines carried out, as far as it is none of theirs alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fleet {
    /// Name of the run, by which `wsbench collect` finds its parts on the bus.
    pub run: String,
    /// Agents that were asked for.
    pub asked: u32,
    /// From the first agent's beginning of the load to the last one's, ns, as far as their clocks are
    /// known; absent where it did not begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_spread_ns: Option<u64>,
    /// Worst bound of the agents' clocks, ns: the windows of two of them are the same window to within
    /// twice this.
    #[serde(default)]
    pub clock_bound_ns: u64,
    /// Parts of the books that were handed over, one for each generator thread and interval and some
    /// around them.
    pub parts: u64,
    /// Parts that came twice and were counted once.
    #[serde(default)]
    pub doubled_parts: u64,
    /// Words for each hole in the books: whose, and from which part on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_parts: Vec<String>,
    /// How far times between agents are known; absent where no message went from one to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<Between>,
    /// True where the run was put together from the bus afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub collected: bool,
}

/// How far the times of messages that went from one agent to another are known: by two clocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Between {
    /// Two clocks of the fleet are one to within this, ns: each such time is right to this, either way.
    pub bound_ns: u64,
    /// Series that are not told, since the bound is more than a tenth of their median.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
}

/// A series that is not told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    /// Its key in the document.
    pub series: String,
    /// Its median by the clocks as they are, ns.
    pub median_ns: u64,
}

/// One machine's agent in a run, and what its own books say of its share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// Its name within the fleet.
    pub name: String,
    /// Machine that it ran on.
    #[serde(default)]
    pub host: Host,
    /// Hash of the program that it was.
    #[serde(default)]
    pub build: String,
    /// Generator threads that it had.
    pub threads: u32,
    /// Connections that fell to it.
    pub connections_asked: u32,
    /// Its clock beside the coordinator's.
    #[serde(default)]
    pub clock: AgentClock,
    /// When its load began, ns after the common beginning; absent where it did not begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_late_ns: Option<u64>,
    /// Why and when it was lost; absent of one that stayed to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// Answers received within the window, a second; absent where nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_s: Option<f64>,
    /// Messages of the measured window.
    #[serde(default)]
    pub messages: MessageCounts,
    /// Connections over the whole run.
    #[serde(default)]
    pub connections: ConnectionCounts,
    /// The times that the load is about, ns: response times in the open loop, service times in the
    /// closed.
    #[serde(default)]
    pub times_ns: Distribution,
    /// From when each message was sent, ns.
    #[serde(default)]
    pub service_ns: Distribution,
    /// Highest share of a core that one of its generator threads used, 0.0 to 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busiest_thread: Option<f64>,
    /// What its own audit says of its share.
    #[serde(default)]
    pub audit: Audit,
}

/// An agent's clock beside the coordinator's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentClock {
    /// Its clock less the coordinator's when the run began, ns. Either counts from when its own process
    /// began.
    pub offset_ns: i64,
    /// The offset is right to this, either way, ns: half the fastest round trip of a probe.
    pub bound_ns: u64,
    /// Rate at which the two moved apart, parts in a million; absent where that cannot be told from the
    /// bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_ppm: Option<f64>,
}
