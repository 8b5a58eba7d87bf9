//! A bounded sample of the gaps between the messages that a worker of the open loop sent, beside
//! the gaps that its schedule had between the same messages.
//!
//! Whether the first are distributed as the second is judged elsewhere (METHOD section 3, B). This
//! module knows no clock; the worker's memory for it is taken before the load begins.

use serde::{Deserialize, Serialize};

use crate::bits;
use crate::nanos::Nanos;
use crate::pairing::Times;
use crate::plan::Plan;

/// Gaps kept of one run, by all workers together.
const KEPT: usize = 2_000;

/// The gap between two messages that left one after the other.
///
/// Both spans are multiplied by the worker's share of the load: a share of a schedule has gaps so
/// much longer than the whole, and those of all workers can then be put together.
///
/// Given to another process, a number is the one of its bits: some readers of decimals are not exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SendGap {
    /// Between the times at which they were due, ns.
    #[serde(with = "bits")]
    pub planned: f64,
    /// Between the times at which they were sent, ns.
    #[serde(with = "bits")]
    pub sent: f64,
}

/// An even sample, at random, of all gaps that a worker saw (Li 1994, algorithm L: it looks at a
/// random number once for each gap kept, not once for each gap).
#[derive(Debug)]
pub struct SendGaps {
    kept: Vec<SendGap>,
    most: usize,
    share: f64,
    before: Option<Times>,
    /// Gaps to pass over until the next one is kept.
    passing: u64,
    /// Of so many numbers drawn evenly from 0 to 1 as gaps were seen, `most` are below this.
    below: f64,
    random: fastrand::Rng,
}

impl SendGaps {
    /// An empty sample for worker `worker`, which has `slots` connections; `None` in the closed
    /// loop, which has no schedule.
    #[must_use]
    pub fn of_worker(plan: &Plan, worker: usize, slots: usize) -> Option<Self> {
        if !plan.clients.is_open_loop() {
            return None;
        }
        let most = KEPT.div_ceil(plan.threads as usize);
        // Of the connections that send, which the first slots have.
        let senders = plan.clients.publishers();
        let (each, over) = (senders / plan.threads, senders % plan.threads);
        let own = (each + u32::from((worker as u64) < u64::from(over))).min(slots as u32);
        let share = f64::from(own) / f64::from(senders.max(1));
        let seed = plan.seed.wrapping_add((worker as u64) << 32);
        Some(Self::new(most, share, seed))
    }

    fn new(most: usize, share: f64, seed: u64) -> Self {
        Self {
            kept: Vec::with_capacity(most),
            most,
            share,
            before: None,
            passing: 0,
            below: 1.0,
            random: fastrand::Rng::with_seed(seed ^ 0x0067_6170_735f_6f66),
        }
    }

    /// A message was sent for which its connection was ready. One that had waited for its
    /// connection left when the server let it, which says nothing about the generator; it is not
    /// to be told here.
    #[inline]
    pub fn sent(&mut self, times: Times) {
        let Some(before) = self.before.replace(times) else {
            return;
        };
        if self.passing > 0 {
            self.passing -= 1;
            return;
        }
        self.keep(before, times);
    }

    /// Gaps that were kept.
    #[must_use]
    pub fn into_kept(self) -> Vec<SendGap> {
        self.kept
    }

    #[cold]
    fn keep(&mut self, before: Times, times: Times) {
        // Messages that came due in one turn leave connection by connection, in any order.
        let scaled = |from: Nanos, to: Nanos| from.0.abs_diff(to.0) as f64 * self.share;
        let gap = SendGap {
            planned: scaled(before.due, times.due),
            sent: scaled(before.sent, times.sent),
        };
        if self.kept.len() < self.most {
            self.kept.push(gap);
            if self.kept.len() < self.most {
                return;
            }
        } else {
            let place = self.random.usize(..self.most);
            self.kept[place] = gap;
        }
        let mut log = || (1.0 - self.random.f64()).ln();
        self.below *= (log() / self.most as f64).exp();
        self.passing = (log() / (-self.below).ln_1p()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlanSpec;

    fn times(due: u64, sent: u64) -> Times {
        Times {
            due: Nanos(due),
            sent: Nanos(sent),
        }
    }

    #[test]
    fn gaps_are_those_between_neighbours_times_the_share() {
        let mut gaps = SendGaps::new(10, 0.5, 1);
        for (due, sent) in [(100, 105), (200, 203), (190, 203)] {
            gaps.sent(times(due, sent));
        }
        let gap = |planned, sent| SendGap { planned, sent };
        assert_eq!(gaps.into_kept(), [gap(50.0, 49.0), gap(5.0, 0.0)]);
    }

    /// Of many gaps no more are kept than there is room for, and each is as likely as any other:
    /// the ages of those kept are even.
    #[test]
    fn each_gap_is_as_likely_to_be_kept() {
        let (most, seen) = (100, 10_000_u64);
        let mut kept_by_tenth = [0_u64; 10];
        for seed in 0..100 {
            let mut gaps = SendGaps::new(most, 1.0, seed);
            let mut sent = 0;
            for number in 0..=seen {
                // The gap says which one it is.
                sent += number;
                gaps.sent(times(number, sent));
            }
            let kept = gaps.into_kept();
            assert_eq!(kept.len(), most);
            for gap in kept {
                kept_by_tenth[(gap.sent as u64 - 1) as usize * 10 / seen as usize] += 1;
            }
        }
        // A thousand in each tenth, give or take five standard deviations.
        let even = |count: &u64| (850..1_150).contains(count);
        assert!(kept_by_tenth.iter().all(even), "{kept_by_tenth:?}");
    }

    #[test]
    fn the_closed_loop_has_no_schedule_to_compare_with() {
        let spec = PlanSpec::against("ws://nowhere/".parse().unwrap());
        let plan = spec.check().unwrap();
        assert!(SendGaps::of_worker(&plan, 0, 1).is_none());
    }
}
