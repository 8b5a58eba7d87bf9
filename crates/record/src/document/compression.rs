//! What compression did to a run, as the document stores it (permessage-deflate, RFC 7692).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::plan::PlanSpec;
use wsbench_load::result::RunResult;
use wsbench_load::tally::CompressedCounts;

/// Compression that was offered and accepted, and its effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compression {
    /// The offer, as it stood in each upgrade request.
    pub offered: String,
    /// Connections over the whole run by what the server answered.
    #[serde(default)]
    pub accepted: BTreeMap<String, u64>,
    /// Connections over the whole run on which the server did not accept the offer.
    #[serde(default)]
    pub declined: u64,
    /// Messages sent in the measured window.
    pub sent: Compressed,
    /// Messages received in the measured window.
    pub received: Compressed,
}

/// Messages of one direction, before and behind the compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compressed {
    /// Messages, compressed or not.
    pub messages: u64,
    /// Those that came compressed.
    pub compressed: u64,
    /// Bytes of the messages themselves.
    pub message_bytes: u64,
    /// Bytes of payload in their frames, without frame headers.
    pub payload_bytes: u64,
    /// `message_bytes / payload_bytes`: above 1 where compression saved anything; absent without
    /// messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Bytes of messages a second; absent without messages or window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_bytes_per_s: Option<f64>,
    /// Bytes of payload a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_bytes_per_s: Option<f64>,
    /// Time of our own threads in the codec for each compressed message, mean, ns: by the wall
    /// clock, so that what a thread was kept from its core is in it; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec_ns_per_message: Option<f64>,
}

impl Compression {
    /// Effect of compression; `None` when the plan offered none.
    pub(super) fn of(result: &RunResult, plan: &PlanSpec) -> Option<Self> {
        let offer = plan.clients.compression.as_ref()?.wish.offer();
        let counts = &result.compression;
        let window_s = result.measured.as_secs_f64();
        Some(Self {
            offered: offer.to_string(),
            accepted: counts.accepted.clone(),
            declined: counts.declined,
            sent: Compressed::of(&counts.sent, window_s),
            received: Compressed::of(&counts.received, window_s),
        })
    }

    /// Connections on which the server accepted.
    #[must_use]
    pub fn accepted_connections(&self) -> u64 {
        self.accepted.values().sum()
    }
}

impl Compressed {
    fn of(counts: &CompressedCounts, window_s: f64) -> Self {
        let share = |part: u64, whole: f64| (whole > 0.0).then(|| part as f64 / whole);
        let per_s = |amount| share(amount, window_s).filter(|_| counts.messages > 0);
        Self {
            messages: counts.messages,
            compressed: counts.compressed,
            message_bytes: counts.message_bytes,
            payload_bytes: counts.payload_bytes,
            ratio: share(counts.message_bytes, counts.payload_bytes as f64),
            message_bytes_per_s: per_s(counts.message_bytes),
            payload_bytes_per_s: per_s(counts.payload_bytes),
            codec_ns_per_message: share(counts.codec_ns, counts.compressed as f64),
        }
    }
}
