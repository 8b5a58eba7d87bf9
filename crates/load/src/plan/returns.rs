//! How clients whose connections are lost come back, and a drill that has connections lost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nanos::Nanos;
use crate::seconds;

/// The return of clients to a server that has lost them, or that they have lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Returns {
    /// Pauses before each attempt.
    #[serde(default)]
    pub policy: Reconnect,
    /// Connections that are cut on purpose; absent where none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Drill>,
}

impl Returns {
    /// The returns that are said: pauses, a drill, or both; `None` where nothing is.
    #[must_use]
    pub fn of(policy: Option<Reconnect>, drill: Option<Drill>) -> Option<Self> {
        (policy.is_some() || drill.is_some()).then(|| Self {
            policy: policy.unwrap_or_default(),
            drill,
        })
    }
}

/// Pauses before a client whose connection was lost tries again, and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reconnect {
    /// At once where the connection had been answering, else after 100 ms that double up to 2 s, less up
    /// to half; all together as soon as one is open again.
    #[default]
    Usual,
    /// None.
    Immediate,
    /// Always the same, less up to half of it by chance.
    Fixed {
        /// The pause, s.
        #[serde(rename = "wait_s", with = "seconds")]
        #[schemars(with = "f64")]
        wait: Nanos,
    },
    /// Doubled from attempt to attempt, less up to half of it by chance.
    Exponential {
        /// The first, s.
        #[serde(rename = "from_s", with = "seconds")]
        #[schemars(with = "f64")]
        from: Nanos,
        /// The longest, s.
        #[serde(rename = "to_s", with = "seconds")]
        #[schemars(with = "f64")]
        to: Nanos,
    },
}

impl Reconnect {
    /// The pause before the attempt that follows `failures` in a row, with `jitter` from 0.0 to 1.0, which
    /// takes up to half of it away; `None` of the usual ones.
    ///
    /// ```
    /// use wsbench_load::{nanos::Nanos, plan::Reconnect};
    /// let ms = Nanos::from_millis;
    /// let policy = Reconnect::Exponential { from: ms(100), to: ms(1_000) };
    /// let pauses = [0, 1, 3, 60].map(|failures| policy.pause(failures, 0.0).unwrap());
    /// assert_eq!(pauses, [ms(100), ms(200), ms(800), ms(1_000)]);
    /// assert_eq!(policy.pause(0, 1.0), Some(ms(50)));
    /// ```
    #[must_use]
    pub fn pause(self, failures: u32, jitter: f64) -> Option<Nanos> {
        let whole = match self {
            Self::Usual => return None,
            Self::Immediate => Nanos::ZERO,
            Self::Fixed { wait } => wait,
            Self::Exponential { from, to } => {
                let times = 1_u64.checked_shl(failures).unwrap_or(u64::MAX);
                Nanos(from.0.saturating_mul(times)).min(to)
            }
        };
        Some(Nanos((whole.0 as f64 * (1.0 - jitter / 2.0)) as u64))
    }
}

/// Connections that are cut at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drill {
    /// Share of the open connections that are cut, above 0 and up to 1.
    pub share: f64,
    /// Instant at which they are cut, from the opening of the measured window, s.
    #[serde(rename = "at_s", with = "seconds")]
    #[schemars(with = "f64")]
    pub at: Nanos,
}
