//! When the simulated server has worked on a message: token bucket, queue, service, stalls.
//!
//! It knows times alone; what is served is `server`'s affair.

use wsbench_load::nanos::Nanos;

use crate::scenario::{Bucket, PeriodicStall, Queue, Server as Orders, ServiceCourse, ServiceTime};

/// Uses of the server's time.
#[derive(Debug)]
pub(crate) struct Timing {
    service: ServiceTime,
    course: Option<ServiceCourse>,
    queue: Queue,
    stall: Option<PeriodicStall>,
    bucket: Option<Bucket>,
    accept: Option<Nanos>,
    random: fastrand::Rng,
    /// Until when the messages so far are worked on.
    busy_until: Nanos,
    /// Instant at which the bucket is full again, if nothing more comes.
    full_at: Nanos,
    /// Until when the upgrades so far are worked on.
    accepting_until: Nanos,
}

impl Timing {
    pub(crate) fn new(orders: &Orders, random: fastrand::Rng) -> Self {
        Self {
            service: orders.service,
            course: orders.course,
            queue: orders.queue,
            stall: orders.stall,
            bucket: orders.bucket,
            accept: orders.accept,
            random,
            busy_until: Nanos::ZERO,
            full_at: Nanos::ZERO,
            accepting_until: Nanos::ZERO,
        }
    }

    /// Instant at which the server, called at `now`, runs: then, or at the end of the stall that it
    /// is in.
    pub(crate) fn runs_at(&self, now: Nanos) -> Nanos {
        self.stall.map_or(now, |stall| end_of(stall, now))
    }

    /// Instant at which a message that comes at `now` has been worked on; `None` if it is not let
    /// in.
    pub(crate) fn finishes(&mut self, now: Nanos) -> Option<Nanos> {
        let now = self.passes(now)?;
        let service = self.service();
        let service = match self.course {
            None => service,
            Some(course) => Nanos((service.0 as f64 * times(course, now)) as u64),
        };
        let start = match self.queue {
            Queue::Parallel => now,
            Queue::Fifo => now.max(self.busy_until),
        };
        let end = match self.stall {
            None => start + service,
            Some(stall) => worked_off(stall, start, service),
        };
        if self.queue == Queue::Fifo {
            self.busy_until = end;
        }
        Some(end)
    }

    /// Instant at which an upgrade asked for at `now` is granted, where upgrades take time.
    pub(crate) fn accepts(&mut self, now: Nanos) -> Option<Nanos> {
        let span = self.accept?;
        self.accepting_until = self.accepting_until.max(now) + span;
        Some(self.accepting_until)
    }

    /// Instant at which the bucket lets a message through that comes at `now` (ITU-T I.371, on
    /// times in place of tokens).
    fn passes(&mut self, now: Nanos) -> Option<Nanos> {
        let Some(bucket) = self.bucket else {
            return Some(now);
        };
        let depth = Nanos(bucket.interval.0 * u64::from(bucket.burst.saturating_sub(1)));
        let token_at = self.full_at - depth;
        if bucket.drops && token_at > now {
            return None;
        }
        let passes = token_at.max(now);
        self.full_at = self.full_at.max(passes) + bucket.interval;
        Some(passes)
    }

    fn service(&mut self) -> Nanos {
        match self.service {
            ServiceTime::Constant(span) => span,
            ServiceTime::Exponential(mean) => {
                Nanos((-(1.0 - self.random.f64()).ln() * mean.0 as f64) as u64)
            }
            ServiceTime::Uniform(least, most) => Nanos(self.random.u64(least.0..=most.0)),
            ServiceTime::Mixed {
                usual,
                rare,
                rare_ppm,
            } => {
                if self.random.u32(..1_000_000) < rare_ppm {
                    rare
                } else {
                    usual
                }
            }
        }
    }
}

/// Factor on the usual time of a message that comes at `now`.
fn times(course: ServiceCourse, now: Nanos) -> f64 {
    match course {
        ServiceCourse::Falling { times, within } => {
            1.0 + (times - 1.0) * (-(now.0 as f64) / within.0 as f64).exp()
        }
        ServiceCourse::Alternating { times, period } if now.0 % period.0 < period.0 / 2 => times,
        ServiceCourse::Alternating { .. } => 1.0,
    }
}

/// The end of the stall that `now` falls into, or `now`.
fn end_of(stall: PeriodicStall, now: Nanos) -> Nanos {
    let into = now.0 % stall.period.0;
    if now >= stall.period && into < stall.length.0 {
        now + (stall.length - Nanos(into))
    } else {
        now
    }
}

/// Instant at which work of length `service` that begins at `start` is done, between the stalls.
fn worked_off(stall: PeriodicStall, start: Nanos, service: Nanos) -> Nanos {
    let (mut at, mut left) = (end_of(stall, start), service);
    loop {
        let until_next = stall.period - Nanos(at.0 % stall.period.0);
        if left < until_next {
            return at + left;
        }
        left = left - until_next;
        at = end_of(stall, at + until_next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_its_burst_through_and_then_its_rate() {
        let passes = |drops| {
            let orders = Orders {
                bucket: Some(Bucket {
                    interval: Nanos(100),
                    burst: 3,
                    drops,
                }),
                ..Orders::default()
            };
            let mut timing = Timing::new(&orders, fastrand::Rng::with_seed(1));
            [0, 0, 0, 0, 50, 100, 1_000].map(|at| timing.passes(Nanos(at)).map(|at| at.0))
        };
        let shaped = [0, 0, 0, 100, 200, 300, 1_000].map(Some);
        assert_eq!(passes(false), shaped);
        let policed = [
            Some(0),
            Some(0),
            Some(0),
            None,
            None,
            Some(100),
            Some(1_000),
        ];
        assert_eq!(passes(true), policed);
    }

    #[test]
    fn upgrades_are_granted_one_after_the_other() {
        let orders = Orders {
            accept: Some(Nanos(30)),
            ..Orders::default()
        };
        let mut timing = Timing::new(&orders, fastrand::Rng::with_seed(1));
        let granted = [0, 1, 2, 100].map(|at| timing.accepts(Nanos(at)).map(|at| at.0));
        assert_eq!(granted, [Some(30), Some(60), Some(90), Some(130)]);
    }

    #[test]
    fn work_rests_during_stalls_and_the_first_one_is_spared() {
        let stall = PeriodicStall {
            period: Nanos(1_000),
            length: Nanos(100),
        };
        assert_eq!(worked_off(stall, Nanos(50), Nanos(10)), Nanos(60));
        assert_eq!(worked_off(stall, Nanos(990), Nanos(20)), Nanos(1_110));
        assert_eq!(worked_off(stall, Nanos(1_040), Nanos(5)), Nanos(1_105));
        assert_eq!(
            worked_off(stall, Nanos(1_100), Nanos(1_800)),
            Nanos(3_100),
            "900 before the next stall and 900 behind it, up to the edge of the third"
        );
        assert_eq!(end_of(stall, Nanos(2_099)), Nanos(2_100));
        assert_eq!(end_of(stall, Nanos(2_100)), Nanos(2_100));
    }
}
