//! A part of a run's books: what one share of the work measured in one stretch of it.
//!
//! Within a process a part goes over whole, its tally in a box that comes back. Given to another
//! process by any format that describes itself, it is of what was measured alone: series without
//! samples, counters of none and gauges at zero take no bytes.

use serde::{Deserialize, Serialize};
use wsbench_load::bits;
use wsbench_load::meter::Window;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::{Absences, Ended, Stage, ThreadUsage};
use wsbench_load::send_gaps::SendGap;
use wsbench_load::tally::Tally;

/// The stretch of the run that a part is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Before the measured window opened.
    Before,
    /// The interval of this number, ended at the time given.
    Interval(u32, Nanos),
    /// After the window closed: answers in the drain.
    After,
}

/// A part of a run's books.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The share of the run that it is of: a worker, by its number over the whole run.
    pub share: u32,
    /// Its number among the parts of that share, from 0, in the order in which they were measured.
    pub number: u32,
    /// The stretch that it is of.
    pub period: Period,
    /// What the share was doing at its end.
    pub stage: Stage,
    /// Its end.
    pub now: Nanos,
    /// What is measured, as far as that was known.
    pub window: Window,
    /// Record of what was measured.
    #[serde(default)]
    pub tally: Box<Tally>,
    /// Messages that came due in the interval; zero in the closed loop, where all due are sent.
    #[serde(default, skip_serializing_if = "is_none")]
    pub due: u64,
    /// Sent and unanswered at the end.
    #[serde(default, skip_serializing_if = "is_none")]
    pub in_flight: u64,
    /// Due and unsent at the end.
    #[serde(default, skip_serializing_if = "is_none")]
    pub waiting: u64,
    /// Share of a core used since the part before.
    #[serde(with = "bits")]
    pub cpu_share: f64,
    /// Share of the same time in which it was runnable and had no core.
    #[serde(default, with = "bits")]
    pub wait_share: f64,
    /// Set in the last part of the share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<ShareEnd>,
}

/// What is known of a share at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareEnd {
    /// What its thread used within the window.
    pub usage: ThreadUsage,
    /// When the window closed for it, or its last answer came where nothing closed it.
    pub closed_at: Nanos,
    /// Connections upgraded and open then.
    #[serde(default, skip_serializing_if = "is_none")]
    pub alive_at_close: u64,
    /// A sample of the gaps between its sends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub send_gaps: Vec<SendGap>,
}

/// Facts that the shares of a run have agreed on by its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Why the run ended.
    pub ended: Ended,
    /// Times that the server was gone and came back.
    pub absences: Absences,
    /// When the load began; `Nanos::MAX` if it did not.
    pub load_from: Nanos,
    /// When the window opened, where that was found from the data; else `Nanos::MAX`.
    pub opens: Nanos,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands members over by reference"
)]
fn is_none(count: &u64) -> bool {
    *count == 0
}
