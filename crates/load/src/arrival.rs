//! When messages are due in the open loop: a schedule that never looks at the server.
//!
//! Due times are computed from the plan by inversion of the cumulated rate, never from "now", so
//! they neither drift nor wait for anybody. Which connection carries a message is not decided
//! here.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nanos::Nanos;
use crate::seconds;

/// Distribution of the gaps between messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// Independent users: exponentially distributed gaps. A constant schedule flatters a server,
    /// because it never makes two messages meet.
    Poisson,
    /// Evenly spaced, for step-by-step diagnosis.
    Constant,
}

/// A stretch of the schedule over which the rate goes evenly from one value to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stretch {
    /// Its length, s; absent for one that never ends (`Nanos::MAX`).
    #[serde(
        rename = "length_s",
        with = "seconds::endless",
        default = "seconds::endless::never_ends",
        skip_serializing_if = "seconds::endless::is_endless"
    )]
    #[schemars(with = "Option<f64>")]
    pub length: Nanos,
    /// Messages a second at its beginning, over all connections.
    pub from_per_s: f64,
    /// Messages a second at its end.
    pub to_per_s: f64,
}

impl Stretch {
    /// A stretch at one rate.
    #[must_use]
    pub fn level(length: Nanos, rate_per_s: f64) -> Self {
        Self {
            length,
            from_per_s: rate_per_s,
            to_per_s: rate_per_s,
        }
    }

    /// Messages that fall into the stretch, on average.
    #[must_use]
    pub fn messages(&self) -> f64 {
        (self.from_per_s + self.to_per_s) / 2.0 * self.length.as_secs_f64()
    }

    /// Seconds into the stretch at which `count` messages have come due:
    /// the root of `a·t + (b − a)·t²/2T = count`.
    fn time_of(&self, count: f64) -> f64 {
        let (from, to) = (self.from_per_s, self.to_per_s);
        if from == to {
            return count / from;
        }
        let slope = (to - from) / self.length.as_secs_f64();
        // The form of the root that does not cancel: exact for slopes near zero, too.
        let root = (from * from + 2.0 * slope * count).max(0.0).sqrt();
        2.0 * count / (from + root)
    }
}

/// The open loop's schedule: its process, and its rate over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Schedule {
    /// Distribution of the gaps.
    pub process: Process,
    /// The rate over time, from the beginning of the load. At least one stretch; after the last
    /// one nothing is due.
    pub stretches: Vec<Stretch>,
}

impl Schedule {
    /// The schedule at one rate, messages a second, that never ends.
    #[must_use]
    pub fn level(process: Process, per_s: f64) -> Self {
        Self {
            process,
            stretches: vec![Stretch::level(Nanos::MAX, per_s)],
        }
    }

    /// The same with a share of its rate: that of some of those who send.
    #[must_use]
    pub fn of_share(&self, share: f64) -> Self {
        let stretches = self.stretches.iter().map(|it| Stretch {
            from_per_s: it.from_per_s * share,
            to_per_s: it.to_per_s * share,
            ..*it
        });
        Self {
            process: self.process,
            stretches: stretches.collect(),
        }
    }

    /// Messages that the schedule holds between two points of time, on average.
    #[must_use]
    pub fn messages_between(&self, from: Nanos, to: Nanos) -> f64 {
        let mut begins = Nanos::ZERO;
        let mut sum = 0.0;
        for stretch in self
            .stretches
            .iter()
            .filter(|stretch| stretch.length > Nanos::ZERO)
        {
            let ends = begins + stretch.length;
            let until = |point: Nanos| {
                let into = (point.max(begins).min(ends) - begins).as_secs_f64();
                let length = stretch.length.as_secs_f64();
                let growth = (stretch.to_per_s - stretch.from_per_s) * into / length;
                (stretch.from_per_s + growth / 2.0) * into
            };
            sum += until(to) - until(from);
            begins = ends;
        }
        sum
    }
}

/// The place of a worker among those that share a schedule. Connections are dealt to workers in turn, and
/// each message of an even schedule is that of the connection whose turn it is: so the whole stays
/// even, whatever the division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleSeat {
    /// The worker's number, from 0.
    pub worker: u32,
    /// All workers; at most as many as connections.
    pub workers: u32,
    /// Connections of all workers together. At least 1.
    pub connections: u32,
}

impl ScheduleSeat {
    /// The only worker.
    pub const ALONE: Self = Self {
        worker: 0,
        workers: 1,
        connections: 1,
    };

    /// The worker's share of the rate: that of the connections.
    fn share(self) -> f64 {
        let (each, over) = (
            self.connections / self.workers,
            self.connections % self.workers,
        );
        let own = each + u32::from(self.worker < over);
        f64::from(own) / f64::from(self.connections)
    }

    /// Messages of the whole schedule from one of this worker to its next, where the first is that
    /// of connection `at`; and whose the next is.
    fn step(self, at: u32) -> (u32, u32) {
        match at.checked_add(self.workers) {
            Some(next) if next < self.connections => (self.workers, next),
            // The round is over, and begins anew at the first connection.
            _ => (self.connections - at + self.worker, self.worker),
        }
    }
}

/// One worker's share of a schedule: an iterator over due times.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// Shared by copies, which look ahead in mid-run.
    schedule: Arc<Schedule>,
    seat: ScheduleSeat,
    /// This worker's share of the whole rate.
    share: f64,
    /// The connection whose turn it is at the next message of an even schedule.
    turn: u32,
    random: fastrand::Rng,
    /// Cumulated count, of the whole schedule, at which the next message is due.
    next: f64,
    /// Beginning of the present stretch: its index, its time, and the count there.
    index: usize,
    begins: Nanos,
    count_before: f64,
}

impl Arrivals {
    /// The arrivals of the worker on this seat.
    #[must_use]
    pub fn new(schedule: &Schedule, seat: ScheduleSeat, seed: u64) -> Self {
        let mut arrivals = Self {
            schedule: Arc::new(schedule.clone()),
            seat,
            share: seat.share(),
            turn: seat.worker,
            random: fastrand::Rng::with_seed(seed ^ 0x6172_7269_7661_6c73),
            next: 0.0,
            index: 0,
            begins: Nanos::ZERO,
            count_before: 0.0,
        };
        arrivals.next = match schedule.process {
            Process::Poisson => arrivals.gap(),
            Process::Constant => f64::from(seat.worker),
        };
        arrivals
    }

    /// The count from one message of this worker to its next.
    fn gap(&mut self) -> f64 {
        match self.schedule.process {
            // A share of a Poisson process is a Poisson process of that share of the rate.
            Process::Poisson => -(1.0 - self.random.f64()).ln() / self.share,
            Process::Constant => {
                let (step, next) = self.seat.step(self.turn);
                self.turn = next;
                f64::from(step)
            }
        }
    }
}

/// The due times of a whole schedule that this many workers and connections share, in order, and no
/// more of them than `most`.
#[must_use]
pub fn first_due(
    schedule: &Schedule,
    (workers, connections): (u32, u32),
    seed: u64,
    most: usize,
) -> Vec<Nanos> {
    let seats = (0..workers).map(|worker| ScheduleSeat {
        worker,
        workers,
        connections,
    });
    // None of a worker's is among the first so many of all that is not among its own.
    let all = seats.flat_map(|seat| {
        let seed = seed_of(seed, seat.worker);
        Arrivals::new(schedule, seat, seed).take(most)
    });
    let mut all: Vec<Nanos> = all.collect();
    all.sort_unstable();
    all.truncate(most);
    all
}

/// The seed of a worker's part in a run.
#[must_use]
pub fn seed_of(seed: u64, worker: u32) -> u64 {
    seed.wrapping_add(u64::from(worker) << 32)
}

impl Iterator for Arrivals {
    type Item = Nanos;

    /// The next due time, since the beginning of the load; `None` after the schedule's end.
    fn next(&mut self) -> Option<Nanos> {
        loop {
            let stretch = self.schedule.stretches.get(self.index)?;
            let into = self.next - self.count_before;
            if into >= stretch.messages() {
                self.count_before += stretch.messages();
                self.begins += stretch.length;
                self.index += 1;
                continue;
            }
            let due = self.begins + Nanos((stretch.time_of(into) * 1e9) as u64);
            self.next += self.gap();
            return Some(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn level(process: Process, rate: f64, seconds: u64) -> Schedule {
        Schedule {
            process,
            stretches: vec![Stretch::level(Nanos::from_secs(seconds), rate)],
        }
    }

    #[test]
    fn a_constant_schedule_does_not_drift() {
        let schedule = level(Process::Constant, 3.0, 1_000_000);
        let last = Arrivals::new(&schedule, ScheduleSeat::ALONE, 1)
            .nth(2_999_999)
            .unwrap();
        // Message i is due at i/3 s; the last of a million seconds is off by less than 1 ns.
        assert!(last.0.abs_diff(999_999_666_666_666) <= 1, "{last:?}");
    }

    #[test]
    fn shares_of_a_constant_schedule_interleave_to_the_whole() {
        let schedule = level(Process::Constant, 1_000.0, 1);
        for (connections, workers) in [(4, 4), (64, 3), (64, 64), (5, 4), (1, 1), (1_000, 7)] {
            let seats = (0..workers).map(|worker| ScheduleSeat {
                worker,
                workers,
                connections,
            });
            let all = seats.flat_map(|seat| Arrivals::new(&schedule, seat, 1));
            let mut all: Vec<Nanos> = all.collect();
            all.sort_unstable();
            assert_eq!(all.len(), 1_000);
            let gaps = all.windows(2).map(|pair| (pair[1] - pair[0]).0);
            for gap in gaps {
                assert!(
                    gap.abs_diff(1_000_000) <= 1,
                    "{connections}, {workers}: {gap} ns"
                );
            }
        }
    }

    /// Each worker has messages as it has connections, to one in a round.
    #[test]
    fn a_workers_share_is_that_of_its_connections() {
        let schedule = level(Process::Constant, 6_400.0, 1);
        for worker in 0..3 {
            let seat = ScheduleSeat {
                worker,
                workers: 3,
                connections: 64,
            };
            let own = if worker == 0 { 22 } else { 21 };
            assert_eq!(seat.share(), f64::from(own) / 64.0);
            assert_eq!(Arrivals::new(&schedule, seat, 1).count() as u32, own * 100);
        }
    }

    /// METHOD V8: the count is Poisson, the gaps' coefficient of variation is 1, and their
    /// distribution is within Kolmogorov's bound of the exponential one.
    #[test]
    fn a_poisson_schedule_is_poisson() {
        let (rate, seconds) = (1_000.0, 100);
        let schedule = level(Process::Poisson, rate, seconds);
        let due: Vec<Nanos> = Arrivals::new(&schedule, ScheduleSeat::ALONE, 7).collect();
        let expected = rate * seconds as f64;
        let z = (due.len() as f64 - expected) / expected.sqrt();
        assert!(z.abs() < 3.0, "{} messages, z = {z}", due.len());
        let mut gaps: Vec<f64> = due
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_secs_f64() * rate)
            .collect();
        let n = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / n;
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02);
        gaps.sort_unstable_by(f64::total_cmp);
        let distance = gaps
            .iter()
            .enumerate()
            .map(|(i, gap)| (1.0 - (-gap).exp() - i as f64 / n).abs())
            .fold(0.0, f64::max);
        assert!(distance < 1.95 / n.sqrt(), "Kolmogorov distance {distance}");
    }

    #[test]
    fn a_ramp_gathers_speed_as_its_formula_says() {
        let length = Nanos::from_secs(10);
        let ramp = Stretch {
            length,
            from_per_s: 0.0,
            to_per_s: 1_000.0,
        };
        let schedule = Schedule {
            process: Process::Constant,
            stretches: vec![ramp, Stretch::level(Nanos::from_secs(1), 1_000.0)],
        };
        let due: Vec<Nanos> = Arrivals::new(&schedule, ScheduleSeat::ALONE, 1).collect();
        assert_eq!(due.len(), 6_000);
        // After t seconds of the ramp 50·t² messages are due.
        let by = |seconds: u64| {
            due.iter()
                .filter(|d| **d < Nanos::from_secs(seconds))
                .count()
        };
        for (seconds, expected) in [(2, 200), (5, 1_250), (10, 5_000), (11, 6_000)] {
            assert_eq!(by(seconds), expected);
        }
        assert!((schedule.messages_between(Nanos::ZERO, length) - 5_000.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn due_times_rise_and_their_number_is_the_schedules(
            rates in prop::collection::vec((0_u64..20, 0.0_f64..500.0, 0.0_f64..500.0), 1..6),
            seed: u64,
        ) {
            let stretches: Vec<Stretch> = rates
                .into_iter()
                .map(|(seconds, from_per_s, to_per_s)| Stretch {
                    length: Nanos::from_secs(seconds), from_per_s, to_per_s,
                })
                .collect();
            let end: u64 = stretches.iter().map(|s| s.length.0).sum();
            for process in [Process::Constant, Process::Poisson] {
                let schedule = Schedule { process, stretches: stretches.clone() };
                let expected = schedule.messages_between(Nanos::ZERO, Nanos(end));
                let due: Vec<Nanos> = Arrivals::new(&schedule, ScheduleSeat::ALONE, seed).collect();
                prop_assert!(due.is_sorted());
                prop_assert!(due.last().is_none_or(|last| last.0 <= end));
                let off = (due.len() as f64 - expected).abs();
                let most = match process {
                    Process::Constant => 1.0,
                    Process::Poisson => 6.0 * expected.sqrt() + 6.0,
                };
                prop_assert!(off <= most, "{} messages for {expected}", due.len());
            }
        }
    }
}
