//! What the server used, where its process could be watched: its cost beside its speed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Use by the server. Figures a message are over the measured window: what was used between its
/// opening and its close, divided by the answers received within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Server {
    /// Processes that were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<CountedProcesses>,
    /// The process that was named or started; of a command line, the shell that ran it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// True where that process was no longer there at the end, or was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<bool>,
    /// Processes counted at the end of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// Processes that ended meanwhile; their CPU time is counted as far as they were waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes_ended: Option<u32>,
    /// Threads at the end of the window, over all processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// CPU time a message, µs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_us_per_message: Option<f64>,
    /// The part of it in user mode, µs, as the kernel's ticks divide it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_user_us_per_message: Option<f64>,
    /// The part of it in the kernel, µs. Over loopback the kernel's work for one side is partly done
    /// on the other's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_system_us_per_message: Option<f64>,
    /// Messages for a second of CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_cpu_s: Option<f64>,
    /// Cores that it used on average: 1.0 is one core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_share: Option<f64>,
    /// Share of a core that its busiest thread used, 0.0 to 1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busiest_thread_share: Option<f64>,
    /// Times a message that a thread gave its core up, mostly to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voluntary_switches_per_message: Option<f64>,
    /// Times a message that a thread's core was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub involuntary_switches_per_message: Option<f64>,
    /// Time between the two readings, s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watched_s: Option<f64>,
    /// Resident memory when all connections were open and no load had begun, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_at_opening_bytes: Option<u64>,
    /// Resident memory at the end of the window, bytes; shared pages count for each process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_bytes: Option<u64>,
    /// The most resident memory that was seen, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_peak_bytes: Option<u64>,
    /// Memory when all connections were open and no load had begun, bytes, shared pages counted once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pss_at_opening_bytes: Option<u64>,
    /// Memory at the end of the window, bytes, shared pages counted once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pss_bytes: Option<u64>,
    /// Resident memory a connection, bytes: its slope over connections while they were opened;
    /// absent where they were too few or opened too fast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_connection: Option<f64>,
}

/// Processes from which a server's cost is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedProcesses {
    /// That of the embedded server.
    Embedded,
    /// The one that was named, and all that descend from it.
    Named,
    /// All that the command line started.
    Started,
    /// Others, of a later version.
    #[serde(other)]
    Other,
}
